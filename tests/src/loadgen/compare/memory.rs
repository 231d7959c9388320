//! Goal 8: what listening, not reading and waiting take of the hub's memory.

use super::Plan;
use super::goal::{Goal, Part, Reach};
use crate::loadgen::error::LoadError;
use crate::loadgen::hub::crowd;
use crate::loadgen::hub::stage::{Cast, Stage};
use crate::loadgen::hub::volume::Volume;
use std::io::Write;

/// Messages that wait for each device that does not read: a mebibyte and more.
const WAITING: usize = 256;

const KIB: f64 = 1024.0;

/// Measures it; `each` is what a stored message takes, when that was measured.
///
/// # Errors
/// Whatever makes a measurement worthless.
pub async fn measure(plan: &Plan, each: Option<f64>, out: &mut impl Write) -> Result<Goal, LoadError> {
    let cast = Cast { senders: 1, subscribers: 0, silent: plan.slow };
    let stage = Stage::set(plan.folder()?, Cast { silent: 1, ..cast }).await?;
    let idle = crowd::idle(&stage, plan.crowd).await?;
    writeln!(out, "{} devices listen: {:.1} KiB each", idle.devices, idle.bytes_each / KIB)?;
    drop(stage);
    let stage = Stage::set(plan.folder()?, cast).await?;
    Volume::default().fill(&stage, plan.slow * WAITING).await?;
    let slow = crowd::slow(&stage).await?;
    writeln!(out, "{} devices do not read: {:.1} KiB each", slow.devices, slow.bytes_each / KIB)?;
    // What is queued comes on top of what every stream takes.
    let queued = (slow.bytes_each - idle.bytes_each).max(0.0) / KIB;
    let most = Reach::AtMost;
    let resident = idle.resident_bytes as f64 / KIB / KIB;
    let mut parts = vec![
        Part::new("KiB for a device that listens", &[idle.bytes_each / KIB], most(64.0)),
        Part::new("MiB with all of them", &[resident], most(700.0)),
        Part::new("KiB queued for a device that does not read", &[queued], most(256.0)),
    ];
    parts.extend(each.map(|each| Part::new("bytes for a stored message", &[each], most(300.0))));
    Ok(Goal::new(8, "memory", parts))
}
