//! The store through its public operations: what any store must do.

mod actions;
mod attachments;
mod cancelled;
mod clocks;
mod consents;
mod flood;
mod lost;
mod mail;
mod membership;
mod model;
mod moved;
mod organisations;
mod queue;
mod returned;
mod rewraps;
mod share;
mod stops;
mod takeback;

use std::path::PathBuf;
use std::time::Duration;

use samverkan_proto::sign::Signer;
use samverkan_proto::statement::log::{HubKeys, Leaf, LogTree};

use super::*;
use crate::clock::{Clock, Hands};
use crate::registry::testing::{NOW, TestOrg};

/// A store in a folder of its own, with a clock that is turned by hand.
struct TestHub {
    _outer: tempfile::TempDir,
    path: PathBuf,
    clock: Clock,
    hands: Hands,
    store: Store,
}

fn signers() -> Signers {
    let signer = |seed: u8| Signer::from_seed(&[seed; 32]).unwrap();
    let hub_keys = HubKeys {
        ca_certificate: bytes::Bytes::from_static(b"not a certificate, only its place"),
        log_key: *signer(2).public_key(),
        receipt_key: *signer(1).public_key(),
    };
    Signers { receipt: signer(1), log: signer(2), hub: "exempelhubben".parse().unwrap(), hub_keys }
}

/// How the store goes down between two openings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stop {
    Clean,
    Killed,
    IndexDeleted,
}

impl TestHub {
    fn new() -> Self {
        let outer = tempfile::tempdir().unwrap();
        let path = outer.path().join("store");
        let (clock, hands) = Clock::manual(NOW);
        let (store, _) = Store::open(&path, signers(), clock.clone(), StoreOptions::default()).unwrap();
        Self { _outer: outer, path, clock, hands, store }
    }

    async fn reopen(&mut self, stop: Stop) -> OpenReport {
        // Nothing is ever in flight here, so closing and taking the mark away leaves what a kill leaves.
        self.store.close().await.unwrap();
        match stop {
            Stop::Clean => {}
            Stop::Killed => std::fs::remove_file(self.path.join("clean")).unwrap(),
            Stop::IndexDeleted => std::fs::remove_dir_all(self.path.join("index")).unwrap(),
        }
        let report = self.open_again(StoreOptions::default());
        assert_eq!(matches!(report.index, IndexFate::Reused), stop == Stop::Clean, "{stop:?}: {report:?}");
        report
    }

    /// Opens the store that was closed.
    fn open_again(&mut self, options: StoreOptions) -> OpenReport {
        // Another process opens it next, so nothing of this one may be left: a stand-in takes the old one's place.
        let aside = tempfile::tempdir().unwrap();
        let (stand_in, _) =
            Store::open(&aside.path().join("store"), signers(), self.clock.clone(), StoreOptions::default())
                .unwrap();
        drop(std::mem::replace(&mut self.store, stand_in));
        let (store, report) = Store::open(&self.path, signers(), self.clock.clone(), options).unwrap();
        self.store = store;
        report
    }

    async fn join(&self, org: &TestOrg) -> bytes::Bytes {
        let (code, _) = self.store.invite(org.invitation()).await.unwrap();
        self.store.enrol(enrolment(org, code)).await.unwrap()
    }

    /// Joins and is confirmed by the operator.
    async fn activate(&self, org: &TestOrg) {
        self.join(org).await;
        let active = samverkan_proto::code::OrganisationState::Active;
        self.store.set_state(org.id(), active).await.unwrap();
    }

    fn advance(&self, ms: u64) {
        self.hands.advance(Duration::from_millis(ms));
    }
}

fn enrolment(org: &TestOrg, code: [u8; 16]) -> Enrolment {
    Enrolment {
        code,
        manifest: org.manifest.clone(),
        certificate: bytes::Bytes::from(format!("certificate of {}", org.id())),
        epoch_keys: org.device().verified_keys(org.id(), NOW, 2),
    }
}

/// Reads the whole log and checks that its tree is the one the hub has signed.
async fn verified_log(store: &Store) -> Vec<LogEntry> {
    let mut tree = LogTree::new();
    let mut all = Vec::new();
    loop {
        let page = store.log_entries(all.len() as u64).await.unwrap();
        if page.is_empty() {
            break;
        }
        for entry in &page {
            Leaf::parse(&entry.leaf).unwrap().open(&entry.record).unwrap();
            tree.append(&entry.leaf);
        }
        all.extend(page);
    }
    assert_eq!(store.registry().log().head(), Some(tree.head()));
    all
}
