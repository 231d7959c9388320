//! A case as a FHIR R4 Bundle (<https://hl7.org/fhir/R4/bundle.html>) of the type `collection`.
//!
//! | here | FHIR |
//! |---|---|
//! | the case as its sender asked for it | `ServiceRequest` |
//! | what has come of it at one group of recipients | `Task`, whose `status` is the one in brackets at [`State`] and whose `businessStatus` is the state itself |
//! | passed on to another mailbox | a further `Task`, requested and based on the first |
//! | what a person agreed to | `Consent` |
//! | a message | `Communication`, with the text, the answers and what is attached as payloads |
//!
//! No resource describes the person: the subject is the case by its reference. What is known of the person stands where it was written, in
//! the payloads. Identifiers are UUIDs of version 8 (RFC 9562), the hash of the case's first message and a label, so that the same case
//! has the same ones whoever exports it.

use samverkan_proto::ids::sha256;
use serde_json::{Map, Value, json};

use super::{Attachment, Case, Consent, Letter, Referral};
use crate::referral::State;

/// Codes of ours stand under a system that begins so.
const SYSTEM: &str = "urn:samverkan:";

/// The case as a Bundle.
#[must_use]
pub fn bundle(case: &Case) -> Value {
    let ids = Ids::of(case);
    let mut entries = vec![entry(&ids.request(), service_request(case, &ids))];
    for (at, referral) in case.referrals.iter().enumerate() {
        entries.push(entry(&ids.task(at), task(case, referral, &ids, at)));
        if referral.state == State::ReferredOnward {
            entries.push(entry(&ids.onward(at), onward(case, referral, &ids, at)));
        }
    }
    for (at, consent) in case.consents.iter().enumerate() {
        entries.push(entry(&ids.consent(at), consent_resource(consent, &ids, at)));
    }
    for (at, letter) in case.messages.iter().enumerate() {
        entries.push(entry(&ids.message(at), communication(case, letter, &ids, at)));
    }
    json!({
        "resourceType": "Bundle",
        "type": "collection",
        "identifier": { "system": system("case"), "value": case.reference },
        "timestamp": case.exported_at,
        "entry": entries,
    })
}

/// The status of a Task (<https://hl7.org/fhir/R4/valueset-task-status.html>).
#[must_use]
pub const fn task_status(state: State) -> &'static str {
    match state {
        State::Sent => "requested",
        State::Received | State::InReview => "received",
        State::InfoRequested | State::Waitlisted => "on-hold",
        State::Accepted => "accepted",
        State::Declined | State::ReferredOnward => "rejected",
        State::InProgress => "in-progress",
        State::Completed => "completed",
        State::Failed => "failed",
        State::Recalled | State::ConsentWithdrawn | State::Expired => "cancelled",
        State::EnteredInError => "entered-in-error",
    }
}

/// The status of the request as a whole (<https://hl7.org/fhir/R4/valueset-request-status.html>): it is active as long as anybody is to do
/// something about it, or nobody has done what was asked for.
fn request_status(referrals: &[Referral]) -> &'static str {
    let is = |state| referrals.iter().any(|referral| referral.state == state);
    let all = |end: fn(State) -> bool| !referrals.is_empty() && referrals.iter().all(|one| end(one.state));
    if is(State::EnteredInError) {
        "entered-in-error"
    } else if all(State::is_taken_back) {
        "revoked"
    } else if is(State::Completed) && !referrals.iter().any(|referral| referral.state.is_open()) {
        "completed"
    } else {
        "active"
    }
}

fn service_request(case: &Case, ids: &Ids) -> Value {
    let first = case.messages.first();
    let reason = |letter: &Letter| {
        let codes = [("legal-basis", letter.basis), ("section-of-law", letter.section.as_deref())];
        let coded = codes.into_iter().filter_map(|(list, code)| Some(concept(list, code?)));
        coded.collect::<Vec<_>>()
    };
    object([
        ("resourceType", Some(json!("ServiceRequest"))),
        ("id", Some(json!(ids.request()))),
        ("identifier", Some(json!([{ "system": system("case"), "value": case.reference }]))),
        ("status", Some(json!(request_status(&case.referrals)))),
        ("intent", Some(json!("order"))),
        ("category", Some(json!([concept("class", case.class)]))),
        ("priority", Some(json!(priority(case.urgency)))),
        ("subject", Some(subject(case))),
        ("authoredOn", first.map(|letter| json!(letter.created_at))),
        ("requester", first.map(|letter| mailbox(&letter.from))),
        ("performer", list(first.map(|letter| mailboxes(&letter.to)).unwrap_or_default())),
        ("reasonCode", list(first.map(reason).unwrap_or_default())),
        ("supportingInfo", list((0..case.consents.len()).map(|at| reference(&ids.consent(at))).collect())),
    ])
}

