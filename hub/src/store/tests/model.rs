//! Random lives of messages, with stops of every kind in between.

use std::collections::{BTreeMap, HashSet};

use proptest::prelude::*;
use samverkan_proto::code::{OrganisationState, RevocationReason};
use samverkan_proto::ids::{DeviceId, MessageId};
use samverkan_proto::limits::DAY_MS;
use samverkan_proto::statement::manifest::Revocation;
use samverkan_proto::v1::MessageState;

use super::mail::{
    ALTERNATE, CANNOT, DELIVERED, LIFE, PRIMARY, REFUSED, STOPS, accept, answer, delivered_ids, events,
    hand_over, hub_receipt, ordered, pass, state,
};
use super::takeback::{in_days, random_handle, recall, stub_for, under_consent, withdraw};
use super::*;

#[derive(Clone, Copy, Debug)]
enum Act {
    /// From the first organisation to these, the last of them as an alternate of the one before it.
    Send {
        to: usize,
        alternate: bool,
    },
    Take {
        org: usize,
        device: usize,
    },
    Answer {
        org: usize,
        device: usize,
        which: usize,
        verdict: u8,
    },
    TakeEvents {
        device: usize,
    },
    TakeOrders {
        org: usize,
        device: usize,
    },
    Recall {
        which: usize,
    },
    Withdraw {
        which: usize,
    },
    Suspend {
        org: usize,
    },
    Resume {
        org: usize,
    },
    Revoke {
        org: usize,
    },
    Pass {
        days: u64,
    },
    Reopen {
        stop: u8,
    },
}

fn act() -> impl Strategy<Value = Act> {
    let (org, device) = (0_usize..2, 0_usize..2);
    prop_oneof![
        4 => (1_usize..4, any::<bool>()).prop_map(|(to, alternate)| Act::Send { to, alternate }),
        4 => (org.clone(), device.clone()).prop_map(|(org, device)| Act::Take { org, device }),
        8 => (org.clone(), device.clone(), 0_usize..6, 0_u8..3)
            .prop_map(|(org, device, which, verdict)| Act::Answer { org, device, which, verdict }),
        1 => (org.clone(), device.clone()).prop_map(|(org, device)| Act::TakeOrders { org, device }),
        1 => device.prop_map(|device| Act::TakeEvents { device }),
        1 => (0_usize..6).prop_map(|which| Act::Recall { which }),
        1 => (0_usize..6).prop_map(|which| Act::Withdraw { which }),
        1 => org.clone().prop_map(|org| Act::Suspend { org }),
        1 => org.clone().prop_map(|org| Act::Resume { org }),
        1 => org.prop_map(|org| Act::Revoke { org }),
        2 => (0_u64..9).prop_map(|days| Act::Pass { days }),
        2 => (0_u8..3).prop_map(|stop| Act::Reopen { stop }),
    ]
}

struct World {
    hub: TestHub,
    sender: TestOrg,
    others: Vec<TestOrg>,
    sent: Vec<(Sealed, Vec<u8>)>,
    acknowledged: HashSet<(DeviceId, MessageId)>,
}

impl World {
    async fn new() -> Self {
        let hub = TestHub::new();
        let mut orgs = ordered((0..3).map(|number| TestOrg::with_devices(number, 2)).collect());
        for org in &orgs {
            hub.activate(org).await;
        }
        let others = orgs.split_off(1);
        let sender = orgs.remove(0);
        Self { hub, sender, others, sent: Vec::new(), acknowledged: HashSet::new() }
    }

    async fn act(&mut self, act: Act) {
        match act {
            Act::Send { to, alternate } => self.send(to, alternate).await,
            Act::Take { org, device } => {
                let org = &self.others[org];
                if let Some(device) = org.devices.get(device) {
                    hand_over(&self.hub, org, device).await;
                }
            }
            Act::Answer { org, device, which, verdict } => self.answer(org, device, which, verdict).await,
            Act::TakeEvents { device } => {
                let device = self.sender.devices[device].id();
                let found = self.hub.store.waiting(device, 0, 5, 1 << 20).await.unwrap();
                self.hub.store.events_taken(device, found.through).await.unwrap();
            }
            Act::TakeOrders { org, device } => {
                if let Some(device) = self.others[org].devices.get(device) {
                    let through = self.hub.store.waiting(device.id(), 0, 5, 1 << 20).await.unwrap().through;
                    self.hub.store.events_taken(device.id(), through).await.unwrap();
                }
            }
            Act::Recall { which } => self.recall(which).await,
            Act::Withdraw { which } => self.withdraw(which).await,
            Act::Suspend { org } => self.set(org, OrganisationState::Suspended).await,
            Act::Resume { org } => self.set(org, OrganisationState::Active).await,
            Act::Revoke { org } => self.revoke(org).await,
            Act::Pass { days } => pass(&self.hub, days * DAY_MS).await,
            Act::Reopen { stop } => self.reopen(STOPS[usize::from(stop)]).await,
        }
    }

    async fn send(&mut self, to: usize, alternate: bool) {
        let active = |org: &&TestOrg| {
            self.hub.store.registry().organisation(&org.id()).is_some_and(|found| found.is_active())
        };
        let mut recipients: Vec<_> = match to {
            1 => self.others.iter().take(1).collect(),
            2 => self.others.iter().skip(1).collect(),
            _ => self.others.iter().collect(),
        };
        recipients.retain(active);
        let mut to: Vec<_> = recipients.iter().map(|org| (*org, PRIMARY)).collect();
        if let (true, [_, last]) = (alternate, &mut to[..]) {
            last.1 = ALTERNATE;
        }
        if !to.is_empty() {
            let handle = random_handle();
            self.hub
                .store
                .register_consents(vec![stub_for(&self.sender, handle, in_days(90))])
                .await
                .unwrap();
            let sealed = under_consent(&self.hub, &self.sender, &to, handle);
            let receipt = accept(&self.hub, &sealed).await.unwrap();
            self.sent.push((sealed, receipt));
        }
    }

