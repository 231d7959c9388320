//! Compares a store with what was acknowledged up to a moment.

use super::ledger::{Heard, Ledger, Letter, Party, by};
use super::report::{Finding, Report};
use crate::wire::Said;
use samverkan_hub::clock::Clock;
use samverkan_hub::keys::HubKeys;
use samverkan_hub::store::{Item, OpenReport, Signers, Status, Store, StoreError, StoreOptions};
use samverkan_proto::ids::{BlobId, HubName, MessageId};
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

/// Items in one piece of a queue.
const PIECE: usize = 256;
/// Bytes in one piece of a queue.
const PIECE_BYTES: usize = 8 << 20;

/// Opens the store in `folder` with the keys of the hub in `data_dir`, as a hub does.
///
/// # Errors
/// Why it does not open, also when opening panics.
///
/// # Panics
/// When the hub has no keys.
pub fn open(data_dir: &Path, folder: &Path, options: StoreOptions) -> Result<(Store, OpenReport), String> {
    let keys = HubKeys::load(data_dir).expect("the hub has keys");
    let hub_keys = keys.public();
    let HubKeys { receipt, log, .. } = keys;
    let hub: HubName = "exempel".parse().expect("a name");
    let signers = Signers { receipt, log, hub, hub_keys };
    let open = || Store::open(folder, signers, Clock::system(), options);
    match catch_unwind(AssertUnwindSafe(open)) {
        Ok(opened) => opened.map_err(|error| samverkan_hub::telemetry::with_causes(&error)),
        Err(_panic) => Err("it panicked".to_owned()),
    }
}

/// How a store is judged.
#[derive(Clone, Copy, Debug)]
pub struct Judge<'a> {
    /// What was acknowledged.
    pub ledger: &'a Ledger,
    /// Up to when.
    pub cut_ns: u64,
    /// What the findings are called by, such as `image 17`.
    pub name: &'a str,
    /// Whether something may be missing, or there again, because somebody damaged the store: that is only counted then. Wrong bytes
    /// may not be served all the same.
    pub damaged: bool,
}

