//! Building the index again from the live records.
//!
//! The first pass sees every live record once, in the order of the journal, and puts it where it belongs. Copies
//! made by compaction stand out of order, so whatever depends on several records waits for the second pass, which
//! folds the facts about each message in the order of their numbers and needs the registry.

use std::collections::{HashMap, HashSet};

use samverkan_proto::code::{DeviceReceiptType, HubReceiptType, RefusalReason};
use samverkan_proto::ids::{DeviceId, MessageId, OrgId};
use samverkan_proto::limits::AFTER_DELIVERY_MS;
use samverkan_proto::statement::receipt::MailboxRef;

use super::engine::Engine;
use super::error::StoreError;
use super::index::{IndexError, Overlay};
use super::journal::{Location, Reader, Replayed};
use super::key::{self, Due};
use super::mail::letter::{delivery, device_fact, hub_fact};
use super::mail::rewrap::{of_facts, supersede};
use super::mail::share;
use super::mail::stop::told;
use super::mail::value::{Fact, FactValue, MessageValue, TombstoneValue};
use super::organisations::USED_INVITE_KEPT_MS;
use super::record::blob::{BlobValue, StoredBlob};
use super::record::consent::{Consent, ConsentState, WithdrawnConsent};
use super::record::kind;
use super::record::mail::{
    DeviceReceiptHead, Given, HubReceiptHead, MessageHead, RewrapHead, Sender, parse_opened,
};
use super::record::stop::StopHead;
use super::record::tombstone::Tombstone;
use super::{RECEIPTS_KEPT_MS, actions, blobs, membership, record};
use crate::blob::BlobKey;
use crate::mail::{Effect, Event, GroupState, Marks, Shape, Verdict, step, waiting};
use crate::registry::Registry;

/// Index changes that are collected before they are handed over.
const CHANGES: usize = 8192;

/// What the first pass remembers for the second.
#[derive(Debug, Default)]
pub(super) struct Rebuild {
    /// Messages about which something was said.
    spoken_of: HashSet<MessageId>,
    /// Messages that wait for each mailbox.
    waiting: HashMap<MailboxRef, i64>,
    /// Receipts that are kept of each receipt batch.
    batches: HashMap<u64, u32>,
    /// Unused consents of each organisation.
    unused_consents: HashMap<OrgId, u64>,
    /// Bytes that each organisation's messages take.
    message_bytes: HashMap<OrgId, i64>,
    /// Bytes of each organisation's attachments.
    blob_bytes: HashMap<OrgId, u64>,
    /// Messages that name each attachment.
    references: HashMap<BlobKey, i64>,
    /// Stored messages.
    messages: i64,
    /// The largest size of the log that a receipt answers for.
    log_size: u64,
    /// Intact records that say nothing this version understands.
    strange: u64,
}

