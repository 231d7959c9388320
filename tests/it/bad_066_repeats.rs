//! 66–68, and 79 at the hub: the same message id again.

use crate::ground::{Case, Ground};
use samverkan_proto::limits::WRAP_LEN;
use samverkan_proto::v1::ErrorReason;
use samverkan_tests::wire::inbox::delivered;
use samverkan_tests::wire::parcel::random_bytes;
use samverkan_tests::wire::{Inbox, Member, Parcel, refused};
use tonic::Code;

#[tokio::test]
async fn bad_066_same_bytes_again() {
    let ground = Ground::new().await;
    let parcel = ground.parcel();
    let first = parcel.submit(&ground.peer).await.expect("accepted");
    for _ in 0..3 {
        assert_eq!(parcel.submit(&ground.peer).await.expect("accepted again"), first);
    }
    let other = ground.sender.connect(ground.hub);
    let again = tokio::join!(parcel.submit(&ground.peer), parcel.submit(&other));
    assert_eq!((again.0.expect("one"), again.1.expect("two")), (first.clone(), first));
    let recipient = ground.recipient.connect(ground.hub);
    let waiting = Inbox::open(&recipient).await.expect("a stream").drain().await.expect("what waits");
    assert_eq!(waiting.deliveries.len(), 1, "a repeated message is one message");
}

#[tokio::test]
async fn bad_066_two_at_once_are_one() {
    let ground = Ground::new().await;
    let parcel = ground.parcel();
    let others: Vec<_> = (0..8).map(|_| ground.sender.connect(ground.hub)).collect();
    let mut calls = tokio::task::JoinSet::new();
    for peer in others {
        let parcel = parcel.clone();
        calls.spawn(async move { parcel.submit(&peer).await.expect("accepted") });
    }
    let receipts = calls.join_all().await;
    assert!(receipts.windows(2).all(|pair| pair[0] == pair[1]), "one message has one receipt");
}

#[tokio::test]
async fn bad_067_other_bytes() {
    let ground = Ground::new().await;
    let parcel = ground.parcel();
    parcel.submit(&ground.peer).await.expect("accepted");
    let changed: [Case; 5] = [
        ("other content", |parcel| parcel.content[0] ^= 1),
        ("other wraps", |parcel| parcel.wraps[WRAP_LEN - 1] ^= 1),
        ("another header", |parcel| parcel.header.urgency = 3),
        ("another life", |parcel| parcel.header.expires_ms -= 1),
        ("everything else", |parcel| {
            parcel.header.content_len = 4352 + 16;
            parcel.fill();
        }),
    ];
    for (case, change) in changed {
        let mut parcel = parcel.clone();
        change(&mut parcel);
        let refusal = refused(case, parcel.submit(&ground.peer).await);
        refusal.is(Code::AlreadyExists, ErrorReason::IdempotencyConflict, "");
    }
}

/// A message that its only reader has stored, so that the hub keeps nothing of it but that it was there.
async fn purged(ground: &Ground) -> Parcel {
    let parcel = ground.parcel();
    parcel.submit(&ground.peer).await.expect("accepted");
    let recipient = ground.recipient.connect(ground.hub);
    let mut inbox = Inbox::open(&recipient).await.expect("a stream");
    let delivery = inbox.delivery().await.expect("a delivery");
    let receipt = delivered(&delivery, ground.recipient.org(), ground.recipient.device());
    assert_eq!(inbox.acknowledge(vec![receipt], 0).await.expect("taken"), []);
    parcel
}

#[tokio::test]
async fn bad_067_other_bytes_after_the_purge() {
    let ground = Ground::new().await;
    let mut other = purged(&ground).await;
    other.content = random_bytes(other.content.len());
    let refusal = refused("other bytes", other.submit(&ground.peer).await);
    refusal.is(Code::AlreadyExists, ErrorReason::IdempotencyConflict, "");
}

#[tokio::test]
async fn bad_079_replay_after_the_purge() {
    let ground = Ground::new().await;
    let parcel = purged(&ground).await;
    let refusal = refused("the same bytes", parcel.submit(&ground.peer).await);
    refusal.is(Code::NotFound, ErrorReason::MessageGone, "");
    let recipient = ground.recipient.connect(ground.hub);
    let waiting = Inbox::open(&recipient).await.expect("a stream").drain().await.expect("what waits");
    assert_eq!(waiting.deliveries.len(), 0, "it is not delivered again");
}

#[tokio::test]
async fn bad_068_same_id_from_another_organisation() {
    let ground = Ground::new().await;
    let parcel = ground.parcel();
    parcel.submit(&ground.peer).await.expect("accepted");
    let third = Member::join(ground.hub, "tjejjouren").await;
    let peer = third.connect(ground.hub);
    let mut own = Parcel::new(&third, &[&ground.recipient]);
    own.header.message_id = parcel.header.message_id;
    let refusal = refused("its own message", own.submit(&peer).await);
    refusal.is(Code::AlreadyExists, ErrorReason::IdempotencyConflict, "");
    let refusal = refused("the very same bytes", parcel.submit(&peer).await);
    refusal.is(Code::PermissionDenied, ErrorReason::SenderMismatch, "");
}
