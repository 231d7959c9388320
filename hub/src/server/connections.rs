//! The kill switch: every authenticated connection, findable by the key that authenticated it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio_util::sync::CancellationToken;

use super::SpkiHash;

/// All live authenticated connections.
#[derive(Default)]
pub struct Connections {
    live: Mutex<Live>,
}

#[derive(Default)]
struct Live {
    next: u64,
    by_key: HashMap<SpkiHash, HashMap<u64, CancellationToken>>,
}

impl Connections {
    /// No connections yet.
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// Ends every connection of this key at once, with all its calls and streams; returns how many there were.
    ///
    /// The caller has already changed the registry: a handshake that finishes afterwards finds nothing there.
    pub fn kill(&self, key: &SpkiHash) -> usize {
        let live = self.lock();
        let Some(connections) = live.by_key.get(key) else { return 0 };
        connections.values().for_each(CancellationToken::cancel);
        connections.len()
    }

    /// How many connections are live.
    pub fn len(&self) -> usize {
        self.lock().by_key.values().map(HashMap::len).sum()
    }

    /// Whether none is live.
    pub fn is_empty(&self) -> bool {
        self.lock().by_key.is_empty()
    }

    /// Enters a connection; it leaves when the returned guard is dropped.
    pub(super) fn register(self: &Arc<Self>, key: SpkiHash, hangup: CancellationToken) -> Registered {
        let mut live = self.lock();
        let number = live.next;
        live.next += 1;
        live.by_key.entry(key).or_default().insert(number, hangup);
        Registered { connections: Arc::clone(self), key, number }
    }

    fn lock(&self) -> MutexGuard<'_, Live> {
        // The table is consistent between any two statements that can panic, of which there are none.
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection's entry.
pub(super) struct Registered {
    connections: Arc<Connections>,
    key: SpkiHash,
    number: u64,
}

impl Drop for Registered {
    fn drop(&mut self) {
        let mut live = self.connections.lock();
        if let Some(connections) = live.by_key.get_mut(&self.key) {
            connections.remove(&self.number);
            if connections.is_empty() {
                live.by_key.remove(&self.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kill_reaches_all_connections_of_one_key_and_no_other() {
        let connections = Connections::new();
        let (a, b) = (SpkiHash::new([1; 32]), SpkiHash::new([2; 32]));
        let tokens: Vec<_> = (0..3).map(|_| CancellationToken::new()).collect();
        let _first = connections.register(a, tokens[0].clone());
        let _second = connections.register(a, tokens[1].clone());
        let _other = connections.register(b, tokens[2].clone());
        assert_eq!(connections.len(), 3);
        assert_eq!(connections.kill(&a), 2);
        assert!(tokens[0].is_cancelled() && tokens[1].is_cancelled() && !tokens[2].is_cancelled());
        assert_eq!(connections.kill(&SpkiHash::new([3; 32])), 0);
    }

    #[test]
    fn dropped_entries_leave_nothing_behind() {
        let connections = Connections::new();
        let key = SpkiHash::new([1; 32]);
        let first = connections.register(key, CancellationToken::new());
        let second = connections.register(key, CancellationToken::new());
        drop(first);
        assert_eq!(connections.kill(&key), 1);
        drop(second);
        assert!(connections.is_empty());
        assert_eq!(connections.kill(&key), 0);
    }
}
