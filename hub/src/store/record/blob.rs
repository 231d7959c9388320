//! Attachments: that a file is there, whose it is, and how many messages name it.
//!
//! ```text
//! blob = org[16] blob_id[32] u64 len u64 stored_ms
//! ```

use samverkan_proto::ids::{BlobId, OrgId};

use crate::blob::BlobKey;
use crate::store::codec::Take;
use crate::store::journal::Location;

/// A complete attachment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) struct StoredBlob {
    pub(in crate::store) key: BlobKey,
    pub(in crate::store) len: u64,
    pub(in crate::store) stored_ms: u64,
}

impl StoredBlob {
    pub(in crate::store) fn encode(&self) -> Vec<u8> {
        let mut head = id(&self.key).to_vec();
        head.extend_from_slice(&self.len.to_be_bytes());
        head.extend_from_slice(&self.stored_ms.to_be_bytes());
        head
    }

    pub(in crate::store) fn parse(head: &[u8]) -> Option<Self> {
        let mut take = Take::new(head);
        let key = parse_id(take.bytes(48)?)?;
        let blob = Self { key, len: take.u64()?, stored_ms: take.u64()? };
        take.is_empty().then_some(blob)
    }
}

/// What the index says of an attachment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) struct BlobValue {
    pub(in crate::store) location: Location,
    pub(in crate::store) len: u64,
    /// Stored messages that name it.
    pub(in crate::store) references: u32,
}

impl BlobValue {
    pub(in crate::store) fn encode(&self) -> Vec<u8> {
        let mut value = self.location.to_bytes().to_vec();
        value.extend_from_slice(&self.len.to_be_bytes());
        value.extend_from_slice(&self.references.to_be_bytes());
        value
    }

    pub(in crate::store) fn parse(value: &[u8]) -> Option<Self> {
        let mut take = Take::new(value);
        let location = Location::from_bytes(&take.array()?);
        let value = Self { location, len: take.u64()?, references: take.u32()? };
        take.is_empty().then_some(value)
    }
}

/// The bytes that name an attachment in keys: its organisation and its id.
pub(in crate::store) fn id(key: &BlobKey) -> [u8; 48] {
    let mut id = [0; 48];
    id[..16].copy_from_slice(key.org.as_bytes());
    id[16..].copy_from_slice(key.id.as_bytes());
    id
}

/// Reads the bytes that name an attachment.
pub(in crate::store) fn parse_id(id: &[u8]) -> Option<BlobKey> {
    let (org, blob) = id.split_first_chunk::<16>()?;
    Some(BlobKey { org: OrgId::parse(org).ok()?, id: BlobId::parse(blob).ok()? })
}
