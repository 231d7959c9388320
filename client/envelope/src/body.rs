//! What is inside a seal (PROTOCOL.md section 8).

use crate::consent::ConsentOpening;
use crate::wire::{self, decode_canonical};
use prost::Message as _;
use samverkan_proto::code::Kind;
use samverkan_proto::ids::{BlobId, MessageId, SendId, ThreadId};
use samverkan_proto::limits::{MAX_BLOBS, MAX_BODY, MAX_HANDLES, MAX_TRUE_LEN};
use samverkan_proto::{Fault, InvalidField};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// The only schema there is.
const SCHEMA: u32 = 1;
/// The protobuf key of `schema`: field 1, a varint.
const SCHEMA_KEY: u8 = 0x08;
/// Longest form name, in bytes.
pub const MAX_FORM: usize = 64;
/// Most form fields.
pub const MAX_FIELDS: usize = 256;
/// Longest name of a form field, in bytes.
pub const MAX_FIELD_NAME: usize = 64;
/// Longest subject, in bytes.
pub const MAX_SUBJECT: usize = 400;
/// Longest text, in bytes.
pub const MAX_TEXT: usize = 524_288;
/// Longest file name, in bytes.
pub const MAX_NAME: usize = 255;
/// Longest media type, in bytes.
pub const MAX_MEDIA_TYPE: usize = 127;

/// The content of a message. [`Body::encode`] and [`Body::decode`] see to the rules.
#[derive(Clone)]
pub struct Body {
    /// What the message is.
    pub kind: Kind,
    /// Stays the same when the message is sealed again under a new `message_id`.
    pub send_id: SendId,
    /// The thread; a first message makes a new one.
    pub thread_id: ThreadId,
    /// The message that this one answers.
    pub in_reply_to: Option<MessageId>,
    /// Form name and version, such as `general-1`: `[a-z0-9-]`, at most 64; empty without a form.
    pub form: String,
    /// What was filled in, at most 256, ascending by name.
    pub fields: Vec<Field>,
    /// At most 400 bytes.
    pub subject: String,
    /// At most 524,288 bytes.
    pub text: String,
    /// At most 16, ascending by blob id.
    pub attachments: Vec<Attachment>,
    /// At most 8, ascending by handle.
    pub consents: Vec<ConsentOpening>,
    /// The sender's newest verified signed checkpoint, as a signed note.
    pub checkpoint: Vec<u8>,
}

/// Says nothing of the content.
impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Body").field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// One field of a form.
#[derive(Clone, PartialEq, Eq)]
pub struct Field {
    /// `[a-z0-9_]`, 1 to 64.
    pub name: String,
    /// What was filled in.
    pub value: String,
}

/// The key of one attachment. Wiped when dropped.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct FileKey([u8; 32]);

impl FileKey {
    /// Takes 32 random bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The key, to be stored sealed.
    #[must_use]
    pub const fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

/// One attachment: where its sealed bytes are, and what they must open to.
#[derive(Clone)]
pub struct Attachment {
    /// The digest of the sealed bytes.
    pub blob_id: BlobId,
    /// The key of the file.
    pub file_key: FileKey,
    /// Bytes of the file.
    pub plaintext_len: u64,
    /// SHA-256 of the file.
    pub plaintext_sha256: [u8; 32],
    /// The name the sender gave it, at most 255 bytes of one path component. It is a label, never to be used as a path.
    pub name: String,
    /// What the sender says it is, at most 127 bytes.
    pub media_type: String,
}

impl Body {
    /// Puts the lists into the order that the rules ask for.
    pub fn sort(&mut self) {
        self.fields.sort_by(|a, b| a.name.cmp(&b.name));
        self.attachments.sort_by_key(|attachment| attachment.blob_id);
        self.consents.sort_by_key(ConsentOpening::claimed_handle);
    }

    /// Checks every rule and encodes.
    ///
    /// # Errors
    /// The field that breaks its rule: `bad_text`, `bad_length`, `count_out_of_range` or `not_ascending`.
    pub fn encode(&self) -> Result<Zeroizing<Vec<u8>>, InvalidField> {
        self.check()?;
        let encoded = Zeroizing::new(self.to_wire().encode_to_vec());
        within(encoded.len(), MAX_BODY, "body")?;
        Ok(encoded)
    }

