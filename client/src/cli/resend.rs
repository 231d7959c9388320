//! `samverkan resend`: what ended undelivered in a case, sealed anew for those who did not get it.

use clap::Args;
use samverkan_proto::statement::safety::CaseReference;
use serde::Serialize;

use super::context::Context;
use super::inbox::fetch;
use super::output::{Output, Report};
use super::page::{Page, Tone};
use super::reference::parse_reference;
use super::steps::Steps;
use crate::error::{Class, Code, Error, Result};
use crate::msg;
use crate::session::model::{ConsentId, Sent};
use crate::text;

#[derive(Args)]
pub(super) struct Resend {
    #[arg(value_name = "REF", value_parser = parse_reference)]
    reference: CaseReference,
    #[arg(long, value_name = "REF", value_parser = parse_reference)]
    consent: Option<CaseReference>,
}

impl Resend {
    pub(super) async fn run(self, context: &mut Context, output: &mut Output) -> Result<()> {
        let mut session = context.session(output)?;
        // A receipt that waits at the hub may say that it arrived after all.
        session.track(&self.reference)?;
        match fetch(&mut session, false, output).await {
            Err(error) if error.code().class() != Class::Transient => return Err(error),
            Ok(_) | Err(_) => {}
        }
        let consent = self.consent.map(ConsentId);
        let sent = session.resend(&self.reference, consent, &mut Steps::new(output)).await?;
        let report = ResendReport::of(&self.reference, &sent);
        output.result(&report)?;
        if sent.iter().all(|sent| sent.accepted) {
            return Ok(());
        }
        Err(Error::with(Code::WaitsInOutbox, text::Args::none().text("reference", self.reference)))
    }
}

/// What was sent again.
#[derive(Serialize)]
struct ResendReport {
    reference: String,
    messages: Vec<MessageReport>,
}

#[derive(Serialize)]
struct MessageReport {
    message: String,
    /// The hub's receipt is here and verified. Otherwise the message is sealed and waits.
    accepted: bool,
}

impl ResendReport {
    fn of(reference: &CaseReference, sent: &[Sent]) -> Self {
        let message =
            |sent: &Sent| MessageReport { message: sent.message.to_string(), accepted: sent.accepted };
        Self { reference: reference.to_string(), messages: sent.iter().map(message).collect() }
    }
}

impl Report for ResendReport {
    const KIND: &'static str = "resent";

    fn lines(&self, page: &mut Page<'_>) {
        let args = text::Args::none().text("reference", &self.reference);
        if self.messages.iter().all(|message| message.accepted) {
            page.say_in(Tone::Good, msg!("resend-accepted"), &args);
            page.say(msg!("send-track"), &args);
        } else {
            page.say_in(Tone::Warning, msg!("resend-waits"), &args);
        }
    }
}
