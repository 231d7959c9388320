//! `samverkan forward`: a referral passed on to somebody else, within the consent or on another ground.

use clap::Args;
use samverkan_proto::code::LegalBasis;
use samverkan_proto::ids::MailboxAddress;
use samverkan_proto::statement::safety::CaseReference;
use serde::Serialize;

use super::context::Context;
use super::names;
use super::output::{Output, Report};
use super::page::{Page, Tone};
use super::reference::{parse_mailbox, parse_reference};
use super::steps::Steps;
use crate::error::{Code, Error, Result};
use crate::msg;
use crate::text;

#[derive(Args)]
pub(super) struct Forward {
    #[arg(value_name = "REF", value_parser = parse_reference)]
    reference: CaseReference,
    #[arg(long, value_name = "MAILBOX", value_parser = parse_mailbox)]
    to: MailboxAddress,
    #[arg(long, value_name = "BASIS", ignore_case = true, value_parser = names::parser::<LegalBasis>())]
    basis: Option<LegalBasis>,
}

impl Forward {
    pub(super) async fn run(self, context: &mut Context, output: &mut Output) -> Result<()> {
        let mut session = context.session(output)?;
        session.check_handler()?;
        let forwarded =
            session.forward(&self.reference, &self.to, self.basis, &mut Steps::new(output)).await?;
        let report = ForwardReport {
            reference: self.reference.to_string(),
            to: self.to.to_string(),
            forwarded_as: forwarded.sent.reference.to_string(),
            message: forwarded.sent.message.to_string(),
            accepted: forwarded.sent.accepted,
            sender_told: forwarded.sent.accepted && forwarded.is_told,
        };
        output.result(&report)?;
        if report.accepted {
            return Ok(());
        }
        Err(Error::with(Code::WaitsInOutbox, text::Args::none().text("reference", &report.forwarded_as)))
    }
}

/// What became of it.
#[derive(Serialize)]
struct ForwardReport {
    reference: String,
    to: String,
    /// The case with the next recipient.
    forwarded_as: String,
    message: String,
    accepted: bool,
    /// The sender is told where it went, or the word of it is on its way.
    sender_told: bool,
}

impl Report for ForwardReport {
    const KIND: &'static str = "forwarded";

    fn lines(&self, page: &mut Page<'_>) {
        let args = text::Args::none()
            .text("reference", &self.forwarded_as)
            .text("before", &self.reference)
            .text("recipient", &self.to);
        if self.accepted {
            page.say_in(Tone::Good, msg!("forward-sent"), &args);
            page.say(msg!("send-track"), &args);
        } else {
            page.say_in(Tone::Warning, msg!("send-waits"), &args);
        }
        if !self.sender_told {
            page.say(msg!("forward-not-told"), &args);
        }
    }
}
