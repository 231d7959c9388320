use super::*;
use crate::limits::{MAX_BODY, MAX_HEADER, MAX_LIFETIME_MS};
use crate::padding::{blob_len, padded};
use crate::statement::testing::{check_any_bytes, check_laws, header_fields};
use proptest::prelude::*;

/// Encodes anew from the fields, so that the law is not met by keeping the bytes.
fn reencode(bytes: &[u8]) -> Result<Vec<u8>, InvalidField> {
    let parsed = Header::parse(bytes)?;
    let built = Header::new(parsed.fields().clone()).expect("what parses obeys the rules");
    assert_eq!(built, parsed);
    Ok(built.bytes().to_vec())
}

fn numbered<T: crate::ids::ByteId>(number: u8) -> T {
    T::from_slice(&vec![number; T::LEN]).expect("not zero")
}

/// A header with as many entries as there may be.
fn largest() -> HeaderFields {
    let org = numbered(1);
    let to = |number| Recipient {
        org,
        mailbox: numbered(number),
        manifest_serial: 1,
        kind: RecipientKind::Primary,
    };
    let wrap = |number| Wrap { org, device: numbered(number), epoch_key: numbered(number), boxes: u16::MAX };
    HeaderFields {
        message_id: MessageId::random(),
        sender_org: numbered(2),
        sender_mailbox: numbered(1),
        sender_device: numbered(1),
        class: Class::Referral,
        basis: Some(LegalBasis::Consent),
        urgency: Urgency::Acute,
        answer_within_minutes: NonZeroU32::new(MAX_ANSWER_MINUTES),
        created_ms: 0,
        expires_ms: MAX_LIFETIME_MS,
        content_len: u32::try_from(padded(68 + MAX_BODY as u64) + 16).expect("about 1 MiB"),
        key_commit: [1; 32],
        to: (1..=16).map(to).collect(),
        wraps: (1..=64).map(wrap).collect(),
        blobs: (1..=16).map(|number| BlobRef { id: numbered(number), len: blob_len(1) }).collect(),
        handles: (1..=8).map(numbered).collect(),
    }
}

#[test]
fn the_largest_header_is_as_long_as_the_limit() {
    assert_eq!(Header::new(largest()).unwrap().bytes().len(), MAX_HEADER);
}

#[test]
fn a_builder_refuses_what_would_not_fit_the_counts() {
    type Change = fn(&mut HeaderFields);
    let too_long: [(&str, Change); 6] = [
        ("header.to", |h| h.to.push(h.to[0])),
        ("header.to", |h| h.to.clear()),
        ("header.wraps", |h| h.wraps.push(h.wraps[0])),
        ("header.wraps", |h| h.wraps.clear()),
        ("header.blobs", |h| h.blobs.push(h.blobs[0])),
        ("header.handles", |h| h.handles.push(h.handles[0])),
    ];
    for (field, change) in too_long {
        let mut header = largest();
        change(&mut header);
        assert_eq!(Header::new(header).unwrap_err(), Fault::CountOutOfRange.in_field(field));
    }
    let late = NonZeroU32::new(MAX_ANSWER_MINUTES + 1);
    let header = HeaderFields { answer_within_minutes: late, ..largest() };
    assert_eq!(Header::new(header).unwrap_err(), Fault::BadTime.in_field("header.answer_within_minutes"));
}

#[test]
fn the_lifetime_ends_after_thirty_days_and_does_not_wrap_around() {
    let lifetimes = [
        (0, MAX_LIFETIME_MS, true),
        (0, MAX_LIFETIME_MS + 1, false),
        (5, 6, true),
        (5, 5, false),
        (5, 4, false),
        (u64::MAX - 1, u64::MAX, true),
        (u64::MAX, 0, false),
    ];
    for (created_ms, expires_ms, allowed) in lifetimes {
        assert_eq!(Header::new(HeaderFields { created_ms, expires_ms, ..largest() }).is_ok(), allowed);
    }
}

#[test]
fn content_has_the_length_of_something_padded() {
    let lengths = [
        (4_096 + 16, true),
        (4_352 + 16, true),
        (1_081_344 + 16, true),
        (0, false),
        (15, false),
        (16, false),
        (4_096, false),
        (4_097 + 16, false),
        (1_114_112 + 16, false),
        (u32::MAX, false),
    ];
    for (content_len, allowed) in lengths {
        let outcome = Header::new(HeaderFields { content_len, ..largest() });
        assert_eq!(outcome.is_ok(), allowed, "{content_len}");
    }
}

#[test]
fn groups_and_readers_follow_the_lists() {
    let mut header = largest();
    for alternate in [1, 2, 5] {
        header.to[alternate].kind = RecipientKind::Alternate;
    }
    header.to.truncate(6);
    for (index, wrap) in header.wraps.iter_mut().enumerate() {
        wrap.boxes = 1 << (index % 6);
    }
    let header = Header::new(header).unwrap();
    let header = header.fields();
    assert_eq!(header.groups().collect::<Vec<_>>(), [0..3, 3..4, 4..6]);
    assert_eq!(header.readers(5).count(), 10);
    assert!(header.readers(5).all(|wrap| wrap.reads(5) && wrap.mailboxes().eq([5])));
    assert_eq!(header.readers(16).count(), 0);
    assert_eq!(header.wrap_index(&numbered(1), &numbered(64)), Some(63));
    assert_eq!(header.wrap_index(&numbered(1), &numbered(65)), None);
    assert_eq!(header.wrap_index(&numbered(2), &numbered(64)), None);
}

proptest! {
    #[test]
    fn headers_obey_the_laws(fields in header_fields(), mutation: (prop::sample::Index, u8)) {
        let header = Header::new(fields.clone()).expect("valid fields");
        prop_assert_eq!(header.fields(), &fields);
        check_laws(header.bytes(), mutation, reencode)?;
    }

    #[test]
    fn groups_cover_the_recipients_in_order(fields in header_fields()) {
        let covered: Vec<_> = fields.groups().flatten().collect();
        prop_assert!(covered.into_iter().eq(0..fields.to.len()));
        for group in fields.groups() {
            let kinds = fields.to[group].iter().map(|to| to.kind == RecipientKind::Primary);
            prop_assert_eq!(kinds.filter(|primary| *primary).count(), 1);
        }
    }

    #[test]
    fn a_changed_byte_changes_the_hash_or_is_refused(fields in header_fields(), at: prop::sample::Index, flip in 1u8..) {
        let header = Header::new(fields).expect("valid fields");
        let mut bytes = header.bytes().to_vec();
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        if let Ok(other) = Header::parse(&bytes) { prop_assert_ne!(other.hh(), header.hh()); }
    }

    #[test]
    fn arbitrary_bytes_do_not_panic(tail: Vec<u8>) {
        check_any_bytes(&tail, reencode)?;
        check_any_bytes(&[b"SVK1\0\x01", &tail[..]].concat(), reencode)?;
    }
}
