//! What time does to the store: expiry, lapses, and the end of what was kept long enough.

use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime};

use samverkan_proto::code::PurgeReason;
use samverkan_proto::ids::MessageId;
use samverkan_proto::limits::UNREFERENCED_BLOB_MS;
use samverkan_proto::statement::receipt::HubEvent;

use super::draft::Draft;
use super::error::StoreError;
use super::handle::Store;
use super::journal::Location;
use super::key::{self, Due};
use super::mail::letter::{Cause, Letter, say};
use super::mail::rewrap::drop_of_damaged;
use super::mail::share;
use super::mail::stop::untell;
use super::mail::value::{Fact, FactValue, MessageValue, TombstoneValue};
use super::record::tombstone::Tombstone;
use super::{actions, blobs, consents, membership, organisations};
use crate::mail::{Event, GroupState};

/// How often abandoned uploads are looked for, and the longest time between two steps.
const HOUR_MS: u64 = 3_600_000;
/// Pieces of work done in one step.
const PIECE: usize = 64;
/// Facts about one message that are forgotten in one step: about as many as can be said about a message, and few
/// enough that all that a step releases fits one batch. Small in tests, so that they see more than one piece.
const FACTS: usize = if cfg!(test) { 4 } else { 512 };
/// How long work waits that could not be done.
const PUT_OFF_MS: u64 = 10 * 60_000;

impl Store {
    /// Does what is due, a bounded piece of it. Gives when the next step is due, milliseconds since 1970:
    /// at once while there is more, and never more than an hour ahead. What can not be done is logged and put off;
    /// it keeps nothing else waiting.
    ///
    /// # Errors
    /// [`StoreError::Busy`], `Full`, `Failed`: the work is left for the next step.
    pub async fn step(&self) -> Result<u64, StoreError> {
        self.remove_abandoned().await?;
        let together = self.call_aside(|draft| {
            let next = step(draft)?;
            Ok(move |_: &_| Ok(next))
        });
        let next = match together.await {
            Err(error) if !is_everybodys(&error) => self.one_by_one().await?,
            done => done?,
        };
        Ok(next.min(self.clock().now_ms().saturating_add(HOUR_MS)))
    }

    /// Does a piece of what is due with a batch for each, so that what fails takes nothing else with it.
    async fn one_by_one(&self) -> Result<u64, StoreError> {
        let now_ms = self.clock().now_ms();
        let due = self.read(move |view| {
            let end = key::due_from(now_ms.saturating_add(1));
            let due = view.index.range(&[key::DUE], Some(&end)).take(PIECE);
            Ok(due.map(|pair| pair.map(|(key, _)| key)).collect::<Result<Vec<_>, _>>()?)
        });
        for key in due.await? {
            let tried = key.clone();
            let done = self.call_aside(move |draft| {
                perform(draft, tried)?;
                Ok(|_: &_| Ok(()))
            });
            match done.await {
                Err(error) if !is_everybodys(&error) => {
                    tracing::error!(%error, "what is due could not be done; it is tried again later");
                    self.call_aside(move |draft| {
                        put_off(draft, key)?;
                        Ok(|_: &_| Ok(()))
                    })
                    .await?;
                }
                done => done?,
            }
        }
        // There may be more.
        Ok(now_ms)
    }

    /// Removes what abandoned uploads left, once an hour.
    async fn remove_abandoned(&self) -> Result<(), StoreError> {
        let (now_ms, swept_ms) = (self.clock().now_ms(), self.swept_ms().load(Ordering::Relaxed));
        if now_ms.abs_diff(swept_ms) < HOUR_MS {
            return Ok(());
        }
        self.swept_ms().store(now_ms, Ordering::Relaxed);
        let files = self.blob_files().clone();
        let now = SystemTime::UNIX_EPOCH + Duration::from_millis(now_ms);
        let age = Duration::from_millis(UNREFERENCED_BLOB_MS);
        let swept = self.executor().blocking(move || files.remove_abandoned(now, age)).await;
        swept.ok_or(StoreError::Internal("a file task panicked"))?.map(drop).map_err(StoreError::from)
    }
}

/// Whether an error would meet any other work as well.
fn is_everybodys(error: &StoreError) -> bool {
    matches!(error, StoreError::Busy | StoreError::Full | StoreError::Failed | StoreError::Behind)
}

fn step(draft: &mut Draft) -> Result<u64, StoreError> {
    let piece = draft.prefix(&[key::DUE]).take(PIECE).collect::<Result<Vec<_>, _>>()?;
    for (key, _) in piece {
        if let Some((at_ms, ..)) = key::parse_due(&key).filter(|(at_ms, ..)| *at_ms > draft.now_ms) {
            return Ok(at_ms);
        }
        perform(draft, key)?;
    }
    let next = draft.prefix(&[key::DUE]).next().transpose()?;
    Ok(next.and_then(|(key, _)| key::parse_due(&key).map(|(at_ms, ..)| at_ms)).unwrap_or(u64::MAX))
}