fn task(case: &Case, referral: &Referral, ids: &Ids, at: usize) -> Value {
    let first = case.messages.first();
    object([
        ("resourceType", Some(json!("Task"))),
        ("id", Some(json!(ids.task(at)))),
        ("basedOn", Some(json!([reference(&ids.request())]))),
        ("status", Some(json!(task_status(referral.state)))),
        ("statusReason", referral.reason.map(|reason| concept("reason", reason.name()))),
        ("businessStatus", Some(concept("referral-state", referral.state.name()))),
        ("intent", Some(json!("order"))),
        ("priority", Some(json!(priority(case.urgency)))),
        ("focus", Some(reference(&ids.request()))),
        ("for", Some(subject(case))),
        ("authoredOn", first.map(|letter| json!(letter.created_at))),
        ("lastModified", referral.history.iter().map(|step| &step.at).max().map(|at| json!(at))),
        ("requester", first.map(|letter| mailbox(&letter.from))),
        ("owner", referral.recipients.first().map(|owner| mailbox(owner))),
        ("note", list(notes(referral))),
    ])
}

/// Each step as a note, by the names of the protocol.
fn notes(referral: &Referral) -> Vec<Value> {
    let note = |step: &super::Step| {
        let words = [Some(step.step), step.reason.map(crate::referral::Reason::name), step.led_to];
        let text = words.into_iter().flatten().collect::<Vec<_>>().join(" ");
        json!({ "authorString": step.by, "time": step.at, "text": text })
    };
    referral.history.iter().map(note).collect()
}

/// What the other mailbox was asked for when the case was passed on to it. What came of it there is not known here.
fn onward(case: &Case, referral: &Referral, ids: &Ids, at: usize) -> Value {
    object([
        ("resourceType", Some(json!("Task"))),
        ("id", Some(json!(ids.onward(at)))),
        ("basedOn", Some(json!([reference(&ids.task(at))]))),
        ("status", Some(json!("requested"))),
        ("intent", Some(json!("order"))),
        ("priority", Some(json!(priority(case.urgency)))),
        ("focus", Some(reference(&ids.request()))),
        ("for", Some(subject(case))),
        ("requester", referral.recipients.first().map(|from| mailbox(from))),
        ("owner", referral.other.as_ref().map(|owner| mailbox(owner))),
    ])
}

fn consent_resource(consent: &Consent, ids: &Ids, at: usize) -> Value {
    let actor = |to: &String| {
        let role = coding("http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "IRCP");
        json!({ "role": { "coding": [role] }, "reference": mailbox(to) })
    };
    let provision = object([
        ("type", Some(json!("permit"))),
        ("period", Some(json!({ "start": consent.given_at, "end": consent.until }))),
        ("actor", list(consent.recipients.iter().map(actor).collect())),
        ("purpose", Some(json!([coding(&system("consent-purpose"), consent.purpose)]))),
        ("code", list(consent.categories.iter().map(|code| concept("category", code)).collect())),
    ]);
    json!({
        "resourceType": "Consent",
        "id": ids.consent(at),
        "status": "active",
        "scope": { "coding": [coding("http://terminology.hl7.org/CodeSystem/consentscope", "patient-privacy")] },
        "category": [{ "coding": [coding("http://terminology.hl7.org/CodeSystem/consentcategorycodes", "infa")] }],
        "dateTime": consent.given_at,
        "policyRule": { "coding": [coding("http://terminology.hl7.org/CodeSystem/v3-ActCode", "OPTIN")] },
        "verification": [{ "verified": true, "verificationDate": consent.given_at }],
        "provision": provision,
    })
}

fn communication(case: &Case, letter: &Letter, ids: &Ids, at: usize) -> Value {
    object([
        ("resourceType", Some(json!("Communication"))),
        ("id", Some(json!(ids.message(at)))),
        ("identifier", Some(json!([{ "system": system("message"), "value": letter.message }]))),
        ("basedOn", Some(json!([reference(&ids.request())]))),
        ("inResponseTo", (at > 0).then(|| json!([reference(&ids.message(0))]))),
        ("status", Some(json!("completed"))),
        ("category", Some(json!([concept("kind", letter.kind)]))),
        ("priority", (at == 0).then(|| json!(priority(case.urgency)))),
        ("subject", Some(subject(case))),
        ("topic", string(&letter.subject).map(|subject| json!({ "text": subject }))),
        ("sent", Some(json!(letter.created_at))),
        ("recipient", list(mailboxes(&letter.to))),
        ("sender", Some(mailbox(&letter.from))),
        ("payload", list(payloads(letter))),
    ])
}

/// The text, then each answer as `field: value`, then what is attached.
fn payloads(letter: &Letter) -> Vec<Value> {
    let answers = letter.fields.iter().map(|answer| format!("{}: {}", answer.name, answer.value));
    let texts = std::iter::once(letter.text.clone()).chain(answers);
    let texts = texts.filter_map(|text| Some(json!({ "contentString": string(&text)? })));
    let files = letter.attachments.iter().map(|file| json!({ "contentAttachment": attachment(file) }));
    texts.chain(files).collect()
}

/// A file by its name and length: its content is written by `samverkan save`.
fn attachment(file: &Attachment) -> Value {
    let is_media_type = |text: &&String| {
        let part = |part: &str| {
            !part.is_empty()
                && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".+-".contains(&byte))
        };
        text.split_once('/').is_some_and(|(one, other)| part(one) && part(other))
    };
    object([
        ("contentType", Some(&file.media_type).filter(is_media_type).map(|kind| json!(kind))),
        ("size", i32::try_from(file.bytes).ok().map(|bytes| json!(bytes))),
        ("title", string(&file.name).map(|name| json!(name))),
    ])
}

