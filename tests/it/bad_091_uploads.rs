//! 90–93, 96 and 98: attachments on their way to the hub and back.

use crate::ground::Ground;
use bytes::Bytes;
use samverkan_proto::limits::{BLOB_HEADER, MAX_BLOB, MAX_BLOB_FRAME, SEGMENT, TAG_LEN};
use samverkan_proto::v1::upload_blob_request::Part;
use samverkan_proto::v1::{ErrorReason, UploadStart};
use samverkan_tests::until::until_async;
use samverkan_tests::wire::bytes::random;
use samverkan_tests::wire::upload::{Blob, Upload};
use samverkan_tests::wire::{Peer, Refused, refused};
use tonic::Code;

/// Where the first segment ends.
const BOUNDARY: usize = BLOB_HEADER + SEGMENT + TAG_LEN;

/// Sends the parts, ends the stream and returns the refusal.
async fn refuse(peer: &Peer, case: &str, parts: Vec<Part>) -> Refused {
    let mut upload = Upload::open(peer);
    for part in parts {
        upload.send(part).await;
    }
    refused(case, upload.finish().await)
}

#[tokio::test]
async fn bad_090_more_segments_than_there_are() {
    let ground = Ground::new().await;
    let segment = (SEGMENT + TAG_LEN) as u64;
    for (case, length) in
        [("32,769 segments", MAX_BLOB + segment), ("one byte more", MAX_BLOB + 1), ("all", u64::MAX)]
    {
        let start = UploadStart { blob_id: random::<32>().to_vec().into(), length, offset: 0 };
        let refusal = refuse(&ground.peer, case, vec![Part::Start(start)]).await;
        refusal.is(Code::ResourceExhausted, ErrorReason::MessageTooLarge, "");
    }
}

#[tokio::test]
async fn bad_080_lengths_that_no_attachment_has() {
    let ground = Ground::new().await;
    for length in [0, 1, BLOB_HEADER as u64, Blob::random(1).len() - 1, Blob::random(1).len() + 1] {
        let start = UploadStart { blob_id: random::<32>().to_vec().into(), length, offset: 0 };
        let refusal = refuse(&ground.peer, "an impossible length", vec![Part::Start(start)]).await;
        refusal.is_invalid("length");
    }
}

#[tokio::test]
async fn bad_091_frames() {
    let ground = Ground::new().await;
    let blob = Blob::random(3 << 20);
    let start = || Part::Start(blob.start(0));
    let frame = |len| Part::Data(blob.bytes.slice(..len));
    refuse(&ground.peer, "empty", vec![start(), frame(0)]).await.is_invalid("data");
    refuse(&ground.peer, "too large", vec![start(), frame(MAX_BLOB_FRAME + 1)]).await.is_invalid("data");
    refuse(&ground.peer, "no start", vec![frame(1)]).await.is_invalid("start");
    refuse(&ground.peer, "two starts", vec![start(), start()]).await.is_invalid("start");
    refuse(&ground.peer, "nothing at all", vec![]).await.is_invalid("start");
    let beyond = Blob::random(1);
    let more = Part::Data([beyond.bytes.as_ref(), b"x"].concat().into());
    refuse(&ground.peer, "beyond the end", vec![Part::Start(beyond.start(0)), more])
        .await
        .is_invalid("blob_id");
    let id = |bytes: &'static [u8]| {
        Part::Start(UploadStart { blob_id: Bytes::from_static(bytes), ..blob.start(0) })
    };
    refuse(&ground.peer, "a short id", vec![id(&[1; 31])]).await.is_invalid("blob_id");
    refuse(&ground.peer, "a long id", vec![id(&[1; 33])]).await.is_invalid("blob_id");
    refuse(&ground.peer, "no id", vec![id(&[0; 32])]).await.is_invalid("blob_id");
    blob.upload(&ground.peer).await.expect("none of that is in the way");
}

