//! 29–31: what stands before a gRPC message, and how long its sender will wait.

use crate::siege::Siege;
use bytes::Bytes;
use prost::Message as _;
use samverkan_proto::limits::MAX_GRPC_MESSAGE;
use samverkan_proto::v1::receive_request::Step;
use samverkan_proto::v1::upload_blob_request::Part;
use samverkan_proto::v1::{
    ErrorReason, ReceiveRequest, Start, SubmitStreamRequest, SubmitStreamResponse, UploadBlobRequest,
    UploadStart,
};
use samverkan_tests::wire::frames::{Answer, announced, frame};
use samverkan_tests::wire::parcel::random_bytes;
use samverkan_tests::wire::upload::Blob;
use samverkan_tests::wire::{Parcel, Refused};
use tonic::Code;

const SUBMIT: &str = "RelayService/Submit";
const LIMIT: u32 = MAX_GRPC_MESSAGE as u32;

fn refusal(case: &str, answer: &Answer) -> Refused {
    answer.refused().unwrap_or_else(|| panic!("accepted, though it must not be: {case}"))
}

fn message(siege: &Siege) -> Vec<u8> {
    Parcel::new(&siege.sender, &[&siege.recipient]).request().encode_to_vec()
}

#[tokio::test]
async fn bad_029_length_prefixes_that_lie() {
    let siege = Siege::begin().await;
    let mut caller = siege.peer.caller().await;
    let good = message(&siege);
    let length = u32::try_from(good.len()).expect("a small message");
    for (case, announced_length) in [("one above the limit", LIMIT + 1), ("all there is", u32::MAX)] {
        let answer = caller.call(SUBMIT, &[], announced(0, announced_length, &good)).await.expect(case);
        let refusal = refusal(case, &answer);
        refusal.is(Code::ResourceExhausted, ErrorReason::MessageTooLarge, "");
    }
    for (case, body) in [
        ("the limit, and less behind it", announced(0, LIMIT, &good)),
        ("one more than there is", announced(0, length + 1, &good)),
        ("one less than there is", announced(0, length - 1, &good)),
        ("nothing, and a message behind it", announced(0, 0, &good)),
        ("a whole message and half a prefix", [frame(&good), Bytes::from_static(&[0, 0])].concat().into()),
        ("half a prefix", Bytes::from_static(&[0, 0, 0])),
        ("the limit, in zeros", frame(&vec![0; MAX_GRPC_MESSAGE])),
    ] {
        let answer = caller.call(SUBMIT, &[], body).await.expect(case);
        refusal(case, &answer).is_invalid("message");
    }
    drop(caller);
    assert_eq!(siege.waiting().await, 2, "none of them was a message");
    siege.is_over().await;
}

/// Many announce the largest message there is and send nothing of it: the hub keeps no room for what has not come.
#[tokio::test]
async fn bad_029_lengths_that_are_only_announced() {
    use samverkan_tests::wire::http2::{self, DATA, Wire, begin};
    let siege = Siege::begin().await;
    let mut wires = Vec::new();
    for _ in 0..4 {
        let mut wire = Wire::open(&siege.hub, siege.sender.device().presented(), &[]).await;
        let announce = |stream| {
            [begin(stream, SUBMIT), http2::frame(DATA, 0, stream, &announced(0, LIMIT, b"x"))].concat()
        };
        wire.send(&(0..100).flat_map(|n| announce(2 * n + 1)).collect::<Vec<u8>>()).await;
        wires.push(wire);
    }
    siege.reaches("connections", 5).await;
    siege.goes_on().await;
    drop(wires);
    siege.is_over().await;
}

