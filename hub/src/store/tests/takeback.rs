//! Messages that are taken back, and consents that are withdrawn: before anybody has the message, and after.

use ring::rand::{SecureRandom, SystemRandom};
use samverkan_proto::code::{Class, HubReceiptType, LegalBasis, PurgeReason, WithdrawalReason};
use samverkan_proto::ids::{ConsentHandle, MessageId};
use samverkan_proto::limits::{CONSENT_KEPT_MS, DAY_MS};
use samverkan_proto::statement::Verified;
use samverkan_proto::statement::batch::UnverifiedProof;
use samverkan_proto::statement::consent::ConsentStub;
use samverkan_proto::statement::recall::Recall;
use samverkan_proto::statement::receipt::{HubEvent, WithdrawalReceipt};
use samverkan_proto::statement::withdrawal::Withdrawal;
use samverkan_proto::v1::MessageState;

use super::mail::{
    CANNOT, DELIVERED, LIFE, PRIMARY, STOPS, To, accept, answer, delivered_ids, events, hand_over,
    hub_receipt, message, message_with, pass, queue, state, take, two_orgs,
};
use super::*;
use crate::policy::takeback::{RecallPermit, WithdrawPermit};
use crate::registry::testing::TestDevice;
use crate::store::RECEIPTS_KEPT_MS;

/// The end of the day that is `days` days from the beginning.
pub(super) fn in_days(days: u64) -> u64 {
    (NOW / DAY_MS + days) * DAY_MS
}

pub(super) fn random_handle() -> ConsentHandle {
    let mut bytes = [0; 16];
    SystemRandom::new().fill(&mut bytes).unwrap();
    ConsentHandle::from_random(bytes).unwrap()
}

pub(super) fn stub_for(org: &TestOrg, handle: ConsentHandle, expires_ms: u64) -> Verified<ConsentStub> {
    let (issuer_org, issuer_device) = (org.id(), org.device().id());
    let stub = ConsentStub { handle, commitment: [1; 32], issuer_org, issuer_device, expires_ms };
    stub.sign(&org.device().signer).unwrap()
}

