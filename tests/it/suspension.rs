//! An organisation is cut off: its streams end, its next call is refused, and whoever wrote to it is told.

use crate::ground::Ground;
use samverkan_proto::v1::ErrorReason;
use samverkan_tests::until::until_async;
use samverkan_tests::wire::log::Log;
use samverkan_tests::wire::{Inbox, Member, Said, refused};
use std::time::Instant;
use tonic::Code;

/// How often the cut is made and measured.
const ROUNDS: usize = 20;

#[tokio::test]
async fn suspension_ends_streams_and_refuses_calls() {
    let ground = Ground::new().await;
    let mut took = Vec::new();
    for round in 0..ROUNDS {
        let member = Member::join(ground.hub, "avstangd").await;
        let peer = member.connect(ground.hub);
        let mut inbox = Inbox::open(&peer).await.expect("a stream");
        inbox.drain().await.expect("the stream runs");
        let began = Instant::now();
        ground.hub.suspend(member.handle());
        let ended = loop {
            match inbox.next().await {
                Ok(Some(_)) => {}
                Ok(None) => panic!("round {round}: the stream ended without saying why"),
                Err(refused) => break refused,
            }
        };
        took.push(began.elapsed());
        ended.is(Code::PermissionDenied, ErrorReason::OrganisationSuspended, "");
        // The connection is being cut, and a call on it may hear no reason; it is made again, and never goes well.
        let next = until_async("a refusal that says why", || async {
            let refusal = refused("the next call", Log::synchronise(&peer).await);
            (!refusal.reason.is_empty()).then_some(refusal)
        })
        .await;
        next.is(Code::PermissionDenied, ErrorReason::OrganisationSuspended, "");
    }
    took.sort_unstable();
    let (median, worst) = (took[ROUNDS / 2], took[ROUNDS - 1]);
    println!(
        "from the operator's command to the end of the stream: median {median:?}, worst {worst:?} of {ROUNDS}"
    );
}

#[tokio::test]
async fn the_sender_of_undelivered_mail_is_told() {
    let ground = Ground::new().await;
    let parcel = ground.parcel();
    parcel.submit(&ground.peer).await.expect("accepted");
    ground.hub.suspend(ground.recipient.handle());
    let mut inbox = Inbox::open(&ground.peer).await.expect("a stream");
    let (returned, purged) = (inbox.event().await.expect("an event"), inbox.event().await.expect("an event"));
    let message_id = parcel.header.message_id;
    assert_eq!(Said::of(&returned.receipt), Said { by_hub: true, kind: 7, reason: 1, message_id });
    assert_eq!(Said::of(&purged.receipt), Said { by_hub: true, kind: 5, reason: 5, message_id });
}

#[tokio::test]
async fn a_resumed_organisation_is_as_before() {
    let ground = Ground::new().await;
    let recipient = ground.recipient.connect(ground.hub);
    ground.hub.suspend(ground.recipient.handle());
    refused("suspended", Inbox::open(&recipient).await);
    ground.hub.resume(ground.recipient.handle());
    let parcel = ground.parcel();
    parcel.submit(&ground.peer).await.expect("it may be written to again");
    let mut inbox = Inbox::open(&recipient).await.expect("it may call again");
    assert_eq!(inbox.delivery().await.expect("a delivery").header, parcel.header_bytes());
}
