//! 32 and 35: calls that end while the hub is at work on them. Whatever became of one, the same call again comes out as if there had
//! been no first, and nothing is half done.

use crate::siege::Siege;
use bytes::Bytes;
use samverkan_proto::v1::receive_request::Step;
use samverkan_proto::v1::upload_blob_request::Part;
use samverkan_proto::v1::{
    Acknowledge, ErrorReason, GetMessageStatusRequest, GetMessageStatusResponse, ReceiveRequest, Start,
    SubmitStreamRequest, UploadBlobRequest,
};
use samverkan_tests::until::until_async;
use samverkan_tests::wire::http2::{self, ACK, CANCEL, DATA, END_STREAM, PING, Wire, begin, reset};
use samverkan_tests::wire::inbox::delivered;
use samverkan_tests::wire::upload::Blob;
use samverkan_tests::wire::{Inbox, Parcel, Refused, frames};
use tonic::Code;

const SUBMIT: &str = "RelayService/Submit";
/// Messages that wait before anything is cut off: those of [`Siege::begin`].
const BEFORE: usize = 2;

fn parcel(siege: &Siege) -> Parcel {
    Parcel::new(&siege.sender, &[&siege.recipient])
}

/// A gRPC message of any call.
fn message(request: &impl prost::Message) -> Bytes {
    frames::frame(&request.encode_to_vec())
}

/// The receipts that the hub holds about a message; `None` when it has none.
async fn receipts(siege: &Siege, parcel: &Parcel) -> Option<Vec<Bytes>> {
    let request = GetMessageStatusRequest { message_id: parcel.header.message_id.to_vec().into() };
    let status: Result<GetMessageStatusResponse, Refused> =
        siege.peer.call("RelayService/GetMessageStatus", &request).await;
    match status {
        Ok(status) => Some(status.receipts),
        Err(refused) => {
            refused.is(Code::NotFound, ErrorReason::MessageUnknown, "");
            None
        }
    }
}

/// Sends bytes and waits until the hub has read them.
async fn send(wire: &mut Wire, bytes: Vec<u8>) {
    wire.send(&[bytes, http2::frame(PING, 0, 0, &[0; 8])].concat()).await;
    wire.until("an answer to a ping", |frame| frame.kind == PING && frame.flags & ACK != 0).await;
}

async fn wire(siege: &Siege) -> Wire {
    Wire::open(&siege.hub, siege.sender.device().presented(), &[]).await
}

#[tokio::test]
async fn bad_032_deadline_in_the_middle_of_a_commit() {
    const ENOUGH: usize = 3;
    let siege = Siege::begin().await;
    let mut caller = siege.peer.caller().await;
    let (mut sent, mut cut_and_kept) = (0, 0);
    // Longer after one that came to nothing, shorter after one that was answered, until some have ended between the write and the answer.
    let mut micros = 2_000_u64;
    while sent < 800 {
        let parcel = parcel(&siege);
        let timeout = format!("{micros}u");
        let answer = caller.call(SUBMIT, &[("grpc-timeout", &timeout)], message(&parcel.request())).await;
        let answer = answer.expect("an answer");
        let kept = receipts(&siege, &parcel).await;
        let again = parcel.submit(&siege.peer).await.expect("the same again");
        if let Some(refused) = answer.refused() {
            refused.is(Code::DeadlineExceeded, ErrorReason::DeadlineExceeded, "");
            cut_and_kept += usize::from(kept.is_some());
            micros += if kept.is_some() { 0 } else { micros / 20 + 1 };
        } else {
            assert!(kept.is_some(), "what was answered is there");
            micros -= micros / 20;
        }
        if let Some(kept) = kept {
            assert!(kept.contains(&Bytes::from(again)), "the same receipt");
        }
        sent += 1;
        if cut_and_kept == ENOUGH {
            break;
        }
    }
    assert_eq!(cut_and_kept, ENOUGH, "of {sent} calls");
    drop(caller);
    assert_eq!(siege.waiting().await, BEFORE + sent, "each message once");
    siege.is_over().await;
}

