//! Taking back what was handed in: recalls, and what a withdrawn consent does to the message that names it (PROTOCOL.md sections 11 and
//! 12). A message that is stored is destroyed in the same batch; whoever has it is told to stop, by the statement as it was signed.

use bytes::Bytes;
use samverkan_proto::code::HubReceiptType;
use samverkan_proto::ids::MessageId;
use samverkan_proto::statement::Verified;
use samverkan_proto::statement::recall::Recall;
use samverkan_proto::statement::receipt::HubEvent;
use samverkan_proto::statement::withdrawal::Withdrawal;

use super::letter::{Cause, Letter, say};
use super::value::{About, Fact, FactValue, TombstoneValue};
use crate::mail::{Effect, Event, Shape, WrapShape, step};
use crate::policy::takeback::RecallPermit;
use crate::registry::Registry;
use crate::store::draft::Draft;
use crate::store::error::StoreError;
use crate::store::handle::Store;
use crate::store::journal::{Body, Room};
use crate::store::record::stop::StopHead;
use crate::store::view::View;
use crate::store::{key, record};

/// Why readers are told to stop.
#[derive(Clone, Copy)]
pub(in crate::store) enum StopOrder<'a> {
    /// The sender has taken the message back.
    Recall(&'a Verified<Recall>),
    /// A consent that the message names was withdrawn.
    Withdrawal(&'a Verified<Withdrawal>),
}

impl StopOrder<'_> {
    const fn event(self) -> Event {
        match self {
            Self::Recall(_) => Event::Recalled,
            Self::Withdrawal(_) => Event::Withdrawn,
        }
    }

    fn bytes(&self) -> &[u8] {
        match self {
            Self::Recall(recall) => recall.bytes(),
            Self::Withdrawal(withdrawal) => withdrawal.bytes(),
        }
    }

    /// What the hub says of a recall to the sender. Of a withdrawal the issuer alone is told, who may be somebody else.
    pub(super) fn receipt(self) -> Option<HubEvent> {
        match self {
            Self::Recall(recall) => {
                let Recall { org, device, .. } = *recall.value();
                Some(HubEvent::Recalled { org, device })
            }
            Self::Withdrawal(_) => None,
        }
    }
}

impl Store {
    /// Takes a message back, and gives the receipt of the first recall of it with the proof: once this is answered nobody is handed the
    /// message any more.
    ///
    /// # Errors
    /// [`StoreError::UnknownMessage`] also for whoever does not read the mailbox that it was sent from.
    pub async fn recall(&self, permit: RecallPermit) -> Result<Vec<u8>, StoreError> {
        let id = permit.statement().value().message_id;
        self.call(Room::Reserve, move |draft| {
            recall(draft, &permit)?;
            Ok(|_: &_| Ok(()))
        })
        .await?;
        self.read(move |view| view.recall_receipt(&id)?.ok_or(StoreError::UnknownMessage)).await
    }
}

fn recall(draft: &mut Draft, permit: &RecallPermit) -> Result<(), StoreError> {
    let statement = permit.statement();
    let Recall { message_id, hh, .. } = *statement.value();
    let order = StopOrder::Recall(statement);
    if let Some(letter) = Letter::load(draft, message_id)? {
        is_senders(draft.registry(), letter.value.about(), statement.value(), &hh)?;
        return stop_letter(draft, letter, order);
    }
    let Some(value) = draft.get(&key::tombstone(&message_id))? else {
        return Err(StoreError::UnknownMessage);
    };
    let value = TombstoneValue::parse(&value).ok_or(StoreError::Damaged)?;
    is_senders(draft.registry(), value.about(), statement.value(), &hh)?;
    stop_late(draft, &message_id, value, order)
}

/// Whether the recaller reads the mailbox that this very message was sent from. For everybody else there is no such message.
fn is_senders(registry: &Registry, about: About, recall: &Recall, hh: &[u8; 32]) -> Result<(), StoreError> {
    let organisation = registry.organisation(&recall.org).filter(|_| about.sender.org == recall.org);
    let reads = organisation.is_some_and(|own| own.manifest().reads(&recall.device, &about.sender.mailbox));
    if reads && about.hashes.hh == *hh { Ok(()) } else { Err(StoreError::UnknownMessage) }
}

