//! `samverkan accept`, `decline` and `waitlist`: what a recipient decides about a referral.

use clap::Args;
use jiff::civil::Date;
use samverkan_proto::ids::MailboxAddress;
use samverkan_proto::statement::safety::CaseReference;

use super::context::Context;
use super::letter::Letter;
use super::moment::parse_day;
use super::names;
use super::output::Output;
use super::reference::{parse_mailbox, parse_reference};
use super::step::{reason, session_for, take};
use crate::error::Result;
use crate::referral::{Act, Reason};

#[derive(Args)]
pub(super) struct Accept {
    #[arg(value_name = "REF", value_parser = parse_reference)]
    reference: CaseReference,
    #[arg(long, value_name = "DAY", value_parser = parse_day)]
    contact_by: Option<Date>,
    #[command(flatten)]
    letter: Letter,
}

#[derive(Args)]
pub(super) struct Decline {
    #[arg(value_name = "REF", value_parser = parse_reference)]
    reference: CaseReference,
    #[arg(long, value_name = "CODE", ignore_case = true, value_parser = names::parser::<Reason>())]
    reason: Option<Reason>,
    #[arg(long, value_name = "MAILBOX", value_parser = parse_mailbox)]
    suggest: Option<MailboxAddress>,
    #[command(flatten)]
    letter: Letter,
}

#[derive(Args)]
pub(super) struct Waitlist {
    #[arg(value_name = "REF", value_parser = parse_reference)]
    reference: CaseReference,
    #[command(flatten)]
    letter: Letter,
}

impl Accept {
    pub(super) async fn run(self, context: &mut Context, output: &mut Output) -> Result<()> {
        let act = Act::Accept { contact_by: self.contact_by };
        let said = self.letter.gather(&mut context.console, output)?.finish();
        let mut session = session_for(context, output, &self.reference, &act)?;
        take(&mut session, &self.reference, act, &said, output).await
    }
}

impl Decline {
    pub(super) async fn run(self, context: &mut Context, output: &mut Output) -> Result<()> {
        let said = self.letter.gather(&mut context.console, output)?.finish();
        // Whether it can be declined at all does not depend on why.
        let any = Act::Decline { reason: Reason::Other, suggest: None };
        let mut session = session_for(context, output, &self.reference, &any)?;
        let suggest = self.suggest.map(|address| session.mailbox(&address)).transpose()?;
        let reason = reason(self.reason, &mut context.console, output)?;
        take(&mut session, &self.reference, Act::Decline { reason, suggest }, &said, output).await
    }
}

impl Waitlist {
    pub(super) async fn run(self, context: &mut Context, output: &mut Output) -> Result<()> {
        let said = self.letter.gather(&mut context.console, output)?.finish();
        let mut session = session_for(context, output, &self.reference, &Act::Waitlist)?;
        take(&mut session, &self.reference, Act::Waitlist, &said, output).await
    }
}
