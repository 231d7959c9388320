//! 36–38: connections that end under open streams, more streams than there are places, and frames out of order.

use crate::siege::Siege;
use prost::Message as _;
use samverkan_hub::limits::STREAMS_PER_CONNECTION;
use samverkan_proto::v1::submit_stream_response::Outcome;
use samverkan_proto::v1::{SubmitStreamRequest, SubmitStreamResponse};
use samverkan_tests::wire::http2::{
    CANCEL, DATA, END_HEADERS, END_STREAM, FRAME_SIZE_ERROR, GOAWAY, HEADERS, NO_ERROR, PROTOCOL_ERROR,
    REFUSED_STREAM, RST_STREAM, STREAM_CLOSED, Wire, begin, call, field, frame, reset,
};
use samverkan_tests::wire::{Parcel, frames};

const RECEIVE: &str = "RelayService/Receive";
const SUBMIT: &str = "RelayService/Submit";
const SUBMIT_STREAM: &str = "RelayService/SubmitStream";

async fn wire(siege: &Siege) -> Wire {
    Wire::open(&siege.hub, siege.sender.device().presented(), &[]).await
}

/// A message for a submission stream, as a frame.
fn handed_in(parcel: &Parcel) -> Vec<u8> {
    let request = SubmitStreamRequest { message: Some(parcel.request()) };
    frame(DATA, 0, 1, &frames::frame(&request.encode_to_vec()))
}

/// The receipt that a submission stream answers next.
async fn receipt(wire: &mut Wire) -> Vec<u8> {
    let answer = wire.until("an answer", |frame| frame.kind == DATA && !frame.payload.is_empty()).await;
    let answer = SubmitStreamResponse::decode(&answer.payload[5..]).expect("an answer");
    let Some(Outcome::Receipt(receipt)) = answer.outcome else { panic!("refused: {answer:?}") };
    receipt.to_vec()
}

/// A client that goes away lets its open streams end, and so does the hub.
#[tokio::test]
async fn bad_036_goaway_during_a_stream() {
    let siege = Siege::begin().await;
    for code in [NO_ERROR, PROTOCOL_ERROR, CANCEL] {
        let (before, after) = (0, 1);
        let parcels = [before, after].map(|_| Parcel::new(&siege.sender, &[&siege.recipient]));
        let mut wire = wire(&siege).await;
        wire.send(&[begin(1, SUBMIT_STREAM), handed_in(&parcels[before])].concat()).await;
        let first = receipt(&mut wire).await;
        let goaway = [0_u32.to_be_bytes(), code.to_be_bytes()].concat();
        wire.send(&frame(GOAWAY, 0, 0, &goaway)).await;
        if code == NO_ERROR {
            wire.send(&handed_in(&parcels[after])).await;
            let second = receipt(&mut wire).await;
            assert_eq!(parcels[after].submit(&siege.peer).await.expect("it is there"), second);
            wire.send(&frame(DATA, END_STREAM, 1, &[])).await;
            wire.end_of(1).await;
            // Nothing is left that could come, so that the hub closes the connection.
            while wire.next().await.is_some() {}
        } else {
            // It says that something is wrong, and leaves; the hub may have closed the stream before.
            let _ = wire.try_send(&handed_in(&parcels[after])).await;
            drop(wire);
        }
        assert_eq!(parcels[before].submit(&siege.peer).await.expect("it is there"), first);
        // Whether the second one came in time or not, it is whole or not there.
        parcels[after].submit(&siege.peer).await.expect("it can be handed in again");
    }
    siege.is_over().await;
}

#[tokio::test]
async fn bad_037_more_streams_than_allowed() {
    let siege = Siege::begin().await;
    let mut wire = wire(&siege).await;
    let streams: Vec<u32> = (0..STREAMS_PER_CONNECTION).map(|n| 2 * n + 1).collect();
    let opened: Vec<u8> = streams.iter().flat_map(|stream| begin(*stream, SUBMIT_STREAM)).collect();
    wire.send(&opened).await;
    siege.reaches("streams{stream=\"Submit\"}", STREAMS_PER_CONNECTION.into()).await;
    let more = 2 * STREAMS_PER_CONNECTION + 1;
    for stream in [more, more + 2, more + 4] {
        wire.send(&begin(stream, SUBMIT_STREAM)).await;
        let end = wire.end_of(stream).await;
        assert_eq!((end.kind, end.code()), (RST_STREAM, Some(REFUSED_STREAM)), "it may be tried again");
    }
    assert_eq!(siege.metric("streams{stream=\"Submit\"}"), u64::from(STREAMS_PER_CONNECTION));
    siege.goes_on().await;
    // The others were not harmed, and a place that is given back can be taken.
    wire.send(&handed_in(&Parcel::new(&siege.sender, &[&siege.recipient]))).await;
    receipt(&mut wire).await;
    wire.send(&reset(streams[1], CANCEL)).await;
    siege.reaches("streams{stream=\"Submit\"}", u64::from(STREAMS_PER_CONNECTION) - 1).await;
    wire.send(&begin(more + 6, SUBMIT_STREAM)).await;
    siege.reaches("streams{stream=\"Submit\"}", STREAMS_PER_CONNECTION.into()).await;
    drop(wire);
    siege.is_over().await;
}

