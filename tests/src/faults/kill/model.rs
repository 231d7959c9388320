//! What the clients know, and what must therefore be true of the hub.
//!
//! The model hears of everything before it is sent and after it is answered, so what a kill left in doubt is in doubt here too, and is
//! decided by what the hub shows afterwards. It looks at nothing itself: a test can tell it of a loss and see that it says so.

use super::told::Told;
use crate::faults::{Finding, Report};
use crate::wire::{Parcel, RawWrap};
use samverkan_proto::ids::sha256_of;
use samverkan_proto::limits::WRAP_LEN;
use samverkan_proto::v1::{Delivery, MessageState};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

/// A message's identifier.
pub type Id = [u8; 16];
/// A client's place in the federation.
pub type ClientIndex = usize;

/// Finished messages whose bytes are kept, to be handed in once more.
const REMEMBERED: usize = 64;
/// A client as the model knows it.
#[derive(Debug)]
struct Client {
    device: [u8; 16],
    org: [u8; 16],
    /// Handed in by it, and not answered yet.
    in_doubt: BTreeSet<Id>,
    /// Waits for it, if the hub has it.
    waiting: BTreeSet<Id>,
    /// It said that it has these; the hub has not answered that.
    said: BTreeSet<Id>,
    /// Events up to here are settled.
    taken: u64,
}

/// A message as the model knows it.
#[derive(Debug)]
struct Message {
    sender: ClientIndex,
    /// Its bytes, until it is over.
    parcel: Option<Arc<Parcel>>,
    /// Of header and content.
    digest: [u8; 32],
    /// Who reads it, with the digest of the wrap.
    readers: BTreeMap<ClientIndex, [u8; 32]>,
    /// The receipt of type 1, from whomever it came first.
    receipt: Option<Vec<u8>>,
    /// Events about it, by whom they were told to: cursor and digest.
    told: BTreeMap<(ClientIndex, Told), (u64, [u8; 32])>,
    /// Receipts and state when it was last asked for.
    status: (Vec<[u8; 32]>, i32),
}

/// Everything the clients know together.
#[derive(Debug)]
pub struct Model {
    clients: Vec<Client>,
    messages: BTreeMap<Id, Message>,
    remembered: VecDeque<Arc<Parcel>>,
    findings: Vec<(Finding, String)>,
    acknowledged: u64,
    delivered: u64,
}

impl Model {
    /// For these clients: device and organisation of each.
    #[must_use]
    pub fn new(clients: impl IntoIterator<Item = ([u8; 16], [u8; 16])>) -> Self {
        let client = |(device, org)| Client {
            device,
            org,
            in_doubt: BTreeSet::new(),
            waiting: BTreeSet::new(),
            said: BTreeSet::new(),
            taken: 0,
        };
        Self {
            clients: clients.into_iter().map(client).collect(),
            messages: BTreeMap::new(),
            remembered: VecDeque::new(),
            findings: Vec::new(),
            acknowledged: 0,
            delivered: 0,
        }
    }

    /// Something else is wrong, which only the caller can see.
    pub fn find(&mut self, finding: Finding, words: impl Into<String>) {
        self.findings.push((finding, words.into()));
    }

    /// Messages that their senders hold a receipt for, or whose delivery proved that there is one.
    #[must_use]
    pub const fn acknowledged(&self) -> u64 {
        self.acknowledged
    }

    /// Deliveries whose acknowledgement the hub has confirmed.
    #[must_use]
    pub const fn delivered(&self) -> u64 {
        self.delivered
    }

    /// Adds what is known and what was found to a report.
    pub fn tell(&self, report: &mut Report) {
        report.acknowledged += self.acknowledged;
        report.count("delivered", self.delivered);
        for (finding, words) in &self.findings {
            report.find(*finding, words);
        }
    }

    /// A client is about to hand a message in.
    pub fn submitting(&mut self, sender: ClientIndex, parcel: &Arc<Parcel>) {
        let id = parcel.header.message_id;
        let wraps = parcel.header.wraps.iter().zip(parcel.wraps.chunks(WRAP_LEN));
        let readers: BTreeMap<_, _> =
            wraps.filter_map(|(wrap, bytes)| Some((self.reader(wrap)?, sha256_of(&[bytes])))).collect();
        for reader in readers.keys() {
            self.clients[*reader].waiting.insert(id);
        }
        self.clients[sender].in_doubt.insert(id);
        let digest = sha256_of(&[&parcel.header_bytes(), &parcel.content]);
        let message = Message {
            sender,
            parcel: Some(Arc::clone(parcel)),
            digest,
            readers,
            receipt: None,
            told: BTreeMap::new(),
            status: (Vec::new(), 0),
        };
        self.messages.insert(id, message);
    }

    fn reader(&self, wrap: &RawWrap) -> Option<ClientIndex> {
        self.clients.iter().position(|client| client.device == wrap.device)
    }

    /// The sender was given a receipt, now or again.
    pub fn receipt(&mut self, id: Id, proof: &[u8]) {
        self.accepted(id, proof);
        self.answered(id);
    }

