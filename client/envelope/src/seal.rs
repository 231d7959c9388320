//! Sealing (PROTOCOL.md section 7): a [`Draft`] becomes a [`SealedMessage`], and the sender keeps its [`MessageSecret`].

use crate::body::Body;
use crate::context;
use crate::secret::MessageSecret;
use crate::suite::{self, ENCAPSULATION_RANDOMNESS, NoRandomness, random};
use samverkan_proto::code::{LegalBasis, Urgency};
use samverkan_proto::ids::{ConsentHandle, MailboxId, MessageId, OrgId};
use samverkan_proto::limits::{BODY_PREFIX, TAG_LEN, WRAP_LEN};
use samverkan_proto::padding::{blob_len, padded};
use samverkan_proto::sign::{Label, Signer};
use samverkan_proto::statement::epoch_key::{Epoch, EpochKey};
use samverkan_proto::statement::header::{BlobRef, Header, HeaderFields, Recipient, Wrap};
use samverkan_proto::{Fault, InvalidField};
use std::num::NonZeroU32;
use zeroize::Zeroizing;

/// The key of the content is used once, so its nonce is zero.
pub(crate) const CONTENT_NONCE: [u8; 12] = [0; 12];

/// A message before it is sealed. Class, attachments, consent handles and lengths of the header follow from the body.
#[derive(Clone, Debug)]
pub struct Draft {
    /// New for every sealing.
    pub message_id: MessageId,
    /// The sender's organisation.
    pub sender_org: OrgId,
    /// The mailbox that is answered to.
    pub sender_mailbox: MailboxId,
    /// The legal ground; none for a follow-up, and for nothing else.
    pub basis: Option<LegalBasis>,
    /// How soon somebody must act.
    pub urgency: Urgency,
    /// Minutes within which an answer is asked for.
    pub answer_within_minutes: Option<NonZeroU32>,
    /// Now, in milliseconds since 1970. The epoch keys are those of its week.
    pub created_ms: u64,
    /// When the hub removes it unread; at most 30 days later.
    pub expires_ms: u64,
    /// The recipient mailboxes, group by group.
    pub to: Vec<Recipient>,
    /// The devices that shall be able to open it, in any order.
    pub devices: Vec<Target>,
    /// The content.
    pub body: Body,
}

/// A device to seal to.
#[derive(Clone, Debug)]
pub struct Target {
    /// Its epoch key, whose signature was verified against the log.
    pub key: EpochKey,
    /// Bit k: it reads `to[k]`. Zero: a copy for another device of the sender's organisation.
    pub boxes: u16,
}

/// The random inputs of one sealing. They are used up by it.
pub struct SealRandom {
    /// The message key.
    pub cek: Zeroizing<[u8; 32]>,
    /// The randomness of each encapsulation, in header order.
    pub encapsulations: Vec<Zeroizing<[u8; ENCAPSULATION_RANDOMNESS]>>,
}

impl SealRandom {
    /// For a message to so many devices.
    ///
    /// # Errors
    /// When the operating system has no randomness.
    pub fn generate(devices: usize) -> Result<Self, NoRandomness> {
        Ok(Self { cek: random()?, encapsulations: (0..devices).map(|_| random()).collect::<Result<_, _>>()? })
    }
}

/// A sealed message, as it is handed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedMessage {
    header: Header,
    wraps: Vec<u8>,
    content: Vec<u8>,
}

impl SealedMessage {
    /// What the hub sees.
    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// The wraps one after the other, in header order, 1,168 bytes each.
    #[must_use]
    pub fn wraps(&self) -> &[u8] {
        &self.wraps
    }

    /// The wrap of the device at this place in the header.
    #[must_use]
    pub fn wrap(&self, index: usize) -> Option<&[u8]> {
        self.wraps.chunks_exact(WRAP_LEN).nth(index)
    }

    /// The sealed content.
    #[must_use]
    pub fn content(&self) -> &[u8] {
        &self.content
    }
}

