//! Checks 6 to 14: when the hub accepted the message, who sealed it, and whether its content fits what the hub was shown.

use super::consent::check_consents;
use super::{LocalDevice, LogView, Memory, OpenError, Refusal, Unwrapped};
use crate::body::Body;
use crate::context;
use crate::secret::MessageSecret;
use bytes::Bytes;
use samverkan_proto::code::{Class, DeviceReceiptType, OrganisationState, RefusalReason, Roles};
use samverkan_proto::limits::{MAX_AGE_MS, MAX_AHEAD_MS};
use samverkan_proto::sign::{Label, PublicKey};
use samverkan_proto::statement::batch::{UnverifiedProof, VerifiedHubReceipt};
use samverkan_proto::statement::header::{Header, Wrap};
use samverkan_proto::statement::receipt::{HubEvent, HubReceipt, MailboxRef, Verdict};
use samverkan_proto::{Fault, InvalidField};

/// A message that the hub has answered for. Its receipt says when it came, and by which state of the log it is to be judged.
pub struct Accepted {
    message: Unwrapped,
    receipt: VerifiedHubReceipt,
}

/// A message that passed every check: it may be stored and shown.
pub struct Verified {
    header: Header,
    device: LocalDevice,
    wrap: Wrap,
    secret: MessageSecret,
    receipt: VerifiedHubReceipt,
    body: Body,
}

impl Unwrapped {
    /// Check 6: the hub's submission receipt, with its proof, is for this very message.
    ///
    /// # Errors
    /// `receipt_mismatch`.
    pub fn accept(self, proof: &[u8], hub_key: &PublicKey) -> Result<Accepted, Refusal> {
        let mismatch = |found: InvalidField| {
            Refusal::opened(Fault::ReceiptMismatch.in_field(found.field), &self.secret, self.device)
        };
        let receipt = UnverifiedProof::<HubReceipt>::parse(proof)
            .and_then(|proof| proof.verify(hub_key))
            .map_err(mismatch)?;
        if !self.is_receipt(receipt.value()) {
            return Err(mismatch(Fault::ReceiptMismatch.in_field("receipt")));
        }
        Ok(Accepted { message: self, receipt })
    }

    fn is_receipt(&self, receipt: &HubReceipt) -> bool {
        let fields = self.header.fields();
        let accepted = HubEvent::SubmissionAccepted {
            sender: MailboxRef { org: fields.sender_org, mailbox: fields.sender_mailbox },
            device: fields.sender_device,
        };
        receipt.event == accepted
            && receipt.message_id == fields.message_id
            && receipt.hh == *self.header.hh()
            && receipt.content_hash == self.content_hash
    }
}

impl Accepted {
    /// How many leaves of the log the copy must have before [`Accepted::verify`] can judge.
    #[must_use]
    pub const fn log_size(&self) -> u64 {
        self.receipt.value().log_size
    }

    /// Checks 7 to 14. `now_ms` is the device's clock.
    ///
    /// # Errors
    /// [`OpenError::LogBehind`], or a [`Refusal`] with the first fault.
    pub fn verify(
        self,
        log: &impl LogView,
        now_ms: u64,
        memory: &impl Memory,
    ) -> Result<Verified, OpenError> {
        let Self { mut message, receipt } = self;
        let root = log
            .root_at(receipt.value().log_size)
            .ok_or(OpenError::LogBehind { log_size: receipt.value().log_size })?;
        if message.rewrap.is_some() {
            message.wrap = given_wrap(&message, log)
                .map_err(|found| Refusal::opened(found, &message.secret, message.device))?;
        }
        let judge = Judge { message: &message, receipt: receipt.value(), log };
        let body = judge
            .body(root, now_ms, memory)
            .map_err(|found| Refusal::opened(found, &message.secret, message.device))?;
        let Unwrapped { header, device, wrap, secret, .. } = message;
        Ok(Verified { header, device, wrap, secret, receipt, body })
    }
}

