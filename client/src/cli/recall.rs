//! `samverkan recall`: what was sent in a case is taken back. What nobody has fetched is destroyed; whoever has it is told to stop.

use clap::Args;
use samverkan_proto::statement::safety::CaseReference;
use serde::Serialize;

use super::change::confirm_words;
use super::console::Question;
use super::context::Context;
use super::output::{Output, Report};
use super::page::{Page, Tone};
use super::reference::parse_reference;
use super::steps::Steps;
use super::stopped::RecipientReport;
use crate::error::{Code, Error, Result};
use crate::msg;
use crate::session::model::Recalled;
use crate::text;

const RECALL: Question = Question { text: msg!("ask-recall"), option: "--yes" };

#[derive(Args)]
pub(super) struct Recall {
    #[arg(value_name = "REF", value_parser = parse_reference)]
    reference: CaseReference,
    #[arg(long)]
    yes: bool,
}

impl Recall {
    pub(super) async fn run(self, context: &mut Context, output: &mut Output) -> Result<()> {
        let mut session = context.session(output)?;
        // An unknown reference is told before anybody is asked.
        session.track(&self.reference)?;
        let answers = [msg!("answer-recall-no"), msg!("answer-recall")];
        confirm_words(RECALL, answers, self.yes, &mut context.console, output, Code::StopNotConfirmed)?;
        let recalled = session.recall(&self.reference, &mut Steps::new(output)).await?;
        output.result(&RecallReport::of(&self.reference, &recalled))?;
        if recalled.taken {
            return Ok(());
        }
        Err(Error::with(Code::StopWaits, text::Args::none().text("reference", self.reference)))
    }
}

/// What was taken back.
#[derive(Serialize)]
struct RecallReport {
    reference: String,
    /// The hub knows of it. Otherwise it waits here.
    taken: bool,
    recipients: Vec<RecipientReport>,
    /// Messages that the hub never had, which are deleted.
    deleted: usize,
}

impl RecallReport {
    fn of(reference: &CaseReference, recalled: &Recalled) -> Self {
        Self {
            reference: reference.to_string(),
            taken: recalled.taken,
            recipients: recalled.steps.iter().map(RecipientReport::of).collect(),
            deleted: recalled.deleted,
        }
    }
}

impl Report for RecallReport {
    const KIND: &'static str = "recalled";

    fn lines(&self, page: &mut Page<'_>) {
        let args = text::Args::none().text("reference", &self.reference);
        let said = if self.taken { msg!("recall-taken") } else { msg!("recall-waits") };
        page.say_in(if self.taken { Tone::Good } else { Tone::Warning }, said, &args);
        if self.deleted > 0 {
            page.say(msg!("discard-deleted"), &text::Args::none().number("count", self.deleted as u64));
        }
        self.recipients.iter().for_each(|recipient| recipient.lines(page));
        page.say(msg!("recall-next"), &args);
    }
}
