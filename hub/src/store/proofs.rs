//! Making the proofs of the hub's receipts again: the batches they were signed in, the newest of them in memory.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use samverkan_proto::ids::KeyId;
use samverkan_proto::statement::batch::{ProofMaker, SignedBatch};

use super::codec::Take;
use super::error::StoreError;
use super::key;
use super::view::View;

/// Batches kept in memory; one takes up to 16 KiB.
const KEPT: usize = 512;

/// The batches that were used last.
#[derive(Debug, Default)]
pub(super) struct Proofs {
    cache: Mutex<Cache>,
}

#[derive(Debug, Default)]
struct Cache {
    makers: HashMap<u64, Arc<ProofMaker>>,
    order: VecDeque<u64>,
}

impl Proofs {
    /// The proofs of a batch, from memory or from the journal.
    pub(super) fn get(&self, view: &View, batch: u64) -> Result<Arc<ProofMaker>, StoreError> {
        if let Some(maker) = self.cache().makers.get(&batch) {
            return Ok(Arc::clone(maker));
        }
        let (_, record) = view.record(&key::receipt_batch(batch))?.ok_or(StoreError::Damaged)?;
        let maker = Arc::new(parse(&record.body).ok_or(StoreError::Damaged)?);
        self.add(batch, Arc::clone(&maker));
        Ok(maker)
    }

    /// Remembers a batch.
    pub(super) fn add(&self, batch: u64, maker: Arc<ProofMaker>) {
        let mut cache = self.cache();
        if cache.makers.insert(batch, maker).is_none() {
            cache.order.push_back(batch);
        }
        if cache.order.len() > KEPT
            && let Some(oldest) = cache.order.pop_front()
        {
            cache.makers.remove(&oldest);
        }
    }

    fn cache(&self) -> MutexGuard<'_, Cache> {
        // The cache is consistent between any two statements, so a panic elsewhere does not spoil it.
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The body of a receipt batch: `key_id[8] sig[64] n × hash[32]`.
pub(super) fn encode(signed: &SignedBatch) -> Vec<u8> {
    let mut body = signed.key_id.as_bytes().to_vec();
    body.extend_from_slice(&signed.signature);
    body.extend_from_slice(signed.leaf_hashes.as_flattened());
    body
}

fn parse(body: &[u8]) -> Option<ProofMaker> {
    let mut take = Take::new(body);
    let key_id = KeyId::parse(take.bytes(8)?).ok()?;
    let signature = take.array()?;
    let (hashes, rest) = take.rest().as_chunks::<32>();
    rest.is_empty().then(|| ProofMaker::new(hashes.to_vec(), key_id, signature))
}
