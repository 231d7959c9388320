//! The share of the disk that one organisation may take with messages.

use samverkan_proto::ids::OrgId;
use samverkan_proto::limits::{AFTER_DELIVERY_MS, DAY_MS, MAX_MESSAGE_BYTES_PER_ORG, MESSAGE_TRACES};

use super::mail::{DELIVERED, PRIMARY, STOPS, accept, message, pass, take, two_orgs};
use super::*;
use crate::store::journal::Room;
use crate::store::key;

/// Bytes that an organisation's messages take.
pub(super) async fn taken(hub: &TestHub, org: OrgId) -> u64 {
    let value = hub.store.read(move |view| Ok(view.index.get(&key::message_bytes(&org))?));
    value.await.unwrap().map_or(0, |value| u64::from_be_bytes(value.try_into().unwrap()))
}

/// As if the organisation had so many bytes more, or less, on the hub.
pub(super) async fn pretend(hub: &TestHub, org: OrgId, bytes: i64) {
    let count = hub.store.call(Room::Ordinary, move |draft| {
        draft.count(key::message_bytes(&org), bytes)?;
        Ok(|_: &_| Ok(()))
    });
    count.await.unwrap();
}

#[tokio::test]
async fn a_message_counts_for_its_sender_until_nothing_of_it_is_kept() {
    let (mut hub, a, b) = two_orgs().await;
    let sealed = message(&hub, &a, &[(&b, PRIMARY)]);
    accept(&hub, &sealed).await.unwrap();
    let stored = taken(&hub, a.id()).await;
    assert!(stored > MESSAGE_TRACES + 4096, "its length is counted: {stored}");
    for stop in STOPS {
        assert_eq!((taken(&hub, a.id()).await, taken(&hub, b.id()).await), (stored, 0));
        hub.reopen(stop).await;
    }
    take(&hub, &b, b.device(), &sealed, DELIVERED).await.unwrap();
    pass(&hub, AFTER_DELIVERY_MS).await;
    for stop in STOPS {
        assert_eq!(taken(&hub, a.id()).await, MESSAGE_TRACES);
        hub.reopen(stop).await;
    }
    pass(&hub, 181 * DAY_MS).await;
    for stop in STOPS {
        assert_eq!(taken(&hub, a.id()).await, 0);
        hub.reopen(stop).await;
    }
}

#[tokio::test]
async fn whose_share_is_used_up_hands_in_no_more_and_others_do() {
    let (hub, a, b) = two_orgs().await;
    let (first, second) = (message(&hub, &a, &[(&b, PRIMARY)]), message(&hub, &a, &[(&b, PRIMARY)]));
    let accepted = accept(&hub, &first).await.unwrap();
    let used = taken(&hub, a.id()).await;
    let rest = (MAX_MESSAGE_BYTES_PER_ORG - used) as i64;
    pretend(&hub, a.id(), rest).await;
    assert_eq!(accept(&hub, &second).await, Err(StoreError::Quota));
    assert_eq!(accept(&hub, &first).await, Ok(accepted), "what was accepted is still answered");
    accept(&hub, &message(&hub, &b, &[(&a, PRIMARY)])).await.unwrap();
    pretend(&hub, a.id(), -(used as i64)).await;
    accept(&hub, &second).await.unwrap();
}
