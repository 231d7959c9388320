//! A message that is given to a later device: it waits for that device as if the header had named it, after every kind of stop.

use samverkan_proto::ids::{EpochKeyId, MailboxId};
use samverkan_proto::limits::{MAX_MESSAGE_BYTES_PER_ORG, WRAP_LEN};
use samverkan_proto::statement::manifest::Mailbox;
use samverkan_proto::statement::rewrap::Rewrap;
use samverkan_proto::v1::MessageState;

use super::mail::*;
use super::share::{pretend, taken};
use super::*;
use crate::policy::rewrap::RewrapPermit;
use crate::registry::testing::TestDevice;
use crate::store::Given;

/// A message from one organisation to another that has two readers, and a device that comes later.
struct Ground {
    hub: TestHub,
    sender: TestOrg,
    recipient: TestOrg,
    later: TestDevice,
    sealed: Sealed,
}

impl Ground {
    async fn new() -> Self {
        let hub = TestHub::new();
        let (sender, mut recipient) = (TestOrg::new(1), TestOrg::with_devices(2, 2));
        for org in [&sender, &recipient] {
            hub.activate(org).await;
        }
        let second = recipient.devices[1].verified_keys(recipient.id(), NOW, 2);
        hub.store.publish_epoch_keys(second).await.unwrap();
        let sealed = message(&hub, &sender, &[(&recipient, PRIMARY)]);
        accept(&hub, &sealed).await.unwrap();
        let later = TestDevice::new(77);
        recipient.manifest = recipient.with_device(&later);
        hub.store.publish_manifest(recipient.manifest.clone()).await.unwrap();
        hub.store.publish_epoch_keys(later.verified_keys(recipient.id(), NOW, 2)).await.unwrap();
        Self { hub, sender, recipient, later, sealed }
    }

    fn statement(&self) -> Rewrap {
        Rewrap {
            message_id: self.sealed.id(),
            hh: *self.sealed.header().hh(),
            org: self.recipient.id(),
            by_device: self.recipient.device().id(),
            to_device: self.later.id(),
            to_epoch_key: self.later.epoch_keys(self.recipient.id(), NOW, 1)[0].id(),
            wrap: Box::new([9; WRAP_LEN]),
        }
    }

    async fn give(&self, statement: Rewrap) -> Result<Given, StoreError> {
        let device = self.recipient.devices.iter().chain([&self.later]);
        let signer = &device.into_iter().find(|device| device.id() == statement.by_device).unwrap().signer;
        self.hub.store.rewrap(RewrapPermit::for_test(statement.sign(signer).unwrap())).await
    }

    async fn refused(&self, statement: Rewrap) -> RewrapRefusal {
        match self.give(statement).await {
            Err(StoreError::Rewrap(why)) => why,
            other => panic!("{other:?}"),
        }
    }

    fn readers(&self) -> [&TestDevice; 3] {
        [&self.recipient.devices[0], &self.recipient.devices[1], &self.later]
    }
}

/// What waits for a device, as wrap and re-wrap.
async fn wraps(hub: &TestHub, device: &TestDevice) -> Vec<(usize, usize)> {
    let items = queue(hub, device).await.into_iter().filter_map(|item| match item {
        Item::Delivery { wrap, rewrap, .. } => Some((wrap.len(), rewrap.len())),
        Item::Event { .. } | Item::Stop { .. } => None,
    });
    items.collect()
}

#[tokio::test]
async fn a_message_given_to_a_later_device_waits_for_it_after_every_kind_of_stop() {
    for stop in [Stop::Clean, Stop::Killed, Stop::IndexDeleted] {
        let mut ground = Ground::new().await;
        assert!(wraps(&ground.hub, &ground.later).await.is_empty(), "the sender knew nothing of it");
        ground.give(ground.statement()).await.unwrap();
        ground.give(ground.statement()).await.expect("the same again");
        for _ in 0..2 {
            assert_eq!(wraps(&ground.hub, &ground.later).await, [(0, Rewrap::LEN)], "{stop:?}");
            assert_eq!(wraps(&ground.hub, ground.recipient.device()).await, [(WRAP_LEN, 0)]);
            ground.hub.reopen(stop).await;
        }
        let Ground { hub, recipient, sealed, .. } = &ground;
        let [first, second, later] = ground.readers();
        take(hub, recipient, first, sealed, DELIVERED).await.unwrap();
        take(hub, recipient, second, sealed, DELIVERED).await.unwrap();
        assert_eq!(delivered_ids(hub, later).await, [sealed.id()], "it is waited for like the others");
        assert_eq!(hub.store.stats().unwrap().messages, 1);
        ground.hub.reopen(stop).await;
        let Ground { hub, sender, recipient, sealed, later, .. } = &ground;
        take(hub, recipient, later, sealed, DELIVERED).await.unwrap();
        assert_eq!(hub.store.stats().unwrap().messages, 0, "every reader has it: purged");
        let status = hub.store.status(sealed.id()).await.unwrap().unwrap();
        assert_eq!(status.state, MessageState::Delivered);
        let told = events(hub, sender.device()).await;
        assert_eq!(told.iter().filter(|told| *told == "device DELIVERED").count(), 3, "{told:?}");
        // A receipt that comes once more finds the later device in the tombstone as well, after any stop.
        ground.hub.reopen(stop).await;
        let Ground { hub, recipient, sealed, later, .. } = &ground;
        assert_eq!(answer(hub, recipient, later, sealed, DELIVERED).await, Ok(()));
        assert!(matches!(ground.give(ground.statement()).await, Err(StoreError::Gone)));
    }
}

