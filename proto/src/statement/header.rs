//! The message header (PROTOCOL.md section 6): what the hub sees, and every recipient authenticates.

mod rules;

use crate::code::{Class, LegalBasis, RecipientKind, Urgency};
use crate::codec::{Reader, Writer};
use crate::fault::{Fault, InvalidField};
use crate::ids::{BlobId, ConsentHandle, DeviceId, EpochKeyId, MailboxId, MessageId, OrgId, sha256_of};
use crate::limits::{MAX_ANSWER_MINUTES, MAX_BLOBS, MAX_HANDLES, MAX_TO, MAX_WRAPS};
use std::num::NonZeroU32;
use std::ops::Range;

const MAGIC: &[u8; 4] = b"SVK1";
const SUITE: u16 = 1;

/// A mailbox that a message is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recipient {
    /// Whose mailbox it is.
    pub org: OrgId,
    /// The mailbox.
    pub mailbox: MailboxId,
    /// Serial of the manifest that the sender read its readers from.
    pub manifest_serial: u64,
    /// Whether it begins a group or stands in for the primary before it.
    pub kind: RecipientKind,
}

/// The entry of one device that can open the message. Its sealed key stands at the same place in `wraps`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wrap {
    /// The device's organisation.
    pub org: OrgId,
    /// The device.
    pub device: DeviceId,
    /// The epoch key that the message key is sealed to.
    pub epoch_key: EpochKeyId,
    /// Bit k: the device reads `to[k]`. Zero: a copy for another device of the sender's organisation.
    pub boxes: u16,
}

impl Wrap {
    /// Whether the device reads `to[index]`.
    #[must_use]
    pub const fn reads(&self, index: usize) -> bool {
        index < 16 && self.boxes >> index & 1 == 1
    }

    /// The indices into `to` of the mailboxes that the device reads, ascending.
    pub fn mailboxes(self) -> impl Iterator<Item = usize> {
        (0..16).filter(move |index| self.reads(*index))
    }

    /// Whether this is a copy for another device of the sender's organisation. It never counts for delivery.
    #[must_use]
    pub const fn is_sent_copy(&self) -> bool {
        self.boxes == 0
    }
}

/// An attachment of the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlobRef {
    /// The digest of the sealed attachment.
    pub id: BlobId,
    /// Its length in bytes.
    pub len: u64,
}

/// Everything a header says. It obeys the rules of section 6 once it is inside a [`Header`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderFields {
    /// The message.
    pub message_id: MessageId,
    /// The sender's organisation.
    pub sender_org: OrgId,
    /// The mailbox that is answered to, and that learns what becomes of the message.
    pub sender_mailbox: MailboxId,
    /// The device that sealed and signed the message.
    pub sender_device: DeviceId,
    /// What the hub sees of the purpose.
    pub class: Class,
    /// The stated legal ground; none for a follow-up, and for nothing else.
    pub basis: Option<LegalBasis>,
    /// How soon somebody must act.
    pub urgency: Urgency,
    /// Minutes within which the sender asks for an answer, at most 527,040.
    pub answer_within_minutes: Option<NonZeroU32>,
    /// When the message was sealed, in milliseconds since 1970.
    pub created_ms: u64,
    /// When the hub removes it unread, in milliseconds since 1970.
    pub expires_ms: u64,
    /// Length of the sealed content in bytes, tag included.
    pub content_len: u32,
    /// Commitment to the message key.
    pub key_commit: [u8; 32],
    /// The recipient mailboxes, 1 to 16, group by group.
    pub to: Vec<Recipient>,
    /// The devices that can open it, 1 to 64, ascending by organisation and device.
    pub wraps: Vec<Wrap>,
    /// The attachments, at most 16, ascending.
    pub blobs: Vec<BlobRef>,
    /// The consent handles, at most 8, ascending; at least one exactly when the basis is consent.
    pub handles: Vec<ConsentHandle>,
}

impl HeaderFields {
    /// The groups: each a range of indices into `to`, a primary and the alternates that follow it.
    pub fn groups(&self) -> impl Iterator<Item = Range<usize>> {
        self.to.chunk_by(|_, next| next.kind == RecipientKind::Alternate).scan(0, |next, group| {
            let start = *next;
            *next += group.len();
            Some(start..*next)
        })
    }

