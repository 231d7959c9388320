//! Story 1: the police pass a person on to victim support, who are not there at first, then take the referral to its end. The police see
//! states, and never what support writes down for itself. Somebody who says no is a number, and no referral.

use samverkan_tests::cast::{Cast, state_at};
use samverkan_tests::office::{ASSOCIATION, Office, POLICE};
use serde_json::{Value, json};

/// Both sides have the same state.
#[track_caller]
fn agree(offices: [&Office; 2], reference: &str, state: &str) {
    for office in offices {
        assert_eq!(state_at(office, reference), state, "at {}", office.mailbox());
    }
}

fn consent(police: &Office, evidence: &str) -> String {
    police.file("note.txt", evidence);
    let to = ["consent", "record", "--to", "boj-exempel/stod", "--category", "contact"];
    let how = ["--until", "2099-12-31", "--how", "VERBALLY", "--evidence-file", "note.txt"];
    police.json(&[&to[..], &how].concat())["consent"].as_str().expect("a reference").to_owned()
}

#[test]
fn the_police_see_states_and_never_notes() {
    let mut cast = Cast::new();
    let (name, evidence) = (cast.plant("Exempelsson-"), cast.plant("samtycke-"));
    let (note, answer) = (cast.plant("stodanteckning-"), cast.plant("Exempelgatan-"));
    let police = Office::open(cast.hub(), &POLICE, "brottsoffer");
    let association = Office::open(cast.hub(), &ASSOCIATION, "stod");

    let found = police.json(&["find", "brottsofferjouren"]).to_string();
    assert!(found.contains("boj-exempel/stod"), "{found}");
    let consent = consent(&police, &evidence);
    let referral = json!({
        "to": ["boj-exempel/stod"], "class": "REFERRAL", "basis": "CONSENT", "consent": consent,
        "subject": name, "text": format!("{name} vill ha stöd"),
    });
    police.file("referral.json", referral.to_string());
    let sent = police.json(&["send", "--from-file", "referral.json"]);
    let reference = sent["reference"].as_str().expect("a reference").to_owned();
    assert_eq!(state_at(&police, &reference), "SENT");

    // Nobody is there; meanwhile the hub's machine is started anew.
    cast.hub().restart();
    assert_eq!(state_at(&police, &reference), "SENT");
    let waits = police.json(&["sent", "--unanswered"]);
    assert_eq!(waits["threads"][0]["reference"], reference.as_str(), "{waits}");

    let arrived = association.json(&["inbox", "--new"]);
    assert_eq!(arrived["threads"][0]["reference"], reference.as_str(), "{arrived}");
    agree([&police, &association], &reference, "RECEIVED");
    assert!(association.json(&["show", &reference]).to_string().contains(&name));
    association.run(&["review", &reference]).ok();
    agree([&police, &association], &reference, "IN_REVIEW");
    let waits = police.json(&["sent", "--unanswered"]);
    assert_eq!(waits["threads"][0]["reference"], reference.as_str(), "looking is no answer: {waits}");

    asked(&police, &association, &reference, &answer);
    association.run(&["accept", &reference, "--contact-by", "2099-12-31"]).ok();
    police.run(&["track", &reference, "--wait", "ACCEPTED", "--timeout", "1m"]).ok();
    agree([&police, &association], &reference, "ACCEPTED");
    assert_eq!(police.json(&["sent", "--unanswered"])["threads"], json!([]));
    // What support writes down for itself stays with support.
    association.file("stodanteckning.txt", &note);
    association.run(&["start", &reference]).ok();
    agree([&police, &association], &reference, "IN_PROGRESS");
    association.run(&["accept", &reference]).exits(8);
    association.run(&["close", &reference, "--outcome", "completed"]).ok();
    agree([&police, &association], &reference, "COMPLETED");

    let shown = police.run(&["show", &reference]);
    assert!(
        shown.ok().contains("the recipient completed it") && !shown.stdout.contains(&note),
        "{}",
        shown.stdout
    );
    let track = police.json(&["track", &reference]);
    let steps: Vec<&Value> = track["referrals"][0]["history"].as_array().expect("steps").iter().collect();
    let names: Vec<&str> = steps.iter().filter_map(|step| step["step"].as_str()).collect();
    assert_eq!(names, ["review", "ask", "supply", "accept", "start", "complete"], "{track}");
    assert_eq!(
        track["overall"], "DELIVERED",
        "the newest that the police sent is what they supplied: {track}"
    );
    assert_eq!(track["steps"][0]["stage"], "ANSWERED", "the hub heard of an answer, and of no more: {track}");
    cast.is_told_by(&[&police, &association]);
}

/// Support asks, the police answer.
fn asked(police: &Office, association: &Office, reference: &str, answer: &str) {
    association.file("question.txt", "Var kan ni nås?");
    association.run(&["ask", reference, "--text-file", "question.txt"]).ok();
    agree([police, association], reference, "INFO_REQUESTED");
    assert!(police.run(&["show", reference]).ok().contains("Var kan ni nås?"));
    let sent = police.run(&["sent"]);
    assert!(sent.ok().contains("ASKS for more"), "{}", sent.stdout);
    police.file("answer.txt", answer);
    police.run(&["reply", reference, "--text-file", "answer.txt"]).ok();
    agree([police, association], reference, "IN_REVIEW");
    let waiting = association.json(&["inbox", "--waiting"]);
    assert_eq!(waiting["threads"][0]["reference"], reference, "{waiting}");
}

#[test]
fn a_no_is_a_number_and_nothing_is_sent() {
    let mut cast = Cast::new();
    let name = cast.plant("Exempelsdotter-");
    let police = Office::open(cast.hub(), &POLICE, "brottsoffer");
    let association = Office::open(cast.hub(), &ASSOCIATION, "stod");
    let before = police.kept();
    assert_eq!(police.json(&["consent", "refuse"])["refused"], 1);
    assert_eq!(police.json(&["consent", "refuse"])["refused"], 2);
    let shown = police.json(&["consent", "show"]);
    assert_eq!((&shown["refused"], &shown["consents"]), (&json!(2), &json!([])));
    let paths =
        |kept: &[(std::path::PathBuf, u64)]| kept.iter().map(|(path, _)| path.clone()).collect::<Vec<_>>();
    assert_eq!(paths(&police.kept()), paths(&before), "no file tells of anybody");
    police.file("text.txt", &name);
    let referral = ["send", "--to", "boj-exempel/stod", "--class", "REFERRAL", "--basis", "CONSENT"];
    let send = [&referral[..], &["--text-file", "text.txt", "--json"]].concat();
    police.run(&send).refused(6, "CONSENT_MISSING");
    let invented = [&referral[..], &["--consent", "222-222-2", "--text-file", "text.txt", "--json"]].concat();
    police.run(&invented).refused(4, "CONSENT_UNKNOWN");
    assert_eq!(police.json(&["sent"])["threads"], json!([]));
    assert_eq!(association.json(&["inbox"])["threads"], json!([]));
    cast.is_told_by(&[&police, &association]);
}