/// FHIR's `string` is not empty, and has no white space but the space, the tab and line ends.
fn string(text: &str) -> Option<String> {
    let plain = |c: char| match c {
        ' ' | '\t' | '\r' | '\n' => c,
        _ if c.is_whitespace() || c.is_control() || c == '\u{feff}' => ' ',
        _ => c,
    };
    let text: String = text.chars().map(plain).collect();
    (!text.trim().is_empty()).then_some(text)
}

/// The priority of a request (<https://hl7.org/fhir/R4/valueset-request-priority.html>).
fn priority(urgency: &str) -> &'static str {
    match urgency {
        "ACUTE" => "stat",
        "SOON" => "urgent",
        _ => "routine",
    }
}

fn subject(case: &Case) -> Value {
    json!({ "type": "Patient", "identifier": { "system": system("case"), "value": case.reference } })
}

fn mailboxes(addresses: &[String]) -> Vec<Value> {
    addresses.iter().map(|address| mailbox(address)).collect()
}

fn mailbox(address: &str) -> Value {
    json!({ "type": "Organization", "identifier": { "system": system("mailbox"), "value": address }, "display": address })
}

fn reference(id: &str) -> Value {
    json!({ "reference": urn(id) })
}

fn entry(id: &str, resource: Value) -> Value {
    json!({ "fullUrl": urn(id), "resource": resource })
}

fn urn(id: &str) -> String {
    format!("urn:uuid:{id}")
}

fn system(list: &str) -> String {
    format!("{SYSTEM}{list}")
}

fn concept(list: &str, code: &str) -> Value {
    json!({ "coding": [coding(&system(list), code)] })
}

fn coding(system: &str, code: &str) -> Value {
    json!({ "system": system, "code": code })
}

/// FHIR has no empty lists.
fn list(values: Vec<Value>) -> Option<Value> {
    (!values.is_empty()).then_some(Value::Array(values))
}

/// An object of what is there.
fn object<const N: usize>(fields: [(&str, Option<Value>); N]) -> Value {
    let there = fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Value::Object(there.collect::<Map<String, Value>>())
}

/// The ids of a case's resources.
struct Ids(String);

impl Ids {
    fn of(case: &Case) -> Self {
        Self(case.messages.first().map_or_else(|| case.reference.clone(), |first| first.message.clone()))
    }

    fn id(&self, what: &str, at: usize) -> String {
        let hash = sha256(format!("samverkan fhir {} {what} {at}", self.0).as_bytes());
        let half = *hash.first_chunk::<16>().expect("a hash has 32 bytes");
        uuid::Builder::from_custom_bytes(half).into_uuid().to_string()
    }

    fn request(&self) -> String {
        self.id("request", 0)
    }

    fn task(&self, at: usize) -> String {
        self.id("task", at)
    }

    fn onward(&self, at: usize) -> String {
        self.id("onward", at)
    }

    fn consent(&self, at: usize) -> String {
        self.id("consent", at)
    }

    fn message(&self, at: usize) -> String {
        self.id("message", at)
    }
}

#[cfg(test)]
mod tests;
