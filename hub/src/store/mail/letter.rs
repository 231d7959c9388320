//! One message while an operation changes what became of it: carrying out what [`crate::mail::step`] decides.

use std::sync::Arc;

use samverkan_proto::code::PurgeReason;
use samverkan_proto::ids::{DeviceId, MessageId};
use samverkan_proto::limits::AFTER_DELIVERY_MS;
use samverkan_proto::statement::batch::VerifiedDeviceReceipt;
use samverkan_proto::statement::receipt::{HubEvent, Record as _};

use super::rewrap::rewraps;
use super::stop::{StopOrder, tell_to_stop};
use super::value::{About, Fact, FactValue, MessageValue};
use super::{StoredMessage, purge};
use crate::mail::{Contradiction, Effect, Event, GroupState, Marks, Shape, WrapShape, step};
use crate::store::draft::Draft;
use crate::store::error::StoreError;
use crate::store::journal::{Body, Location};
use crate::store::key::{self, Due};
use crate::store::record;
use crate::store::record::mail::{DeviceReceiptHead, HubReceiptHead, Sender, encode_opened};
use crate::store::sweep::may_be_needed;

/// Where an event comes from, as far as something of that is kept.
pub(in crate::store) enum Cause<'a> {
    /// The hub itself: time, the registry, or handing over.
    Hub,
    /// The device of this wrap has said something, which is kept when it brings something new.
    Receipt { wrap: usize, receipt: &'a VerifiedDeviceReceipt },
    /// Somebody who may has signed that it is to stop.
    Stop(StopOrder<'a>),
}

/// A stored message.
pub(in crate::store) struct Letter {
    pub(in crate::store) id: MessageId,
    pub(in crate::store) message: Arc<StoredMessage>,
    pub(in crate::store) value: MessageValue,
}

impl Letter {
    /// The stored message with this id; `None` when there is none, or no more.
    pub(in crate::store) fn load(draft: &mut Draft, id: MessageId) -> Result<Option<Self>, StoreError> {
        let Some(value) = draft.get(&key::message(&id))? else { return Ok(None) };
        let value = MessageValue::parse(&value).ok_or(StoreError::Damaged)?;
        let mut message = draft.message(&id, value.location)?;
        if value.rewraps > 0 {
            let rewraps = rewraps(draft.prefix(&key::facts(&id)))?;
            message = Arc::new(message.with_rewraps(&rewraps));
        }
        Ok(Some(Self { id, message, value }))
    }

    pub(in crate::store) fn shape(&self) -> &Shape {
        &self.message.shape
    }

    /// Lets `event` happen to the message, and carries out all that follows from it.
    pub(in crate::store) fn happen(
        mut self,
        draft: &mut Draft,
        event: Event,
        cause: Cause<'_>,
    ) -> Result<Result<(), Contradiction>, StoreError> {
        let before = self.value.marks.clone();
        let message = Arc::clone(&self.message);
        let effects = match step(&message.shape, &mut self.value.marks, event) {
            Ok(effects) => effects,
            Err(contradiction) => return Ok(Err(contradiction)),
        };
        if before == self.value.marks {
            return Ok(Ok(()));
        }
        match cause {
            Cause::Hub => {}
            Cause::Receipt { wrap, receipt } => {
                let told = effects.contains(&Effect::PassOn);
                keep_receipt(draft, &self.value.sender, wrap, receipt, told)?;
            }
            Cause::Stop(order) => {
                order.receipt().map_or(Ok(()), |receipt| self.say(draft, receipt, 0))?;
                tell_to_stop(draft, &self.id, &message.shape, &effects, order)?;
            }
        }
        count_waiting(draft, &message.shape, &before, &self.value.marks)?;
        let groups = self.value.marks.groups.into_iter().zip(before.groups);
        groups.filter(|(now, before)| now != before).for_each(|(now, _)| draft.ended(now));
        self.open_queues(draft, &before, event, &effects)?;
        let mut end = None;
        for effect in effects {
            end = end.or(self.carry_out(draft, effect)?);
        }
        match end {
            Some(reason) => purge::purge(draft, self, reason)?,
            None if event == Event::Accepted => {
                draft.put_new(key::message(&self.id), self.value.encode())?;
            }
            None => draft.put(key::message(&self.id), self.value.encode())?,
        }
        Ok(Ok(()))
    }

    fn carry_out(&mut self, draft: &mut Draft, effect: Effect) -> Result<Option<PurgeReason>, StoreError> {
        let to = |to: usize| self.message.shape.to[to];
        match effect {
            // Done already, with what caused them.
            Effect::Enqueue { .. } | Effect::PassOn | Effect::Recalled | Effect::Stop { .. } => {}
            Effect::Dequeue { wrap } => self.dequeue(draft, self.message.shape.wraps[wrap].device)?,
            Effect::HandedOver { to: index, wrap } => {
                let device = self.message.shape.wraps[wrap].device;
                self.say(draft, HubEvent::HandedOver { recipient: to(index), device }, wrap)?;
            }
            Effect::ExpiredUndelivered => self.say(draft, HubEvent::ExpiredUndelivered, 0)?,
            Effect::Returned { to: index, reason } => {
                self.say(draft, HubEvent::Returned { recipient: to(index), reason }, index)?;
            }
            Effect::Undecryptable { to: index } => {
                self.say(draft, HubEvent::Undecryptable { recipient: to(index) }, index)?;
            }
            Effect::Refused { to: index, reason } => {
                self.say(draft, HubEvent::Refused { recipient: to(index), reason }, index)?;
            }
            Effect::LapseDue => {
                self.value.lapse_ms = draft.now_ms.saturating_add(AFTER_DELIVERY_MS);
                draft.put_new(key::due(self.value.lapse_ms, Due::Lapse, self.id.as_bytes()), [])?;
            }
            Effect::Purge(reason) => return Ok(Some(reason)),
        }
        Ok(None)
    }

    /// Puts the message before those it waits for now. What is opened later gets a cursor of its own, because the
    /// readers' streams may be past the message's.
    fn open_queues(
        &self,
        draft: &mut Draft,
        before: &Marks,
        event: Event,
        effects: &[Effect],
    ) -> Result<(), StoreError> {
        let new = effects.iter().filter_map(|effect| match effect {
            Effect::Enqueue { wrap } => Some(*wrap),
            _ => None,
        });
        let mut cursor = self.value.seq;
        let open = self.value.marks.open & !before.open;
        if event != Event::Accepted && open != 0 {
            let pushed = draft.push(record::kind::OPENED, encode_opened(&self.id, open), Body::empty())?;
            let fact = Fact::Opened { open };
            // Its time is of no use to anybody, and not in the record.
            let value = FactValue { location: pushed.location, fact, at_ms: 0 };
            draft.put_new(key::fact(&self.id, pushed.seq), value.encode())?;
            cursor = pushed.seq;
        }
        for wrap in new {
            let WrapShape { org, device, .. } = self.message.shape.wraps[wrap];
            draft.put_new(key::delivery(&device, cursor), delivery(&self.id, wrap))?;
            draft.wake(device);
            // Policy has looked at those whom it waits for first, but not at those it turns to much later.
            if event != Event::Accepted && may_be_needed(draft.registry(), &org, &device) {
                draft.sweep(org, device);
            }
        }
        Ok(())
    }

    fn dequeue(&self, draft: &mut Draft, device: DeviceId) -> Result<(), StoreError> {
        for cursor in self.cursors(draft)? {
            draft.delete(key::delivery(&device, cursor))?;
        }
        Ok(())
    }

    /// The cursors under which the message may wait for somebody.
    fn cursors(&self, draft: &Draft) -> Result<Vec<u64>, StoreError> {
        let mut cursors = vec![self.value.seq];
        let primaries = self.shape().groups.iter().fold(0, |open: u16, group| open | 1 << group.start);
        if self.value.marks.open != primaries || self.value.rewraps > 0 {
            for pair in draft.prefix(&key::facts(&self.id)) {
                let (key, value) = pair?;
                let is_cursor =
                    |value: FactValue| matches!(value.fact, Fact::Opened { .. } | Fact::Rewrapped { .. });
                if FactValue::parse(&value).is_some_and(is_cursor) {
                    cursors.extend(key::cursor(&key));
                }
            }
        }
        Ok(cursors)
    }

    /// Gives a hub receipt, keeps it, and tells the sender's mailbox.
    pub(in crate::store) fn say(
        &self,
        draft: &mut Draft,
        event: HubEvent,
        place: usize,
    ) -> Result<(), StoreError> {
        // A place is a wrap or a mailbox: below 64.
        say(draft, &self.id, self.value.about(), event, place as u8)
    }
}

/// Gives a hub receipt, keeps it, and tells the sender's mailbox.
pub(in crate::store) fn say(
    draft: &mut Draft,
    id: &MessageId,
    about: About,
    event: HubEvent,
    place: u8,
) -> Result<(), StoreError> {
    let given = draft.give(*id, &about.hashes, event);
    let head = HubReceiptHead { message_id: *id, event, place, given };
    let pushed = draft.push(record::kind::HUB_RECEIPT, head.encode(), Body::empty())?;
    draft.put_new(key::fact(id, pushed.seq), hub_fact(&head, pushed.location).encode())?;
    notify(draft, &about.sender, id, pushed.seq)
}

/// Keeps what a device said, and tells the sender's mailbox unless it is about a copy of the sender's own.
pub(in crate::store) fn keep_receipt(
    draft: &mut Draft,
    sender: &Sender,
    wrap: usize,
    receipt: &VerifiedDeviceReceipt,
    told: bool,
) -> Result<(), StoreError> {
    let head = DeviceReceiptHead {
        at_ms: draft.now_ms,
        // A header has at most 64 wraps.
        wrap: wrap as u8,
        sent_copy: !told,
        receipt: *receipt.value(),
        proof: receipt.bytes().to_vec(),
    };
    let id = head.receipt.message_id;
    let pushed = draft.push(record::kind::DEVICE_RECEIPT, head.encode(), Body::empty())?;
    draft.put_new(key::fact(&id, pushed.seq), device_fact(&head, pushed.location).encode())?;
    if told { notify(draft, sender, &id, pushed.seq) } else { Ok(()) }
}

/// What the index says of a hub receipt.
pub(in crate::store) fn hub_fact(head: &HubReceiptHead, location: Location) -> FactValue {
    let kind = head.event.receipt_type().code();
    let reason = match head.event {
        HubEvent::Purged(reason) => reason.code(),
        HubEvent::Returned { reason, .. } => reason.code(),
        HubEvent::Refused { reason, .. } => reason.code(),
        _ => 0,
    };
    let fact = Fact::Hub { kind, reason, place: head.place, batch: head.given.batch };
    FactValue { location, fact, at_ms: head.given.hub_time_ms }
}

/// What the index says of a device receipt.
pub(in crate::store) fn device_fact(head: &DeviceReceiptHead, location: Location) -> FactValue {
    let kind = head.receipt.verdict.receipt_type().code();
    // The reason follows the type (PROTOCOL.md section 10).
    let reason = head.receipt.encode()[7];
    let fact = Fact::Device { kind, reason, wrap: head.wrap, sent_copy: head.sent_copy };
    FactValue { location, fact, at_ms: head.at_ms }
}

/// What stands in the index for a delivery that waits.
pub(in crate::store) fn delivery(id: &MessageId, wrap: usize) -> Vec<u8> {
    // A header has at most 64 wraps.
    [id.as_bytes().as_slice(), &[wrap as u8]].concat()
}

/// Puts an event before every device that reads the sender's mailbox now.
pub(in crate::store) fn notify(
    draft: &mut Draft,
    sender: &Sender,
    id: &MessageId,
    seq: u64,
) -> Result<(), StoreError> {
    let Some(organisation) = draft.registry().organisation(&sender.org).cloned() else { return Ok(()) };
    for reader in organisation.manifest().readers(&sender.mailbox) {
        draft.put_new(key::event(&reader.id(), seq), id.as_bytes().as_slice())?;
        draft.wake(reader.id());
    }
    Ok(())
}

/// Keeps the number of messages that wait for each mailbox: those whose group is open.
pub(in crate::store) fn count_waiting(
    draft: &mut Draft,
    shape: &Shape,
    before: &Marks,
    after: &Marks,
) -> Result<(), StoreError> {
    let waits = |marks: &Marks, group| i64::from(!marks.purged && marks.groups[group] == GroupState::Open);
    for (group, range) in shape.groups.iter().enumerate() {
        let change = waits(after, group) - waits(before, group);
        for to in shape.to[range.clone()].iter().filter(|_| change != 0) {
            draft.count(key::waiting(to), change)?;
        }
    }
    Ok(())
}
