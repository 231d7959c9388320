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
async fn what_the_recipients_devices_refuse_is_told() {
    let hub = HubProcess::start();
    let sender = Sender::at(&hub);
    let recipient = Member::join(&hub, "kvinnojouren").await;
    let reference = sender.send(&format!("{}/mottagning", recipient.handle()), &[]);
    let mut inbox = Inbox::open(&recipient.connect(&hub)).await.expect("a stream");
    let delivery = inbox.delivery().await.expect("a delivery");
    until("it is handed over", || (sender.stage(&reference) == "HANDED_OVER").then_some(()));
    let verdict = said(&delivery, recipient.org(), recipient.device(), (3, 1));
    let failures = inbox.acknowledge(vec![verdict], 0).await.expect("taken");
    assert!(failures.is_empty(), "{failures:?}");
    sender.ends(&reference, "REFUSED");
}

/// The sender's client seals it again by itself, but not for ever: then a person has to ask what is wrong.
#[tokio::test]
async fn what_the_recipients_devices_can_not_open_is_sealed_again_three_times_and_then_told() {
    let hub = HubProcess::start();
    let sender = Sender::at(&hub);
    let recipient = Member::join(&hub, "kvinnojouren").await;
    let reference = sender.send(&format!("{}/mottagning", recipient.handle()), &[]);
    let mut inbox = Inbox::open(&recipient.connect(&hub)).await.expect("a stream");
    for sealed in 1..=4 {
        let delivery = inbox.delivery().await.expect("a delivery");
        let verdict = said(&delivery, recipient.org(), recipient.device(), (2, 1));
        let failures = inbox.acknowledge(vec![verdict], 0).await.expect("taken");
        assert!(failures.is_empty(), "{failures:?}");
        until("the sender's client has heard of it", || {
            sender.0.run(&["inbox"]).exits(0);
            let track = sender.0.json(&["track", &reference]);
            let steps = track["steps"].as_array().map_or(0, Vec::len);
            let told = track["overall"] == "UNDECRYPTABLE";
            assert!(steps <= 4, "{track}");
            (steps > sealed || (sealed == 4 && told)).then_some(())
        });
    }
    let waited = sender.0.run(&["track", &reference, "--wait", "DELIVERED", "--timeout", "1h"]);
    waited.exits(8);
    assert!(waited.stderr.contains("error [ENDED_OTHERWISE]"), "{}", waited.stderr);
}

/// A command of the sender's that succeeds, and what it says on the side.
fn notices(sender: &Sender, words: &[&str]) -> String {
    let outcome = sender.0.run(words);
    outcome.exits(0);
    outcome.stderr
}

#[test]
fn what_came_back_is_told_until_it_is_sent_again_under_a_consent_that_holds() {
    let hub = HubProcess::start();
    let sender = Sender::at(&hub);
    let association = Office::open(&hub, &ASSOCIATION, "stod");
    let consent = || {
        let what = ["consent", "record", "--to", association.mailbox(), "--category", "contact"];
        let how = ["--until", "2099-12-31", "--how", "VERBALLY", "--evidence-file", "text.txt"];
        let recorded = sender.0.json(&[&what[..], &how].concat());
        recorded["consent"].as_str().expect("a reference").to_owned()
    };
    let what = ["send", "--to", association.mailbox(), "--class", "REFERRAL"];
    let under = consent();
    let basis = ["--basis", "CONSENT", "--consent", &under, "--text-file", "text.txt"];
    let sent = sender.0.json(&[&what[..], &basis].concat());
    let reference = sent["reference"].as_str().expect("a reference");
    hub.suspend(ASSOCIATION.handle);
    sender.ends(reference, "RETURNED");
    assert!(notices(&sender, &["inbox"]).contains("samverkan sent"), "whoever must act hears");
    assert_eq!(sender.0.json(&["sent", "--unanswered"])["threads"][0]["needs_action"], true);
    let track = sender.0.run(&["track", reference]);
    assert!(track.ok().contains(&format!("samverkan discard {reference}")), "{}", track.stdout);

    hub.resume(ASSOCIATION.handle);
    let used = sender.0.run(&["resend", reference]);
    used.exits(6);
    assert!(
        used.stderr.contains("error [CONSENT_HANDLE_USED]"),
        "each consent is for one message: {}",
        used.stderr
    );
    let again = sender.0.json(&["resend", reference, "--consent", &consent()]);
    assert_eq!(again["messages"][0]["accepted"], true, "{again}");
    association.run(&["inbox"]).exits(0);
    let track = sender.0.json(&["track", reference]);
    assert_eq!(track["overall"], "DELIVERED", "{track}");
    assert_eq!(track["steps"][0]["sent_again_as"], again["messages"][0]["message"]);
    assert!(!notices(&sender, &["inbox"]).contains("did not arrive"));
    assert_eq!(sender.0.json(&["show", reference])["messages"].as_array().map(Vec::len), Some(1));
}

#[test]
fn what_the_hub_refuses_for_good_is_told_and_waits_for_a_person_and_not_for_ever() {
    let hub = HubProcess::start();
    let sender = Sender::at(&hub);
    let association = Office::open(&hub, &ASSOCIATION, "stod");
    // Confirmed, and known to be.
    let what =
        ["consent", "record", "--to", association.mailbox(), "--category", "contact", "--messages", "1"];
    let how = ["--until", "2099-12-31", "--how", "VERBALLY", "--evidence-file", "text.txt"];
    let recorded = sender.0.json(&[&what[..], &how].concat());
    let consent = recorded["consent"].as_str().expect("a reference");
    hub.kill9();
    let sealed = |basis: &[&str]| {
        let what = ["send", "--to", association.mailbox(), "--class", "REFERRAL", "--text-file", "text.txt"];
        sender.0.run(&[&what[..], basis].concat()).exits(7);
    };
    sealed(&["--basis", "VITAL_INTEREST"]);
    sealed(&["--basis", "CONSENT", "--consent", consent]);
    hub.restart();
    hub.suspend(ASSOCIATION.handle);
    assert!(notices(&sender, &["inbox"]).contains("2 cases"), "both were refused on the way");
    let threads = sender.0.json(&["sent", "--offline"])["threads"].clone();
    let references =
        [0, 1].map(|index| threads[index]["reference"].as_str().expect("a reference").to_owned());
    for reference in &references {
        let step = sender.0.json(&["track", reference])["steps"][0].clone();
        assert_eq!(
            (&step["stage"], &step["reason"]),
            (&"NOT_SENT".into(), &"RECIPIENT_SUSPENDED".into()),
            "{step}"
        );
        assert!(step["next"].as_str().is_some_and(|next| next.contains("samverkan discard")), "{step}");
    }
    let [wanted, unwanted] = references;
    sender.0.run(&["resend", &wanted]).exits(6);
    sender.0.run(&["discard", &unwanted]).exits(0);
    sender.0.run(&["track", &unwanted]).exits(4);
    hub.resume(ASSOCIATION.handle);
    // The hub never had it, so the one message that the consent is for is still to be sent.
    sender.0.run(&["resend", &wanted]).exits(0);
    association.run(&["inbox"]).exits(0);
    assert_eq!(association.references(), std::slice::from_ref(&wanted), "the other one was never handed in");
    assert_eq!(sender.0.json(&["track", &wanted])["overall"], "DELIVERED");
}
