//! A message header (PROTOCOL.md section 6) whose every field can be wrong.

use super::bytes::{Put as _, count, random};
use samverkan_proto::code::LegalBasis;
use samverkan_proto::statement::header::{BlobRef, Header, Recipient, Wrap};

/// One entry of `to`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawRecipient {
    /// Whose mailbox it is.
    pub org: [u8; 16],
    /// The mailbox.
    pub mailbox: [u8; 16],
    /// The manifest its readers were taken from.
    pub serial: u64,
    /// 0 primary, 1 alternate.
    pub kind: u8,
}

impl From<&Recipient> for RawRecipient {
    fn from(to: &Recipient) -> Self {
        let (org, mailbox) = (*to.org.as_bytes(), *to.mailbox.as_bytes());
        Self { org, mailbox, serial: to.manifest_serial, kind: to.kind.code() }
    }
}

/// One entry of the wraps' list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawWrap {
    /// The device's organisation.
    pub org: [u8; 16],
    /// The device.
    pub device: [u8; 16],
    /// Its key of the week.
    pub epoch_key: [u8; 32],
    /// The mailboxes it reads.
    pub boxes: u16,
}

impl From<&Wrap> for RawWrap {
    fn from(wrap: &Wrap) -> Self {
        let (org, device) = (*wrap.org.as_bytes(), *wrap.device.as_bytes());
        Self { org, device, epoch_key: *wrap.epoch_key.as_bytes(), boxes: wrap.boxes }
    }
}

/// One attachment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawBlob {
    /// Its digest.
    pub id: [u8; 32],
    /// Its length.
    pub len: u64,
}

impl From<&BlobRef> for RawBlob {
    fn from(blob: &BlobRef) -> Self {
        Self { id: *blob.id.as_bytes(), len: blob.len }
    }
}

/// A header, field by field. A count of `None` is the length of its list.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "the names are those of PROTOCOL.md section 6")]
pub struct RawHeader {
    pub magic: [u8; 4],
    pub suite: u16,
    pub message_id: [u8; 16],
    pub sender_org: [u8; 16],
    pub sender_mailbox: [u8; 16],
    pub sender_device: [u8; 16],
    pub class: u8,
    pub basis: u8,
    pub urgency: u8,
    pub flags: u8,
    pub answer_within_minutes: u32,
    pub created_ms: u64,
    pub expires_ms: u64,
    pub content_len: u32,
    pub key_commit: [u8; 32],
    pub n_to: Option<u8>,
    pub to: Vec<RawRecipient>,
    pub n_wrap: Option<u16>,
    pub wraps: Vec<RawWrap>,
    pub n_blob: Option<u8>,
    pub blobs: Vec<RawBlob>,
    pub n_handle: Option<u8>,
    pub handles: Vec<[u8; 16]>,
    pub ext_len: u16,
}

impl RawHeader {
    /// A header that obeys every rule that does not concern sender, recipients and wraps, which are empty.
    #[must_use]
    pub fn new(created_ms: u64) -> Self {
        Self {
            magic: *b"SVK1",
            suite: 1,
            message_id: *samverkan_proto::ids::MessageId::random().as_bytes(),
            sender_org: [0; 16],
            sender_mailbox: [0; 16],
            sender_device: [0; 16],
            class: 1,
            basis: 5,
            urgency: 1,
            flags: 0,
            answer_within_minutes: 0,
            created_ms,
            expires_ms: created_ms + 7 * 86_400_000,
            content_len: 4096 + 16,
            key_commit: random(),
            n_to: None,
            to: Vec::new(),
            n_wrap: None,
            wraps: Vec::new(),
            n_blob: None,
            blobs: Vec::new(),
            n_handle: None,
            handles: Vec::new(),
            ext_len: 0,
        }
    }

    /// The fields of a header that was parsed.
    ///
    /// # Panics
    /// When the two writers of the layout disagree.
    #[must_use]
    pub fn of(header: &Header) -> Self {
        let fields = header.fields();
        let mut raw = Self::new(fields.created_ms);
        raw.message_id = *fields.message_id.as_bytes();
        raw.sender_org = *fields.sender_org.as_bytes();
        raw.sender_mailbox = *fields.sender_mailbox.as_bytes();
        raw.sender_device = *fields.sender_device.as_bytes();
        raw.class = fields.class.code();
        raw.basis = fields.basis.map_or(0, LegalBasis::code);
        raw.urgency = fields.urgency.code();
        raw.answer_within_minutes = fields.answer_within_minutes.map_or(0, u32::from);
        raw.expires_ms = fields.expires_ms;
        raw.content_len = fields.content_len;
        raw.key_commit = fields.key_commit;
        raw.to = fields.to.iter().map(Into::into).collect();
        raw.wraps = fields.wraps.iter().map(Into::into).collect();
        raw.blobs = fields.blobs.iter().map(Into::into).collect();
        raw.handles = fields.handles.iter().map(|handle| *handle.as_bytes()).collect();
        assert_eq!(raw.encode(), header.bytes(), "two writers, one layout");
        raw
    }

    /// Sorts the lists as the rules ask: primaries with their alternates stay together.
    pub fn sort(&mut self) {
        self.wraps.sort_by_key(|wrap| (wrap.org, wrap.device));
        self.blobs.sort_by_key(|blob| blob.id);
        self.handles.sort_unstable();
    }

    /// The bytes, whatever they are worth.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut w = Vec::new();
        w.put(&self.magic);
        w.u16(self.suite);
        for id in [self.message_id, self.sender_org, self.sender_mailbox, self.sender_device] {
            w.put(&id);
        }
        w.put(&[self.class, self.basis, self.urgency, self.flags]);
        w.u32(self.answer_within_minutes);
        w.u64(self.created_ms);
        w.u64(self.expires_ms);
        w.u32(self.content_len);
        w.put(&self.key_commit);
        self.encode_lists(&mut w);
        w.u16(self.ext_len);
        w
    }

    fn encode_lists(&self, w: &mut Vec<u8>) {
        w.u8(self.n_to.unwrap_or_else(|| count(self.to.len())));
        for to in &self.to {
            w.put(&to.org);
            w.put(&to.mailbox);
            w.u64(to.serial);
            w.u8(to.kind);
        }
        w.u16(self.n_wrap.unwrap_or_else(|| count(self.wraps.len())));
        for wrap in &self.wraps {
            w.put(&wrap.org);
            w.put(&wrap.device);
            w.put(&wrap.epoch_key);
            w.u16(wrap.boxes);
        }
        w.u8(self.n_blob.unwrap_or_else(|| count(self.blobs.len())));
        for blob in &self.blobs {
            w.put(&blob.id);
            w.u64(blob.len);
        }
        w.u8(self.n_handle.unwrap_or_else(|| count(self.handles.len())));
        for handle in &self.handles {
            w.put(handle);
        }
    }
}
