//! A message that a reader gives to a colleague's later device: kept beside the message, in the order in which they came, as if
//! the header had had more wraps.
//!
//! A device may have several places among the wraps, of which the last counts: another one is taken when the one before was taken from it
//! with the mailbox, or when it said that it could not open it.

use bytes::Bytes;
use samverkan_proto::ids::{DeviceId, MessageId, OrgId};
use samverkan_proto::limits::MAX_WRAPS;
use samverkan_proto::statement::epoch_key::Epoch;
use samverkan_proto::statement::rewrap::Rewrap;

use super::letter::{Letter, delivery};
use super::share;
use super::value::{Fact, FactValue, MessageValue};
use crate::mail::{Marks, Shape, WrapShape};
use crate::policy::rewrap::RewrapPermit;
use crate::registry::Registry;
use crate::store::draft::Draft;
use crate::store::error::StoreError;
use crate::store::handle::Store;
use crate::store::index::IndexError;
use crate::store::journal::{Body, Location, Room};
use crate::store::record::mail::RewrapHead;
use crate::store::view::View;
use crate::store::{key, record};

/// Why a re-wrap is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RewrapRefusal {
    /// The message was not sealed to the device that gives, or the device does not count any more.
    #[error("the message was not sealed to the device that gives it")]
    NotWrapped,
    /// The device that gets it reads none of the mailboxes that the message came to the other one for.
    #[error("the device does not read the mailbox")]
    NotAReader,
    /// The key is not one that the device has published for now.
    #[error("the key is not the device's")]
    Key,
}

/// A later device of a message, as the index knows it.
pub(in crate::store) struct Rewrapped {
    /// The number of the fact, which is the device's cursor.
    pub(in crate::store) seq: u64,
    /// Where its statement is.
    pub(in crate::store) location: Location,
    device: DeviceId,
    boxes: u16,
}

impl Rewrapped {
    fn of(seq: u64, value: &FactValue) -> Option<Self> {
        match value.fact {
            Fact::Rewrapped { device, boxes } => Some(Self { seq, location: value.location, device, boxes }),
            Fact::Hub { .. } | Fact::Device { .. } | Fact::Opened { .. } | Fact::Stop { .. } => None,
        }
    }

    /// The wrap that it stands for.
    pub(in crate::store) fn shape(&self, shape: &Shape) -> Option<WrapShape> {
        let org = shape.to.get(self.boxes.trailing_zeros() as usize)?.org;
        Some(WrapShape { org, device: self.device, boxes: self.boxes })
    }
}

/// The later devices among the facts about a message, in their order.
pub(in crate::store) fn rewraps(
    facts: impl Iterator<Item = Result<(Vec<u8>, Vec<u8>), IndexError>>,
) -> Result<Vec<Rewrapped>, StoreError> {
    let mut found = Vec::new();
    for pair in facts {
        let (key, value) = pair?;
        let seq = key::cursor(&key).ok_or(StoreError::Damaged)?;
        found.extend(Rewrapped::of(seq, &FactValue::parse(&value).ok_or(StoreError::Damaged)?));
    }
    Ok(found)
}

/// The same for facts that were read.
pub(in crate::store) fn of_facts(facts: &[(u64, FactValue)]) -> Vec<Rewrapped> {
    facts.iter().filter_map(|(seq, value)| Rewrapped::of(*seq, value)).collect()
}

/// What became of a re-wrap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Given {
    /// The message waits for the device by it, or the device has the message, or can not open what this one gives: there is nothing more
    /// to do for the one that gives.
    Settled,
    /// The device has an earlier one, or is named in the header, and has not said yet whether it can open it.
    EarlierStands,
}

impl Store {
    /// Takes a re-wrap, and puts the message before the device that gets it.
    ///
    /// # Errors
    /// [`StoreError::UnknownMessage`], `Gone`, `Rewrap`; `Quota` when the message has 64 readers, or the organisation no room.
    pub async fn rewrap(&self, permit: RewrapPermit) -> Result<Given, StoreError> {
        self.call(Room::Ordinary, move |draft| {
            let given = take(draft, &permit)?;
            Ok(move |_: &_| Ok(given))
        })
        .await
    }
}