    /// The hub says that the message was there and is gone: true only when every reader has said that it has it.
    pub fn gone(&mut self, id: Id) {
        let Some(message) = self.messages.get_mut(&id) else { return };
        let unread = message.readers.keys().find(|reader| self.clients[**reader].waiting.contains(&id));
        if let Some(reader) = unread {
            let words = format!("{} is gone, and client {reader} has not had it", hex(&id));
            self.findings.push((Finding::Lost, words));
        }
        if message.receipt.is_none() {
            // Accepted, read and purged before the sender heard of it.
            message.receipt = Some(Vec::new());
            self.acknowledged += 1;
        }
        for reader in message.readers.keys() {
            self.delivered += u64::from(self.clients[*reader].said.remove(&id));
        }
        self.answered(id);
    }

    /// A client was shown a message. Gives the message when the client should say that it has it.
    pub fn delivery(&mut self, reader: ClientIndex, delivery: &Delivery) -> Option<Arc<Parcel>> {
        let id = message_id(&delivery.header);
        let Some((id, message)) = id.and_then(|id| Some((id, self.messages.get(&id)?))) else {
            self.find(Finding::Silent, format!("client {reader} was shown a message that nobody sent"));
            return None;
        };
        let Some(wrap) = message.readers.get(&reader) else {
            let words = format!("client {reader} was shown {}, which is not for it", hex(&id));
            self.find(Finding::Silent, words);
            return None;
        };
        let digest = sha256_of(&[&delivery.header, &delivery.content]);
        if digest != message.digest || *wrap != sha256_of(&[&delivery.wrap]) {
            let words = format!("client {reader} was shown {} with other bytes", hex(&id));
            self.find(Finding::Silent, words);
            return None;
        }
        let client = &self.clients[reader];
        if !client.waiting.contains(&id) && !client.said.contains(&id) {
            let words = format!("client {reader} was shown {} again", hex(&id));
            self.findings.push((Finding::Duplicated, words));
        }
        let parcel = message.parcel.clone();
        self.accepted(id, &delivery.submission_receipt);
        parcel
    }

    /// A client is about to say that it has these.
    pub fn saying(&mut self, reader: ClientIndex, ids: &[Id]) {
        let client = &mut self.clients[reader];
        for id in ids.iter().filter(|id| client.waiting.remove(*id)) {
            client.said.insert(*id);
        }
    }

    /// The hub has taken that: from now on they must not be shown again.
    pub fn heard(&mut self, reader: ClientIndex, ids: &[Id]) {
        for id in ids {
            self.delivered += u64::from(self.clients[reader].said.remove(id));
            self.settle(*id);
        }
    }

    /// After a restart, with every message that was in doubt handed in again, a client was shown `seen` and told that nothing else waits.
    pub fn caught_up(&mut self, reader: ClientIndex, seen: &BTreeSet<Id>) {
        let client = &mut self.clients[reader];
        let missing: Vec<Id> = client.waiting.difference(seen).copied().collect();
        // What was said and is shown again was not taken; what was said and is not shown was.
        let (again, taken): (Vec<Id>, Vec<Id>) = client.said.iter().partition(|id| seen.contains(*id));
        client.said.clear();
        client.waiting.extend(again);
        self.delivered += taken.len() as u64;
        for id in missing {
            self.clients[reader].waiting.remove(&id);
            let words = format!("{} does not wait for client {reader} any more", hex(&id));
            self.find(Finding::Lost, words);
        }
        taken.into_iter().for_each(|id| self.settle(id));
    }

    /// A client was told something about a message that its organisation sent.
    pub fn event(&mut self, reader: ClientIndex, cursor: u64, proof: &[u8]) {
        let told = Told::read(proof).and_then(|(id, told)| Some((id, told, self.messages.get_mut(&id)?)));
        let Some((id, told, message)) = told else {
            return self
                .find(Finding::Silent, format!("client {reader} was told of a message that nobody sent"));
        };
        let client = &self.clients[reader];
        let digest = sha256_of(&[proof]);
        if self.clients[message.sender].org != client.org {
            let words = format!("client {reader} was told of {}, which is another's", hex(&id));
            self.findings.push((Finding::Silent, words));
        }
        let first = *message.told.entry((reader, told)).or_insert((cursor, digest));
        if first.1 != digest {
            let words = format!("client {reader} was told {told:?} of {} in two ways", hex(&id));
            self.find(Finding::Silent, words);
        } else if cursor <= client.taken || first.0 != cursor {
            let words = format!("client {reader} was told {told:?} of {} again", hex(&id));
            self.findings.push((Finding::Duplicated, words));
        }
    }

    /// The hub has taken that a client has all events up to `through`.
    pub fn events_taken(&mut self, reader: ClientIndex, through: u64) {
        let client = &mut self.clients[reader];
        client.taken = client.taken.max(through);
    }

