//! Who is at work on which attachment, and what uploads hold of each organisation's share.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use samverkan_proto::ids::{BlobId, OrgId};

use super::{BlobError, BlobKey};
use crate::limits::MAX_STAGED_PER_ORG;

/// All uploads, running or interrupted.
#[derive(Debug, Default)]
pub(super) struct Uploads(Mutex<State>);

#[derive(Debug, Default)]
pub(super) struct State {
    /// Attachments that somebody is at work on.
    pub(super) running: HashSet<BlobKey>,
    /// Bytes that each upload holds of its organisation's share: all that was announced while it runs, what was
    /// written when it does not.
    staged: HashMap<OrgId, HashMap<BlobId, u64>>,
}

impl Uploads {
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        // The maps are consistent between any two statements, so a panic elsewhere does not spoil them.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Bytes staged for an attachment.
    fn staged(&self, key: &BlobKey) -> Option<u64> {
        self.staged.get(&key.org)?.get(&key.id).copied()
    }

    /// Says what is staged for an attachment; `None` when nothing is there any more.
    pub(super) fn stage(&mut self, key: &BlobKey, bytes: Option<u64>) {
        let uploads = self.staged.entry(key.org).or_default();
        match bytes {
            Some(bytes) => uploads.insert(key.id, bytes),
            None => uploads.remove(&key.id),
        };
        if uploads.is_empty() {
            self.staged.remove(&key.org);
        }
    }
}

/// The right to be the only one at work on an attachment, until it is dropped.
#[derive(Debug)]
pub struct Slot {
    uploads: Arc<Uploads>,
    key: BlobKey,
    /// Bytes that stay staged when the slot is given back; `None` when no file does.
    staged: Option<u64>,
}

impl Slot {
    /// Takes the slot of an attachment.
    ///
    /// # Errors
    /// [`BlobError::InProgress`].
    pub(super) fn take(uploads: &Arc<Uploads>, key: BlobKey) -> Result<Self, BlobError> {
        let mut state = uploads.lock();
        if !state.running.insert(key) {
            return Err(BlobError::InProgress);
        }
        Ok(Self { uploads: Arc::clone(uploads), key, staged: state.staged(&key) })
    }

    /// The attachment.
    pub(super) fn key(&self) -> &BlobKey {
        &self.key
    }

    /// Sets `len` bytes aside of the `room` that the organisation has left for all its uploads together.
    ///
    /// # Errors
    /// [`BlobError::Share`] when there is not as much, or there are too many uploads.
    pub(super) fn reserve(&self, len: u64, room: u64) -> Result<(), BlobError> {
        let mut state = self.uploads.lock();
        let uploads = state.staged.get(&self.key.org);
        let others = || uploads.into_iter().flatten().filter(|(id, _)| **id != self.key.id);
        let bytes = others().fold(len, |sum, (_, bytes)| sum.saturating_add(*bytes));
        if bytes > room || others().count() >= MAX_STAGED_PER_ORG {
            return Err(BlobError::Share);
        }
        state.stage(&self.key, Some(len));
        Ok(())
    }

    /// Says how much stays staged when the slot is given back.
    pub(super) fn leaves(&mut self, staged: Option<u64>) {
        self.staged = staged;
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut state = self.uploads.lock();
        state.running.remove(&self.key);
        state.stage(&self.key, self.staged);
    }
}
