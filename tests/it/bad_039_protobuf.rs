//! 39–49: bytes that are no protobuf message, or another one than expected.

use crate::ground::Ground;
use bytes::Bytes;
use prost::Message as _;
use prost_types::FieldDescriptorProto;
use prost_types::field_descriptor_proto::{Label, Type};
use samverkan_proto::v1::{self, ErrorReason};
use samverkan_tests::wire::{Peer, Refused, refused};
use tonic::Code;

const SUBMIT: &str = "RelayService/Submit";

/// Every call that a member may make with a single message.
const UNARY: [&str; 12] = [
    SUBMIT,
    "RelayService/GetUpload",
    "RelayService/GetMessageStatus",
    "RelayService/Recall",
    "ConsentService/RegisterConsents",
    "ConsentService/WithdrawConsent",
    "DirectoryService/PublishManifest",
    "DirectoryService/PublishEpochKeys",
    "EnrolmentService/DescribeInvite",
    "EnrolmentService/RequestMembership",
    "MembershipService/InviteMember",
    "MembershipService/WithdrawMemberInvite",
];

/// What can not be decoded is said to be that, whichever call it came with.
#[track_caller]
fn is_undecodable(refused: &Refused) {
    refused.is(Code::InvalidArgument, ErrorReason::InvalidField, "message");
}

async fn undecodable_everywhere(ground: &Ground, case: &str, message: &[u8]) {
    for method in UNARY {
        let result = ground.peer.call_bytes(method, message.to_vec()).await;
        is_undecodable(&refused(&format!("{case}: {method}"), result));
    }
}

fn varint(mut n: u128) -> Vec<u8> {
    let mut bytes = Vec::new();
    while n >= 0x80 {
        bytes.push((n & 0x7f) as u8 | 0x80);
        n >>= 7;
    }
    bytes.push(n as u8);
    bytes
}

fn key(field: u128, wire_type: u128) -> Vec<u8> {
    varint(field << 3 | wire_type)
}

#[tokio::test]
async fn bad_039_truncated_varint() {
    let ground = Ground::new().await;
    for (case, bytes) in [
        ("in a key", &b"\x80"[..]),
        ("in a length", b"\x0a\x80"),
        ("in a value", b"\x78\xff\xff"),
        ("no value at all", b"\x0a"),
    ] {
        undecodable_everywhere(&ground, case, bytes).await;
    }
}

#[tokio::test]
async fn bad_040_eleven_byte_varint() {
    let ground = Ground::new().await;
    let long = [[0xff; 10].as_slice(), &[0x01]].concat();
    for (case, bytes) in [
        ("as a key", long.clone()),
        ("as a length", [b"\x0a".as_slice(), &long].concat()),
        ("as an unknown value", [b"\x78".as_slice(), &long].concat()),
        ("ten bytes of which the last overflows", [b"\x78".as_slice(), &[0xff; 9], &[0x02]].concat()),
    ] {
        undecodable_everywhere(&ground, case, &bytes).await;
    }
}

#[tokio::test]
async fn bad_041_wire_type_mismatch() {
    let ground = Ground::new().await;
    for (case, bytes) in [
        ("bytes as a varint", &b"\x08\x01"[..]),
        ("bytes as 64 bits", b"\x09\0\0\0\0\0\0\0\0"),
        ("bytes as 32 bits", b"\x0d\0\0\0\0"),
        ("bytes as a group", b"\x0b\x0c"),
        ("a group's end alone", b"\x0c"),
        ("wire type 6", b"\x0e"),
        ("wire type 7", b"\x0f"),
    ] {
        undecodable_everywhere(&ground, case, bytes).await;
    }
}

#[tokio::test]
async fn bad_042_duplicate_singular_fields() {
    let ground = Ground::new().await;
    let good = ground.parcel().request();
    let wrong = v1::SubmitRequest { header: Bytes::from_static(b"SVK1"), ..Default::default() };
    let last_is_good = [wrong.encode_to_vec(), good.encode_to_vec()].concat();
    ground.peer.call_bytes(SUBMIT, last_is_good).await.expect("the last one counts");
    let good = ground.parcel().request();
    let last_is_wrong = [good.encode_to_vec(), wrong.encode_to_vec()].concat();
    let refusal = refused("the last one counts", ground.peer.call_bytes(SUBMIT, last_is_wrong).await);
    refusal.is_invalid("header.suite");
}

#[tokio::test]
async fn bad_043_unknown_and_impossible_field_numbers() {
    let ground = Ground::new().await;
    for (case, unknown) in [
        ("a varint", [key(15, 0), varint(7)].concat()),
        ("64 bits", [key(15, 1), vec![0; 8]].concat()),
        ("bytes", [key(1000, 2), varint(3), vec![1, 2, 3]].concat()),
        ("the highest number there is", [key((1 << 29) - 1, 5), vec![0; 4]].concat()),
    ] {
        let message = [ground.parcel().request().encode_to_vec(), unknown].concat();
        ground.peer.call_bytes(SUBMIT, message).await.unwrap_or_else(|refused| panic!("{case}: {refused:?}"));
    }
    for (case, impossible) in [
        ("number 0", [key(0, 0), varint(7)].concat()),
        ("number 2^29", [key(1 << 29, 0), varint(7)].concat()),
    ] {
        undecodable_everywhere(&ground, case, &impossible).await;
    }
}

#[tokio::test]
async fn bad_044_deep_nesting() {
    let ground = Ground::new().await;
    // Groups are the only thing a message of ours can be nested with: none refers to itself.
    let groups = [key(15, 3).repeat(100_000), key(15, 4).repeat(100_000)].concat();
    undecodable_everywhere(&ground, "a hundred thousand groups", &groups).await;
}