    /// Where a device's entry stands in `wraps`.
    #[must_use]
    pub fn wrap_index(&self, org: &OrgId, device: &DeviceId) -> Option<usize> {
        self.wraps.iter().position(|wrap| wrap.org == *org && wrap.device == *device)
    }

    /// The entries of the devices that read `to[index]`.
    pub fn readers(&self, index: usize) -> impl Iterator<Item = &Wrap> {
        self.wraps.iter().filter(move |wrap| wrap.reads(index))
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, InvalidField> {
        r.magic(MAGIC)?;
        if r.u16("header.suite")? != SUITE {
            return Err(Fault::UnknownSuite.in_field("header.suite"));
        }
        let message_id = r.id("header.message_id")?;
        let sender_org = r.id("header.sender_org")?;
        let sender_mailbox = r.id("header.sender_mailbox")?;
        let sender_device = r.id("header.sender_device")?;
        let class = r.code("header.class")?;
        let basis = read_basis(r)?;
        let urgency = r.code("header.urgency")?;
        r.zero(1, "header.flags")?;
        Ok(Self {
            message_id,
            sender_org,
            sender_mailbox,
            sender_device,
            class,
            basis,
            urgency,
            answer_within_minutes: read_answer_within(r)?,
            created_ms: r.u64("header.created_ms")?,
            expires_ms: r.u64("header.expires_ms")?,
            content_len: r.u32("header.content_len")?,
            key_commit: read_commitment(r)?,
            to: read_recipients(r)?,
            wraps: read_wraps(r)?,
            blobs: read_blobs(r)?,
            handles: read_handles(r)?,
        })
    }

    fn write(&self, w: &mut Writer) {
        w.put(MAGIC);
        w.u16(SUITE);
        w.put(self.message_id.as_bytes());
        w.put(self.sender_org.as_bytes());
        w.put(self.sender_mailbox.as_bytes());
        w.put(self.sender_device.as_bytes());
        w.u8(self.class.code());
        w.u8(self.basis.map_or(0, LegalBasis::code));
        w.u8(self.urgency.code());
        w.zero(1);
        w.u32(self.answer_within_minutes.map_or(0, NonZeroU32::get));
        w.u64(self.created_ms);
        w.u64(self.expires_ms);
        w.u32(self.content_len);
        w.put(&self.key_commit);
        self.write_lists(w);
        w.u16(0);
    }

    fn write_lists(&self, w: &mut Writer) {
        w.count8(self.to.len());
        for to in &self.to {
            w.put(to.org.as_bytes());
            w.put(to.mailbox.as_bytes());
            w.u64(to.manifest_serial);
            w.u8(to.kind.code());
        }
        w.count16(self.wraps.len());
        for wrap in &self.wraps {
            w.put(wrap.org.as_bytes());
            w.put(wrap.device.as_bytes());
            w.put(wrap.epoch_key.as_bytes());
            w.u16(wrap.boxes);
        }
        w.count8(self.blobs.len());
        for blob in &self.blobs {
            w.put(blob.id.as_bytes());
            w.u64(blob.len);
        }
        w.count8(self.handles.len());
        for handle in &self.handles {
            w.put(handle.as_bytes());
        }
    }
}

fn read_basis(r: &mut Reader<'_>) -> Result<Option<LegalBasis>, InvalidField> {
    match r.u8("header.basis")? {
        0 => Ok(None),
        code => {
            LegalBasis::try_from(code).map(Some).map_err(|invalid| invalid.fault.in_field("header.basis"))
        }
    }
}

fn read_answer_within(r: &mut Reader<'_>) -> Result<Option<NonZeroU32>, InvalidField> {
    let minutes = NonZeroU32::new(r.u32("header.answer_within_minutes")?);
    check_answer_within(minutes)?;
    Ok(minutes)
}

fn check_answer_within(minutes: Option<NonZeroU32>) -> Result<(), InvalidField> {
    if minutes.is_none_or(|minutes| minutes.get() <= MAX_ANSWER_MINUTES) {
        Ok(())
    } else {
        Err(Fault::BadTime.in_field("header.answer_within_minutes"))
    }
}

fn read_commitment(r: &mut Reader<'_>) -> Result<[u8; 32], InvalidField> {
    let key_commit = r.array("header.key_commit")?;
    rules::check_commitment(&key_commit)?;
    Ok(key_commit)
}

fn read_recipients(r: &mut Reader<'_>) -> Result<Vec<Recipient>, InvalidField> {
    (0..r.count8(1..=MAX_TO, "header.to")?)
        .map(|_| {
            Ok(Recipient {
                org: r.id("header.to.org_id")?,
                mailbox: r.id("header.to.mailbox_id")?,
                manifest_serial: r.u64("header.to.manifest_serial")?,
                kind: r.code("header.to.kind")?,
            })
        })
        .collect()
}

fn read_wraps(r: &mut Reader<'_>) -> Result<Vec<Wrap>, InvalidField> {
    let wraps: Vec<Wrap> = (0..r.count16(1..=MAX_WRAPS, "header.wraps")?)
        .map(|_| {
            Ok(Wrap {
                org: r.id("header.wraps.org_id")?,
                device: r.id("header.wraps.device_id")?,
                epoch_key: r.id("header.wraps.epoch_key_id")?,
                boxes: r.u16("header.wraps.boxes")?,
            })
        })
        .collect::<Result<_, InvalidField>>()?;
    rules::check_wraps_ascend(&wraps)?;
    Ok(wraps)
}

fn read_blobs(r: &mut Reader<'_>) -> Result<Vec<BlobRef>, InvalidField> {
    let blobs: Vec<BlobRef> = (0..r.count8(0..=MAX_BLOBS, "header.blobs")?)
        .map(|_| Ok(BlobRef { id: r.id("header.blobs.blob_id")?, len: r.u64("header.blobs.len")? }))
        .collect::<Result<_, InvalidField>>()?;
    rules::check_blobs_ascend(&blobs)?;
    Ok(blobs)
}

fn read_handles(r: &mut Reader<'_>) -> Result<Vec<ConsentHandle>, InvalidField> {
    let handles: Vec<ConsentHandle> = (0..r.count8(0..=MAX_HANDLES, "header.handles")?)
        .map(|_| r.id("header.handles"))
        .collect::<Result<_, InvalidField>>()?;
    rules::check_handles_ascend(&handles)?;
    Ok(handles)
}

/// A header that obeys every rule of section 6, with the bytes it was read from or encodes to.
#[derive(Clone, PartialEq, Eq)]
pub struct Header {
    fields: HeaderFields,
    bytes: Box<[u8]>,
    hh: [u8; 32],
}

impl std::fmt::Debug for Header {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Header").field(&self.fields).finish()
    }
}

