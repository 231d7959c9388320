//! What a device says, gives on or asks for with a statement of its own: each is let through, and refused for each part that is not its own.

use rcgen::{CertificateParams, KeyPair};
use samverkan_proto::code::{RevocationReason, WithdrawalReason};
use samverkan_proto::ids::{ConsentHandle, MessageId, TlsKeyHash};
use samverkan_proto::limits::WRAP_LEN;
use samverkan_proto::statement::Verified;
use samverkan_proto::statement::batch::{proof, sign_batch};
use samverkan_proto::statement::epoch_key::EpochKey;
use samverkan_proto::statement::manifest::{Device, Manifest, ManifestFields, Revocation};
use samverkan_proto::statement::recall::Recall;
use samverkan_proto::statement::receipt::{DeviceReceipt, Verdict};
use samverkan_proto::statement::renewal::{Renewal, UnverifiedRenewal};
use samverkan_proto::statement::rewrap::Rewrap;
use samverkan_proto::statement::withdrawal::Withdrawal;

use super::super::receipts::may_say;
use super::super::recover::may_recover;
use super::super::renew::{may_renew, standing};
use super::super::rewrap::may_rewrap;
use super::super::takeback::{may_recall, may_withdraw};
use super::*;
use crate::ca::VerifiedRequest;

/// A receipt with its proof.
fn said(by: &Signer, org: OrgId) -> Bytes {
    let device = by.device_id();
    let verdict = Verdict::Delivered { open_tag: [2; 16] };
    let message_id = MessageId::random();
    let receipt = DeviceReceipt { message_id, hh: [8; 32], org, device, time_ms: NOW, verdict };
    let batch = sign_batch(&[receipt], by).unwrap();
    proof(&receipt, 0, &batch.leaf_hashes, &batch.key_id, &batch.signature).unwrap().into()
}

#[test]
fn devices_say_what_they_sign_about_themselves_alone() {
    let (mut world, from, to) = two(OrganisationKind::Police);
    let second = world.add_device(&from, Roles::READER, true);
    let own = said(&second, from.org);
    let mut forged = own.to_vec();
    *forged.last_mut().unwrap() ^= 1;
    let all = [
        own.clone(),
        said(&second, to.org),
        said(&from.device, from.org),
        forged.into(),
        Bytes::from_static(b"no receipt"),
        own,
    ];
    let reasons: Vec<_> = may_say(&world.caller(&second), &all)
        .into_iter()
        .map(|said| said.map(|said| said.value().device).map_err(|refusal| refusal.reason))
        .collect();
    let refused = Err(ErrorReason::ReceiptRefused);
    let ok = Ok(second.device_id());
    assert_eq!(reasons, [ok, refused, refused, refused, Err(ErrorReason::InvalidField), ok]);
}

#[test]
fn devices_give_on_what_they_sign_for_themselves_alone() {
    let (mut world, mut from, to) = two(OrganisationKind::Police);
    let (by, second) =
        (world.add_device(&from, Roles::READER, true), world.add_device(&from, Roles::READER, true));
    let rewrap = |by: &Signer, org| {
        let signed = Rewrap {
            message_id: MessageId::random(),
            hh: [8; 32],
            org,
            by_device: by.device_id(),
            to_device: from.device.device_id(),
            to_epoch_key: EpochKeyId::parse(&[9; 32]).unwrap(),
            wrap: Box::new([9; WRAP_LEN]),
        };
        signed.sign(by).unwrap().bytes().to_vec()
    };
    let reason = |world: &World, statement: &[u8]| {
        may_rewrap(&world.caller(&by), statement).map(drop).map_err(|refusal| refusal.reason)
    };
    let own = rewrap(&by, from.org);
    assert_eq!(reason(&world, &own), Ok(()));
    assert_eq!(reason(&world, &rewrap(&by, to.org)), Err(ErrorReason::SenderMismatch));
    assert_eq!(reason(&world, &rewrap(&second, from.org)), Err(ErrorReason::SenderMismatch));
    let mut forged = own.clone();
    *forged.last_mut().unwrap() ^= 1;
    assert_eq!(reason(&world, &forged), Err(ErrorReason::InvalidField));
    world.set_state(&mut from, OrganisationState::Pending);
    assert_eq!(reason(&world, &own), Err(ErrorReason::OrganisationPending));
}

/// Why neither statement is taken from the device that hands them in, if it is one reason for both.
fn takes_back(world: &World, by: &Signer, recall: &[u8], withdrawal: &[u8]) -> Result<(), ErrorReason> {
    let caller = world.caller(by);
    let recalled = may_recall(&caller, recall).map(drop);
    let withdrawn = may_withdraw(&caller, withdrawal).map(drop);
    let [recalled, withdrawn] = [recalled, withdrawn].map(|taken| taken.map_err(|refusal| refusal.reason));
    assert_eq!(recalled, withdrawn, "one rule for both");
    recalled
}

