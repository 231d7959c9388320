//! The fold and its rules.

use samverkan_proto::code::{OrganisationState, RevocationReason};
use samverkan_proto::limits::DAY_MS;
use samverkan_proto::statement::epoch_key::Epoch;
use samverkan_proto::statement::log::{EpochKeyBatch, Leaf, OrganisationEntry, Record};
use samverkan_proto::statement::manifest::{Revocation, VerifiedManifest};

use super::testing::{NOW, TestDevice, TestOrg};
use super::*;

fn publish(registry: &mut Registry, manifest: &VerifiedManifest) {
    let signed = manifest.signed().clone();
    registry.append(Leaf::of_manifest(&signed), &Record::Manifest(signed));
}

fn enter(registry: &mut Registry, entry: &OrganisationEntry) {
    registry.append(Leaf::of_organisation(entry), &Record::Organisation(entry.clone()));
}

fn invite_of(org: &TestOrg) -> Invite {
    Invite { invitation: org.invitation(), since_ms: NOW, expires_ms: NOW + DAY_MS }
}

fn join(registry: &mut Registry, org: &TestOrg) {
    publish(registry, &org.manifest);
    enter(registry, &first_entry(&org.manifest, &invite_of(org), NOW).unwrap());
}

fn move_to(registry: &mut Registry, org: &TestOrg, state: OrganisationState) -> Result<(), RegistryRefusal> {
    if let Some(entry) = registry.next_entry(&org.id(), state, NOW)? {
        enter(registry, &entry);
    }
    Ok(())
}

#[test]
fn a_joined_organisation_is_found_by_id_handle_and_key() {
    let (mut registry, org) = (Registry::default(), TestOrg::new(0));
    join(&mut registry, &org);
    let found = registry.by_handle(&org.invitation().handle).unwrap();
    assert_eq!((found.id(), found.state()), (org.id(), OrganisationState::Pending));
    let holder = registry.key_holder(&org.device().tls_key).unwrap();
    assert_eq!(
        (holder.org, holder.device, holder.standing),
        (org.id(), org.device().id(), Standing::Current)
    );
    assert_eq!(registry.key_holder(&TestDevice::new(77).tls_key), None);
    assert_eq!(registry.log().size(), 2);
}

#[test]
fn revoked_devices_and_replaced_keys_are_told_apart_from_strangers() {
    let (mut registry, mut org) = (Registry::default(), TestOrg::new(0));
    join(&mut registry, &org);
    let second = TestDevice::new(5);
    org.manifest = org.with_device(&second);
    publish(&mut registry, &org.manifest);
    let keys = second.epoch_keys(org.id(), NOW, 1);
    let batch = EpochKeyBatch::build(keys).unwrap();
    registry.append(Leaf::of_epoch_keys(&batch), &Record::EpochKeys(batch));
    assert!(registry.epoch_key(&second.id(), Epoch::of(NOW)).is_some());

    let fresh = TestDevice::new(6).tls_key;
    org.manifest = org.next(|fields| {
        fields.devices.retain(|device| device.id() != second.id());
        fields.devices[0].tls_key = fresh;
        fields.mailboxes[0].readers.retain(|reader| *reader != second.id());
        let reason = RevocationReason::Lost;
        fields.revocations.push(Revocation { device_id: second.id(), revoked_ms: NOW, reason });
    });
    publish(&mut registry, &org.manifest);
    let standing = |key| registry.key_holder(&key).unwrap().standing;
    assert_eq!(standing(second.tls_key), Standing::Revoked);
    assert_eq!(standing(org.device().tls_key), Standing::Replaced);
    assert_eq!(standing(fresh), Standing::Current);
    assert!(!registry.is_current(&org.id(), &second.id()));
    assert_eq!(registry.epoch_key(&second.id(), Epoch::of(NOW)), None);
}

