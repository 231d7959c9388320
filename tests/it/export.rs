//! `export`: a referral that came to its end leaves both sides as a document, as a FHIR R4 Bundle and on paper; what is protected or was
//! taken back leaves neither.

use jsonschema::Validator;
use samverkan_tests::cast::Cast;
use samverkan_tests::office::{ASSOCIATION, Office, POLICE};
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt as _;

/// HL7's schema of R4, cut down to these resources; see `tests/fhir/README.md`.
fn schema() -> Validator {
    let schema = serde_json::from_str(include_str!("../fhir/r4.schema.json")).expect("the schema is JSON");
    jsonschema::validator_for(&schema).expect("a schema")
}

/// A referral under a consent that was accepted, begun and completed, and its reference.
fn completed(police: &Office, association: &Office, name: &str) -> String {
    police.file("note.txt", "Muntligt vid anmälan.");
    let to = ["consent", "record", "--to", "boj-exempel/stod", "--category", "contact"];
    let how = ["--until", "2099-12-31", "--how", "VERBALLY", "--evidence-file", "note.txt"];
    let consent = police.json(&[&to[..], &how].concat())["consent"].clone();
    let referral = json!({
        "to": ["boj-exempel/stod"], "class": "REFERRAL", "basis": "CONSENT", "consent": consent,
        "urgency": "SOON", "subject": "Stöd", "text": format!("{name} vill ha stöd\u{a0}snart."),
    });
    police.file("referral.json", referral.to_string());
    let sent = police.json(&["send", "--from-file", "referral.json"]);
    let reference = sent["reference"].as_str().expect("a reference").to_owned();
    association.run(&["inbox"]).ok();
    for line in [&["accept", &reference][..], &["start", &reference]] {
        association.run(line).ok();
    }
    association.run(&["close", &reference, "--outcome", "completed"]).ok();
    police.run(&["inbox"]).ok();
    reference
}

fn export(office: &Office, reference: &str, format: &str) -> Value {
    let outcome = office.run(&["export", reference, "--format", format, "-o", "-"]);
    serde_json::from_str(outcome.ok()).expect("JSON")
}

/// The resources of a type.
fn resources<'a>(bundle: &'a Value, kind: &str) -> Vec<&'a Value> {
    let entries = bundle["entry"].as_array().into_iter().flatten().map(|entry| &entry["resource"]);
    entries.filter(|resource| resource["resourceType"] == kind).collect()
}