#[test]
fn handlers_take_back_what_they_sign_for_themselves_alone() {
    let (mut world, mut from, to) = two(OrganisationKind::Police);
    // They read the mailbox as well.
    let handler = Roles::try_from(6).unwrap();
    let (by, second) = (world.add_device(&from, handler, true), world.add_device(&from, handler, true));
    let reader = world.add_device(&from, Roles::READER, true);
    let signed = |by: &Signer, org| {
        let (message_id, device) = (MessageId::random(), by.device_id());
        let recall = Recall { message_id, hh: [8; 32], org, device, time_ms: NOW }.sign(by).unwrap();
        let handle = ConsentHandle::parse(&[9; 16]).unwrap();
        let reason = WithdrawalReason::PersonWithdrew;
        let withdrawal = Withdrawal { handle, org, device, time_ms: NOW, reason }.sign(by).unwrap();
        (recall.bytes().to_vec(), withdrawal.bytes().to_vec())
    };
    let reason = |world: &World, device: &Signer, (recall, withdrawal): &(Vec<u8>, Vec<u8>)| {
        takes_back(world, device, recall, withdrawal)
    };
    let own = signed(&by, from.org);
    assert_eq!(reason(&world, &by, &own), Ok(()));
    assert_eq!(reason(&world, &by, &signed(&by, to.org)), Err(ErrorReason::SenderMismatch));
    assert_eq!(reason(&world, &by, &signed(&second, from.org)), Err(ErrorReason::SenderMismatch));
    assert_eq!(reason(&world, &reader, &signed(&reader, from.org)), Err(ErrorReason::RoleMissing));
    let mut forged = own.clone();
    *forged.0.last_mut().unwrap() ^= 1;
    *forged.1.last_mut().unwrap() ^= 1;
    assert_eq!(reason(&world, &by, &forged), Err(ErrorReason::InvalidField));
    world.set_state(&mut from, OrganisationState::Pending);
    assert_eq!(reason(&world, &by, &own), Err(ErrorReason::OrganisationPending));
}

/// A PKCS #10 request with a key of its own.
fn certificate_request() -> Vec<u8> {
    let key = KeyPair::generate().unwrap();
    CertificateParams::default().serialize_request(&key).unwrap().der().to_vec()
}

fn key_of(request: &[u8]) -> TlsKeyHash {
    VerifiedRequest::parse(request).unwrap().tls_key()
}

/// A device with a real TLS key, and its request.
fn certified(world: &mut World, member: &Member, expires_ms: u64) -> (Signer, Vec<u8>) {
    let (signer, request) = (world.signer(), certificate_request());
    world.change(member, |fields| {
        let named = Device::new(*signer.public_key(), key_of(&request), Roles::READER, NOW - 1, expires_ms);
        fields.devices.push(named);
    });
    (signer, request)
}

#[test]
fn a_device_renews_for_its_own_key_with_its_own_signature() {
    let (mut world, from, to) = two(OrganisationKind::Police);
    let (own, request) = certified(&mut world, &from, NOW + DAY_MS);
    let renew = |signed: Verified<Renewal>, request: &[u8]| {
        let renewal = UnverifiedRenewal::parse(signed.bytes()).unwrap();
        let permit = may_renew(&world.registry, renewal, request, NOW);
        permit.map(|permit| (permit.device(), permit.tls_key())).map_err(|refusal| refusal.reason)
    };
    let asked = |org, by: &Signer, about: &[u8]| Renewal::new(org, by, [3; 32], about).sign(by).unwrap();
    let granted = Ok(((from.org, own.device_id()), key_of(&request)));
    assert_eq!(renew(asked(from.org, &own, &request), &request), granted);
    let other = certificate_request();
    assert_eq!(
        renew(asked(from.org, &own, &request), &other),
        Err(ErrorReason::InvalidField),
        "not what was signed"
    );
    assert_eq!(renew(asked(from.org, &own, &other), &other), Err(ErrorReason::InvalidField), "another key");
    assert_eq!(renew(asked(to.org, &own, &request), &request), Err(ErrorReason::DeviceUnknown));
}

#[test]
fn only_a_device_within_its_time_and_an_organisation_in_good_standing_renews() {
    let (mut world, mut from, _) = two(OrganisationKind::Police);
    let (own, _) = certified(&mut world, &from, NOW + DAY_MS);
    let at = |world: &World, now_ms| standing(&world.registry, from.org, own.device_id(), now_ms).map(drop);
    assert_eq!(at(&world, NOW + DAY_MS - 1), Ok(()));
    assert_eq!(at(&world, NOW + DAY_MS), Err(ErrorReason::DeviceExpired));
    let states = [
        (OrganisationState::Suspended, Err(ErrorReason::OrganisationSuspended)),
        (OrganisationState::Active, Ok(())),
        (OrganisationState::Removed, Err(ErrorReason::OrganisationRemoved)),
    ];
    let (org, device) = (from.org, own.device_id());
    for (state, expected) in states {
        world.set_state(&mut from, state);
        assert_eq!(standing(&world.registry, org, device, NOW).map(drop), expected, "{state:?}");
    }
}

