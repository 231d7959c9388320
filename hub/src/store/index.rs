//! The ordered index over the journal: small keys and small values, one tree, one writer.
//!
//! This is the only file that names the engine. The engine (sled) is used as a cache and trusted with nothing: it
//! is filled after the journal's sync, it is thrown away after any stop that was not clean, and it is opened in a
//! thread of its own because a damaged one may panic. Its values stay small because it moves larger ones into
//! files that it never syncs.
//!
//! | file | owns |
//! |---|---|
//! | `change.rs` | changes, and pairs with changes laid over them |
//! | `recent.rs` | what is committed, but not in the engine yet |
//! | `overlay.rs` | what the writer collects while it forms a batch |

mod change;
mod overlay;
mod recent;

use std::error::Error;
use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;
use std::vec;

use change::{Change, Layered};
pub(super) use overlay::{Merged, Overlay};
use recent::Recent;

/// Longest key, in bytes.
pub(super) const KEY_MAX: usize = 64;
/// Longest value, in bytes.
pub(super) const VALUE_MAX: usize = 512;

/// Pairs that are read at once: at first, and at most.
const FIRST_PAGE: usize = 16;
const LAST_PAGE: usize = 256;
/// How often, and after what time each, a lock that is still held is tried again.
const LOCK_TRIES: u32 = 100;
const LOCK_WAIT: Duration = Duration::from_millis(10);
/// Changes that are moved into the engine at once when it is closed.
const SETTLED_AT_ONCE: usize = 4096;

/// A key with its value.
pub(super) type Pair = (Vec<u8>, Vec<u8>);

/// Why the index could not do it.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// A key or value is above its bound: the caller's mistake.
    #[error("an index {what} of {len} bytes is too long")]
    TooLong {
        /// `"key"` or `"value"`.
        what: &'static str,
        /// Its length in bytes.
        len: usize,
    },
    /// The engine failed.
    #[error("the index engine failed")]
    Engine(#[source] Box<dyn Error + Send + Sync>),
    /// The engine panicked while it was opened.
    #[error("the index engine panicked")]
    Panicked,
}

impl From<sled::Error> for IndexError {
    fn from(error: sled::Error) -> Self {
        Self::Engine(Box::new(error))
    }
}

/// A handle on the committed index; clones share it, any thread may read.
#[derive(Clone, Debug)]
pub(super) struct Index {
    db: sled::Db,
    recent: Arc<RwLock<Recent>>,
}

impl Index {
    /// Opens or creates the index in the folder `path`, with at most about `cache_bytes` of memory for pages.
    pub(super) fn open(path: &Path, cache_bytes: u64) -> Result<Self, IndexError> {
        let config = sled::Config::new()
            .path(path)
            .cache_capacity(cache_bytes)
            .mode(sled::Mode::HighThroughput)
            .flush_every_ms(None);
        let opened = std::thread::Builder::new()
            .name("index-open".to_owned())
            .spawn(move || open_patiently(&config))
            .map_err(|error| IndexError::Engine(Box::new(error)))?
            .join();
        match opened {
            Ok(db) => Ok(Self { db: db?, recent: Arc::default() }),
            Err(_) => Err(IndexError::Panicked),
        }
    }

    /// The value at `key`.
    ///
    /// # Errors
    /// [`IndexError::Engine`].
    pub(super) fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, IndexError> {
        if let Some(change) = self.recent().get(key) {
            return Ok(change.value.clone());
        }
        Ok(self.db.get(key)?.map(|value| value.to_vec()))
    }

    /// The pairs from `start` on and before `end` (to the last one without it), ascending by key. It is no
    /// snapshot: the writer may change what lies ahead.
    pub(super) fn range(&self, start: &[u8], end: Option<&[u8]>) -> Range {
        let (start, end) = (start.to_vec(), end.map(<[u8]>::to_vec));
        Range { index: self.clone(), start: Some(start), end, page: Vec::new().into_iter(), len: FIRST_PAGE }
    }

    /// The pairs whose keys begin with `prefix`, ascending.
    pub(super) fn prefix(&self, prefix: &[u8]) -> Range {
        self.range(prefix, after_prefix(prefix).as_deref())
    }

