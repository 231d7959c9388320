//! `samverkan recover`: an organisation begins anew on an empty computer, with its recovery kit alone.

use std::path::PathBuf;

use clap::Args;
use samverkan_proto::ids::Handle;
use serde::Serialize;

use super::console::{Console, Question};
use super::context::Context;
use super::output::{Output, Report};
use super::page::{Page, Tone};
use crate::error::{Code, Error, Result};
use crate::keystore::Keystore;
use crate::msg;
use crate::recovery::RecoveryKit;
use crate::session::HubFacts;
use crate::session::recover::{self, Recovered, Recovering};
use crate::text;

const SURE: Question = Question { text: msg!("ask-recover"), option: "--handle" };

#[derive(Args)]
pub(super) struct Recover {
    #[arg(value_name = "KIT")]
    kit: PathBuf,
    #[arg(long, value_name = "HANDLE", value_parser = parse_handle)]
    handle: Option<Handle>,
}

fn parse_handle(handle: &str) -> Result<Handle> {
    handle.parse().map_err(|_| SURE.invalid())
}

impl Recover {
    pub(super) async fn run(self, context: &mut Context, output: &mut Output) -> Result<()> {
        if context.profile().is_ok_and(|profile| HubFacts::read(&profile).is_ok()) {
            return Err(Error::new(Code::AlreadyJoined));
        }
        let kit = RecoveryKit::read(&self.kit)?;
        let named = self.handle;
        let other = |named: &Handle| named != kit.handle();
        if named.as_ref().is_some_and(other) {
            return Err(Error::with(Code::KitForOther, text::Args::none().text("handle", kit.handle())));
        }
        if named.is_none() && !context.console.has_person() {
            return Err(SURE.unanswered());
        }
        let profile = context.home()?.open_or_create(&context.profile_name()?)?;
        let passphrase = if Keystore::exists(&profile) {
            context.passphrase().read(output.text())?
        } else {
            context.new_passphrase(output)?
        };
        output.notice(msg!("join-making-keys"), &text::Args::none());
        let console = &mut context.console;
        let mut confirm = |what: &Recovering| confirm(what, named.is_some(), console, output);
        let done = recover::recover(&profile, &passphrase, &kit, &context.clock, &mut confirm).await?;
        output.result(&Outcome::of(&done))
    }
}

/// Whether every device of the organisation is to be revoked. Whoever named it has said so.
fn confirm(what: &Recovering, was_named: bool, console: &mut Console, output: &mut Output) -> Result<()> {
    let about = text::Args::none()
        .text("organisation", &what.organisation)
        .text("handle", &what.handle)
        .text("hub", &what.hub)
        .number("devices", what.devices as u64);
    output.notice(msg!("recover-about"), &about);
    if was_named {
        return Ok(());
    }
    let answers = [msg!("answer-not-recover"), msg!("answer-recover")];
    let answers = answers.map(|id| output.text().get(id, &text::Args::none()));
    match console.choice(output, SURE, &answers, 0)? {
        1 => Ok(()),
        _ => Err(Error::new(Code::Interrupted)),
    }
}

/// What came of it.
#[derive(Serialize)]
struct Outcome {
    organisation: String,
    handle: String,
    mailboxes: Vec<String>,
    safety_number: String,
    hub: String,
    test_hub: bool,
    revoked_devices: usize,
}

impl Outcome {
    fn of(done: &Recovered) -> Self {
        Self {
            organisation: done.what.organisation.clone(),
            handle: done.what.handle.to_string(),
            mailboxes: done.mailboxes.clone(),
            safety_number: done.safety_number.to_string(),
            hub: done.what.hub.clone(),
            test_hub: done.test_hub,
            revoked_devices: done.what.devices,
        }
    }
}

impl Report for Outcome {
    const KIND: &'static str = "recovered";

    fn lines(&self, page: &mut Page<'_>) {
        let about = text::Args::none()
            .text("organisation", &self.organisation)
            .text("hub", &self.hub)
            .number("devices", self.revoked_devices as u64);
        page.say_in(Tone::Good, msg!("recover-done"), &about);
        if self.test_hub {
            page.say_in(Tone::Warning, msg!("test-hub"), &text::Args::none());
        }
        page.blank().field(msg!("label-mailboxes"), &self.mailboxes.join(", "));
        page.field(msg!("label-safety-number"), &self.safety_number).blank();
        page.say(msg!("recover-next"), &text::Args::none());
    }
}
