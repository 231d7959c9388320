//! The ordered index over the journal: small keys and small values, one tree, one writer.
//!
//! This is the only file that names the engine. The engine (sled) is used as a cache and trusted with nothing: it
//! is filled after the journal's sync, it is thrown away after any stop that was not clean, and it is opened in a
//! thread of its own because a damaged one may panic. Its values stay small because it moves larger ones into
//! files that it never syncs.

use std::collections::{BTreeMap, btree_map};
use std::error::Error;
use std::iter::Peekable;
use std::ops::Bound;
use std::path::{Path, PathBuf};

/// Longest key, in bytes.
pub(super) const KEY_MAX: usize = 64;
/// Longest value, in bytes.
pub(super) const VALUE_MAX: usize = 512;

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
            .spawn(move || config.open())
            .map_err(|error| IndexError::Engine(Box::new(error)))?
            .join();
        match opened {
            Ok(db) => Ok(Self { db: db? }),
            Err(_) => Err(IndexError::Panicked),
        }
    }

    /// The value at `key`.
    ///
    /// # Errors
    /// [`IndexError::Engine`].
    pub(super) fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, IndexError> {
        Ok(self.db.get(key)?.map(|value| value.to_vec()))
    }

    /// The pairs from `start` on and before `end` (to the last one without it), ascending by key. It is no
    /// snapshot: the writer may change what lies ahead.
    pub(super) fn range(&self, start: &[u8], end: Option<&[u8]>) -> Range {
        let bounds = (Bound::Included(start), end.map_or(Bound::Unbounded, Bound::Excluded));
        // The engine panics on an inverted range.
        let empty = end.is_some_and(|end| end < start);
        Range((!empty).then(|| self.db.range::<&[u8], _>(bounds)))
    }

    /// The pairs whose keys begin with `prefix`, ascending.
    pub(super) fn prefix(&self, prefix: &[u8]) -> Range {
        self.range(prefix, after_prefix(prefix).as_deref())
    }

    /// An empty set of changes over what is committed now.
    pub(super) fn overlay(&self) -> Overlay {
        Overlay { index: self.clone(), changes: BTreeMap::new() }
    }

    /// Makes the changes visible, all at once. Called after the journal's sync of the batch they belong to.
    pub(super) fn apply(&self, overlay: Overlay) -> Result<(), IndexError> {
        let mut batch = sled::Batch::default();
        for (key, value) in overlay.changes {
            match value {
                Some(value) => batch.insert(key, value),
                None => batch.remove(key),
            }
        }
        Ok(self.db.apply_batch(batch)?)
    }

    /// Writes everything out. The files are still when the last handle is gone.
    pub(super) fn close(self) -> Result<(), IndexError> {
        self.db.flush()?;
        Ok(())
    }
}

/// Where the engine puts values it finds too large; they would never be synced, so none may be there.
pub(super) fn overflow_folder(path: &Path) -> PathBuf {
    path.join("blobs")
}

/// Committed pairs, ascending.
pub(super) struct Range(Option<sled::Iter>);

impl Iterator for Range {
    type Item = Result<Pair, IndexError>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.0.as_mut()?.next()?;
        Some(next.map(|(key, value)| (key.to_vec(), value.to_vec())).map_err(IndexError::from))
    }
}

/// Changes that the writer collects while it forms a batch; reads see them over what is committed.
#[derive(Debug)]
pub(super) struct Overlay {
    index: Index,
    changes: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
}

impl Overlay {
    /// The value at `key`, as changed here.
    ///
    /// # Errors
    /// [`IndexError::Engine`].
    pub(super) fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, IndexError> {
        match self.changes.get(key) {
            Some(change) => Ok(change.clone()),
            None => self.index.get(key),
        }
    }

    /// Sets `key`.
    ///
    /// # Errors
    /// [`IndexError::TooLong`] above [`KEY_MAX`] or [`VALUE_MAX`].
    pub(super) fn put(
        &mut self,
        key: impl Into<Vec<u8>>,
        value: impl Into<Vec<u8>>,
    ) -> Result<(), IndexError> {
        let (key, value) = (checked("key", key.into(), KEY_MAX)?, checked("value", value.into(), VALUE_MAX)?);
        self.changes.insert(key, Some(value));
        Ok(())
    }

    /// Removes `key`, which need not be there.
    ///
    /// # Errors
    /// [`IndexError::TooLong`] above [`KEY_MAX`].
    pub(super) fn delete(&mut self, key: impl Into<Vec<u8>>) -> Result<(), IndexError> {
        self.changes.insert(checked("key", key.into(), KEY_MAX)?, None);
        Ok(())
    }

