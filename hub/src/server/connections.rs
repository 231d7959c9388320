//! The kill switch: every authenticated connection, findable by the key that authenticated it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use samverkan_proto::ids::TlsKeyHash;
use samverkan_proto::v1::ErrorReason;

use super::{Hangup, PeerCertificate};

/// All live authenticated connections.
#[derive(Default)]
pub struct Connections {
    live: Mutex<Live>,
}

#[derive(Default)]
struct Live {
    next: u64,
    by_key: HashMap<TlsKeyHash, HashMap<u64, (PeerCertificate, Hangup)>>,
}

impl Connections {
    /// No connections yet.
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// Tells the streams of every connection of this key to end for this reason; returns how many connections
    /// there were.
    pub fn dismiss(&self, key: &TlsKeyHash, why: ErrorReason) -> usize {
        self.each(key, |hangup| hangup.dismiss(why))
    }

    /// Ends every connection of this key at once, with all its calls and streams; returns how many there were.
    ///
    /// The caller has already changed the registry: a handshake that finishes afterwards finds nothing there.
    pub fn kill(&self, key: &TlsKeyHash) -> usize {
        self.each(key, Hangup::cut)
    }

    /// One certificate for each key that has a connection: the one that ends last.
    pub fn certificates(&self) -> Vec<PeerCertificate> {
        let live = self.lock();
        let newest = |of: &HashMap<u64, (PeerCertificate, Hangup)>| {
            of.values().map(|(certificate, _)| *certificate).max_by_key(PeerCertificate::not_after_ms)
        };
        live.by_key.values().filter_map(newest).collect()
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
    pub(super) fn register(self: &Arc<Self>, certificate: PeerCertificate, hangup: Hangup) -> Registered {
        let mut live = self.lock();
        let number = live.next;
        live.next += 1;
        let key = certificate.key();
        live.by_key.entry(key).or_default().insert(number, (certificate, hangup));
        Registered { connections: Arc::clone(self), key, number }
    }

    fn each(&self, key: &TlsKeyHash, act: impl Fn(&Hangup)) -> usize {
        let live = self.lock();
        let Some(connections) = live.by_key.get(key) else { return 0 };
        connections.values().for_each(|(_, hangup)| act(hangup));
        connections.len()
    }

    fn lock(&self) -> MutexGuard<'_, Live> {
        // The table is consistent between any two statements that can panic, of which there are none.
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection's entry.
pub(super) struct Registered {
    connections: Arc<Connections>,
    key: TlsKeyHash,
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
    use tokio_util::sync::CancellationToken;

    use super::*;

    fn hangup() -> Hangup {
        Hangup::new(&CancellationToken::new(), &CancellationToken::new())
    }

    fn certificate(n: u8) -> PeerCertificate {
        PeerCertificate::for_test(TlsKeyHash::of_spki(&[n]))
    }

    #[tokio::test]
    async fn a_kill_reaches_all_connections_of_one_key_and_no_other() {
        let connections = Connections::new();
        let hangups: Vec<_> = (0..3).map(|_| hangup()).collect();
        let _first = connections.register(certificate(1), hangups[0].clone());
        let _second = connections.register(certificate(1), hangups[1].clone());
        let _other = connections.register(certificate(2), hangups[2].clone());
        assert_eq!((connections.len(), connections.certificates().len()), (3, 2));
        assert_eq!(connections.dismiss(&certificate(1).key(), ErrorReason::DeviceRevoked), 2);
        assert_eq!(hangups[1].leaving().await, ErrorReason::DeviceRevoked);
        assert!(hangups.iter().all(|hangup| !hangup.token().is_cancelled()));
        assert_eq!(connections.kill(&certificate(1).key()), 2);
        let cut: Vec<_> = hangups.iter().map(|hangup| hangup.token().is_cancelled()).collect();
        assert_eq!(cut, [true, true, false]);
        assert!(!hangups[2].leave_token().is_cancelled());
        assert_eq!(connections.kill(&certificate(3).key()), 0);
    }

    #[test]
    fn dropped_entries_leave_nothing_behind() {
        let connections = Connections::new();
        let first = connections.register(certificate(1), hangup());
        let second = connections.register(certificate(1), hangup());
        drop(first);
        assert_eq!(connections.kill(&certificate(1).key()), 1);
        drop(second);
        assert!(connections.is_empty() && connections.certificates().is_empty());
        assert_eq!(connections.kill(&certificate(1).key()), 0);
    }
}