/// Streams far beyond the bound, without waiting for a refusal.
#[tokio::test]
async fn bad_037_ten_thousand_streams() {
    let siege = Siege::begin().await;
    let pieces =
        (0..10_000).map(|n| begin(2 * n + 1, RECEIVE)).chain(std::iter::once(frame(DATA, 0, 0, &[])));
    let (said, ()) = tokio::join!(wire(&siege).await.sent_away_by(pieces), siege.goes_on());
    // Its last word may be lost behind the refusals that are still on their way.
    assert_ne!(said, Some(NO_ERROR));
    siege.is_over().await;
}

/// Header blocks that come before what they belong to, or are none, are refused by name: with the stream, or with the connection.
#[tokio::test]
async fn bad_038_trailers_before_headers() {
    let siege = Siege::begin().await;
    let trailers = |stream| frame(HEADERS, END_HEADERS | END_STREAM, stream, &field("grpc-status", "0"));
    let opened = |block: &[u8]| frame(HEADERS, END_HEADERS, 1, block);
    let endless = [begin(1, SUBMIT_STREAM), frame(HEADERS, END_HEADERS, 1, &field("a", "b"))].concat();
    let wrong: [(&str, Vec<u8>); 7] = [
        ("trailers alone", trailers(1)),
        ("a pseudo-header behind a header", opened(&[field("te", "trailers"), call(SUBMIT)].concat())),
        ("a pseudo-header twice", opened(&[call(SUBMIT), field(":path", "/again")].concat())),
        ("a name in capitals", opened(&[call(SUBMIT), field("X-Exempel", "a")].concat())),
        ("a header of HTTP/1", opened(&[call(SUBMIT), field("connection", "close")].concat())),
        ("a te that HTTP/2 has not", opened(&[call(SUBMIT), field("te", "gzip")].concat())),
        ("trailers that do not end the stream", endless),
    ];
    for (case, bytes) in wrong {
        let mut wire = wire(&siege).await;
        wire.send(&bytes).await;
        let end = wire.until(case, |frame| frame.code().is_some()).await;
        assert_eq!(end.code(), Some(PROTOCOL_ERROR), "{case}: {end:?}");
        siege.goes_on().await;
    }
    // Trailers behind a message are allowed, and mean nothing.
    let mut wire = wire(&siege).await;
    let parcel = Parcel::new(&siege.sender, &[&siege.recipient]);
    let message = frames::frame(&parcel.request().encode_to_vec());
    wire.send(&[begin(1, SUBMIT), frame(DATA, 0, 1, &message), trailers(1)].concat()).await;
    wire.until("the receipt", |frame| frame.kind == DATA && frame.stream == 1).await;
    drop(wire);
    siege.is_over().await;
}

/// Frames that no order could make right end the connection, with the error's name.
#[tokio::test]
async fn bad_038_frames_that_belong_nowhere() {
    let siege = Siege::begin().await;
    let closed =
        [frame(HEADERS, END_HEADERS | END_STREAM, 1, &call(SUBMIT)), frame(DATA, 0, 1, &[0])].concat();
    let wrong: [(&str, Vec<u8>, u32); 5] = [
        ("data before headers", frame(DATA, 0, 1, b"early"), PROTOCOL_ERROR),
        ("a stream of the hub's", begin(2, SUBMIT), PROTOCOL_ERROR),
        ("a header block that is none", frame(HEADERS, END_HEADERS, 1, &[0xff; 40]), PROTOCOL_ERROR),
        ("a reset before headers", reset(1, CANCEL), PROTOCOL_ERROR),
        ("a frame of 1 MiB", frame(DATA, 0, 1, &vec![0; 1 << 20]), FRAME_SIZE_ERROR),
    ];
    for (case, bytes, code) in wrong {
        let (said, ()) =
            tokio::join!(wire(&siege).await.sent_away_by(std::iter::once(bytes)), siege.goes_on());
        assert_eq!(said, Some(code), "{case}");
    }
    let mut wire = wire(&siege).await;
    wire.send(&closed).await;
    let reset = wire.until("a reset", |frame| frame.code().is_some()).await;
    assert!(
        [Some(STREAM_CLOSED), Some(PROTOCOL_ERROR)].contains(&reset.code()),
        "data behind the end: {reset:?}"
    );
    drop(wire);
    siege.is_over().await;
}
