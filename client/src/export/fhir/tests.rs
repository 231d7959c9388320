use std::collections::BTreeSet;

use jsonschema::Validator;

use super::*;
use crate::export::{Answer, Step};
use crate::referral::Reason;

/// HL7's schema of R4, cut down to these resources; see `tests/fhir/README.md`.
fn schema() -> Validator {
    let file = include_str!("../../../../tests/fhir/r4.schema.json");
    let schema = serde_json::from_str(file).expect("the schema is JSON");
    jsonschema::validator_for(&schema).expect("a schema")
}

fn letter(number: u8, kind: &'static str) -> Letter {
    Letter {
        message: format!("{number:032x}"),
        kind,
        from: "polisen-exempel/brottsoffer".to_owned(),
        to: vec!["boj-exempel/stod".to_owned()],
        basis: Some("CONSENT"),
        section: None,
        created_at: "2026-11-22T15:04:05.123Z".to_owned(),
        subject: String::new(),
        text: "Exempel Exempelsson\nbehöver\u{a0}stöd.\u{b}".to_owned(),
        form: Some("general-1".to_owned()),
        fields: vec![Answer { name: "person_name".to_owned(), value: "Exempel Exempelsson".to_owned() }],
        attachments: vec![Attachment {
            number: 1,
            name: "\u{85}".to_owned(),
            media_type: "text/html; charset=utf-8".to_owned(),
            bytes: 1 << 31,
        }],
    }
}

fn referral(state: State, reason: Option<Reason>) -> Referral {
    let step = Step {
        message: format!("{:032x}", 2),
        at: "2026-11-22T16:00:00Z".to_owned(),
        by: "recipient",
        step: "decline",
        reason,
        led_to: Some(state.name()),
    };
    Referral {
        recipients: vec!["boj-exempel/stod".to_owned()],
        state,
        reason,
        other: Some("jour-exempel/jour".to_owned()),
        history: vec![step],
    }
}

fn case(referrals: Vec<Referral>) -> Case {
    let consent = Consent {
        purpose: "REFERRAL",
        recipients: vec!["boj-exempel/stod".to_owned()],
        categories: vec!["contact".to_owned()],
        given_at: "2026-11-22T15:00:00Z".to_owned(),
        until: "2027-01-31T22:59:59.999Z".to_owned(),
        how: "VERBALLY",
        evidence: String::new(),
    };
    Case {
        reference: "K7M-4QD-9".to_owned(),
        class: "REFERRAL",
        urgency: "SOON",
        exported_at: "2026-11-22T17:00:00Z".to_owned(),
        referrals,
        consents: vec![consent],
        messages: vec![letter(1, "REFERRAL"), letter(2, "DECISION")],
    }
}

/// The resources of a type.
fn resources<'a>(bundle: &'a Value, kind: &str) -> Vec<&'a Value> {
    let entries = bundle["entry"].as_array().into_iter().flatten().map(|entry| &entry["resource"]);
    entries.filter(|resource| resource["resourceType"] == kind).collect()
}

#[test]
fn whatever_a_case_has_come_to_the_bundle_follows_the_official_schema() {
    let schema = schema();
    for state in State::ALL {
        for reason in [None, Some(Reason::NoCapacity)] {
            let bundle = bundle(&case(vec![referral(*state, reason)]));
            let faults: Vec<String> = schema.iter_errors(&bundle).map(|fault| fault.to_string()).collect();
            assert!(faults.is_empty(), "{state:?}: {faults:?}");
        }
    }
    let several =
        [State::Completed, State::Declined, State::ReferredOnward].map(|state| referral(state, None));
    assert!(schema.is_valid(&bundle(&case(several.to_vec()))));
    let empty = Case { referrals: vec![], consents: vec![], messages: vec![], ..case(vec![]) };
    assert!(schema.is_valid(&bundle(&empty)), "not even a message");
}

