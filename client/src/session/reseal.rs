//! Pending mail sealed again by itself: a message that the hub took, and that nobody at the recipient's can open any more, goes out anew
//! to those who read the mailbox now.
//!
//! Two things say that nobody can: the hub's receipt of type 8, and the log, in whose newest manifest none of the devices that it was
//! sealed to reads the mailbox. It goes the way that `resend` goes, so everything that hinders a person hinders this too: keys that
//! nobody compared since they changed, a recovery kit that was used and not confirmed by telephone, a consent without a handle that is
//! left. Then it is left to the person, who is told of it like of every message that did not arrive. It is tried at each contact, so it
//! goes out by itself once a person has called.
//!
//! One device of the sender's mailbox does it: the one that sent the message, or another if that one is gone. The new message has the
//! `send_id` of the old one, so that whoever could read the old one after all shows it once (PROTOCOL.md section 11).

use samverkan_proto::code::Roles;
use samverkan_proto::ids::{DeviceId, OrgId};
use samverkan_proto::statement::header::Recipient;
use samverkan_proto::statement::manifest::Device;

use super::Session;
use super::mail::{Kept, OutState};
use super::model::{Direction, Stage};
use super::resend::{Lifetime, Undelivered};
use super::track::SentMessage;
use crate::error::Result;

/// How often one message is sealed again by itself. Whoever can not open it three times needs a person's help.
const MAX_BY_ITSELF: usize = 3;

impl Session {
    /// Seals again what nobody can open any more, into the outbox; says how many messages that were.
    ///
    /// # Errors
    /// When the profile can not be taken. What hinders one message is noted in the log and hinders no other.
    pub(super) fn reseal_unreadable(&mut self) -> Result<usize> {
        if self.check_fresh().is_err() || self.unreadable().is_empty() {
            return Ok(0);
        }
        let held = self.begin()?;
        let mut sealed = 0;
        // Asked again: another process may have done it before the profile was taken.
        for one in self.unreadable() {
            match self.seal_anew(&held, &one, None, Lifetime::OfTheOld) {
                Ok(_) => sealed += 1,
                Err(error) => tracing::warn!(
                    code = error.code().as_str(),
                    "a message that nobody can open any more is left to a person"
                ),
            }
        }
        Ok(sealed)
    }

    /// The messages that this device is to seal again, and for whom.
    fn unreadable(&self) -> Vec<Undelivered> {
        let threads = self.mail.threads();
        let pending =
            threads.values().filter(|messages| messages.iter().any(|kept| self.may_be_pending(kept)));
        let sent = pending.flat_map(|messages| self.sent_in(messages));
        sent.filter(|sent| self.may_be_pending(sent.kept) && self.is_to_seal(sent.kept))
            .filter_map(|sent| {
                let recipients = self.beyond_reach(&sent);
                (!recipients.is_empty()).then(|| Undelivered::at_the_hub(sent.kept.id(), recipients))
            })
            .collect()
    }

    /// Whether the hub took a message from here, and may have it still.
    fn may_be_pending(&self, kept: &Kept) -> bool {
        kept.direction == Direction::Out
            && kept.state == OutState::Settled
            && kept.stops.is_empty()
            && self.clock.now_ms() < kept.header.fields().expires_ms
    }

    /// Whether it falls to this device, and not too often, to seal a message again.
    fn is_to_seal(&self, kept: &Kept) -> bool {
        let Some(manifest) = self.own_manifest() else { return false };
        let fields = kept.header.fields();
        let may = |device: &&Device| device.roles.contains(Roles::HANDLER);
        let readers: Vec<DeviceId> =
            manifest.readers(&fields.sender_mailbox).filter(may).map(Device::id).collect();
        let author = readers.iter().find(|device| **device == fields.sender_device);
        let falls_to = author.or(readers.first()).copied();
        let same = self
            .mail
            .iter()
            .filter(|other| other.direction == Direction::Out && other.body.send_id == kept.body.send_id);
        falls_to == Some(self.device.device_id()) && same.count() <= MAX_BY_ITSELF
    }

    /// The recipients, as indices into `to`, of every group in which nobody can open a message.
    fn beyond_reach(&self, sent: &SentMessage<'_>) -> Vec<usize> {
        let fields = sent.kept.header.fields();
        let is_lost = |index: usize| match sent.open_stage(index) {
            Some(Stage::Undecryptable) => true,
            Some(Stage::Accepted | Stage::HandedOver) => {
                fields.to.get(index).is_some_and(|to| !self.is_read_by_any(to, sent.kept, index))
            }
            _ => false,
        };
        fields.groups().filter(|group| group.clone().all(is_lost)).flatten().collect()
    }

    /// Whether one of the devices that a message was sealed to for a mailbox reads the mailbox still.
    fn is_read_by_any(&self, to: &Recipient, kept: &Kept, index: usize) -> bool {
        let reads = |org: &OrgId, device: &DeviceId| {
            let manifest = self.directory.organisation(org).and_then(|organisation| organisation.manifest());
            manifest.is_some_and(|manifest| manifest.reads(device, &to.mailbox))
        };
        let wraps = kept.header.fields().wraps.iter();
        wraps.filter(|wrap| wrap.reads(index)).any(|wrap| reads(&wrap.org, &wrap.device))
    }
}

#[cfg(test)]
mod tests;