fn take(draft: &mut Draft, permit: &RewrapPermit) -> Result<Given, StoreError> {
    let rewrap = permit.statement().value();
    let Some(mut letter) = Letter::load(draft, rewrap.message_id)? else {
        let gone = draft.get(&key::tombstone(&rewrap.message_id))?.is_some();
        return Err(if gone { StoreError::Gone } else { StoreError::UnknownMessage });
    };
    if rewrap.hh != letter.value.hashes.hh {
        return Err(StoreError::UnknownMessage);
    }
    let boxes = boxes(draft.registry(), &letter, rewrap, draft.now_ms)?;
    if let Some(given) = earlier(draft, &letter, rewrap)? {
        return Ok(given);
    }
    let place = letter.shape().wraps.len();
    if place >= usize::from(MAX_WRAPS) {
        return Err(StoreError::Quota);
    }
    let head = RewrapHead::new(permit.statement(), boxes).encode();
    share::check_rewrap(draft, &rewrap.org, head.len())?;
    let pushed = draft.push(record::kind::REWRAP, head, Body::empty())?;
    share::rewrapped(draft, &rewrap.org, pushed.location)?;
    let fact = Fact::Rewrapped { device: rewrap.to_device, boxes };
    let value = FactValue { location: pushed.location, fact, at_ms: 0 };
    draft.put_new(key::fact(&letter.id, pushed.seq), value.encode())?;
    letter.value.rewraps += 1;
    draft.put(key::message(&letter.id), letter.value.encode())?;
    let marks = &letter.value.marks;
    if boxes & marks.open & !marks.cut != 0 {
        draft.put_new(key::delivery(&rewrap.to_device, pushed.seq), delivery(&letter.id, place))?;
        draft.wake(rewrap.to_device);
    }
    Ok(Given::Settled)
}

/// What stands in the way of another re-wrap for a device: the last one that it has, while it counts.
fn earlier(draft: &mut Draft, letter: &Letter, rewrap: &Rewrap) -> Result<Option<Given>, StoreError> {
    let is_its = |wrap: &WrapShape| wrap.org == rewrap.org && wrap.device == rewrap.to_device;
    let Some(last) = letter.shape().wraps.iter().rposition(is_its) else { return Ok(None) };
    let marks = &letter.value.marks;
    let has = |bits: u64| bits >> last & 1 == 1;
    if has(marks.delivered) {
        return Ok(Some(Given::Settled));
    }
    if has(marks.revoked) {
        return Ok(None);
    }
    if !has(marks.cannot) {
        return Ok(Some(if has(marks.refused) { Given::Settled } else { Given::EarlierStands }));
    }
    // Whoever has given what could not be opened does not do so again and again.
    for earlier in rewraps(draft.prefix(&key::facts(&letter.id)))? {
        if earlier.device == rewrap.to_device && giver(draft, earlier.location)? == Some(rewrap.by_device) {
            return Ok(Some(Given::Settled));
        }
    }
    Ok(None)
}

/// The device that gave, by the record of a re-wrap.
fn giver(draft: &Draft, location: Location) -> Result<Option<DeviceId>, StoreError> {
    Ok(RewrapHead::parse(&draft.read_head(location)?).map(|head| head.by_device))
}

/// The mailboxes of the message that both devices read now and for which the one that gives has it.
fn boxes(registry: &Registry, letter: &Letter, rewrap: &Rewrap, now_ms: u64) -> Result<u16, StoreError> {
    let refuse = |why| Err(StoreError::Rewrap(why));
    let fields = letter.message.head.header.fields();
    let by = fields
        .wrap_index(&rewrap.org, &rewrap.by_device)
        .filter(|by| letter.value.marks.revoked >> by & 1 == 0);
    let Some(by) = by.and_then(|by| fields.wraps.get(by)) else { return refuse(RewrapRefusal::NotWrapped) };
    let Some(organisation) = registry.organisation(&rewrap.org) else {
        return refuse(RewrapRefusal::NotAReader);
    };
    let manifest = organisation.manifest();
    let both =
        |mailbox| manifest.reads(&rewrap.by_device, mailbox) && manifest.reads(&rewrap.to_device, mailbox);
    let indices = 0..fields.to.len();
    let shared = indices.filter(|index| by.boxes >> index & 1 == 1 && both(&fields.to[*index].mailbox));
    let boxes = shared.fold(0, |boxes: u16, index| boxes | 1 << index);
    if boxes == 0 {
        return refuse(RewrapRefusal::NotAReader);
    }
    // It was sealed a moment ago, perhaps in the week before, perhaps by a clock that is a little ahead.
    let week = Epoch::of(now_ms);
    let weeks = [week.number().saturating_sub(1), week.number(), week.number().saturating_add(1)];
    let is_key = |week| registry.epoch_key(&rewrap.to_device, Epoch::new(week)) == Some(rewrap.to_epoch_key);
    if weeks.into_iter().any(is_key) { Ok(boxes) } else { refuse(RewrapRefusal::Key) }
}