#[test]
fn the_schema_refuses_what_is_wrong() {
    let schema = schema();
    let good = bundle(&case(vec![referral(State::Accepted, None)]));
    for (pointer, wrong) in [
        ("/entry/1/resource/status", json!("done")),
        ("/entry/0/resource/subject", json!({ "name": "Exempel Exempelsson" })),
        ("/entry/3/resource/payload/0/contentString", json!("")),
        ("/entry/2/resource/scope", json!({ "coded": true })),
        ("/timestamp", json!("2026-11-22 17:00")),
    ] {
        let mut bad = good.clone();
        *bad.pointer_mut(pointer).expect(pointer) = wrong;
        assert!(!schema.is_valid(&bad), "{pointer}");
    }
}

#[test]
fn a_task_has_the_status_that_the_states_stand_for() {
    // What each state is in FHIR, as `State` documents it.
    for (state, status) in [
        (State::Sent, "requested"),
        (State::Received, "received"),
        (State::InReview, "received"),
        (State::InfoRequested, "on-hold"),
        (State::Waitlisted, "on-hold"),
        (State::Accepted, "accepted"),
        (State::Declined, "rejected"),
        (State::ReferredOnward, "rejected"),
        (State::InProgress, "in-progress"),
        (State::Completed, "completed"),
        (State::Failed, "failed"),
        (State::Recalled, "cancelled"),
        (State::ConsentWithdrawn, "cancelled"),
        (State::Expired, "cancelled"),
        (State::EnteredInError, "entered-in-error"),
    ] {
        let bundle = bundle(&case(vec![referral(state, Some(Reason::Other))]));
        let tasks = resources(&bundle, "Task");
        assert_eq!((&tasks[0]["status"], &tasks[0]["intent"]), (&json!(status), &json!("order")));
        assert_eq!(tasks[0]["businessStatus"]["coding"][0]["code"], state.name());
        assert_eq!(tasks[0]["statusReason"]["coding"][0]["code"], "OTHER");
        assert_eq!(tasks.len(), if state == State::ReferredOnward { 2 } else { 1 });
    }
}

#[test]
fn what_is_passed_on_is_a_task_based_on_the_first() {
    let bundle = bundle(&case(vec![referral(State::ReferredOnward, None)]));
    let tasks = resources(&bundle, "Task");
    let first = format!("urn:uuid:{}", tasks[0]["id"].as_str().expect("an id"));
    assert_eq!(tasks[1]["basedOn"][0]["reference"], first);
    assert_eq!(tasks[1]["owner"]["display"], "jour-exempel/jour");
}

#[test]
fn the_request_is_over_when_everybody_is_done_with_it() {
    let status = |states: &[State]| {
        let referrals = states.iter().map(|state| referral(*state, None)).collect();
        resources(&bundle(&case(referrals)), "ServiceRequest")[0]["status"].clone()
    };
    assert_eq!(status(&[State::Sent]), "active");
    assert_eq!(status(&[State::Declined]), "active");
    assert_eq!(status(&[State::Completed]), "completed");
    assert_eq!(status(&[State::Completed, State::Accepted]), "active");
    assert_eq!(status(&[State::Recalled, State::ConsentWithdrawn]), "revoked");
    assert_eq!(status(&[State::EnteredInError]), "entered-in-error");
    assert_eq!(status(&[]), "active");
}

#[test]
fn every_reference_leads_to_an_entry_and_no_two_are_alike() {
    let bundle = bundle(&case(vec![referral(State::ReferredOnward, None), referral(State::Accepted, None)]));
    let entries = bundle["entry"].as_array().expect("entries");
    let urls: BTreeSet<&str> = entries.iter().filter_map(|entry| entry["fullUrl"].as_str()).collect();
    assert_eq!(urls.len(), entries.len());
    let text = bundle.to_string();
    let references: Vec<&str> =
        text.split("\"reference\":\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert!(references.len() > 8, "{references:?}");
    assert!(references.iter().all(|reference| urls.contains(reference)), "{references:?}");
}

#[test]
fn what_is_known_of_the_person_stands_in_payloads_alone() {
    let mut bundle = bundle(&case(vec![referral(State::Accepted, None)]));
    assert!(bundle.to_string().contains("Exempelsson"));
    for entry in bundle["entry"].as_array_mut().expect("entries") {
        entry["resource"].as_object_mut().expect("a resource").remove("payload");
    }
    assert!(!bundle.to_string().contains("Exempelsson"), "{bundle}");
}