/// A referral that names this handle.
pub(super) fn under_consent(hub: &TestHub, from: &TestOrg, to: &[To<'_>], handle: ConsentHandle) -> Sealed {
    message_with(hub, from, to, |fields| {
        fields.class = Class::Referral;
        fields.basis = Some(LegalBasis::Consent);
        fields.handles = vec![handle];
    })
}

pub(super) async fn recall(hub: &TestHub, by: &TestOrg, sealed: &Sealed) -> Result<Vec<u8>, StoreError> {
    recall_with(hub, by, by.device(), sealed.id(), *sealed.header().hh()).await
}

async fn recall_with(
    hub: &TestHub,
    by: &TestOrg,
    device: &TestDevice,
    message_id: MessageId,
    hh: [u8; 32],
) -> Result<Vec<u8>, StoreError> {
    let time_ms = hub.clock.now_ms();
    let recall = Recall { message_id, hh, org: by.id(), device: device.id(), time_ms };
    hub.store.recall(RecallPermit::for_test(recall.sign(&device.signer).unwrap())).await
}

pub(super) async fn withdraw(
    hub: &TestHub,
    by: &TestOrg,
    handle: ConsentHandle,
) -> Result<Vec<u8>, StoreError> {
    let (device, time_ms) = (by.device(), hub.clock.now_ms());
    let reason = WithdrawalReason::PersonWithdrew;
    let withdrawal = Withdrawal { handle, org: by.id(), device: device.id(), time_ms, reason };
    hub.store.withdraw_consent(WithdrawPermit::for_test(withdrawal.sign(&device.signer).unwrap())).await
}

/// The messages that a device is told to stop, and by what kind of statement.
async fn orders(hub: &TestHub, device: &TestDevice) -> Vec<(MessageId, [u8; 4])> {
    let stops = queue(hub, device).await.into_iter().filter_map(|item| match item {
        Item::Stop { message_id, statement, .. } => Some((message_id, *statement.first_chunk().unwrap())),
        Item::Delivery { .. } | Item::Event { .. } => None,
    });
    stops.collect()
}

/// What the sender has been told by the hub, by type.
async fn told(hub: &TestHub, sealed: &Sealed) -> Vec<HubReceiptType> {
    let receipts = hub.store.status(sealed.id()).await.unwrap().unwrap().receipts;
    let hubs = receipts.iter().filter(|receipt| receipt.starts_with(b"SVKS"));
    hubs.map(|receipt| hub_receipt(receipt).event.receipt_type()).collect()
}

/// A message, and a device for which it waits: the race of taking it back against handing it over, in the order in which the writer
/// sees the two. Gives which messages must not go to the device any more.
async fn race(
    hub: &TestHub,
    a: &TestOrg,
    b: &TestOrg,
    sealed: &Sealed,
    recall_first: bool,
) -> Vec<MessageId> {
    let waiting = delivered_ids(hub, b.device()).await;
    assert_eq!(waiting, [sealed.id()], "the stream has read the message from the queue");
    if recall_first {
        recall(hub, a, sealed).await.unwrap();
    }
    let gone = hub.store.handed_over(b.id(), b.device().id(), waiting).await.unwrap();
    if !recall_first {
        recall(hub, a, sealed).await.unwrap();
    }
    gone
}

#[tokio::test]
async fn a_recall_before_handing_over_destroys_and_nobody_hears_of_the_message() {
    use HubReceiptType::{Purged, Recalled, SubmissionAccepted};
    let (mut hub, a, b) = two_orgs().await;
    let sealed = message(&hub, &a, &[(&b, PRIMARY)]);
    accept(&hub, &sealed).await.unwrap();
    assert_eq!(race(&hub, &a, &b, &sealed, true).await, [sealed.id()], "not one byte of it goes out");
    for stop in STOPS {
        assert_eq!(told(&hub, &sealed).await, [SubmissionAccepted, Recalled, Purged]);
        assert_eq!(state(&hub, &sealed).await, MessageState::Recalled);
        assert_eq!(events(&hub, &a.devices[1]).await, ["RECALLED", "PURGED"]);
        assert!(queue(&hub, b.device()).await.is_empty());
        let refused = answer(&hub, &b, b.device(), &sealed, DELIVERED).await;
        assert_eq!(refused, Err(ReceiptRefusal::NotYours), "it was never handed over");
        hub.reopen(stop).await;
    }
    let status = hub.store.status(sealed.id()).await.unwrap().unwrap();
    let purge = hub_receipt(status.receipts.last().unwrap()).event;
    assert_eq!(purge, HubEvent::Purged(PurgeReason::Recalled));
}

#[tokio::test]
async fn a_recall_after_handing_over_tells_those_who_have_it_to_stop() {
    use HubReceiptType::{HandedOver, Purged, Recalled, SubmissionAccepted};
    let (mut hub, a, b) = two_orgs().await;
    let sealed = message(&hub, &a, &[(&b, PRIMARY)]);
    accept(&hub, &sealed).await.unwrap();
    assert!(race(&hub, &a, &b, &sealed, false).await.is_empty(), "its bytes are on their way");
    for stop in STOPS {
        assert_eq!(told(&hub, &sealed).await, [SubmissionAccepted, HandedOver, Recalled, Purged]);
        assert_eq!(orders(&hub, b.device()).await, [(sealed.id(), *b"SVKX")]);
        assert!(queue(&hub, &b.devices[1]).await.is_empty(), "who never got it hears nothing");
        hub.reopen(stop).await;
    }
    // What it says of the message it got before is still taken, and changes nothing.
    answer(&hub, &b, b.device(), &sealed, DELIVERED).await.unwrap();
    assert_eq!(state(&hub, &sealed).await, MessageState::Recalled);
    let cursor = queue(&hub, b.device()).await[0].cursor();
    hub.store.events_taken(b.device().id(), cursor).await.unwrap();
    for stop in STOPS {
        assert!(orders(&hub, b.device()).await.is_empty(), "taken once");
        hub.reopen(stop).await;
    }
}

#[tokio::test]
async fn a_recall_of_what_everybody_has_reaches_them_and_repeats_its_receipt() {
    let (mut hub, a, b) = two_orgs().await;
    let sealed = message(&hub, &a, &[(&b, PRIMARY)]);
    accept(&hub, &sealed).await.unwrap();
    take(&hub, &b, b.device(), &sealed, DELIVERED).await.unwrap();
    take(&hub, &b, &b.devices[1], &sealed, CANNOT).await.unwrap();
    pass(&hub, samverkan_proto::limits::AFTER_DELIVERY_MS).await;
    let first = recall(&hub, &a, &sealed).await.unwrap();
    let HubEvent::Recalled { org, device } = hub_receipt(&first).event else { panic!("another receipt") };
    assert_eq!((org, device), (a.id(), a.device().id()));
    for stop in STOPS {
        hub.advance(1);
        let again = recall_with(&hub, &a, &a.devices[1], sealed.id(), *sealed.header().hh()).await;
        assert_eq!(again.unwrap(), first, "the first stands, whoever of the mailbox asks");
        assert_eq!(orders(&hub, b.device()).await, [(sealed.id(), *b"SVKX")]);
        assert!(orders(&hub, &b.devices[1]).await.is_empty(), "it could not open the message");
        assert_eq!(state(&hub, &sealed).await, MessageState::Delivered, "delivered stays delivered");
        hub.reopen(stop).await;
    }
    pass(&hub, RECEIPTS_KEPT_MS).await;
    assert_eq!(recall(&hub, &a, &sealed).await, Err(StoreError::UnknownMessage));
    assert!(
        queue(&hub, b.device()).await.is_empty(),
        "an order that nobody came for is forgotten with the rest"
    );
}

#[tokio::test]
async fn only_readers_of_the_senders_mailbox_take_back_and_only_that_very_message() {
    let (hub, a, b) = two_orgs().await;
    let sealed = message(&hub, &a, &[(&b, PRIMARY)]);
    accept(&hub, &sealed).await.unwrap();
    let unknown = Err(StoreError::UnknownMessage);
    assert_eq!(recall(&hub, &b, &sealed).await, unknown, "a recipient");
    assert_eq!(recall_with(&hub, &a, a.device(), sealed.id(), [0; 32]).await, unknown, "other bytes");
    let never = MessageId::random();
    assert_eq!(recall_with(&hub, &a, a.device(), never, *sealed.header().hh()).await, unknown);
    assert_eq!(state(&hub, &sealed).await, MessageState::Waiting);
}

/// The receipt of a withdrawal, which verifies.
fn withdrawal_receipt(bytes: &[u8]) -> WithdrawalReceipt {
    let parsed = UnverifiedProof::<WithdrawalReceipt>::parse(bytes).unwrap();
    parsed.verify(signers().receipt.public_key()).unwrap().into_value()
}

#[tokio::test]
async fn a_withdrawn_handle_takes_no_message_and_gives_the_same_receipt_for_ever() {
    let (mut hub, a, b) = two_orgs().await;
    let handle = random_handle();
    hub.store.register_consents(vec![stub_for(&a, handle, in_days(30))]).await.unwrap();
    assert_eq!(withdraw(&hub, &b, handle).await, Err(StoreError::NotIssuer));
    assert_eq!(withdraw(&hub, &a, random_handle()).await, Err(StoreError::HandleUnknown));
    let first = withdraw(&hub, &a, handle).await.unwrap();
    assert_eq!(withdrawal_receipt(&first).handle, handle);
    for stop in STOPS {
        hub.advance(1);
        let late = under_consent(&hub, &a, &[(&b, PRIMARY)], handle);
        assert_eq!(accept(&hub, &late).await, Err(StoreError::HandleWithdrawn));
        assert_eq!(withdraw(&hub, &a, handle).await.unwrap(), first);
        assert_eq!(withdraw(&hub, &b, handle).await, Err(StoreError::NotIssuer));
        hub.reopen(stop).await;
    }
    pass(&hub, in_days(30) + CONSENT_KEPT_MS - hub.clock.now_ms()).await;
    assert_eq!(
        withdraw(&hub, &a, handle).await,
        Err(StoreError::HandleUnknown),
        "forgotten with its receipt"
    );
}

/// Both orders of a withdrawal and the handing over of the message that was sent under the consent.
#[tokio::test]
async fn a_withdrawal_finds_the_message_wherever_it_is() {
    let (mut hub, a, b) = two_orgs().await;
    let handles = [random_handle(), random_handle()];
    let stubs = handles.map(|handle| stub_for(&a, handle, in_days(90)));
    hub.store.register_consents(stubs.to_vec()).await.unwrap();
    let fetched = under_consent(&hub, &a, &[(&b, PRIMARY)], handles[0]);
    accept(&hub, &fetched).await.unwrap();
    hand_over(&hub, &b, b.device()).await;
    let waits = under_consent(&hub, &a, &[(&b, PRIMARY)], handles[1]);
    accept(&hub, &waits).await.unwrap();
    for handle in handles {
        withdraw(&hub, &a, handle).await.unwrap();
    }
    let late = hub.store.handed_over(b.id(), b.device().id(), vec![waits.id()]).await.unwrap();
    assert_eq!(late, [waits.id()], "not one byte of it goes out");
    for stop in STOPS {
        for sealed in [&fetched, &waits] {
            assert_eq!(state(&hub, sealed).await, MessageState::Withdrawn);
        }
        let handed = |types: &[HubReceiptType]| types.contains(&HubReceiptType::HandedOver);
        assert!(handed(&told(&hub, &fetched).await) && !handed(&told(&hub, &waits).await));
        let both = [(fetched.id(), *b"SVKD"), (waits.id(), *b"SVKD")];
        for device in &b.devices {
            assert_eq!(orders(&hub, device).await, both, "who would have got it is told as well");
        }
        // The exact retry is answered before anybody asks for its handles.
        assert_eq!(hub.store.lookup(&fetched).await, Ok(Lookup::Gone));
        hub.reopen(stop).await;
    }
    pass(&hub, LIFE).await;
    assert_eq!(state(&hub, &waits).await, MessageState::Withdrawn, "its time changes nothing any more");
}

#[tokio::test]
async fn a_message_that_was_delivered_long_ago_is_stopped_too() {
    let (mut hub, a, b) = two_orgs().await;
    let handle = random_handle();
    hub.store.register_consents(vec![stub_for(&a, handle, in_days(90))]).await.unwrap();
    let sealed = under_consent(&hub, &a, &[(&b, PRIMARY)], handle);
    accept(&hub, &sealed).await.unwrap();
    for device in &b.devices {
        take(&hub, &b, device, &sealed, DELIVERED).await.unwrap();
    }
    assert_eq!(hub.store.lookup(&sealed).await, Ok(Lookup::Gone));
    withdraw(&hub, &a, handle).await.unwrap();
    for stop in STOPS {
        hub.reopen(stop).await;
        assert_eq!(orders(&hub, b.device()).await, [(sealed.id(), *b"SVKD")]);
        assert_eq!(state(&hub, &sealed).await, MessageState::Delivered);
    }
}