#[tokio::test]
async fn bad_035_cancelled_after_every_byte() {
    let siege = Siege::begin().await;
    let parcel = parcel(&siege);
    let bytes = message(&parcel.request());
    let mut wire = wire(&siege).await;
    for length in 0..bytes.len() {
        let stream = 2 * u32::try_from(length).expect("a small message") + 1;
        let mut begun = begin(stream, SUBMIT);
        if length > 0 {
            begun.extend(http2::frame(DATA, 0, stream, &bytes[..length]));
        }
        if length % 2 == 0 {
            // The hub has it all before the cancellation comes.
            send(&mut wire, begun).await;
            begun = Vec::new();
        }
        send(&mut wire, [begun, reset(stream, CANCEL)].concat()).await;
    }
    drop(wire);
    assert_eq!(receipts(&siege, &parcel).await, None, "a part of a message is none");
    let receipt = parcel.submit(&siege.peer).await.expect("the whole message");
    assert_eq!(parcel.submit(&siege.peer).await.expect("again"), receipt);
    assert_eq!(siege.waiting().await, BEFORE + 1);
    siege.is_over().await;
}

#[tokio::test]
async fn bad_035_cancelled_while_it_is_decided_and_committed() {
    const CALLS: u32 = 60;
    /// So many are cancelled when the hub has the message for sure, however fast it is.
    const TOO_LATE: u32 = 4;
    let siege = Siege::begin().await;
    let mut wire = wire(&siege).await;
    let mut kept_calls = 0;
    for n in 0..CALLS {
        let parcel = parcel(&siege);
        // Alone, or one among others on a stream.
        let (method, bytes) = match n % 2 {
            0 => (SUBMIT, message(&parcel.request())),
            _ => {
                let request = SubmitStreamRequest { message: Some(parcel.request()) };
                ("RelayService/SubmitStream", message(&request))
            }
        };
        let stream = 2 * n + 1;
        wire.send(&[begin(stream, method), http2::frame(DATA, END_STREAM, stream, &bytes)].concat()).await;
        // Each time the hub gets a little further before it hears.
        for _ in 0..n / 4 {
            send(&mut wire, Vec::new()).await;
        }
        if n >= CALLS - TOO_LATE {
            until_async("the hub has it", || receipts(&siege, &parcel)).await;
        }
        send(&mut wire, reset(stream, CANCEL)).await;
        let kept = receipts(&siege, &parcel).await;
        let again = Bytes::from(parcel.submit(&siege.peer).await.expect("the same again"));
        if let Some(kept) = kept {
            assert!(kept.contains(&again), "the same receipt");
            kept_calls += 1;
        }
    }
    assert!(kept_calls >= TOO_LATE, "some were cancelled too late");
    drop(wire);
    assert_eq!(siege.waiting().await, BEFORE + CALLS as usize, "each message once");
    siege.is_over().await;
}