impl Rebuild {
    /// Puts one live record into the index.
    pub(super) fn record(&mut self, record: &Replayed<'_>, overlay: &mut Overlay) -> Result<(), IndexError> {
        let Some(key) = record::index_key(record.kind, record.seq, record.head) else {
            self.strange += 1;
            return Ok(());
        };
        let value = match record.kind {
            kind::MESSAGE => self.message(record, overlay)?,
            kind::HUB_RECEIPT => HubReceiptHead::parse(record.head).map(|head| {
                self.answers_for(&head.given);
                self.spoken_of.insert(head.message_id);
                *self.batches.entry(head.given.batch).or_default() += 1;
                hub_fact(&head, record.location).encode()
            }),
            kind::DEVICE_RECEIPT => DeviceReceiptHead::parse(record.head).map(|head| {
                self.spoken_of.insert(head.receipt.message_id);
                device_fact(&head, record.location).encode()
            }),
            kind::OPENED => parse_opened(record.head).map(|(id, open)| {
                self.spoken_of.insert(id);
                FactValue { location: record.location, fact: Fact::Opened { open }, at_ms: 0 }.encode()
            }),
            kind::REWRAP => RewrapHead::parse(record.head).map(|head| {
                self.spoken_of.insert(head.message_id);
                let fact = Fact::Rewrapped { device: head.device, boxes: head.boxes };
                FactValue { location: record.location, fact, at_ms: 0 }.encode()
            }),
            kind::TOMBSTONE => self.tombstone(record, overlay)?,
            kind::EVENTS_TAKEN => record::parse_events_taken(record.head)
                .map(|(_, through)| with_number(record.location, through)),
            kind::INVITE => record::invite::parse(record.head)
                .map(|(code, invite)| {
                    overlay.put(key::due(invite.expires_ms, Due::Invite, code.as_bytes()), [])?;
                    Ok::<_, IndexError>(record.location.to_bytes().to_vec())
                })
                .transpose()?,
            kind::USED_INVITE => record::invite::parse_used(record.head)
                .map(|(code, used)| {
                    let forget = used.used_ms.saturating_add(USED_INVITE_KEPT_MS);
                    overlay.put(key::due(forget, Due::UsedInvite, code.as_bytes()), [])?;
                    Ok::<_, IndexError>(record.location.to_bytes().to_vec())
                })
                .transpose()?,
            kind::MEMBER_INVITE => record::member::parse(record.head)
                .map(|(name, invite)| {
                    overlay.put(membership::due(invite.expires_ms, &name), [])?;
                    Ok::<_, IndexError>(record.location.to_bytes().to_vec())
                })
                .transpose()?,
            kind::WAITING_ACTION => record::parse_waiting_action(record.head)
                .map(|action| {
                    overlay.put(actions::due(&action), [])?;
                    Ok::<_, IndexError>(record.location.to_bytes().to_vec())
                })
                .transpose()?,
            kind::STOP => StopHead::parse(record.head).map(|head| {
                self.spoken_of.insert(head.message_id);
                FactValue { location: record.location, fact: head.fact(), at_ms: head.at_ms }.encode()
            }),
            kind::CONSENT => self.consent(Consent::of_stub(record.head), record.location, overlay)?,
            kind::USED_CONSENT => self.consent(Consent::parse_used(record.head), record.location, overlay)?,
            kind::WITHDRAWN_CONSENT => {
                let withdrawn = WithdrawnConsent::parse(record.head).map(|withdrawn| {
                    self.answers_for(&withdrawn.given);
                    *self.batches.entry(withdrawn.given.batch).or_default() += 1;
                    withdrawn.consent
                });
                self.consent(withdrawn, record.location, overlay)?
            }
            kind::BLOB => self.blob(record, overlay)?,
            // The number of its kept receipts follows when all of them have been seen.
            kind::RECEIPT_BATCH => {
                let mut value = record.location.to_bytes().to_vec();
                value.extend_from_slice(&[0; 4]);
                Some(value)
            }
            _ => Some(record.location.to_bytes().to_vec()),
        };
        match value {
            Some(value) => overlay.put(key, value),
            None => Ok(()),
        }
    }

    fn consent(
        &mut self,
        consent: Option<Consent>,
        location: Location,
        overlay: &mut Overlay,
    ) -> Result<Option<Vec<u8>>, IndexError> {
        let Some(consent) = consent else { return Ok(None) };
        overlay.put(consent.forgetting(), [])?;
        if consent.state == ConsentState::Unused {
            *self.unused_consents.entry(consent.issuer).or_default() += 1;
        }
        Ok(Some(consent.value(location)))
    }

    fn blob(&mut self, record: &Replayed<'_>, overlay: &mut Overlay) -> Result<Option<Vec<u8>>, IndexError> {
        let Some(blob) = StoredBlob::parse(record.head) else { return Ok(None) };
        overlay.put(blobs::collection(&blob), [])?;
        *self.blob_bytes.entry(blob.key.org).or_default() += blob.len;
        Ok(Some(BlobValue { location: record.location, len: blob.len, references: 0 }.encode()))
    }