#[tokio::test]
async fn a_later_device_alone_can_deliver_when_the_others_can_not() {
    let ground = Ground::new().await;
    let Ground { hub, recipient, sealed, .. } = &ground;
    ground.give(ground.statement()).await.unwrap();
    let [first, second, later] = ground.readers();
    take(hub, recipient, first, sealed, CANNOT).await.unwrap();
    take(hub, recipient, second, sealed, CANNOT).await.unwrap();
    let state = async || hub.store.status(sealed.id()).await.unwrap().unwrap().state;
    assert_eq!(state().await, MessageState::Waiting, "one is left");
    take(hub, recipient, later, sealed, DELIVERED).await.unwrap();
    assert_eq!(state().await, MessageState::Delivered);
}

#[tokio::test]
async fn only_a_reader_gives_and_only_a_reader_of_the_same_mailbox_gets() {
    let ground = Ground::new().await;
    let good = ground.statement();
    // A device that the message was not sealed to, even if it reads the mailbox by now.
    let third = TestDevice::new(78);
    let by_later = Rewrap { by_device: ground.later.id(), to_device: third.id(), ..good.clone() };
    assert_eq!(ground.refused(by_later).await, RewrapRefusal::NotWrapped);
    // A colleague who reads another mailbox only, and one that nobody knows.
    let other_mailbox = MailboxId::parse(&[99; 16]).unwrap();
    let elsewhere = ground.recipient.next(|fields| {
        fields.devices.push(third.entry());
        let name = "annan".parse().unwrap();
        fields.mailboxes.push(Mailbox { id: other_mailbox, name, readers: vec![third.id()] });
    });
    ground.hub.store.publish_manifest(elsewhere).await.unwrap();
    let keys = third.verified_keys(ground.recipient.id(), NOW, 1);
    ground.hub.store.publish_epoch_keys(keys).await.unwrap();
    let key = third.epoch_keys(ground.recipient.id(), NOW, 1)[0].id();
    let to_third = Rewrap { to_device: third.id(), to_epoch_key: key, ..good.clone() };
    assert_eq!(ground.refused(to_third).await, RewrapRefusal::NotAReader);
    let to_nobody = Rewrap { to_device: TestDevice::new(79).id(), ..good.clone() };
    assert_eq!(ground.refused(to_nobody).await, RewrapRefusal::NotAReader);
    let to_sender = Rewrap { to_device: ground.sender.device().id(), ..good.clone() };
    assert_eq!(ground.refused(to_sender).await, RewrapRefusal::NotAReader);
    let other_key = Rewrap { to_epoch_key: EpochKeyId::parse(&[7; 32]).unwrap(), ..good.clone() };
    assert_eq!(ground.refused(other_key).await, RewrapRefusal::Key);
    let other_header = Rewrap { hh: [7; 32], ..good.clone() };
    assert!(matches!(ground.give(other_header).await, Err(StoreError::UnknownMessage)));
    assert!(
        wraps(&ground.hub, &third).await.is_empty() && wraps(&ground.hub, &ground.later).await.is_empty()
    );
    ground.give(good).await.expect("the good one still");
}

