//! The keys of the index. Each begins with a letter for what it leads to. A value that stands for a record begins
//! with the record's location.
//!
//! | key | value |
//! |---|---|
//! | `l` index\[8\] | log entry: location |
//! | `i` code hash\[32\] | open invite: location |
//! | `j` code hash\[32\] | used invite: location |
//! | `p` org\[16\] code hash\[32\] | invite of a member: location |
//! | `w` statement hash\[32\] | an action that waits for a second signature: location |
//! | `m` message id\[16\] | stored message: `MessageValue` |
//! | `t` message id\[16\] | purged message: `TombstoneValue` |
//! | `r` message id\[16\] seq\[8\] | what was said about a message: `FactValue` |
//! | `f` batch\[8\] | receipt batch: location, `u32` number of its receipts that are kept |
//! | `q` device\[16\] cursor\[8\] | a delivery that waits: message id, `u8` wrap |
//! | `e` device\[16\] cursor\[8\] | an event that waits: message id |
//! | `a` device\[16\] | events taken: location, `u64` through |
//! | `n` org\[16\] mailbox\[16\] | `u64` number of messages that wait for the mailbox |
//! | `h` consent handle\[16\] | consent: see `record/consent.rs` |
//! | `c` org\[16\] | `u64` number of its unused consents |
//! | `b` org\[16\] blob id\[32\] | complete attachment: `BlobValue` |
//! | `u` org\[16\] | `u64` bytes that its messages take |
//! | `s` org\[16\] | `u64` bytes of its attachments |
//! | `k` | a claim on the log: location |
//! | `z` | `u64` number of stored messages |
//! | `d` due\[8\] `u8` kind, id | work for the clock: empty |

use samverkan_proto::ids::{ConsentHandle, DeviceId, MessageId, OrgId};
use samverkan_proto::statement::receipt::MailboxRef;

use super::journal::Location;
use super::record;
use crate::blob::BlobKey;
use crate::registry::CodeHash;

pub(super) const LOG: u8 = b'l';
pub(super) const INVITE: u8 = b'i';
pub(super) const USED_INVITE: u8 = b'j';
pub(super) const MEMBER_INVITE: u8 = b'p';
pub(super) const WAITING_ACTION: u8 = b'w';
pub(super) const MESSAGE: u8 = b'm';
pub(super) const TOMBSTONE: u8 = b't';
pub(super) const FACT: u8 = b'r';
pub(super) const RECEIPT_BATCH: u8 = b'f';
pub(super) const DELIVERY: u8 = b'q';
pub(super) const EVENT: u8 = b'e';
pub(super) const EVENTS_TAKEN: u8 = b'a';
pub(super) const WAITING: u8 = b'n';
pub(super) const DUE: u8 = b'd';
pub(super) const BLOB: u8 = b'b';
pub(super) const BLOB_BYTES: u8 = b's';
pub(super) const MESSAGE_BYTES: u8 = b'u';

/// A letter and the fields behind it.
fn key<const N: usize>(letter: u8, fields: [&[u8]; N]) -> Vec<u8> {
    let mut key = vec![letter];
    fields.iter().for_each(|field| key.extend_from_slice(field));
    key
}

pub(super) fn log(index: u64) -> Vec<u8> {
    key(LOG, [&index.to_be_bytes()])
}

pub(super) fn invite(code: &CodeHash) -> Vec<u8> {
    key(INVITE, [code.as_bytes()])
}

pub(super) fn used_invite(code: &CodeHash) -> Vec<u8> {
    key(USED_INVITE, [code.as_bytes()])
}

pub(super) fn member_invite((org, code): &record::member::Name) -> Vec<u8> {
    key(MEMBER_INVITE, [org.as_bytes(), code.as_bytes()])
}

pub(super) fn waiting_action(statement: &[u8; 32]) -> Vec<u8> {
    key(WAITING_ACTION, [statement])
}

pub(super) fn message(id: &MessageId) -> Vec<u8> {
    key(MESSAGE, [id.as_bytes()])
}

pub(super) fn tombstone(id: &MessageId) -> Vec<u8> {
    key(TOMBSTONE, [id.as_bytes()])
}

