//! Goal 12: sealing a message, against HPKE alone.

use super::Plan;
use super::goal::{Goal, Part, Reach};
use crate::loadgen::error::LoadError;
use crate::loadgen::quiet::undisturbed;
use crate::loadgen::report::Report;
use crate::loadgen::sealing::Sealing;
use std::io::Write;

/// Measures it on one core, in the plan's rounds.
///
/// # Errors
/// Whatever makes a measurement worthless.
pub async fn measure(plan: &Plan, out: &mut impl Write) -> Result<Goal, LoadError> {
    let sealing = Sealing::new();
    let n = plan.messages / 10 + 1;
    let mut ratios = Vec::new();
    for _ in 0..plan.rounds {
        let sealed = undisturbed(plan.repeats, async || sealing.sealed(n)).await?;
        let raw = undisturbed(plan.repeats, async || sealing.raw(n)).await?;
        Report::new(&mut *out, "sealing a message").round(&sealed)?;
        Report::new(&mut *out, "HPKE alone").round(&raw)?;
        ratios.push(sealed.rate() / raw.rate());
    }
    let part = Part::new("× HPKE alone, one recipient", &ratios, Reach::AtLeast(0.8));
    Ok(Goal::new(12, "sealing", vec![part]))
}
