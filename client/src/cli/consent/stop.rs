//! The end of a consent: withdrawing it, what became of what was sent under it, and what a recipient says to that.

use clap::Args;
use samverkan_proto::code::WithdrawalReason;
use samverkan_proto::statement::safety::CaseReference;
use serde::Serialize;

use super::ConsentReport;
use crate::cli::change::confirm_words;
use crate::cli::console::Question;
use crate::cli::context::Context;
use crate::cli::names::{self, answer_words};
use crate::cli::output::{Output, Report};
use crate::cli::page::{Page, Tone};
use crate::cli::reference::parse_reference;
use crate::cli::steps::Steps;
use crate::cli::stopped::{Completion, RecipientReport};
use crate::error::{Code, Error, Result};
use crate::msg;
use crate::session::model::{ConsentId, ConsentStatus, RetentionGround, StopAnswer};
use crate::text;

const WITHDRAW: Question = Question { text: msg!("ask-withdraw"), option: "--yes" };
const COMPLY: Question = Question { text: msg!("ask-comply"), option: "--yes" };

#[derive(Args)]
pub(super) struct Withdraw {
    #[arg(value_name = "REF", value_parser = parse_reference)]
    consent: CaseReference,
    #[arg(long, value_name = "REASON", ignore_case = true, value_parser = names::parser::<WithdrawalReason>())]
    reason: Option<WithdrawalReason>,
    #[arg(long)]
    yes: bool,
}

impl Withdraw {
    pub(super) async fn run(self, context: &mut Context, output: &mut Output) -> Result<()> {
        let mut session = context.session(output)?;
        let consent = ConsentId(self.consent);
        session.consent_status(consent)?;
        let answers = [msg!("answer-withdraw-no"), msg!("answer-withdraw")];
        confirm_words(WITHDRAW, answers, self.yes, &mut context.console, output, Code::StopNotConfirmed)?;
        let reason = self.reason.unwrap_or(WithdrawalReason::PersonWithdrew);
        let status = session.withdraw_consent(consent, reason, &mut Steps::new(output)).await?;
        output.result(&StatusReport::of(&status))?;
        match status.withdrawn {
            Some((all, settled)) if settled < all => Err(waits(&self.consent)),
            _ => Ok(()),
        }
    }
}

#[derive(Args)]
pub(super) struct Comply {
    #[arg(value_name = "REF", value_parser = parse_reference)]
    reference: CaseReference,
    #[arg(long)]
    yes: bool,
}

impl Comply {
    pub(super) async fn run(self, context: &mut Context, output: &mut Output) -> Result<()> {
        let answers = [msg!("answer-comply-no"), msg!("answer-comply")];
        confirm_words(COMPLY, answers, self.yes, &mut context.console, output, Code::StopNotConfirmed)?;
        answer(self.reference, StopAnswer::Complied, context, output).await
    }
}

#[derive(Args)]
pub(super) struct Retain {
    #[arg(value_name = "REF", value_parser = parse_reference)]
    reference: CaseReference,
    #[arg(long, value_name = "GROUND", required = true, ignore_case = true, value_parser = names::parser::<RetentionGround>())]
    ground: RetentionGround,
}

impl Retain {
    pub(super) async fn run(self, context: &mut Context, output: &mut Output) -> Result<()> {
        answer(self.reference, StopAnswer::Retained(self.ground), context, output).await
    }
}

async fn answer(
    reference: CaseReference,
    answer: StopAnswer,
    context: &mut Context,
    output: &mut Output,
) -> Result<()> {
    let mut session = context.session(output)?;
    let sent = session.answer_withdrawal(&reference, answer, &mut Steps::new(output)).await?;
    output.result(&AnswerReport {
        reference: reference.to_string(),
        answer: answer.name(),
        ground: answer.ground().map(|ground| ground.name()),
        sent,
        said: answer,
    })?;
    if sent { Ok(()) } else { Err(waits(&reference)) }
}

fn waits(reference: &CaseReference) -> Error {
    Error::with(Code::StopWaits, text::Args::none().text("reference", reference))
}

/// What was said to a withdrawn consent.
#[derive(Serialize)]
struct AnswerReport {
    reference: String,
    answer: &'static str,
    ground: Option<&'static str>,
    /// The answer is with the hub. Otherwise it is sealed and waits.
    sent: bool,
    #[serde(skip)]
    said: StopAnswer,
}

impl Report for AnswerReport {
    const KIND: &'static str = "stop_answer";

    fn lines(&self, page: &mut Page<'_>) {
        let words = page.text().get(answer_words(self.said), &text::Args::none());
        let args = text::Args::none().text("reference", &self.reference).text("answer", words);
        page.say_in(Tone::Good, msg!("stop-said"), &args);
    }
}

/// A consent, and what became of what was sent under it.
#[derive(Serialize)]
pub(super) struct StatusReport {
    #[serde(flatten)]
    consent: ConsentReport,
    /// Whether it was withdrawn.
    withdrawn: bool,
    /// Whether the hub knows of all of that; meaningless while the consent stands.
    taken: bool,
    recipients: Vec<RecipientReport>,
    completion: Completion,
}

impl StatusReport {
    pub(super) fn of(status: &ConsentStatus) -> Self {
        let (all, settled) = status.withdrawn.unwrap_or_default();
        Self {
            consent: ConsentReport::of(&status.consent),
            withdrawn: status.withdrawn.is_some(),
            taken: settled == all,
            recipients: status.steps.iter().map(RecipientReport::of).collect(),
            completion: Completion::of(&status.steps),
        }
    }
}

impl Report for StatusReport {
    const KIND: &'static str = "consent_status";

    fn lines(&self, page: &mut Page<'_>) {
        if !self.withdrawn {
            return self.consent.lines(page);
        }
        let args = text::Args::none().text("consent", &self.consent.consent);
        match self.taken {
            true => page.say_in(Tone::Good, msg!("consent-withdrawn"), &args),
            false => page.say_in(Tone::Warning, msg!("consent-withdrawal-waits"), &args),
        };
        self.recipients.iter().for_each(|recipient| recipient.lines(page));
        self.completion.lines(page);
    }
}