pub(super) fn fact(id: &MessageId, seq: u64) -> Vec<u8> {
    key(FACT, [id.as_bytes(), &seq.to_be_bytes()])
}

/// The prefix of all facts about a message.
pub(super) fn facts(id: &MessageId) -> Vec<u8> {
    key(FACT, [id.as_bytes()])
}

pub(super) fn receipt_batch(batch: u64) -> Vec<u8> {
    key(RECEIPT_BATCH, [&batch.to_be_bytes()])
}

pub(super) fn delivery(device: &DeviceId, cursor: u64) -> Vec<u8> {
    key(DELIVERY, [device.as_bytes(), &cursor.to_be_bytes()])
}

pub(super) fn event(device: &DeviceId, cursor: u64) -> Vec<u8> {
    key(EVENT, [device.as_bytes(), &cursor.to_be_bytes()])
}

/// The prefix of all events that wait for a device.
pub(super) fn events(device: &DeviceId) -> Vec<u8> {
    key(EVENT, [device.as_bytes()])
}

pub(super) fn events_taken(device: &DeviceId) -> Vec<u8> {
    key(EVENTS_TAKEN, [device.as_bytes()])
}

pub(super) fn waiting(mailbox: &MailboxRef) -> Vec<u8> {
    key(WAITING, [mailbox.org.as_bytes(), mailbox.mailbox.as_bytes()])
}

pub(super) fn consent(handle: &ConsentHandle) -> Vec<u8> {
    key(b'h', [handle.as_bytes()])
}

pub(super) fn unused_consents(org: &OrgId) -> Vec<u8> {
    key(b'c', [org.as_bytes()])
}

pub(super) fn blob(blob: &BlobKey) -> Vec<u8> {
    key(BLOB, [&record::blob::id(blob)])
}

pub(super) fn blob_bytes(org: &OrgId) -> Vec<u8> {
    key(BLOB_BYTES, [org.as_bytes()])
}

pub(super) fn message_bytes(org: &OrgId) -> Vec<u8> {
    key(MESSAGE_BYTES, [org.as_bytes()])
}

pub(super) fn claim() -> Vec<u8> {
    key(b'k', [])
}

pub(super) fn messages() -> Vec<u8> {
    key(b'z', [])
}

/// What the clock must do at some time. The numbers stand in keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    Expire = 1,
    Lapse = 2,
    Forget = 3,
    Consent = 4,
    Blob = 5,
    Invite = 6,
    UsedInvite = 7,
    MemberInvite = 8,
    WaitingAction = 9,
}

impl Due {
    const ALL: [Self; 9] = [
        Self::Expire,
        Self::Lapse,
        Self::Forget,
        Self::Consent,
        Self::Blob,
        Self::Invite,
        Self::UsedInvite,
        Self::MemberInvite,
        Self::WaitingAction,
    ];
}

pub(super) fn due(at_ms: u64, what: Due, id: &[u8]) -> Vec<u8> {
    key(DUE, [&at_ms.to_be_bytes(), &[what as u8], id])
}

/// Where work begins that is due at `at_ms` or later.
pub(super) fn due_from(at_ms: u64) -> Vec<u8> {
    key(DUE, [&at_ms.to_be_bytes()])
}

/// Reads the key of work for the clock: when, what, and for whom.
pub(super) fn parse_due(key: &[u8]) -> Option<(u64, Due, &[u8])> {
    let (at_ms, rest) = key.strip_prefix(&[DUE])?.split_first_chunk()?;
    let (what, id) = rest.split_first()?;
    let what = Due::ALL.into_iter().find(|due| *due as u8 == *what)?;
    Some((u64::from_be_bytes(*at_ms), what, id))
}

/// The cursor at the end of a key, or the sequence number.
pub(super) fn cursor(key: &[u8]) -> Option<u64> {
    key.last_chunk().map(|bytes| u64::from_be_bytes(*bytes))
}

/// The location that a value begins with.
pub(super) fn location(value: &[u8]) -> Option<Location> {
    value.first_chunk().map(Location::from_bytes)
}
