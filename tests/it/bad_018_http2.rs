//! 18–23: floods of frames that cost nothing to send, and a reader that never reads.

use crate::siege::Siege;
use prost::Message as _;
use samverkan_proto::v1::{self, SubmitStreamRequest};
use samverkan_tests::wire::frames;
use samverkan_tests::wire::http2::{
    ACK, CANCEL, CONTINUATION, DATA, END_STREAM, ENHANCE_YOUR_CALM, FLOW_CONTROL_ERROR, GOAWAY, HEADERS,
    INITIAL_WINDOW_SIZE, PING, SETTINGS, WINDOW_UPDATE, Wire, begin, call, field, frame, reset, settings,
};
use samverkan_tests::wire::{Parcel, Peer};

const RECEIVE: &str = "RelayService/Receive";
const SUBMIT: &str = "RelayService/Submit";
const SUBMIT_STREAM: &str = "RelayService/SubmitStream";

/// A connection of a joined device, that of the member whose work goes on.
async fn wire(siege: &Siege) -> Wire {
    Wire::open(&siege.hub, siege.sender.device().presented(), &[]).await
}

/// Floods the hub on one connection while the member works, and sees that the hub ends that connection with this code.
async fn ends_with(siege: &Siege, pieces: impl Iterator<Item = Vec<u8>>, code: u32) {
    let (said, ()) = tokio::join!(wire(siege).await.sent_away_by(pieces), siege.goes_on());
    assert_eq!(said, Some(code));
}

fn odd(n: u32) -> u32 {
    2 * n + 1
}

#[tokio::test]
async fn bad_018_rapid_reset() {
    let siege = Siege::begin().await;
    let open_and_reset = |n| [begin(odd(n), RECEIVE), reset(odd(n), CANCEL)].concat();
    // Many in each piece, so that they come faster than the hub takes them on.
    let pieces = (0..2_000).map(|piece| (50 * piece..50 * piece + 50).flat_map(open_and_reset).collect());
    ends_with(&siege, pieces, ENHANCE_YOUR_CALM).await;
    siege.is_over().await;
}

/// The same attack through the hub's own hand: each stream breaks a rule, so that it is the hub that resets it.
#[tokio::test]
async fn bad_018_resets_that_the_hub_is_made_to_send() {
    let siege = Siege::begin().await;
    let too_far = |stream| frame(WINDOW_UPDATE, 0, stream, &0x7fff_ffff_u32.to_be_bytes());
    let made = |n| [begin(odd(n), RECEIVE), too_far(odd(n))].concat();
    let pieces = (0..2_000).map(|piece| (50 * piece..50 * piece + 50).flat_map(made).collect());
    ends_with(&siege, pieces, ENHANCE_YOUR_CALM).await;
    siege.is_over().await;
}

#[tokio::test]
async fn bad_019_continuation_flood() {
    let siege = Siege::begin().await;
    let first = || std::iter::once(frame(HEADERS, 0, 1, &call(SUBMIT)));
    let large = field("x-exempel", &"x".repeat(16_000));
    let more = std::iter::repeat_with(|| frame(CONTINUATION, 0, 1, &large)).take(10_000);
    ends_with(&siege, first().chain(more), ENHANCE_YOUR_CALM).await;
    let empty = std::iter::repeat_with(|| frame(CONTINUATION, 0, 1, &[]).repeat(100)).take(10_000);
    ends_with(&siege, first().chain(empty), ENHANCE_YOUR_CALM).await;
    siege.is_over().await;
}

/// RUSTSEC-2026-0258: the HTTP/2 library once queued such frames without a bound.
#[tokio::test]
async fn bad_020_empty_data_flood() {
    let siege = Siege::begin().await;
    for method in [SUBMIT, SUBMIT_STREAM, RECEIVE, "RelayService/UploadBlob", "No/Such"] {
        let first = std::iter::once(begin(1, method));
        let empty = std::iter::repeat_with(|| frame(DATA, 0, 1, &[]).repeat(1_000)).take(1_000);
        let (said, ()) = tokio::join!(wire(&siege).await.sent_away_by(first.chain(empty)), siege.goes_on());
        assert_eq!(said, Some(ENHANCE_YOUR_CALM), "{method}");
    }
    siege.is_over().await;
}

/// The answers are left unread. The hub holds the sender back by not reading on, which HTTP/2 can not, but TCP does.
#[tokio::test]
async fn bad_021_settings_and_ping_floods() {
    const MOST: usize = 256 << 20;
    let siege = Siege::begin().await;
    for flood in
        [frame(PING, 0, 0, &[1; 8]), settings(&[(INITIAL_WINDOW_SIZE, 1)]), frame(SETTINGS, 0, 0, &[])]
    {
        let mut wire = wire(&siege).await;
        let bytes = flood.repeat(4_000);
        let ((), ()) = tokio::join!(wire.stuff(&bytes, MOST), siege.goes_on());
        siege.goes_on().await;
        drop(wire);
        siege.reaches("connections", 1).await;
    }
    // Answers that nobody asked for mean nothing, and cost nothing.
    let mut wire = wire(&siege).await;
    wire.send(&frame(PING, ACK, 0, &[2; 8]).repeat(100)).await;
    wire.send(&frame(PING, 0, 0, &[3; 8])).await;
    let pong = wire.until("an answer", |frame| frame.kind == PING && frame.flags & ACK != 0).await;
    assert_eq!(pong.payload, [3; 8]);
    drop(wire);
    siege.is_over().await;
}

