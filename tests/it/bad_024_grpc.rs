//! 24–28, 33 and 34: requests that are not the gRPC calls that they look like.

use crate::siege::Siege;
use bytes::Bytes;
use http::{Method, StatusCode};
use prost::Message as _;
use samverkan_proto::v1::{self, ErrorReason};
use samverkan_tests::wire::frames::{self, Answer, GRPC};
use samverkan_tests::wire::http2::{
    CONTINUATION, DATA, END_HEADERS, END_STREAM, HEADERS, Wire, begin, call, field, frame,
};
use samverkan_tests::wire::{Parcel, refused};
use tonic::Code;

const SUBMIT: &str = "RelayService/Submit";
/// The largest frame that the hub takes.
const FRAME: usize = 16 << 10;

fn submission(siege: &Siege) -> Bytes {
    frames::frame(&Parcel::new(&siege.sender, &[&siege.recipient]).request().encode_to_vec())
}

fn is_accepted(case: &str, answer: &Answer) {
    assert_eq!((answer.http, answer.refused()), (StatusCode::OK, None), "{case}");
    assert!(answer.body.len() > 5, "{case}: there is a receipt");
}

/// A header block of any length, in frames that the hub takes.
fn headers(stream: u32, block: &[u8]) -> Vec<u8> {
    let mut pieces = block.chunks(FRAME).peekable();
    let first = pieces.next().unwrap_or_default();
    let flag = |last: bool| if last { END_HEADERS } else { 0 };
    let mut bytes = frame(HEADERS, flag(pieces.peek().is_none()) | END_STREAM, stream, first);
    while let Some(piece) = pieces.next() {
        bytes.extend(frame(CONTINUATION, flag(pieces.peek().is_none()), stream, piece));
    }
    bytes
}

#[tokio::test]
async fn bad_024_much_metadata() {
    let siege = Siege::begin().await;
    let mut caller = siege.peer.caller().await;
    let names: Vec<String> = (0..200).map(|n| format!("x-exempel-{n}")).collect();
    let value = "x".repeat(100);
    let some: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), value.as_str())).collect();
    let answer = caller.call(SUBMIT, &some[..50], submission(&siege)).await.expect("an answer");
    is_accepted("7 kB of metadata that nobody reads", &answer);
    let answer = caller.call(SUBMIT, &some, submission(&siege)).await.expect("an answer");
    assert_eq!(answer.http, StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "28 kB of it");
    let answer = caller.call(SUBMIT, &[], submission(&siege)).await.expect("an answer");
    is_accepted("the same connection afterwards", &answer);
    drop(caller);
    siege.is_over().await;
}

#[tokio::test]
async fn bad_024_absurd_metadata() {
    let siege = Siege::begin().await;
    let keys: Vec<u8> = (0..10_000).flat_map(|n| field(&format!("x-exempel-{n}"), "1")).collect();
    // An entry of 4 kB for the other side's table, and ten thousand references to it of a byte each.
    let remembered = [&[0x40][..], &field("x", &"x".repeat(3_900))[1..]].concat();
    let bomb = [remembered, vec![0xbe; 10_000]].concat();
    let absurd = [
        ("ten thousand keys", keys),
        ("a value of 1 MB", field("x-exempel", &"x".repeat(1_000_000))),
        ("40 MB, compressed to 14 kB", bomb),
    ];
    for (case, more) in absurd {
        let wire = Wire::open(&siege.hub, siege.sender.device().presented(), &[]).await;
        let bytes = headers(1, &[call(SUBMIT), more].concat());
        let (code, ()) =
            tokio::join!(wire.sent_away_by(bytes.chunks(FRAME).map(<[u8]>::to_vec)), siege.goes_on());
        assert!(code.is_some_and(|code| code != 0), "{case}: {code:?}");
    }
    siege.is_over().await;
}

/// Nothing of a call's metadata means anything to the hub, so that it does not matter whether it can be read.
#[tokio::test]
async fn bad_025_binary_metadata_that_is_not_base64() {
    let siege = Siege::begin().await;
    let mut caller = siege.peer.caller().await;
    for value in ["***", "====", "a", "", "åäö", "\t", "grpc-status-details-bin"] {
        let metadata = [("x-exempel-bin", value), ("grpc-status-details-bin", value)];
        let answer = caller.call(SUBMIT, &metadata, submission(&siege)).await.expect("an answer");
        is_accepted(value, &answer);
    }
    drop(caller);
    siege.is_over().await;
}

#[tokio::test]
async fn bad_026_unknown_methods_and_services() {
    let siege = Siege::begin().await;
    let mut caller = siege.peer.caller().await;
    let long = format!("/samverkan.v1.RelayService/{}", "x".repeat(8_000));
    let paths = [
        "/samverkan.v1.RelayService/Eavesdrop",
        "/samverkan.v1.RelayService/submit",
        "/samverkan.v1.RelayService/Submit/",
        "/samverkan.v1.RelayService",
        "/samverkan.v2.RelayService/Submit",
        "//samverkan.v1.RelayService/Submit",
        "/samverkan.v1.RelayService/../RelayService/Submit",
        "/samverkan.v1.RelayService%2fSubmit",
        "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
        "/",
        &long,
    ];
    for path in paths {
        let answer = caller.request(Method::POST, path, &GRPC, submission(&siege)).await.expect("an answer");
        let refusal = answer.refused().unwrap_or_else(|| panic!("{path} exists"));
        assert_eq!((refusal.code, refusal.reason.as_str()), (Code::Unimplemented, ""), "{path}");
    }
    drop(caller);
    assert_eq!(siege.waiting().await, 2, "none of them was a message");
    siege.is_over().await;
}