/// An upload that is cancelled after any frame goes on from what came, and no message may name it before it is whole.
#[tokio::test]
async fn bad_035_cancelled_upload() {
    const FRAMES: usize = 4;
    let siege = Siege::begin().await;
    let blob = Blob::random(FRAMES as u64 * 65_536);
    let pieces: Vec<&[u8]> = blob.bytes.chunks(blob.bytes.len().div_ceil(FRAMES)).collect();
    let mut naming = parcel(&siege);
    naming.attach(blob.id, blob.len());
    for sent in 0..=FRAMES {
        let offset = blob.held(&siege.peer).await.expect("an answer").offset;
        let mut wire = wire(&siege).await;
        let mut bytes = begin(1, "RelayService/UploadBlob");
        let start = UploadBlobRequest { part: Some(Part::Start(blob.start(offset))) };
        let from = usize::try_from(offset).expect("a small attachment");
        let rest = blob.bytes.slice(from..);
        let parts = rest
            .chunks(pieces[0].len())
            .take(sent)
            .map(|piece| UploadBlobRequest { part: Some(Part::Data(Bytes::copy_from_slice(piece))) });
        for part in std::iter::once(start).chain(parts) {
            for piece in message(&part).chunks(16 << 10) {
                bytes.extend(http2::frame(DATA, 0, 1, piece));
            }
        }
        send(&mut wire, bytes).await;
        send(&mut wire, reset(1, CANCEL)).await;
        siege.reaches("streams{stream=\"Upload\"}", 0).await;
        let held = blob.held(&siege.peer).await.expect("an answer");
        assert!(held.offset >= offset && held.offset <= blob.len(), "{held:?}");
        if !held.complete {
            let refused = naming.submit(&siege.peer).await.expect_err("half an attachment");
            refused.is(Code::FailedPrecondition, ErrorReason::BlobMissing, "");
        }
    }
    let done = until_async("the rest is taken", || async {
        let offset = blob.held(&siege.peer).await.expect("an answer").offset;
        blob.upload_from(&siege.peer, offset).await.ok().filter(|done| done.complete)
    })
    .await;
    assert_eq!(done.offset, blob.len());
    naming.submit(&siege.peer).await.expect("now it is all there");
    let recipient = siege.recipient.connect(&siege.hub);
    let mut inbox = Inbox::open(&recipient).await.expect("a stream");
    inbox.drain().await.expect("what waits");
    let came = blob.download(&recipient, naming.header.message_id, 0, 0).await.expect("the attachment");
    assert_eq!(came, blob.bytes, "byte for byte");
    drop((inbox, recipient));
    siege.is_over().await;
}

/// What was handed over and not acknowledged comes again, wherever the stream was cut off; what was acknowledged does not.
#[tokio::test]
async fn bad_035_cancelled_receiving() {
    let siege = Siege::begin().await;
    let recipient = siege.recipient.connect(&siege.hub);
    let first = Inbox::open(&recipient).await.expect("a stream").drain().await.expect("what waits");
    assert_eq!(first.deliveries.len(), BEFORE);
    let start = ReceiveRequest { step: Some(Step::Start(Start { credit: 10 })) };
    for pings in 0..8 {
        let own = siege.recipient.device().presented();
        let mut wire = Wire::open(&siege.hub, own, &[]).await;
        let bytes = [begin(1, "RelayService/Receive"), http2::frame(DATA, 0, 1, &message(&start))].concat();
        wire.send(&bytes).await;
        for _ in 0..pings {
            send(&mut wire, Vec::new()).await;
        }
        send(&mut wire, reset(1, CANCEL)).await;
        siege.reaches("streams{stream=\"Receive\"}", 0).await;
    }
    assert_eq!(siege.waiting().await, BEFORE, "nothing was said about them");
    let receipts = first
        .deliveries
        .iter()
        .map(|delivery| delivered(delivery, siege.recipient.org(), siege.recipient.device()).into());
    let said = Acknowledge { receipts: receipts.collect(), events_through: 0 };
    let said = ReceiveRequest { step: Some(Step::Acknowledge(said)) };
    let mut wire = Wire::open(&siege.hub, siege.recipient.device().presented(), &[]).await;
    let steps = [message(&start), message(&said)].concat();
    let bytes = [begin(1, "RelayService/Receive"), http2::frame(DATA, 0, 1, &steps)].concat();
    send(&mut wire, bytes).await;
    send(&mut wire, reset(1, CANCEL)).await;
    siege.reaches("streams{stream=\"Receive\"}", 0).await;
    // They were taken or they were not, both of them; said again, they are taken, and then nothing waits.
    let mut inbox = Inbox::open(&recipient).await.expect("a stream");
    let left = inbox.drain().await.expect("what waits").deliveries.len();
    assert!([0, BEFORE].contains(&left), "{left} of {BEFORE}");
    let again = first.deliveries.iter();
    let again = again.map(|delivery| delivered(delivery, siege.recipient.org(), siege.recipient.device()));
    assert_eq!(inbox.acknowledge(again.collect(), 0).await.expect("taken"), []);
    drop((wire, inbox));
    assert_eq!(siege.waiting().await, 0);
    drop(recipient);
    siege.is_over().await;
}