#[test]
fn a_case_that_came_to_its_end_leaves_both_sides_in_three_forms() {
    let mut cast = Cast::new();
    let name = cast.plant("Exempelsson-");
    let police = Office::open(cast.hub(), &POLICE, "brottsoffer");
    let association = Office::open(cast.hub(), &ASSOCIATION, "stod");
    let reference = completed(&police, &association, &name);
    let schema = schema();
    for office in [&police, &association] {
        let case = export(office, &reference, "json");
        assert_eq!((&case["schema_version"], &case["kind"]), (&json!(1), &json!("case")));
        assert_eq!(case["referrals"][0]["state"], "COMPLETED", "{case}");
        assert_eq!(case["consents"][0]["recipients"], json!(["boj-exempel/stod"]), "{case}");
        assert_eq!(case["messages"].as_array().map(Vec::len), Some(4), "{case}");
        assert!(case["messages"][0]["text"].as_str().is_some_and(|text| text.contains(&name)));

        let bundle = export(office, &reference, "fhir");
        let faults: Vec<String> = schema.iter_errors(&bundle).map(|fault| fault.to_string()).collect();
        assert!(faults.is_empty(), "{faults:?}");
        let status = |kind| resources(&bundle, kind)[0]["status"].clone();
        assert_eq!((status("ServiceRequest"), status("Task")), (json!("completed"), json!("completed")));
        assert_eq!(status("Consent"), "active");
        assert_eq!(resources(&bundle, "Communication").len(), 4);
        assert_eq!(resources(&bundle, "ServiceRequest")[0]["priority"], "urgent");
    }
    // Both sides mean the same things by the same ids.
    let ids = |office| {
        let bundle = export(office, &reference, "fhir");
        bundle["entry"]
            .as_array()
            .expect("entries")
            .iter()
            .map(|one| one["fullUrl"].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(ids(&police), ids(&association));

    let printed = association.run(&["export", &reference, "--format", "print", "-o", "-"]);
    assert!(printed.ok().contains(&name) && printed.stdout.contains("completed"), "{}", printed.stdout);
    let mut swedish = association.command(&["export", &reference, "--format", "print", "-o", "-"]);
    let printed = samverkan_tests::process::run(swedish.env("LANG", "sv_SE.UTF-8"), b"");
    assert!(printed.ok().starts_with(&format!("Ärende {reference}, exporterat 20")), "{}", printed.stdout);
    cast.is_told_by(&[&police, &association]);
}

#[test]
fn a_file_is_private_and_never_replaces_another() {
    let mut cast = Cast::new();
    let name = cast.plant("Exempelsson-");
    let police = Office::open(cast.hub(), &POLICE, "brottsoffer");
    let association = Office::open(cast.hub(), &ASSOCIATION, "stod");
    let reference = completed(&police, &association, &name);
    let line = ["export", &reference, "--format", "fhir", "-o", "case.json"];
    let outcome = police.run(&line);
    assert!(outcome.ok().contains("lies there in the clear") && !outcome.stdout.contains(&name));
    let file = police.folder().join("case.json");
    let mode = std::fs::metadata(&file).expect("written").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let before = std::fs::read(&file).expect("read");
    police.run(&[&line[..], &["--json"]].concat()).refused(8, "FILE_EXISTS");
    assert_eq!(std::fs::read(&file).expect("read"), before);
    // Inside a folder its name says the reference, and nothing else.
    std::fs::create_dir(police.folder().join("archive")).expect("a folder");
    let made = police.json(&["export", &reference, "--format", "print", "-o", "archive"]);
    assert_eq!(made["path"], format!("archive/{reference}.txt"));
    police.run(&["export", "222-222-2", "--format", "json", "-o", "-", "--json"]).refused(4, "CASE_UNKNOWN");
    cast.is_told_by(&[&police, &association]);
}

#[test]
fn what_a_person_took_back_does_not_leave_the_recipient() {
    let mut cast = Cast::new();
    let name = cast.plant("Exempelsson-");
    let police = Office::open(cast.hub(), &POLICE, "brottsoffer");
    let association = Office::open(cast.hub(), &ASSOCIATION, "stod");
    let reference = completed(&police, &association, &name);
    export(&association, &reference, "json");
    let referral: Value = serde_json::from_slice(&police.read("referral.json")).expect("JSON");
    let consent = referral["consent"].as_str().expect("a consent");
    police.run(&["consent", "withdraw", consent, "--yes"]).ok();
    association.run(&["inbox"]).ok();
    for format in ["json", "fhir", "print"] {
        let line = ["export", &reference, "--format", format, "-o", "case", "--json"];
        association.run(&line).refused(6, "MESSAGE_STOPPED");
        assert!(!association.folder().join("case").exists());
    }
    cast.is_told_by(&[&police, &association]);
}

#[test]
fn protected_personal_data_leave_neither_side() {
    let mut cast = Cast::new();
    let name = cast.plant("Exempelsson-");
    let police = Office::open(cast.hub(), &POLICE, "brottsoffer");
    let association = Office::open(cast.hub(), &ASSOCIATION, "stod");
    let referral = json!({
        "to": ["boj-exempel/stod"], "class": "REFERRAL", "basis": "VITAL_INTEREST", "form": "general-1",
        "fields": { "person_name": name, "protected_identity": "SECRECY_MARKING", "about": "Ett exempel." },
    });
    police.file("referral.json", referral.to_string());
    let sent = police.json(&["send", "--from-file", "referral.json"]);
    let reference = sent["reference"].as_str().expect("a reference").to_owned();
    association.run(&["inbox"]).ok();
    for office in [&police, &association] {
        for (format, file) in [("json", "a.json"), ("fhir", "a.fhir"), ("print", "a.txt")] {
            let line = ["export", &reference, "--format", format, "-o", file, "--json"];
            office.run(&line).refused(6, "PROTECTED_IDENTITY");
            assert!(!office.folder().join(file).exists(), "{file}");
        }
    }
    cast.is_told_by(&[&police, &association]);
}