#[test]
fn a_revoked_device_does_not_renew() {
    let (mut world, from, _) = two(OrganisationKind::Police);
    let second = world.add_device(&from, Roles::READER, true);
    world.revoke(&from, second.device_id());
    let refused = standing(&world.registry, from.org, second.device_id(), NOW).map(drop);
    assert_eq!(refused, Err(ErrorReason::DeviceRevoked));
}

/// The manifest with which a device begins anew: all others are revoked.
fn anew(newest: &Manifest, signer: &Signer, request: &[u8]) -> ManifestFields {
    let mut fields = ManifestFields::following(newest, NOW, NOW + DAY_MS);
    let lost = RevocationReason::Lost;
    let revoked =
        newest.devices().iter().map(|was| Revocation { device_id: was.id(), revoked_ms: NOW, reason: lost });
    fields.revocations.extend(revoked);
    fields.mailboxes[0].readers = vec![signer.device_id()];
    fields.devices = vec![Device::new(*signer.public_key(), key_of(request), Roles::ALL, NOW, NOW + DAY_MS)];
    fields
}

#[test]
fn the_kit_begins_anew_and_does_nothing_else() {
    let (mut world, from, _) = two(OrganisationKind::Police);
    let (signer, request) = (world.signer(), certificate_request());
    let newest = world.registry.organisation(&from.org).unwrap().manifest().clone();
    let manifest = Manifest::build(anew(&newest, &signer, &request)).unwrap();
    let by_root = SignedManifest::sign_as_root(&manifest, &from.root).unwrap();
    let org = from.org;
    let recover = |world: &World, signed: &SignedManifest, request: &[u8]| {
        let request = VerifiedRequest::parse(request).unwrap();
        let key = EpochKey::parse(signed_key(org, &signer, Epoch::of(NOW))).unwrap();
        may_recover(&world.registry, signed.clone(), &request, vec![key])
            .map(|permit| (permit.device(), permit.tls_key(), permit.into_parts().0.is_some()))
            .map_err(|refusal| refusal.reason)
    };
    let place = (from.org, signer.device_id());
    assert_eq!(recover(&world, &by_root, &request), Ok((place, key_of(&request), true)));
    assert_eq!(recover(&world, &by_root, &certificate_request()), Err(ErrorReason::InvalidField));
    assert_eq!(recover(&World::new(), &by_root, &request), Err(ErrorReason::OrganisationUnknown));
    // A change by an admin, who still has a device, even one that leaves none of those before.
    let by_admin = SignedManifest::sign_as_admins(&manifest, &newest, &[&from.device]);
    if let Ok(by_admin) = by_admin {
        assert_eq!(recover(&world, &by_admin, &request), Err(ErrorReason::ManifestRefused));
    }
    let mut beside = anew(&newest, &signer, &request);
    beside.devices.push(newest.devices()[0].clone());
    beside.revocations.clear();
    let beside = SignedManifest::sign_as_root(&Manifest::build(beside).unwrap(), &from.root).unwrap();
    assert_eq!(recover(&world, &beside, &request), Err(ErrorReason::ManifestRefused));

    // The same again, once it is the newest, gives the certificate again and changes nothing.
    world.append_manifest(by_root.clone());
    assert_eq!(recover(&world, &by_root, &request), Ok((place, key_of(&request), false)));
    let mut from = from;
    for (state, reason) in [
        (OrganisationState::Suspended, ErrorReason::OrganisationSuspended),
        (OrganisationState::Removed, ErrorReason::OrganisationRemoved),
    ] {
        world.set_state(&mut from, state);
        assert_eq!(recover(&world, &by_root, &request), Err(reason));
    }
}

/// The newest manifest, signed by an admin, is no recovery, whoever shows it again.
#[test]
fn what_admins_signed_is_not_shown_again_for_a_certificate() {
    let (mut world, from, _) = two(OrganisationKind::Police);
    let (signer, request) = certified(&mut world, &from, NOW + DAY_MS);
    let newest = world.registry.organisation(&from.org).unwrap().manifest().clone();
    let signed = world.signed(&from, |_| ());
    world.append_manifest(signed.clone());
    assert_eq!(newest.serial() + 1, signed.manifest().serial());
    let verified = VerifiedRequest::parse(&request).unwrap();
    let key = EpochKey::parse(signed_key(from.org, &signer, Epoch::of(NOW))).unwrap();
    let refused = may_recover(&world.registry, signed, &verified, vec![key]).unwrap_err();
    assert_eq!(refused.reason, ErrorReason::ManifestRefused);
}
