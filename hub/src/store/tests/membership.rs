//! Invites of members and the requests that come with them.

use bytes::Bytes;
use samverkan_proto::code::OrganisationState;
use samverkan_proto::ids::OrgId;
use samverkan_proto::limits::{DAY_MS, INVITE_MS, MAX_MEMBER_INVITES};
use samverkan_proto::statement::log::Record;
use samverkan_proto::statement::member::{MemberSecret, Membership, UnverifiedMembership};

use super::*;
use crate::policy::AdmitPermit;
use crate::registry::testing::TestDevice;
use crate::registry::{CodeHash, RegistryRefusal};

const INVALID: StoreError = StoreError::Registry(RegistryRefusal::InviteInvalid);

fn code(seed: u8) -> CodeHash {
    CodeHash::of(MemberSecret::new([seed; 16]).hub_code().expose())
}

fn request(org: OrgId, device: &TestDevice) -> UnverifiedMembership {
    let claimed = Membership { org, device_pk: *device.signer.public_key(), tls_key: device.tls_key };
    UnverifiedMembership::parse(claimed.request(&MemberSecret::new([1; 16])).bytes()).unwrap()
}

fn certificate(text: &'static str) -> Option<Bytes> {
    Some(Bytes::from_static(text.as_bytes()))
}

#[tokio::test]
async fn a_request_is_answered_once_a_manifest_names_its_device_whatever_stops_in_between() {
    let (mut hub, org) = (TestHub::new(), TestOrg::new(0));
    hub.activate(&org).await;
    let device = TestDevice::new(7);
    let asked = || request(org.id(), &device);
    let expires_ms = hub.store.invite_member(AdmitPermit::for_test(org.id()), code(1)).await.unwrap();
    assert_eq!(expires_ms, NOW + INVITE_MS);
    let again = hub.store.invite_member(AdmitPermit::for_test(org.id()), code(1)).await.unwrap();
    assert_eq!(again, expires_ms);
    for stop in [Stop::Clean, Stop::Killed, Stop::IndexDeleted] {
        // Nobody has approved it: a certificate that is offered too early is not logged.
        let waits = hub.store.request_membership(code(1), asked(), certificate("early")).await;
        assert_eq!(waits, Ok(None));
        let registry = hub.store.registry();
        let waiting: Vec<_> = registry.membership_requests(&org.id(), NOW).collect();
        assert_eq!(waiting, [(&code(1), &asked())]);
        hub.reopen(stop).await;
    }
    let leaves = verified_log(&hub.store).await.len();
    hub.store.publish_manifest(org.with_device(&device)).await.unwrap();
    assert_eq!(hub.store.registry().membership_requests(&org.id(), NOW).count(), 0);
    let first = hub.store.request_membership(code(1), asked(), certificate("first")).await;
    assert_eq!(first, Ok(certificate("first")));
    for stop in [Stop::Clean, Stop::Killed, Stop::IndexDeleted] {
        let again = hub.store.request_membership(code(1), asked(), certificate("second")).await;
        assert_eq!(again, Ok(certificate("first")));
        let log = verified_log(&hub.store).await;
        assert_eq!(log.len(), leaves + 2, "the manifest and the certificate");
        let leaf = Leaf::parse(&log[leaves + 1].leaf).unwrap();
        assert!(matches!(leaf.open(&log[leaves + 1].record), Ok(Record::Certificate(_))));
        hub.reopen(stop).await;
    }
}

#[tokio::test]
async fn a_code_works_for_one_request_of_one_organisation_and_for_its_time() {
    let (hub, org, other) = (TestHub::new(), TestOrg::new(0), TestOrg::new(1));
    hub.activate(&org).await;
    hub.activate(&other).await;
    let (one, two) = (TestDevice::new(7), TestDevice::new(8));
    let ask = |code, request| hub.store.request_membership(code, request, None);
    for seed in [1, 2] {
        hub.store.invite_member(AdmitPermit::for_test(org.id()), code(seed)).await.unwrap();
    }
    assert_eq!(ask(code(1), request(other.id(), &one)).await, Err(INVALID), "another organisation's");
    assert_eq!(ask(code(3), request(org.id(), &one)).await, Err(INVALID), "nobody was told it");
    assert_eq!(ask(code(1), request(org.id(), &one)).await, Ok(None));
    assert_eq!(ask(code(1), request(org.id(), &two)).await, Err(INVALID), "used");
    let used = hub.store.invite_member(AdmitPermit::for_test(org.id()), code(1)).await;
    assert_eq!(used, Err(INVALID));
    hub.advance(INVITE_MS);
    for (seed, device) in [(1, &one), (2, &two)] {
        assert_eq!(ask(code(seed), request(org.id(), device)).await, Err(INVALID), "over");
    }
    assert_eq!(hub.store.registry().membership_requests(&org.id(), hub.clock.now_ms()).count(), 0);
    hub.store.step().await.unwrap();
    assert!(hub.store.registry().member_invite(&org.id(), &code(1)).is_none(), "forgotten");
}

