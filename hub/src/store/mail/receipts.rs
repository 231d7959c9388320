//! Handing over, and what devices say.

use samverkan_proto::ids::{DeviceId, MessageId, OrgId};
use samverkan_proto::statement::batch::VerifiedDeviceReceipt;
use samverkan_proto::statement::receipt::{DeviceReceipt, Verdict as Said};

use super::letter::{Cause, Letter, keep_receipt};
use super::value::TombstoneValue;
use crate::mail::{Contradiction, Event, Shape, Verdict, step};
use crate::store::draft::Draft;
use crate::store::error::StoreError;
use crate::store::handle::Store;
use crate::store::journal::Room;
use crate::store::key;
use crate::store::record::tombstone::Tombstone;

/// Why a device receipt is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptRefusal {
    /// The hub knows no such message, or no more.
    #[error("the message is not known")]
    UnknownMessage,
    /// The receipt is another device's, or about other bytes, or the message is not wrapped for the device or was
    /// never handed to it.
    #[error("the receipt is not this device's to give")]
    NotYours,
    /// The device has said something else before.
    #[error("the receipt contradicts an earlier one")]
    Contradiction,
}

impl Store {
    /// Notes that messages go to a device, and tells their senders: once for each device, and not for copies
    /// within the sender's organisation. Gives those that are gone by now: they must not go to anybody any more. To be asked for, and
    /// waited for, before the first byte goes: whoever takes a message back has been told what became of it.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn handed_over(
        &self,
        org: OrgId,
        device: DeviceId,
        messages: Vec<MessageId>,
    ) -> Result<Vec<MessageId>, StoreError> {
        self.call(Room::Reserve, move |draft| {
            let mut gone = Vec::new();
            for id in messages {
                let Some(letter) = Letter::load(draft, id)? else {
                    gone.push(id);
                    continue;
                };
                if let Some(wrap) = wrap_of(letter.shape(), &org, &device) {
                    // Handing over contradicts nothing.
                    let _ = letter.happen(draft, Event::HandedOver { wrap }, Cause::Hub)?;
                }
            }
            Ok(move |_: &_| Ok(gone))
        })
        .await
    }

    /// Takes what a device of `org` says, each receipt by itself, in the order given. What was said before is taken
    /// again and changes nothing.
    ///
    /// # Errors
    /// [`StoreError::Failed`] for all of them.
    pub async fn receipts(
        &self,
        org: OrgId,
        device: DeviceId,
        receipts: Vec<VerifiedDeviceReceipt>,
    ) -> Result<Vec<Result<(), ReceiptRefusal>>, StoreError> {
        self.call_aside(move |draft| {
            let mut answers = Vec::with_capacity(receipts.len());
            for receipt in &receipts {
                let said = receipt.value();
                let own = said.org == org && said.device == device;
                answers.push(if own { take(draft, receipt)? } else { Err(ReceiptRefusal::NotYours) });
            }
            Ok(move |_: &_| Ok(answers))
        })
        .await
    }
}

fn take(
    draft: &mut Draft,
    receipt: &VerifiedDeviceReceipt,
) -> Result<Result<(), ReceiptRefusal>, StoreError> {
    let said = receipt.value();
    let Some(letter) = Letter::load(draft, said.message_id)? else { return take_late(draft, receipt) };
    if said.hh != letter.value.hashes.hh {
        return Ok(Err(ReceiptRefusal::NotYours));
    }
    let Some(wrap) = wrap_of(letter.shape(), &said.org, &said.device) else {
        return Ok(Err(ReceiptRefusal::NotYours));
    };
    let sent_copy = letter.shape().wraps[wrap].boxes == 0;
    if !sent_copy && letter.value.marks.handed >> wrap & 1 == 0 {
        return Ok(Err(ReceiptRefusal::NotYours));
    }
    let event = event_of(said, wrap, draft.now_ms);
    let happened = letter.happen(draft, event, Cause::Receipt { wrap, receipt })?;
    Ok(happened.map_err(|Contradiction| ReceiptRefusal::Contradiction))
}

/// Takes a receipt about a message that is no more: the sender still hears of it.
fn take_late(
    draft: &mut Draft,
    receipt: &VerifiedDeviceReceipt,
) -> Result<Result<(), ReceiptRefusal>, StoreError> {
    let said = receipt.value();
    let tombstone_key = key::tombstone(&said.message_id);
    let Some(value) = draft.get(&tombstone_key)? else { return Ok(Err(ReceiptRefusal::UnknownMessage)) };
    let mut value = TombstoneValue::parse(&value).ok_or(StoreError::Damaged)?;
    let Some(shape) = draft.buried_shape(&said.message_id, value.location)? else {
        return Err(StoreError::Damaged);
    };
    let wrap = wrap_of(&shape, &said.org, &said.device).filter(|_| said.hh == value.hashes.hh);
    let Some(wrap) = wrap else { return Ok(Err(ReceiptRefusal::NotYours)) };
    let sent_copy = shape.wraps[wrap].boxes == 0;
    if !sent_copy && value.marks.handed >> wrap & 1 == 0 {
        return Ok(Err(ReceiptRefusal::NotYours));
    }
    let before = value.marks.clone();
    if step(&shape, &mut value.marks, event_of(said, wrap, draft.now_ms)).is_err() {
        return Ok(Err(ReceiptRefusal::Contradiction));
    }
    if before != value.marks {
        keep_receipt(draft, &value.sender, wrap, receipt, !sent_copy)?;
        draft.put(tombstone_key, value.encode())?;
    }
    Ok(Ok(()))
}

fn event_of(said: &DeviceReceipt, wrap: usize, now_ms: u64) -> Event {
    let verdict = match said.verdict {
        Said::Delivered { .. } => Verdict::Delivered,
        Said::CannotDecrypt(_) => Verdict::CannotDecrypt,
        Said::Refused { reason, .. } => Verdict::Refused(reason),
        Said::Answered { .. } => Verdict::Answered,
    };
    Event::Receipt { wrap, verdict, now_ms }
}

/// Where the device's wrap stands: the last, if it was given more than one.
fn wrap_of(shape: &Shape, org: &OrgId, device: &DeviceId) -> Option<usize> {
    shape.wraps.iter().rposition(|wrap| wrap.org == *org && wrap.device == *device)
}

/// The shape in a tombstone's head.
pub(in crate::store) fn shape_of(head: &[u8]) -> Option<Shape> {
    Tombstone::parse(head).map(|tombstone| tombstone.shape)
}