#[tokio::test]
async fn bad_045_length_past_the_end() {
    let ground = Ground::new().await;
    for (case, length) in
        [("by one", 2), ("by much", 1 << 20), ("by 2^63", 1u128 << 63), ("by all", u64::MAX.into())]
    {
        let bytes = [key(1, 2), varint(length), vec![0]].concat();
        undecodable_everywhere(&ground, case, &bytes).await;
    }
}

#[tokio::test]
async fn bad_046_invalid_utf8_in_a_string() {
    let ground = Ground::new().await;
    let operator = Peer::operator(ground.hub);
    for (case, text) in [
        ("a stray continuation byte", &b"\x80"[..]),
        ("an overlong slash", b"\xc0\xaf"),
        ("a surrogate", b"\xed\xa0\x80"),
        ("a cut sequence", b"a\xe2\x82"),
    ] {
        let message = [key(1, 2), varint(text.len() as u128), text.to_vec()].concat();
        for method in ["GetOrganisation", "SuspendOrganisation", "InviteOrganisation"] {
            let result = operator.call_bytes(&format!("RegistryService/{method}"), message.clone()).await;
            is_undecodable(&refused(&format!("{case}: {method}"), result));
        }
    }
}

#[tokio::test]
async fn bad_047_enum_out_of_range() {
    let ground = Ground::new().await;
    let operator = Peer::operator(ground.hub);
    for kind in [0, 10, 256, 257, u32::MAX] {
        let request = v1::InviteOrganisationRequest {
            handle: format!("kind-{kind}"),
            name: "Exempel".to_owned(),
            organisation_number: samverkan_tests::wire::member::organisation_number(1),
            kind,
            municipalities: Vec::new(),
            services: Vec::new(),
        };
        let result: Result<v1::InviteOrganisationResponse, _> =
            operator.call("RegistryService/InviteOrganisation", &request).await;
        refused(&format!("kind {kind}"), result).is_invalid("organisation_kind");
    }
    // Every other code point travels inside a statement.
    ground.refuse("class 0", |parcel| parcel.header.class = 0).await.is_invalid("header.class");
    ground.refuse("class 5", |parcel| parcel.header.class = 5).await.is_invalid("header.class");
    ground.refuse("basis 7", |parcel| parcel.header.basis = 7).await.is_invalid("header.basis");
    ground.refuse("urgency 0", |parcel| parcel.header.urgency = 0).await.is_invalid("header.urgency");
    ground.refuse("urgency 4", |parcel| parcel.header.urgency = 4).await.is_invalid("header.urgency");
    ground.refuse("flags 1", |parcel| parcel.header.flags = 1).await.is_invalid("header.flags");
}

#[tokio::test]
async fn bad_048_missing_message() {
    let ground = Ground::new().await;
    let result = ground.peer.gather("RelayService/Receive", vec![Bytes::new()]).await;
    refused("a first step that is none", result).is_invalid("step");
    let result = ground.peer.gather("RelayService/UploadBlob", vec![Bytes::new()]).await;
    refused("a first part that is none", result).is_invalid("part");
    let answers = ground.peer.gather("RelayService/SubmitStream", vec![Bytes::new()]).await;
    let answers = answers.expect("one message among many is refused alone");
    let answer = v1::SubmitStreamResponse::decode(answers[0].clone()).expect("an answer");
    let Some(v1::submit_stream_response::Outcome::Failure(failure)) = answer.outcome else {
        panic!("accepted nothing: {answer:?}");
    };
    assert_eq!((failure.reason(), failure.field.as_str()), (ErrorReason::InvalidField, "message"));
    // The rest of the calls read an absent field as an empty one, which is too short for anything.
    for (method, field) in [
        (SUBMIT, "magic"),
        ("DirectoryService/PublishManifest", "len"),
        ("DirectoryService/PublishEpochKeys", "epoch_keys"),
        ("ConsentService/RegisterConsents", "stubs"),
        ("RelayService/GetUpload", "blob_id"),
        ("RelayService/Recall", "magic"),
        ("ConsentService/WithdrawConsent", "magic"),
    ] {
        let result = ground.peer.call_bytes(method, Bytes::new()).await;
        refused(method, result).is_invalid(field);
    }
}

#[tokio::test]
async fn bad_049_packed_instead_of_plain() {
    let ground = Ground::new().await;
    // from_leaf, a single number, in the form of a packed list of numbers.
    let packed = [key(1, 2), varint(1), varint(0)].concat();
    is_undecodable(&refused(
        "packed",
        ground.peer.gather("DirectoryService/Sync", vec![packed.into()]).await,
    ));
}

/// A list of numbers has two encodings. The contract has none, so that nothing can come unpacked where it should be packed.
#[test]
fn bad_049_unpacked_instead_of_packed() {
    let files = prost_types::FileDescriptorSet::decode(v1::DESCRIPTORS).expect("compiled descriptors");
    let messages = files.file.iter().flat_map(|file| &file.message_type);
    let fields: Vec<_> = messages.flat_map(|message| &message.field).collect();
    let packable = |field: &&&FieldDescriptorProto| {
        let whole = [Type::String, Type::Bytes, Type::Message];
        field.label() == Label::Repeated && !whole.contains(&field.r#type())
    };
    assert!(fields.iter().any(|field| field.label() == Label::Repeated), "there are lists");
    assert_eq!(fields.iter().filter(packable).map(|field| field.name()).collect::<Vec<_>>(), [""; 0]);
}
