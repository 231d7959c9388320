use samverkan_proto::code::{OrganisationKind, Roles};
use samverkan_proto::limits::DAY_MS;
use samverkan_proto::sign::Signer;

use super::*;
use crate::policy::world::{NOW, World, tls_key};

fn refusal(world: &World, device: &Signer, now_ms: u64) -> ErrorReason {
    Caller::of(&World::request_of(device), &world.registry, now_ms).unwrap_err().reason
}

#[test]
fn a_certificate_leads_to_its_device_and_organisation() {
    let mut world = World::new();
    let member = world.member("exempel", OrganisationKind::Police);
    let caller = world.caller(&member.device);
    assert_eq!((caller.org(), caller.device()), (member.org, member.device.device_id()));
    assert!(caller.is_active() && caller.has(Roles::ALL) && caller.reads(&member.mailbox));
    assert_eq!(caller.sign_pk(), member.device.public_key());
    assert_eq!(caller.generation(), world.registry.generation());
}

#[test]
fn without_a_certificate_there_is_no_caller() {
    let world = World::new();
    for peer in [None, Some(Peer::Stranger), Some(Peer::Operator)] {
        let mut extensions = Extensions::new();
        if let Some(peer) = peer {
            extensions.insert(peer);
        }
        let refused = Caller::of(&extensions, &world.registry, NOW).unwrap_err();
        assert_eq!(refused.reason, ErrorReason::CertificateRequired);
    }
}

#[test]
fn unknown_and_revoked_devices_are_told_apart() {
    let mut world = World::new();
    let member = world.member("exempel", OrganisationKind::Police);
    let stranger = world.signer();
    assert_eq!(refusal(&world, &stranger, NOW), ErrorReason::DeviceUnknown);
    let second = world.add_device(&member, Roles::READER, true);
    world.caller(&second);
    world.revoke(&member, second.device_id());
    assert_eq!(refusal(&world, &second, NOW), ErrorReason::DeviceRevoked);
    world.caller(&member.device);
}

#[test]
fn a_replaced_key_is_unknown() {
    let mut world = World::new();
    let member = world.member("exempel", OrganisationKind::Police);
    let other = TlsKeyHash::of_spki(b"another key");
    world.change(&member, |fields| fields.devices[0].tls_key = other);
    assert_eq!(refusal(&world, &member.device, NOW), ErrorReason::DeviceUnknown);
}

#[test]
fn time_runs_out_in_the_manifest_and_in_the_certificate() {
    let mut world = World::new();
    let member = world.member("exempel", OrganisationKind::Police);
    let end = NOW + 300 * DAY_MS;
    Caller::of(&World::request_of(&member.device), &world.registry, end - 1).unwrap();
    assert_eq!(refusal(&world, &member.device, end), ErrorReason::DeviceExpired);
    let certificate = PeerCertificate::for_test(tls_key(&member.device)).ending(NOW);
    let refused = Caller::behind(&certificate, &world.registry, NOW).unwrap_err();
    assert_eq!(refused.reason, ErrorReason::DeviceExpired);
    Caller::behind(&certificate, &world.registry, NOW - 1).unwrap();
}

#[test]
fn the_organisations_state_decides() {
    let mut world = World::new();
    let mut member = world.member("exempel", OrganisationKind::Police);
    for (state, reason) in [
        (OrganisationState::Suspended, ErrorReason::OrganisationSuspended),
        (OrganisationState::Removed, ErrorReason::OrganisationRemoved),
    ] {
        world.set_state(&mut member, state);
        assert_eq!(refusal(&world, &member.device, NOW), reason);
    }
    world.set_state(&mut member, OrganisationState::Pending);
    assert!(!world.caller(&member.device).is_active());
}
