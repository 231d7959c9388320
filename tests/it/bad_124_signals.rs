//! 124: the hub is told to stop, or killed, in the middle of streams.

use samverkan_proto::v1::receive_request::Step;
use samverkan_proto::v1::submit_stream_response::Outcome;
use samverkan_proto::v1::upload_blob_request::Part;
use samverkan_proto::v1::{Acknowledge, ErrorReason, SubmitStreamRequest};
use samverkan_tests::hub::HubProcess;
use samverkan_tests::until::{in_time, until_async};
use samverkan_tests::wire::inbox::delivered;
use samverkan_tests::wire::upload::{Blob, Upload};
use samverkan_tests::wire::{Inbox, Member, Parcel, Refused};
use std::collections::{BTreeMap, BTreeSet};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Code;

struct Ground {
    hub: HubProcess,
    sender: Member,
    recipient: Member,
}

impl Ground {
    async fn new() -> Self {
        let hub = HubProcess::start();
        let (sender, recipient) =
            (Member::join(&hub, "avsandare").await, Member::join(&hub, "mottagare").await);
        Self { hub, sender, recipient }
    }

    /// Sends without end over one stream, ends the hub after some answers, and returns what was answered, and how the stream ended.
    async fn send_until_it_ends(&self, end: impl Fn(&HubProcess)) -> (BTreeMap<[u8; 16], Parcel>, Refused) {
        let peer = self.sender.connect(&self.hub);
        let (requests, queue) = mpsc::channel(64);
        let call = async { peer.relay().submit_stream(ReceiverStream::new(queue)).await };
        let mut answers = in_time("a submit stream", call).await.expect("a stream").into_inner();
        let (mut sent, mut accepted) = (BTreeMap::new(), BTreeMap::new());
        loop {
            while let Ok(place) = requests.try_reserve() {
                let parcel = Parcel::new(&self.sender, &[&self.recipient]);
                place.send(SubmitStreamRequest { message: Some(parcel.request()) });
                sent.insert(parcel.header.message_id, parcel);
            }
            match in_time("an answer", answers.message()).await {
                Ok(Some(answer)) => {
                    let id: [u8; 16] = answer.message_id.as_ref().try_into().expect("an id");
                    if matches!(answer.outcome, Some(Outcome::Receipt(_))) {
                        accepted.insert(id, sent.remove(&id).expect("it was sent, and answered once"));
                    }
                    if accepted.len() == 100 {
                        end(&self.hub);
                    }
                }
                Ok(None) => panic!("the stream ended without a word"),
                Err(status) => return (accepted, status.into()),
            }
        }
    }

    async fn waiting(&self) -> BTreeSet<Vec<u8>> {
        let peer = self.recipient.connect(&self.hub);
        let shown = Inbox::open(&peer).await.expect("a stream").drain().await.expect("what waits").deliveries;
        shown.iter().map(|delivery| delivery.header.to_vec()).collect()
    }

    async fn nothing_is_lost(&self, accepted: &BTreeMap<[u8; 16], Parcel>) {
        let waiting = self.waiting().await;
        for parcel in accepted.values() {
            assert!(waiting.contains(&parcel.header_bytes()), "an acknowledged message is lost");
        }
    }
}

#[tokio::test]
async fn bad_124_told_to_stop_in_the_middle_of_a_submit_stream() {
    let ground = Ground::new().await;
    let (accepted, ended) = ground.send_until_it_ends(HubProcess::ask_to_stop).await;
    // Who goes on sending while the hub closes the connection may lose its last word with the connection.
    if !ended.reason.is_empty() {
        ended.is(Code::Unavailable, ErrorReason::Draining, "");
    }
    assert!(ground.hub.wait_for_end().success(), "a clean stop");
    ground.hub.restart();
    ground.nothing_is_lost(&accepted).await;
}

#[tokio::test]
async fn bad_124_killed_in_the_middle_of_a_submit_stream() {
    let ground = Ground::new().await;
    let (accepted, _broken) = ground.send_until_it_ends(HubProcess::kill9).await;
    ground.hub.restart();
    ground.nothing_is_lost(&accepted).await;
}

#[tokio::test]
async fn bad_124_in_the_middle_of_an_upload() {
    let ground = Ground::new().await;
    let peer = ground.sender.connect(&ground.hub);
    for end in [HubProcess::kill9, HubProcess::ask_to_stop] {
        let blob = Blob::random(2 << 20);
        let mut upload = Upload::open(&peer);
        upload.send(Part::Start(blob.start(0))).await;
        upload.send(Part::Data(blob.bytes.slice(..1 << 20))).await;
        until_async("half of it is there", async || {
            (blob.held(&peer).await.ok()?.offset > 900_000).then_some(())
        })
        .await;
        end(&ground.hub);
        // A hub that drains may still say how far it got; a killed one says nothing.
        assert!(!upload.finish().await.is_ok_and(|answer| answer.complete), "half of it is not all of it");
        ground.hub.wait_for_end();
        ground.hub.restart();
        let held = until_async("the hub answers", async || blob.held(&peer).await.ok()).await;
        assert!(held.offset > 900_000 && !held.complete, "{held:?}");
        assert!(blob.upload_from(&peer, held.offset).await.expect("it goes on there").complete);
    }
}

#[tokio::test]
async fn bad_124_in_the_middle_of_acknowledging() {
    let ground = Ground::new().await;
    for end in [HubProcess::kill9, HubProcess::ask_to_stop] {
        let peer = ground.sender.connect(&ground.hub);
        let parcels: Vec<Parcel> =
            (0..20).map(|_| Parcel::new(&ground.sender, &[&ground.recipient])).collect();
        for parcel in &parcels {
            parcel.submit(&peer).await.expect("accepted");
        }
        let mut inbox = Inbox::open(&ground.recipient.connect(&ground.hub)).await.expect("a stream");
        let deliveries = inbox.drain().await.expect("what waits").deliveries;
        let device = ground.recipient.device();
        let (first, rest) = deliveries.split_at(10);
        let said = |delivery| delivered(delivery, ground.recipient.org(), device);
        assert_eq!(inbox.acknowledge(first.iter().map(said).collect(), 0).await.expect("taken"), []);
        end(&ground.hub);
        // In doubt: taken or not, and never half of it.
        let receipts = rest.iter().map(|delivery| said(delivery).into()).collect();
        inbox.send(Step::Acknowledge(Acknowledge { receipts, events_through: 0 })).await;
        ground.hub.wait_for_end();
        ground.hub.restart();
        let waiting = ground.waiting().await;
        assert!(first.iter().all(|taken| !waiting.contains(&taken.header.to_vec())), "shown again");
        let rest_waits = rest.iter().filter(|left| waiting.contains(&left.header.to_vec())).count();
        assert!(rest_waits == 0 || rest_waits == rest.len(), "{rest_waits} of {}", rest.len());
        let mut inbox = Inbox::open(&ground.recipient.connect(&ground.hub)).await.expect("a stream");
        let left = inbox.drain().await.expect("what waits").deliveries;
        assert_eq!(inbox.acknowledge(left.iter().map(said).collect(), 0).await.expect("taken"), []);
        drop(inbox);
        assert!(ground.waiting().await.is_empty());
    }
}