/// What is right before the wrong frame is done and answered; then the stream ends with the reason.
#[tokio::test]
async fn bad_029_a_wrong_frame_on_a_stream() {
    let siege = Siege::begin().await;
    let mut caller = siege.peer.caller().await;
    let parcel =
        || SubmitStreamRequest { message: Some(Parcel::new(&siege.sender, &[&siege.recipient]).request()) };
    let start = ReceiveRequest { step: Some(Step::Start(Start { credit: 1 })) };
    let blob = Blob::random(1);
    let upload = UploadStart { blob_id: blob.id.to_vec().into(), length: blob.len(), offset: 0 };
    let upload = UploadBlobRequest { part: Some(Part::Start(upload)) };
    let streams = [
        ("RelayService/SubmitStream", frame(&parcel().encode_to_vec())),
        ("RelayService/Receive", frame(&start.encode_to_vec())),
        ("RelayService/UploadBlob", frame(&upload.encode_to_vec())),
    ];
    for (method, good) in streams {
        let too_large = announced(0, u32::MAX, b"");
        let answer = caller.call(method, &[], [good.clone(), too_large].concat().into()).await.expect(method);
        refusal(method, &answer).is(Code::ResourceExhausted, ErrorReason::MessageTooLarge, "");
        for wrong in [announced(7, 0, b""), announced(0, 9, b"cut"), frame(b"\xff\xff")] {
            let answer = caller.call(method, &[], [good.clone(), wrong].concat().into()).await.expect(method);
            refusal(method, &answer).is_invalid("message");
            if method.ends_with("SubmitStream") {
                let answered = SubmitStreamResponse::decode(&answer.body[5..]).expect("an answer");
                assert!(answered.outcome.is_some(), "the message before it has its receipt");
            }
        }
    }
    drop(caller);
    assert_eq!(siege.waiting().await, 2 + 1, "the one message that was whole");
    siege.is_over().await;
}

#[tokio::test]
async fn bad_030_compressed_though_nothing_is() {
    let siege = Siege::begin().await;
    let mut caller = siege.peer.caller().await;
    let good = message(&siege);
    let length = u32::try_from(good.len()).expect("a small message");
    for flag in [1, 2, 0x7f, 0xff] {
        let answer = caller.call(SUBMIT, &[], announced(flag, length, &good)).await.expect("an answer");
        refusal(&format!("flag {flag}"), &answer).is_invalid("message");
    }
    let identity =
        caller.call(SUBMIT, &[("grpc-encoding", "identity")], frame(&good)).await.expect("an answer");
    assert_eq!(identity.refused(), None, "to say that nothing is compressed is allowed");
    drop(caller);
    siege.is_over().await;
}

/// The hub unpacks nothing, so that there is nothing which a bomb could fill.
#[tokio::test]
async fn bad_030_gzip_bombs() {
    let siege = Siege::begin().await;
    let mut caller = siege.peer.caller().await;
    // The head of a gzip file, and 1 MiB that would be unpacked.
    let packed = [&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3][..], &random_bytes(1 << 20)].concat();
    let length = u32::try_from(packed.len()).expect("a small bomb");
    for encoding in ["gzip", "deflate", "zstd", "snappy", "exempel"] {
        for flag in [0, 1] {
            let body = announced(flag, length, &packed);
            let answer = caller.call(SUBMIT, &[("grpc-encoding", encoding)], body).await.expect(encoding);
            let refusal = refusal(encoding, &answer);
            assert_eq!(refusal.code, Code::Unimplemented, "{encoding}: {refusal:?}");
            assert_eq!(answer.headers["grpc-accept-encoding"], "identity", "{encoding}");
        }
    }
    drop(caller);
    siege.is_over().await;
}

#[tokio::test]
async fn bad_031_negative_and_absurd_timeouts() {
    let siege = Siege::begin().await;
    let mut caller = siege.peer.caller().await;
    let wrong = ["-1S", "1", "S", "", "123456789S", "1.5S", "+1S", "1 S", "1s", "NaN", "∞H", "1S,1S", "0x1S"];
    for timeout in wrong {
        let answer = caller.call(SUBMIT, &[("grpc-timeout", timeout)], frame(&message(&siege))).await;
        refusal(timeout, &answer.expect("an answer")).is_invalid("grpc-timeout");
    }
    for timeout in ["99999999H", "00000060S", "60000m"] {
        let answer = caller.call(SUBMIT, &[("grpc-timeout", timeout)], frame(&message(&siege))).await;
        assert_eq!(answer.expect("an answer").refused(), None, "{timeout}");
    }
    for timeout in ["0n", "0S", "00000000H"] {
        let answer = caller.call(SUBMIT, &[("grpc-timeout", timeout)], frame(&message(&siege))).await;
        let refusal = refusal(timeout, &answer.expect("an answer"));
        refusal.is(Code::DeadlineExceeded, ErrorReason::DeadlineExceeded, "");
    }
    drop(caller);
    siege.is_over().await;
}
