//! Taking a message in.

use std::sync::Arc;

use samverkan_proto::limits::MAX_WAITING_PER_MAILBOX;
use samverkan_proto::statement::receipt::{HubReceipt, MailboxRef};

use super::StoredMessage;
use super::letter::{Cause, Letter, count_waiting};
use super::sealed::Sealed;
use super::share;
use super::value::{MessageValue, TombstoneValue};
use crate::mail::{Contradiction, Event, Marks};
use crate::policy::SubmitPermit;
use crate::store::draft::Draft;
use crate::store::error::StoreError;
use crate::store::handle::Store;
use crate::store::journal::Room;
use crate::store::key::{self, Due};
use crate::store::record;
use crate::store::record::mail::{Given, MessageHead, Sender};
use crate::store::writer::Committed;
use crate::store::{blobs, consents};

/// What the hub knows of a message id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lookup {
    /// Nothing.
    Unknown,
    /// It was accepted with these very bytes: the first receipt, with its proof.
    Accepted(Vec<u8>),
    /// It was used for other bytes.
    Conflict,
    /// The message was here with these very bytes and has been purged.
    Gone,
}

impl Store {
    /// Whether a message was handed in before. Asked before clock, policy and consents are.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] when the message is known, but its record is damaged.
    pub async fn lookup(&self, sealed: &Sealed) -> Result<Lookup, StoreError> {
        let (id, hashes) = (sealed.id(), sealed.hashes);
        // Almost always the answer is that there is nothing, and the index knows without the disk.
        let (message, tombstone) =
            (self.index().get(&key::message(&id))?, self.index().get(&key::tombstone(&id))?);
        if let Some(value) = message {
            let value = MessageValue::parse(&value).ok_or(StoreError::Damaged)?;
            if value.hashes != hashes {
                return Ok(Lookup::Conflict);
            }
            let proof = self.read(move |view| {
                // Purged since it was found.
                let Some((_, record)) = view.head(&key::message(&id))? else { return Ok(None) };
                let accepted = MessageHead::parse(&record.head).ok_or(StoreError::Damaged)?.accepted;
                view.proof(&accepted.receipt(id, &value.hashes, value.sender.accepted()), &accepted).map(Some)
            });
            return Ok(proof.await?.map_or(Lookup::Gone, Lookup::Accepted));
        }
        let Some(value) = tombstone else { return Ok(Lookup::Unknown) };
        let value = TombstoneValue::parse(&value).ok_or(StoreError::Damaged)?;
        Ok(if value.hashes == hashes { Lookup::Gone } else { Lookup::Conflict })
    }

    /// Takes a message in, and gives its submission receipt with the proof once both are on disk. The same bytes
    /// again give the same receipt.
    ///
    /// # Errors
    /// [`StoreError::Conflict`], `Gone`; `Stale` when the permit was given under an earlier registry; `BlobMissing`;
    /// the reasons of a consent handle; `Quota` when a mailbox is full, or the sender's share is used up.
    pub async fn accept(&self, permit: SubmitPermit, sealed: Sealed) -> Result<Vec<u8>, StoreError> {
        self.call(Room::Ordinary, move |draft| {
            let id = sealed.id();
            let (sender, hashes) = (Sender::of(&sealed.header), sealed.hashes);
            let given = accept(draft, permit, sealed)?;
            Ok(move |committed: &Committed| match given {
                Accepted::Now(given) => Ok(Answer::Proof(committed.proof(&given)?)),
                // It was accepted in an earlier batch, whose signature is on disk.
                Accepted::Before(given) => {
                    Ok(Answer::Receipt(Box::new((given.receipt(id, &hashes, sender.accepted()), given))))
                }
            })
        })
        .await?
        .proof(self)
        .await
    }
}

/// When a message was accepted.
enum Accepted {
    Now(Given),
    Before(Given),
}

/// A submission receipt, on its way to its proof.
enum Answer {
    Proof(Vec<u8>),
    Receipt(Box<(HubReceipt, Given)>),
}

