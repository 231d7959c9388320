//! What the hub counts, and the page that shows it to a local collector.
//!
//! No label ever holds an organisation's name, an id or an address: labels come from the enums here and nothing
//! else. [`page`] serves them on a loopback address.

pub mod page;
mod store;

use std::sync::Arc;

use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use samverkan_proto::reason::{self, Refusal};
use samverkan_proto::v1::ErrorReason;

use crate::store::Store;
use store::StoreNow;

/// No reason has a higher number; a test asks the contract.
const MAX_REASON: i32 = 127;

/// Bytes of attachments that came, and that went.
const IN: &str = "in";
const OUT: &str = "out";

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
    /// The peer did not ask for HTTP/2, or did not begin to speak it.
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

impl Refused {
    const ALL: [Self; 5] = [Self::TooFast, Self::Full, Self::Slow, Self::Handshake, Self::Protocol];
}

impl Closed {
    const ALL: [Self; 5] = [Self::Finished, Self::Broken, Self::Killed, Self::Stalled, Self::Retired];

    pub(crate) fn by_peer<E>(done: &Result<(), E>) -> Self {
        if done.is_ok() { Self::Finished } else { Self::Broken }
    }
}

/// What a stream is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
pub(crate) enum StreamKind {
    /// Messages are handed in.
    Submit,
    /// A device is handed what waits for it.
    Receive,
    /// An attachment comes.
    Upload,
    /// An attachment goes.
    Download,
    /// The log is read.
    Sync,
}

impl StreamKind {
    const ALL: [Self; 5] = [Self::Submit, Self::Receive, Self::Upload, Self::Download, Self::Sync];
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StreamLabel {
    stream: StreamKind,
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
    blob_bytes: Family<WayLabel, Counter>,
    streams: Family<StreamLabel, Gauge>,
}

impl Metrics {
    /// Metrics at zero, of a server without a store.
    pub fn new() -> Arc<Self> {
        Arc::new(Self::at_zero())
    }

    /// Metrics at zero, with what the store counts.
    pub fn of(store: &Store) -> Arc<Self> {
        let mut metrics = Self::at_zero();
        store.register(&mut metrics.registry);
        metrics.registry.register_collector(Box::new(StoreNow(store.clone())));
        Arc::new(metrics)
    }

    fn at_zero() -> Self {
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
        registry.register("blob_bytes", "Bytes of attachments", metrics.blob_bytes.clone());
        registry.register("streams", "Streams that are open now", metrics.streams.clone());
        metrics.begin_at_zero();
        metrics
    }

    /// Every label there is has a value from the start, so that the first count of each is seen as one.
    fn begin_at_zero(&self) {
        for reason in Refused::ALL {
            drop(self.refused.get_or_create(&RefusedLabel { reason }));
        }
        for reason in Closed::ALL {
            drop(self.closed.get_or_create(&ClosedLabel { reason }));
        }
        for reason in (0..=MAX_REASON).filter_map(|number| ErrorReason::try_from(number).ok()) {
            drop(self.calls_refused.get_or_create(&ReasonLabel { reason: reason::name(reason) }));
        }
        for way in [IN, OUT] {
            drop(self.blob_bytes.get_or_create(&WayLabel { way }));
        }
        for stream in StreamKind::ALL {
            drop(self.streams.get_or_create(&StreamLabel { stream }));
        }
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
        self.blob_bytes.get_or_create(&WayLabel { way: IN }).inc_by(bytes);
    }

    pub(crate) fn blob_bytes_out(&self, bytes: u64) {
        self.blob_bytes.get_or_create(&WayLabel { way: OUT }).inc_by(bytes);
    }

    /// Counts a connection as open until the returned value is dropped.
    pub(crate) fn connection_opened(&self) -> Open<'_> {
        self.connections.inc();
        Open(self)
    }

    /// Counts a stream as open until the returned value is dropped.
    pub(crate) fn stream_opened(&self, stream: StreamKind) -> OpenStream {
        let gauge = self.streams.get_or_create(&StreamLabel { stream }).clone();
        gauge.inc();
        OpenStream(gauge)
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

/// An open stream.
pub(crate) struct OpenStream(Gauge);

impl Drop for OpenStream {
    fn drop(&mut self) {
        self.0.dec();
    }
}

#[cfg(test)]
mod tests {
    use prost::Message as _;

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

    #[test]
    fn every_reason_of_the_contract_has_a_value_from_the_start() {
        let files = prost_types::FileDescriptorSet::decode(samverkan_proto::v1::DESCRIPTORS).unwrap();
        let enums = files.file.iter().flat_map(|file| &file.enum_type);
        let reasons = enums.filter(|found| found.name() == "ErrorReason").flat_map(|found| &found.value);
        let text = Metrics::new().encode();
        for reason in reasons {
            let name = reason.name().strip_prefix("ERROR_REASON_").unwrap();
            let line = format!("samverkan_hub_calls_refused_total{{reason=\"{name}\"}} 0\n");
            assert!(text.contains(&line), "{name}");
        }
    }
}
