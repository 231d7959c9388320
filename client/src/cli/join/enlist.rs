//! Joining an organisation that is there, with the invitation of one of its admins.

use samverkan_proto::ids::Handle;
use samverkan_proto::statement::member::MemberInvite;
use serde::Serialize;

use crate::cli::context::Context;
use crate::cli::key::role_names;
use crate::cli::moment::Moment;
use crate::cli::output::{Output, Report};
use crate::cli::page::{Page, Tone};
use crate::error::{Code, Error, Result};
use crate::keystore::Keystore;
use crate::msg;
use crate::session::enlist::{self, Enlisted, Enrolled, Waiting};
use crate::text::Args;

/// One try, the first or a later one.
pub(super) struct Enlisting {
    /// The invitation; a later try goes on without it.
    pub(super) invite: Option<MemberInvite>,
    /// The organisation that the person expects.
    pub(super) handle: Option<Handle>,
}

impl Enlisting {
    pub(super) async fn run(self, context: &mut Context, output: &mut Output) -> Result<()> {
        let missing = || Error::with(Code::ArgumentMissing, Args::none().text("option", "INVITE"));
        let name = context.profile_name()?;
        let profile = match &self.invite {
            Some(_) => context.home()?.open_or_create(&name)?,
            None => context.home()?.open(&name).map_err(|_| missing())?,
        };
        let passphrase = match (Keystore::exists(&profile), &self.invite) {
            (true, _) => context.passphrase().read(output.text())?,
            (false, Some(_)) => context.new_passphrase(output)?,
            (false, None) => return Err(missing()),
        };
        let clock = &context.clock;
        let step =
            enlist::enlist(&profile, &passphrase, self.invite.as_ref(), self.handle.as_ref(), clock).await?;
        match step {
            Enlisted::Waiting(waiting) => output.result(&Asked::of(&waiting)),
            Enlisted::Member(enrolled) => output.result(&Welcome::of(&enrolled)),
        }
    }
}

/// The request waits for an admin.
#[derive(Serialize)]
struct Asked {
    organisation: String,
    handle: String,
    hub: String,
    /// The number of this device, as the admin sees it.
    device: String,
    waits_until: Moment,
}

impl Asked {
    fn of(waiting: &Waiting) -> Self {
        Self {
            organisation: waiting.organisation.clone(),
            handle: waiting.handle.to_string(),
            hub: waiting.hub.clone(),
            device: waiting.device.to_string(),
            waits_until: Moment(waiting.expires_ms),
        }
    }
}

impl Report for Asked {
    const KIND: &'static str = "membership_waits";

    fn lines(&self, page: &mut Page<'_>) {
        let about = Args::none()
            .text("organisation", &self.organisation)
            .text("handle", &self.handle)
            .text("until", self.waits_until.local(page.text()));
        page.say(msg!("join-waits"), &about);
        page.blank().field(msg!("label-device"), &self.device);
        page.blank().say(msg!("join-waits-next"), &Args::none());
    }
}

/// This device is a member.
#[derive(Serialize)]
struct Welcome {
    organisation: String,
    handle: String,
    /// To be compared with a colleague's; absent when the hub could not be asked for the log yet.
    safety_number: Option<String>,
    device: String,
    roles: Vec<&'static str>,
    mailboxes: Vec<String>,
    hub: String,
    test_hub: bool,
}

impl Welcome {
    fn of(enrolled: &Enrolled) -> Self {
        Self {
            organisation: enrolled.organisation.clone(),
            handle: enrolled.handle.to_string(),
            safety_number: enrolled.safety_number.map(|number| number.to_string()),
            device: enrolled.device.to_string(),
            roles: enrolled.roles.map(role_names).unwrap_or_default(),
            mailboxes: enrolled.mailboxes.iter().map(|name| format!("{}/{name}", enrolled.handle)).collect(),
            hub: enrolled.hub.clone(),
            test_hub: enrolled.test_hub,
        }
    }
}

impl Report for Welcome {
    const KIND: &'static str = "joined_as_member";

    fn lines(&self, page: &mut Page<'_>) {
        let none = Args::none();
        let about = Args::none().text("handle", &self.handle).text("hub", &self.hub);
        page.say_in(Tone::Good, msg!("join-member-done"), &about);
        if self.test_hub {
            page.say_in(Tone::Warning, msg!("test-hub"), &none);
        }
        page.blank().field(msg!("label-device"), &self.device);
        page.field(msg!("label-roles"), &self.roles.join(", "));
        page.field(msg!("label-mailboxes"), &self.mailboxes.join(", "));
        if let Some(number) = &self.safety_number {
            page.field(msg!("label-safety-number"), number);
            page.blank().say(msg!("join-member-next"), &none);
        }
    }
}
