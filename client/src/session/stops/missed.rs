//! Orders about messages that this device has not got: gone before they came, or on their way still. The order is kept, so that a message
//! which it overtook is stopped before anybody is shown it.

use prost::Message as _;
use samverkan_envelope::open::LogView as _;
use samverkan_proto::ids::MessageId;
use samverkan_proto::limits::DAY_MS;

use super::{Order, Session};
use crate::error::Result;
use crate::home::ProfileLock;
use crate::keystore::EntryName;
use crate::session::model::Missed;

/// The newest of them that are remembered.
const MOST: usize = 128;
/// How long: longer than any message may be on its way.
const KEPT_MS: u64 = 37 * DAY_MS;

#[derive(Clone, PartialEq, prost::Message)]
struct Entries {
    #[prost(message, repeated, tag = "1")]
    all: Vec<Entry>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Entry {
    #[prost(bytes = "vec", tag = "1")]
    message: Vec<u8>,
    #[prost(uint64, tag = "2")]
    at_ms: u64,
    /// Verified before it was kept.
    #[prost(bytes = "vec", tag = "3")]
    statement: Vec<u8>,
}

impl Entry {
    fn order(&self) -> Option<Order> {
        Order::of(MessageId::parse(&self.message).ok()?, &self.statement)
    }
}

impl Session {
    /// Messages that were taken back, or whose consent was withdrawn, before this device had them; oldest first.
    #[must_use]
    pub fn missed(&self) -> Vec<Missed> {
        let read = |entry: &Entry| {
            let order = entry.order()?;
            let by = self.directory.newest_manifest(&order.by)?.fields().handle.clone();
            Some(Missed { by, kind: order.kind(), at_ms: entry.at_ms })
        };
        self.missed_entries().iter().filter_map(read).collect()
    }

    /// The orders that came before this message did.
    pub(in crate::session) fn early_orders(&self, id: &MessageId) -> Vec<Order> {
        let entries = self.missed_entries();
        entries.iter().filter(|entry| entry.message == id.as_bytes()).filter_map(Entry::order).collect()
    }

    pub(super) fn note_missed(&mut self, held: &ProfileLock, order: &Order) -> Result<()> {
        let now_ms = self.clock.now_ms();
        let (message, statement) = (order.message.as_bytes().to_vec(), order.statement.clone());
        let mut all = self.missed_entries();
        if all.iter().any(|entry| (&entry.message, &entry.statement) == (&message, &statement)) {
            return Ok(());
        }
        all.retain(|entry| now_ms < entry.at_ms.saturating_add(KEPT_MS));
        all.push(Entry { message, at_ms: now_ms, statement });
        all.drain(..all.len().saturating_sub(MOST));
        self.put_missed(held, all)
    }

    /// The message has come after all.
    pub(in crate::session) fn forget_missed(&mut self, held: &ProfileLock, id: &MessageId) -> Result<()> {
        let mut all = self.missed_entries();
        all.retain(|entry| entry.message != id.as_bytes());
        self.put_missed(held, all)
    }

    fn missed_entries(&self) -> Vec<Entry> {
        let kept = self.keystore.contents().setting(&name());
        kept.and_then(|bytes| Entries::decode(bytes).ok()).unwrap_or_default().all
    }

    fn put_missed(&mut self, held: &ProfileLock, all: Vec<Entry>) -> Result<()> {
        self.keystore.contents_mut().put_setting(&name(), &Entries { all }.encode_to_vec())?;
        Ok(self.keystore.commit(held)?)
    }
}

fn name() -> EntryName {
    "stops.missed".parse().expect("the name obeys the rule")
}