#[tokio::test]
async fn what_could_not_be_opened_is_replaced_by_what_another_colleague_gives() {
    for stop in [Stop::Clean, Stop::Killed, Stop::IndexDeleted] {
        let mut ground = Ground::new().await;
        let by_first = ground.statement();
        let by_second = Rewrap { by_device: ground.recipient.devices[1].id(), ..by_first.clone() };
        assert_eq!(ground.give(by_first.clone()).await, Ok(Given::Settled));
        assert_eq!(ground.give(by_second.clone()).await, Ok(Given::EarlierStands), "nobody takes it away");
        take(&ground.hub, &ground.recipient, &ground.later, &ground.sealed, CANNOT).await.unwrap();
        assert_eq!(ground.give(by_first).await, Ok(Given::Settled), "it has had its turn");
        assert!(wraps(&ground.hub, &ground.later).await.is_empty());
        assert_eq!(ground.give(by_second).await, Ok(Given::Settled));
        for _ in 0..2 {
            assert_eq!(wraps(&ground.hub, &ground.later).await, [(0, Rewrap::LEN)], "{stop:?}");
            ground.hub.reopen(stop).await;
        }
        let Ground { hub, recipient, sealed, later, .. } = &ground;
        take(hub, recipient, later, sealed, DELIVERED).await.unwrap();
        assert!(wraps(hub, later).await.is_empty());
        assert_eq!(state(hub, sealed).await, MessageState::Delivered);
        assert_eq!(ground.give(ground.statement()).await, Ok(Given::Settled), "it has the message");
    }
}

#[tokio::test]
async fn who_gets_a_mailbox_back_can_be_given_what_waited() {
    for stop in [Stop::Clean, Stop::Killed, Stop::IndexDeleted] {
        let mut ground = Ground::new().await;
        let (first, second) = (ground.recipient.devices[0].id(), ground.recipient.devices[1].id());
        let key = ground.recipient.devices[1].epoch_keys(ground.recipient.id(), NOW, 1)[0].id();
        let back = Rewrap { by_device: first, to_device: second, to_epoch_key: key, ..ground.statement() };
        assert_eq!(ground.give(back.clone()).await, Ok(Given::EarlierStands), "it has its own wrap");
        for reads in [false, true] {
            let changed = ground.recipient.next(|fields| {
                let readers = &mut fields.mailboxes[0].readers;
                readers.retain(|reader| *reader != second);
                readers.extend(reads.then_some(second));
            });
            ground.hub.store.publish_manifest(changed.clone()).await.unwrap();
            ground.recipient.manifest = changed;
            // A clean stop waits until its queue was looked through.
            ground.hub.reopen(Stop::Clean).await;
            assert!(wraps(&ground.hub, &ground.recipient.devices[1]).await.is_empty(), "its wrap is gone");
        }
        assert_eq!(ground.give(back).await, Ok(Given::Settled));
        for _ in 0..2 {
            let waits = wraps(&ground.hub, &ground.recipient.devices[1]).await;
            assert_eq!(waits, [(0, Rewrap::LEN)], "once, {stop:?}");
            ground.hub.reopen(stop).await;
        }
        let Ground { hub, recipient, sealed, .. } = &ground;
        for device in &recipient.devices {
            take(hub, recipient, device, sealed, DELIVERED).await.unwrap();
        }
        assert_eq!(hub.store.stats().unwrap().messages, 0, "{stop:?}: nobody is left to wait for");
    }
}

#[tokio::test]
async fn a_rewrap_counts_for_the_organisation_that_gave_it_until_the_message_is_gone() {
    let mut ground = Ground::new().await;
    let org = ground.recipient.id();
    let sender = taken(&ground.hub, ground.sender.id()).await;
    let room = MAX_MESSAGE_BYTES_PER_ORG as i64;
    pretend(&ground.hub, org, room).await;
    assert_eq!(ground.give(ground.statement()).await, Err(StoreError::Quota));
    pretend(&ground.hub, org, -room).await;
    ground.give(ground.statement()).await.unwrap();
    let given = taken(&ground.hub, org).await;
    assert!(given as usize >= Rewrap::LEN && given < 2 * Rewrap::LEN as u64, "{given}");
    for stop in STOPS {
        ground.hub.reopen(stop).await;
        let counted = (taken(&ground.hub, org).await, taken(&ground.hub, ground.sender.id()).await);
        assert_eq!(counted, (given, sender), "{stop:?}");
    }
    let Ground { hub, recipient, sealed, .. } = &ground;
    for device in ground.readers() {
        take(hub, recipient, device, sealed, DELIVERED).await.unwrap();
    }
    for stop in STOPS {
        assert_eq!(taken(&ground.hub, org).await, 0, "{stop:?}");
        ground.hub.reopen(stop).await;
    }
}
