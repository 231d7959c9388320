//! What a hub can make of its log when it lies: it has the log key, and nobody else's.

use bytes::Bytes;
use samverkan_hub::keys::HubKeys;
use samverkan_proto::ids::HubName;
use samverkan_proto::sign::Signer;
use samverkan_proto::statement::log::{Checkpoint, Leaf, LogTree};
use samverkan_proto::statement::manifest::SignedManifest;
use samverkan_proto::v1::LogEntry;

use super::Capture;
use crate::site::Site;

/// The hub's log key in the wrong hands.
pub struct Forger {
    key: Signer,
    hub: HubName,
}

impl Forger {
    /// With the key of a hub whose log was captured.
    ///
    /// # Panics
    /// When the hub's keys can not be read, or the capture has no greeting.
    #[must_use]
    pub fn of(site: &Site, capture: &Capture) -> Self {
        let keys = HubKeys::load(&site.data_dir()).expect("the hub's keys");
        let hello = capture.hello.as_ref().expect("a greeting");
        Self { key: keys.log, hub: hello.hub_name.parse().expect("a hub's name") }
    }

    /// A capture that shows another log, well signed and said to be the newest at `at_ms`.
    ///
    /// # Panics
    /// When the capture has no greeting.
    #[must_use]
    pub fn show(&self, capture: &Capture, entries: Vec<LogEntry>, at_ms: u64) -> Capture {
        let note = self.note(&entries, at_ms);
        let mut forged = Capture { entries, checkpoint: note.clone(), ..capture.clone() };
        forged.hello.as_mut().expect("a greeting").checkpoint = note;
        forged
    }

    /// The signed note over a log.
    #[must_use]
    pub fn note(&self, entries: &[LogEntry], at_ms: u64) -> Bytes {
        let mut tree = LogTree::new();
        for entry in entries {
            tree.append(&entry.leaf);
        }
        Checkpoint::cosign(&self.hub, tree.head(), &self.key, at_ms / 1000).note().clone()
    }
}

/// The entry of any signed manifest, whoever signed it.
///
/// # Panics
/// For bytes that are none.
#[must_use]
pub fn manifest_entry(signed: Vec<u8>) -> LogEntry {
    let record = Bytes::from(signed);
    let parsed = SignedManifest::parse(record.clone()).expect("a signed manifest");
    LogEntry { leaf: Leaf::of_manifest(&parsed).encode().into(), record }
}
