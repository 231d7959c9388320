//! What a device that is in other hands could read and may have done, as far as this one knows.
//!
//! It is this computer's own list, made of the messages it keeps, the headers that say whom each was sealed to, and the log. A device
//! keeps what it has read, so nothing is too old for the list; what came to a mailbox that this device does not read is missing, and
//! the list says which mailboxes those are.

use std::collections::BTreeSet;

use samverkan_proto::ids::{DeviceId, MailboxAddress, MailboxId, MessageId, OrgId};
use samverkan_proto::statement::header::HeaderFields;
use samverkan_proto::statement::manifest::{Device, Manifest, SignedManifest};
use samverkan_proto::statement::safety::CaseReference;

use crate::error::Result;
use crate::session::Session;
use crate::session::mail::Kept;
use crate::session::model::Direction;

/// How a device came by a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// It wrote it.
    Sent,
    /// It was sealed to the device.
    SealedTo,
    /// It came to a mailbox that the device has read, and a colleague's device may have given it on.
    MayBeGiven,
}

/// A message that a device could read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExposedMessage {
    /// Which one.
    pub id: MessageId,
    /// Its case.
    pub reference: CaseReference,
    /// Whether it came or went.
    pub direction: Direction,
    /// The other side: who sent it, or whom it went to.
    pub with: Vec<MailboxAddress>,
    /// When the hub took it, in milliseconds.
    pub at_ms: u64,
    /// How the device came by it.
    pub access: Access,
}

/// Everything that is known of what a device could read and has done.
#[derive(Clone, Debug, Default)]
pub struct Exposure {
    /// The messages, oldest first.
    pub messages: Vec<ExposedMessage>,
    /// Mailboxes that it has read and this device does not: what came to them is not in the list.
    pub unseen: Vec<MailboxAddress>,
    /// The organisation's entries that it signed, newest first, at most [`MAX_CHANGES`]: whatever time they name, since whoever has the
    /// device chooses it.
    pub changes: Vec<SignedChange>,
    /// How many older ones there are.
    pub older_changes: u64,
}

/// The most entries of the organisation that are listed.
pub const MAX_CHANGES: usize = 100;

/// An entry of the organisation that a device signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignedChange {
    /// Its serial, which is in the order of the log.
    pub serial: u64,
    /// When it was issued, in milliseconds, as its signer says.
    pub claimed_ms: u64,
}

impl Session {
    /// What a device of the own organisation could read, and which changes of the organisation it signed.
    ///
    /// # Errors
    /// [`Code::DeviceUnknown`](crate::error::Code::DeviceUnknown) before the first synchronisation.
    pub fn exposure(&self, device: &DeviceId) -> Result<Exposure> {
        let own = self.newest_manifest()?;
        let read = self.mailboxes_ever_read(device);
        let mut messages: Vec<_> =
            self.mail.iter().filter_map(|kept| self.exposed(kept, device, &read)).collect();
        messages.sort_by_key(|message| (message.at_ms, message.id));
        let unseen = read.iter().filter(|mailbox| !own.reads(&self.device.device_id(), mailbox));
        let unseen = unseen.filter_map(|mailbox| self.address(&self.membership.org, mailbox)).collect();
        let mut changes = self.signed_by(device);
        let older_changes = changes.len().saturating_sub(MAX_CHANGES) as u64;
        changes.truncate(MAX_CHANGES);
        Ok(Exposure { messages, unseen, changes, older_changes })
    }

    fn exposed(&self, kept: &Kept, device: &DeviceId, read: &BTreeSet<MailboxId>) -> Option<ExposedMessage> {
        let (org, fields) = (self.membership.org, kept.header.fields());
        let access = if fields.sender_org == org && fields.sender_device == *device {
            Access::Sent
        } else if fields.wrap_index(&org, device).is_some() {
            Access::SealedTo
        } else if came_to(fields, &org, read) {
            Access::MayBeGiven
        } else {
            return None;
        };
        let with = match kept.direction {
            Direction::In => self.address(&fields.sender_org, &fields.sender_mailbox).into_iter().collect(),
            Direction::Out => self.recipients_of(kept),
        };
        Some(ExposedMessage {
            id: kept.id(),
            reference: CaseReference::of_thread(&kept.body.thread_id),
            direction: kept.direction,
            with,
            at_ms: kept.accepted_ms(),
            access,
        })
    }

    /// Every mailbox of the own organisation that a device reads or has read.
    fn mailboxes_ever_read(&self, device: &DeviceId) -> BTreeSet<MailboxId> {
        let organisation = self.directory.organisation(&self.membership.org);
        let manifests = organisation.into_iter().flat_map(|organisation| organisation.signed_manifests());
        let read = manifests.flat_map(|signed| signed.manifest().mailboxes_of(device));
        read.map(|mailbox| mailbox.id).collect()
    }

    /// The manifests that a device is among the signers of, newest first.
    fn signed_by(&self, device: &DeviceId) -> Vec<SignedChange> {
        let Some(organisation) = self.directory.organisation(&self.membership.org) else { return Vec::new() };
        let all: Vec<&SignedManifest> = organisation.signed_manifests().collect();
        let signed = all.windows(2).filter(|pair| {
            let admins: Vec<DeviceId> = pair[0].manifest().admins().map(Device::id).collect();
            let place = admins.iter().position(|admin| admin == device);
            let is_its = |signer: u8| place.is_some_and(|place| usize::from(signer) == place + 1);
            pair[1].signatures().iter().any(|signature| is_its(signature.signer))
        });
        let changes = signed.rev().map(|pair| pair[1].manifest());
        let change = |it: &Manifest| SignedChange { serial: it.serial(), claimed_ms: it.fields().issued_ms };
        changes.map(change).collect()
    }
}

/// Whether a message went to one of these mailboxes of an organisation.
fn came_to(fields: &HeaderFields, org: &OrgId, mailboxes: &BTreeSet<MailboxId>) -> bool {
    fields.to.iter().any(|to| to.org == *org && mailboxes.contains(&to.mailbox))
}

#[cfg(test)]
mod tests;