    /// Decodes a body in canonical form that obeys every rule.
    ///
    /// # Errors
    /// `schema_too_new`, else `body_malformed` with the field.
    pub fn decode(bytes: &[u8]) -> Result<Self, InvalidField> {
        check_schema(bytes)?;
        let malformed = |invalid: InvalidField| Fault::BodyMalformed.in_field(invalid.field);
        let wire: wire::Body = decode_canonical(bytes).ok_or(Fault::BodyMalformed.in_field("body"))?;
        let body = Self::from_wire(wire).map_err(malformed)?;
        body.check().map_err(malformed)?;
        Ok(body)
    }

    fn check(&self) -> Result<(), InvalidField> {
        text(&self.form, 0..=MAX_FORM, is_dashed, "body.form")?;
        at_most(self.fields.len(), MAX_FIELDS, "body.fields")?;
        for field in &self.fields {
            text(&field.name, 1..=MAX_FIELD_NAME, is_underscored, "body.fields.name")?;
        }
        ascending(&self.fields, |field| field.name.as_str(), "body.fields")?;
        within(self.subject.len(), MAX_SUBJECT, "body.subject")?;
        within(self.text.len(), MAX_TEXT, "body.text")?;
        at_most(self.attachments.len(), MAX_BLOBS.into(), "body.attachments")?;
        self.attachments.iter().try_for_each(Attachment::check)?;
        ascending(&self.attachments, |attachment| attachment.blob_id, "body.attachments")?;
        at_most(self.consents.len(), MAX_HANDLES.into(), "body.consents")?;
        ascending(&self.consents, ConsentOpening::claimed_handle, "body.consents")
    }

    fn to_wire(&self) -> wire::Body {
        wire::Body {
            schema: SCHEMA,
            kind: self.kind.code().into(),
            send_id: self.send_id.as_bytes().to_vec(),
            thread_id: self.thread_id.as_bytes().to_vec(),
            in_reply_to: self.in_reply_to.map(|id| id.as_bytes().to_vec()).unwrap_or_default(),
            form: self.form.clone(),
            fields: self
                .fields
                .iter()
                .map(|field| wire::Field { name: field.name.clone(), value: field.value.clone() })
                .collect(),
            subject: self.subject.clone(),
            text: self.text.clone(),
            attachments: self.attachments.iter().map(Attachment::to_wire).collect(),
            consents: self.consents.iter().map(ConsentOpening::to_wire).collect(),
            checkpoint: self.checkpoint.clone(),
        }
    }

    fn from_wire(wire: wire::Body) -> Result<Self, InvalidField> {
        Ok(Self {
            kind: wire.kind.try_into()?,
            send_id: SendId::parse(&wire.send_id)?,
            thread_id: ThreadId::parse(&wire.thread_id)?,
            in_reply_to: match wire.in_reply_to.as_slice() {
                [] => None,
                id => Some(MessageId::parse(id)?),
            },
            form: wire.form,
            fields: wire
                .fields
                .into_iter()
                .map(|field| Field { name: field.name, value: field.value })
                .collect(),
            subject: wire.subject,
            text: wire.text,
            attachments: wire.attachments.into_iter().map(Attachment::from_wire).collect::<Result<_, _>>()?,
            consents: wire.consents.into_iter().map(ConsentOpening::from_wire).collect::<Result<_, _>>()?,
            checkpoint: wire.checkpoint,
        })
    }
}

/// The schema stands first, as the shortest varint of a `uint32`, so it is read before anything that a newer one may have changed.
fn check_schema(bytes: &[u8]) -> Result<(), InvalidField> {
    match bytes.strip_prefix(&[SCHEMA_KEY]).and_then(shortest_varint) {
        None | Some(0) => Err(Fault::BodyMalformed.in_field("body.schema")),
        Some(SCHEMA) => Ok(()),
        Some(_) => Err(Fault::SchemaTooNew.in_field("body.schema")),
    }
}

/// The `uint32` that `bytes` begin with, if it is written as short as can be.
fn shortest_varint(bytes: &[u8]) -> Option<u32> {
    let mut rest = bytes;
    let value = prost::encoding::decode_varint(&mut rest).ok()?;
    let shortest = bytes.len() - rest.len() == prost::encoding::encoded_len_varint(value);
    u32::try_from(value).ok().filter(|_| shortest)
}

impl Attachment {
    fn check(&self) -> Result<(), InvalidField> {
        if self.plaintext_len > MAX_TRUE_LEN {
            return Err(Fault::BadLength.in_field("body.attachments.plaintext_len"));
        }
        within(self.name.len(), MAX_NAME, "body.attachments.name")?;
        if !is_label(&self.name) {
            return Err(Fault::BadText.in_field("body.attachments.name"));
        }
        within(self.media_type.len(), MAX_MEDIA_TYPE, "body.attachments.media_type")
    }