/// Deletes what was kept beside a message that is purged.
pub(super) fn drop_all(draft: &mut Draft, letter: &Letter) -> Result<(), StoreError> {
    if letter.value.rewraps == 0 {
        return Ok(());
    }
    for rewrapped in rewraps(draft.prefix(&key::facts(&letter.id)))? {
        let wrap = rewrapped.shape(letter.shape()).ok_or(StoreError::Damaged)?;
        share::rewrap_dropped(draft, &wrap.org, rewrapped.location)?;
        draft.drop_record(key::fact(&letter.id, rewrapped.seq))?;
    }
    Ok(())
}

/// Deletes what was kept beside a message of which nobody can read any more whom it was for.
pub(in crate::store) fn drop_of_damaged(draft: &mut Draft, id: &MessageId) -> Result<(), StoreError> {
    for rewrapped in rewraps(draft.prefix(&key::facts(id)))? {
        // Whose it was stands in its own record as well; one that is damaged too is counted until the index is built anew.
        if let Ok(Some(head)) = draft.read_head(rewrapped.location).map(|head| RewrapHead::parse(&head)) {
            share::rewrap_dropped(draft, &head.org, rewrapped.location)?;
        }
        draft.drop_record(key::fact(id, rewrapped.seq))?;
    }
    Ok(())
}

/// What a re-wrap makes of the places that its device had before: they do not count any more, unless it said something of them. For a
/// rebuild, which does not see that a device lost the mailbox in between. `place` is the re-wrap's among the wraps.
pub(in crate::store) fn supersede(shape: &Shape, marks: &mut Marks, place: usize) {
    let Some(new) = shape.wraps.get(place) else { return };
    let earlier = shape.wraps[..place].iter().enumerate();
    let same = earlier.filter(|(_, wrap)| wrap.org == new.org && wrap.device == new.device);
    let places = same.fold(0, |bits, (index, _)| bits | 1u64 << index);
    marks.revoked |= places & !(marks.delivered | marks.cannot | marks.refused);
}

impl View {
    /// The statement of the later device at `place` among those of a message.
    pub(super) fn rewrap(&self, id: &MessageId, place: usize) -> Result<Option<Bytes>, StoreError> {
        let Some(rewrapped) = rewraps(self.index.prefix(&key::facts(id)))?.into_iter().nth(place) else {
            return Ok(None);
        };
        let record = self.head(&key::fact(id, rewrapped.seq))?;
        Ok(record.map(|(_, record)| record.head.slice(RewrapHead::BEFORE_STATEMENT..)))
    }

    /// Whether a message that waits was re-wrapped for this device.
    pub(in crate::store) fn is_rewrapped_for(
        &self,
        id: &MessageId,
        org: &OrgId,
        device: &DeviceId,
        value: &MessageValue,
        shape: &Shape,
    ) -> Result<bool, StoreError> {
        if value.rewraps == 0 {
            return Ok(false);
        }
        let open = value.marks.open & !value.marks.cut;
        let later = rewraps(self.index.prefix(&key::facts(id)))?;
        let is_for = |wrap: WrapShape| wrap.org == *org && wrap.device == *device && wrap.boxes & open != 0;
        Ok(later.iter().filter_map(|rewrapped| rewrapped.shape(shape)).any(is_for))
    }
}
