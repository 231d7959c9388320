//! Sends away devices that may no longer call, from connections that are already open.
//!
//! Every call asks the registry anew, but a stream that is open asks nobody. When the registry changes, the warden
//! looks at each live connection once: a device that would be refused now has its streams ended with the reason
//! and, a moment later, its connections cut. One look serves any number of changes that came meanwhile.

use std::sync::Arc;

use samverkan_proto::ids::TlsKeyHash;
use tokio::sync::watch;

use crate::caller::Caller;
use crate::clock::Clock;
use crate::limits::LAST_WORD;
use crate::server::Connections;
use crate::store::Store;

/// Watches for as long as the store lives and this is polled.
pub(crate) async fn watch(store: Store, clock: Clock, connections: Arc<Connections>) {
    let mut changed: watch::Receiver<u64> = store.changed();
    while changed.changed().await.is_ok() {
        let dismissed = dismiss(&store, clock.now_ms(), &connections);
        if dismissed.is_empty() {
            continue;
        }
        tokio::time::sleep(LAST_WORD).await;
        for key in &dismissed {
            connections.kill(key);
        }
        tracing::info!(devices = dismissed.len(), "cut connections of devices that may no longer call");
    }
}

fn dismiss(store: &Store, now_ms: u64, connections: &Connections) -> Vec<TlsKeyHash> {
    let registry = store.registry();
    let mut dismissed = Vec::new();
    // Who is unknown may stand in what is missing, and be about to return it.
    if registry.log().is_behind() {
        return dismissed;
    }
    for certificate in connections.certificates() {
        if let Err(refusal) = Caller::behind(&certificate, &registry, now_ms) {
            connections.dismiss(&certificate.key(), refusal.reason);
            dismissed.push(certificate.key());
        }
    }
    dismissed
}