    /// What the hub answered when a sender asked about a message: nothing that it once said may be missing or different.
    pub fn status(&mut self, id: Id, receipts: &[impl AsRef<[u8]>], state: i32) {
        let Some(message) = self.messages.get_mut(&id) else { return };
        let now: Vec<[u8; 32]> = receipts.iter().map(|receipt| sha256_of(&[receipt.as_ref()])).collect();
        let (before, state_before) = &message.status;
        let first = message.receipt.as_deref().filter(|receipt| !receipt.is_empty());
        let same_first =
            first.is_none_or(|first| receipts.first().is_some_and(|found| found.as_ref() == first));
        let ended = *state_before == MessageState::Delivered as i32;
        if !now.starts_with(before) || !same_first || (ended && state != *state_before) {
            let words = format!("the receipts of {} went backwards", hex(&id));
            self.findings.push((Finding::Silent, words));
        }
        message.status = (now, state);
    }

    /// The hub refuses for good what it never answered: nobody waits for it.
    pub fn give_up(&mut self, id: Id) {
        if let Some(message) = self.messages.remove(&id) {
            self.clients[message.sender].in_doubt.remove(&id);
            for reader in message.readers.keys() {
                self.clients[*reader].waiting.remove(&id);
            }
        }
    }

    /// Messages of a client that it must hand in again.
    #[must_use]
    pub fn in_doubt(&self, sender: ClientIndex) -> Vec<Arc<Parcel>> {
        let ids = self.clients[sender].in_doubt.iter();
        ids.filter_map(|id| self.messages.get(id)?.parcel.clone()).collect()
    }

    /// Answered messages of a client, at most `most`, the newest and some that are over.
    #[must_use]
    pub fn answered_of(&self, sender: ClientIndex, most: usize) -> Vec<Arc<Parcel>> {
        let of_sender = |parcel: &&Arc<Parcel>| {
            self.messages.get(&parcel.header.message_id).is_some_and(|message| message.sender == sender)
        };
        let over = self.remembered.iter().filter(of_sender).take(most / 2);
        let reading = self.clients.iter().flat_map(|client| &client.waiting);
        let waiting = reading.filter_map(|id| self.messages.get(id)).filter(|message| {
            message.sender == sender && message.receipt.as_ref().is_some_and(|receipt| !receipt.is_empty())
        });
        over.chain(waiting.filter_map(|message| message.parcel.as_ref())).take(most).cloned().collect()
    }

    /// Whether every reader's acknowledgement of it was confirmed, so that the hub has nothing more to give.
    #[must_use]
    pub fn is_over(&self, id: &Id) -> bool {
        self.messages.get(id).is_some_and(|message| self.all_confirmed(id, message))
    }

    /// Nothing waits any more, and all events were taken: each message that its readers have must have told its sender so, everywhere.
    pub fn finish(&mut self) {
        let mut missing = Vec::new();
        for (id, message) in self.messages.iter().filter(|(id, message)| self.all_confirmed(id, message)) {
            let org = self.clients[message.sender].org;
            let expected = Told::all(message.readers.keys().map(|reader| self.clients[*reader].device));
            for listener in (0..self.clients.len()).filter(|client| self.clients[*client].org == org) {
                let untold = expected.iter().filter(|told| !message.told.contains_key(&(listener, **told)));
                missing.extend(
                    untold.map(|told| format!("client {listener} was not told {told:?} of {}", hex(id))),
                );
            }
        }
        missing.into_iter().for_each(|words| self.find(Finding::Lost, words));
    }

    fn accepted(&mut self, id: Id, proof: &[u8]) {
        let Some(message) = self.messages.get_mut(&id) else { return };
        match &message.receipt {
            None => {
                message.receipt = Some(proof.to_vec());
                self.acknowledged += 1;
            }
            Some(first) if first.is_empty() || first == proof => {}
            Some(_) => self.find(Finding::Silent, format!("{} has two receipts", hex(&id))),
        }
    }

    fn answered(&mut self, id: Id) {
        if let Some(message) = self.messages.get(&id) {
            self.clients[message.sender].in_doubt.remove(&id);
            self.settle(id);
        }
    }

    /// Lets the bytes of a message go that is over.
    fn settle(&mut self, id: Id) {
        let Some(message) = self.messages.get(&id) else { return };
        let answered = !self.clients[message.sender].in_doubt.contains(&id);
        if answered
            && self.all_confirmed(&id, message)
            && let Some(parcel) = self.messages.get_mut(&id).and_then(|message| message.parcel.take())
        {
            self.remembered.push_back(parcel);
            if self.remembered.len() > REMEMBERED {
                self.remembered.pop_front();
            }
        }
    }

    fn all_confirmed(&self, id: &Id, message: &Message) -> bool {
        let open = |client: &Client| client.waiting.contains(id) || client.said.contains(id);
        message.receipt.is_some() && !message.readers.keys().any(|reader| open(&self.clients[*reader]))
    }
}

/// The message that a header names.
#[must_use]
pub fn message_id(header: &[u8]) -> Option<Id> {
    header.get(6..22)?.try_into().ok()
}

fn hex(id: &Id) -> String {
    data_encoding::HEXLOWER.encode(id)
}

#[cfg(test)]
#[path = "model_tests.rs"]
mod tests;
