//! What every client shares: the federation, the model, and whether the hub is being killed.

use super::federation::Federation;
use super::model::{Id, Model};
use crate::faults::Finding;
use crate::wire::upload::Blob;
use crate::wire::{Parcel, Refused};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Consents that are handed in together.
#[derive(Clone, Debug)]
pub(super) struct Registration {
    pub(super) stubs: Vec<Vec<u8>>,
    pub(super) handles: Vec<[u8; 16]>,
}

/// What a client has begun and must go on with after a kill.
#[derive(Debug, Default)]
pub(super) struct Errands {
    /// An attachment, and whether the hub has said that it is complete.
    pub(super) uploading: Option<(Blob, bool)>,
    /// Consents on their way.
    pub(super) registering: Option<Registration>,
    /// Registered handles that no message has named.
    pub(super) handles: Vec<[u8; 16]>,
}

/// One hub's clients together.
#[derive(Debug)]
pub(super) struct Ground {
    pub(super) federation: Federation,
    /// Messages that a stream may have unanswered.
    pub(super) in_flight: usize,
    model: Mutex<Model>,
    errands: Vec<Mutex<Errands>>,
    /// The hub was sent a signal; what fails now fails because of it.
    dying: AtomicBool,
    /// Receipts since the hub was started last.
    receipts: AtomicU64,
}

impl Ground {
    pub(super) fn new(federation: Federation, in_flight: usize) -> Self {
        let model = Mutex::new(Model::new(federation.identities()));
        let errands = (0..federation.clients()).map(|_| Mutex::default()).collect();
        Self {
            federation,
            in_flight,
            model,
            errands,
            dying: AtomicBool::new(false),
            receipts: AtomicU64::new(0),
        }
    }

    /// The model. Nobody waits for anything while it is held.
    pub(super) fn model(&self) -> MutexGuard<'_, Model> {
        self.model.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a client has begun.
    pub(super) fn errands(&self, client: usize) -> MutexGuard<'_, Errands> {
        self.errands[client].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new life of the hub begins.
    pub(super) fn begin(&self) {
        self.dying.store(false, Ordering::SeqCst);
        self.receipts.store(0, Ordering::SeqCst);
    }

    /// The hub is about to be sent a signal.
    pub(super) fn end(&self) {
        self.dying.store(true, Ordering::SeqCst);
    }

    /// Receipts of new messages since the hub was started last.
    pub(super) fn receipts(&self) -> u64 {
        self.receipts.load(Ordering::SeqCst)
    }

    /// A message was answered with a receipt.
    pub(super) fn receipt(&self, parcel: &Parcel, proof: &[u8]) {
        self.receipts.fetch_add(1, Ordering::SeqCst);
        let genuine = self.federation.is_accepted(parcel, proof);
        let mut model = self.model();
        if !genuine {
            model.find(Finding::Silent, "a receipt is not the hub's word about its message");
        }
        model.receipt(parcel.header.message_id, proof);
    }

    /// A call was refused. Gives whether the caller may go on: the hub is only busy. Anything that a kill does not explain is noted.
    pub(super) fn refused(&self, what: &str, refused: &Refused) -> bool {
        let dying = self.dying.load(Ordering::SeqCst);
        match refused.reason.as_str() {
            "BUSY" => true,
            "DRAINING" | "" if dying => false,
            _ => {
                self.model().find(Finding::Silent, format!("{what} was refused: {refused:?}"));
                false
            }
        }
    }

    /// The message with this identifier among those handed in together.
    pub(super) fn named(parcels: &[Arc<Parcel>], id: &[u8]) -> Option<Arc<Parcel>> {
        let id: Id = id.try_into().ok()?;
        parcels.iter().find(|parcel| parcel.header.message_id == id).cloned()
    }
}
