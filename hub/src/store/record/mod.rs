//! What the journal's records say. A record's head is what a rebuild of the index needs; its body is the rest.
//!
//! | kind | record | head | body |
//! |---|---|---|---|
//! | 1 | log entry | `u64 index, leaf data` | the leaf's record |
//! | 2 | invite | see `invite.rs` | — |
//! | 3 | used invite | see `invite.rs` | — |
//! | 4 | message | see `mail.rs` | wraps, content |
//! | 5 | hub receipt of types 2 to 9 and 11 | see `mail.rs` | — |
//! | 6 | device receipt | see `mail.rs` | — |
//! | 7 | mailboxes opened later | see `mail.rs` | — |
//! | 8 | receipt batch | see `mail.rs` | signature and leaf hashes |
//! | 9 | tombstone | see `tombstone.rs` | — |
//! | 10 | events taken | `device[16] u64 through` | — |
//! | 11 | consent stub | `SVKC` | — |
//! | 12 | used consent | see `consent.rs` | — |
//! | 13 | blob | see `blob.rs` | — |
//! | 14 | member invite | see `member.rs` | — |
//! | 16 | re-wrap | see `mail.rs` | — |
//! | 17 | action that waits for a second signature | `SVKA` | — |
//! | 18 | claim on the log | see `claim.rs` | — |
//! | 19 | order to stop | see `stop.rs` | — |
//! | 20 | withdrawn consent | see `consent.rs` | — |

pub(super) mod blob;
pub(super) mod claim;
pub(super) mod consent;
pub(super) mod invite;
pub(super) mod laws;
pub(super) mod mail;
pub(super) mod member;
pub(super) mod stop;
pub(super) mod tombstone;

use bytes::Bytes;
use samverkan_proto::ids::DeviceId;
use samverkan_proto::statement::log::Leaf;
use samverkan_proto::statement::operator::SignedAction;

use super::codec::Take;
use super::key;

/// Record kinds. Their numbers stand on disk.
pub(super) mod kind {
    pub(in crate::store) const LOG_ENTRY: u8 = 1;
    pub(in crate::store) const INVITE: u8 = 2;
    pub(in crate::store) const USED_INVITE: u8 = 3;
    pub(in crate::store) const MESSAGE: u8 = 4;
    pub(in crate::store) const HUB_RECEIPT: u8 = 5;
    pub(in crate::store) const DEVICE_RECEIPT: u8 = 6;
    pub(in crate::store) const OPENED: u8 = 7;
    pub(in crate::store) const RECEIPT_BATCH: u8 = 8;
    pub(in crate::store) const TOMBSTONE: u8 = 9;
    pub(in crate::store) const EVENTS_TAKEN: u8 = 10;
    pub(in crate::store) const CONSENT: u8 = 11;
    pub(in crate::store) const USED_CONSENT: u8 = 12;
    pub(in crate::store) const BLOB: u8 = 13;
    pub(in crate::store) const MEMBER_INVITE: u8 = 14;
    pub(in crate::store) const REWRAP: u8 = 16;
    pub(in crate::store) const WAITING_ACTION: u8 = 17;
    pub(in crate::store) const CLAIM: u8 = 18;
    pub(in crate::store) const STOP: u8 = 19;
    pub(in crate::store) const WITHDRAWN_CONSENT: u8 = 20;
}

/// The head of a log entry.
pub(super) fn encode_log_entry(index: u64, leaf: &Leaf) -> Vec<u8> {
    let mut head = index.to_be_bytes().to_vec();
    head.extend_from_slice(&leaf.encode());
    head
}

/// Reads the head of a log entry.
pub(super) fn parse_log_entry(head: &[u8]) -> Option<(u64, Leaf)> {
    let mut take = Take::new(head);
    let index = take.u64()?;
    Some((index, Leaf::parse(take.rest()).ok()?))
}

/// The head of the mark that a device has taken its events up to a cursor.
pub(super) fn encode_events_taken(device: &DeviceId, through: u64) -> Vec<u8> {
    [device.as_bytes().as_slice(), &through.to_be_bytes()].concat()
}

/// Reads the mark that a device has taken its events up to a cursor.
pub(super) fn parse_events_taken(head: &[u8]) -> Option<(DeviceId, u64)> {
    let mut take = Take::new(head);
    let device = DeviceId::parse(take.bytes(16)?).ok()?;
    let through = take.u64()?;
    take.is_empty().then_some((device, through))
}

/// Reads an action that waits for a second signature.
pub(super) fn parse_waiting_action(head: &[u8]) -> Option<SignedAction> {
    SignedAction::parse(Bytes::copy_from_slice(head)).ok()
}

/// Where the index says that a live record is, by the record's kind, number and head.
pub(super) fn index_key(kind: u8, seq: u64, head: &[u8]) -> Option<Vec<u8>> {
    Some(match kind {
        kind::LOG_ENTRY => key::log(parse_log_entry(head)?.0),
        kind::INVITE => key::invite(&invite::parse(head)?.0),
        kind::USED_INVITE => key::used_invite(&invite::parse_used(head)?.0),
        kind::MESSAGE => key::message(&mail::MessageHead::parse(head)?.header.fields().message_id),
        kind::HUB_RECEIPT => key::fact(&mail::HubReceiptHead::parse(head)?.message_id, seq),
        kind::DEVICE_RECEIPT => key::fact(&mail::DeviceReceiptHead::parse(head)?.receipt.message_id, seq),
        kind::OPENED => key::fact(&mail::parse_opened(head)?.0, seq),
        kind::REWRAP => key::fact(&mail::RewrapHead::parse(head)?.message_id, seq),
        kind::RECEIPT_BATCH => key::receipt_batch(u64::from_be_bytes(head.try_into().ok()?)),
        kind::TOMBSTONE => key::tombstone(&tombstone::Tombstone::parse(head)?.message_id),
        kind::EVENTS_TAKEN => key::events_taken(&parse_events_taken(head)?.0),
        kind::CONSENT => key::consent(&consent::Consent::of_stub(head)?.handle),
        kind::USED_CONSENT => key::consent(&consent::Consent::parse_used(head)?.handle),
        kind::WITHDRAWN_CONSENT => key::consent(&consent::WithdrawnConsent::parse(head)?.consent.handle),
        kind::STOP => key::fact(&stop::StopHead::parse(head)?.message_id, seq),
        kind::BLOB => key::blob(&blob::StoredBlob::parse(head)?.key),
        kind::CLAIM => claim::parse(head).map(|_| key::claim())?,
        kind::MEMBER_INVITE => key::member_invite(&member::parse(head)?.0),
        kind::WAITING_ACTION => key::waiting_action(&parse_waiting_action(head)?.statement().hash()),
        _ => return None,
    })
}