/// Does one piece of work whose time has come, and takes it out of the index once nothing of it is left.
fn perform(draft: &mut Draft, key: Vec<u8>) -> Result<(), StoreError> {
    let Some((_, what, id)) = key::parse_due(&key) else {
        tracing::error!("the index names work that there is not");
        return draft.delete(key);
    };
    let done = match what {
        Due::Expire => end(draft, id, Event::Expired).map(|()| true)?,
        Due::Lapse => end(draft, id, Event::Lapsed).map(|()| true)?,
        Due::Forget => forget(draft, id)?,
        Due::Consent => consents::forget(draft, id).map(|()| true)?,
        Due::Blob => blobs::collect(draft, id).map(|()| true)?,
        Due::Invite => organisations::expire_invite(draft, id).map(|()| true)?,
        Due::UsedInvite => organisations::forget_used_invite(draft, id).map(|()| true)?,
        Due::MemberInvite => membership::expire(draft, id).map(|()| true)?,
        Due::WaitingAction => actions::expire(draft, id).map(|()| true)?,
    };
    if done { draft.delete(key) } else { Ok(()) }
}

/// Has work that could not be done tried again later, unless it was done meanwhile.
fn put_off(draft: &mut Draft, key: Vec<u8>) -> Result<(), StoreError> {
    if draft.get(&key)?.is_none() {
        return Ok(());
    }
    if let Some((_, what, id)) = key::parse_due(&key) {
        draft.put(key::due(draft.now_ms.saturating_add(PUT_OFF_MS), what, id), [])?;
    }
    draft.delete(key)
}

fn end(draft: &mut Draft, id: &[u8], event: Event) -> Result<(), StoreError> {
    let id = MessageId::parse(id).map_err(|_| StoreError::Damaged)?;
    match Letter::load(draft, id) {
        Ok(Some(letter)) => letter.happen(draft, event, Cause::Hub).map(drop),
        Ok(None) => Ok(()),
        Err(StoreError::Damaged) => end_damaged(draft, id),
        Err(error) => Err(error),
    }
}

/// Ends a message of which nobody can read any more whom it was for: its sender is told that it was lost.
fn end_damaged(draft: &mut Draft, id: MessageId) -> Result<(), StoreError> {
    let key = key::message(&id);
    let Some(value) = draft.get(&key)? else { return Ok(()) };
    let value = MessageValue::parse(&value).ok_or(StoreError::Damaged)?;
    say(draft, &id, value.about(), HubEvent::ExpiredUndelivered, 0)?;
    draft.ended(GroupState::Expired);
    say(draft, &id, value.about(), HubEvent::Purged(PurgeReason::Expired), 0)?;
    draft.release(value.location)?;
    drop_of_damaged(draft, &id)?;
    share::purged(draft, &value.sender.org, value.location)?;
    share::forgotten(draft, &value.sender.org)?;
    draft.count(key::messages(), -1)?;
    draft.delete(key)
}

/// Takes an order to stop out of the queues of those who never came for it.
fn forget_order(
    draft: &mut Draft,
    id: &MessageId,
    tombstone: Location,
    wraps: u64,
    seq: u64,
) -> Result<(), StoreError> {
    match draft.buried_shape(id, tombstone) {
        Ok(Some(shape)) => untell(draft, &shape, wraps, seq),
        // Nobody knows any more whom it was for; what is left in their queues leads nowhere and is passed over.
        Ok(None) | Err(StoreError::Damaged) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Deletes what was kept of a message after its end, a bounded piece of it. Gives whether nothing is left.
fn forget(draft: &mut Draft, id: &[u8]) -> Result<bool, StoreError> {
    let id = MessageId::parse(id).map_err(|_| StoreError::Damaged)?;
    let key = key::tombstone(&id);
    let Some(value) = draft.get(&key)? else { return Ok(true) };
    let value = TombstoneValue::parse(&value).ok_or(StoreError::Damaged)?;
    let readers: Vec<_> = draft
        .registry()
        .organisation(&value.sender.org)
        .map(|organisation| {
            organisation.manifest().readers(&value.sender.mailbox).map(|device| device.id()).collect()
        })
        .unwrap_or_default();
    let facts = draft.prefix(&key::facts(&id)).take(FACTS).collect::<Result<Vec<_>, _>>()?;
    let more = facts.len() == FACTS;
    for (fact_key, fact) in facts {
        let fact = FactValue::parse(&fact).ok_or(StoreError::Damaged)?;
        if let Some(seq) = key::cursor(&fact_key) {
            for reader in &readers {
                draft.delete(key::event(reader, seq))?;
            }
            if let Fact::Stop { wraps, .. } = fact.fact {
                forget_order(draft, &id, value.location, wraps, seq)?;
            }
        }
        draft.release(fact.location)?;
        draft.delete(fact_key)?;
        if let Fact::Hub { batch, .. } = fact.fact {
            draft.drop_receipt(batch)?;
        }
    }
    if more {
        return Ok(false);
    }
    let accepted = match draft.read_head(value.location) {
        Ok(head) => Tombstone::parse(&head).map(|tombstone| tombstone.accepted),
        Err(StoreError::Damaged) => None,
        Err(error) => return Err(error),
    };
    if let Some(accepted) = accepted {
        draft.drop_receipt(accepted.batch)?;
    }
    draft.release(value.location)?;
    share::forgotten(draft, &value.sender.org)?;
    draft.delete(key)?;
    Ok(true)
}