impl Draft {
    /// Seals the message as the device that `signer` is the key of.
    ///
    /// # Errors
    /// The field that breaks a rule of sections 6 or 8; `bad_time` for an epoch key of another week than `created_ms`;
    /// `count_out_of_range` when `random` is for another number of devices; `bad_key` for a key that HPKE does not take.
    pub fn seal(
        mut self,
        signer: &Signer,
        random: SealRandom,
    ) -> Result<(SealedMessage, MessageSecret), InvalidField> {
        if random.encapsulations.len() != self.devices.len() {
            return Err(Fault::CountOutOfRange.in_field("random"));
        }
        self.devices.sort_by_key(|target| (target.key.org_id(), target.key.device_id()));
        let body = self.body.encode()?;
        let secret = MessageSecret::new(self.message_id, random.cek);
        let header = Header::new(self.header_fields(signer, &secret, body.len())?)?;
        let wraps = self.wrap(&header, &secret, &random.encapsulations)?;
        let content = seal_content(&header, &secret, signer, &body);
        Ok((SealedMessage { header, wraps, content }, secret))
    }

    fn header_fields(
        &self,
        signer: &Signer,
        secret: &MessageSecret,
        body_len: usize,
    ) -> Result<HeaderFields, InvalidField> {
        let content_len = padded_len(body_len) + TAG_LEN;
        Ok(HeaderFields {
            message_id: self.message_id,
            sender_org: self.sender_org,
            sender_mailbox: self.sender_mailbox,
            sender_device: signer.device_id(),
            class: self.body.kind.class(),
            basis: self.basis,
            urgency: self.urgency,
            answer_within_minutes: self.answer_within_minutes,
            created_ms: self.created_ms,
            expires_ms: self.expires_ms,
            content_len: content_len.try_into().expect("a body is at most 1 MiB"),
            key_commit: secret.commitment(),
            to: self.to.clone(),
            wraps: self.wrap_entries()?,
            blobs: self.blob_refs(),
            handles: self.handles()?,
        })
    }

    fn wrap_entries(&self) -> Result<Vec<Wrap>, InvalidField> {
        let epoch = Epoch::of(self.created_ms);
        self.devices
            .iter()
            .map(|Target { key, boxes }| {
                if key.epoch() == epoch {
                    Ok(Wrap {
                        org: key.org_id(),
                        device: key.device_id(),
                        epoch_key: key.id(),
                        boxes: *boxes,
                    })
                } else {
                    Err(Fault::BadTime.in_field("header.wraps.epoch_key_id"))
                }
            })
            .collect()
    }

    fn blob_refs(&self) -> Vec<BlobRef> {
        let attachments = self.body.attachments.iter();
        attachments
            .map(|attachment| BlobRef { id: attachment.blob_id, len: blob_len(attachment.plaintext_len) })
            .collect()
    }

    fn handles(&self) -> Result<Vec<ConsentHandle>, InvalidField> {
        let openings = self.body.consents.iter();
        openings.map(|opening| ConsentHandle::parse(&opening.claimed_handle())).collect()
    }

    fn wrap(
        &self,
        header: &Header,
        secret: &MessageSecret,
        encapsulations: &[Zeroizing<[u8; ENCAPSULATION_RANDOMNESS]>],
    ) -> Result<Vec<u8>, InvalidField> {
        let mut wraps = Vec::with_capacity(encapsulations.len() * WRAP_LEN);
        for (Target { key, .. }, randomness) in self.devices.iter().zip(encapsulations) {
            let info = context::wrap(header.hh(), &key.device_id(), &key.id());
            let wrap = suite::seal_base(key.pk(), &info, secret.expose_cek(), randomness)
                .map_err(|_| Fault::BadKey.in_field("header.wraps.epoch_key_id"))?;
            wraps.extend_from_slice(&wrap);
        }
        Ok(wraps)
    }
}

/// `padded(68 + body_len)`.
pub(crate) fn padded_len(body_len: usize) -> usize {
    usize::try_from(padded((BODY_PREFIX + body_len) as u64)).expect("a body is at most 1 MiB")
}

/// `plain = u32 body_len | sig[64] | body | zeros`, sealed.
fn seal_content(header: &Header, secret: &MessageSecret, signer: &Signer, body: &[u8]) -> Vec<u8> {
    let signature = signer.sign_digest(Label::Message, &context::message_digest(header.hh(), body));
    let body_len = u32::try_from(body.len()).expect("a body is at most 1 MiB");
    let plain_len = padded_len(body.len());
    // The capacity keeps the tag from moving the plaintext, which would leave a copy behind.
    let mut content = Vec::with_capacity(plain_len + TAG_LEN);
    content.extend_from_slice(&body_len.to_be_bytes());
    content.extend_from_slice(&signature);
    content.extend_from_slice(body);
    content.resize(plain_len, 0);
    let tag = secret.content_key(header.hh()).seal(CONTENT_NONCE, header.hh(), &mut content);
    content.extend_from_slice(&tag);
    content
}