#[tokio::test]
async fn bad_027_wrong_content_type() {
    let siege = Siege::begin().await;
    let mut caller = siege.peer.caller().await;
    let path = format!("/samverkan.v1.{SUBMIT}");
    for kind in ["application/json", "application/grpc-web", "text/html", "application/grp", ""] {
        let headers = [("content-type", kind), ("te", "trailers")];
        let answer =
            caller.request(Method::POST, &path, &headers, submission(&siege)).await.expect("an answer");
        assert_eq!(answer.http, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{kind}");
        assert!(answer.body.is_empty(), "{kind}");
    }
    let answer = caller.request(Method::POST, &path, &[], submission(&siege)).await.expect("an answer");
    assert_eq!(answer.http, StatusCode::UNSUPPORTED_MEDIA_TYPE, "none at all");
    for method in [Method::GET, Method::PUT, Method::OPTIONS, Method::TRACE] {
        let answer = caller.request(method.clone(), &path, &GRPC, Bytes::new()).await.expect("an answer");
        assert_eq!(answer.http, StatusCode::METHOD_NOT_ALLOWED, "{method}");
    }
    for kind in ["application/grpc", "application/grpc+proto", "application/grpc;x=1"] {
        let answer = caller
            .request(Method::POST, &path, &[("content-type", kind)], submission(&siege))
            .await
            .expect("an answer");
        is_accepted(kind, &answer);
    }
    drop(caller);
    assert_eq!(siege.waiting().await, 2 + 3, "nothing but the last three");
    siege.is_over().await;
}

/// `te: trailers` shows that no proxy of HTTP/1 stands between; TLS that ends in the hub shows it better.
#[tokio::test]
async fn bad_028_missing_te() {
    let siege = Siege::begin().await;
    let mut caller = siege.peer.caller().await;
    let path = format!("/samverkan.v1.{SUBMIT}");
    let answer =
        caller.request(Method::POST, &path, &GRPC[..1], submission(&siege)).await.expect("an answer");
    is_accepted("without te", &answer);
    drop(caller);
    siege.is_over().await;
}

#[tokio::test]
async fn bad_033_no_message_at_all() {
    let siege = Siege::begin().await;
    for (method, field) in [
        (SUBMIT, "message"),
        ("RelayService/GetMessageStatus", "message"),
        ("DirectoryService/Sync", "message"),
        ("EnrolmentService/Hello", "message"),
        ("RelayService/UploadBlob", "start"),
    ] {
        refused(method, siege.peer.gather(method, Vec::new()).await).is_invalid(field);
    }
    for method in ["RelayService/SubmitStream", "RelayService/Receive"] {
        assert!(siege.peer.gather(method, Vec::new()).await.expect(method).is_empty(), "{method}");
    }
    siege.is_over().await;
}

/// A call is complete when its caller has said so: not before, and however late that comes.
#[tokio::test]
async fn bad_034_late_half_close() {
    let siege = Siege::begin().await;
    let mut wire = Wire::open(&siege.hub, siege.sender.device().presented(), &[]).await;
    let late = frame(DATA, 0, 1, &submission(&siege));
    wire.send(&[begin(1, SUBMIT), late].concat()).await;
    let whole = frame(DATA, END_STREAM, 3, &submission(&siege));
    wire.send(&[begin(3, SUBMIT), whole].concat()).await;
    let first = wire.until("the first answer", |frame| frame.kind == DATA && !frame.payload.is_empty()).await;
    assert_eq!(first.stream, 3, "the call that came later and is whole");
    siege.goes_on().await;
    wire.send(&frame(DATA, END_STREAM, 1, &[])).await;
    wire.until("the other answer", |frame| frame.stream == 1 && frame.kind == DATA).await;
    drop(wire);
    siege.is_over().await;
}

#[tokio::test]
async fn bad_034_early_half_close() {
    let siege = Siege::begin().await;
    let whole = submission(&siege);
    for length in [1, 4, 5, 6, whole.len() / 2, whole.len() - 1] {
        let answer = siege.peer.post(SUBMIT, whole.slice(..length)).await.expect("an answer");
        let refusal = answer.refused().unwrap_or_else(|| panic!("{length} of {} bytes", whole.len()));
        refusal.is_invalid("message");
    }
    // Whoever says no more at once gets what there is, and an end.
    let start = v1::ReceiveRequest { step: Some(v1::receive_request::Step::Start(v1::Start { credit: 1 })) };
    let answers = siege.peer.gather("RelayService/Receive", vec![start.encode_to_vec().into()]).await;
    assert!(answers.expect("a clean end").len() <= 1);
    assert_eq!(siege.waiting().await, 2, "no half of a message was kept");
    siege.is_over().await;
}

/// A caller that never says that it is done is told that its own time is over.
#[tokio::test]
async fn bad_034_no_half_close_at_all() {
    let siege = Siege::begin().await;
    let mut wire = Wire::open(&siege.hub, siege.sender.device().presented(), &[]).await;
    let headers = [call(SUBMIT), field("grpc-timeout", "50m")].concat();
    wire.send(&[frame(HEADERS, END_HEADERS, 1, &headers), frame(DATA, 0, 1, &submission(&siege))].concat())
        .await;
    wire.end_of(1).await;
    let name = ErrorReason::DeadlineExceeded.as_str_name().trim_start_matches("ERROR_REASON_");
    siege.reaches(&format!("calls_refused_total{{reason=\"{name}\"}}"), 1).await;
    drop(wire);
    assert_eq!(siege.waiting().await, 2, "what was not whole was not taken in");
    siege.is_over().await;
}
