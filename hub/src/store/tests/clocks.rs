//! What time does when something is in its way, or there is much of it.

use samverkan_proto::code::RefusalReason;
use samverkan_proto::limits::DAY_MS;
use samverkan_proto::statement::receipt::Verdict;
use samverkan_proto::v1::MessageState;

use super::mail::{
    DELIVERED, LIFE, PRIMARY, REFUSED, accept, answer, events, message, pass, state, take, two_orgs,
};
use super::*;
use crate::store::journal::Room;
use crate::store::key::{self, Due};

const ALSO_REFUSED: Verdict = Verdict::Refused { reason: RefusalReason::SchemaTooNew, open_tag: [1; 16] };

#[tokio::test]
async fn work_that_can_not_be_done_keeps_nothing_else_waiting() {
    let (hub, a, b) = two_orgs().await;
    let sealed = message(&hub, &a, &[(&b, PRIMARY)]);
    accept(&hub, &sealed).await.unwrap();
    let planted_ms = hub.clock.now_ms() + 1;
    let plant = hub.store.call(Room::Reserve, move |draft| {
        draft.put(key::due(planted_ms, Due::Consent, &[1]), [])?;
        draft.put(key::due(planted_ms, Due::Forget, &[2]), [])?;
        Ok(|_: &_| Ok(()))
    });
    plant.await.unwrap();
    pass(&hub, LIFE).await;
    assert_eq!(state(&hub, &sealed).await, MessageState::ExpiredUndelivered);
    // It is still known, for a later attempt.
    let due = hub.store.read(|view| Ok(view.index.prefix(&[key::DUE]).collect::<Result<Vec<_>, _>>()?));
    let of = |what: Due, id: &[u8], due: &[(Vec<u8>, Vec<u8>)]| {
        due.iter()
            .filter(|(key, _)| key::parse_due(key).is_some_and(|(_, w, i)| w == what && i == id))
            .count()
    };
    let due = due.await.unwrap();
    assert_eq!((of(Due::Consent, &[1], &due), of(Due::Forget, &[2], &due)), (1, 1));
    assert!(hub.store.step().await.unwrap() > hub.clock.now_ms(), "and not tried without a rest");
}

#[tokio::test]
async fn a_device_that_names_one_reason_after_another_is_heard_once() {
    let (hub, a, b) = two_orgs().await;
    let sealed = message(&hub, &a, &[(&b, PRIMARY)]);
    accept(&hub, &sealed).await.unwrap();
    take(&hub, &b, b.device(), &sealed, REFUSED).await.unwrap();
    let told = events(&hub, a.device()).await;
    for verdict in [ALSO_REFUSED, REFUSED, ALSO_REFUSED] {
        assert_eq!(answer(&hub, &b, b.device(), &sealed, verdict).await, Ok(()));
    }
    assert_eq!(events(&hub, a.device()).await, told);
    // Nor when the message is gone, where each would be news for the sender again.
    pass(&hub, LIFE).await;
    let told = events(&hub, a.device()).await;
    for verdict in [ALSO_REFUSED, REFUSED, ALSO_REFUSED] {
        assert_eq!(answer(&hub, &b, b.device(), &sealed, verdict).await, Ok(()));
    }
    assert_eq!(events(&hub, a.device()).await, told);
}

#[tokio::test]
async fn much_that_was_said_is_forgotten_piece_by_piece() {
    let (mut hub, a, b) = two_orgs().await;
    let sealed = message(&hub, &a, &[(&b, PRIMARY)]);
    accept(&hub, &sealed).await.unwrap();
    take(&hub, &b, b.device(), &sealed, DELIVERED).await.unwrap();
    take(&hub, &b, &b.devices[1], &sealed, REFUSED).await.unwrap();
    let receipts = async |hub: &TestHub| hub.store.status(sealed.id()).await.unwrap().unwrap().receipts.len();
    let before = receipts(&hub).await;
    hub.advance(181 * DAY_MS);
    assert!(hub.store.step().await.unwrap() <= hub.clock.now_ms(), "there is more");
    assert!(receipts(&hub).await < before);
    // What is left is gone on with after a stop.
    hub.reopen(Stop::Killed).await;
    pass(&hub, 0).await;
    assert_eq!(hub.store.status(sealed.id()).await, Ok(None));
    assert_eq!(events(&hub, a.device()).await, [""; 0]);
    hub.reopen(Stop::IndexDeleted).await;
    assert_eq!(hub.store.status(sealed.id()).await, Ok(None));
    assert_eq!(hub.store.stats().unwrap().messages, 0);
}