    /// A message as it was when it was accepted.
    fn message(
        &mut self,
        record: &Replayed<'_>,
        overlay: &mut Overlay,
    ) -> Result<Option<Vec<u8>>, IndexError> {
        let Some(head) = MessageHead::parse(record.head) else { return Ok(None) };
        let fields = head.header.fields();
        let (id, shape) = (fields.message_id, Shape::of(fields));
        let (marks, _) = accepted(&shape);
        self.answers_for(&head.accepted);
        *self.batches.entry(head.accepted.batch).or_default() += 1;
        overlay.put(key::due(fields.expires_ms, Due::Expire, id.as_bytes()), [])?;
        for wrap in bits(waiting(&shape, &marks)) {
            overlay.put(key::delivery(&shape.wraps[wrap].device, record.seq), delivery(&id, wrap))?;
        }
        for to in &shape.to {
            *self.waiting.entry(*to).or_default() += 1;
        }
        self.messages += 1;
        *self.message_bytes.entry(fields.sender_org).or_default() += share::of_message(record.location);
        for blob in &fields.blobs {
            *self.references.entry(BlobKey { org: fields.sender_org, id: blob.id }).or_default() += 1;
        }
        let value = MessageValue {
            location: record.location,
            seq: record.seq,
            expires_ms: fields.expires_ms,
            lapse_ms: 0,
            hashes: head.hashes(),
            sender: Sender::of(&head.header),
            marks,
            rewraps: 0,
        };
        Ok(Some(value.encode()))
    }

    fn tombstone(
        &mut self,
        record: &Replayed<'_>,
        overlay: &mut Overlay,
    ) -> Result<Option<Vec<u8>>, IndexError> {
        let Some(tombstone) = Tombstone::parse(record.head) else { return Ok(None) };
        let id = tombstone.message_id;
        self.spoken_of.insert(id);
        self.answers_for(&tombstone.accepted);
        *self.batches.entry(tombstone.accepted.batch).or_default() += 1;
        let forget = tombstone.purged_ms.saturating_add(RECEIPTS_KEPT_MS);
        overlay.put(key::due(forget, Due::Forget, id.as_bytes()), [])?;
        let Tombstone { hashes, sender, marks, .. } = tombstone;
        *self.message_bytes.entry(sender.org).or_default() += share::of_tombstone();
        Ok(Some(TombstoneValue { location: record.location, hashes, sender, marks }.encode()))
    }

    fn answers_for(&mut self, given: &Given) {
        self.log_size = self.log_size.max(given.log_size);
    }

    /// The largest size of the log that a receipt answers for; 0 when nothing was rebuilt.
    pub(super) fn answered_for(&self) -> u64 {
        self.log_size
    }

    /// Folds what was said about the messages. Gives the records that nothing stands for any more, for the writer
    /// to release.
    pub(super) fn finish(mut self, engine: &Engine, registry: &Registry) -> Result<Leftovers, StoreError> {
        let mut fold = Fold {
            overlay: engine.index().overlay(),
            reader: engine.reader(),
            registry,
            taken: HashMap::new(),
            leftovers: Leftovers { strange: self.strange, release: Vec::new() },
        };
        for id in std::mem::take(&mut self.spoken_of) {
            match fold.one(&id, &mut self) {
                // Its catalogue spoke of a record that its segment does not hold any more. The reader has told and counted that; the
                // message stays as it was accepted, and whoever reads it is told again.
                Ok(()) | Err(StoreError::Damaged) => {}
                Err(error) => return Err(error),
            }
            if fold.overlay.len() >= CHANGES {
                engine.rebuilt(std::mem::replace(&mut fold.overlay, engine.index().overlay()))?;
            }
        }
        self.counters(&mut fold.overlay)?;
        for pair in engine.index().prefix(&[key::RECEIPT_BATCH]) {
            let (key, mut value) = pair?;
            let count = key::cursor(&key).and_then(|batch| self.batches.get(&batch)).copied().unwrap_or(0);
            match (count, key::location(&value)) {
                (0, Some(location)) => {
                    fold.overlay.delete(key)?;
                    fold.leftovers.release.push(location);
                }
                _ => {
                    value.truncate(Location::LEN);
                    value.extend_from_slice(&count.to_be_bytes());
                    fold.overlay.put(key, value)?;
                }
            }
        }
        engine.rebuilt(fold.overlay)?;
        Ok(fold.leftovers)
    }

