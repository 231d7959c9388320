//! Attachments, sealed and opened as streams in constant memory (PROTOCOL.md section 9).
//!
//! * [`BlobSealer`] takes a file piece by piece and gives sealed bytes; its [`BlobOutline`] says what the result was, and lets
//!   a later run give any part of it again without ever sealing different bytes under the same key.
//! * [`BlobOpener`] takes sealed bytes piece by piece and gives back only what has been verified.
//!
//! Neither reads nor writes anything: pieces may be of any size, and one segment is all that they hold.

mod open;
mod seal;

pub use open::{BlobOpener, OpenedBlob};
pub use seal::{BlobOutline, BlobSealer, BlobSecret, ResealError, SealBlobError};

use crate::body::FileKey;
use crate::context;
use crate::suite::{AeadKey, hkdf};
use samverkan_proto::limits::{BLOB_HEADER, SEGMENT, TAG_LEN};

/// What a blob begins with: `"SVKB" u16 1`.
const PREAMBLE: [u8; 6] = *b"SVKB\0\x01";
/// A full segment with its tag.
const SEALED_SEGMENT: usize = SEGMENT + TAG_LEN;
/// The true length before the data.
const LENGTH_PREFIX: usize = 8;

/// Where segment `index` begins in the sealed bytes.
#[must_use]
pub const fn segment_offset(index: u64) -> u64 {
    BLOB_HEADER as u64 + index * SEALED_SEGMENT as u64
}

/// The key of a blob's segments.
fn segment_key(salt: &[u8; 16], file_key: &FileKey) -> AeadKey {
    AeadKey::new(&hkdf(salt, file_key.expose(), context::BLOB))
}

/// The commitment to a blob's key.
fn commitment(salt: &[u8; 16], file_key: &FileKey) -> [u8; 32] {
    *hkdf(salt, file_key.expose(), context::BLOB_COMMIT)
}