    fn to_wire(&self) -> wire::Attachment {
        wire::Attachment {
            blob_id: self.blob_id.as_bytes().to_vec(),
            file_key: self.file_key.0.to_vec(),
            plaintext_len: self.plaintext_len,
            plaintext_sha256: self.plaintext_sha256.to_vec(),
            name: self.name.clone(),
            media_type: self.media_type.clone(),
        }
    }

    fn from_wire(wire: wire::Attachment) -> Result<Self, InvalidField> {
        let file_key = Zeroizing::new(wire.file_key);
        Ok(Self {
            blob_id: BlobId::parse(&wire.blob_id)?,
            file_key: FileKey(array(&file_key, "body.attachments.file_key")?),
            plaintext_len: wire.plaintext_len,
            plaintext_sha256: array(&wire.plaintext_sha256, "body.attachments.plaintext_sha256")?,
            name: wire.name,
            media_type: wire.media_type,
        })
    }
}

/// Bytes of a fixed number.
pub(crate) fn array<const N: usize>(bytes: &[u8], field: &'static str) -> Result<[u8; N], InvalidField> {
    bytes.try_into().map_err(|_| Fault::BadLength.in_field(field))
}

/// A text of some number of bytes, of which each is allowed.
pub(crate) fn text(
    text: &str,
    length: std::ops::RangeInclusive<usize>,
    allowed: impl Fn(u8) -> bool,
    field: &'static str,
) -> Result<(), InvalidField> {
    if length.contains(&text.len()) && text.bytes().all(allowed) {
        Ok(())
    } else {
        Err(Fault::BadText.in_field(field))
    }
}

/// `[a-z0-9-]`.
pub(crate) const fn is_dashed(byte: u8) -> bool {
    matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-')
}

/// Whether a file name names nothing outside its folder and shows as what it is: no separator, control or line end, and no
/// character that reorders its neighbours (the bidirectional controls of UAX #9).
fn is_label(name: &str) -> bool {
    let misleads = |c: char| {
        matches!(c, '/' | '\\' | '\0'..='\x1f' | '\x7f'..='\u{9f}'
            | '\u{61c}' | '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    !matches!(name, "." | "..") && !name.contains(misleads)
}

const fn is_underscored(byte: u8) -> bool {
    matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_')
}

/// A length in bytes.
pub(crate) fn within(len: usize, max: usize, field: &'static str) -> Result<(), InvalidField> {
    if len <= max { Ok(()) } else { Err(Fault::BadLength.in_field(field)) }
}

/// A number of list entries.
pub(crate) fn at_most(count: usize, max: usize, field: &'static str) -> Result<(), InvalidField> {
    if count <= max { Ok(()) } else { Err(Fault::CountOutOfRange.in_field(field)) }
}

/// Strictly ascending by `key`.
pub(crate) fn ascending<'a, T, K: Ord>(
    list: &'a [T],
    key: impl Fn(&'a T) -> K,
    field: &'static str,
) -> Result<(), InvalidField> {
    let sorted = list.iter().zip(list.iter().skip(1)).all(|(a, b)| key(a) < key(b));
    if sorted { Ok(()) } else { Err(Fault::NotAscending.in_field(field)) }
}
