//! What was sent is taken back, and what a person agreed to is withdrawn: with every outcome that there is, over real processes.

use samverkan_tests::hub::HubProcess;
use samverkan_tests::office::{ASSOCIATION, Office, POLICE};
use samverkan_tests::search::{Canary, assert_absent};
use samverkan_tests::site::Invitation;
use serde_json::Value;

/// The women's shelter, who has not fetched anything yet.
const SHELTER: Invitation<'static> = Invitation {
    handle: "kvinnojouren-exempel",
    name: "Kvinnojouren Exempel",
    number: "8024000013",
    kind: "volunteer",
};

/// Stands in every text that is sent, and must be nowhere but with those who wrote and read it.
const CANARY: &str = "Exempel Exempelsson-7391";

struct Scene {
    hub: HubProcess,
    police: Office,
    association: Office,
    shelter: Office,
}

impl Scene {
    fn new() -> Self {
        let hub = HubProcess::start();
        let police = Office::open(&hub, &POLICE, "brottsoffer");
        police.file("text.txt", format!("{CANARY} önskar stöd.\n"));
        police.file("note.txt", "Muntligt.\n");
        let (association, shelter) =
            (Office::open(&hub, &ASSOCIATION, "stod"), Office::open(&hub, &SHELTER, "jour"));
        Self { hub, police, association, shelter }
    }

    /// A consent that names both, with one message for each.
    fn consent(&self) -> String {
        let to = ["consent", "record", "--to", self.association.mailbox(), "--to", self.shelter.mailbox()];
        let what = ["--category", "contact", "--until", "2099-12-31", "--how", "VERBALLY"];
        let more = ["--messages", "3", "--evidence-file", "note.txt"];
        let recorded = self.police.json(&[&to[..], &what, &more].concat());
        recorded["consent"].as_str().expect("a reference").to_owned()
    }

    /// Sends a referral under a consent; gives its reference.
    fn refer(&self, to: &Office, consent: &str) -> String {
        let sent = self.police.json(&self.referral(to, consent));
        assert_eq!(sent["accepted"], true, "{sent}");
        sent["reference"].as_str().expect("a reference").to_owned()
    }

    fn referral<'a>(&self, to: &'a Office, consent: &'a str) -> Vec<&'a str> {
        let what = ["send", "--to", to.mailbox(), "--class", "REFERRAL", "--basis", "CONSENT"];
        [&what[..], &["--consent", consent, "--text-file", "text.txt"]].concat()
    }

    /// What became of the only message of a case, as its sender's program says.
    fn outcome(&self, reference: &str) -> (String, String) {
        self.police.run(&["inbox"]).ok();
        let track = self.police.json(&["track", reference]);
        let step = &track["steps"][0];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        (text(&step["stage"]), text(&step["stop"]["outcome"]))
    }

    /// What all stories end with: nothing of a person at the hub, and every receipt verifies offline.
    fn ends(&self, references: &[&str]) {
        assert_absent(&[Canary::plant(CANARY)], self.hub.folder());
        assert!(!self.hub.log().contains(CANARY));
        for reference in references {
            self.police.run(&["receipts", reference, "-o", "proofs.json"]).ok();
            let checked = self.police.json(&["receipts", "--verify", "proofs.json"]);
            assert_eq!(checked["all_hold"], true, "{checked}");
            std::fs::remove_file(self.police.folder().join("proofs.json")).expect("written before");
        }
    }
}

/// What is shown of a case, with the text of its first message.
fn shown(office: &Office, reference: &str) -> (Value, String) {
    let shown = office.json(&["show", reference, "--accept-contact-rule"]);
    let text = shown["messages"][0]["text"].as_str().unwrap_or_default().to_owned();
    (shown, text)
}

