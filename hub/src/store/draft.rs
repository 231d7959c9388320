//! The batch that the writer is forming: what every operation reads and changes.
//!
//! Operations of one batch see each other. An operation that refuses must have changed nothing; the draft counts
//! changes to hold it to that.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use bytes::Bytes;
use samverkan_proto::ids::{ConsentHandle, DeviceId, MessageId, OrgId};
use samverkan_proto::limits::MAX_HUB_BATCH;
use samverkan_proto::sign::Signer;
use samverkan_proto::statement::batch::{ProofMaker, sign_batch};
use samverkan_proto::statement::log::{Leaf, Record, TreeHead};
use samverkan_proto::statement::receipt::{HubEvent, HubRecord};

use super::engine::Transaction;
use super::error::StoreError;
use super::index::Merged;
use super::journal::{Body, Location, NewRecord, Pushed, Reader};
use super::mail::{StoredMessage, shape_of};
use super::record::mail::{Given, Hashes, MessageHead};
use super::sweep::Sweep;
use super::{journal, key, proofs, record};
use crate::blob::BlobKey;
use crate::mail::{GroupState, Shape};
use crate::registry::Registry;

/// The version of the hub's rules that receipts name.
const POLICY_VERSION: u32 = 1;
/// Message heads kept in memory between batches, for the receipts that soon follow a message.
const HEADS: usize = 4096;

/// Heads of messages that were used last.
pub(super) type Heads = HashMap<MessageId, Arc<StoredMessage>>;

/// A batch in the making.
pub(super) struct Draft {
    /// The hub's time, the same for the whole batch.
    pub(super) now_ms: u64,
    transaction: Transaction,
    reader: Reader,
    registry: Arc<Registry>,
    /// The log as it stands on disk, which receipts answer for.
    head: TreeHead,
    leaves: Vec<Leaf>,
    receipts: Vec<HubRecord>,
    /// Number of the first receipt batch.
    batch: u64,
    heads: Heads,
    /// Shapes of the messages that were purged in this batch.
    buried: HashMap<MessageId, Shape>,
    wake: HashSet<DeviceId>,
    sweeps: Vec<Sweep>,
    blobs: Vec<BlobKey>,
    ended: Vec<GroupState>,
    changes: usize,
    spoilt: bool,
}

/// What is left of a draft when its receipts have been signed.
pub(super) struct Finished {
    pub(super) transaction: Transaction,
    pub(super) registry: Arc<Registry>,
    pub(super) leaves: Vec<Leaf>,
    pub(super) proofs: Vec<(u64, Arc<ProofMaker>)>,
    pub(super) receipts: Vec<HubRecord>,
    pub(super) batch: u64,
    pub(super) heads: Heads,
    pub(super) wake: HashSet<DeviceId>,
    pub(super) sweeps: Vec<Sweep>,
    pub(super) blobs: Vec<BlobKey>,
    pub(super) ended: Vec<GroupState>,
}

impl Draft {
    pub(super) fn new(
        now_ms: u64,
        transaction: Transaction,
        reader: Reader,
        registry: Arc<Registry>,
        mut heads: Heads,
    ) -> Self {
        if heads.len() > HEADS {
            heads.clear();
        }
        // Every receipt comes with a record of its own, so no later batch begins with a number that this one uses.
        let batch = transaction.batch.next_seq();
        let head = registry.log().head().unwrap_or(TreeHead { size: 0, root: [0; 32] });
        Self {
            now_ms,
            transaction,
            reader,
            registry,
            head,
            leaves: Vec::new(),
            receipts: Vec::new(),
            batch,
            heads,
            buried: HashMap::new(),
            wake: HashSet::new(),
            sweeps: Vec::new(),
            blobs: Vec::new(),
            ended: Vec::new(),
            changes: 0,
            spoilt: false,
        }
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

    /// How much has been changed, in pieces.
    pub(super) const fn changes(&self) -> usize {
        self.changes
    }

    /// Whether the batch must be given up.
    pub(super) fn is_spoilt(&self) -> bool {
        self.spoilt
    }

    /// Bytes of the records so far.
    pub(super) fn len(&self) -> usize {
        self.transaction.batch.len()
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

    /// Appends a record to the journal.
    pub(super) fn push(&mut self, kind: u8, head: Vec<u8>, body: Body) -> Result<Pushed, StoreError> {
        self.changes += 1;
        Ok(self.transaction.push(&NewRecord::new(kind, head.into(), body))?)
    }

    /// Appends a copy of a record, with its number.
    pub(super) fn copy(&mut self, record: &journal::Record) -> Result<Location, StoreError> {
        self.changes += 1;
        Ok(self.transaction.push(&record.to_copy())?.location)
    }

    /// Lets a record die with this batch.
    pub(super) fn release(&mut self, location: Location) -> Result<(), StoreError> {
        self.changes += 1;
        Ok(self.transaction.batch.release(location)?)
    }

    /// Whether the batch takes another release.
    pub(super) fn may_release(&self) -> bool {
        self.transaction.batch.may_release()
    }

    /// The value at a key of the index.
    pub(super) fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.transaction.overlay.get(key)?)
    }

