//! `samverkan review`, `start`, `close` and `reopen`: the course of a referral before and after the decision.

use clap::Args;
use samverkan_proto::statement::safety::CaseReference;

use super::context::Context;
use super::letter::Letter;
use super::names::{self, Named};
use super::output::Output;
use super::reference::parse_reference;
use super::step::{reason, session_for, take};
use crate::error::{Code, Error, Result};
use crate::referral::{Act, Reason};
use crate::text;

/// What a case ends with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Done.
    Completed,
    /// Ended without help.
    Failed,
    /// It should never have been sent; only its sender says so.
    EnteredInError,
}

impl Named for Outcome {
    const ALL: &'static [Self] = &[Self::Completed, Self::Failed, Self::EnteredInError];

    fn name(self) -> &'static str {
        match self {
            Self::Completed => "COMPLETED",
            Self::Failed => "FAILED",
            Self::EnteredInError => "ENTERED_IN_ERROR",
        }
    }
}

#[derive(Args)]
pub(super) struct Course {
    #[arg(value_name = "REF", value_parser = parse_reference)]
    reference: CaseReference,
    #[command(flatten)]
    letter: Letter,
}

#[derive(Args)]
pub(super) struct Close {
    #[arg(value_name = "REF", value_parser = parse_reference)]
    reference: CaseReference,
    #[arg(long, value_name = "OUTCOME", ignore_case = true, value_parser = names::parser::<Outcome>())]
    outcome: Outcome,
    #[arg(long, value_name = "CODE", ignore_case = true, value_parser = names::parser::<Reason>())]
    reason: Option<Reason>,
    #[command(flatten)]
    letter: Letter,
}

impl Course {
    /// Takes a step that has no details.
    pub(super) async fn run(self, act: Act, context: &mut Context, output: &mut Output) -> Result<()> {
        let said = self.letter.gather(&mut context.console, output)?.finish();
        let mut session = session_for(context, output, &self.reference, &act)?;
        take(&mut session, &self.reference, act, &said, output).await
    }
}

impl Close {
    pub(super) async fn run(self, context: &mut Context, output: &mut Output) -> Result<()> {
        if self.reason.is_some() && self.outcome != Outcome::Failed {
            let args = text::Args::none().text("option", "--reason").text("other", self.outcome.name());
            return Err(Error::with(Code::ArgumentConflict, args));
        }
        let said = self.letter.gather(&mut context.console, output)?.finish();
        let act = match self.outcome {
            Outcome::Completed => Act::Complete,
            Outcome::Failed => Act::Fail { reason: self.reason.unwrap_or(Reason::Other) },
            Outcome::EnteredInError => Act::Mistake,
        };
        let mut session = session_for(context, output, &self.reference, &act)?;
        let act = match act {
            Act::Fail { .. } => Act::Fail { reason: reason(self.reason, &mut context.console, output)? },
            other => other,
        };
        take(&mut session, &self.reference, act, &said, output).await
    }
}
