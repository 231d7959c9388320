//! Consent handles: each is used once, by a message that was accepted.

use samverkan_proto::code::{Class, LegalBasis};
use samverkan_proto::ids::ConsentHandle;
use samverkan_proto::limits::{CONSENT_KEPT_MS, DAY_MS};
use samverkan_proto::statement::Verified;
use samverkan_proto::statement::consent::ConsentStub;

use super::mail::{PRIMARY, STOPS, accept, message_with, pass, two_orgs};
use super::*;

/// The end of the day that is `days` days from now.
fn in_days(days: u64) -> u64 {
    (NOW / DAY_MS + days) * DAY_MS
}

fn handle(n: u8) -> ConsentHandle {
    ConsentHandle::parse(&[n; 16]).unwrap()
}

fn stub(org: &TestOrg, n: u8, commitment: u8, expires_ms: u64) -> Verified<ConsentStub> {
    let stub = ConsentStub {
        handle: handle(n),
        commitment: [commitment; 32],
        issuer_org: org.id(),
        issuer_device: org.device().id(),
        expires_ms,
    };
    stub.sign(&org.device().signer).unwrap()
}

fn referral(hub: &TestHub, a: &TestOrg, b: &TestOrg, handles: &[u8]) -> Sealed {
    message_with(hub, a, &[(b, PRIMARY)], |fields| {
        fields.class = Class::Referral;
        fields.basis = Some(LegalBasis::Consent);
        fields.handles = handles.iter().map(|n| handle(*n)).collect();
    })
}

#[tokio::test]
async fn a_handle_is_used_up_by_the_message_that_was_accepted_and_by_no_other() {
    let (mut hub, a, b) = two_orgs().await;
    let stubs = [1, 2, 3].map(|n| stub(&a, n, 0, in_days(30)));
    hub.store.register_consents(stubs.to_vec()).await.unwrap();
    let unknown = referral(&hub, &a, &b, &[1, 9]);
    assert_eq!(accept(&hub, &unknown).await, Err(StoreError::HandleUnknown));
    let first = referral(&hub, &a, &b, &[1, 2]);
    let receipt = accept(&hub, &first).await.unwrap();
    for stop in STOPS {
        let second = referral(&hub, &a, &b, &[2, 3]);
        assert_eq!(accept(&hub, &second).await, Err(StoreError::HandleUsed));
        // The exact retry is answered before anybody asks for its handles.
        assert_eq!(accept(&hub, &first).await, Ok(receipt.clone()));
        hub.store.register_consents(stubs.to_vec()).await.unwrap();
        hub.reopen(stop).await;
    }
    // What the refused messages named as well is still there, for whoever holds it.
    let forward = referral(&hub, &b, &a, &[3]);
    accept(&hub, &forward).await.unwrap();
}

#[tokio::test]
async fn registration_is_for_all_or_none_and_for_the_same_bytes_only() {
    let (hub, a, b) = two_orgs().await;
    hub.store.register_consents(vec![stub(&a, 1, 0, in_days(3))]).await.unwrap();
    let mixed = vec![stub(&a, 2, 0, in_days(3)), stub(&a, 1, 7, in_days(3))];
    assert_eq!(hub.store.register_consents(mixed).await, Err(StoreError::Conflict));
    let twice = vec![stub(&a, 2, 0, in_days(3)), stub(&a, 2, 7, in_days(3))];
    assert_eq!(hub.store.register_consents(twice).await, Err(StoreError::Conflict));
    let past = vec![stub(&a, 2, 0, in_days(3)), stub(&a, 3, 0, in_days(0))];
    assert_eq!(hub.store.register_consents(past).await, Err(StoreError::HandleExpired));
    assert_eq!(accept(&hub, &referral(&hub, &a, &b, &[2])).await, Err(StoreError::HandleUnknown));
}

#[tokio::test]
async fn an_expired_handle_is_said_to_be_that_until_it_is_forgotten() {
    let (mut hub, a, b) = two_orgs().await;
    let (unused, used, late) = (stub(&a, 1, 0, in_days(1)), stub(&a, 2, 0, in_days(1)), in_days(50));
    hub.store.register_consents(vec![unused.clone(), used, stub(&a, 3, 0, late)]).await.unwrap();
    accept(&hub, &referral(&hub, &a, &b, &[2])).await.unwrap();
    let (end, forgotten) = (in_days(1) - NOW, CONSENT_KEPT_MS);
    hub.advance(end);
    for since_end in [0, forgotten / 2, forgotten - 1] {
        hub.advance(NOW + end + since_end - hub.clock.now_ms());
        for stop in STOPS {
            // Whether the clock's own work was done in between makes no difference.
            for handle in [1, 2] {
                let refused = accept(&hub, &referral(&hub, &a, &b, &[handle])).await;
                assert_eq!(refused, Err(StoreError::HandleExpired), "{handle}, {since_end} ms after its end");
            }
            let again = hub.store.register_consents(vec![unused.clone()]).await;
            assert_eq!(again, Err(StoreError::HandleExpired));
            pass(&hub, 0).await;
            hub.reopen(stop).await;
        }
    }
    pass(&hub, 1).await;
    for stop in STOPS {
        hub.reopen(stop).await;
        for handle in [1, 2] {
            let refused = accept(&hub, &referral(&hub, &a, &b, &[handle])).await;
            assert_eq!(refused, Err(StoreError::HandleUnknown), "{handle}");
        }
        let again = hub.store.register_consents(vec![unused.clone()]).await;
        assert_eq!(again, Err(StoreError::HandleExpired));
    }
    accept(&hub, &referral(&hub, &a, &b, &[3])).await.unwrap();
}
