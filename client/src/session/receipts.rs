//! Receipts about what was sent: believed only when they are signed, about this very message, and by a party to it
//! (PROTOCOL.md section 11).

use bytes::Bytes;
use samverkan_envelope::open::LogView as _;
use samverkan_proto::ids::{DeviceId, MessageId, OrgId};
use samverkan_proto::statement::batch::{ReceiptProof, UnverifiedProof};
use samverkan_proto::statement::header::HeaderFields;
use samverkan_proto::statement::receipt::{DeviceReceipt, HubEvent, HubReceipt, MailboxRef};

use super::Session;
use super::later::LaterReader;
use super::mail::{Kept, add_once};
use super::model::Direction;
use super::stages::Said;
use crate::directory::Directory;
use crate::error::{Code, Error, Result};

/// The most receipts of one type that are kept about a message of one device. One is enough for everything but answers.
const MAX_OF_A_DEVICE: usize = 16;
/// The most that are kept of the hub. An honest one says less of sixteen recipients with 64 devices.
const MAX_OF_THE_HUB: usize = 2048;

impl Session {
    /// Takes a receipt about a message that was sent; says whether it told anything new. One that does not hold is
    /// left out: it proves nothing, and keeping it could only mislead.
    ///
    /// # Errors
    /// [`Code::LogForked`]; [`Code::ContentTooLarge`] when the signer has said as much about the message before as is kept; and
    /// when it can not be written.
    pub(super) fn take_event(&mut self, proof: Bytes) -> Result<bool> {
        let about = match ReceiptProof::parse(&proof) {
            Ok(ReceiptProof::Hub(receipt)) => self.check_hub_receipt(receipt, &proof)?,
            Ok(ReceiptProof::Device(receipt)) => self.check_device_receipt(receipt),
            Err(_) => None,
        };
        let Some(id) = about else {
            tracing::warn!("a receipt does not hold and was left out");
            return Ok(false);
        };
        let crowded = self.mail.get(&id).is_some_and(|kept| !has_room(&kept.receipts, &proof));
        if crowded {
            return Err(Error::new(Code::ContentTooLarge));
        }
        let mut new = false;
        let contents = self.keystore.contents();
        self.mail.change(contents, &id, |kept| new = add_once(&mut kept.receipts, proof))?;
        Ok(new)
    }

    /// The hub never names another log than the one this device has verified. `proof` is the receipt as it came.
    pub(super) fn check_receipt_log(&self, receipt: &HubReceipt, proof: &[u8]) -> Result<()> {
        Ok(self.directory.compare_receipt(receipt, proof, self.clock.now_ms())?)
    }

    fn check_hub_receipt(
        &self,
        unverified: UnverifiedProof<HubReceipt>,
        proof: &[u8],
    ) -> Result<Option<MessageId>> {
        let Ok(verified) = unverified.verify(self.membership.hub.pins.receipt()) else { return Ok(None) };
        let receipt = verified.value();
        self.check_receipt_log(receipt, proof)?;
        let about = self.sent_message(&receipt.message_id).filter(|kept| {
            receipt.hh == *kept.header.hh()
                && receipt.content_hash == kept.content_hash
                && names_a_party(&receipt.event, kept.header.fields(), &self.directory)
        });
        Ok(about.map(Kept::id))
    }

    fn check_device_receipt(&self, proof: UnverifiedProof<DeviceReceipt>) -> Option<MessageId> {
        let claimed = *proof.claimed();
        let key = self.directory.device_key(&claimed.org, &claimed.device)?;
        proof.verify(&key).ok()?;
        let kept = self.sent_message(&claimed.message_id)?;
        let fields = kept.header.fields();
        let was_sealed_to = reads(fields, &claimed.org, &claimed.device).is_some();
        // Of a device that came later, nothing but the message's key says that it has the message.
        let was_given = claimed.verdict.open_tag().is_some()
            && LaterReader::find(&self.directory, fields, claimed.org, claimed.device).is_some();
        let opened = claimed
            .verdict
            .open_tag()
            .is_none_or(|tag| kept.secret.is_open_tag(tag, &claimed.device, claimed.verdict.receipt_type()));
        (claimed.hh == *kept.header.hh() && (was_sealed_to || was_given) && opened).then(|| kept.id())
    }

    fn sent_message(&self, id: &MessageId) -> Option<&Kept> {
        self.mail.get(id).filter(|kept| kept.direction == Direction::Out)
    }
}

/// Whether one more receipt is kept beside those that are. Whoever can sign can sign without end, and must not be able to make a
/// message too large to be kept, nor to keep out what others say.
fn has_room(kept: &[Bytes], receipt: &Bytes) -> bool {
    let Some(new) = Said::read(receipt).filter(|_| !kept.contains(receipt)) else { return true };
    let is_alike = |said: &Said| match (said, &new) {
        (Said::Hub(_), Said::Hub(_)) => true,
        (Said::Device(one), Said::Device(other)) => {
            (one.org, one.device) == (other.org, other.device)
                && one.verdict.receipt_type() == other.verdict.receipt_type()
        }
        (Said::Hub(_), Said::Device(_)) | (Said::Device(_), Said::Hub(_)) => false,
    };
    let most = match new {
        Said::Hub(_) => MAX_OF_THE_HUB,
        Said::Device(_) => MAX_OF_A_DEVICE,
    };
    kept.iter().filter_map(|proof| Said::read(proof)).filter(is_alike).count() < most
}

/// The mailboxes of a message that a device reads; `None` if it was not sealed to it as a recipient.
pub(super) fn reads(fields: &HeaderFields, org: &OrgId, device: &DeviceId) -> Option<Vec<usize>> {
    let wrap = fields.wraps.iter().find(|wrap| wrap.org == *org && wrap.device == *device)?;
    (!wrap.is_sent_copy()).then(|| wrap.mailboxes().collect())
}

/// Whether everybody that a hub receipt names stands in the header, or came to a mailbox that does.
pub(super) fn names_a_party(event: &HubEvent, fields: &HeaderFields, directory: &Directory) -> bool {
    let is_recipient =
        |party: &MailboxRef| fields.to.iter().any(|to| to.org == party.org && to.mailbox == party.mailbox);
    match event {
        HubEvent::SubmissionAccepted { sender, device } => {
            *sender == MailboxRef { org: fields.sender_org, mailbox: fields.sender_mailbox }
                && *device == fields.sender_device
        }
        HubEvent::HandedOver { recipient, device } => {
            let reads_it = |index: usize| {
                fields
                    .to
                    .get(index)
                    .is_some_and(|to| (to.org, to.mailbox) == (recipient.org, recipient.mailbox))
            };
            let later = LaterReader::find(directory, fields, recipient.org, *device);
            reads(fields, &recipient.org, device).is_some_and(|read| read.into_iter().any(reads_it))
                || later.is_some_and(|later| (0..fields.to.len()).any(|at| later.reads(at) && reads_it(at)))
        }
        HubEvent::Returned { recipient, .. }
        | HubEvent::Undecryptable { recipient }
        | HubEvent::Refused { recipient, .. } => is_recipient(recipient),
        HubEvent::Recalled { org, .. } => *org == fields.sender_org,
        HubEvent::Expiring | HubEvent::ExpiredUndelivered | HubEvent::Purged(_) | HubEvent::Shredded => true,
    }
}
