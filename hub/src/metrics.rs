//! What the hub counts, and the page that shows it to a local collector.
//!
//! No label ever holds an organisation's name, an id or an address: labels come from the enums here and nothing
//! else. [`page`] serves them on a loopback address.

pub mod page;

use std::sync::Arc;

use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use samverkan_proto::reason::{self, Refusal};

/// Why a socket never became a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
pub enum Refused {
    /// Its address started too many handshakes.
    TooFast,
    /// No room for another connection or handshake.
    Full,
    /// The handshake took too long.
    Slow,
    /// The handshake failed: not TLS 1.3, or a certificate that does not verify.
    Handshake,
    /// The peer did not ask for HTTP/2.
    Protocol,
}

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
pub enum Closed {
    /// The peer left, or followed a request to go away.
    Finished,
    /// The transport or the peer's HTTP/2 failed; a ping without an answer is one of these.
    Broken,
    /// The kill switch or the end of a drain.
    Killed,
    /// The peer left a response unread for too long.
    Stalled,
    /// Its certificate or its time ended, and it did not leave when asked to.
    Retired,
}

impl Closed {
    pub(crate) fn by_peer<E>(done: &Result<(), E>) -> Self {
        if done.is_ok() { Self::Finished } else { Self::Broken }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RefusedLabel {
    reason: Refused,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ClosedLabel {
    reason: Closed,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct WayLabel {
    way: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabel {
    reason: &'static str,
}

/// The hub's metrics.
#[derive(Default)]
pub struct Metrics {
    registry: Registry,
    connections: Gauge,
    refused: Family<RefusedLabel, Counter>,
    closed: Family<ClosedLabel, Counter>,
    calls_refused: Family<ReasonLabel, Counter>,
    messages_accepted: Counter,
    records_damaged: Counter,
    blob_bytes: Family<WayLabel, Counter>,
}

impl Metrics {
    /// Metrics at zero.
    pub fn new() -> Arc<Self> {
        let mut metrics = Self { registry: Registry::with_prefix("samverkan_hub"), ..Self::default() };
        let registry = &mut metrics.registry;
        registry.register("connections", "Connections that are open now", metrics.connections.clone());
        registry.register(
            "connections_refused",
            "Sockets that never became connections",
            metrics.refused.clone(),
        );
        registry.register("connections_closed", "Connections that ended", metrics.closed.clone());
        registry.register("calls_refused", "Calls and messages refused", metrics.calls_refused.clone());
        registry.register("messages_accepted", "Messages taken in", metrics.messages_accepted.clone());
        let about = "Stored records that did not match their digest when they were read";
        registry.register("records_damaged", about, metrics.records_damaged.clone());
        registry.register("blob_bytes", "Bytes of attachments", metrics.blob_bytes.clone());
        Arc::new(metrics)
    }

    pub(crate) fn refused(&self, reason: Refused) {
        self.refused.get_or_create(&RefusedLabel { reason }).inc();
    }

    pub(crate) fn call_refused(&self, refusal: &Refusal) {
        self.calls_refused.get_or_create(&ReasonLabel { reason: reason::name(refusal.reason) }).inc();
    }

    pub(crate) fn message_accepted(&self) {
        self.messages_accepted.inc();
    }

    pub(crate) fn blob_bytes_in(&self, bytes: u64) {
        self.blob_bytes.get_or_create(&WayLabel { way: "in" }).inc_by(bytes);
    }

    pub(crate) fn blob_bytes_out(&self, bytes: u64) {
        self.blob_bytes.get_or_create(&WayLabel { way: "out" }).inc_by(bytes);
    }

    pub(crate) fn records_damaged(&self, records: u64) {
        if records > 0 {
            tracing::error!(records, "stored records are damaged and were passed over");
            self.records_damaged.inc_by(records);
        }
    }

    /// Counts a connection as open until the returned value is dropped.
    pub(crate) fn connection_opened(&self) -> Open<'_> {
        self.connections.inc();
        Open(self)
    }

    /// All metrics in the OpenMetrics text format.
    pub fn encode(&self) -> String {
        let mut text = String::new();
        // Writing to a `String` can not fail, and every label is a plain word.
        let _ = prometheus_client::encoding::text::encode(&mut text, &self.registry);
        text
    }
}

/// An open connection.
pub(crate) struct Open<'a>(&'a Metrics);

impl Open<'_> {
    pub(crate) fn closed(self, reason: Closed) {
        self.0.closed.get_or_create(&ClosedLabel { reason }).inc();
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.connections.dec();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_are_counted_in_and_out() {
        let metrics = Metrics::new();
        let open = metrics.connection_opened();
        assert!(metrics.encode().contains("samverkan_hub_connections 1\n"));
        open.closed(Closed::Killed);
        metrics.refused(Refused::TooFast);
        let text = metrics.encode();
        assert!(text.contains("samverkan_hub_connections 0\n"), "{text}");
        assert!(text.contains("samverkan_hub_connections_closed_total{reason=\"Killed\"} 1\n"), "{text}");
        assert!(text.contains("samverkan_hub_connections_refused_total{reason=\"TooFast\"} 1\n"), "{text}");
        assert!(text.ends_with("# EOF\n"));
    }
}