    /// Writes down what was counted on the way.
    fn counters(&self, overlay: &mut Overlay) -> Result<(), StoreError> {
        let waiting = self.waiting.iter().map(|(mailbox, count)| (key::waiting(mailbox), *count));
        let messages = std::iter::once((key::messages(), self.messages));
        let bytes = self.message_bytes.iter().map(|(org, bytes)| (key::message_bytes(org), *bytes));
        let positive = waiting
            .chain(messages)
            .chain(bytes)
            .filter_map(|(key, count)| Some((key, u64::try_from(count).ok()?)));
        let consents = self.unused_consents.iter().map(|(org, count)| (key::unused_consents(org), *count));
        let bytes = self.blob_bytes.iter().map(|(org, bytes)| (key::blob_bytes(org), *bytes));
        for (key, count) in positive.chain(consents).chain(bytes).filter(|(_, count)| *count > 0) {
            overlay.put(key, count.to_be_bytes())?;
        }
        for (blob, count) in &self.references {
            let blob_key = key::blob(blob);
            let value = overlay.get(&blob_key)?.and_then(|value| BlobValue::parse(&value));
            if let (Some(mut value), Ok(count)) = (value, u32::try_from(*count)) {
                value.references = count;
                overlay.put(blob_key, value.encode())?;
            }
        }
        Ok(())
    }
}

/// What a rebuild could not place.
#[derive(Debug)]
pub(super) struct Leftovers {
    /// Intact records that say nothing this version understands; they are left alone.
    pub(super) strange: u64,
    /// Records that nothing stands for any more: traces of a damaged commit.
    pub(super) release: Vec<Location>,
}

/// The second pass.
struct Fold<'a> {
    overlay: Overlay,
    reader: Reader,
    registry: &'a Registry,
    /// Up to where each device has taken its events.
    taken: HashMap<DeviceId, u64>,
    leftovers: Leftovers,
}

