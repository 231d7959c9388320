//! The end of a message, and what stays of it.

use samverkan_proto::code::PurgeReason;
use samverkan_proto::statement::receipt::HubEvent;

use super::letter::Letter;
use super::value::TombstoneValue;
use super::{rewrap, share};
use crate::store::RECEIPTS_KEPT_MS;
use crate::store::blobs;
use crate::store::draft::Draft;
use crate::store::error::StoreError;
use crate::store::journal::Body;
use crate::store::key::{self, Due};
use crate::store::record;
use crate::store::record::tombstone::Tombstone;

/// Deletes a message that waits for nobody any more, says so to the sender, and leaves a tombstone.
pub(in crate::store) fn purge(
    draft: &mut Draft,
    letter: Letter,
    reason: PurgeReason,
) -> Result<(), StoreError> {
    letter.say(draft, HubEvent::Purged(reason), 0)?;
    let id = letter.id;
    draft.delete(key::due(letter.value.expires_ms, Due::Expire, id.as_bytes()))?;
    draft.delete(key::due(letter.value.lapse_ms, Due::Lapse, id.as_bytes()))?;
    draft.release(letter.value.location)?;
    draft.delete(key::message(&id))?;
    draft.count(key::messages(), -1)?;
    share::purged(draft, &letter.value.sender.org, letter.value.location)?;
    blobs::let_go(draft, letter.message.head.header.fields())?;
    bury(draft, &letter)?;
    rewrap::drop_all(draft, &letter)?;
    draft.drop_message(&id, letter.shape().clone());
    Ok(())
}

fn bury(draft: &mut Draft, letter: &Letter) -> Result<(), StoreError> {
    let tombstone = Tombstone {
        message_id: letter.id,
        hashes: letter.value.hashes,
        sender: letter.value.sender,
        accepted: letter.message.head.accepted,
        purged_ms: draft.now_ms,
        marks: letter.value.marks.clone(),
        shape: letter.shape().clone(),
    };
    let pushed = draft.push(record::kind::TOMBSTONE, tombstone.encode(), Body::empty())?;
    let value = TombstoneValue {
        location: pushed.location,
        hashes: tombstone.hashes,
        sender: tombstone.sender,
        marks: tombstone.marks,
    };
    draft.put_new(key::tombstone(&letter.id), value.encode())?;
    let forget = tombstone.purged_ms.saturating_add(RECEIPTS_KEPT_MS);
    draft.put_new(key::due(forget, Due::Forget, letter.id.as_bytes()), [])
}