#[tokio::test]
async fn who_was_approved_has_a_month_to_come_back_also_after_a_rebuild() {
    let (mut hub, org) = (TestHub::new(), TestOrg::new(0));
    hub.activate(&org).await;
    let device = TestDevice::new(7);
    hub.store.invite_member(AdmitPermit::for_test(org.id()), code(1)).await.unwrap();
    assert_eq!(hub.store.request_membership(code(1), request(org.id(), &device), None).await, Ok(None));
    hub.store.publish_manifest(org.with_device(&device)).await.unwrap();
    hub.advance(INVITE_MS + 29 * DAY_MS);
    hub.store.step().await.unwrap();
    hub.reopen(Stop::IndexDeleted).await;
    hub.store.step().await.unwrap();
    let late = hub.store.request_membership(code(1), request(org.id(), &device), certificate("late")).await;
    assert_eq!(late, Ok(certificate("late")));
    hub.advance(31 * DAY_MS);
    hub.store.step().await.unwrap();
    assert!(hub.store.registry().member_invite(&org.id(), &code(1)).is_none());
}

#[tokio::test]
async fn an_organisation_that_was_removed_takes_nobody_in_and_invites_are_bounded() {
    let (hub, org) = (TestHub::new(), TestOrg::new(0));
    hub.activate(&org).await;
    for seed in 0..MAX_MEMBER_INVITES as u8 {
        hub.store.invite_member(AdmitPermit::for_test(org.id()), code(seed)).await.unwrap();
    }
    let one_more = hub.store.invite_member(AdmitPermit::for_test(org.id()), code(255)).await;
    assert_eq!(one_more, Err(StoreError::Registry(RegistryRefusal::TooManyInvites)));
    hub.store.set_state(org.id(), OrganisationState::Removed).await.unwrap();
    let asked = request(org.id(), &TestDevice::new(7));
    assert_eq!(hub.store.request_membership(code(1), asked, None).await, Err(INVALID));
}

#[tokio::test]
async fn an_invite_that_is_taken_back_lets_nobody_in_and_one_that_did_its_work_stays() {
    let (mut hub, org) = (TestHub::new(), TestOrg::new(0));
    hub.activate(&org).await;
    let permit = || AdmitPermit::for_test(org.id());
    let device = TestDevice::new(7);
    for seed in [1, 2, 3] {
        hub.store.invite_member(permit(), code(seed)).await.unwrap();
    }
    for seed in [2, 3] {
        let asked = request(org.id(), &TestDevice::new(u64::from(seed) + 5));
        assert_eq!(hub.store.request_membership(code(seed), asked, None).await, Ok(None));
    }
    for seed in [1, 2, 1, 99] {
        assert_eq!(hub.store.withdraw_member_invite(permit(), code(seed)).await, Ok(()), "{seed}");
    }
    for stop in [Stop::Clean, Stop::Killed, Stop::IndexDeleted] {
        for seed in [1, 2] {
            let refused = hub.store.request_membership(code(seed), request(org.id(), &device), None).await;
            assert_eq!(refused, Err(INVALID), "{seed}");
        }
        let registry = hub.store.registry();
        let waiting: Vec<_> = registry.membership_requests(&org.id(), NOW).map(|(code, _)| *code).collect();
        assert_eq!(waiting, [code(3)]);
        hub.reopen(stop).await;
    }
    hub.store.publish_manifest(org.with_device(&TestDevice::new(8))).await.unwrap();
    let refused = hub.store.withdraw_member_invite(permit(), code(3)).await;
    assert_eq!(refused, Err(INVALID), "its device is a member");
    mail::pass(&hub, INVITE_MS).await;
}
