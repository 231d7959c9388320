//! What the operator's check and the metrics page say, and that it moves when something happens.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;

use samverkan_proto::v1;
use samverkan_proto::v1::receive_response::Item;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::mail::{DELIVERED, Receiving, message, receipts, relay};
use crate::running::*;

const POLICE: u32 = 1;

/// A hub with a metrics page.
struct Observed {
    hub: Hub,
    page: SocketAddr,
}

impl Observed {
    async fn start() -> Self {
        let page = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let hub = Hub::start_with(format!("metrics_listen = \"{page}\"\n")).await;
        Self { hub, page }
    }

    async fn text(&self) -> String {
        let mut socket = TcpStream::connect(self.page).await.unwrap();
        socket.write_all(b"GET /metrics HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
        let mut page = String::new();
        socket.read_to_string(&mut page).await.unwrap();
        page
    }

    /// Every sample, by its name and labels without the common prefix.
    async fn samples(&self) -> BTreeMap<String, f64> {
        let text = self.text().await;
        let lines = text.lines().filter_map(|line| line.strip_prefix("samverkan_hub_"));
        lines
            .map(|line| {
                let (name, value) = line.rsplit_once(' ').expect("a name and a value");
                (name.to_owned(), value.parse().expect("a number"))
            })
            .collect()
    }

    async fn check(&self) -> v1::CheckHubResponse {
        self.hub.operator().await.check_hub(v1::CheckHubRequest {}).await.unwrap().into_inner()
    }
}

#[tokio::test]
async fn a_stored_message_shows_until_it_is_delivered() {
    let observed = Observed::start().await;
    let (from, to) =
        (observed.hub.member("from-exempel", POLICE).await, observed.hub.member("to-exempel", POLICE).await);
    let empty = observed.check().await;
    assert_eq!((empty.stored_messages, empty.waiting_deliveries, empty.damaged_records), (0, 0, 0));
    assert!(empty.stored_bytes > 0, "the log is stored");
    assert!(empty.free_bytes > 0 && empty.reserved_bytes > 0);

    let message = message(&from, &to);
    relay(&observed.hub, &from).await.submit(message.clone()).await.unwrap();
    let stored = observed.check().await;
    assert_eq!((stored.stored_messages, stored.waiting_deliveries), (1, 1));
    assert!(stored.stored_bytes >= empty.stored_bytes + message.content.len() as u64);

    let mut reader = Receiving::start(&observed.hub, &to, 10).await;
    reader.delivery().await;
    assert_eq!(reader.acknowledge(receipts(&to, &[(&message, DELIVERED)]), 0).await, []);
    let delivered = observed.check().await;
    assert_eq!((delivered.stored_messages, delivered.waiting_deliveries), (0, 0));
    assert!(delivered.stored_bytes < stored.stored_bytes);
}

#[tokio::test]
async fn every_metric_moves_with_what_it_counts() {
    let observed = Observed::start().await;
    let hub = &observed.hub;
    let (from, to) = (hub.member("from-exempel", POLICE).await, hub.member("to-exempel", POLICE).await);
    let before = observed.samples().await;
    let (first, second) = (message(&from, &to), message(&from, &to));
    let mut sender = relay(hub, &from).await;
    for message in [&first, &second] {
        sender.submit(message.clone()).await.unwrap();
    }
    let mut reader = Receiving::start(hub, &to, 10).await;
    for _ in 0..2 {
        reader.delivery().await;
    }
    assert_eq!(reader.acknowledge(receipts(&to, &[(&first, DELIVERED)]), 0).await, []);
    sender.submit(v1::SubmitRequest::default()).await.unwrap_err();
    let after = observed.samples().await;

    let moved = |name: &str| {
        let value = |samples: &BTreeMap<String, f64>| *samples.get(name).unwrap_or_else(|| panic!("{name}"));
        value(&after) - value(&before)
    };
    for (name, by) in [
        ("messages_accepted_total", 2.0),
        ("messages_stored", 1.0),
        ("deliveries_waiting", 1.0),
        ("deliveries_ended_total{outcome=\"Delivered\"}", 1.0),
        ("calls_refused_total{reason=\"INVALID_FIELD\"}", 1.0),
        ("streams{stream=\"Receive\"}", 1.0),
        ("index_rebuilds_total", 0.0),
        ("records_damaged_total", 0.0),
    ] {
        assert_eq!(moved(name), by, "{name}");
    }
    for name in ["commit_operations_count", "commit_seconds_count", "sync_seconds_count", "record_bytes"] {
        assert!(moved(name) > 0.0, "{name}");
    }
    assert!(after["disk_free_bytes"] > 0.0 && after["log_leaves"] >= 5.0);
    assert!(after["commit_seconds_sum"] >= after["sync_seconds_sum"]);

    drop(reader);
    let closed = async {
        while observed.samples().await["streams{stream=\"Receive\"}"] > 0.0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(SOON, closed).await.expect("the stream is closed");
    hub.hands.set(NOW + 22 * samverkan_proto::limits::DAY_MS);
    let expired = async {
        while observed.samples().await["deliveries_ended_total{outcome=\"Expired\"}"] < 1.0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(SOON, expired).await.expect("the second message expires");
}

/// The page's metrics as `name → type`, and what stands in the guide's table.
#[tokio::test]
async fn the_guide_lists_exactly_what_the_page_serves() {
    let observed = Observed::start().await;
    let text = observed.text().await;
    let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE samverkan_hub_"));
    let served: BTreeSet<(&str, &str)> = types.filter_map(|line| line.split_once(' ')).collect();
    let guide = include_str!("../../../deploy/README.md");
    let rows = guide.lines().filter_map(|line| line.strip_prefix("| `samverkan_hub_"));
    let listed: BTreeSet<(&str, &str)> = rows
        .map(|row| {
            let (name, rest) = row.split_once('`').expect("the name's end");
            let kind = rest.trim_start_matches([' ', '|']).split([' ', ',']).next().expect("a type");
            (name, kind)
        })
        .collect();
    assert_eq!(listed, served);
    let labels = ["outcome", "reason", "stream", "way"];
    for sample in text.lines().filter(|line| line.starts_with("samverkan_hub_")) {
        let label = sample.split_once('{').map(|(_, rest)| rest.split_once('=').expect("a label").0);
        assert!(label.is_none_or(|label| label == "le" || labels.contains(&label)), "{sample}");
    }
}

/// Flips a bit in every occurrence of these bytes in the journal; gives how many there were.
fn flip(store: &Path, bytes: &[u8]) -> usize {
    let mut flipped = 0;
    for entry in std::fs::read_dir(store.join("segments")).unwrap() {
        let path = entry.unwrap().path();
        let mut content = std::fs::read(&path).unwrap();
        let found: Vec<usize> = content
            .windows(bytes.len())
            .enumerate()
            .filter(|(_, at)| *at == bytes)
            .map(|(at, _)| at)
            .collect();
        found.iter().for_each(|at| content[*at] ^= 1);
        flipped += found.len();
        std::fs::write(path, content).unwrap();
    }
    flipped
}

#[tokio::test]
async fn a_record_damaged_on_disk_is_found_on_read_and_counted_once() {
    let mut observed = Observed::start().await;
    let (from, to) =
        (observed.hub.member("from-exempel", POLICE).await, observed.hub.member("to-exempel", POLICE).await);
    let mut lost = message(&from, &to);
    lost.content =
        std::iter::repeat_n(*b"spoiled!", lost.content.len() / 8).flatten().collect::<Vec<_>>().into();
    let whole = message(&from, &to);
    for message in [&lost, &whole] {
        relay(&observed.hub, &from).await.submit(message.clone()).await.unwrap();
    }
    observed.hub = observed
        .hub
        .restarted_after(|folder| assert!(flip(&folder.join("store"), &lost.content[..64]) > 0))
        .await;
    for _ in 0..2 {
        let mut reader = Receiving::start(&observed.hub, &to, 10).await;
        assert_eq!(reader.delivery().await.header, whole.header, "the damaged one is passed over");
        assert!(matches!(reader.next().await, Item::CaughtUp(_)));
    }
    assert_eq!(observed.check().await.damaged_records, 1, "read twice, counted once");
    assert_eq!(observed.samples().await["records_damaged_total"], 1.0);

    // After a stop that was not clean everything is read, and the damage found by that.
    let unclean = |folder: &Path| std::fs::remove_file(folder.join("store/clean")).unwrap();
    observed.hub = observed.hub.restarted_after(unclean).await;
    assert_eq!(observed.check().await.damaged_records, 1);
    assert_eq!(observed.samples().await["index_rebuilds_total"], 1.0);
}