    /// The first `len` pairs from `start` on and before `end`. Nothing moves into the engine meanwhile, so that none is missed.
    fn page(&self, start: &[u8], end: Option<&[u8]>, len: usize) -> Result<Vec<Pair>, IndexError> {
        if end.is_some_and(|end| end <= start) {
            return Ok(Vec::new());
        }
        let bounds = (Bound::Included(start), end.map_or(Bound::Unbounded, Bound::Excluded));
        let recent = self.recent();
        let [young, old] = recent.ranges(bounds);
        let engine = self.db.range::<&[u8], _>(bounds).map(|pair| {
            let (key, value) = pair?;
            Ok((key.to_vec(), value.to_vec()))
        });
        Layered::new(Layered::new(engine, old), young).take(len).collect()
    }

    /// An empty set of changes over what is committed now.
    pub(super) fn overlay(&self) -> Overlay {
        Overlay::new(self.clone())
    }

    /// Makes the changes visible, all at once. Called after the journal's sync of the batch they belong to.
    pub(super) fn apply(&self, overlay: Overlay) -> Result<(), IndexError> {
        let grown = self.recent_mut().take(overlay.into_changes());
        // The old generation is gone before the young one is full.
        self.settle(grown + grown / 8 + 1)
    }

    /// Moves changes that have stayed into the engine.
    fn settle(&self, count: usize) -> Result<(), IndexError> {
        let oldest = self.recent().oldest(count);
        for (key, Change { value, .. }) in &oldest {
            match value {
                Some(value) => self.db.insert(key, value.as_slice())?,
                None => self.db.remove(key)?,
            };
        }
        self.recent_mut().settled(oldest.len());
        Ok(())
    }

    /// Writes everything out. The files are still when the last handle is gone.
    pub(super) fn close(self) -> Result<(), IndexError> {
        while self.recent_mut().age() {
            self.settle(SETTLED_AT_ONCE)?;
        }
        self.db.flush()?;
        Ok(())
    }

    fn recent(&self) -> RwLockReadGuard<'_, Recent> {
        // What is in memory alone is consistent between any two changes; a panic of the writer stops the store.
        self.recent.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn recent_mut(&self) -> RwLockWriteGuard<'_, Recent> {
        self.recent.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Opens the engine. For a moment after its last handle is gone its own threads may still hold its lock; nobody else can, because the
/// store's folder has a lock of its own.
fn open_patiently(config: &sled::Config) -> Result<sled::Db, sled::Error> {
    let held = |error: &sled::Error| error.to_string().contains("could not acquire lock");
    for _ in 0..LOCK_TRIES {
        match config.open() {
            Err(error) if held(&error) => std::thread::sleep(LOCK_WAIT),
            opened => return opened,
        }
    }
    config.open()
}

/// Where the engine puts values it finds too large; they would never be synced, so none may be there.
pub(super) fn overflow_folder(path: &Path) -> PathBuf {
    path.join("blobs")
}

/// Committed pairs, ascending, read page by page.
pub(super) struct Range {
    index: Index,
    /// Where the next page begins; `None` when the last one has been read.
    start: Option<Vec<u8>>,
    end: Option<Vec<u8>>,
    page: vec::IntoIter<Pair>,
    /// Pairs of the next page.
    len: usize,
}

impl Range {
    fn turn(&mut self, start: &[u8]) -> Result<(), IndexError> {
        let page = self.index.page(start, self.end.as_deref(), self.len)?;
        if let Some((last, _)) = page.last().filter(|_| page.len() == self.len) {
            self.start = Some([last, [0].as_slice()].concat());
        }
        self.len = LAST_PAGE.min(2 * self.len);
        self.page = page.into_iter();
        Ok(())
    }
}

impl Iterator for Range {
    type Item = Result<Pair, IndexError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.page.as_slice().is_empty() {
            let start = self.start.take()?;
            if let Err(error) = self.turn(&start) {
                return Some(Err(error));
            }
        }
        self.page.next().map(Ok)
    }
}

/// The first key after all that begin with `prefix`; `None` when there is no such key.
fn after_prefix(prefix: &[u8]) -> Option<Vec<u8>> {
    let kept = prefix.iter().rposition(|byte| *byte != 0xff)?;
    let mut after = prefix[..=kept].to_vec();
    after[kept] += 1;
    Some(after)
}

#[cfg(test)]
mod tests;