    async fn answer(&mut self, org: usize, device: usize, which: usize, verdict: u8) {
        let org = &self.others[org];
        let (Some(device), Some((sealed, _))) = (org.devices.get(device), self.sent.iter().rev().nth(which))
        else {
            return;
        };
        let verdict = [DELIVERED, CANNOT, REFUSED][usize::from(verdict)];
        if answer(&self.hub, org, device, sealed, verdict).await.is_ok() {
            self.acknowledged.insert((device.id(), sealed.id()));
        }
    }

    /// Twice: whoever takes the same message back again gets the same receipt.
    async fn recall(&self, which: usize) {
        let Some((sealed, _)) = self.sent.iter().rev().nth(which) else { return };
        let first = recall(&self.hub, &self.sender, sealed).await.unwrap();
        assert_eq!(recall(&self.hub, &self.sender, sealed).await.unwrap(), first);
    }

    async fn withdraw(&self, which: usize) {
        let Some((sealed, _)) = self.sent.iter().rev().nth(which) else { return };
        let handle = sealed.header().fields().handles[0];
        let first = withdraw(&self.hub, &self.sender, handle).await.unwrap();
        assert_eq!(withdraw(&self.hub, &self.sender, handle).await.unwrap(), first);
    }

    async fn set(&self, org: usize, state: OrganisationState) {
        // Not every move is allowed, and that is not what is tested here.
        let _ = self.hub.store.set_state(self.others[org].id(), state).await;
    }

    async fn revoke(&mut self, org: usize) {
        let org = &mut self.others[org];
        if org.devices.len() < 2 {
            return;
        }
        let gone = org.devices.remove(1).id();
        org.manifest = org.next(|fields| {
            fields.devices.retain(|device| device.id() != gone);
            fields.mailboxes[0].readers.retain(|reader| *reader != gone);
            let reason = RevocationReason::Replaced;
            fields.revocations.push(Revocation { device_id: gone, revoked_ms: NOW, reason });
        });
        self.hub.store.publish_manifest(org.manifest.clone()).await.unwrap();
    }

    /// Stops and starts, and checks that a rebuilt index is the one that was.
    async fn reopen(&mut self, stop: Stop) {
        // Clean stops end what is pending, so that both indices are at rest.
        self.hub.reopen(Stop::Clean).await;
        let before = self.dump().await;
        self.hub.reopen(stop).await;
        self.hub.reopen(Stop::Clean).await;
        assert_eq!(before, self.dump().await, "{stop:?}");
    }

    /// The index without the locations, which compaction changes, and without the marks of revoked devices, of
    /// which a rebuild only keeps what followed.
    async fn dump(&self) -> BTreeMap<Vec<u8>, Vec<u8>> {
        let dump = self.hub.store.read(|view| {
            let pairs = view.index.range(&[], None).map(|pair| {
                let (key, mut value) = pair?;
                match key[0] {
                    b'm' => {
                        value[..12].fill(0);
                        // Five of six bitmaps in, after 12 + 3·8 + 96 + 48 bytes.
                        value[220..228].fill(0);
                    }
                    b't' => {
                        value[..12].fill(0);
                        value[196..204].fill(0);
                    }
                    b'l' | b'j' | b'r' | b'f' | b'a' | b'h' => value[..12].fill(0),
                    _ => {}
                }
                Ok((key, value))
            });
            pairs.collect::<Result<BTreeMap<_, _>, StoreError>>()
        });
        dump.await.unwrap()
    }

    async fn check(&self) {
        for org in &self.others {
            for device in &org.devices {
                for id in delivered_ids(&self.hub, device).await {
                    assert!(
                        !self.acknowledged.contains(&(device.id(), id)),
                        "shown again after it was acknowledged"
                    );
                }
            }
        }
        for (sealed, first) in &self.sent {
            match self.hub.store.lookup(sealed).await.unwrap() {
                Lookup::Accepted(receipt) => assert_eq!(receipt, *first),
                Lookup::Gone => {}
                other => panic!("{other:?}"),
            }
        }
        events(&self.hub, self.sender.device()).await;
    }

    /// Lets everything end, and checks how it did.
    async fn end(&mut self) {
        pass(&self.hub, LIFE + DAY_MS).await;
        self.reopen(Stop::Killed).await;
        for (sealed, first) in &self.sent {
            assert_ne!(state(&self.hub, sealed).await, MessageState::Waiting);
            let receipts = self.hub.store.status(sealed.id()).await.unwrap().unwrap().receipts;
            assert_eq!(receipts[0], *first);
            let ends = receipts.iter().filter(|receipt| receipt.starts_with(b"SVKS"));
            let purges = ends.filter(|receipt| {
                let kind = hub_receipt(receipt).event.receipt_type();
                kind == samverkan_proto::code::HubReceiptType::Purged
            });
            assert_eq!(purges.count(), 1);
        }
        let left = self.dump().await;
        assert!(!left.keys().any(|key| matches!(key[0], b'm' | b'q' | b'n' | b'z')), "something still waits");
        assert_eq!(self.hub.store.stats().unwrap().messages, 0);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, max_shrink_iters: 60, ..ProptestConfig::default() })]
    #[test]
    fn every_message_ends_once_and_every_rebuild_gives_the_same_index(
        acts in proptest::collection::vec(act(), 1..30),
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
        runtime.block_on(async {
            let mut world = World::new().await;
            for act in acts {
                world.act(act).await;
                world.check().await;
            }
            world.end().await;
        });
    }
}
