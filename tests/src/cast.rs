//! Who plays a story, and what must be true of every story when it is told: nothing that a person wrote is where it must not be, every
//! receipt holds without the hub, nothing is shown twice, and every referral is in the state that the story says.

use crate::hub::HubProcess;
use crate::metrics::MetricsPage;
use crate::office::Office;
use crate::search::{Canary, assert_absent};
use crate::site::Site;
use serde_json::Value;
use std::collections::BTreeSet;

/// A hub that logs all it can, and what was planted.
#[derive(Debug)]
pub struct Cast {
    hub: HubProcess,
    metrics: MetricsPage,
    planted: Vec<Canary>,
}

impl Cast {
    /// A hub of its own, with a metrics page.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn new() -> Self {
        let site = Site::new();
        let metrics = MetricsPage::of(&site);
        let mut command = site.command(&["serve"]);
        command.env("RUST_LOG", "trace");
        Self { hub: HubProcess::start_by(site, &mut command), metrics, planted: Vec::new() }
    }

    /// The hub.
    #[must_use]
    pub fn hub(&self) -> &HubProcess {
        &self.hub
    }

    /// Something that a person writes, and that is searched for when the story is told.
    pub fn plant(&mut self, word: &str) -> String {
        let canary = Canary::plant(word);
        let text = canary.text().to_owned();
        self.planted.push(canary);
        text
    }

    /// What must be true of every story.
    ///
    /// # Panics
    /// When it is not.
    pub fn is_told_by(self, offices: &[&Office]) {
        assert!(!self.planted.is_empty(), "somebody has written something");
        for office in offices {
            every_receipt_holds(office);
            nothing_is_shown_twice(office);
            assert_absent(&self.planted, &office.home());
        }
        assert!(self.hub.log().contains("TRACE") && !self.hub.log().contains("panic"), "{}", self.hub.log());
        assert_absent(&self.planted, self.hub.folder());
        let metrics = self.metrics.read();
        for canary in &self.planted {
            assert_eq!(canary.within(metrics.as_bytes()), None, "{} is in the metrics", canary.text());
        }
    }
}

impl Default for Cast {
    fn default() -> Self {
        Self::new()
    }
}

/// The references of every case of an office, whoever began it.
fn cases(office: &Office) -> BTreeSet<String> {
    let listed = |list: &str| office.json(&[list, "--offline"])["threads"].clone();
    let lists = ["inbox", "sent"].map(listed);
    let threads = lists.iter().filter_map(Value::as_array).flatten();
    threads.filter_map(|thread| thread["reference"].as_str()).map(str::to_owned).collect()
}

fn every_receipt_holds(office: &Office) {
    for reference in cases(office) {
        office.run(&["receipts", &reference, "-o", "story-proof.json"]).ok();
        let verdict = office.json(&["receipts", "--verify", "story-proof.json"]);
        assert_eq!(verdict["all_hold"], true, "{verdict}");
        std::fs::remove_file(office.folder().join("story-proof.json")).expect("it was written");
    }
}

fn nothing_is_shown_twice(office: &Office) {
    for reference in cases(office) {
        let shown = office.json(&["show", &reference]);
        let messages = shown["messages"].as_array().expect("messages");
        let told =
            |message: &Value| format!("{} {} {}", message["from"], message["created_at"], message["text"]);
        let distinct: BTreeSet<String> = messages.iter().map(told).collect();
        assert_eq!(distinct.len(), messages.len(), "{shown}");
    }
}

/// The state of a case's only referral, as an office has it now, asking the hub first.
///
/// # Panics
/// When there is no such case, or it is no single referral.
#[must_use]
pub fn state_at(office: &Office, reference: &str) -> String {
    office.run(&["inbox"]).ok();
    let track = office.json(&["track", reference]);
    let referrals = track["referrals"].as_array().expect("referrals");
    assert_eq!(referrals.len(), 1, "{track}");
    referrals[0]["state"].as_str().expect("a state").to_owned()
}
