//! Messages: accepted once, handed over, spoken about, ended, and the same after every kind of stop.

use samverkan_proto::code::{
    CannotDecryptReason, Class, OrganisationState, PurgeReason, RecipientKind, RefusalReason,
    RevocationReason, Urgency,
};
use samverkan_proto::ids::MessageId;
use samverkan_proto::limits::{AFTER_DELIVERY_MS, DAY_MS, WRAP_LEN};
use samverkan_proto::statement::batch::{
    ReceiptProof, UnverifiedProof, VerifiedDeviceReceipt, proof, sign_batch,
};
use samverkan_proto::statement::epoch_key::Epoch;
use samverkan_proto::statement::header::{Header, HeaderFields, Recipient, Wrap};
use samverkan_proto::statement::manifest::Revocation;
use samverkan_proto::statement::receipt::{DeviceReceipt, HubEvent, HubReceipt, Verdict};
use samverkan_proto::v1::MessageState;

use super::*;
use crate::policy::SubmitPermit;
use crate::registry::testing::TestDevice;

pub(super) const LIFE: u64 = 20 * DAY_MS;
const CONTENT: usize = 4096 + 16;

/// A mailbox of an organisation and how it takes part.
pub(super) type To<'a> = (&'a TestOrg, RecipientKind);

pub(super) const PRIMARY: RecipientKind = RecipientKind::Primary;
pub(super) const ALTERNATE: RecipientKind = RecipientKind::Alternate;

