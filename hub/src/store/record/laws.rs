//! The laws of the records' heads; see [`crate::laws`].

use super::blob::{BlobValue, StoredBlob};
use super::consent::{Consent, WithdrawnConsent};
use super::kind;
use super::mail::{DeviceReceiptHead, HubReceiptHead, MessageHead, RewrapHead, encode_opened, parse_opened};
use super::stop::StopHead;
use super::tombstone::Tombstone;
use super::{
    claim, encode_events_taken, encode_log_entry, index_key, invite, member, parse_events_taken,
    parse_log_entry, parse_waiting_action,
};
use crate::mail::Marks;

/// The index keeps keys up to this length.
const LONGEST_KEY: usize = 64;

/// Input: `u8 kind | head`. A head that is read has one encoding, and its key fits the index.
pub fn record_head(input: &[u8]) {
    let Some((kind, head)) = input.split_first() else { return };
    let kind = kind % 32;
    if let Some(key) = index_key(kind, u64::MAX, head) {
        assert!(key.len() <= LONGEST_KEY);
        assert_eq!(index_key(kind, u64::MAX, head), Some(key));
    }
    if let Some(encoded) = encoded_again(kind, head) {
        assert_eq!(encoded, head, "a head of kind {kind} has another encoding");
    }
}

fn encoded_again(kind: u8, head: &[u8]) -> Option<Vec<u8>> {
    Some(match kind {
        kind::LOG_ENTRY => parse_log_entry(head).map(|(index, leaf)| encode_log_entry(index, &leaf))?,
        kind::INVITE => invite::parse(head).map(|(code, invite)| invite::encode(&code, &invite))?,
        kind::USED_INVITE => {
            invite::parse_used(head).map(|(code, used)| invite::encode_used(&code, &used))?
        }
        kind::MESSAGE => MessageHead::parse(head)?.encode(),
        kind::HUB_RECEIPT => HubReceiptHead::parse(head)?.encode(),
        kind::DEVICE_RECEIPT => DeviceReceiptHead::parse(head)?.encode(),
        kind::REWRAP => RewrapHead::parse(head)?.encode(),
        kind::OPENED => parse_opened(head).map(|(id, open)| encode_opened(&id, open))?,
        kind::TOMBSTONE => Tombstone::parse(head)?.encode(),
        kind::EVENTS_TAKEN => {
            parse_events_taken(head).map(|(device, through)| encode_events_taken(&device, through))?
        }
        kind::USED_CONSENT => Consent::parse_used(head)?.encode_used(),
        kind::WITHDRAWN_CONSENT => WithdrawnConsent::parse(head)?.encode(),
        kind::STOP => StopHead::parse(head)?.encode(),
        kind::BLOB => StoredBlob::parse(head)?.encode(),
        kind::MEMBER_INVITE => member::parse(head).map(|(name, invite)| member::encode(&name, &invite))?,
        kind::CLAIM => claim::encode(&claim::parse(head)?),
        kind::WAITING_ACTION => parse_waiting_action(head)?.bytes().to_vec(),
        0 => Marks::from_bytes(head).ok()?.to_bytes(),
        15 => BlobValue::parse(head)?.encode(),
        _ => return None,
    })
}
