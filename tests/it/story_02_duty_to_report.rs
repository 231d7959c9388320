//! A nurse's mandatory report: no consent is asked for, it is acute, and the hub sees neither the child nor what happened. A volunteer group
//! has no such duty: it is refused on that basis, and reports as anybody may.

use samverkan_tests::cast::Cast;
use samverkan_tests::office::{ASSOCIATION, Office};
use samverkan_tests::process::Outcome;
use samverkan_tests::site::Invitation;
use serde_json::Value;

/// The child health centre, where the nurse works.
const CHILD_HEALTH: Invitation<'static> = Invitation {
    handle: "bvc-exempel",
    name: "Barnavårdscentralen Exempel",
    number: "2021002817",
    kind: "health-care",
};
/// The social services, who must be told.
const SOCIAL_SERVICES: Invitation<'static> = Invitation {
    handle: "soc-exempel",
    name: "Socialtjänsten Exempel",
    number: "2120009903",
    kind: "social-services",
};

/// The report on a basis, as a file: nothing of it stands on a command line.
fn report(office: &Office, to: &str, basis: &str, text: &str) -> Outcome {
    let file = serde_json::json!({
        "to": [to], "class": "CONCERN_REPORT", "basis": basis, "urgency": "ACUTE", "subject": "Oro", "text": text,
    });
    office.file("anmalan.json", file.to_string());
    office.run(&["send", "--from-file", "anmalan.json", "--json"])
}

/// What would stand in the way of a report, before anything is written about anybody.
fn obstacles(office: &Office, to: &str, basis: &str) -> (Option<i32>, Vec<Value>) {
    let line = ["send", "--to", to, "--class", "CONCERN_REPORT", "--basis", basis, "--dry-run", "--json"];
    let outcome = office.run(&line);
    let found: Value = serde_json::from_str(&outcome.stdout).expect("a document");
    let codes = found["obstacles"].as_array().expect("a list").iter().map(|one| one["code"].clone());
    (outcome.code, codes.collect())
}

fn reference(sent: &Outcome) -> String {
    sent.exits(0);
    sent.json()["reference"].as_str().expect("a reference").to_owned()
}

#[test]
fn a_duty_to_report_needs_no_consent_and_is_no_volunteers() {
    let mut cast = Cast::new();
    let (child, answer) = (cast.plant("Exempelsson-"), cast.plant("forhandsbedomning-"));
    let nurse = Office::open(cast.hub(), &CHILD_HEALTH, "bvc");
    let social = Office::open(cast.hub(), &SOCIAL_SERVICES, "mottagning");
    let volunteers = Office::open(cast.hub(), &ASSOCIATION, "stod");

    // The nurse: nothing asks for a consent, and it arrives as what it is.
    assert_eq!(obstacles(&nurse, social.mailbox(), "DUTY_TO_REPORT"), (Some(0), vec![]));
    let mandatory = reference(&report(&nurse, social.mailbox(), "DUTY_TO_REPORT", &child));
    assert_eq!(nurse.json(&["consent", "show"])["consents"], serde_json::json!([]));
    let inbox = social.json(&["inbox"]);
    let thread = &inbox["threads"][0];
    assert_eq!(
        (&thread["class"], &thread["urgency"]),
        (&"CONCERN_REPORT".into(), &"ACUTE".into()),
        "{inbox}"
    );
    let shown = social.json(&["show", &mandatory]).to_string();
    assert!(shown.contains(&child) && shown.contains("DUTY_TO_REPORT"), "{shown}");
    social
        .run(&["decline", &mandatory, "--reason", "NO_CAPACITY", "--json"])
        .refused(6, "REPORT_NOT_DECLINABLE");

    // The volunteers: refused before they write, refused when they have, and not refused as anybody else.
    let denied = (Some(6), vec!["LEGAL_BASIS_NOT_AVAILABLE".into()]);
    assert_eq!(obstacles(&volunteers, social.mailbox(), "DUTY_TO_REPORT"), denied);
    report(&volunteers, social.mailbox(), "DUTY_TO_REPORT", &child).refused(6, "LEGAL_BASIS_NOT_AVAILABLE");
    assert_eq!(volunteers.json(&["sent"])["threads"], serde_json::json!([]), "nothing was kept or sent");
    let voluntary = reference(&report(&volunteers, social.mailbox(), "VOLUNTARY_REPORT", &child));
    assert_eq!(social.json(&["inbox"])["threads"].as_array().map(Vec::len), Some(2));

    // Both hear of it: each report came to a known end.
    for (office, report) in [(&nurse, &mandatory), (&volunteers, &voluntary)] {
        social.run(&["show", report]).exits(0);
        social.file("svar.txt", &answer);
        social.run(&["reply", report, "--text-file", "svar.txt"]).exits(0);
        office.run(&["inbox"]).exits(0);
        office.run(&["track", report, "--wait", "DELIVERED", "--timeout", "30s"]).exits(0);
        let told = office.json(&["show", report]).to_string();
        assert_eq!(told.matches(&answer).count(), 1, "{told}");
    }
    cast.is_told_by(&[&nurse, &social, &volunteers]);
}