    /// The pairs from `start` on and before `end`, ascending, as changed here.
    pub(super) fn range(&self, start: &[u8], end: Option<&[u8]>) -> Merged<'_> {
        let empty = end.is_some_and(|end| end < start);
        let end_bound =
            if empty { Bound::Excluded(start) } else { end.map_or(Bound::Unbounded, Bound::Excluded) };
        let changes = self.changes.range::<[u8], _>((Bound::Included(start), end_bound)).peekable();
        Merged { base: self.index.range(start, end).peekable(), changes }
    }

    /// The pairs whose keys begin with `prefix`, ascending, as changed here.
    pub(super) fn prefix(&self, prefix: &[u8]) -> Merged<'_> {
        self.range(prefix, after_prefix(prefix).as_deref())
    }

    /// Number of changed keys.
    pub(super) fn len(&self) -> usize {
        self.changes.len()
    }
}

/// Pairs of an [`Overlay`], ascending.
pub(super) struct Merged<'a> {
    base: Peekable<Range>,
    changes: Peekable<btree_map::Range<'a, Vec<u8>, Option<Vec<u8>>>>,
}

impl Iterator for Merged<'_> {
    type Item = Result<Pair, IndexError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let change_first = match (self.base.peek(), self.changes.peek()) {
                (Some(Ok((base, _))), Some((changed, _))) if base == *changed => {
                    self.base.next();
                    true
                }
                (Some(Ok((base, _))), Some((changed, _))) => *changed < base,
                (None, Some(_)) => true,
                _ => false,
            };
            if !change_first {
                return self.base.next();
            }
            if let Some((key, Some(value))) = self.changes.next() {
                return Some(Ok((key.clone(), value.clone())));
            }
        }
    }
}

fn checked(what: &'static str, bytes: Vec<u8>, max: usize) -> Result<Vec<u8>, IndexError> {
    if bytes.len() <= max { Ok(bytes) } else { Err(IndexError::TooLong { what, len: bytes.len() }) }
}

/// The first key after all that begin with `prefix`; `None` when there is no such key.
fn after_prefix(prefix: &[u8]) -> Option<Vec<u8>> {
    let kept = prefix.iter().rposition(|byte| *byte != 0xff)?;
    let mut after = prefix[..=kept].to_vec();
    after[kept] += 1;
    Some(after)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn keys() -> impl Strategy<Value = Vec<u8>> {
        proptest::collection::vec(prop_oneof![0_u8..3, Just(0xff)], 0..4)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn an_overlay_reads_like_the_map_it_stands_for(
            committed in proptest::collection::btree_map(keys(), any::<u8>(), 0..12),
            changes in proptest::collection::vec((keys(), any::<Option<u8>>()), 0..12),
            start in keys(),
            end in proptest::option::of(keys()),
        ) {
            let folder = tempfile::tempdir().unwrap();
            let index = Index::open(folder.path(), 1 << 20).unwrap();
            let mut first = index.overlay();
            for (key, value) in &committed {
                first.put(key.clone(), [*value]).unwrap();
            }
            index.apply(first).unwrap();

            let mut model = committed;
            let mut overlay = index.overlay();
            for (key, change) in changes {
                match change {
                    Some(value) => {
                        overlay.put(key.clone(), [value]).unwrap();
                        model.insert(key, value);
                    }
                    None => {
                        overlay.delete(key.clone()).unwrap();
                        model.remove(&key);
                    }
                }
            }
            let within = |key: &Vec<u8>| *key >= start && end.as_ref().is_none_or(|end| key < end);
            let expected: Vec<Pair> =
                model.iter().filter(|(key, _)| within(key)).map(|(k, v)| (k.clone(), vec![*v])).collect();
            let merged: Vec<Pair> = overlay.range(&start, end.as_deref()).map(Result::unwrap).collect();
            prop_assert_eq!(&merged, &expected);
            let prefixed: Vec<Pair> = overlay.prefix(&start).map(Result::unwrap).collect();
            let expected_prefixed: Vec<Pair> = model
                .iter()
                .filter(|(key, _)| key.starts_with(&start))
                .map(|(k, v)| (k.clone(), vec![*v]))
                .collect();
            prop_assert_eq!(&prefixed, &expected_prefixed);
            for key in model.keys() {
                prop_assert_eq!(overlay.get(key).unwrap(), model.get(key).map(|value| vec![*value]));
            }
            index.apply(overlay).unwrap();
            let applied: Vec<Pair> = index.range(&start, end.as_deref()).map(Result::unwrap).collect();
            prop_assert_eq!(&applied, &expected);
        }
    }

    #[test]
    fn keys_and_values_above_their_bounds_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let mut overlay = Index::open(folder.path(), 1 << 20).unwrap().overlay();
        overlay.put([0; KEY_MAX], [0; VALUE_MAX]).unwrap();
        assert!(matches!(
            overlay.put([0; KEY_MAX + 1], []),
            Err(IndexError::TooLong { what: "key", len: 65 })
        ));
        assert!(matches!(
            overlay.put([0], [0; VALUE_MAX + 1]),
            Err(IndexError::TooLong { what: "value", len: 513 })
        ));
        assert!(overlay.delete([0; KEY_MAX + 1]).is_err());
    }
}
