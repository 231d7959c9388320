//! The share of the hub's disk that the messages of one organisation may take.
//!
//! A message is its sender's: what waits for others was written by it, and others can not make it have less room. A re-wrap is the
//! organisation's whose device gave it.

use samverkan_proto::ids::OrgId;
use samverkan_proto::limits::{MAX_MESSAGE_BYTES_PER_ORG, MESSAGE_TRACES};

use crate::store::draft::Draft;
use crate::store::error::StoreError;
use crate::store::journal::Location;
use crate::store::key;

/// Whether an organisation has room for a message of about `len` bytes.
pub(super) fn check(draft: &Draft, org: &OrgId, len: usize) -> Result<(), StoreError> {
    let more = MESSAGE_TRACES.saturating_add(len as u64);
    let after = draft.counter(&key::message_bytes(org))?.saturating_add(more);
    if after > MAX_MESSAGE_BYTES_PER_ORG { Err(StoreError::Quota) } else { Ok(()) }
}

/// What a stored message counts for. Its copy elsewhere in the journal is as long.
pub(in crate::store) fn of_message(location: Location) -> i64 {
    i64::from(location.len) + of_tombstone()
}

/// What is counted for a message that was purged.
pub(in crate::store) const fn of_tombstone() -> i64 {
    MESSAGE_TRACES as i64
}

/// A message of the organisation was stored.
pub(super) fn stored(draft: &mut Draft, org: &OrgId, location: Location) -> Result<(), StoreError> {
    draft.count(key::message_bytes(org), of_message(location))
}

/// A message of the organisation was purged; its receipts are still kept.
pub(in crate::store) fn purged(draft: &mut Draft, org: &OrgId, location: Location) -> Result<(), StoreError> {
    draft.count(key::message_bytes(org), of_tombstone() - of_message(location))
}

/// Whether an organisation has room for a re-wrap of about `len` bytes.
pub(super) fn check_rewrap(draft: &Draft, org: &OrgId, len: usize) -> Result<(), StoreError> {
    let after = draft.counter(&key::message_bytes(org))?.saturating_add(len as u64);
    if after > MAX_MESSAGE_BYTES_PER_ORG { Err(StoreError::Quota) } else { Ok(()) }
}

/// What a stored re-wrap counts for.
pub(in crate::store) fn of_rewrap(location: Location) -> i64 {
    i64::from(location.len)
}

/// A device of the organisation gave a message to a colleague's.
pub(super) fn rewrapped(draft: &mut Draft, org: &OrgId, location: Location) -> Result<(), StoreError> {
    draft.count(key::message_bytes(org), of_rewrap(location))
}

/// A re-wrap of the organisation went with its message.
pub(super) fn rewrap_dropped(draft: &mut Draft, org: &OrgId, location: Location) -> Result<(), StoreError> {
    draft.count(key::message_bytes(org), -of_rewrap(location))
}

/// Nothing of a message of the organisation is kept any more.
pub(in crate::store) fn forgotten(draft: &mut Draft, org: &OrgId) -> Result<(), StoreError> {
    draft.count(key::message_bytes(org), -of_tombstone())
}
