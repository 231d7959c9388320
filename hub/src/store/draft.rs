//! The batch that the writer is forming: what every operation reads and changes.
//!
//! Operations of one batch see each other. An operation that refuses must have changed nothing; the draft counts
//! changes to hold it to that.

use std::sync::Arc;

use bytes::Bytes;
use samverkan_proto::statement::log::{Leaf, Record};

use super::engine::Transaction;
use super::error::StoreError;
use super::journal::{Body, Location, NewRecord, Pushed};
use super::{key, record};
use crate::registry::Registry;

/// A batch in the making.
pub(super) struct Draft {
    /// The hub's time, the same for the whole batch.
    pub(super) now_ms: u64,
    pub(super) transaction: Transaction,
    registry: Arc<Registry>,
    pub(super) leaves: Vec<Leaf>,
    changes: usize,
    spoilt: bool,
}

impl Draft {
    pub(super) fn new(now_ms: u64, transaction: Transaction, registry: Arc<Registry>) -> Self {
        Self { now_ms, transaction, registry, leaves: Vec::new(), changes: 0, spoilt: false }
    }

    /// Lets one operation work. If it refuses after it has changed something, the whole batch is spoilt.
    pub(super) fn work<T>(
        &mut self,
        operation: impl FnOnce(&mut Self) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let before = self.changes;
        let result = operation(self);
        self.spoilt |= result.is_err() && self.changes != before;
        result
    }

    /// Whether the batch must be given up.
    pub(super) fn is_spoilt(&self) -> bool {
        self.spoilt
    }

    /// The registry as the operations before have left it.
    pub(super) fn registry(&self) -> &Registry {
        &self.registry
    }

    /// The registry, to be changed. Call [`Draft::registry_changed`] once an operation is through with it.
    pub(super) fn registry_mut(&mut self) -> &mut Registry {
        self.changes += 1;
        Arc::make_mut(&mut self.registry)
    }

    /// Decisions that were made before this do not hold any more.
    pub(super) fn registry_changed(&mut self) {
        self.registry_mut().bump();
    }

    pub(super) fn into_parts(self) -> (Transaction, Arc<Registry>, Vec<Leaf>) {
        (self.transaction, self.registry, self.leaves)
    }

    /// Appends a record to the journal.
    pub(super) fn push(&mut self, kind: u8, head: Vec<u8>, body: Body) -> Result<Pushed, StoreError> {
        self.changes += 1;
        Ok(self.transaction.push(&NewRecord::new(kind, head.into(), body))?)
    }

    /// Lets a record die with this batch.
    pub(super) fn release(&mut self, location: Location) -> Result<(), StoreError> {
        self.changes += 1;
        Ok(self.transaction.batch.release(location)?)
    }

    /// The value at a key of the index.
    pub(super) fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.transaction.overlay.get(key)?)
    }

    /// The location at a key whose value is one.
    pub(super) fn location(&self, key: &[u8]) -> Result<Option<Location>, StoreError> {
        Ok(self.get(key)?.and_then(|value| key::location(&value)))
    }

    pub(super) fn put(&mut self, key: Vec<u8>, value: impl Into<Vec<u8>>) -> Result<(), StoreError> {
        self.changes += 1;
        Ok(self.transaction.overlay.put(key, value)?)
    }

    pub(super) fn delete(&mut self, key: Vec<u8>) -> Result<(), StoreError> {
        self.changes += 1;
        Ok(self.transaction.overlay.delete(key)?)
    }

    /// Deletes the entry at `key`, and the record that it leads to.
    pub(super) fn drop_record(&mut self, key: Vec<u8>) -> Result<(), StoreError> {
        if let Some(location) = self.location(&key)? {
            self.release(location)?;
        }
        self.delete(key)
    }

    /// Appends a leaf and its record to the log, and gives the leaf's index.
    pub(super) fn append_leaf(
        &mut self,
        leaf: Leaf,
        record: &Record,
        bytes: Bytes,
    ) -> Result<u64, StoreError> {
        let index = self.registry.log().size();
        let head = record::encode_log_entry(index, &leaf);
        let pushed = self.push(record::kind::LOG_ENTRY, head, bytes.into())?;
        self.put(key::log(index), pushed.location.to_bytes())?;
        self.registry_mut().append(leaf, record);
        self.leaves.push(leaf);
        Ok(index)
    }
}