#[tokio::test]
async fn bad_083_upload_that_ends_early_goes_on_later() {
    let ground = Ground::new().await;
    let blob = Blob::random(200_000);
    let mut upload = Upload::open(&ground.peer);
    upload.send(Part::Start(blob.start(0))).await;
    upload.send(Part::Data(blob.bytes.slice(..BOUNDARY + 1000))).await;
    let answer = upload.finish().await.expect("an end before the end is no fault");
    assert_eq!((answer.offset, answer.complete), (BOUNDARY as u64 + 1000, false), "what came");
    let held = blob.held(&ground.peer).await.expect("what the hub has");
    assert_eq!((held.offset, held.complete), (BOUNDARY as u64, false), "rounded down to a segment");
    let answer = blob.upload_from(&ground.peer, held.offset).await.expect("the rest");
    assert_eq!((answer.offset, answer.complete), (blob.len(), true));
}

#[tokio::test]
async fn bad_092_resuming_where_nothing_is() {
    let ground = Ground::new().await;
    let blob = Blob::random(200_000);
    let out_of_range = |refusal: Refused| {
        refusal.is(Code::OutOfRange, ErrorReason::OffsetOutOfRange, "");
    };
    let start = |offset| vec![Part::Start(blob.start(offset))];
    out_of_range(refuse(&ground.peer, "before anything came", start(BOUNDARY as u64)).await);
    let mut upload = Upload::open(&ground.peer);
    upload.send(Part::Start(blob.start(0))).await;
    upload.send(Part::Data(blob.bytes.slice(..BOUNDARY))).await;
    upload.finish().await.expect("one segment");
    for offset in [1, 53, 55, BOUNDARY as u64 - 1, BOUNDARY as u64 + 1] {
        out_of_range(refuse(&ground.peer, "no boundary", start(offset)).await);
    }
    for offset in [2 * BOUNDARY as u64 - 54, blob.len(), blob.len() + 1, u64::MAX] {
        out_of_range(refuse(&ground.peer, "past what came", start(offset)).await);
    }
    blob.upload_from(&ground.peer, BOUNDARY as u64).await.expect("from where it stands");
}

#[tokio::test]
async fn bad_092_resuming_with_other_content() {
    let ground = Ground::new().await;
    let blob = Blob::random(200_000);
    let mut other = blob.bytes.to_vec();
    other[10] ^= 1;
    let mut upload = Upload::open(&ground.peer);
    upload.send(Part::Start(blob.start(0))).await;
    upload.send(Part::Data(other[..BOUNDARY].to_vec().into())).await;
    upload.finish().await.expect("one segment, of something else");
    let refusal = refused("the wrong beginning", blob.upload_from(&ground.peer, BOUNDARY as u64).await);
    refusal.is_invalid("blob_id");
    let held = blob.held(&ground.peer).await.expect("what the hub has");
    assert_eq!((held.offset, held.complete), (0, false), "the wrong bytes are not kept");
    blob.upload(&ground.peer).await.expect("the right bytes");
}

#[tokio::test]
async fn bad_093_two_uploads_at_once() {
    let ground = Ground::new().await;
    let blob = Blob::random(200_000);
    let mut first = Upload::open(&ground.peer);
    first.send(Part::Start(blob.start(0))).await;
    first.send(Part::Data(blob.bytes.slice(..BOUNDARY))).await;
    until_async("the first upload has begun", || async {
        let held = blob.held(&ground.peer).await.expect("what the hub has");
        (held.offset > 0).then_some(())
    })
    .await;
    let mut second = Upload::open(&ground.peer);
    second.send(Part::Start(blob.start(0))).await;
    let refusal = refused("a second upload", second.refused_early().await);
    refusal.is(Code::Aborted, ErrorReason::UploadInProgress, "");
    let foreign = blob.upload(&ground.recipient.connect(ground.hub)).await;
    foreign.expect("another organisation has a place of its own");
    first.send(Part::Data(blob.bytes.slice(BOUNDARY..))).await;
    assert!(first.finish().await.expect("the first goes on").complete);
}

