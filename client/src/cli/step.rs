//! What every command that takes a step in a case does: look whether it is possible, seal it, say what the case has come to.

use samverkan_proto::statement::safety::CaseReference;
use serde::Serialize;

use super::console::{Console, Question};
use super::context::Context;
use super::output::{Output, Report};
use super::page::{Page, Tone};
use super::referral::{ReferralReport, reason_words};
use super::steps::Steps;
use crate::error::{Code, Error, Result};
use crate::msg;
use crate::referral::{Act, Reason};
use crate::session::Session;
use crate::session::model::{Reply, Sent};
use crate::text::{Args, Text};

const REASON: Question = Question { text: msg!("ask-reason"), option: "--reason" };

/// Opens the session for a step that is possible now: a wrong reference, or a step that the rules do not allow, is told before anything is
/// asked.
///
/// # Errors
/// As [`Session::check_step`].
pub(super) fn session_for(
    context: &mut Context,
    output: &mut Output,
    reference: &CaseReference,
    act: &Act,
) -> Result<Session> {
    let session = context.session(output)?;
    session.check_step(reference, act)?;
    Ok(session)
}

/// Takes the step and tells what came of it.
///
/// # Errors
/// As [`Session::take_step`]; [`Code::WaitsInOutbox`] when the hub can not be reached.
pub(super) async fn take(
    session: &mut Session,
    reference: &CaseReference,
    act: Act,
    said: &Reply,
    output: &mut Output,
) -> Result<()> {
    let sent = session.take_step(reference, act, said, &mut Steps::new(output)).await?;
    let referrals = session.referrals(reference)?.iter().map(ReferralReport::of).collect();
    let taken = Taken {
        reference: reference.to_string(),
        step: act.name(),
        messages: sent.iter().map(|sent| sent.message.to_string()).collect(),
        accepted: sent.iter().all(|sent: &Sent| sent.accepted),
        referrals,
    };
    output.result(&taken)?;
    if taken.accepted {
        return Ok(());
    }
    Err(Error::with(Code::WaitsInOutbox, Args::none().text("reference", &taken.reference)))
}

/// The reason that was given, or that the person picks.
///
/// # Errors
/// As [`Console::choice`].
pub(super) fn reason(given: Option<Reason>, console: &mut Console, output: &mut Output) -> Result<Reason> {
    if let Some(reason) = given {
        return Ok(reason);
    }
    let words = |text: &Text, reason: &Reason| text.get(reason_words(*reason), &Args::none());
    let lines: Vec<String> = Reason::ALL.iter().map(|reason| words(output.text(), reason)).collect();
    let picked = console.choice(output, REASON, &lines, 0)?;
    Ok(Reason::ALL.get(picked).copied().unwrap_or(Reason::Other))
}

/// A step that was taken.
#[derive(Serialize)]
struct Taken {
    reference: String,
    step: &'static str,
    messages: Vec<String>,
    /// The hub's receipts are here and verified. Otherwise what was said is sealed and waits.
    accepted: bool,
    referrals: Vec<ReferralReport>,
}

impl Report for Taken {
    const KIND: &'static str = "step_taken";

    fn lines(&self, page: &mut Page<'_>) {
        let args = Args::none().text("reference", &self.reference);
        if self.accepted {
            page.say_in(Tone::Good, msg!("step-taken"), &args);
        } else {
            page.say_in(Tone::Warning, msg!("send-waits"), &args);
        }
        self.referrals.iter().for_each(|referral| referral.line(page));
    }
}
