//! 50–54, 56, 62–64 and 70: headers that break a rule of their own, and bytes that do not fit them.

use crate::ground::{Case, Ground};
use samverkan_proto::limits::{MAX_CONTENT, WRAP_LEN};
use samverkan_proto::v1::{ErrorReason, SubmitRequest, SubmitResponse};
use samverkan_tests::wire::bytes::random;
use samverkan_tests::wire::parcel::random_bytes;
use samverkan_tests::wire::{Parcel, RawBlob, RawRecipient, RawWrap, Refused, refused};
use tonic::Code;

/// Submits any bytes as the header.
async fn submit_bytes(ground: &Ground, header: Vec<u8>, parcel: &Parcel) -> Result<SubmitResponse, Refused> {
    let request = SubmitRequest { header: header.into(), ..parcel.request() };
    ground.peer.call("RelayService/Submit", &request).await
}

/// A recipient and its wrap that no directory knows; the header's own rules are checked before.
fn invent(org: [u8; 16], index: usize, kind: u8) -> (RawRecipient, RawWrap) {
    let to = RawRecipient { org, mailbox: random(), serial: 1, kind };
    (to, RawWrap { org, device: random(), epoch_key: random(), boxes: 1u16.wrapping_shl(index as u32) })
}

/// Replaces the recipients by `n` invented ones that obey every rule.
fn address_to_invented(parcel: &mut Parcel, n: usize) {
    parcel.header.to.clear();
    parcel.header.wraps.clear();
    for index in 0..n {
        let mut org = [1; 16];
        org[0] = index as u8 + 1;
        let (to, wrap) = invent(org, index, 0);
        parcel.header.to.push(to);
        parcel.header.wraps.push(wrap);
    }
    parcel.fill();
}

#[tokio::test]
async fn bad_050_magic_and_suite() {
    let ground = Ground::new().await;
    for magic in [*b"SVK2", *b"svk1", [0; 4], *b"SVKM"] {
        ground.refuse("magic", |parcel| parcel.header.magic = magic).await.is_invalid("magic");
    }
    for suite in [0, 2, 0xffff, 0x0100] {
        ground.refuse("suite", |parcel| parcel.header.suite = suite).await.is_invalid("header.suite");
    }
}

#[tokio::test]
async fn bad_051_every_truncation() {
    let ground = Ground::new().await;
    let parcel = ground.parcel();
    let header = parcel.header_bytes();
    for len in 0..header.len() {
        let refusal = refused("truncated", submit_bytes(&ground, header[..len].to_vec(), &parcel).await);
        let field = refusal.field.clone();
        refusal.is_invalid(&field);
        assert!(field == "magic" || field.starts_with("header"), "at {len}: {field}");
    }
    submit_bytes(&ground, header, &parcel).await.expect("the whole header");
}

#[tokio::test]
async fn bad_052_one_extra_byte() {
    let ground = Ground::new().await;
    let parcel = ground.parcel();
    for extra in [0, 0xff] {
        let mut header = parcel.header_bytes();
        header.push(extra);
        refused("extra byte", submit_bytes(&ground, header, &parcel).await).is_invalid("header");
    }
}