impl Judge<'_> {
    /// Looks at everything that was acknowledged, and at everything that is served.
    pub async fn judge(&self, store: &Store, report: &mut Report) {
        self.members(store, report);
        for (at, party) in self.ledger.parties.iter().enumerate() {
            match queue(store, party).await {
                Ok(queue) => self.queue(at, queue, report),
                Err(error) => self.find(report, Finding::Lost, format!("the queue of {at}: {error}")),
            }
        }
        for (id, letter) in &self.ledger.letters {
            self.letter(store, id, letter, report).await;
        }
        self.uploads(store, report).await;
    }

    fn find(&self, report: &mut Report, finding: Finding, words: impl std::fmt::Display) {
        if self.damaged && matches!(finding, Finding::Lost | Finding::Duplicated) {
            report.count("missing_and_told", 1);
        } else {
            report.find(finding, format!("{}: {words}", self.name));
        }
    }

    fn had(&self, at: Option<u64>) -> bool {
        by(at, self.cut_ns)
    }

    fn members(&self, store: &Store, report: &mut Report) {
        if self.ledger.joined_ns > self.cut_ns {
            return;
        }
        let registry = store.registry();
        for (at, party) in self.ledger.parties.iter().enumerate() {
            report.acknowledged += 1;
            if !registry.organisation(&party.org).is_some_and(|found| found.is_active()) {
                self.find(report, Finding::Lost, format!("organisation {at}"));
            }
        }
    }

    /// Everything in a queue is as it was sent, there once, and everything that must be there is.
    fn queue(&self, at: usize, queue: Vec<Item>, report: &mut Report) {
        let (mut letters, mut events) = (BTreeSet::new(), BTreeMap::<Vec<u8>, u32>::new());
        for item in queue {
            match item {
                Item::Delivery { message_id, header, wrap, content, submission_receipt, .. } => {
                    if !letters.insert(message_id) {
                        self.find(report, Finding::Duplicated, format!("message {message_id} in queue {at}"));
                    }
                    let letter = self.ledger.letters.get(&message_id).filter(|letter| letter.to == at);
                    let receipt = letter.and_then(|letter| letter.accepted.as_ref());
                    let same = letter.is_some_and(|letter| letter.is(&header, &wrap, &content))
                        && receipt.is_none_or(|(_, receipt)| *receipt == submission_receipt);
                    if !same {
                        self.find(report, Finding::Silent, format!("message {message_id} has other bytes"));
                    }
                }
                Item::Event { receipt, .. } => *events.entry(receipt).or_default() += 1,
                Item::Stop { message_id, .. } => {
                    let text = format!("an order to stop {message_id}, which nobody took back");
                    self.find(report, Finding::Silent, text);
                }
            }
        }
        self.letters_for(at, &letters, report);
        self.events_for(at, &events, report);
    }

    fn letters_for(&self, at: usize, there: &BTreeSet<MessageId>, report: &mut Report) {
        for (id, letter) in self.ledger.letters.iter().filter(|(_, letter)| letter.to == at) {
            let accepted = self.had(letter.accepted.as_ref().map(|(at, _)| *at));
            if accepted && !self.had(letter.said_ns) && !there.contains(id) {
                self.find(report, Finding::Lost, format!("message {id} does not wait any more"));
            }
            if self.had(letter.delivered_ns) && there.contains(id) {
                self.find(report, Finding::Duplicated, format!("message {id} waits again"));
            }
        }
    }

    fn events_for(&self, at: usize, there: &BTreeMap<Vec<u8>, u32>, report: &mut Report) {
        for (receipt, _) in there.iter().filter(|(_, times)| **times > 1) {
            let about = Said::of(receipt);
            self.find(report, Finding::Duplicated, format!("an event of type {} in queue {at}", about.kind));
        }
        for heard in self.ledger.events.iter().filter(|heard| heard.by == at && heard.at_ns <= self.cut_ns) {
            let there = there.contains_key(&heard.receipt);
            if !there && !self.taken(heard, false) {
                self.find(report, Finding::Lost, format!("event {} in queue {at}", heard.cursor));
            }
            if there && self.taken(heard, true) {
                self.find(report, Finding::Duplicated, format!("event {} waits again", heard.cursor));
            }
        }
    }

    /// Whether a sender had said that it keeps an event, or knew that the hub has that.
    fn taken(&self, heard: &Heard, answered: bool) -> bool {
        self.ledger.taken.iter().any(|taken| {
            let at = if answered { taken.answered_ns } else { Some(taken.said_ns) };
            taken.by == heard.by && taken.through >= heard.cursor && self.had(at)
        })
    }

    async fn letter(&self, store: &Store, id: &MessageId, letter: &Letter, report: &mut Report) {
        let Some((at, receipt)) = &letter.accepted else { return };
        if *at > self.cut_ns {
            return;
        }
        report.acknowledged += 1;
        match store.status(*id).await {
            Ok(Some(status)) => self.status(&status, id, letter, receipt, report),
            Ok(None) => self.find(report, Finding::Lost, format!("message {id} is not known")),
            Err(error) => self.find(report, Finding::Lost, format!("the status of {id}: {error}")),
        }
    }

    fn status(&self, status: &Status, id: &MessageId, letter: &Letter, receipt: &[u8], report: &mut Report) {
        if status.sender_org != self.ledger.parties[letter.from].org {
            self.find(report, Finding::Silent, format!("message {id} is another's"));
        }
        if status.receipts.first().map(Vec::as_slice) != Some(receipt) {
            self.find(report, Finding::Silent, format!("message {id} has another receipt"));
        }
        if !self.had(letter.delivered_ns) {
            return;
        }
        report.acknowledged += 1;
        let delivered = |proof: &&Vec<u8>| {
            let said = Said::of(proof);
            !said.by_hub && said.kind == 1 && said.message_id == *id.as_bytes()
        };
        match status.receipts.iter().filter(delivered).count() {
            1 => {}
            0 => self.find(report, Finding::Lost, format!("the delivery of {id}")),
            _ => self.find(report, Finding::Duplicated, format!("the delivery of {id}")),
        }
    }

    async fn uploads(&self, store: &Store, report: &mut Report) {
        for (index, upload) in self.ledger.uploads.iter().enumerate() {
            let naming = self.ledger.letters.iter().find(|(_, letter)| letter.upload == Some(index));
            let gone = naming.is_some_and(|(_, letter)| self.had(letter.said_ns));
            if upload.done_ns > self.cut_ns || gone {
                continue;
            }
            report.acknowledged += 1;
            let held = store.upload_state(self.ledger.parties[upload.by].org, upload.id).await;
            if !held.is_ok_and(|held| held.complete && held.offset == upload.bytes.len() as u64) {
                self.find(report, Finding::Lost, format!("attachment {index}"));
            }
            if let Some((id, letter)) = naming
                && self.had(letter.accepted.as_ref().map(|(at, _)| *at))
            {
                let reader = self.ledger.parties[letter.to];
                match downloaded(store, &reader, *id, upload.id).await {
                    Ok(bytes) if bytes == upload.bytes => {}
                    Ok(_) => self.find(report, Finding::Silent, format!("attachment {index}: other bytes")),
                    Err(error) => self.find(report, Finding::Lost, format!("attachment {index}: {error}")),
                }
            }
        }
    }
}

async fn queue(store: &Store, party: &Party) -> Result<Vec<Item>, StoreError> {
    let (mut all, mut after) = (Vec::new(), 0);
    loop {
        let piece = store.waiting(party.device, after, PIECE, PIECE_BYTES).await?;
        all.extend(piece.items);
        after = piece.through;
        if piece.caught_up {
            return Ok(all);
        }
    }
}

async fn downloaded(
    store: &Store,
    reader: &Party,
    message: MessageId,
    id: BlobId,
) -> Result<Vec<u8>, StoreError> {
    let mut download = store.download((reader.org, reader.device), message, id, (0, 0)).await?;
    let mut bytes = Vec::new();
    while let Some(part) = download.next().await? {
        bytes.extend_from_slice(&part);
    }
    Ok(bytes)
}
