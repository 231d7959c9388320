//! A map that is cheap to copy and cheap to change a little: what a snapshot needs.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::Arc;

const SHARDS: usize = 256;

/// A hash map in 256 shared parts. A clone shares all of them; a change copies the one part it falls into.
#[derive(Debug)]
pub(super) struct Sharded<K, V> {
    hasher: RandomState,
    shards: Box<[Arc<HashMap<K, V>>]>,
}

impl<K, V> Clone for Sharded<K, V> {
    fn clone(&self) -> Self {
        Self { hasher: self.hasher.clone(), shards: self.shards.clone() }
    }
}

impl<K: Hash + Eq + Clone, V: Clone> Default for Sharded<K, V> {
    fn default() -> Self {
        Self { hasher: RandomState::new(), shards: vec![Arc::default(); SHARDS].into() }
    }
}

impl<K: Hash + Eq + Clone, V: Clone> Sharded<K, V> {
    pub(super) fn get(&self, key: &K) -> Option<&V> {
        self.shards[self.shard(key)].get(key)
    }

    pub(super) fn insert(&mut self, key: K, value: V) {
        let shard = self.shard(&key);
        Arc::make_mut(&mut self.shards[shard]).insert(key, value);
    }

    pub(super) fn remove(&mut self, key: &K) -> Option<V> {
        let shard = self.shard(key);
        Arc::make_mut(&mut self.shards[shard]).remove(key)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.shards.iter().flat_map(|shard| shard.iter())
    }

    pub(super) fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.len()).sum()
    }

    fn shard(&self, key: &K) -> usize {
        (self.hasher.hash_one(key) % SHARDS as u64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clone_keeps_what_it_was_when_the_other_changes() {
        let mut now: Sharded<u32, &str> = Sharded::default();
        for key in 0..1000 {
            now.insert(key, "old");
        }
        let before = now.clone();
        now.insert(7, "new");
        assert_eq!(now.remove(&8), Some("old"));
        assert_eq!((before.get(&7), before.get(&8), before.len()), (Some(&"old"), Some(&"old"), 1000));
        assert_eq!((now.get(&7), now.get(&8), now.len()), (Some(&"new"), None, 999));
        assert_eq!(now.iter().filter(|(_, value)| **value == "new").count(), 1);
    }
}
