//! What the page says of the store: read when somebody asks.

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

use crate::store::{Stats, Store};

/// Asks the store whenever the page is read.
#[derive(Debug)]
pub(super) struct StoreNow(pub(super) Store);

impl Collector for StoreNow {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        // A store whose numbers can not be read has failed, and the hub is about to stop.
        let Ok(stats) = self.0.stats() else { return Ok(()) };
        let Stats { messages, waiting, record_bytes, attachment_bytes, log_size, damaged, queued, .. } =
            stats;
        let gauges = [
            ("messages_stored", "Messages that are stored", messages),
            ("deliveries_waiting", "Messages that wait for a mailbox, counted once for each", waiting),
            ("record_bytes", "Bytes of all living records", record_bytes),
            ("attachment_bytes", "Bytes of all complete attachments", attachment_bytes),
            ("log_leaves", "Leaves of the log", log_size),
            ("log_leaves_missing", "Leaves that the hub has signed and does not have", stats.missing_leaves),
            (
                "log_diverged",
                "1: this is another log than the one that the hub signed",
                u64::from(stats.log_diverged),
            ),
            ("writer_queue", "Operations that wait for the writer", queued),
            ("disk_free_bytes", "Bytes that are free on the disk of data_dir", stats.free_bytes),
            (
                "disk_reserved_bytes",
                "With less than this free, messages are refused with STORAGE_FULL",
                stats.reserved_bytes,
            ),
        ];
        for (name, about, value) in gauges {
            put(&mut encoder, name, about, &ConstGauge::new(value))?;
        }
        let about = "Stored records found damaged, by the start and since";
        put(&mut encoder, "records_damaged", about, &ConstCounter::new(damaged))
    }
}

fn put(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    about: &str,
    metric: &impl EncodeMetric,
) -> fmt::Result {
    metric.encode(encoder.encode_descriptor(name, about, None, metric.metric_type())?)
}