impl Header {
    /// Parses and checks a header.
    ///
    /// # Errors
    /// The first fault in the order of PROTOCOL.md section 6.
    pub fn parse(bytes: &[u8]) -> Result<Self, InvalidField> {
        let mut r = Reader::new(bytes);
        let fields = HeaderFields::read(&mut r)?;
        r.zero(2, "header.ext_len")?;
        r.finish("header")?;
        rules::check(&fields)?;
        Ok(Self::seal(fields, bytes.into()))
    }

    /// Checks and encodes a header.
    ///
    /// # Errors
    /// The fault of a field by itself, then the first fault between fields in the order of PROTOCOL.md section 6.
    pub fn new(fields: HeaderFields) -> Result<Self, InvalidField> {
        check_answer_within(fields.answer_within_minutes)?;
        rules::check_fields(&fields)?;
        rules::check(&fields)?;
        let mut w = Writer::default();
        fields.write(&mut w);
        Ok(Self::seal(fields, w.finish().into()))
    }

    fn seal(fields: HeaderFields, bytes: Box<[u8]>) -> Self {
        let hh = sha256_of(&[b"svk1 header\0", &bytes]);
        Self { fields, bytes, hh }
    }

    /// What it says.
    #[must_use]
    pub const fn fields(&self) -> &HeaderFields {
        &self.fields
    }

    /// The bytes that were parsed, or that the fields encode to: one and the same.
    #[must_use]
    pub const fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// `H("svk1 header\0" || header)`: what receipts and the seal refer to.
    #[must_use]
    pub const fn hh(&self) -> &[u8; 32] {
        &self.hh
    }
}

#[cfg(test)]
mod tests;