/// Answers wait for a window that never opens, while every ping is answered.
#[tokio::test]
async fn bad_022_window_0_for_ever() {
    let siege = Siege::with(&[("unread_seconds", "1")]).await;
    let sync = frames::frame(&v1::SyncRequest { from_leaf: 0 }.encode_to_vec());
    let hello = frames::frame(b"");
    for (method, message) in [("DirectoryService/Sync", sync), ("EnrolmentService/Hello", hello)] {
        let before = siege.metric("connections_closed_total{reason=\"Stalled\"}");
        let own = siege.sender.device().presented();
        let mut wire = Wire::open(&siege.hub, own, &[(INITIAL_WINDOW_SIZE, 0)]).await;
        wire.send(&[begin(1, method), frame(DATA, END_STREAM, 1, &message)].concat()).await;
        siege.goes_on().await;
        while let Some(came) = wire.next().await {
            assert_ne!((came.kind, came.payload.is_empty()), (DATA, false), "the window is closed");
            if came.kind == PING && came.flags & ACK == 0 {
                // It may have been closed in this moment.
                let _ = wire.try_send(&frame(PING, ACK, 0, &came.payload)).await;
            }
        }
        siege.reaches("connections_closed_total{reason=\"Stalled\"}", before + 1).await;
    }
    siege.is_over().await;
}

#[tokio::test]
async fn bad_022_a_window_beyond_all_bounds() {
    let siege = Siege::begin().await;
    let too_far = frame(WINDOW_UPDATE, 0, 0, &0x7fff_ffff_u32.to_be_bytes());
    ends_with(&siege, std::iter::once(too_far), FLOW_CONTROL_ERROR).await;
    siege.is_over().await;
}

/// A message in frames of one byte is a message, with the same receipt as in one.
#[tokio::test]
async fn bad_023_one_byte_data_frames() {
    let siege = Siege::begin().await;
    let parcel = Parcel::new(&siege.sender, &[&siege.recipient]);
    let message = frames::frame(&parcel.request().encode_to_vec());
    let mut wire = wire(&siege).await;
    wire.send(&begin(1, SUBMIT)).await;
    let bytes: Vec<u8> = message.iter().flat_map(|byte| frame(DATA, 0, 1, &[*byte])).collect();
    let ends = frame(DATA, END_STREAM, 1, &[]);
    wire.send(&[bytes, ends].concat()).await;
    let answer = wire.until("the receipt", |frame| frame.kind == DATA && frame.stream == 1).await;
    let answer = v1::SubmitResponse::decode(&answer.payload[5..]).expect("an answer");
    assert_eq!(parcel.submit(&siege.peer).await.expect("it is there"), answer.receipt);
    drop(wire);
    siege.is_over().await;
}

/// Frames of one byte that the hub does not read fast enough are a flood, and end the connection.
#[tokio::test]
async fn bad_023_one_byte_frames_without_end() {
    let siege = Siege::begin().await;
    // It waits for nothing but the end of a message of 4 MiB.
    let first = [begin(1, SUBMIT), frame(DATA, 0, 1, &[0, 0, 0x3f, 0xff, 0xff])].concat();
    let bytes = std::iter::repeat_with(|| frame(DATA, 0, 1, &[0]).repeat(10_000)).take(450);
    let pieces = std::iter::once(first).chain(bytes);
    // Past the message's end the call is refused, and whatever comes still is for a closed stream.
    let ends = std::iter::once(frame(GOAWAY, 0, 0, &[0; 8]));
    let (said, ()) = tokio::join!(wire(&siege).await.sent_away_by(pieces.chain(ends)), siege.goes_on());
    assert_eq!(said, Some(ENHANCE_YOUR_CALM));
    siege.is_over().await;
}

/// Streams that are opened and left alone hold a place on their own connection and nothing else.
#[tokio::test]
async fn bad_023_streams_that_say_nothing() {
    let siege = Siege::begin().await;
    let mut wire = wire(&siege).await;
    let opened: Vec<u8> = (0..100).flat_map(|n| begin(odd(n), SUBMIT_STREAM)).collect();
    wire.send(&opened).await;
    siege.reaches("streams{stream=\"Submit\"}", 100).await;
    let empty = SubmitStreamRequest::default().encode_to_vec();
    wire.send(&frame(DATA, 0, 1, &frames::frame(&empty))).await;
    wire.until("an answer on the first of them", |frame| frame.kind == DATA && frame.stream == 1).await;
    let peer: Peer = siege.sender.connect(&siege.hub);
    Parcel::new(&siege.sender, &[&siege.recipient]).submit(&peer).await.expect("the hub goes on");
    drop((wire, peer));
    siege.is_over().await;
}