#[tokio::test]
async fn bad_053_counts_and_boxes() {
    let ground = Ground::new().await;
    let refuse = async |case: &str, field: &str, spoil: &dyn Fn(&mut Parcel)| {
        ground.refuse(case, spoil).await.is_invalid(field);
    };
    refuse("n_to 0", "header.to", &|p| p.header.to.clear()).await;
    refuse("n_to 0 before a recipient", "header.to", &|p| p.header.n_to = Some(0)).await;
    refuse("n_to 17", "header.to", &|p| address_to_invented(p, 17)).await;
    refuse("n_to 17 before one recipient", "header.to", &|p| p.header.n_to = Some(17)).await;
    refuse("n_to 255", "header.to", &|p| p.header.n_to = Some(255)).await;
    refuse("n_wrap 0", "header.wraps", &|p| p.header.wraps.clear()).await;
    for n in [65, 0x4000, 65_535] {
        refuse("n_wrap beyond 64", "header.wraps", &|p| p.header.n_wrap = Some(n)).await;
    }
    // What follows the one wrap is read as the next, and is none.
    refuse("n_wrap beyond the wraps", "header.wraps.org_id", &|p| p.header.n_wrap = Some(2)).await;
    let many = |p: &mut Parcel| {
        let org = p.header.to[0].org;
        p.header.wraps = (0..65).map(|_| RawWrap { device: random(), ..invent(org, 0, 0).1 }).collect();
        p.header.sort();
        p.fill();
    };
    refuse("65 wraps", "header.wraps", &many).await;
    refuse("a blob too many", "header.blobs", &|p| p.header.n_blob = Some(17)).await;
    refuse("a handle too many", "header.handles", &|p| p.header.n_handle = Some(9)).await;
    refuse("an alternate without a primary", "header.to", &|p| p.header.to[0].kind = 1).await;
    refuse("a recipient of no kind", "header.to.kind", &|p| p.header.to[0].kind = 2).await;
    let boxes = "header.wraps.boxes";
    refuse("a bit beyond n_to", boxes, &|p| p.header.wraps[0].boxes = 0b11).await;
    refuse("the highest bit", boxes, &|p| p.header.wraps[0].boxes = 0x8001).await;
    refuse("a copy for a stranger", boxes, &|p| p.header.wraps[0].boxes = 0).await;
    let other_org = |p: &mut Parcel| {
        address_to_invented(p, 2);
        p.header.wraps[0].boxes = 0b11;
    };
    refuse("another organisation's mailbox", boxes, &other_org).await;
    let unread = |p: &mut Parcel| {
        address_to_invented(p, 2);
        p.header.wraps.pop();
        p.fill();
    };
    refuse("a mailbox that nobody reads", "header.to", &unread).await;
    let own = |p: &mut Parcel| {
        let wrap = RawWrap {
            org: p.header.sender_org,
            device: p.header.sender_device,
            epoch_key: random(),
            boxes: 0,
        };
        p.header.wraps.push(wrap);
        p.header.sort();
        p.fill();
    };
    refuse("a wrap for the sending device", boxes, &own).await;
}

#[tokio::test]
async fn bad_053_counts_that_do_not_fit_the_wraps() {
    let ground = Ground::new().await;
    let spoilt: [Case; 4] = [
        ("no wraps", |parcel| parcel.wraps.clear()),
        ("a wrap less", |parcel| parcel.wraps.truncate(0)),
        ("a wrap more", |parcel| parcel.wraps.extend(random_bytes(WRAP_LEN))),
        ("sixty-four more", |parcel| parcel.wraps.extend(random_bytes(64 * WRAP_LEN))),
    ];
    for (case, spoil) in spoilt {
        ground.refuse(case, spoil).await.is_invalid("wraps");
    }
}

#[tokio::test]
async fn bad_054_unsorted_and_duplicated() {
    let ground = Ground::new().await;
    let refuse = async |case: &str, field: &str, spoil: &dyn Fn(&mut Parcel)| {
        let spoil = |parcel: &mut Parcel| {
            address_to_invented(parcel, 3);
            spoil(parcel);
            parcel.fill();
        };
        ground.refuse(case, spoil).await.is_invalid(field);
    };
    refuse("recipients unsorted", "header.to", &|p| p.header.to.swap(0, 1)).await;
    refuse("a recipient twice", "header.to", &|p| p.header.to[1] = p.header.to[0].clone()).await;
    let alternate_twice = |p: &mut Parcel| {
        p.header.to[1] = RawRecipient { kind: 1, ..p.header.to[0].clone() };
    };
    refuse("a recipient as its own alternate", "header.to", &alternate_twice).await;
    refuse("wraps unsorted", "header.wraps", &|p| p.header.wraps.swap(0, 1)).await;
    refuse("a wrap twice", "header.wraps", &|p| p.header.wraps[1] = p.header.wraps[0].clone()).await;
    let blob = |first| RawBlob { id: [first; 32], len: samverkan_proto::padding::blob_len(1) };
    refuse("blobs unsorted", "header.blobs", &|p| p.header.blobs = vec![blob(2), blob(1)]).await;
    refuse("a blob twice", "header.blobs", &|p| p.header.blobs = vec![blob(1), blob(1)]).await;
    let consent = |p: &mut Parcel, handles: &[u8]| {
        p.header.basis = 1;
        p.header.handles = handles.iter().map(|first| [*first; 16]).collect();
    };
    refuse("handles unsorted", "header.handles", &|p| consent(p, &[2, 1])).await;
    refuse("a handle twice", "header.handles", &|p| consent(p, &[1, 1])).await;
    refuse("a handle of zeros", "header.handles", &|p| consent(p, &[0])).await;
    refuse("consent without a handle", "header.handles", &|p| consent(p, &[])).await;
    refuse("a handle without consent", "header.handles", &|p| p.header.handles = vec![[1; 16]]).await;
}

