//! Inviting, joining, publishing, and the operator's word.

use samverkan_proto::code::OrganisationState;
use samverkan_proto::limits::INVITE_MS;
use samverkan_proto::statement::log::Record;

use super::*;
use crate::registry::testing::TestDevice;
use crate::registry::{CodeHash, RegistryRefusal};

#[tokio::test]
async fn a_new_store_begins_its_log_with_the_hubs_keys() {
    let mut hub = TestHub::new();
    for _ in 0..2 {
        let log = verified_log(&hub.store).await;
        assert_eq!(log.len(), 1);
        let record = Leaf::parse(&log[0].leaf).unwrap().open(&log[0].record).unwrap();
        assert!(matches!(record, Record::HubKeys(keys) if keys == signers().hub_keys));
        hub.reopen(Stop::Clean).await;
    }
}

#[tokio::test]
async fn other_keys_do_not_open_a_store() {
    let hub = TestHub::new();
    hub.store.close().await.unwrap();
    let mut other = signers();
    other.hub_keys.receipt_key = *Signer::from_seed(&[9; 32]).unwrap().public_key();
    let refused = Store::open(&hub.path, other, hub.clock.clone(), StoreOptions::default());
    assert!(matches!(refused, Err(StoreOpenError::OtherKeys)));
}

#[tokio::test]
async fn joining_works_once_and_a_repeated_call_gets_the_same_answer_after_every_kind_of_stop() {
    let (mut hub, org, other) = (TestHub::new(), TestOrg::new(0), TestOrg::new(1));
    let (code, expires_ms) = hub.store.invite(org.invitation()).await.unwrap();
    assert_eq!(expires_ms, NOW + INVITE_MS);
    let mut changed = hub.store.changed();
    changed.mark_unchanged();
    let certificate = hub.store.enrol(enrolment(&org, code)).await.unwrap();
    assert!(changed.has_changed().unwrap());
    for stop in [Stop::Clean, Stop::Killed, Stop::IndexDeleted] {
        let mut again = enrolment(&org, code);
        again.certificate = bytes::Bytes::from_static(b"a second one");
        assert_eq!(hub.store.enrol(again).await.unwrap(), certificate);
        let mut foreign = enrolment(&other, code);
        foreign.code = code;
        let refused = hub.store.enrol(foreign).await;
        assert_eq!(refused, Err(StoreError::Registry(RegistryRefusal::InviteInvalid)));
        // Hub keys, manifest, entry, certificate, epoch keys.
        assert_eq!(verified_log(&hub.store).await.len(), 5);
        let registry = hub.store.registry();
        assert_eq!(registry.organisation(&org.id()).unwrap().state(), OrganisationState::Pending);
        hub.reopen(stop).await;
    }
}

#[tokio::test]
async fn invites_can_be_withdrawn_expire_and_are_made_again() {
    let (mut hub, org) = (TestHub::new(), TestOrg::new(0));
    let handle = org.invitation().handle;
    let (withdrawn, _) = hub.store.invite(org.invitation()).await.unwrap();
    let taken = hub.store.invite(org.invitation()).await;
    assert_eq!(taken, Err(StoreError::Registry(RegistryRefusal::HandleTaken)));
    hub.store.withdraw_invite(handle.clone()).await.unwrap();
    let nothing = hub.store.withdraw_invite(handle.clone()).await;
    assert_eq!(nothing, Err(StoreError::Registry(RegistryRefusal::OrganisationUnknown)));
    let (expired, _) = hub.store.invite(org.invitation()).await.unwrap();
    hub.advance(INVITE_MS);
    let invalid = Err(StoreError::Registry(RegistryRefusal::InviteInvalid));
    assert_eq!(hub.store.enrol(enrolment(&org, expired)).await, invalid);
    let (code, _) = hub.store.invite(org.invitation()).await.unwrap();
    hub.reopen(Stop::Killed).await;
    for old in [withdrawn, expired] {
        assert_eq!(hub.store.enrol(enrolment(&org, old)).await, invalid);
        assert!(hub.store.registry().invite(&CodeHash::of(&old)).is_none());
    }
    let mut late = enrolment(&org, code);
    late.epoch_keys = org.device().verified_keys(org.id(), hub.clock.now_ms(), 1);
    hub.store.enrol(late).await.unwrap();
}

