//! Kinds `body` and `consent_record`: canonical form and its rules.

use super::{Vector, bytes_of, of_kind};
use data_encoding::HEXLOWER;
use samverkan_envelope::body::{Attachment, Body};
use samverkan_envelope::consent::{ConsentOpening, ConsentRecord};
use serde_json::{Value, json};

#[test]
fn bodies_decode_or_fail_as_their_vectors_say() {
    for vector in of_kind("body", 40) {
        let bytes = bytes_of(&vector.input["body"]);
        match (Body::decode(&bytes), vector.fault()) {
            (Ok(body), None) => {
                assert_eq!(json_of(&body), *vector.ok(), "{}", vector.name);
                assert_eq!(*body.encode().expect("valid"), bytes, "{}", vector.name);
            }
            (result, fault) => {
                assert_fault(&vector, result.map(|_| ()).map_err(|found| found.fault.name()), fault)
            }
        }
    }
}

#[test]
fn consent_records_decode_or_fail_as_their_vectors_say() {
    for vector in of_kind("consent_record", 12) {
        let bytes = bytes_of(&vector.input["record"]);
        match (ConsentRecord::decode(&bytes), vector.fault()) {
            (Ok(record), None) => {
                assert_eq!(json_of_record(&record), *vector.ok(), "{}", vector.name);
                assert_eq!(record.encode().expect("valid"), bytes, "{}", vector.name);
            }
            (result, fault) => {
                assert_fault(&vector, result.map(|_| ()).map_err(|found| found.fault.name()), fault)
            }
        }
    }
}

fn assert_fault(vector: &Vector, found: Result<(), &str>, expected: Option<&str>) {
    assert_eq!(found.err(), expected, "{}", vector.name);
}

fn hex(bytes: &[u8]) -> String {
    HEXLOWER.encode(bytes)
}

fn json_of(body: &Body) -> Value {
    json!({
        "kind": body.kind.code(),
        "send_id": body.send_id.to_string(),
        "thread_id": body.thread_id.to_string(),
        "in_reply_to": body.in_reply_to.map(|id| id.to_string()).unwrap_or_default(),
        "form": body.form,
        "fields": body.fields.iter().map(|field| json!({"name": field.name, "value": field.value})).collect::<Vec<_>>(),
        "subject": body.subject,
        "text": body.text,
        "attachments": body.attachments.iter().map(json_of_attachment).collect::<Vec<_>>(),
        "consents": body.consents.iter().map(json_of_opening).collect::<Vec<_>>(),
        "checkpoint": hex(&body.checkpoint),
    })
}

fn json_of_attachment(attachment: &Attachment) -> Value {
    json!({
        "blob_id": attachment.blob_id.to_string(),
        "file_key": hex(attachment.file_key.expose()),
        "plaintext_len": attachment.plaintext_len,
        "plaintext_sha256": hex(&attachment.plaintext_sha256),
        "name": attachment.name,
        "media_type": attachment.media_type,
    })
}

fn json_of_opening(opening: &ConsentOpening) -> Value {
    json!({"stub": hex(&opening.stub), "salt": hex(&opening.salt), "record": hex(&opening.record)})
}

fn json_of_record(record: &ConsentRecord) -> Value {
    let recipients = record.recipients.iter();
    json!({
        "purpose": record.purpose.code(),
        "recipients": recipients
            .map(|to| json!({"org_id": to.org.to_string(), "mailbox_id": to.mailbox.to_string()}))
            .collect::<Vec<_>>(),
        "categories": record.categories,
        "text_version": record.text_version,
        "given_ms": record.given_ms,
        "expires_ms": record.expires_ms,
        "how": record.how.code(),
        "evidence": record.evidence,
    })
}