#[test]
fn nobody_takes_another_organisations_keys() {
    let (mut registry, org, other) = (Registry::default(), TestOrg::new(0), TestOrg::new(1));
    join(&mut registry, &org);
    join(&mut registry, &other);
    let stolen = other.next(|fields| fields.devices[0].tls_key = org.device().tls_key);
    assert!(matches!(registry.check_next(&stolen, NOW), Err(RegistryRefusal::ManifestRefused(_))));
    let stolen = other.with_device(org.device());
    assert!(matches!(registry.check_next(&stolen, NOW), Err(RegistryRefusal::ManifestRefused(_))));
    let own = other.with_device(&TestDevice::new(9));
    assert_eq!(registry.check_next(&own, NOW), Ok(true));
    publish(&mut registry, &own);
    // The same again is nothing new; another that follows the same predecessor is too late.
    assert_eq!(registry.check_next(&own, NOW), Ok(false));
    let late = other.with_device(&TestDevice::new(10));
    assert!(matches!(registry.check_next(&late, NOW), Err(RegistryRefusal::ManifestRefused(_))));
}

#[test]
fn a_first_manifest_must_be_the_invited_one() {
    let (registry, org, other) = (Registry::default(), TestOrg::new(0), TestOrg::new(1));
    assert_eq!(registry.check_first(&org.manifest, &invite_of(&org)), Ok(()));
    assert!(registry.check_first(&org.manifest, &invite_of(&other)).is_err());
    let mut wrong_number = invite_of(&org);
    wrong_number.invitation.number = other.invitation().number;
    assert!(registry.check_first(&org.manifest, &wrong_number).is_err());
}

#[test]
fn invites_hold_their_handle_until_they_expire() {
    let (mut registry, org) = (Registry::default(), TestOrg::new(0));
    let (code, invite) = (CodeHash::of(&[1; 16]), invite_of(&org));
    let handle = invite.invitation.handle.clone();
    registry.add_invite(code, invite.clone());
    assert_eq!(registry.check_invitable(&invite.invitation, NOW), Err(RegistryRefusal::HandleTaken));
    assert_eq!(registry.check_invitable(&invite.invitation, invite.expires_ms), Ok(()));
    assert!(registry.usable_invite(&code, NOW).is_ok());
    assert!(registry.usable_invite(&code, invite.expires_ms).is_err());
    // A newer invite for the same handle is not removed with the older one.
    let newer = CodeHash::of(&[2; 16]);
    registry.add_invite(newer, invite.clone());
    registry.remove_invite(&code);
    assert_eq!(registry.handle_owner(&handle), Some(HandleOwner::Invite(newer)));
    // A joined organisation keeps the handle for good.
    join(&mut registry, &org);
    registry.use_invite(newer, UsedInvite { manifest: [0; 32], certificate: 2, used_ms: NOW });
    assert_eq!(registry.handle_owner(&handle), Some(HandleOwner::Organisation(org.id())));
    assert_eq!(registry.check_invitable(&invite.invitation, u64::MAX), Err(RegistryRefusal::HandleTaken));
}

#[test]
fn an_organisation_number_has_one_handle_until_its_organisation_is_removed() {
    let (mut registry, org) = (Registry::default(), TestOrg::new(0));
    let invite = invite_of(&org);
    let other = Invitation { handle: "annan-exempel".parse().unwrap(), ..org.invitation() };
    assert_eq!(registry.check_invitable(&other, NOW), Ok(()));
    registry.add_invite(CodeHash::of(&[1; 16]), invite.clone());
    assert_eq!(registry.check_invitable(&other, NOW), Err(RegistryRefusal::NumberTaken));
    assert_eq!(registry.check_invitable(&other, invite.expires_ms), Ok(()));
    join(&mut registry, &org);
    registry.remove_invite(&CodeHash::of(&[1; 16]));
    assert_eq!(registry.check_invitable(&other, NOW), Err(RegistryRefusal::NumberTaken));
    move_to(&mut registry, &org, OrganisationState::Removed).unwrap();
    assert_eq!(registry.check_invitable(&other, NOW), Ok(()));
    assert_eq!(registry.check_invitable(&invite.invitation, NOW), Err(RegistryRefusal::HandleTaken));
}

