//! However a message ends, its sender's `track` says so: nothing disappears silently.

use samverkan_tests::clocked::ClockedHub;
use samverkan_tests::hub::HubProcess;
use samverkan_tests::office::{ASSOCIATION, Office, POLICE};
use samverkan_tests::site::Site;
use samverkan_tests::until::until;
use samverkan_tests::wire::inbox::said;
use samverkan_tests::wire::{Inbox, Member};

const MINUTE_MS: u64 = 60_000;

/// The police, with something to send.
struct Sender(Office);

impl Sender {
    fn at(site: &Site) -> Self {
        let office = Office::open(site, &POLICE, "brottsoffer");
        office.file("text.txt", "Ett exempel.\n");
        Self(office)
    }

    /// Sends to a mailbox and returns the reference.
    fn send(&self, to: &str, more: &[&str]) -> String {
        let what = ["send", "--to", to, "--class", "REFERRAL", "--basis", "VITAL_INTEREST"];
        let sent = self.0.json(&[&what[..], &["--text-file", "text.txt"], more].concat());
        assert_eq!(sent["accepted"], true, "{sent}");
        sent["reference"].as_str().expect("a reference").to_owned()
    }

    /// How far the only message of a case got.
    fn stage(&self, reference: &str) -> String {
        let track = self.0.json(&["track", reference]);
        assert_eq!(track["steps"].as_array().map(Vec::len), Some(1), "{track}");
        track["steps"][0]["stage"].as_str().expect("a stage").to_owned()
    }

    /// Looks until the stage is this one.
    fn ends(&self, reference: &str, stage: &str) {
        until(stage, || (self.stage(reference) == stage).then_some(()));
        // Whoever waits for a delivery that can not come any more is told at once.
        let wait = ["track", reference, "--wait", "DELIVERED", "--timeout", "1h"];
        let waited = self.0.run(&wait);
        waited.exits(8);
        assert!(waited.stderr.contains("error [ENDED_OTHERWISE]"), "{}", waited.stderr);
    }
}

#[test]
fn what_nobody_fetches_in_time_comes_back_as_expired() {
    let hub = ClockedHub::start();
    let sender = Sender::at(&hub);
    let association = Office::open(&hub, &ASSOCIATION, "stod");
    let (short, long) =
        (sender.send(association.mailbox(), &["--keep", "5m"]), sender.send(association.mailbox(), &[]));
    assert_eq!(sender.stage(&short), "SUBMISSION_ACCEPTED");
    // More than the message may wait, and less than two clocks may differ.
    hub.pass(8 * MINUTE_MS);
    sender.ends(&short, "EXPIRED_UNDELIVERED");
    assert_eq!(sender.stage(&long), "SUBMISSION_ACCEPTED", "the other one may still wait");
    let inbox = association.json(&["inbox"]);
    assert_eq!(inbox["threads"].as_array().map(Vec::len), Some(1), "{inbox}");
    assert_eq!(sender.stage(&long), "DELIVERED");
}

#[test]
fn what_a_suspended_organisation_did_not_fetch_comes_back() {
    let hub = HubProcess::start();
    let sender = Sender::at(&hub);
    let association = Office::open(&hub, &ASSOCIATION, "stod");
    let fetched = sender.send(association.mailbox(), &[]);
    association.run(&["inbox"]).exits(0);
    let late = sender.send(association.mailbox(), &[]);
    hub.suspend(ASSOCIATION.handle);
    sender.ends(&late, "RETURNED");
    assert_eq!(sender.stage(&fetched), "DELIVERED", "what was delivered stays delivered");
    let refused = association.run(&["inbox"]);
    refused.exits(6);
    assert!(refused.stderr.contains("error [ORGANISATION_SUSPENDED]"), "{}", refused.stderr);
    // The directory says so by now, before a word is written.
    let what = ["send", "--to", association.mailbox(), "--class", "REFERRAL", "--basis", "VITAL_INTEREST"];
    let refused = sender.0.run(&[&what[..], &["--dry-run"]].concat());
    refused.exits(6);
    assert!(refused.stderr.contains("error [RECIPIENT_SUSPENDED]"), "{}", refused.stderr);
}

#[tokio::test]
async fn what_the_recipients_devices_can_not_open_or_refuse_is_told() {
    // A device receipt's type, with a reason, and what the sender sees.
    for (kind_and_reason, stage) in [((2, 1), "UNDECRYPTABLE"), ((3, 1), "REFUSED")] {
        let hub = HubProcess::start();
        let sender = Sender::at(&hub);
        let recipient = Member::join(&hub, "kvinnojouren").await;
        let reference = sender.send(&format!("{}/mottagning", recipient.handle()), &[]);
        let mut inbox = Inbox::open(&recipient.connect(&hub)).await.expect("a stream");
        let delivery = inbox.delivery().await.expect("a delivery");
        until("it is handed over", || (sender.stage(&reference) == "HANDED_OVER").then_some(()));
        let verdict = said(&delivery, recipient.org(), recipient.device(), kind_and_reason);
        let failures = inbox.acknowledge(vec![verdict], 0).await.expect("taken");
        assert!(failures.is_empty(), "{failures:?}");
        sender.ends(&reference, stage);
    }
}