/// Check 7 for a message that a colleague gave: the colleague signed, and this device reads a mailbox by now for which the colleague
/// has the message. Gives the wrap with those mailboxes.
fn given_wrap(message: &Unwrapped, log: &impl LogView) -> Result<Wrap, InvalidField> {
    let Unwrapped { header, device, wrap, rewrap, .. } = message;
    let stranger = || Fault::NotARecipient.in_field("rewrap");
    let rewrap = rewrap.clone().ok_or_else(stranger)?;
    let key = log.device_key(&device.org, &rewrap.claimed().by_device).ok_or_else(stranger)?;
    rewrap.verify(&key)?;
    let manifest = log.newest_manifest(&device.org).ok_or_else(stranger)?;
    let to = &header.fields().to;
    let reads = |index: &usize| {
        to.get(*index).is_some_and(|to| to.org == device.org && manifest.reads(&device.device, &to.mailbox))
    };
    let boxes = wrap.mailboxes().filter(reads).fold(0, |boxes: u16, index| boxes | 1 << index);
    if boxes == 0 { Err(stranger()) } else { Ok(Wrap { boxes, ..*wrap }) }
}

/// The checks on a message whose receipt is genuine, one function each.
struct Judge<'a, L> {
    message: &'a Unwrapped,
    receipt: &'a HubReceipt,
    log: &'a L,
}

impl<L: LogView> Judge<'_, L> {
    fn body(&self, root: [u8; 32], now_ms: u64, memory: &impl Memory) -> Result<Body, InvalidField> {
        let fields = self.message.header.fields();
        if root != self.receipt.log_root {
            return Err(Fault::ReceiptMismatch.in_field("receipt.log_root"));
        }
        let sender = self.sender().ok_or(Fault::SenderRevoked.in_field("header.sender_device"))?;
        self.check_own_mailboxes()?;
        self.check_created()?;
        self.check_signature(&sender)?;
        let body = Body::decode(self.message.plain.body())?;
        self.check_checkpoint(&body)?;
        self.check_fits(&body)?;
        check_consents(&self.message.header, &self.message.wrap, &body, self.log)?;
        // What was shown is acknowledged again, also when it has expired since: a device does not say two things of one message.
        if memory.was_shown(&fields.sender_org, &body.send_id) {
            return Err(Fault::Replayed.in_field("body.send_id"));
        }
        if now_ms >= fields.expires_ms {
            return Err(Fault::Expired.in_field("header.expires_ms"));
        }
        self.check_thread(&body, memory)?;
        Ok(body)
    }

    /// Check 7: the key of the sending device, if it was entitled to send when the hub took the message.
    fn sender(&self) -> Option<PublicKey> {
        let fields = self.message.header.fields();
        let (size, time) = (self.receipt.log_size, self.receipt.hub_time_ms);
        let state = self.log.organisation_state_at(&fields.sender_org, size)?;
        let manifest = self.log.manifest_at(&fields.sender_org, size)?;
        let device = manifest.device(&fields.sender_device)?;
        let entitled = state == OrganisationState::Active
            && device.roles.contains(Roles::HANDLER)
            && time < device.expires_ms
            && manifest.reads(&fields.sender_device, &fields.sender_mailbox);
        let newest = self.log.newest_manifest(&fields.sender_org)?;
        let revoked = newest.revocation(&fields.sender_device).is_some_and(|entry| entry.revoked_ms <= time);
        (entitled && !revoked).then(|| *device.sign_pk())
    }

    /// Check 7, last: the header gives this device no mailbox that it did not read.
    fn check_own_mailboxes(&self) -> Result<(), InvalidField> {
        let Unwrapped { header, device, wrap, .. } = self.message;
        if self.message.rewrap.is_some() {
            // A later device read nothing then; what it reads now was found before.
            return Ok(());
        }
        let manifest = self.log.manifest_at(&device.org, self.receipt.log_size);
        let to = &header.fields().to;
        let reads = |index: usize| {
            manifest
                .zip(to.get(index))
                .is_some_and(|(manifest, to)| manifest.reads(&device.device, &to.mailbox))
        };
        if wrap.mailboxes().all(reads) {
            Ok(())
        } else {
            Err(Fault::NotARecipient.in_field("header.wraps.boxes"))
        }
    }

    /// Check 8.
    fn check_created(&self) -> Result<(), InvalidField> {
        let created = self.message.header.fields().created_ms;
        let hub = self.receipt.hub_time_ms;
        if (hub.saturating_sub(MAX_AGE_MS)..=hub.saturating_add(MAX_AHEAD_MS)).contains(&created) {
            Ok(())
        } else {
            Err(Fault::ClockOutOfRange.in_field("header.created_ms"))
        }
    }

    /// Check 9.
    fn check_signature(&self, sender: &PublicKey) -> Result<(), InvalidField> {
        let plain = &self.message.plain;
        let digest = context::message_digest(self.message.header.hh(), plain.body());
        sender.verify_digest(Label::Message, &digest, plain.signature())
    }

    /// Check 10, after the body: the sender had seen no other log than this device.
    fn check_checkpoint(&self, body: &Body) -> Result<(), InvalidField> {
        let seen = self.log.verify_checkpoint(Bytes::copy_from_slice(&body.checkpoint))?.head();
        if seen.size > self.receipt.log_size {
            return Err(Fault::CheckpointAhead.in_field("body.checkpoint"));
        }
        if self.log.root_at(seen.size) == Some(seen.root) {
            Ok(())
        } else {
            Err(Fault::CheckpointForked.in_field("body.checkpoint"))
        }
    }

    /// Check 11, without consent: the hub was shown what the body is.
    fn check_fits(&self, body: &Body) -> Result<(), InvalidField> {
        let fields = self.message.header.fields();
        if body.kind.class() != fields.class {
            return Err(Fault::BodyMismatch.in_field("body.kind"));
        }
        let named = body.attachments.iter().map(|attachment| attachment.blob_id);
        if named.eq(fields.blobs.iter().map(|blob| blob.id)) {
            Ok(())
        } else {
            Err(Fault::BodyMismatch.in_field("body.attachments"))
        }
    }

    /// Check 14: a follow-up needs neither legal basis nor consent, so it must follow something between the same two.
    fn check_thread(&self, body: &Body, memory: &impl Memory) -> Result<(), InvalidField> {
        let fields = self.message.header.fields();
        let own = self.message.wrap.is_sent_copy();
        if fields.class != Class::FollowUp || own || memory.exchanged(&fields.sender_org, &body.thread_id) {
            Ok(())
        } else {
            Err(Fault::UnknownThread.in_field("body.thread_id"))
        }
    }
}

