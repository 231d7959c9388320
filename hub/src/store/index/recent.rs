//! What the index holds before the engine does.
//!
//! Most of what a message puts into the index is taken out again when it is delivered: its place in a queue, what the
//! clock would have done about it, the news of it. So changes stay in memory for a while, and what comes and goes
//! within that while never reaches the engine. Nothing depends on it: the journal is the truth, and after a stop
//! that was not clean the index is built again.
//!
//! There are two generations. Changes go into the young one; when it is full it becomes the old one, which moves
//! into the engine piece by piece, in the order of its keys, while the next one fills.

use std::collections::btree_map;
use std::ops::Bound;

use super::change::{Change, Changes};

/// Changes after which a generation is full: small in tests, so that they see all of it.
pub(super) const GENERATION: usize = if cfg!(test) { 64 } else { 1 << 16 };

/// Changes that the engine has not been told yet. A key stands in one generation at most.
#[derive(Debug, Default)]
pub(super) struct Recent {
    young: Changes,
    old: Changes,
}

impl Recent {
    /// What became of a key lately; `None` when the engine knows.
    pub(super) fn get(&self, key: &[u8]) -> Option<&Change> {
        self.young.get(key).or_else(|| self.old.get(key))
    }

    /// Both generations within bounds, each ascending by key.
    pub(super) fn ranges(
        &self,
        bounds: (Bound<&[u8]>, Bound<&[u8]>),
    ) -> [btree_map::Range<'_, Vec<u8>, Change>; 2] {
        [self.young.range::<[u8], _>(bounds), self.old.range::<[u8], _>(bounds)]
    }

    /// Takes changes in; gives by how many the young generation has grown.
    pub(super) fn take(&mut self, changes: Changes) -> usize {
        let before = self.young.len();
        for (key, mut change) in changes {
            if let Some(earlier) = self.young.remove(&key).or_else(|| self.old.remove(&key)) {
                change.is_new = earlier.is_new;
            }
            if change.value.is_some() || !change.is_new {
                self.young.insert(key, change);
            }
        }
        let grown = self.young.len().saturating_sub(before);
        if self.young.len() >= GENERATION {
            self.age();
        }
        grown
    }

    /// Makes the young generation the old one, unless there is one; gives whether there is one now.
    pub(super) fn age(&mut self) -> bool {
        if self.old.is_empty() {
            self.old = std::mem::take(&mut self.young);
        }
        !self.old.is_empty()
    }

    /// The first `count` changes of the old generation.
    pub(super) fn oldest(&self, count: usize) -> Vec<(Vec<u8>, Change)> {
        self.old.iter().take(count).map(|(key, change)| (key.clone(), change.clone())).collect()
    }

    /// Number of changes.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.young.len() + self.old.len()
    }

    /// Forgets the first `count` changes of the old generation: the engine has them.
    pub(super) fn settled(&mut self, count: usize) {
        (0..count).for_each(|_| drop(self.old.pop_first()));
    }
}
