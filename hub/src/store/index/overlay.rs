//! What the writer collects while it forms a batch.

use std::ops::Bound;

use super::change::{Change, Changes, Layered};
use super::{Index, IndexError, KEY_MAX, Range, VALUE_MAX, after_prefix};

/// Pairs of an [`Overlay`], ascending.
pub(in crate::store) type Merged<'a> = Layered<'a, Range>;

/// Changes of one batch; reads see them over what is committed.
#[derive(Debug)]
pub(in crate::store) struct Overlay {
    index: Index,
    changes: Changes,
}

impl Overlay {
    pub(super) fn new(index: Index) -> Self {
        Self { index, changes: Changes::new() }
    }

    pub(super) fn into_changes(self) -> Changes {
        self.changes
    }

    /// The value at `key`, as changed here.
    ///
    /// # Errors
    /// [`IndexError::Engine`].
    pub(in crate::store) fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, IndexError> {
        match self.changes.get(key) {
            Some(change) => Ok(change.value.clone()),
            None => self.index.get(key),
        }
    }

    /// Sets `key`.
    ///
    /// # Errors
    /// [`IndexError::TooLong`] above [`KEY_MAX`] or [`VALUE_MAX`].
    pub(in crate::store) fn put(
        &mut self,
        key: impl Into<Vec<u8>>,
        value: impl Into<Vec<u8>>,
    ) -> Result<(), IndexError> {
        self.set(key.into(), value.into(), false)
    }

    /// Sets `key`, which is not there yet. This is cheaper when the key is soon deleted again.
    ///
    /// # Errors
    /// [`IndexError::TooLong`] above [`KEY_MAX`] or [`VALUE_MAX`].
    pub(in crate::store) fn put_new(
        &mut self,
        key: impl Into<Vec<u8>>,
        value: impl Into<Vec<u8>>,
    ) -> Result<(), IndexError> {
        let key = key.into();
        debug_assert!(matches!(self.get(&key), Ok(None) | Err(_)), "a key that is new is not there");
        self.set(key, value.into(), true)
    }

    fn set(&mut self, key: Vec<u8>, value: Vec<u8>, is_new: bool) -> Result<(), IndexError> {
        let (key, value) = (checked("key", key, KEY_MAX)?, checked("value", value, VALUE_MAX)?);
        // One that was deleted in this batch may still be beneath.
        let is_new = self.changes.get(&key).map_or(is_new, |earlier| earlier.is_new);
        self.changes.insert(key, Change { value: Some(value), is_new });
        Ok(())
    }

    /// Removes `key`, which need not be there.
    ///
    /// # Errors
    /// [`IndexError::TooLong`] above [`KEY_MAX`].
    pub(in crate::store) fn delete(&mut self, key: impl Into<Vec<u8>>) -> Result<(), IndexError> {
        let key = checked("key", key.into(), KEY_MAX)?;
        let is_new = self.changes.get(&key).is_some_and(|earlier| earlier.is_new);
        self.changes.insert(key, Change { value: None, is_new });
        Ok(())
    }

    /// The pairs from `start` on and before `end`, ascending, as changed here.
    pub(in crate::store) fn range(&self, start: &[u8], end: Option<&[u8]>) -> Merged<'_> {
        let empty = end.is_some_and(|end| end < start);
        let end_bound =
            if empty { Bound::Excluded(start) } else { end.map_or(Bound::Unbounded, Bound::Excluded) };
        let changes = self.changes.range::<[u8], _>((Bound::Included(start), end_bound));
        Layered::new(self.index.range(start, end), changes)
    }

    /// The pairs whose keys begin with `prefix`, ascending, as changed here.
    pub(in crate::store) fn prefix(&self, prefix: &[u8]) -> Merged<'_> {
        self.range(prefix, after_prefix(prefix).as_deref())
    }

    /// Number of changed keys.
    pub(in crate::store) fn len(&self) -> usize {
        self.changes.len()
    }
}

fn checked(what: &'static str, bytes: Vec<u8>, max: usize) -> Result<Vec<u8>, IndexError> {
    if bytes.len() <= max { Ok(bytes) } else { Err(IndexError::TooLong { what, len: bytes.len() }) }
}
