//! 69 and 71: attachments and consents that a message names and the hub does not have.

use crate::ground::Ground;
use samverkan_proto::limits::{DAY_MS, MAX_BLOB};
use samverkan_proto::padding::blob_len;
use samverkan_proto::v1::upload_blob_request::Part;
use samverkan_proto::v1::{ErrorReason, RegisterConsentsRequest, RegisterConsentsResponse};
use samverkan_tests::wire::bytes::random;
use samverkan_tests::wire::statement::RawStub;
use samverkan_tests::wire::upload::{Blob, Upload};
use samverkan_tests::wire::{Member, Parcel, Peer, RawBlob, now_ms, refused};
use tonic::Code;

#[tokio::test]
async fn bad_069_attachment_that_is_not_there() {
    let ground = Ground::new().await;
    let missing = |refusal: samverkan_tests::wire::Refused| {
        refusal.is(Code::FailedPrecondition, ErrorReason::BlobMissing, "");
    };
    missing(ground.refuse("never uploaded", |parcel| parcel.attach(random(), blob_len(1))).await);

    let half = Blob::random(100_000);
    let mut upload = Upload::open(&ground.peer);
    upload.send(Part::Start(half.start(0))).await;
    upload.send(Part::Data(half.bytes.slice(..70_000))).await;
    // Ending early leaves what came before; the answer is another test's concern.
    let _ = upload.finish().await;
    missing(ground.refuse("half uploaded", |parcel| parcel.attach(half.id, half.len())).await);

    let foreign = Blob::random(1);
    foreign.upload(&ground.recipient.connect(ground.hub)).await.expect("the recipient's own upload");
    missing(ground.refuse("another organisation's", |parcel| parcel.attach(foreign.id, foreign.len())).await);

    let own = Blob::random(1);
    own.upload(&ground.peer).await.expect("uploaded");
    missing(ground.refuse("of another length", |parcel| parcel.attach(own.id, blob_len(5_000))).await);
    ground.accept("as it is", |parcel| parcel.attach(own.id, own.len())).await;
}

#[tokio::test]
async fn bad_069_attachment_that_can_not_be() {
    let ground = Ground::new().await;
    for len in [0, 54, 4096, blob_len(1) - 1, blob_len(1) + 1, MAX_BLOB + 1, u64::MAX] {
        let refusal = ground.refuse("an impossible length", |parcel| parcel.attach(random(), len)).await;
        refusal.is_invalid("header.blobs.len");
    }
    let blob = Blob::random(1);
    blob.upload(&ground.peer).await.expect("uploaded");
    let twice = |parcel: &mut Parcel| {
        parcel.header.blobs = vec![RawBlob { id: blob.id, len: blob.len() }; 2];
    };
    ground.refuse("named twice", twice).await.is_invalid("header.blobs");
    ground
        .refuse("no digest", |parcel| parcel.attach([0; 32], blob_len(1)))
        .await
        .is_invalid("header.blobs.blob_id");
}

async fn register(peer: &Peer, member: &Member, stubs: &[&RawStub]) {
    let stubs = stubs.iter().map(|stub| stub.signed_by(&member.device().signer).into()).collect();
    let request = RegisterConsentsRequest { stubs };
    let registered: Result<RegisterConsentsResponse, _> =
        peer.call("ConsentService/RegisterConsents", &request).await;
    registered.expect("the stubs are registered");
}

fn on_consent(handles: &[[u8; 16]]) -> impl Fn(&mut Parcel) {
    let handles = handles.to_vec();
    move |parcel| {
        parcel.header.basis = 1;
        parcel.header.handles = handles.clone();
        parcel.header.sort();
    }
}

fn stub_of(member: &Member) -> RawStub {
    RawStub::new(member.org(), member.device().id(), now_ms() + DAY_MS)
}

#[tokio::test]
async fn bad_071_consent_that_is_unknown() {
    let ground = Ground::new().await;
    let refusal = ground.refuse("never registered", on_consent(&[random()])).await;
    refusal.is(Code::FailedPrecondition, ErrorReason::ConsentHandleUnknown, "");
    let known = stub_of(&ground.sender);
    register(&ground.peer, &ground.sender, &[&known]).await;
    let refusal = ground.refuse("one of two", on_consent(&[known.handle, random()])).await;
    refusal.is(Code::FailedPrecondition, ErrorReason::ConsentHandleUnknown, "");
    ground.accept("the other is not used up by a refusal", on_consent(&[known.handle])).await;
}

#[tokio::test]
async fn bad_071_consent_that_is_used() {
    let ground = Ground::new().await;
    let (used, fresh) = (stub_of(&ground.sender), stub_of(&ground.sender));
    register(&ground.peer, &ground.sender, &[&used, &fresh]).await;
    ground.accept("the first time", on_consent(&[used.handle])).await;
    for handles in [vec![used.handle], vec![used.handle, fresh.handle]] {
        let refusal = ground.refuse("the second time", on_consent(&handles)).await;
        refusal.is(Code::FailedPrecondition, ErrorReason::ConsentHandleUsed, "");
    }
    ground.accept("the fresh one still counts", on_consent(&[fresh.handle])).await;
    let mut foreign = Parcel::new(&ground.recipient, &[&ground.sender]);
    on_consent(&[used.handle])(&mut foreign);
    let refusal =
        refused("by another organisation", foreign.submit(&ground.recipient.connect(ground.hub)).await);
    refusal.is(Code::FailedPrecondition, ErrorReason::ConsentHandleUsed, "");
}