/// Stops the message that was sent under a consent, wherever it is by now. One that nobody can read any more stays as it is: its time
/// ends it.
pub(in crate::store) fn withdraw(
    draft: &mut Draft,
    id: &MessageId,
    statement: &Verified<Withdrawal>,
) -> Result<(), StoreError> {
    let order = StopOrder::Withdrawal(statement);
    match Letter::load(draft, *id) {
        Ok(Some(letter)) => return stop_letter(draft, letter, order),
        Ok(None) => {}
        Err(StoreError::Damaged) => {
            tracing::error!("a message whose record is damaged was withdrawn; nobody is told to stop");
            return Ok(());
        }
        Err(error) => return Err(error),
    }
    let Some(value) = draft.get(&key::tombstone(id))? else { return Ok(()) };
    stop_late(draft, id, TombstoneValue::parse(&value).ok_or(StoreError::Damaged)?, order)
}

fn stop_letter(draft: &mut Draft, letter: Letter, order: StopOrder<'_>) -> Result<(), StoreError> {
    // Neither event contradicts anything.
    letter.happen(draft, order.event(), Cause::Stop(order)).map(drop)
}

/// Stops a message that the hub serves no longer: those who have it are told.
fn stop_late(
    draft: &mut Draft,
    id: &MessageId,
    mut value: TombstoneValue,
    order: StopOrder<'_>,
) -> Result<(), StoreError> {
    let shape = draft.buried_shape(id, value.location)?.ok_or(StoreError::Damaged)?;
    let before = value.marks.clone();
    // As above.
    let effects = step(&shape, &mut value.marks, order.event()).unwrap_or_default();
    if before == value.marks {
        return Ok(());
    }
    if let Some(receipt) = order.receipt() {
        say(draft, id, value.about(), receipt, 0)?;
    }
    tell_to_stop(draft, id, &shape, &effects, order)?;
    draft.put(key::tombstone(id), value.encode())
}

/// Writes the order down and puts it before every device that it is for.
pub(super) fn tell_to_stop(
    draft: &mut Draft,
    id: &MessageId,
    shape: &Shape,
    effects: &[Effect],
    order: StopOrder<'_>,
) -> Result<(), StoreError> {
    let wraps = effects.iter().fold(0, |wraps, effect| match effect {
        Effect::Stop { wrap } => wraps | 1u64 << wrap,
        _ => wraps,
    });
    let head = StopHead { message_id: *id, at_ms: draft.now_ms, wraps, statement: order.bytes().into() };
    let pushed = draft.push(record::kind::STOP, head.encode(), Body::empty())?;
    let value = FactValue { location: pushed.location, fact: head.fact(), at_ms: head.at_ms };
    draft.put_new(key::fact(id, pushed.seq), value.encode())?;
    for wrap in told(shape, wraps) {
        if draft.registry().is_current(&wrap.org, &wrap.device) {
            draft.put(key::event(&wrap.device, pushed.seq), id.as_bytes().as_slice())?;
            draft.wake(wrap.device);
        }
    }
    Ok(())
}

/// The wraps whose devices an order is for.
pub(in crate::store) fn told(shape: &Shape, wraps: u64) -> impl Iterator<Item = WrapShape> {
    shape.wraps.iter().enumerate().filter(move |(at, _)| wraps >> at & 1 == 1).map(|(_, wrap)| *wrap)
}

/// Takes an order out of the queues that it may still wait in.
pub(in crate::store) fn untell(
    draft: &mut Draft,
    shape: &Shape,
    wraps: u64,
    seq: u64,
) -> Result<(), StoreError> {
    told(shape, wraps).try_for_each(|wrap| draft.delete(key::event(&wrap.device, seq)))
}

impl View {
    /// The receipt for the first recall of a message, with its proof.
    fn recall_receipt(&self, id: &MessageId) -> Result<Option<Vec<u8>>, StoreError> {
        for pair in self.index.prefix(&key::facts(id)) {
            let (key, value) = pair?;
            let fact = FactValue::parse(&value).ok_or(StoreError::Damaged)?.fact;
            let is_recall = matches!(fact, Fact::Hub { kind, .. } if kind == HubReceiptType::Recalled.code());
            if let Some(seq) = key::cursor(&key).filter(|_| is_recall) {
                return self.fact(id, seq);
            }
        }
        Ok(None)
    }

    /// The order that stands under a number among the facts about a message, as it was signed.
    pub(super) fn stop(&self, id: &MessageId, seq: u64) -> Result<Option<Bytes>, StoreError> {
        let Some((_, found)) = self.head(&key::fact(id, seq))? else { return Ok(None) };
        let is_stop = found.kind == record::kind::STOP;
        Ok(is_stop.then(|| found.head.slice(StopHead::BEFORE_STATEMENT..)))
    }
}