    /// The pairs of the index whose keys begin with `prefix`.
    pub(super) fn prefix(&self, prefix: &[u8]) -> Merged<'_> {
        self.transaction.overlay.prefix(prefix)
    }

    /// The pairs of the index from `start` on and before `end`.
    pub(super) fn range(&self, start: &[u8], end: &[u8]) -> Merged<'_> {
        self.transaction.overlay.range(start, Some(end))
    }

    /// The location that the value at a key begins with.
    pub(super) fn location(&self, key: &[u8]) -> Result<Option<Location>, StoreError> {
        Ok(self.get(key)?.and_then(|value| key::location(&value)))
    }

    pub(super) fn put(&mut self, key: Vec<u8>, value: impl Into<Vec<u8>>) -> Result<(), StoreError> {
        self.changes += 1;
        Ok(self.transaction.overlay.put(key, value)?)
    }

    /// Sets a key that is not in the index yet.
    pub(super) fn put_new(&mut self, key: Vec<u8>, value: impl Into<Vec<u8>>) -> Result<(), StoreError> {
        self.changes += 1;
        Ok(self.transaction.overlay.put_new(key, value)?)
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

    /// Adds to a counter of the index, which never falls below zero.
    pub(super) fn count(&mut self, key: Vec<u8>, by: i64) -> Result<(), StoreError> {
        let now = self.counter(&key)?.saturating_add_signed(by);
        if now == 0 { self.delete(key) } else { self.put(key, now.to_be_bytes()) }
    }

    /// A counter of the index.
    pub(super) fn counter(&self, key: &[u8]) -> Result<u64, StoreError> {
        let value = self.get(key)?;
        Ok(value.and_then(|value| value.try_into().ok()).map_or(0, u64::from_be_bytes))
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

    /// Gives a receipt, to be signed with the batch. The caller journals what is given here in a record.
    pub(super) fn give(&mut self, id: MessageId, hashes: &Hashes, event: HubEvent) -> Given {
        let given = self.next_given();
        self.receipts.push(HubRecord::Message(given.receipt(id, hashes, event)));
        given
    }

    /// Gives a receipt for a withdrawal, as [`Draft::give`] does for a message.
    pub(super) fn give_for_withdrawal(&mut self, handle: ConsentHandle, withdrawal: &[u8]) -> Given {
        let given = self.next_given();
        self.receipts.push(HubRecord::Withdrawal(given.withdrawal_receipt(handle, withdrawal)));
        given
    }

    fn next_given(&mut self) -> Given {
        self.changes += 1;
        let (batch, leaf) = place(self.batch, self.receipts.len());
        Given {
            hub_time_ms: self.now_ms,
            batch,
            leaf,
            policy_version: POLICY_VERSION,
            log_size: self.head.size,
            log_root: self.head.root,
        }
    }

    /// One kept receipt of a batch is gone; with the last of them the batch goes.
    pub(super) fn drop_receipt(&mut self, batch: u64) -> Result<(), StoreError> {
        let key = key::receipt_batch(batch);
        let Some(mut value) = self.get(&key)? else { return Ok(()) };
        let Some(count) = value.last_chunk_mut::<4>() else { return Err(StoreError::Damaged) };
        let left = u32::from_be_bytes(*count).saturating_sub(1);
        *count = left.to_be_bytes();
        if left == 0 { self.drop_record(key) } else { self.put(key, value) }
    }

    /// Says that something new waits for a device.
    pub(super) fn wake(&mut self, device: DeviceId) {
        self.wake.insert(device);
    }

    /// Has a device's queue looked through, soon after this batch.
    pub(super) fn sweep(&mut self, org: OrgId, device: DeviceId) {
        self.sweeps.push(Sweep::new(org, device));
    }

    /// Has the file of an attachment removed once this batch is durable.
    pub(super) fn remove_blob(&mut self, key: BlobKey) {
        self.blobs.push(key);
    }

    /// A message came to an end for a group; counted once this batch is durable.
    pub(super) fn ended(&mut self, state: GroupState) {
        self.ended.push(state);
    }

    /// Remembers a message; of one accepted in this batch there is no other copy yet.
    pub(super) fn keep_message(&mut self, message: Arc<StoredMessage>) {
        self.heads.insert(message.head.header.fields().message_id, message);
    }

    /// The message whose record is at `location`.
    pub(super) fn message(
        &mut self,
        id: &MessageId,
        location: Location,
    ) -> Result<Arc<StoredMessage>, StoreError> {
        if let Some(message) = self.heads.get(id) {
            return Ok(Arc::clone(message));
        }
        let head = MessageHead::parse(&self.read_head(location)?).ok_or(StoreError::Damaged)?;
        let message = Arc::new(StoredMessage::new(head));
        self.keep_message(Arc::clone(&message));
        Ok(message)
    }

    /// The shape of a message whose tombstone is at `location`.
    pub(super) fn buried_shape(
        &self,
        id: &MessageId,
        location: Location,
    ) -> Result<Option<Shape>, StoreError> {
        if let Some(shape) = self.buried.get(id) {
            return Ok(Some(shape.clone()));
        }
        Ok(shape_of(&self.read_head(location)?))
    }

    /// Forgets a message that is no more, but for its shape: its tombstone may be of this batch.
    pub(super) fn drop_message(&mut self, id: &MessageId, shape: Shape) {
        if self.heads.remove(id).is_some() {
            self.buried.insert(*id, shape);
        }
    }

    /// The head of a record that an earlier batch has written.
    pub(super) fn read_head(&self, location: Location) -> Result<Bytes, StoreError> {
        Ok(self.reader.read_head(location)?.head)
    }

    /// Signs the receipts and puts their batches beside them.
    pub(super) fn finish(mut self, signer: &Signer) -> Result<Finished, StoreError> {
        let mut made = Vec::new();
        let receipts = std::mem::take(&mut self.receipts);
        for (number, chunk) in (self.batch..).zip(receipts.chunks(MAX_HUB_BATCH.into())) {
            let signed = sign_batch(chunk, signer)
                .map_err(|_| StoreError::Internal("a batch of receipts can not be signed"))?;
            let head = number.to_be_bytes().to_vec();
            let body = Bytes::from(proofs::encode(&signed));
            let pushed = self.push(record::kind::RECEIPT_BATCH, head, body.into())?;
            let mut value = pushed.location.to_bytes().to_vec();
            value.extend_from_slice(&(chunk.len() as u32).to_be_bytes());
            self.put_new(key::receipt_batch(number), value)?;
            let maker = ProofMaker::new(signed.leaf_hashes, signed.key_id, signed.signature);
            made.push((number, Arc::new(maker)));
        }
        Ok(Finished {
            transaction: self.transaction,
            registry: self.registry,
            leaves: self.leaves,
            proofs: made,
            receipts,
            batch: self.batch,
            heads: self.heads,
            wake: self.wake,
            sweeps: self.sweeps,
            blobs: self.blobs,
            ended: self.ended,
        })
    }
}

/// The batch and the leaf of the receipt that is the `index`-th of its draft.
fn place(first_batch: u64, index: usize) -> (u64, u16) {
    let size = usize::from(MAX_HUB_BATCH);
    // A leaf's place is below 256.
    (first_batch + (index / size) as u64, (index % size) as u16)
}
