//! Changes to the index, and pairs with changes laid over them.

use std::collections::{BTreeMap, btree_map};
use std::iter::Peekable;

use super::{IndexError, Pair};

/// Changes by key.
pub(super) type Changes = BTreeMap<Vec<u8>, Change>;

/// What becomes of one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Change {
    /// Its value; `None` when it is gone.
    pub(super) value: Option<Vec<u8>>,
    /// Whether there is no such key beneath, so that one that goes again leaves nothing to be said.
    pub(super) is_new: bool,
}

/// Pairs with a layer of changes over them, ascending.
pub(in crate::store) struct Layered<'a, B: Iterator> {
    beneath: Peekable<B>,
    changes: Peekable<btree_map::Range<'a, Vec<u8>, Change>>,
}

impl<'a, B: Iterator<Item = Result<Pair, IndexError>>> Layered<'a, B> {
    /// Both ascend by key, within the same bounds.
    pub(super) fn new(beneath: B, changes: btree_map::Range<'a, Vec<u8>, Change>) -> Self {
        Self { beneath: beneath.peekable(), changes: changes.peekable() }
    }
}

impl<B: Iterator<Item = Result<Pair, IndexError>>> Iterator for Layered<'_, B> {
    type Item = Result<Pair, IndexError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let change_first = match (self.beneath.peek(), self.changes.peek()) {
                (Some(Ok((key, _))), Some((changed, _))) if key == *changed => {
                    self.beneath.next();
                    true
                }
                (Some(Ok((key, _))), Some((changed, _))) => *changed < key,
                (None, Some(_)) => true,
                _ => false,
            };
            if !change_first {
                return self.beneath.next();
            }
            if let Some((key, Change { value: Some(value), .. })) = self.changes.next() {
                return Some(Ok((key.clone(), value.clone())));
            }
        }
    }
}