/// Story 3: the association has opened it, the shelter has not fetched it.
#[test]
fn a_consent_that_is_withdrawn_reaches_whoever_has_something() {
    let scene = Scene::new();
    let (police, association, shelter) = (&scene.police, &scene.association, &scene.shelter);
    let consent = scene.consent();
    let (to_b, to_c) = (scene.refer(association, &consent), scene.refer(shelter, &consent));
    association.run(&["inbox"]).ok();
    assert!(shown(association, &to_b).1.contains(CANARY));

    let withdrawn = police.json(&["consent", "withdraw", &consent, "--yes"]);
    assert_eq!((&withdrawn["withdrawn"], &withdrawn["taken"]), (&true.into(), &true.into()), "{withdrawn}");
    let completion = &withdrawn["completion"];
    assert_eq!(
        (&completion["destroyed_unread"], &completion["waiting"]),
        (&1.into(), &1.into()),
        "{withdrawn}"
    );
    assert_eq!(scene.outcome(&to_c), ("WITHDRAWN".to_owned(), "DESTROYED_UNREAD".to_owned()));
    assert_eq!(scene.outcome(&to_b), ("DELIVERED".to_owned(), "WAITING".to_owned()));

    // Whoever had not fetched it sees that there was something, and nothing of it.
    let inbox = shelter.json(&["inbox"]);
    assert_eq!(inbox["threads"].as_array().map(Vec::len), Some(0), "{inbox}");
    assert_eq!(
        (&inbox["missed"][0]["by"], &inbox["missed"][0]["kind"]),
        (&POLICE.handle.into(), &"WITHDRAWAL".into())
    );

    // Whoever has opened it is told to stop, and nothing of it goes further.
    association.run(&["inbox"]).ok();
    let (order, _) = shown(association, &to_b);
    assert_eq!(order["messages"][0]["stop"]["kind"], "WITHDRAWAL", "{order}");
    assert_eq!(order["messages"][0]["stop"]["answer"], Value::Null, "a person decides");
    association.run(&["consent", "comply", &to_b, "--yes"]).ok();
    assert_eq!(shown(association, &to_b).1, "", "its content is destroyed");
    association.run(&["consent", "comply", &to_b, "--yes"]).exits(8);
    assert_eq!(scene.outcome(&to_b), ("DELIVERED".to_owned(), "COMPLIED".to_owned()));
    let done = police.json(&["consent", "show", &consent]);
    assert_eq!(
        (&done["completion"]["complied"], &done["completion"]["waiting"]),
        (&1.into(), &0.into()),
        "{done}"
    );

    // Nothing is sent under it any more, and withdrawing it again changes nothing.
    let refused = police.run(&scene.referral(association, &consent));
    refused.exits(6);
    assert!(refused.stderr.contains("error [CONSENT_WITHDRAWN]"), "{}", refused.stderr);
    assert_eq!(police.json(&["consent", "withdraw", &consent, "--yes"])["completion"], done["completion"]);
    scene.ends(&[&to_b, &to_c]);
}

#[test]
fn who_must_keep_something_says_on_what_ground() {
    let scene = Scene::new();
    let consent = scene.consent();
    let reference = scene.refer(&scene.association, &consent);
    scene.association.run(&["inbox"]).ok();
    let _ = shown(&scene.association, &reference);
    scene.police.run(&["consent", "withdraw", &consent, "--yes"]).ok();
    scene.association.run(&["inbox"]).ok();
    scene.association.run(&["consent", "retain", &reference, "--ground", "DUTY_TO_DOCUMENT"]).ok();
    assert!(shown(&scene.association, &reference).1.contains(CANARY), "it is kept");
    assert_eq!(scene.outcome(&reference), ("DELIVERED".to_owned(), "RETAINED".to_owned()));
    let track = scene.police.json(&["track", &reference]);
    assert_eq!(track["steps"][0]["stop"]["ground"], "DUTY_TO_DOCUMENT", "{track}");
    scene.ends(&[&reference]);
}

/// The two outcomes of a recall, and of the one that comes after the message was fetched, the two that the recipient tells.
#[test]
fn a_recall_tells_which_of_the_two_happened() {
    let scene = Scene::new();
    let (police, association) = (&scene.police, &scene.association);
    let send = || police.referred(association, CANARY);
    let unread = send();
    let recalled = police.json(&["recall", &unread, "--yes"]);
    assert_eq!(
        (&recalled["taken"], &recalled["recipients"][0]["outcome"]),
        (&true.into(), &"DESTROYED_UNREAD".into()),
        "{recalled}"
    );
    assert_eq!(scene.outcome(&unread), ("RECALLED".to_owned(), "DESTROYED_UNREAD".to_owned()));
    let inbox = association.json(&["inbox"]);
    assert_eq!(inbox["threads"].as_array().map(Vec::len), Some(0), "{inbox}");
    assert_eq!(
        inbox["missed"].as_array().map(Vec::len),
        Some(0),
        "who was to get it by mistake hears nothing"
    );

    let (fetched, opened) = (send(), send());
    association.run(&["inbox"]).ok();
    let _ = shown(association, &opened);
    for reference in [&fetched, &opened] {
        police.run(&["recall", reference, "--yes"]).ok();
        assert_eq!(scene.outcome(reference).1, "WAITING");
    }
    association.run(&["inbox"]).ok();
    assert_eq!(shown(association, &fetched).1, "", "nobody had opened it");
    assert!(shown(association, &opened).1.contains(CANARY), "what was read is not made unread");
    assert_eq!(scene.outcome(&fetched), ("DELIVERED".to_owned(), "UNOPENED".to_owned()));
    assert_eq!(scene.outcome(&opened), ("DELIVERED".to_owned(), "OPENED".to_owned()));
    police.run(&["recall", &fetched, "--yes"]).exits(8);
    scene.ends(&[&unread, &fetched, &opened]);
}