#[tokio::test]
async fn bad_056_recipient_is_the_sender() {
    let ground = Ground::new().await;
    let own_mailbox = |parcel: &mut Parcel| {
        let (org, mailbox) = (parcel.header.sender_org, parcel.header.sender_mailbox);
        parcel.header.to[0] = RawRecipient { org, mailbox, serial: 1, kind: 0 };
        parcel.header.wraps[0].org = org;
    };
    ground.refuse("to itself", own_mailbox).await.is_invalid("header.to");
}

#[tokio::test]
async fn bad_062_content_length() {
    let ground = Ground::new().await;
    let announced = [
        ("nothing", 0),
        ("a tag alone", 16),
        ("one less than a size", 4096 + 15),
        ("one more than a size", 4096 + 17),
        ("no Padmé size", 4097 + 16),
        ("a Padmé size beyond the largest", 1_114_112 + 16),
        ("all there is", u32::MAX),
    ];
    for (case, content_len) in announced {
        let spoil = |parcel: &mut Parcel| parcel.header.content_len = content_len;
        ground.refuse(case, spoil).await.is_invalid("header.content_len");
    }
    let sent: [Case; 4] = [
        ("no content", |parcel| parcel.content.clear()),
        ("a byte less", |parcel| parcel.content.truncate(4096 + 15)),
        ("a byte more", |parcel| parcel.content.push(0)),
        ("another size", |parcel| parcel.content = random_bytes(4352 + 16)),
    ];
    for (case, spoil) in sent {
        ground.refuse(case, spoil).await.is_invalid("content");
    }
    let largest = |parcel: &mut Parcel| {
        parcel.header.content_len = MAX_CONTENT as u32;
        parcel.fill();
    };
    ground.accept("the largest size", largest).await;
}

#[tokio::test]
async fn bad_062_content_beyond_the_message_limit() {
    let ground = Ground::new().await;
    let refusal = ground.refuse("five MiB", |parcel| parcel.content = vec![0; 5 << 20]).await;
    refusal.is(Code::ResourceExhausted, ErrorReason::MessageTooLarge, "");
}

#[tokio::test]
async fn bad_063_zero_commitment() {
    let ground = Ground::new().await;
    ground.refuse("zero", |parcel| parcel.header.key_commit = [0; 32]).await.is_invalid("header.key_commit");
}

#[tokio::test]
async fn bad_064_wrap_length() {
    let ground = Ground::new().await;
    for len in [WRAP_LEN - 1, WRAP_LEN + 1, 1, 0] {
        ground.refuse("one wrap", |parcel| parcel.wraps = random_bytes(len)).await.is_invalid("wraps");
    }
}

#[tokio::test]
async fn bad_070_extension() {
    let ground = Ground::new().await;
    let parcel = ground.parcel();
    ground.refuse("announced", |parcel| parcel.header.ext_len = 1).await.is_invalid("header.ext_len");
    let mut header = {
        let mut h = parcel.header.clone();
        h.ext_len = 4;
        h.encode()
    };
    header.extend_from_slice(b"more");
    refused("with its bytes", submit_bytes(&ground, header, &parcel).await).is_invalid("header.ext_len");
}
