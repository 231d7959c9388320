//! A message as it was handed in.

use bytes::Bytes;
use samverkan_proto::ids::{MessageId, sha256};
use samverkan_proto::statement::header::Header;
use samverkan_proto::statement::receipt::wraps_hash;

use crate::store::journal::Body;
use crate::store::record::mail::Hashes;

/// A message with everything about its bytes that costs time, computed by whoever received it.
#[derive(Clone, Debug)]
pub struct Sealed {
    pub(in crate::store) header: Header,
    pub(in crate::store) wraps_len: u32,
    pub(in crate::store) body: Body,
    pub(in crate::store) hashes: Hashes,
}

impl Sealed {
    /// A message of these parts. That `wraps` and `content` have the lengths that the header announces, the caller
    /// has checked.
    pub fn new(header: Header, wraps: Bytes, content: Bytes) -> Self {
        let hashes = Hashes { hh: *header.hh(), content: sha256(&content), wraps: wraps_hash(&wraps) };
        // At most 64 wraps of 1,168 bytes.
        let wraps_len = wraps.len() as u32;
        Self { header, wraps_len, body: Body::new(wraps, content), hashes }
    }

    /// The message's id.
    pub fn id(&self) -> MessageId {
        self.header.fields().message_id
    }

    /// Its header.
    pub fn header(&self) -> &Header {
        &self.header
    }
}
