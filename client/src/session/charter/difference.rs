//! What one manifest says otherwise than the one before it: what a person is shown before signing somebody else's
//! proposal. Whatever may differ between two manifests of one organisation has its place here.

use samverkan_proto::code::{RevocationReason, Roles};
use samverkan_proto::ids::{DeviceId, MailboxName};
use samverkan_proto::statement::manifest::{Mailbox, Manifest};

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Difference {
    /// A device comes in, with these roles.
    DeviceAdded(DeviceId, Roles),
    /// A device goes, or went, for this reason.
    DeviceRevoked(DeviceId, RevocationReason),
    /// A device has other roles.
    RolesChanged(DeviceId, Roles),
    /// A device may stay for longer.
    DeviceRenewed(DeviceId),
    /// A device has another key for its connection, which shuts out who has the old one, or less time.
    DeviceChanged(DeviceId),
    /// A mailbox is new, or has another name than before.
    MailboxAdded(MailboxName),
    /// A mailbox goes.
    MailboxRemoved(MailboxName),
    /// A device reads a mailbox that it did not.
    ReaderAdded(MailboxName, DeviceId),
    /// A device does not read a mailbox that it did.
    ReaderRemoved(MailboxName, DeviceId),
    /// Another number of admins must sign changes.
    Threshold(u8),
}

impl Difference {
    /// What a person should hear of first has the lowest: who comes in and may do more, then who goes, then the rest.
    pub(in crate::session) const fn rank(&self) -> u8 {
        match self {
            Self::DeviceAdded(..) => 0,
            Self::DeviceChanged(_) | Self::RolesChanged(..) | Self::Threshold(_) => 1,
            Self::ReaderAdded(..) => 2,
            Self::DeviceRevoked(..) => 3,
            Self::ReaderRemoved(..)
            | Self::MailboxAdded(_)
            | Self::MailboxRemoved(_)
            | Self::DeviceRenewed(_) => 4,
        }
    }
}

/// Every difference, in the order of the fields.
pub(in crate::session) fn between(old: &Manifest, new: &Manifest) -> Vec<Difference> {
    let mut found = Vec::new();
    if old.fields().threshold != new.fields().threshold {
        found.push(Difference::Threshold(new.fields().threshold));
    }
    for device in new.devices() {
        let id = device.id();
        match old.device(&id) {
            None => found.push(Difference::DeviceAdded(id, device.roles)),
            Some(before) if before.roles != device.roles => {
                found.push(Difference::RolesChanged(id, device.roles));
            }
            Some(before) if before == device => {}
            Some(before) if before.tls_key == device.tls_key && before.expires_ms < device.expires_ms => {
                found.push(Difference::DeviceRenewed(id));
            }
            Some(_) => found.push(Difference::DeviceChanged(id)),
        }
    }
    let revoked = new.fields().revocations.iter().filter(|one| old.revocation(&one.device_id) != Some(one));
    found.extend(revoked.map(|one| Difference::DeviceRevoked(one.device_id, one.reason)));
    found.extend(mailboxes(old, new));
    found
}

fn mailboxes(old: &Manifest, new: &Manifest) -> Vec<Difference> {
    let mut found = Vec::new();
    for mailbox in new.mailboxes() {
        let before = old.mailbox(&mailbox.id);
        if before.is_none_or(|before| before.name != mailbox.name) {
            found.push(Difference::MailboxAdded(mailbox.name.clone()));
        }
        let read = |mailbox: Option<&Mailbox>, reader: &DeviceId| {
            mailbox.is_some_and(|mailbox| mailbox.readers.contains(reader))
        };
        let come = mailbox.readers.iter().filter(|reader| !read(before, reader));
        found.extend(come.map(|reader| Difference::ReaderAdded(mailbox.name.clone(), *reader)));
        let gone = before.iter().flat_map(|before| &before.readers);
        let gone = gone.filter(|reader| !read(Some(mailbox), reader));
        found.extend(gone.map(|reader| Difference::ReaderRemoved(mailbox.name.clone(), *reader)));
    }
    let gone = old
        .mailboxes()
        .iter()
        .filter(|mailbox| new.mailbox(&mailbox.id).is_none_or(|now| now.name != mailbox.name));
    found.extend(gone.map(|mailbox| Difference::MailboxRemoved(mailbox.name.clone())));
    found
}