#[tokio::test]
async fn manifests_keys_and_states_are_published_once_and_survive() {
    let (mut hub, mut org) = (TestHub::new(), TestOrg::new(0));
    hub.activate(&org).await;
    let before = hub.store.registry();
    let second = TestDevice::new(7);
    let next = org.with_device(&second);
    let size = hub.store.publish_manifest(next.clone()).await.unwrap();
    assert_eq!(hub.store.publish_manifest(next.clone()).await.unwrap(), size);
    let rival = org.with_device(&TestDevice::new(8));
    assert!(matches!(
        hub.store.publish_manifest(rival).await,
        Err(StoreError::Registry(RegistryRefusal::ManifestRefused(_)))
    ));
    org.manifest = next;
    let keys = || second.verified_keys(org.id(), NOW, 3);
    let size = hub.store.publish_epoch_keys(keys()).await.unwrap();
    assert_eq!(hub.store.publish_epoch_keys(keys()).await.unwrap(), size);
    let suspended = hub.store.set_state(org.id(), OrganisationState::Suspended).await.unwrap();
    let again = hub.store.set_state(org.id(), OrganisationState::Suspended).await.unwrap();
    assert_eq!(suspended, again);
    assert!(hub.store.registry().generation() > before.generation());
    assert_eq!(before.organisation(&org.id()).unwrap().manifest().serial(), 1);

    hub.reopen(Stop::Killed).await;
    let registry = hub.store.registry();
    let found = registry.organisation(&org.id()).unwrap();
    assert_eq!(found.manifest().serial(), 2);
    assert_eq!(found.resumes_to(), OrganisationState::Active);
    assert!(
        registry.epoch_key(&second.id(), samverkan_proto::statement::epoch_key::Epoch::of(NOW)).is_some()
    );
    verified_log(&hub.store).await;
    let resumed = hub.store.set_state(org.id(), OrganisationState::Active).await.unwrap();
    assert_eq!(resumed.fields().revision, suspended.fields().revision + 1);
}

#[tokio::test]
async fn operations_of_one_batch_see_each_other() {
    let (hub, org) = (TestHub::new(), TestOrg::new(0));
    let invites = (0..20).map(|_| hub.store.invite(org.invitation()));
    let mut made = 0;
    for result in futures_join(invites).await {
        match result {
            Ok(_) => made += 1,
            Err(error) => assert_eq!(error, StoreError::Registry(RegistryRefusal::HandleTaken)),
        }
    }
    assert_eq!(made, 1);
}

/// Runs futures at once on tasks of their own, since nothing here brings a combinator for it.
async fn futures_join<F>(futures: impl Iterator<Item = F>) -> Vec<F::Output>
where
    F: Future,
{
    let mut pinned: Vec<_> = futures.map(Box::pin).collect();
    let mut outputs: Vec<Option<F::Output>> = pinned.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        for (future, output) in pinned.iter_mut().zip(&mut outputs) {
            if output.is_none()
                && let std::task::Poll::Ready(done) = future.as_mut().poll(context)
            {
                *output = Some(done);
            }
        }
        if outputs.iter().all(Option::is_some) {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
    outputs.into_iter().flatten().collect()
}

#[tokio::test]
async fn a_closed_store_refuses_and_closes_again_in_peace() {
    let (hub, org) = (TestHub::new(), TestOrg::new(0));
    hub.store.close().await.unwrap();
    assert_eq!(hub.store.invite(org.invitation()).await, Err(StoreError::Failed));
    hub.store.close().await.unwrap();
}