impl Fold<'_> {
    fn one(&mut self, id: &MessageId, counts: &mut Rebuild) -> Result<(), StoreError> {
        let facts = self.facts(id)?;
        let tombstone = self.overlay.get(&key::tombstone(id))?;
        if let Some(value) = self.overlay.get(&key::message(id))? {
            let value = MessageValue::parse(&value).ok_or(StoreError::Damaged)?;
            let purged = Fact::is_purge;
            if tombstone.is_none() && !facts.iter().any(|(_, value)| purged(&value.fact)) {
                self.events(id, &value.sender, &facts)?;
                return self.stored(id, value, &facts, counts);
            }
            // Its release was lost with a damaged commit; what was purged stays purged.
            self.undo(id, &value, counts)?;
        }
        let Some(value) = tombstone else { return Ok(()) };
        let mut value = TombstoneValue::parse(&value).ok_or(StoreError::Damaged)?;
        self.events(id, &value.sender, &facts)?;
        let head = self.reader.read_head(value.location)?.head;
        let shape = Tombstone::parse(&head).ok_or(StoreError::Damaged)?.shape;
        for (_, fact) in &facts {
            apply(&shape, &mut value.marks, fact);
        }
        self.orders(id, &shape, &facts)?;
        self.overlay.put(key::tombstone(id), value.encode())?;
        Ok(())
    }

    fn facts(&self, id: &MessageId) -> Result<Vec<(u64, FactValue)>, StoreError> {
        let parse = |pair: Result<(Vec<u8>, Vec<u8>), IndexError>| {
            let (key, value) = pair?;
            let seq = key::cursor(&key).ok_or(StoreError::Damaged)?;
            Ok((seq, FactValue::parse(&value).ok_or(StoreError::Damaged)?))
        };
        self.overlay.prefix(&key::facts(id)).map(parse).collect()
    }

    /// A stored message, with everything that was said about it.
    fn stored(
        &mut self,
        id: &MessageId,
        mut value: MessageValue,
        facts: &[(u64, FactValue)],
        counts: &mut Rebuild,
    ) -> Result<(), StoreError> {
        let head = self.reader.read_head(value.location)?.head;
        let head = MessageHead::parse(&head).ok_or(StoreError::Damaged)?;
        let mut shape = Shape::of(head.header.fields());
        let (mut marks, primaries) = accepted(&shape);
        // Those who came later were there when the rest of the facts happened, or have not been spoken of in them.
        let (from_header, rewraps) = (shape.wraps.len(), of_facts(facts));
        let added: Vec<_> = rewraps.iter().filter_map(|rewrapped| rewrapped.shape(&shape)).collect();
        shape.wraps.extend(added);
        value.rewraps = u8::try_from(rewraps.len()).unwrap_or(u8::MAX);
        let mut place = from_header;
        for (_, fact) in facts {
            if let Fact::Rewrapped { .. } = fact.fact {
                supersede(&shape, &mut marks, place);
                if let Some(wrap) = shape.wraps.get(place) {
                    *counts.message_bytes.entry(wrap.org).or_default() += share::of_rewrap(fact.location);
                }
                place += 1;
            }
            if apply(&shape, &mut marks, fact).contains(&Effect::LapseDue) {
                value.lapse_ms = fact.at_ms.saturating_add(AFTER_DELIVERY_MS);
            }
        }
        marks.purged = false;
        if value.lapse_ms > 0 {
            self.overlay.put(key::due(value.lapse_ms, Due::Lapse, id.as_bytes()), [])?;
        }
        for (group, range) in shape.groups.iter().enumerate() {
            if marks.groups[group] != GroupState::Open {
                shape.to[range.clone()].iter().for_each(|to| *counts.waiting.entry(*to).or_default() -= 1);
            }
        }
        let queued = waiting(&shape, &marks);
        for (wrap, at) in shape.wraps.iter().enumerate() {
            let from_start = at.boxes == 0 || at.boxes & primaries != 0;
            let own = wrap.checked_sub(from_header).and_then(|place| rewraps.get(place)).map(|one| one.seq);
            let began = own.unwrap_or(value.seq);
            let cursor =
                if from_start { Some(began) } else { opened_at(facts, at.boxes).map(|at| at.max(began)) };
            match cursor {
                Some(cursor) if queued >> wrap & 1 == 1 => {
                    self.overlay.put(key::delivery(&at.device, cursor), delivery(id, wrap))?;
                }
                Some(cursor) => self.overlay.delete(key::delivery(&at.device, cursor))?,
                None => {}
            }
        }
        value.marks = marks;
        Ok(self.overlay.put(key::message(id), value.encode())?)
    }

    /// Takes a purged message out again.
    fn undo(&mut self, id: &MessageId, value: &MessageValue, counts: &mut Rebuild) -> Result<(), StoreError> {
        let head = self.reader.read_head(value.location)?.head;
        let head = MessageHead::parse(&head).ok_or(StoreError::Damaged)?;
        for wrap in &head.header.fields().wraps {
            self.overlay.delete(key::delivery(&wrap.device, value.seq))?;
        }
        let fields = head.header.fields();
        for to in Shape::of(fields).to {
            *counts.waiting.entry(to).or_default() -= 1;
        }
        for blob in &fields.blobs {
            *counts.references.entry(BlobKey { org: fields.sender_org, id: blob.id }).or_default() -= 1;
        }
        counts.messages -= 1;
        *counts.message_bytes.entry(value.sender.org).or_default() -= share::of_message(value.location);
        self.overlay.delete(key::due(value.expires_ms, Due::Expire, id.as_bytes()))?;
        self.overlay.delete(key::message(id))?;
        self.leftovers.release.push(value.location);
        Ok(())
    }

    /// Up to where a device has taken its events.
    fn taken_by(&mut self, device: DeviceId) -> Result<u64, StoreError> {
        if let Some(taken) = self.taken.get(&device) {
            return Ok(*taken);
        }
        let value = self.overlay.get(&key::events_taken(&device))?;
        let taken = value.as_deref().and_then(key::cursor).unwrap_or(0);
        self.taken.insert(device, taken);
        Ok(taken)
    }

    /// Puts the orders to stop that were not taken yet before the devices that they are for.
    fn orders(
        &mut self,
        id: &MessageId,
        shape: &Shape,
        facts: &[(u64, FactValue)],
    ) -> Result<(), StoreError> {
        for (seq, fact) in facts {
            let Fact::Stop { wraps, .. } = fact.fact else { continue };
            for wrap in told(shape, wraps) {
                let waits =
                    self.registry.is_current(&wrap.org, &wrap.device) && *seq > self.taken_by(wrap.device)?;
                if waits {
                    self.overlay.put(key::event(&wrap.device, *seq), id.as_bytes().as_slice())?;
                }
            }
        }
        Ok(())
    }

    /// Puts what the sender has not taken yet before the devices that read its mailbox now and were there then.
    fn events(
        &mut self,
        id: &MessageId,
        sender: &Sender,
        facts: &[(u64, FactValue)],
    ) -> Result<(), StoreError> {
        let Some(organisation) = self.registry.organisation(&sender.org) else { return Ok(()) };
        for reader in organisation.manifest().readers(&sender.mailbox) {
            let device = reader.id();
            let taken = self.taken_by(device)?;
            for (seq, fact) in facts {
                if fact.is_event() && *seq > taken && fact.at_ms >= reader.added_ms {
                    self.overlay.put(key::event(&device, *seq), id.as_bytes().as_slice())?;
                }
            }
        }
        Ok(())
    }
}

