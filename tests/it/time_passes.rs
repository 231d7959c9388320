//! 57 and 71 (expired), 61 and 97: what happens when days pass, with a clock that is turned by hand.

use samverkan_proto::limits::{DAY_MS, SECOND_MS, UNREFERENCED_BLOB_MS, WEEK_MS};
use samverkan_proto::v1::upload_blob_request::Part;
use samverkan_proto::v1::{ErrorReason, RegisterConsentsRequest, RegisterConsentsResponse};
use samverkan_tests::clocked::ClockedHub;
use samverkan_tests::until::until_async;
use samverkan_tests::wire::statement::{RawStub, epoch_of};
use samverkan_tests::wire::upload::{Blob, Upload};
use samverkan_tests::wire::{Inbox, Member, Parcel, Peer, Said, refused};
use tonic::Code;

const MINUTE_MS: u64 = 60 * SECOND_MS;

struct Days {
    hub: ClockedHub,
    sender: Member,
    peer: Peer,
    recipient: Member,
}

impl Days {
    async fn new() -> Self {
        let hub = ClockedHub::start();
        let sender = Member::join(&hub, "avsandare").await;
        let recipient = Member::join(&hub, "mottagare").await;
        Self { peer: sender.connect(&hub), hub, sender, recipient }
    }

    fn parcel(&self) -> Parcel {
        Parcel::new(&self.sender, &[&self.recipient])
    }
}

#[tokio::test]
async fn bad_071_consent_that_has_expired() {
    let days = Days::new().await;
    let device = days.sender.device();
    let stub = RawStub::new(days.sender.org(), device.id(), days.hub.started_ms());
    let request = RegisterConsentsRequest { stubs: vec![stub.signed_by(&device.signer).into()] };
    let registered: Result<RegisterConsentsResponse, _> =
        days.peer.call("ConsentService/RegisterConsents", &request).await;
    registered.expect("registered in time");
    let mut parcel = days.parcel();
    (parcel.header.basis, parcel.header.handles) = (1, vec![stub.handle]);
    for later in [2, 6] {
        days.hub.pass(later * DAY_MS);
        let refusal = refused("days later", parcel.submit(&days.peer).await);
        refusal.is(Code::FailedPrecondition, ErrorReason::ConsentHandleExpired, "");
    }
    let late = RegisterConsentsRequest { stubs: vec![stub.signed_by(&device.signer).into()] };
    let registered: Result<RegisterConsentsResponse, _> =
        days.peer.call("ConsentService/RegisterConsents", &late).await;
    let refusal = refused("registered too late", registered);
    refusal.is(Code::FailedPrecondition, ErrorReason::ConsentHandleExpired, "");
}

#[tokio::test]
async fn bad_057_epoch_key_that_has_expired() {
    let days = Days::new().await;
    let weeks = &days.recipient.device().epoch_keys;
    let first = epoch_of(days.hub.started_ms());
    let mut parcel = days.parcel();
    parcel.header.created_ms = u64::from(first + 1) * WEEK_MS + MINUTE_MS;
    parcel.header.expires_ms = parcel.header.created_ms + DAY_MS;
    days.hub.pass(parcel.header.created_ms - days.hub.started_ms());
    let refusal = refused("last week's key", parcel.submit(&days.peer).await);
    refusal.is(Code::FailedPrecondition, ErrorReason::StaleDirectory, "");
    parcel.header.wraps[0].epoch_key = weeks[&(first + 1)].id;
    parcel.submit(&days.peer).await.expect("this week's key");
    // A message counts as of the week that it was made in, not of the week that it comes in.
    let mut waited = days.parcel();
    waited.header.created_ms = u64::from(first + 1) * WEEK_MS - MINUTE_MS;
    waited.header.expires_ms = waited.header.created_ms + DAY_MS;
    waited.submit(&days.peer).await.expect("made a minute before the week ended");
}

#[tokio::test]
async fn bad_097_upload_that_no_message_names() {
    let days = Days::new().await;
    let (named, unnamed, half) = (Blob::random(1), Blob::random(1), Blob::random(200_000));
    named.upload(&days.peer).await.expect("uploaded");
    unnamed.upload(&days.peer).await.expect("uploaded");
    let mut upload = Upload::open(&days.peer);
    upload.send(Part::Start(half.start(0))).await;
    upload.send(Part::Data(half.bytes.slice(..100_000))).await;
    upload.finish().await.expect("the first half");
    let mut parcel = days.parcel();
    parcel.attach(named.id, named.len());
    parcel.submit(&days.peer).await.expect("accepted");

    days.hub.pass(UNREFERENCED_BLOB_MS - 60_000);
    assert!(unnamed.held(&days.peer).await.expect("what the hub has").complete, "not yet");
    // Halves are looked for once an hour. What the hub begins to do just before the clock is turned it does as of then, and goes on when
    // the clock does.
    let mut since_start = UNREFERENCED_BLOB_MS + 2 * 60 * MINUTE_MS;
    for blob in [&unnamed, &half] {
        until_async("the upload is collected", || {
            since_start += MINUTE_MS;
            days.hub.pass(since_start);
            async {
                let held = blob.held(&days.peer).await.expect("what the hub has");
                (held.offset == 0 && !held.complete).then_some(())
            }
        })
        .await;
    }
    let mut late = days.parcel();
    late.attach(unnamed.id, unnamed.len());
    let refusal = refused("naming it afterwards", late.submit(&days.peer).await);
    refusal.is(Code::FailedPrecondition, ErrorReason::BlobMissing, "");
    let recipient = days.recipient.connect(&days.hub);
    let bytes =
        named.download(&recipient, parcel.header.message_id, 0, 0).await.expect("what was named stays");
    assert_eq!(bytes, named.bytes);
}

#[tokio::test]
async fn bad_061_message_that_nobody_fetches() {
    let days = Days::new().await;
    let parcel = days.parcel();
    parcel.submit(&days.peer).await.expect("accepted");
    days.hub.pass(8 * DAY_MS);
    let mut inbox = Inbox::open(&days.peer).await.expect("a stream");
    let (expired, purged) = (inbox.event().await.expect("an event"), inbox.event().await.expect("an event"));
    let message_id = parcel.header.message_id;
    assert_eq!(Said::of(&expired.receipt), Said { by_hub: true, kind: 4, reason: 0, message_id });
    assert_eq!(Said::of(&purged.receipt), Said { by_hub: true, kind: 5, reason: 2, message_id });
    let refusal = refused("the same bytes", parcel.submit(&days.peer).await);
    refusal.is(Code::NotFound, ErrorReason::MessageGone, "");
}