impl Verified {
    /// What the hub saw of it.
    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// This device's entry in the header: the mailboxes it reads the message for.
    #[must_use]
    pub const fn wrap(&self) -> &Wrap {
        &self.wrap
    }

    /// When the hub accepted it, and by which log.
    #[must_use]
    pub const fn receipt(&self) -> &VerifiedHubReceipt {
        &self.receipt
    }

    /// The content.
    #[must_use]
    pub const fn body(&self) -> &Body {
        &self.body
    }

    /// The message key, to be stored sealed for receipts and answers.
    #[must_use]
    pub const fn secret(&self) -> &MessageSecret {
        &self.secret
    }

    /// What the device says once the message and all its attachments are verified and on disk.
    #[must_use]
    pub fn delivered(&self) -> Verdict {
        Verdict::Delivered {
            open_tag: self.secret.open_tag(&self.device.device, DeviceReceiptType::Delivered),
        }
    }

    /// The verdict for a message that a rule of its case forbids (PROTOCOL.md section 21).
    #[must_use]
    pub fn refused(&self, reason: RefusalReason) -> Verdict {
        Verdict::Refused {
            reason,
            open_tag: self.secret.open_tag(&self.device.device, DeviceReceiptType::Refused),
        }
    }

    /// The content and the message key.
    #[must_use]
    pub fn into_parts(self) -> (Body, MessageSecret) {
        (self.body, self.secret)
    }
}
