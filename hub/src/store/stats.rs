//! Numbers about the store, for the operator's check and the metrics page. They name nobody.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

use super::error::StoreError;
use super::handle::Store;
use super::index::Index;
use super::journal::JournalOptions;
use super::key;
use crate::mail::GroupState;
use crate::registry::Claim;

/// How a message ended for one of those it was sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
enum Outcome {
    Delivered,
    Refused,
    Undecryptable,
    Returned,
    Expired,
    Recalled,
    Withdrawn,
}

impl Outcome {
    const ALL: [Self; 7] = [
        Self::Delivered,
        Self::Refused,
        Self::Undecryptable,
        Self::Returned,
        Self::Expired,
        Self::Recalled,
        Self::Withdrawn,
    ];

    const fn of(state: GroupState) -> Option<Self> {
        Some(match state {
            GroupState::Open => return None,
            GroupState::Delivered => Self::Delivered,
            GroupState::Refused => Self::Refused,
            GroupState::Undecryptable => Self::Undecryptable,
            GroupState::Returned => Self::Returned,
            GroupState::Expired => Self::Expired,
            GroupState::Recalled => Self::Recalled,
            GroupState::Withdrawn => Self::Withdrawn,
        })
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabel {
    outcome: Outcome,
}

/// What the writer counts.
#[derive(Debug)]
pub(super) struct Counters {
    ended: Family<OutcomeLabel, Counter>,
    batch_operations: Histogram,
    commit_seconds: Histogram,
    sync_seconds: Histogram,
    index_rebuilds: Counter,
    live_bytes: AtomicU64,
}

impl Counters {
    pub(super) fn new() -> Self {
        // From a tenth of a millisecond to three seconds.
        let times = || Histogram::new(exponential_buckets(0.0001, 2.0, 16));
        let counters = Self {
            ended: Family::default(),
            batch_operations: Histogram::new(exponential_buckets(1.0, 2.0, 9)),
            commit_seconds: times(),
            sync_seconds: times(),
            index_rebuilds: Counter::default(),
            live_bytes: AtomicU64::default(),
        };
        for outcome in Outcome::ALL {
            drop(counters.ended.get_or_create(&OutcomeLabel { outcome }));
        }
        counters
    }

    /// The index was built again when the store was opened.
    pub(super) fn rebuilt(&self) {
        self.index_rebuilds.inc();
    }

    /// A batch became durable: how long that took, and its sync, if there was anything to sync.
    pub(super) fn committed(&self, commit: Duration, sync: Option<Duration>, live_bytes: u64) {
        self.commit_seconds.observe(commit.as_secs_f64());
        if let Some(sync) = sync {
            self.sync_seconds.observe(sync.as_secs_f64());
        }
        self.live(live_bytes);
    }

    /// A batch that callers waited for had this many operations.
    pub(super) fn batch(&self, operations: usize) {
        self.batch_operations.observe(operations as f64);
    }

    pub(super) fn live(&self, live_bytes: u64) {
        self.live_bytes.store(live_bytes, Ordering::Relaxed);
    }

    /// A message got to an end for somebody it was sent to.
    pub(super) fn ended(&self, state: GroupState) {
        if let Some(outcome) = Outcome::of(state) {
            self.ended.get_or_create(&OutcomeLabel { outcome }).inc();
        }
    }
}

/// Numbers about the store at one moment; those marked so have counted since it was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Stored messages.
    pub messages: u64,
    /// Messages that wait for a mailbox, counted once for each.
    pub waiting: u64,
    /// Bytes of all living records.
    pub record_bytes: u64,
    /// Bytes of all complete attachments.
    pub attachment_bytes: u64,
    /// Leaves of the log.
    pub log_size: u64,
    /// Leaves that the hub has signed and does not have.
    pub missing_leaves: u64,
    /// Whether the hub has signed another log than it has.
    pub log_diverged: bool,
    /// Places on disk that are damaged: those that the opening met, and those that were read since.
    pub damaged: u64,
    /// Orders that wait for the writer.
    pub queued: u64,
    /// Bytes that are free on the disk.
    pub free_bytes: u64,
    /// With less than this free, messages are refused.
    pub reserved_bytes: u64,
}

impl Store {
    /// Numbers about the store. It reads a counter a mailbox and one an organisation, which are almost always in
    /// memory.
    ///
    /// # Errors
    /// [`StoreError::Failed`] when the index can not be read, or the disk does not say what is free.
    pub fn stats(&self) -> Result<Stats, StoreError> {
        Ok(Stats {
            messages: sum(self.index(), &key::messages())?,
            waiting: sum(self.index(), &[key::WAITING])?,
            record_bytes: self.counters().live_bytes.load(Ordering::Relaxed),
            attachment_bytes: sum(self.index(), &[key::BLOB_BYTES])?,
            log_size: self.registry().log().size(),
            missing_leaves: self.registry().log().missing(),
            log_diverged: matches!(self.registry().log().claim(), Some(Claim::Diverged(_))),
            damaged: self.damages(),
            queued: self.queued(),
            free_bytes: self.blob_files().free_bytes().map_err(StoreError::from)?,
            reserved_bytes: JournalOptions::default().reserve_bytes,
        })
    }

    /// Puts what the writer counts on the metrics page.
    pub fn register(&self, registry: &mut Registry) {
        let counters = self.counters();
        let about = "Messages that came to an end, counted once for each function they were sent to";
        registry.register("deliveries_ended", about, counters.ended.clone());
        let about = "Operations that were committed together";
        registry.register("commit_operations", about, counters.batch_operations.clone());
        let about = "What a commit took: writing, syncing, indexing";
        registry.register("commit_seconds", about, counters.commit_seconds.clone());
        let about = "What the fdatasync in a commit took";
        registry.register("sync_seconds", about, counters.sync_seconds.clone());
        let about = "Whether this start built the index again";
        registry.register("index_rebuilds", about, counters.index_rebuilds.clone());
    }
}

/// The sum of all counters under a prefix.
fn sum(index: &Index, prefix: &[u8]) -> Result<u64, StoreError> {
    index.prefix(prefix).try_fold(0_u64, |sum, pair| {
        let value: Option<[u8; 8]> = pair?.1.try_into().ok();
        Ok(sum.saturating_add(value.map_or(0, u64::from_be_bytes)))
    })
}
