//! Story 4: a referral is declined with a suggestion, or passed on within the consent. Its sender sees one chain; nothing is passed on
//! outside the consent, in a circle, or for ever.

use samverkan_tests::cast::{Cast, state_at};
use samverkan_tests::office::{ASSOCIATION, Office, POLICE};
use samverkan_tests::site::Invitation;
use serde_json::{Value, json};

const SHELTER: Invitation<'static> = Invitation {
    handle: "kj-exempel",
    name: "Kvinnojouren Exempel",
    number: "8024000013",
    kind: "volunteer",
};
const SECOND_ASSOCIATION: Invitation<'static> = Invitation {
    handle: "boj-andra-exempel",
    name: "Andra Brottsofferjouren Exempel",
    number: "8024000021",
    kind: "volunteer",
};
const HEALTH_CARE: Invitation<'static> = Invitation {
    handle: "region-exempel",
    name: "Region Exempel",
    number: "2321000016",
    kind: "health-care",
};

/// A consent that covers these mailboxes.
fn consent(police: &Office, to: &[&str], evidence: &str) -> String {
    police.file("note.txt", evidence);
    let mut words = vec!["consent", "record", "--category", "contact", "--until", "2099-12-31"];
    words.extend(["--how", "VERBALLY", "--evidence-file", "note.txt"]);
    to.iter().for_each(|to| words.extend(["--to", to]));
    police.json(&words)["consent"].as_str().expect("a reference").to_owned()
}

/// A referral to the association under a consent, with an attachment; its reference.
fn refer(police: &Office, consent: &str, text: &str) -> String {
    police.file("rapport.pdf", format!("%PDF {text}"));
    let referral = json!({
        "to": ["boj-exempel/stod"], "class": "REFERRAL", "basis": "CONSENT", "consent": consent,
        "subject": "Stöd", "text": text, "attachments": ["rapport.pdf"],
    });
    police.file("referral.json", referral.to_string());
    police.json(&["send", "--from-file", "referral.json"])["reference"].as_str().expect("one").to_owned()
}

fn forwarded(from: &Office, reference: &str, to: &Office) -> String {
    from.run(&["inbox"]).ok();
    let document = from.json(&["forward", reference, "--to", to.mailbox()]);
    assert_eq!(document["sender_told"], true, "{document}");
    document["forwarded_as"].as_str().expect("a reference").to_owned()
}

fn the_only_referral(office: &Office, reference: &str) -> Value {
    office.run(&["inbox"]).ok();
    office.json(&["track", reference])["referrals"][0].clone()
}

#[test]
fn a_referral_is_declined_with_a_suggestion_or_passed_on_within_the_consent() {
    let mut cast = Cast::new();
    let (name, evidence) = (cast.plant("Exempelsson-"), cast.plant("samtycke-"));
    let police = Office::open(cast.hub(), &POLICE, "brottsoffer");
    let association = Office::open(cast.hub(), &ASSOCIATION, "stod");
    let shelter = Office::open(cast.hub(), &SHELTER, "jour");
    let outsider = Office::open(cast.hub(), &HEALTH_CARE, "mottagning");
    police.run(&["inbox"]).ok();
    let consent = consent(&police, &["boj-exempel/stod", "kj-exempel/jour"], &evidence);

    // Declined, with a word on whom to ask; the sender asks them itself.
    let declined = refer(&police, &consent, &name);
    association.run(&["inbox"]).ok();
    let why = ["--reason", "NO_CAPACITY", "--suggest", "kj-exempel/jour"];
    association.run(&[&["decline", &declined][..], &why].concat()).ok();
    let referral = the_only_referral(&police, &declined);
    assert_eq!((&referral["state"], &referral["reason"]), (&json!("DECLINED"), &json!("NO_CAPACITY")));
    assert_eq!(referral["other"], "kj-exempel/jour");
    association
        .run(&["forward", &declined, "--to", "kj-exempel/jour", "--json"])
        .refused(8, "NOT_IN_THIS_STATE");

    // Passed on: within the consent alone, and the sender learns where it went.
    let first = refer(&police, &consent, &name);
    association.run(&["inbox"]).ok();
    let outside = ["forward", &first, "--to", outsider.mailbox(), "--json"];
    association.run(&outside).refused(6, "CONSENT_DOES_NOT_COVER");
    association.run(&["forward", &first, "--to", police.mailbox(), "--json"]).refused(6, "FORWARD_LOOP");
    let second = forwarded(&association, &first, &shelter);
    assert_ne!(first, second, "another case, which nobody can tell from any other");
    for office in [&police, &association] {
        let referral = the_only_referral(office, &first);
        assert_eq!(
            (&referral["state"], &referral["other"]),
            (&json!("REFERRED_ONWARD"), &json!("kj-exempel/jour"))
        );
    }
    arrived_whole(&shelter, &second, &name);
    shelter.run(&["forward", &second, "--to", association.mailbox(), "--json"]).refused(6, "FORWARD_LOOP");
    shelter.run(&["accept", &second]).ok();
    assert_eq!(state_at(&association, &second), "ACCEPTED");
    assert_eq!(outsider.json(&["inbox"])["threads"], json!([]));
    cast.is_told_by(&[&police, &association, &shelter]);
}

/// What was passed on is what was sent, with the chain of those who had it.
fn arrived_whole(shelter: &Office, reference: &str, name: &str) {
    shelter.run(&["inbox"]).ok();
    let shown = shelter.json(&["show", reference]);
    let message = &shown["messages"][0];
    assert_eq!((&message["text"], &message["basis"]), (&json!(name), &json!("CONSENT")), "{shown}");
    assert_eq!(message["chain"], json!(["polisen-exempel", "boj-exempel"]), "{shown}");
    assert_eq!(message["fields"], json!([]), "what is for programs is not for people: {shown}");
    shelter.run(&["save", reference, "-o", "saved.pdf"]).ok();
    assert_eq!(shelter.read("saved.pdf"), format!("%PDF {name}").into_bytes());
}

#[test]
fn nobody_passes_a_referral_on_for_ever() {
    let mut cast = Cast::new();
    let text = cast.plant("Exempelsdotter-");
    let who = [(&POLICE, "brottsoffer"), (&ASSOCIATION, "stod"), (&SHELTER, "jour")];
    let who = who.into_iter().chain([(&SECOND_ASSOCIATION, "stod"), (&HEALTH_CARE, "mottagning")]);
    let offices: Vec<Office> = who.map(|(who, mailbox)| Office::open(cast.hub(), who, mailbox)).collect();
    let mut reference = offices[0].referred(&offices[1], &text);
    for pair in offices[1..].windows(2) {
        reference = forwarded(&pair[0], &reference, &pair[1]);
    }
    let last = &offices[4];
    last.run(&["inbox"]).ok();
    let again = ["forward", &reference, "--to", offices[0].mailbox(), "--json"];
    last.run(&again).refused(6, "FORWARD_TOO_LONG");
    assert_eq!(last.json(&["show", &reference])["messages"][0]["chain"].as_array().map(Vec::len), Some(4));
    let all: Vec<&Office> = offices.iter().collect();
    cast.is_told_by(&all);
}
