//! Numbers about the store, for the operator's check and the metrics page. They name nobody.

use std::sync::atomic::{AtomicU64, Ordering};

use super::error::StoreError;
use super::handle::Store;
use super::key;

/// Counters that the writer and the readers keep.
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) batches: AtomicU64,
    pub(super) operations: AtomicU64,
    pub(super) commit_micros: AtomicU64,
    pub(super) live_bytes: AtomicU64,
    pub(super) damaged: AtomicU64,
}

/// Numbers about the store at one moment; those marked so have counted since it was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Stored messages.
    pub messages: u64,
    /// Bytes of all living records, attachments not among them.
    pub live_bytes: u64,
    /// Leaves of the log.
    pub log_size: u64,
    /// Damaged records that were met, by the opening and since.
    pub damaged: u64,
    /// Batches that were committed since.
    pub batches: u64,
    /// Operations that were in them.
    pub operations: u64,
    /// Time that committing them took altogether, in microseconds.
    pub commit_micros: u64,
    /// Whether the disk has failed and nothing is acknowledged any more.
    pub failed: bool,
}

impl Store {
    /// Numbers about the store.
    ///
    /// # Errors
    /// [`StoreError::Failed`] when the index can not be read.
    pub fn stats(&self) -> Result<Stats, StoreError> {
        let messages = self.index().get(&key::messages())?;
        let counters = self.counters();
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Ok(Stats {
            messages: messages.and_then(|value| value.try_into().ok()).map_or(0, u64::from_be_bytes),
            live_bytes: read(&counters.live_bytes),
            log_size: self.registry().log().size(),
            damaged: read(&counters.damaged),
            batches: read(&counters.batches),
            operations: read(&counters.operations),
            commit_micros: read(&counters.commit_micros),
            failed: *self.failed().borrow(),
        })
    }
}