impl Answer {
    async fn proof(self, store: &Store) -> Result<Vec<u8>, StoreError> {
        match self {
            Self::Proof(proof) => Ok(proof),
            Self::Receipt(before) => store.read(move |view| view.proof(&before.0, &before.1)).await,
        }
    }
}

fn accept(draft: &mut Draft, permit: SubmitPermit, sealed: Sealed) -> Result<Accepted, StoreError> {
    let id = sealed.id();
    if let Some(value) = draft.get(&key::message(&id))? {
        let value = MessageValue::parse(&value).ok_or(StoreError::Damaged)?;
        if value.hashes != sealed.hashes {
            return Err(StoreError::Conflict);
        }
        return Ok(Accepted::Before(draft.message(&id, value.location)?.head.accepted));
    }
    if let Some(value) = draft.get(&key::tombstone(&id))? {
        let value = TombstoneValue::parse(&value).ok_or(StoreError::Damaged)?;
        return Err(if value.hashes == sealed.hashes { StoreError::Gone } else { StoreError::Conflict });
    }
    if permit.generation() != draft.registry().generation() {
        return Err(StoreError::Stale);
    }
    if permit.hh() != sealed.header.hh() {
        return Err(StoreError::Internal("a permit was given for another message"));
    }
    check(draft, &sealed)?;
    store(draft, sealed).map(Accepted::Now)
}

/// Whether everything that the message names is there, and there is room for it.
fn check(draft: &Draft, sealed: &Sealed) -> Result<(), StoreError> {
    let fields = sealed.header.fields();
    fields.blobs.iter().try_for_each(|blob| blobs::check(draft, &fields.sender_org, blob))?;
    fields.handles.iter().try_for_each(|handle| consents::check(draft, handle))?;
    share::check(draft, &fields.sender_org, sealed.header.bytes().len() + sealed.body.len())?;
    for to in &fields.to {
        let mailbox = MailboxRef { org: to.org, mailbox: to.mailbox };
        if draft.counter(&key::waiting(&mailbox))? >= MAX_WAITING_PER_MAILBOX {
            return Err(StoreError::Quota);
        }
    }
    Ok(())
}

fn store(draft: &mut Draft, sealed: Sealed) -> Result<Given, StoreError> {
    let Sealed { header, wraps_len, body, hashes } = sealed;
    let (id, expires_ms) = (header.fields().message_id, header.fields().expires_ms);
    let sender = Sender::of(&header);
    let accepted = draft.give(id, &hashes, sender.accepted());
    let head =
        MessageHead { accepted, content_hash: hashes.content, wraps_hash: hashes.wraps, wraps_len, header };
    let pushed = draft.push(record::kind::MESSAGE, head.encode(), body)?;
    let message = Arc::new(StoredMessage::new(head));
    draft.keep_message(Arc::clone(&message));
    let fields = message.head.header.fields();
    blobs::refer(draft, fields)?;
    fields.handles.iter().try_for_each(|handle| consents::use_up(draft, handle, id))?;
    draft.put_new(key::due(expires_ms, Due::Expire, id.as_bytes()), [])?;
    draft.count(key::messages(), 1)?;
    share::stored(draft, &sender.org, pushed.location)?;
    // Until it is accepted it waits for nobody, as if it had been purged.
    let nowhere = Marks { purged: true, ..Marks::default() };
    count_waiting(draft, &message.shape, &nowhere, &Marks::default())?;
    let (location, seq, marks) = (pushed.location, pushed.seq, Marks::default());
    let value = MessageValue { location, seq, expires_ms, lapse_ms: 0, hashes, sender, marks, rewraps: 0 };
    match (Letter { id, message, value }).happen(draft, Event::Accepted, Cause::Hub)? {
        Ok(()) => Ok(accepted),
        Err(Contradiction) => Err(StoreError::Internal("a message contradicts its own acceptance")),
    }
}
