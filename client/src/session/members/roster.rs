//! Who is in the own organisation, by its newest manifest, and what this device calls them.
//!
//! A label is a word of this computer: it stands in the keystore and never leaves it. Everybody else knows a device by
//! its id alone.

use samverkan_proto::code::Roles;
use samverkan_proto::ids::{DeviceId, MailboxId, MailboxName};
use samverkan_proto::statement::manifest::{Device, Manifest};

use crate::error::{Code, Error, Result};
use crate::keystore::{Contents, EntryName};
use crate::session::Session;
use crate::text::Args;

/// The longest label, in bytes.
const MAX_LABEL: usize = 100;
/// Hexadecimal digits of a device's id that name it, if no other begins with them.
const SHORTEST_NAME: usize = 4;

/// What a device is called on this computer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label(String);

impl Label {
    /// Takes a label of 1 to 100 bytes on one line that is no beginning of an id.
    ///
    /// # Errors
    /// [`Code::LabelInvalid`].
    pub fn parse(text: &str) -> Result<Self> {
        let text = text.trim();
        let fits = (1..=MAX_LABEL).contains(&text.len()) && !text.chars().any(char::is_control);
        if fits && !is_id(text) { Ok(Self(text.to_owned())) } else { Err(Error::new(Code::LabelInvalid)) }
    }

    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether a text could be the beginning of a device's id.
fn is_id(text: &str) -> bool {
    (SHORTEST_NAME..=2 * DeviceId::LEN).contains(&text.len())
        && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// The own organisation's devices and mailboxes.
#[derive(Clone, Debug)]
pub struct Roster {
    /// The manifest's serial.
    pub serial: u64,
    /// How many admins must sign a change.
    pub threshold: u8,
    /// Every device, in the order in which they were added.
    pub devices: Vec<RosterDevice>,
    /// Every mailbox, ascending by name.
    pub mailboxes: Vec<RosterMailbox>,
}

/// One device of the own organisation.
#[derive(Clone, Debug)]
pub struct RosterDevice {
    /// Its id.
    pub id: DeviceId,
    /// What it is called on this computer.
    pub label: Option<String>,
    /// It is this device.
    pub own: bool,
    /// What it may do.
    pub roles: Roles,
    /// The mailboxes that it reads, ascending.
    pub mailboxes: Vec<MailboxName>,
    /// When it was added, in milliseconds.
    pub added_ms: u64,
    /// When its time runs out, in milliseconds.
    pub expires_ms: u64,
}

/// One mailbox of the own organisation.
#[derive(Clone, Debug)]
pub struct RosterMailbox {
    /// Its id.
    pub id: MailboxId,
    /// Its name.
    pub name: MailboxName,
    /// The devices that read it.
    pub readers: Vec<DeviceId>,
}

impl Session {
    /// Who is in the own organisation, as far as this device has heard.
    ///
    /// # Errors
    /// [`Code::DeviceUnknown`] before the first synchronisation.
    pub fn roster(&self) -> Result<Roster> {
        let manifest = self.newest_manifest()?;
        let mut devices: Vec<_> =
            manifest.devices().iter().map(|device| self.roster_device(manifest, device)).collect();
        devices.sort_by_key(|device| (device.added_ms, device.id));
        let mailbox = |mailbox: &samverkan_proto::statement::manifest::Mailbox| RosterMailbox {
            id: mailbox.id,
            name: mailbox.name.clone(),
            readers: mailbox.readers.clone(),
        };
        let mut mailboxes: Vec<_> = manifest.mailboxes().iter().map(mailbox).collect();
        mailboxes.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(Roster { serial: manifest.serial(), threshold: manifest.fields().threshold, devices, mailboxes })
    }

    fn roster_device(&self, manifest: &Manifest, device: &Device) -> RosterDevice {
        let id = device.id();
        let mut mailboxes: Vec<_> = manifest.mailboxes_of(&id).map(|mailbox| mailbox.name.clone()).collect();
        mailboxes.sort();
        RosterDevice {
            id,
            label: self.label(&id),
            own: id == self.device.device_id(),
            roles: device.roles,
            mailboxes,
            added_ms: device.added_ms,
            expires_ms: device.expires_ms,
        }
    }

    /// What a device is called on this computer.
    #[must_use]
    pub fn label(&self, device: &DeviceId) -> Option<String> {
        let label = self.keystore.contents().setting(&entry(device))?;
        String::from_utf8(label.to_vec()).ok()
    }

    /// Calls a device something on this computer.
    ///
    /// # Errors
    /// Those of the keystore.
    pub fn set_label(&mut self, device: &DeviceId, label: &Label) -> Result<()> {
        let held = self.begin()?;
        put_label(self.keystore.contents_mut(), device, label.as_str())?;
        Ok(self.keystore.commit(&held)?)
    }

    /// The device of the own organisation that a person means: by what it is called here, or by the beginning of its
    /// id, at least four digits of it.
    ///
    /// # Errors
    /// [`Code::MemberUnknown`], [`Code::MemberAmbiguous`].
    pub fn member_named(&self, name: &str) -> Result<DeviceId> {
        self.named(name, self.newest_manifest()?.devices().iter().map(Device::id))
    }

    /// The device of the own organisation that `name` names, also one that is out already.
    ///
    /// # Errors
    /// As [`Session::member_named`].
    pub fn device_named(&self, name: &str) -> Result<DeviceId> {
        let manifest = self.newest_manifest()?;
        let gone = manifest.fields().revocations.iter().map(|revocation| revocation.device_id);
        self.named(name, manifest.devices().iter().map(Device::id).chain(gone))
    }

    fn named(&self, name: &str, devices: impl Iterator<Item = DeviceId>) -> Result<DeviceId> {
        let matches = |id: &DeviceId| {
            (is_id(name) && id.to_string().starts_with(name)) || self.label(id).as_deref() == Some(name)
        };
        let mut found = devices.filter(matches);
        match (found.next(), found.next()) {
            (Some(only), None) => Ok(only),
            (None, _) => Err(Error::with(Code::MemberUnknown, Args::none().text("device", name))),
            (Some(_), Some(_)) => Err(Error::with(Code::MemberAmbiguous, Args::none().text("device", name))),
        }
    }
}

pub(super) fn put_label(contents: &mut Contents, device: &DeviceId, label: &str) -> Result<()> {
    Ok(contents.put_setting(&entry(device), label.as_bytes())?)
}

fn entry(device: &DeviceId) -> EntryName {
    format!("label.{device}").parse().expect("a prefix and hexadecimal obey the rule")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_one_line_and_is_never_taken_for_an_id() {
        for good in ["kontoret", "Datorn i receptionen", "abc", "0123g", &"f".repeat(33)] {
            assert_eq!(Label::parse(good).expect(good).as_str(), good);
        }
        for bad in ["", "  ", "a\nb", "0a1b", &"f".repeat(32), &"x".repeat(101)] {
            assert_eq!(Label::parse(bad).expect_err(bad).code(), Code::LabelInvalid);
        }
    }
}
