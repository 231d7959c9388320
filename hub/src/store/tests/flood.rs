//! An organisation that publishes without end.

use samverkan_proto::limits::DAY_MS;

use super::*;
use crate::limits::{MANIFEST_BYTES, MANIFEST_BYTES_PER_DAY};
use crate::registry::RegistryRefusal;
use crate::registry::testing::TestDevice;
use samverkan_proto::code::RevocationReason;
use samverkan_proto::statement::manifest::Revocation;

const USED_UP: StoreError = StoreError::Registry(RegistryRefusal::LogShare);

#[tokio::test]
async fn an_organisation_has_a_share_of_the_log_that_grows_with_its_days() {
    let (mut hub, mut org, other) = (TestHub::new(), TestOrg::new(1), TestOrg::new(2));
    hub.activate(&org).await;
    hub.activate(&other).await;
    let mut taken = org.manifest.signed().bytes().len() as u64;
    let devices: Vec<TestDevice> = (0..200).map(|n| TestDevice::new(90_000 + n)).collect();
    let mut next = org.next(|fields| fields.devices.extend(devices.iter().map(TestDevice::entry)));
    let len = next.signed().bytes().len() as u64;
    let refused = loop {
        match hub.store.publish_manifest(next.clone()).await {
            Ok(_) => taken += len,
            Err(refused) => break refused,
        }
        org.manifest = next;
        next = org.next(|_| {});
    };
    assert_eq!(refused, USED_UP);
    assert!(taken <= MANIFEST_BYTES && taken + len > MANIFEST_BYTES, "{taken} and {len}");
    // The newest is still known, others publish, and a restart forgets nothing.
    hub.store.publish_manifest(org.manifest.clone()).await.unwrap();
    hub.store.publish_manifest(other.next(|_| {})).await.unwrap();
    for stop in [Stop::Clean, Stop::Killed] {
        assert_eq!(hub.store.publish_manifest(next.clone()).await, Err(USED_UP));
        hub.reopen(stop).await;
    }
    // Whoever has filled it can still be taken out.
    let gone =
        org.manifest.manifest().devices().iter().find(|found| found.id() != org.device().id()).unwrap();
    let revocation =
        Revocation { device_id: gone.id(), revoked_ms: NOW, reason: RevocationReason::Compromised };
    let without = org.next(|fields| {
        fields.devices.retain(|found| found.id() != revocation.device_id);
        fields.revocations.push(revocation.clone());
    });
    hub.store.publish_manifest(without.clone()).await.unwrap();
    org.manifest = without;
    let next = org.next(|_| {});
    assert_eq!(hub.store.publish_manifest(next.clone()).await, Err(USED_UP));
    hub.advance((2 * len).div_ceil(MANIFEST_BYTES_PER_DAY) * DAY_MS);
    hub.store.publish_manifest(next).await.unwrap();
}
