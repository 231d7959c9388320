//! A message that a reader gives to a colleague's later device: kept beside the message, in the order in which they came, as if
//! the header had had more wraps.

use bytes::Bytes;
use samverkan_proto::ids::{DeviceId, MessageId, OrgId};
use samverkan_proto::limits::MAX_WRAPS;
use samverkan_proto::statement::epoch_key::Epoch;
use samverkan_proto::statement::rewrap::Rewrap;

use super::letter::{Letter, delivery};
use super::value::{Fact, FactValue, MessageValue};
use crate::mail::{Shape, WrapShape};
use crate::policy::rewrap::RewrapPermit;
use crate::registry::Registry;
use crate::store::draft::Draft;
use crate::store::error::StoreError;
use crate::store::handle::Store;
use crate::store::index::IndexError;
use crate::store::journal::{Body, Room};
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
    device: DeviceId,
    boxes: u16,
}

impl Rewrapped {
    fn of(seq: u64, value: &FactValue) -> Option<Self> {
        match value.fact {
            Fact::Rewrapped { device, boxes } => Some(Self { seq, device, boxes }),
            Fact::Hub { .. } | Fact::Device { .. } | Fact::Opened { .. } => None,
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

impl Store {
    /// Takes a re-wrap, and puts the message before the device that gets it. A device that has the message, by the header or by an earlier
    /// re-wrap, needs no other.
    ///
    /// # Errors
    /// [`StoreError::UnknownMessage`], `Gone`, `Rewrap`; `Quota` when the message has 64 readers.
    pub async fn rewrap(&self, permit: RewrapPermit) -> Result<(), StoreError> {
        self.call(Room::Ordinary, move |draft| {
            take(draft, &permit)?;
            Ok(|_: &_| Ok(()))
        })
        .await
    }
}

fn take(draft: &mut Draft, permit: &RewrapPermit) -> Result<(), StoreError> {
    let rewrap = permit.statement().value();
    let Some(mut letter) = Letter::load(draft, rewrap.message_id)? else {
        let gone = draft.get(&key::tombstone(&rewrap.message_id))?.is_some();
        return Err(if gone { StoreError::Gone } else { StoreError::UnknownMessage });
    };
    if rewrap.hh != letter.value.hashes.hh {
        return Err(StoreError::UnknownMessage);
    }
    let boxes = boxes(draft.registry(), &letter, rewrap, draft.now_ms)?;
    let has_it = |wrap: &WrapShape| wrap.org == rewrap.org && wrap.device == rewrap.to_device;
    if letter.shape().wraps.iter().any(has_it) {
        return Ok(());
    }
    let place = letter.shape().wraps.len();
    if place >= usize::from(MAX_WRAPS) {
        return Err(StoreError::Quota);
    }
    let head = RewrapHead::new(permit.statement(), boxes);
    let pushed = draft.push(record::kind::REWRAP, head.encode(), Body::empty())?;
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
    Ok(())
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
        draft.drop_record(key::fact(&letter.id, rewrapped.seq))?;
    }
    Ok(())
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
