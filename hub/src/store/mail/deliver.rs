//! What waits for a device: messages to read, orders to stop, and news of those that its mailboxes have sent.

use std::sync::atomic::Ordering;

use bytes::Bytes;
use samverkan_proto::ids::{DeviceId, MessageId};
use samverkan_proto::limits::WRAP_LEN;

use super::value::MessageValue;
use crate::store::draft::Draft;
use crate::store::error::StoreError;
use crate::store::handle::Store;
use crate::store::journal::Body;
use crate::store::record::mail::MessageHead;
use crate::store::view::View;
use crate::store::{Subscription, key, record};

/// One thing that waits for a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// A message, with the device's own wrap.
    Delivery {
        /// Its place in the device's queue.
        cursor: u64,
        /// The message.
        message_id: MessageId,
        /// The header's bytes.
        header: Bytes,
        /// The device's wrap; empty when it was re-wrapped.
        wrap: Bytes,
        /// The statement by which a colleague re-wrapped it for the device; empty when the header has a wrap for it.
        rewrap: Bytes,
        /// The sealed content.
        content: Bytes,
        /// The submission receipt with its proof.
        submission_receipt: Vec<u8>,
    },
    /// A receipt about a message that one of the device's mailboxes has sent.
    Event {
        /// Its place in the device's queue.
        cursor: u64,
        /// The receipt with its proof.
        receipt: Vec<u8>,
    },
    /// A message that the device was sent, or was about to be, is taken back, or a consent for it was withdrawn.
    Stop {
        /// Its place in the device's queue.
        cursor: u64,
        /// The message.
        message_id: MessageId,
        /// Who says so: SVKX or SVKD.
        statement: Bytes,
    },
}

impl Item {
    /// Its place in the device's queue.
    pub const fn cursor(&self) -> u64 {
        match self {
            Self::Delivery { cursor, .. } | Self::Event { cursor, .. } | Self::Stop { cursor, .. } => *cursor,
        }
    }

    /// Bytes it takes on the wire, about.
    pub fn len(&self) -> usize {
        match self {
            Self::Delivery { header, wrap, rewrap, content, submission_receipt, .. } => {
                header.len() + wrap.len() + rewrap.len() + content.len() + submission_receipt.len()
            }
            Self::Event { receipt, .. } => receipt.len(),
            Self::Stop { statement, .. } => statement.len(),
        }
    }

    /// Whether it takes no bytes, which does not happen.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A piece of a device's queue.
#[derive(Debug)]
pub struct Waiting {
    /// The items, ascending by cursor.
    pub items: Vec<Item>,
    /// The last cursor that was looked at: where the next piece begins. Beyond the last item's when records were
    /// damaged.
    pub through: u64,
    /// Whether the queue's end was reached.
    pub caught_up: bool,
}

impl Store {
    /// Wakes up when something new waits for a device.
    pub fn subscribe(&self, device: DeviceId) -> Subscription {
        self.bells().subscribe(device)
    }

    /// What waits for a device beyond the cursor `after`: at most `items` of it, and at least one but no more than
    /// about `bytes`.
    ///
    /// # Errors
    /// [`StoreError::Failed`]. A damaged record is counted and passed over: the message stays in the queue, and its
    /// sender hears of it when it expires.
    pub async fn waiting(
        &self,
        device: DeviceId,
        after: u64,
        items: usize,
        bytes: usize,
    ) -> Result<Waiting, StoreError> {
        self.read(move |view| {
            let mut found = Waiting { items: Vec::new(), through: after, caught_up: false };
            let mut size = 0;
            let mut queue = view.queue(&device, after)?;
            while found.items.len() < items && (size < bytes || found.items.is_empty()) {
                let Some(entry) = queue.next().transpose()? else {
                    found.caught_up = true;
                    break;
                };
                found.through = entry.cursor;
                match view.item(&entry) {
                    Ok(Some(item)) => {
                        size += item.len();
                        found.items.push(item);
                    }
                    // Acknowledged or purged since the queue was read, or damaged.
                    Ok(None) | Err(StoreError::Damaged) => {}
                    Err(error) => return Err(error),
                }
            }
            Ok(found)
        })
        .await
    }

    /// Takes the events up to the cursor `through` out of a device's queue.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn events_taken(&self, device: DeviceId, through: u64) -> Result<(), StoreError> {
        self.call_aside(move |draft| {
            take_events(draft, &device, through)?;
            Ok(|_: &_| Ok(()))
        })
        .await
    }
}

