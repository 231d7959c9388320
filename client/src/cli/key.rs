//! `samverkan key`: this device's keys and how long they last. No secret is ever shown.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use samverkan_proto::code::Roles;
use samverkan_proto::statement::safety::SafetyNumber;
use serde::Serialize;

use super::compromise::ReportCompromise;
use super::context::Context;
use super::moment::Moment;
use super::output::{Output, Report};
use super::page::{Page, Tone};
use crate::error::{Code, Error, Result};
use crate::keeper;
use crate::keystore::{KdfCost, Keystore};
use crate::msg;
use crate::passphrase::PassphraseSource;
use crate::session::{LOCK_WAIT, Session};
use crate::text;

#[derive(Args)]
pub(super) struct Key {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    Show(Show),
    Passphrase(Passphrase),
    ReportCompromise(ReportCompromise),
}

#[derive(Args)]
struct Show {}

#[derive(Args)]
struct Passphrase {
    #[arg(long, value_name = "PATH")]
    new_passphrase_file: Option<PathBuf>,
}

impl Key {
    pub(super) async fn run(self, context: &mut Context, output: &mut Output) -> Result<()> {
        match self.action {
            Action::Show(Show {}) => {
                let session = context.session(output)?;
                output.result(&Device::of(&session)?)
            }
            Action::Passphrase(change) => change.run(context, output),
            Action::ReportCompromise(report) => report.run(context, output).await,
        }
    }
}

impl Passphrase {
    /// Changes it. The old one is asked for even when the profile is unlocked: whoever sits down at an unlocked computer must not be able
    /// to lock its owner out.
    fn run(self, context: &Context, output: &mut Output) -> Result<()> {
        let profile = context.profile()?;
        if !Keystore::exists(&profile) {
            return Err(Error::new(Code::KeystoreMissing));
        }
        let old = context.unlocking_key(&profile, output)?;
        let new = match self.new_passphrase_file {
            Some(path) => PassphraseSource::File(path).read_new(output.text())?,
            None => context.chosen_passphrase(&PassphraseSource::Terminal, output)?,
        };
        let held = profile.lock(LOCK_WAIT, || ())?;
        let mut keystore = Keystore::open_with(&profile, &old)?;
        // Before the change: what fails here has changed nothing.
        let was_unlocked = keeper::forget(&profile)?;
        keystore.change_passphrase(&held, &new, KdfCost::STANDARD)?;
        drop(held);
        output.result(&Changed { profile: profile.name().to_string(), was_unlocked })
    }
}

/// The passphrase is another one.
#[derive(Serialize)]
struct Changed {
    profile: String,
    /// A key of the old passphrase was kept, and is not any more.
    was_unlocked: bool,
}

impl Report for Changed {
    const KIND: &'static str = "passphrase_changed";

    fn lines(&self, page: &mut Page<'_>) {
        let args = text::Args::none().text("profile", &self.profile);
        page.say_in(Tone::Good, msg!("passphrase-changed"), &args);
        if self.was_unlocked {
            page.say(msg!("lock-done"), &args);
        }
    }
}

/// This device.
#[derive(Serialize)]
struct Device {
    organisation: String,
    device: String,
    roles: Vec<&'static str>,
    added_at: Moment,
    expires_at: Moment,
    certificate_expires_at: Moment,
    /// When this device asks for the next one.
    certificate_renews_at: Moment,
    /// Until when others can seal to this device if it does not connect again; absent before the first keys.
    keys_until: Option<Moment>,
    /// When the oldest key that this device holds is destroyed; absent before the first keys.
    oldest_key_destroyed_at: Option<Moment>,
    safety_number: String,
}

impl Device {
    fn of(session: &Session) -> Result<Self> {
        let revoked = || Error::new(Code::DeviceRevoked);
        let (manifest, device) = (session.own_manifest(), session.own_device().ok_or_else(revoked)?);
        let root = manifest.map(|manifest| manifest.fields().root_pk).ok_or_else(revoked)?;
        let keys = session.key_facts();
        let certificate = session.membership().certificate_facts()?;
        Ok(Self {
            organisation: session.membership().handle.to_string(),
            device: device.id().to_string(),
            roles: role_names(device.roles),
            added_at: Moment(device.added_ms),
            expires_at: Moment(device.expires_ms),
            certificate_expires_at: Moment(certificate.not_after_ms),
            certificate_renews_at: Moment(certificate.renew_at_ms()),
            keys_until: keys.published_until_ms.map(Moment),
            oldest_key_destroyed_at: keys.next_destroyed_ms.map(Moment),
            safety_number: SafetyNumber::of_root(&root).to_string(),
        })
    }
}

pub(super) fn role_names(roles: Roles) -> Vec<&'static str> {
    let all = [(Roles::ADMIN, "ADMIN"), (Roles::HANDLER, "HANDLER"), (Roles::READER, "READER")];
    all.into_iter().filter(|(role, _)| roles.contains(*role)).map(|(_, name)| name).collect()
}

impl Report for Device {
    const KIND: &'static str = "device";

    fn lines(&self, page: &mut Page<'_>) {
        page.field(msg!("label-handle"), &self.organisation);
        page.field(msg!("label-device"), &self.device);
        page.field(msg!("label-roles"), &self.roles.join(", "));
        page.field(msg!("label-added"), &self.added_at.local(page.text()));
        page.field(msg!("label-expires"), &self.expires_at.local(page.text()));
        page.field(msg!("label-certificate-expires"), &self.certificate_expires_at.local(page.text()));
        page.field(msg!("label-certificate-renews"), &self.certificate_renews_at.local(page.text()));
        if let Some(until) = self.keys_until {
            page.field(msg!("label-keys-until"), &until.local(page.text()));
        }
        if let Some(at) = self.oldest_key_destroyed_at {
            page.field(msg!("label-key-destroyed"), &at.local(page.text()));
        }
        page.field(msg!("label-safety-number"), &self.safety_number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_have_names() {
        assert_eq!(role_names(Roles::ALL), ["ADMIN", "HANDLER", "READER"]);
        assert_eq!(role_names(Roles::READER), ["READER"]);
    }
}