/// A message from the first device of `sender` to mailboxes, wrapped for all their readers and for the sender's
/// other devices.
pub(super) fn message(hub: &TestHub, sender: &TestOrg, to: &[To<'_>]) -> Sealed {
    message_with(hub, sender, to, |_| {})
}

/// The same with changes.
pub(super) fn message_with(
    hub: &TestHub,
    sender: &TestOrg,
    to: &[To<'_>],
    change: impl FnOnce(&mut HeaderFields),
) -> Sealed {
    let created_ms = hub.clock.now_ms();
    let week = Epoch::of(NOW);
    let device_wrap = |org: &TestOrg, device: &TestDevice, boxes| Wrap {
        org: org.id(),
        device: device.id(),
        epoch_key: device.epoch_keys(org.id(), NOW, 1)[0].id(),
        boxes,
    };
    let mut wraps: Vec<Wrap> =
        sender.devices.iter().skip(1).map(|copy| device_wrap(sender, copy, 0)).collect();
    for (index, (org, _)) in to.iter().enumerate() {
        wraps.extend(org.devices.iter().map(|device| device_wrap(org, device, 1 << index)));
    }
    wraps.sort_by_key(|wrap| (wrap.org, wrap.device));
    assert_eq!(week, Epoch::of(NOW));
    let recipient = |(org, kind): &To<'_>| Recipient {
        org: org.id(),
        mailbox: org.mailbox(),
        manifest_serial: org.manifest.manifest().serial(),
        kind: *kind,
    };
    let mut fields = HeaderFields {
        message_id: MessageId::random(),
        sender_org: sender.id(),
        sender_mailbox: sender.mailbox(),
        sender_device: sender.device().id(),
        class: Class::FollowUp,
        basis: None,
        urgency: Urgency::Soon,
        answer_within_minutes: None,
        created_ms,
        expires_ms: created_ms + LIFE,
        content_len: CONTENT as u32,
        key_commit: [1; 32],
        to: to.iter().map(recipient).collect(),
        wraps,
        blobs: Vec::new(),
        handles: Vec::new(),
    };
    change(&mut fields);
    let header = Header::new(fields).unwrap();
    let wraps: Vec<u8> = (0..header.fields().wraps.len()).flat_map(|wrap| [wrap as u8; WRAP_LEN]).collect();
    let content = header.fields().message_id.as_bytes().repeat(CONTENT / 16);
    Sealed::new(header, wraps.into(), content.into())
}

/// Sorted so that the first may stand before the second in a header.
pub(super) fn ordered(mut orgs: Vec<TestOrg>) -> Vec<TestOrg> {
    orgs.sort_by_key(TestOrg::id);
    orgs
}

pub(super) fn permit(hub: &TestHub, sealed: &Sealed) -> SubmitPermit {
    SubmitPermit::for_test(hub.store.registry().generation(), *sealed.header().hh())
}

pub(super) async fn accept(hub: &TestHub, sealed: &Sealed) -> Result<Vec<u8>, StoreError> {
    hub.store.accept(permit(hub, sealed), sealed.clone()).await
}

/// A hub receipt that verifies.
pub(super) fn hub_receipt(bytes: &[u8]) -> HubReceipt {
    let parsed = UnverifiedProof::<HubReceipt>::parse(bytes).unwrap();
    parsed.verify(signers().receipt.public_key()).unwrap().into_value()
}

pub(super) fn says(
    sealed: &Sealed,
    org: &TestOrg,
    device: &TestDevice,
    verdict: Verdict,
) -> VerifiedDeviceReceipt {
    let receipt = DeviceReceipt {
        message_id: sealed.id(),
        hh: *sealed.header().hh(),
        org: org.id(),
        device: device.id(),
        time_ms: 5,
        verdict,
    };
    let batch = sign_batch(&[receipt], &device.signer).unwrap();
    let bytes = proof(&receipt, 0, &batch.leaf_hashes, &batch.key_id, &batch.signature).unwrap();
    UnverifiedProof::parse(&bytes).unwrap().verify(device.signer.public_key()).unwrap()
}

pub(super) const DELIVERED: Verdict = Verdict::Delivered { open_tag: [1; 16] };
pub(super) const CANNOT: Verdict = Verdict::CannotDecrypt(CannotDecryptReason::CannotOpen);
pub(super) const REFUSED: Verdict =
    Verdict::Refused { reason: RefusalReason::ConsentMismatch, open_tag: [1; 16] };

/// Everything that waits for a device, read in small pieces.
pub(super) async fn queue(hub: &TestHub, device: &TestDevice) -> Vec<Item> {
    let mut items: Vec<Item> = Vec::new();
    let mut after = 0;
    loop {
        let found = hub.store.waiting(device.id(), after, 3, 10_000).await.unwrap();
        assert_eq!(hub.store.stats().unwrap().damaged, 0);
        assert!(found.items.is_sorted_by(|a, b| a.cursor() < b.cursor()));
        assert!(found.items.iter().all(|item| item.cursor() > after && item.cursor() <= found.through));
        after = found.through;
        items.extend(found.items);
        if found.caught_up {
            return items;
        }
    }
}

pub(super) async fn delivered_ids(hub: &TestHub, device: &TestDevice) -> Vec<MessageId> {
    let ids = queue(hub, device).await.into_iter().filter_map(|item| match item {
        Item::Delivery { message_id, .. } => Some(message_id),
        Item::Event { .. } | Item::Stop { .. } => None,
    });
    ids.collect()
}

/// The events before a device, as the hub receipts' events and the device receipts' types.
pub(super) async fn events(hub: &TestHub, device: &TestDevice) -> Vec<String> {
    let mut told = Vec::new();
    for item in queue(hub, device).await {
        if let Item::Event { receipt, .. } = item {
            told.push(match ReceiptProof::parse(&receipt).unwrap() {
                ReceiptProof::Hub(_) => format!("{}", hub_receipt(&receipt).event.receipt_type()),
                ReceiptProof::Device(proof) => format!("device {}", proof.claimed().verdict.receipt_type()),
            });
        }
    }
    told
}

pub(super) async fn hand_over(hub: &TestHub, org: &TestOrg, device: &TestDevice) {
    let ids = delivered_ids(hub, device).await;
    hub.store.handed_over(org.id(), device.id(), ids).await.unwrap();
}

pub(super) async fn answer(
    hub: &TestHub,
    org: &TestOrg,
    device: &TestDevice,
    sealed: &Sealed,
    verdict: Verdict,
) -> Result<(), ReceiptRefusal> {
    let receipt = says(sealed, org, device, verdict);
    let mut answers = hub.store.receipts(org.id(), device.id(), vec![receipt]).await.unwrap();
    assert_eq!(answers.len(), 1);
    answers.remove(0)
}

/// Hands over whatever waits, then answers.
pub(super) async fn take(
    hub: &TestHub,
    org: &TestOrg,
    device: &TestDevice,
    sealed: &Sealed,
    verdict: Verdict,
) -> Result<(), ReceiptRefusal> {
    hand_over(hub, org, device).await;
    answer(hub, org, device, sealed, verdict).await
}

pub(super) async fn state(hub: &TestHub, sealed: &Sealed) -> MessageState {
    hub.store.status(sealed.id()).await.unwrap().unwrap().state
}

/// Turns the clock and lets it do all that is due.
pub(super) async fn pass(hub: &TestHub, ms: u64) {
    hub.advance(ms);
    while hub.store.step().await.unwrap() <= hub.clock.now_ms() {}
}

pub(super) async fn two_orgs() -> (TestHub, TestOrg, TestOrg) {
    let hub = TestHub::new();
    let orgs = ordered(vec![TestOrg::with_devices(0, 2), TestOrg::with_devices(1, 2)]);
    for org in &orgs {
        hub.activate(org).await;
    }
    let mut orgs = orgs.into_iter();
    (hub, orgs.next().unwrap(), orgs.next().unwrap())
}

pub(super) const STOPS: [Stop; 3] = [Stop::Clean, Stop::Killed, Stop::IndexDeleted];

#[tokio::test]
async fn a_retry_gets_the_identical_first_receipt_after_every_kind_of_stop() {
    let (mut hub, a, b) = two_orgs().await;
    let sealed = message(&hub, &a, &[(&b, PRIMARY)]);
    assert_eq!(hub.store.lookup(&sealed).await, Ok(Lookup::Unknown));
    let first = accept(&hub, &sealed).await.unwrap();
    let receipt = hub_receipt(&first);
    assert_eq!((receipt.message_id, receipt.hh), (sealed.id(), *sealed.header().hh()));
    assert_eq!(Some(receipt.log_size), hub.store.registry().log().head().map(|head| head.size));
    assert_eq!(Some(receipt.log_root), hub.store.registry().log().head().map(|head| head.root));
    assert!(
        matches!(receipt.event, HubEvent::SubmissionAccepted { device, .. } if device == a.device().id())
    );
    // The same header with another content is another message under the same id.
    let other = Sealed::new(sealed.header().clone(), vec![0; 10].into(), vec![9; CONTENT].into());
    for stop in STOPS {
        assert_eq!(accept(&hub, &sealed).await, Ok(first.clone()));
        assert_eq!(hub.store.lookup(&sealed).await, Ok(Lookup::Accepted(first.clone())));
        assert_eq!(hub.store.lookup(&other).await, Ok(Lookup::Conflict));
        assert_eq!(accept(&hub, &other).await, Err(StoreError::Conflict));
        assert_eq!(delivered_ids(&hub, b.device()).await, [sealed.id()]);
        hub.reopen(stop).await;
    }
}

#[tokio::test]
async fn a_permit_of_an_earlier_registry_is_stale_and_one_for_another_message_is_a_fault() {
    let (hub, a, b) = two_orgs().await;
    let sealed = message(&hub, &a, &[(&b, PRIMARY)]);
    let old = permit(&hub, &sealed);
    hub.store.set_state(b.id(), OrganisationState::Suspended).await.unwrap();
    assert_eq!(hub.store.accept(old, sealed.clone()).await, Err(StoreError::Stale));
    let foreign = SubmitPermit::for_test(hub.store.registry().generation(), [0; 32]);
    assert!(matches!(hub.store.accept(foreign, sealed).await, Err(StoreError::Internal(_))));
}

#[tokio::test]
async fn each_device_gets_its_own_wrap_and_what_it_acknowledged_never_again() {
    let (mut hub, a, b) = two_orgs().await;
    let sealed = message(&hub, &a, &[(&b, PRIMARY)]);
    let woken = hub.store.subscribe(b.devices[1].id());
    let first = accept(&hub, &sealed).await.unwrap();
    woken.woken().await;
    for device in &b.devices {
        let items = queue(&hub, device).await;
        let [Item::Delivery { header, wrap, content, submission_receipt, .. }] = &items[..] else {
            panic!("one delivery, but {items:?}");
        };
        let index = sealed.header().fields().wrap_index(&b.id(), &device.id()).unwrap();
        assert_eq!(header, sealed.header().bytes());
        assert_eq!(wrap[..], [index as u8; WRAP_LEN]);
        assert_eq!(content[..], sealed.id().as_bytes().repeat(CONTENT / 16));
        assert_eq!(*submission_receipt, first);
    }
    // The sent copy waits for the sender's other device, and tells nobody anything.
    assert_eq!(delivered_ids(&hub, &a.devices[1]).await, [sealed.id()]);
    assert_eq!(take(&hub, &a, &a.devices[1], &sealed, DELIVERED).await, Ok(()));
    assert_eq!(events(&hub, a.device()).await, [""; 0]);

    assert_eq!(take(&hub, &b, b.device(), &sealed, DELIVERED).await, Ok(()));
    for stop in STOPS {
        assert_eq!(delivered_ids(&hub, b.device()).await, []);
        assert_eq!(delivered_ids(&hub, &a.devices[1]).await, []);
        assert_eq!(delivered_ids(&hub, &b.devices[1]).await, [sealed.id()]);
        let expected = ["HANDED_OVER", "device DELIVERED"];
        assert_eq!(events(&hub, a.device()).await, expected);
        assert_eq!(events(&hub, &a.devices[1]).await, expected);
        assert_eq!(state(&hub, &sealed).await, MessageState::Delivered);
        hub.reopen(stop).await;
    }
}

#[tokio::test]
async fn events_are_taken_up_to_a_cursor_and_no_further() {
    let (mut hub, a, b) = two_orgs().await;
    let sealed = message(&hub, &a, &[(&b, PRIMARY)]);
    accept(&hub, &sealed).await.unwrap();
    hand_over(&hub, &b, b.device()).await;
    hand_over(&hub, &b, b.device()).await;
    let items = queue(&hub, a.device()).await;
    assert_eq!(items.len(), 1, "handing over is told once for each device");
    hub.store.events_taken(a.device().id(), items[0].cursor()).await.unwrap();
    answer(&hub, &b, b.device(), &sealed, DELIVERED).await.unwrap();
    for stop in STOPS {
        assert_eq!(events(&hub, a.device()).await, ["device DELIVERED"]);
        assert_eq!(events(&hub, &a.devices[1]).await.len(), 2);
        hub.reopen(stop).await;
    }
    // A cursor beyond everything takes what is there, not what is to come.
    hub.store.events_taken(a.device().id(), u64::MAX).await.unwrap();
    assert_eq!(events(&hub, a.device()).await, [""; 0]);
    take(&hub, &b, &b.devices[1], &sealed, DELIVERED).await.unwrap();
    assert!(events(&hub, a.device()).await.contains(&"PURGED".to_owned()));
}

#[tokio::test]
async fn receipts_of_strangers_are_refused_and_repeated_ones_change_nothing() {
    let (hub, a, b) = two_orgs().await;
    let stranger = TestOrg::new(7);
    hub.activate(&stranger).await;
    let sealed = message(&hub, &a, &[(&b, PRIMARY)]);
    let unknown = message(&hub, &a, &[(&b, PRIMARY)]);
    accept(&hub, &sealed).await.unwrap();
    let early = answer(&hub, &b, b.device(), &sealed, DELIVERED).await;
    assert_eq!(early, Err(ReceiptRefusal::NotYours), "nothing was handed to it yet");
    hand_over(&hub, &b, b.device()).await;
    let foreign = answer(&hub, &stranger, stranger.device(), &sealed, DELIVERED).await;
    assert_eq!(foreign, Err(ReceiptRefusal::NotYours));
    let borrowed = says(&sealed, &b, b.device(), DELIVERED);
    let answers = hub.store.receipts(b.id(), b.devices[1].id(), vec![borrowed]).await.unwrap();
    assert_eq!(answers, [Err(ReceiptRefusal::NotYours)]);
    let nothing = answer(&hub, &b, b.device(), &unknown, DELIVERED).await;
    assert_eq!(nothing, Err(ReceiptRefusal::UnknownMessage));

    let answered = Verdict::Answered { open_tag: [1; 16], mailbox: b.mailbox(), answer_ref: [2; 32] };
    let early = answer(&hub, &b, b.device(), &sealed, answered).await;
    assert_eq!(early, Err(ReceiptRefusal::Contradiction));
    for verdict in [DELIVERED, DELIVERED, answered, answered] {
        assert_eq!(answer(&hub, &b, b.device(), &sealed, verdict).await, Ok(()));
    }
    assert_eq!(answer(&hub, &b, b.device(), &sealed, CANNOT).await, Err(ReceiptRefusal::Contradiction));
    let told = events(&hub, a.device()).await;
    assert_eq!(told, ["HANDED_OVER", "device DELIVERED", "device ANSWERED"]);
}

#[tokio::test]
async fn the_last_reader_ends_the_message_and_a_late_answer_still_reaches_the_sender() {
    let (mut hub, a, b) = two_orgs().await;
    let sealed = message(&hub, &a, &[(&b, PRIMARY)]);
    let first = accept(&hub, &sealed).await.unwrap();
    take(&hub, &b, b.device(), &sealed, DELIVERED).await.unwrap();
    take(&hub, &b, &b.devices[1], &sealed, REFUSED).await.unwrap();
    let answered = Verdict::Answered { open_tag: [1; 16], mailbox: b.mailbox(), answer_ref: [2; 32] };
    for stop in STOPS {
        assert_eq!(hub.store.lookup(&sealed).await, Ok(Lookup::Gone));
        assert_eq!(accept(&hub, &sealed).await, Err(StoreError::Gone));
        let other = Sealed::new(sealed.header().clone(), vec![0; 10].into(), vec![9; CONTENT].into());
        assert_eq!(hub.store.lookup(&other).await, Ok(Lookup::Conflict));
        assert_eq!(answer(&hub, &b, b.device(), &sealed, answered).await, Ok(()));
        let refused = answer(&hub, &b, &b.devices[1], &sealed, answered).await;
        assert_eq!(refused, Err(ReceiptRefusal::Contradiction));
        let status = hub.store.status(sealed.id()).await.unwrap().unwrap();
        assert_eq!((status.state, status.receipts.len()), (MessageState::Delivered, 7));
        assert_eq!(status.receipts[0], first);
        let told = events(&hub, a.device()).await;
        assert_eq!(told[4..], ["PURGED", "device ANSWERED"]);
        // The sent copy went with the message.
        assert_eq!(delivered_ids(&hub, &a.devices[1]).await, []);
        hub.reopen(stop).await;
    }
    // After half a year nothing of it is left.
    pass(&hub, 181 * DAY_MS).await;
    for stop in STOPS {
        assert_eq!(hub.store.status(sealed.id()).await, Ok(None));
        assert_eq!(events(&hub, a.device()).await, [""; 0]);
        assert_eq!(hub.store.lookup(&sealed).await, Ok(Lookup::Unknown));
        hub.reopen(stop).await;
    }
}

#[tokio::test]
async fn what_nobody_took_expires_and_what_one_reader_took_lapses() {
    let (mut hub, a, b) = two_orgs().await;
    let (unread, read) = (message(&hub, &a, &[(&b, PRIMARY)]), message(&hub, &a, &[(&b, PRIMARY)]));
    accept(&hub, &unread).await.unwrap();
    accept(&hub, &read).await.unwrap();
    take(&hub, &b, b.device(), &read, DELIVERED).await.unwrap();
    hub.reopen(Stop::Killed).await;
    pass(&hub, AFTER_DELIVERY_MS - 1).await;
    assert_eq!(delivered_ids(&hub, &b.devices[1]).await.len(), 2);
    pass(&hub, 1).await;
    assert_eq!(delivered_ids(&hub, &b.devices[1]).await, [unread.id()]);
    assert_eq!(state(&hub, &read).await, MessageState::Delivered);
    pass(&hub, LIFE - AFTER_DELIVERY_MS - 1).await;
    assert_eq!(state(&hub, &unread).await, MessageState::Waiting);
    pass(&hub, 1).await;
    hub.reopen(Stop::IndexDeleted).await;
    assert_eq!(state(&hub, &unread).await, MessageState::ExpiredUndelivered);
    let told = events(&hub, a.device()).await;
    assert_eq!(told[told.len() - 2..], ["EXPIRED_UNDELIVERED", "PURGED"]);
    let receipts = hub.store.status(read.id()).await.unwrap().unwrap().receipts;
    let last = hub_receipt(receipts.last().unwrap());
    assert_eq!(last.event, HubEvent::Purged(PurgeReason::Lapsed));
}

#[tokio::test]
async fn alternates_take_over_under_a_cursor_of_their_own() {
    let hub = TestHub::new();
    let orgs =
        ordered(vec![TestOrg::with_devices(0, 1), TestOrg::with_devices(1, 1), TestOrg::with_devices(2, 1)]);
    for org in &orgs {
        hub.activate(org).await;
    }
    let (mut hub, [a, b, c]) = (hub, &orgs[..]) else { panic!("three organisations") };
    let sealed = message(&hub, a, &[(b, PRIMARY), (c, ALTERNATE)]);
    let later = message(&hub, a, &[(c, PRIMARY)]);
    accept(&hub, &sealed).await.unwrap();
    accept(&hub, &later).await.unwrap();
    assert_eq!(delivered_ids(&hub, c.device()).await, [later.id()]);
    let seen = queue(&hub, c.device()).await[0].cursor();
    take(&hub, b, b.device(), &sealed, CANNOT).await.unwrap();
    for stop in STOPS {
        // Whoever stands at the later message's cursor still gets it.
        let found = hub.store.waiting(c.device().id(), seen, 10, 1 << 20).await.unwrap();
        assert!(
            matches!(&found.items[..], [Item::Delivery { message_id, .. }] if *message_id == sealed.id())
        );
        assert_eq!(delivered_ids(&hub, b.device()).await, []);
        assert_eq!(state(&hub, &sealed).await, MessageState::Waiting);
        hub.reopen(stop).await;
    }
    take(&hub, c, c.device(), &sealed, CANNOT).await.unwrap();
    assert_eq!(state(&hub, &sealed).await, MessageState::Undecryptable);
    assert_eq!(delivered_ids(&hub, c.device()).await, [later.id()]);
    hub.reopen(Stop::Killed).await;
    assert_eq!(state(&hub, &sealed).await, MessageState::Undecryptable);
    assert_eq!(delivered_ids(&hub, c.device()).await, [later.id()]);
    assert_eq!(events(&hub, a.device()).await.iter().filter(|told| *told == "UNDECRYPTABLE").count(), 1);
}

#[tokio::test]
async fn suspension_sends_back_what_waits_and_resuming_does_not_bring_it_again() {
    let (mut hub, a, b) = two_orgs().await;
    let (waits, read) = (message(&hub, &a, &[(&b, PRIMARY)]), message(&hub, &a, &[(&b, PRIMARY)]));
    accept(&hub, &waits).await.unwrap();
    accept(&hub, &read).await.unwrap();
    take(&hub, &b, b.device(), &read, DELIVERED).await.unwrap();
    hub.store.set_state(b.id(), OrganisationState::Suspended).await.unwrap();
    // A clean stop waits for the sweep; so this is also the end of waiting for it.
    hub.reopen(Stop::Clean).await;
    assert_eq!(state(&hub, &waits).await, MessageState::Returned);
    assert_eq!(state(&hub, &read).await, MessageState::Delivered);
    hub.store.set_state(b.id(), OrganisationState::Active).await.unwrap();
    for stop in STOPS {
        assert_eq!(delivered_ids(&hub, b.device()).await, []);
        assert_eq!(delivered_ids(&hub, &b.devices[1]).await, [read.id()]);
        let told = events(&hub, a.device()).await;
        assert_eq!(told[told.len() - 2..], ["RETURNED", "PURGED"]);
        hub.reopen(stop).await;
    }
}

#[tokio::test]
async fn a_revoked_reader_is_waited_for_no_longer() {
    let (mut hub, a, mut b) = two_orgs().await;
    let (half, alone) = (message(&hub, &a, &[(&b, PRIMARY)]), message(&hub, &a, &[(&b, PRIMARY)]));
    accept(&hub, &half).await.unwrap();
    accept(&hub, &alone).await.unwrap();
    take(&hub, &b, b.device(), &half, DELIVERED).await.unwrap();
    answer(&hub, &b, b.device(), &alone, CANNOT).await.unwrap();
    let gone = b.devices.remove(1);
    b.manifest = b.next(|fields| {
        fields.devices.retain(|device| device.id() != gone.id());
        fields.mailboxes[0].readers.retain(|reader| *reader != gone.id());
        let reason = RevocationReason::Lost;
        fields.revocations.push(Revocation { device_id: gone.id(), revoked_ms: NOW, reason });
    });
    hub.store.publish_manifest(b.manifest.clone()).await.unwrap();
    hub.reopen(Stop::Clean).await;
    for stop in STOPS {
        assert_eq!(delivered_ids(&hub, &gone).await, []);
        assert_eq!(hub.store.lookup(&half).await, Ok(Lookup::Gone));
        assert_eq!(state(&hub, &half).await, MessageState::Delivered);
        assert_eq!(state(&hub, &alone).await, MessageState::Undecryptable);
        let told = events(&hub, a.device()).await;
        assert_eq!(told.iter().filter(|told| *told == "UNDECRYPTABLE").count(), 1);
        hub.reopen(stop).await;
        // After a kill the queues are swept again; a clean stop waits for that.
        hub.reopen(Stop::Clean).await;
    }
}