#[tokio::test]
async fn bad_093_an_upload_that_breaks_off_gives_its_place_back() {
    let ground = Ground::new().await;
    let blob = Blob::random(200_000);
    let peer = ground.sender.connect(ground.hub);
    let mut first = Upload::open(&peer);
    first.send(Part::Start(blob.start(0))).await;
    first.send(Part::Data(blob.bytes.slice(..BOUNDARY))).await;
    until_async("the first upload has begun", || async {
        let held = blob.held(&ground.peer).await.expect("what the hub has");
        (held.offset > 0).then_some(())
    })
    .await;
    first.abort().await;
    let complete = until_async("the place is free", || async {
        match blob.upload(&ground.peer).await {
            Ok(answer) => Some(answer.complete),
            Err(refused) => {
                refused.is(Code::Aborted, ErrorReason::UploadInProgress, "");
                None
            }
        }
    })
    .await;
    assert!(complete);
}

#[tokio::test]
async fn bad_096_id_is_not_the_digest() {
    let ground = Ground::new().await;
    let blob = Blob { id: random(), ..Blob::random(5_000) };
    refused("another id", blob.upload(&ground.peer).await).is_invalid("blob_id");
    let held = blob.held(&ground.peer).await.expect("what the hub has");
    assert_eq!((held.offset, held.complete), (0, false), "the wrong bytes are not kept");
    let refusal = ground.refuse("naming it", |parcel| parcel.attach(blob.id, blob.len())).await;
    refusal.is(Code::FailedPrecondition, ErrorReason::BlobMissing, "");
}

/// A message with an attachment of this many bytes that the hub has taken: the attachment, and the message's id.
async fn sent_with(ground: &Ground, bytes: u64) -> (Blob, [u8; 16]) {
    let blob = Blob::random(bytes);
    blob.upload(&ground.peer).await.expect("uploaded");
    let mut parcel = ground.parcel();
    parcel.attach(blob.id, blob.len());
    parcel.submit(&ground.peer).await.expect("accepted");
    (blob, parcel.header.message_id)
}

#[tokio::test]
async fn bad_098_download_ranges() {
    let ground = Ground::new().await;
    let (blob, message) = sent_with(&ground, 200_000).await;
    let recipient = ground.recipient.connect(ground.hub);
    for (offset, length) in [
        (blob.len() + 1, 0),
        (blob.len(), 1),
        (0, blob.len() + 1),
        (1, blob.len()),
        (1, u64::MAX),
        (u64::MAX, 0),
        (u64::MAX, 1),
        (u64::MAX, u64::MAX),
    ] {
        let refusal = refused("beyond the end", blob.download(&recipient, message, offset, length).await);
        refusal.is(Code::OutOfRange, ErrorReason::OffsetOutOfRange, "");
    }
    assert_eq!(blob.download(&recipient, message, 0, 0).await.expect("all of it"), blob.bytes);
    let part = blob.download(&recipient, message, 100, 1000).await.expect("a part");
    assert_eq!(part, blob.bytes[100..1100]);
    let rest = blob.download(&recipient, message, BOUNDARY as u64, 0).await.expect("the rest");
    assert_eq!(rest, blob.bytes[BOUNDARY..]);
}

#[tokio::test]
async fn bad_098_downloads_by_others() {
    let ground = Ground::new().await;
    let (blob, message) = sent_with(&ground, 1).await;
    let recipient = ground.recipient.connect(ground.hub);
    let refusal = refused("the sender", blob.download(&ground.peer, message, 0, 0).await);
    refusal.is(Code::NotFound, ErrorReason::MessageUnknown, "");
    let other = Blob::random(1);
    let refusal = refused("another attachment", other.download(&recipient, message, 0, 0).await);
    refusal.is(Code::NotFound, ErrorReason::BlobUnknown, "");
    let unknown = *samverkan_proto::ids::MessageId::random().as_bytes();
    let refusal = refused("another message", blob.download(&recipient, unknown, 0, 0).await);
    refusal.is(Code::NotFound, ErrorReason::MessageUnknown, "");
}