fn take_events(draft: &mut Draft, device: &DeviceId, through: u64) -> Result<(), StoreError> {
    let taken_key = key::events_taken(device);
    let before = draft.get(&taken_key)?;
    let taken = before.as_deref().and_then(key::cursor).unwrap_or(0);
    let end = key::event(device, through.saturating_add(1));
    let keys = draft.range(&key::events(device), &end).map(|pair| pair.map(|(key, _)| key));
    let keys = keys.collect::<Result<Vec<_>, _>>()?;
    // Nothing beyond what has been given out, or events to come would be taken unseen.
    let newest = keys.last().and_then(|key| key::cursor(key)).filter(|newest| *newest > taken);
    let Some(newest) = newest else { return Ok(()) };
    for key in keys {
        draft.delete(key)?;
    }
    let head = record::encode_events_taken(device, newest);
    let pushed = draft.push(record::kind::EVENTS_TAKEN, head, Body::empty())?;
    if let Some(old) = before.as_deref().and_then(key::location) {
        draft.release(old)?;
    }
    let mut value = pushed.location.to_bytes().to_vec();
    value.extend_from_slice(&newest.to_be_bytes());
    draft.put(taken_key, value)
}

/// One entry of a device's queue.
pub(in crate::store) struct QueueEntry {
    pub(in crate::store) cursor: u64,
    message_id: MessageId,
    /// The device's wrap, for a delivery.
    wrap: Option<u8>,
}

impl View {
    /// The queue of a device beyond a cursor: deliveries and events, merged by cursor. It ends before what comes while
    /// it is read: the two are read at different times, and what one of them shows the other must have shown, or its
    /// cursor would pass over something.
    pub(in crate::store) fn queue(
        &self,
        device: &DeviceId,
        after: u64,
    ) -> Result<impl Iterator<Item = Result<QueueEntry, StoreError>>, StoreError> {
        let first = after.saturating_add(1);
        let unseen = self.shown.unseen.load(Ordering::Acquire);
        let entry = |pair: Result<_, _>| -> Result<QueueEntry, StoreError> {
            let (key, value): (Vec<u8>, Vec<u8>) = pair?;
            let cursor = key::cursor(&key).ok_or(StoreError::Damaged)?;
            let (id, wrap) = value.split_first_chunk::<16>().ok_or(StoreError::Damaged)?;
            let message_id = MessageId::parse(id).map_err(|_| StoreError::Damaged)?;
            Ok(QueueEntry { cursor, message_id, wrap: wrap.first().copied() })
        };
        let range = |key: fn(&DeviceId, u64) -> Vec<u8>| {
            let range = self.index.range(&key(device, first), Some(&key(device, unseen)));
            range.map(entry).peekable()
        };
        let (mut deliveries, mut events) = (range(key::delivery), range(key::event));
        Ok(std::iter::from_fn(move || match (deliveries.peek(), events.peek()) {
            (Some(Ok(delivery)), Some(Ok(event))) if event.cursor < delivery.cursor => events.next(),
            (Some(_), _) => deliveries.next(),
            (None, _) => events.next(),
        }))
    }

    /// What an entry stands for; `None` when it is gone by now.
    fn item(&self, entry: &QueueEntry) -> Result<Option<Item>, StoreError> {
        match entry.wrap {
            Some(wrap) => self.delivery(entry, usize::from(wrap)),
            None => {
                let QueueEntry { cursor, message_id, .. } = *entry;
                if let Some(statement) = self.stop(&message_id, cursor)? {
                    return Ok(Some(Item::Stop { cursor, message_id, statement }));
                }
                let receipt = self.fact(&message_id, cursor)?;
                Ok(receipt.map(|receipt| Item::Event { cursor, receipt }))
            }
        }
    }

    fn delivery(&self, entry: &QueueEntry, wrap: usize) -> Result<Option<Item>, StoreError> {
        let id = entry.message_id;
        let Some((value, record)) = self.record(&key::message(&id))? else { return Ok(None) };
        let value = MessageValue::parse(&value).ok_or(StoreError::Damaged)?;
        let head = MessageHead::parse(&record.head).ok_or(StoreError::Damaged)?;
        let receipt = head.accepted.receipt(id, &value.hashes, value.sender.accepted());
        let wraps_len = head.wraps_len as usize;
        if wraps_len > record.body.len() {
            return Err(StoreError::Damaged);
        }
        let (own, rewrap) = match wrap.checked_sub(wraps_len / WRAP_LEN) {
            None => (record.body.slice(wrap * WRAP_LEN..(wrap + 1) * WRAP_LEN), Bytes::new()),
            Some(place) => match self.rewrap(&id, place)? {
                Some(rewrap) => (Bytes::new(), rewrap),
                // Purged since the message was found.
                None => return Ok(None),
            },
        };
        Ok(Some(Item::Delivery {
            cursor: entry.cursor,
            message_id: id,
            header: record.head.slice(MessageHead::BEFORE_HEADER..),
            wrap: own,
            rewrap,
            content: record.body.slice(wraps_len..),
            submission_receipt: self.proof(&receipt, &head.accepted)?,
        }))
    }
}
