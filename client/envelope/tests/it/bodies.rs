//! Bodies and consent records have one encoding each.

use crate::world::World;
use proptest::prelude::*;
use samverkan_envelope::body::{Attachment, Body, Field, FileKey};
use samverkan_envelope::consent::{ConsentRecipient, ConsentRecord};
use samverkan_proto::Fault;
use samverkan_proto::code::{ConsentHow, ConsentPurpose};
use samverkan_proto::ids::BlobId;

fn attachment(id: u8) -> Attachment {
    Attachment {
        blob_id: BlobId::of_digest([id; 32]),
        file_key: FileKey::from_bytes([id; 32]),
        plaintext_len: 1,
        plaintext_sha256: [id; 32],
        name: "bilaga.pdf".into(),
        media_type: "application/pdf".into(),
    }
}

fn record(world: &World) -> ConsentRecord {
    ConsentRecord {
        purpose: ConsentPurpose::Referral,
        recipients: vec![ConsentRecipient {
            org: world.volunteers.id(),
            mailbox: world.volunteers.mailboxes[0],
        }],
        categories: vec!["contact".into(), "event".into()],
        text_version: "exempel-1".into(),
        given_ms: 1,
        expires_ms: 2,
        how: ConsentHow::InWriting,
        evidence: "Pärm A".into(),
    }
}

#[test]
fn lists_out_of_order_are_refused_until_they_are_sorted() {
    let mut body = World::new().body();
    body.attachments = vec![attachment(2), attachment(1)];
    body.fields = ["b", "a"].map(|name| Field { name: name.into(), value: String::new() }).into();
    assert_eq!(body.encode().expect_err("unsorted").fault, Fault::NotAscending);
    body.sort();
    let encoded = body.encode().expect("sorted");
    let decoded = Body::decode(&encoded).expect("canonical");
    assert_eq!(decoded.attachments[0].blob_id, BlobId::of_digest([1; 32]));
    assert_eq!(decoded.fields[1].name, "b");
}

#[test]
fn a_body_at_its_bounds_is_taken_and_beyond_is_not() {
    let mut body = World::new().body();
    body.text = "x".repeat(524_288);
    body.subject = "x".repeat(400);
    assert!(body.encode().is_ok());
    body.subject.push('x');
    assert_eq!(body.encode().expect_err("subject").field, "body.subject");
    body.subject.clear();
    body.text.push('x');
    assert_eq!(body.encode().expect_err("text").field, "body.text");
    body.text = "x".repeat(524_288);
    body.fields = vec![Field { name: "a".into(), value: "x".repeat(524_288) }];
    assert_eq!(body.encode().expect_err("more than 1 MiB").field, "body");
}

#[test]
fn no_debug_text_shows_what_a_body_says() {
    let shown = format!("{:?}", World::new().draft(World::new().body()));
    assert!(!shown.contains("Exempelsson") && !shown.contains("Stöd"), "{shown}");
}

/// Replaces a few bytes somewhere by others.
fn touched(bytes: &[u8], at: &prop::sample::Index, remove: usize, insert: &[u8]) -> Vec<u8> {
    let at = at.index(bytes.len());
    let end = (at + remove).min(bytes.len());
    [&bytes[..at], insert, &bytes[end..]].concat()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn bytes_that_decode_encode_to_themselves(
        at: prop::sample::Index,
        remove in 0usize..3,
        insert in prop::collection::vec(any::<u8>(), 0..3),
    ) {
        let world = World::new();
        let mut body = world.body();
        body.attachments = vec![attachment(1), attachment(2)];
        let bytes = touched(&body.encode().expect("valid"), &at, remove, &insert);
        if let Ok(body) = Body::decode(&bytes) {
            prop_assert_eq!(&*body.encode().expect("decoded"), &bytes);
        }
        let bytes = touched(&record(&world).encode().expect("valid"), &at, remove, &insert);
        if let Ok(record) = ConsentRecord::decode(&bytes) {
            prop_assert_eq!(record.encode().expect("decoded"), bytes);
        }
    }
}