impl Fact {
    fn is_purge(&self) -> bool {
        matches!(self, Self::Hub { kind, .. } if *kind == HubReceiptType::Purged.code())
    }
}

/// The marks of a message that has just been accepted, and the mailboxes that are open then.
fn accepted(shape: &Shape) -> (Marks, u16) {
    let mut marks = Marks::default();
    // Acceptance contradicts nothing.
    let _ = step(shape, &mut marks, Event::Accepted);
    let open = marks.open;
    (marks, open)
}

/// Lets a fact happen again. What followed from it then stands in facts of its own.
fn apply(shape: &Shape, marks: &mut Marks, value: &FactValue) -> Vec<Effect> {
    let event = match value.fact {
        Fact::Opened { open } => {
            marks.open |= open;
            return Vec::new();
        }
        // A recall stands in a hub receipt as well.
        Fact::Rewrapped { .. } | Fact::Stop { withdrawn: false, .. } => return Vec::new(),
        Fact::Stop { withdrawn: true, .. } => Event::Withdrawn,
        Fact::Device { kind, reason, wrap, .. } => {
            let verdict = match (DeviceReceiptType::try_from(kind), RefusalReason::try_from(reason)) {
                (Ok(DeviceReceiptType::Delivered), _) => Verdict::Delivered,
                (Ok(DeviceReceiptType::CannotDecrypt), _) => Verdict::CannotDecrypt,
                (Ok(DeviceReceiptType::Refused), Ok(reason)) => Verdict::Refused(reason),
                (Ok(DeviceReceiptType::Answered), _) => Verdict::Answered,
                _ => return Vec::new(),
            };
            Event::Receipt { wrap: usize::from(wrap), verdict, now_ms: value.at_ms }
        }
        Fact::Hub { kind, reason, place, .. } => match hub_event(shape, marks, kind, reason, place) {
            Some(event) => event,
            None => return Vec::new(),
        },
    };
    // A contradiction changed nothing then either.
    step(shape, marks, event).unwrap_or_default()
}

/// The event behind a hub receipt; `None` for those that only tell of what follows from others.
fn hub_event(shape: &Shape, marks: &mut Marks, kind: u8, reason: u8, place: u8) -> Option<Event> {
    let place = usize::from(place);
    let mut found = |state: GroupState| {
        let group = shape.groups.iter().position(|group| group.contains(&place))?;
        if marks.groups[group] == GroupState::Open {
            marks.groups[group] = state;
        }
        None
    };
    match HubReceiptType::try_from(kind).ok()? {
        HubReceiptType::HandedOver => Some(Event::HandedOver { wrap: place }),
        HubReceiptType::Undecryptable => found(GroupState::Undecryptable),
        HubReceiptType::Refused => found(GroupState::Refused),
        HubReceiptType::Returned => {
            let org = shape.to.get(place)?.org;
            Some(Event::OrganisationCut { org, reason: reason.try_into().ok()? })
        }
        HubReceiptType::Recalled => Some(Event::Recalled),
        HubReceiptType::SubmissionAccepted
        | HubReceiptType::Expiring
        | HubReceiptType::ExpiredUndelivered
        | HubReceiptType::Purged
        | HubReceiptType::Shredded => None,
    }
}

/// The cursor under which a device's mailboxes were opened.
fn opened_at(facts: &[(u64, FactValue)], boxes: u16) -> Option<u64> {
    let opened = |value: &FactValue| matches!(value.fact, Fact::Opened { open } if open & boxes != 0);
    facts.iter().find(|(_, value)| opened(value)).map(|(seq, _)| *seq)
}

fn with_number(location: Location, number: u64) -> Vec<u8> {
    [location.to_bytes().as_slice(), &number.to_be_bytes()].concat()
}

fn bits(set: u64) -> impl Iterator<Item = usize> {
    (0..64).filter(move |bit| set >> bit & 1 == 1)
}