#[test]
fn epoch_keys_are_for_the_coming_weeks_and_never_change() {
    let (mut registry, org) = (Registry::default(), TestOrg::new(0));
    join(&mut registry, &org);
    let device = org.device();
    let new = registry.check_epoch_keys(device.verified_keys(org.id(), NOW, 9), NOW).unwrap();
    assert_eq!(new.len(), 9);
    let too_far = device.verified_keys(org.id(), NOW, 10);
    assert_eq!(registry.check_epoch_keys(too_far, NOW).err(), Some(RegistryRefusal::EpochKeyRefused));
    let past = device.verified_keys(org.id(), NOW - 7 * DAY_MS, 1);
    assert_eq!(registry.check_epoch_keys(past, NOW).err(), Some(RegistryRefusal::EpochKeyRefused));
    let batch = EpochKeyBatch::build(new).unwrap();
    registry.append(Leaf::of_epoch_keys(&batch), &Record::EpochKeys(batch));
    let again = registry.check_epoch_keys(device.verified_keys(org.id(), NOW, 9), NOW).unwrap();
    assert!(again.is_empty());
    let stranger = TestDevice::new(50).verified_keys(org.id(), NOW, 1);
    assert_eq!(registry.check_epoch_keys(stranger, NOW).err(), Some(RegistryRefusal::EpochKeyRefused));
    assert!(
        VerifiedEpochKeys::verify(
            org.id(),
            TestDevice::new(51).signer.public_key(),
            device.epoch_keys(org.id(), NOW, 1)
        )
        .is_err()
    );
}

#[test]
fn states_move_only_as_they_may() {
    use OrganisationState::{Active, Pending, Removed, Suspended};
    let (mut registry, org) = (Registry::default(), TestOrg::new(0));
    join(&mut registry, &org);
    let mut step = |to, expected: Result<(), RegistryRefusal>| {
        assert_eq!(move_to(&mut registry, &org, to), expected, "{to}");
        registry.organisation(&org.id()).unwrap().state()
    };
    let conflict = || Err(RegistryRefusal::StateConflict);
    assert_eq!(step(Suspended, Ok(())), Suspended);
    assert_eq!(step(Active, conflict()), Suspended);
    assert_eq!(step(Pending, Ok(())), Pending);
    assert_eq!(step(Active, Ok(())), Active);
    assert_eq!(step(Pending, conflict()), Active);
    assert_eq!(step(Suspended, Ok(())), Suspended);
    assert_eq!(step(Suspended, Ok(())), Suspended);
    assert_eq!(step(Pending, conflict()), Suspended);
    assert_eq!(step(Active, Ok(())), Active);
    assert_eq!(step(Removed, Ok(())), Removed);
    assert_eq!(step(Active, conflict()), Removed);
    let entry = registry.organisation(&org.id()).unwrap().entry().fields().clone();
    assert_eq!((entry.revision, entry.since_ms), (7, NOW));
}

#[test]
fn nothing_is_published_for_an_organisation_that_was_removed() {
    let (mut registry, org) = (Registry::default(), TestOrg::new(0));
    join(&mut registry, &org);
    let next = org.with_device(&TestDevice::new(9));
    let keys = || org.device().verified_keys(org.id(), NOW, 1);
    assert_eq!(registry.check_next(&next, NOW), Ok(true));
    assert!(registry.check_epoch_keys(keys(), NOW).is_ok());
    move_to(&mut registry, &org, OrganisationState::Removed).unwrap();
    assert_eq!(registry.check_next(&next, NOW), Err(RegistryRefusal::StateConflict));
    assert_eq!(registry.check_epoch_keys(keys(), NOW).err(), Some(RegistryRefusal::StateConflict));
}
