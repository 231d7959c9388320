//! The codec laws for manifests of any shape, and each rule of section 5 broken alone.

use super::*;
use crate::code::Roles;
use crate::fault::Fault;
use crate::limits::{DAY_MS, MAX_DEVICE_MS};
use crate::sign::{Label, Signer};
use crate::statement::testing::{check_any_bytes, check_laws, id, signer};
use proptest::collection::{btree_map, btree_set, vec};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use std::collections::BTreeSet;
use std::fmt::Debug;
use std::str::FromStr;

const NOW: u64 = 1_800_000_000_000;

fn root() -> Signer {
    signer([200; 32])
}

fn device(seed: u8, roles: Roles) -> Device {
    let tls_key = TlsKeyHash::of_spki(&[seed]);
    Device::new(*signer([seed; 32]).public_key(), tls_key, roles, NOW, NOW + 365 * DAY_MS)
}

/// Devices 1, 2 and 3 are admins, 4 is none; two of them must sign. One mailbox, read by 1 and 4.
fn first_fields() -> ManifestFields {
    let reader = device(4, Roles::READER);
    let devices: Vec<_> = (1..=3).map(|seed| device(seed, Roles::ALL)).chain([reader]).collect();
    let readers = vec![devices[0].id(), devices[3].id()];
    ManifestFields {
        serial: 1,
        prev: [0; 32],
        issued_ms: NOW,
        not_after_ms: NOW + 365 * DAY_MS,
        root_pk: *root().public_key(),
        handle: "brottsofferjouren-exempel".parse().unwrap(),
        organisation_number: "2021002817".parse().unwrap(),
        threshold: 2,
        devices,
        mailboxes: vec![Mailbox {
            id: MailboxId::parse(&[9; 16]).unwrap(),
            name: "stod".parse().unwrap(),
            readers,
        }],
        revocations: Vec::new(),
    }
}

fn first() -> Manifest {
    Manifest::build(first_fields()).unwrap()
}

fn revocation(seed: u8) -> Revocation {
    let device_id = signer([seed; 32]).device_id();
    Revocation { device_id, revoked_ms: NOW, reason: RevocationReason::Lost }
}

/// The successor of the first manifest with one change.
fn next(change: impl FnOnce(&mut ManifestFields)) -> Manifest {
    let mut fields = ManifestFields::following(&first(), NOW + 1, NOW + 365 * DAY_MS);
    change(&mut fields);
    Manifest::build(fields).unwrap()
}

/// The successor of the first manifest that leaves none of its devices.
fn anew() -> Manifest {
    next(|fields| {
        fields.devices = vec![device(5, Roles::ALL)];
        fields.threshold = 1;
        fields.mailboxes[0].readers = vec![device(5, Roles::ALL).id()];
        fields.revocations.extend((1..=4).map(revocation));
    })
}

/// Signs with devices of these seeds as admins of the first manifest, and verifies.
fn by_admins(manifest: &Manifest, seeds: &[u8]) -> Result<VerifiedManifest, Fault> {
    let signers: Vec<_> = seeds.iter().map(|seed| signer([*seed; 32])).collect();
    let signed = SignedManifest::sign_as_admins(manifest, &first(), &signers.iter().collect::<Vec<_>>());
    signed.and_then(|signed| signed.verify_after(&first())).map_err(|invalid| invalid.fault)
}

fn by_root(manifest: &Manifest) -> Result<VerifiedManifest, Fault> {
    let signed = SignedManifest::sign_as_root(manifest, &root());
    signed.and_then(|signed| signed.verify_after(&first())).map_err(|invalid| invalid.fault)
}

#[test]
fn the_first_manifest_is_the_roots_alone() {
    let signed = SignedManifest::sign_as_root(&first(), &root()).unwrap();
    assert_eq!(signed.clone().verify_first().unwrap().manifest(), &first());
    assert_eq!(SignedManifest::parse(signed.bytes().clone()), Ok(signed));
    let stranger = SignedManifest::sign_as_root(&first(), &signer([201; 32]));
    assert_eq!(stranger, Err(Fault::WrongSigners.in_field("signers")));
    let by_devices = [signer([1; 32]), signer([2; 32])];
    let by_devices = SignedManifest::sign_as_admins(&first(), &first(), &by_devices.each_ref()).unwrap();
    assert_eq!(by_devices.verify_first().expect_err("no root").fault, Fault::WrongSigners);
    let forged = ManifestSignature { signer: 0, signature: [7; 64] };
    let forged = SignedManifest::assemble(&first(), vec![forged]).unwrap();
    assert_eq!(forged.verify_first().expect_err("forged").fault, Fault::BadSignature);
    let second = SignedManifest::sign_as_root(&next(|_| ()), &root()).unwrap();
    assert_eq!(second.verify_first().expect_err("second").fault, Fault::WrongChain);
}

#[test]
fn a_successor_is_signed_by_the_root_or_by_exactly_the_threshold() {
    let second = next(|_| ());
    assert!(by_root(&anew()).is_ok());
    for pair in [[1, 2], [3, 1], [2, 3]] {
        assert!(by_admins(&second, &pair).is_ok());
    }
    assert_eq!(by_admins(&second, &[1]), Err(Fault::WrongSigners));
    assert_eq!(by_admins(&second, &[1, 2, 3]), Err(Fault::WrongSigners));
    assert_eq!(by_admins(&second, &[1, 1]), Err(Fault::NotAscending));
    assert_eq!(by_admins(&second, &[1, 4]), Err(Fault::WrongSigners));
    assert_eq!(by_admins(&second, &[]), Err(Fault::CountOutOfRange));
}

#[test]
fn the_root_signs_no_change_that_leaves_a_device() {
    assert_eq!(by_root(&next(|_| ())), Err(Fault::WrongSigners));
    assert_eq!(by_root(&next(|fields| fields.devices.push(device(5, Roles::ALL)))), Err(Fault::WrongSigners));
    // One is left, and it is not even an admin.
    let one = next(|fields| {
        fields.devices.retain(|found| !found.is_admin());
        fields.devices.push(device(5, Roles::ALL));
        fields.threshold = 1;
        fields.mailboxes[0].readers = vec![device(4, Roles::READER).id()];
        fields.revocations.extend((1..=3).map(revocation));
    });
    assert_eq!(by_root(&one), Err(Fault::WrongSigners));
    let signed = SignedManifest::sign_as_root(&anew(), &root()).unwrap();
    assert!(signed.is_recovery());
    assert!(!SignedManifest::sign_as_root(&first(), &root()).unwrap().is_recovery());
}

#[test]
fn the_root_and_an_admin_together_are_not_what_is_asked_for() {
    let second = next(|_| ());
    let root = ManifestSignature { signer: 0, signature: root().sign_digest(Label::Manifest, second.hash()) };
    let admin = ManifestSignature::by_admin(&second, &first(), &signer([1; 32])).unwrap();
    let both = SignedManifest::assemble(&second, vec![admin, root]).unwrap();
    assert_eq!(both.verify_after(&first()).expect_err("mixed").fault, Fault::WrongSigners);
}

#[test]
fn a_signature_of_another_admin_does_not_stand_in() {
    let second = next(|_| ());
    let mut signatures: Vec<_> = [1, 2, 3]
        .map(|seed| ManifestSignature::by_admin(&second, &first(), &signer([seed; 32])).unwrap())
        .into();
    signatures.sort_by_key(|signature| signature.signer);
    let stolen = ManifestSignature { signer: 1, ..signatures[2] };
    let signed = SignedManifest::assemble(&second, vec![stolen, signatures[1]]).unwrap();
    assert_eq!(signed.verify_after(&first()).expect_err("stolen").fault, Fault::BadSignature);
}

#[test]
fn admins_are_those_of_the_previous_manifest_that_the_new_one_does_not_revoke() {
    // 3 leaves: it may not sign its own removal, the others may.
    let without = next(|fields| {
        fields.devices.retain(|found| found.id() != device(3, Roles::ALL).id());
        fields.revocations.push(revocation(3));
    });
    assert!(by_admins(&without, &[1, 2]).is_ok());
    assert_eq!(by_admins(&without, &[1, 3]), Err(Fault::WrongSigners));
    // 5 joins as an admin: it signs from the manifest after this one on.
    let with = next(|fields| fields.devices.push(device(5, Roles::ALL)));
    let signers = [signer([1; 32]), signer([5; 32])];
    let signed = SignedManifest::sign_as_admins(&with, &with, &signers.each_ref()).unwrap();
    assert!(signed.verify_after(&first()).is_err());
    // 1 becomes a reader: it was an admin before, so it may still sign.
    let lowered = next(|fields| {
        let demoted = device(1, Roles::READER);
        fields.devices.retain(|found| found.id() != demoted.id());
        fields.devices.push(demoted);
    });
    assert!(by_admins(&lowered, &[1, 2]).is_ok());
}

#[test]
fn what_may_never_change_does_not() {
    let other_handle = next(|fields| fields.handle = "polisen-exempel".parse().unwrap());
    assert_eq!(by_root(&other_handle), Err(Fault::ImmutableChanged));
    let other_number = next(|fields| fields.organisation_number = "5560360793".parse().unwrap());
    assert_eq!(by_root(&other_number), Err(Fault::ImmutableChanged));
    let usurper = signer([201; 32]);
    let other_root = next(|fields| fields.root_pk = *usurper.public_key());
    let signed = SignedManifest::sign_as_root(&other_root, &usurper).unwrap();
    assert_eq!(signed.verify_after(&first()).expect_err("another root").fault, Fault::ImmutableChanged);
}

#[test]
fn the_chain_has_no_gap_and_no_branch() {
    for serial in [2, 4] {
        assert_eq!(by_root(&next(|fields| fields.serial = serial + 1)), Err(Fault::WrongChain));
    }
    assert_eq!(by_root(&next(|fields| fields.prev = [1; 32])), Err(Fault::WrongChain));
    let again = SignedManifest::sign_as_root(&first(), &root()).unwrap();
    assert_eq!(again.verify_after(&first()).expect_err("again").fault, Fault::WrongChain);
}

#[test]
fn revocations_stand_and_no_device_leaves_without_one() {
    let silently = next(|fields| fields.devices.retain(|found| found.id() != device(3, Roles::ALL).id()));
    assert_eq!(by_root(&silently), Err(Fault::RevocationChanged));
    let revoked = next(|fields| fields.revocations.push(revocation(7)));
    for change in [
        (|found: &mut Vec<Revocation>| found.clear()) as fn(&mut Vec<Revocation>),
        |found| found[0].reason = RevocationReason::Replaced,
        |found| found[0].revoked_ms += 1,
    ] {
        let mut fields = ManifestFields::following(&revoked, NOW + 2, NOW + 365 * DAY_MS);
        change(&mut fields.revocations);
        let third = Manifest::build(fields).unwrap();
        let signed = SignedManifest::sign_as_root(&third, &root()).unwrap();
        assert_eq!(signed.verify_after(&revoked).expect_err("changed").fault, Fault::RevocationChanged);
    }
}

#[test]
fn that_a_revoked_device_was_stolen_may_be_found_out_later() {
    let revoked = next(|fields| fields.revocations.push(revocation(7)));
    let third = |change: &dyn Fn(&mut Revocation)| {
        let mut fields = ManifestFields::following(&revoked, NOW + 2, NOW + 365 * DAY_MS);
        change(&mut fields.revocations[0]);
        let signers = [signer([1; 32]), signer([2; 32])];
        let manifest = Manifest::build(fields).unwrap();
        let signed = SignedManifest::sign_as_admins(&manifest, &revoked, &signers.each_ref()).unwrap();
        signed.verify_after(&revoked).map(drop).map_err(|error| error.fault)
    };
    assert_eq!(third(&|found| found.reason = RevocationReason::Compromised), Ok(()));
    let earlier =
        |found: &mut Revocation| (found.reason, found.revoked_ms) = (RevocationReason::Compromised, NOW - 1);
    assert_eq!(third(&earlier), Ok(()));
    let later =
        |found: &mut Revocation| (found.reason, found.revoked_ms) = (RevocationReason::Compromised, NOW + 1);
    assert_eq!(third(&later), Err(Fault::RevocationChanged));
    assert_eq!(third(&|found| found.revoked_ms = NOW - 1), Err(Fault::RevocationChanged));
}

#[test]
fn whoever_has_admin_devices_leaves_room_to_revoke_them_and_to_begin_anew() {
    let strangers = next(|fields| fields.revocations.push(revocation(7)));
    assert_eq!(by_admins(&strangers, &[1, 2]), Err(Fault::RevocationChanged));

    // 255 devices at most come with one manifest and go with the next.
    let crowd = |count: usize, of: u64| {
        (0..count as u64).map(move |n| {
            let mut seed = [9; 32];
            seed[..8].copy_from_slice(&(of + n).to_be_bytes());
            Device {
                tls_key: TlsKeyHash::of_spki(&seed),
                ..Device::new(
                    *signer(seed).public_key(),
                    TlsKeyHash::of_spki(&seed),
                    Roles::READER,
                    NOW,
                    NOW + 1,
                )
            }
        })
    };
    let (mut newest, mut of) = (first(), 0);
    let signers = [signer([1; 32]), signer([2; 32])];
    let append = |newest: &Manifest, count: usize, of: u64| {
        let mut fields = ManifestFields::following(newest, newest.fields().issued_ms + 1, NOW + 365 * DAY_MS);
        let gone = fields
            .devices
            .extract_if(.., |found| found.roles == Roles::READER && found.expires_ms == NOW + 1);
        let gone: Vec<_> = gone.map(|found| Revocation { device_id: found.id(), ..revocation(0) }).collect();
        fields.revocations.extend(gone);
        fields.devices.extend(crowd(count, of));
        let manifest = Manifest::build(fields).unwrap();
        let signed = SignedManifest::sign_as_admins(&manifest, newest, &signers.each_ref()).unwrap();
        signed.verify_after(newest).map(|verified| verified.manifest().clone()).map_err(|error| error.fault)
    };
    for _ in 0..4 {
        newest = append(&newest, 240, of).unwrap();
        of += 240;
    }
    assert_eq!(newest.devices().len() + newest.fields().revocations.len(), 964);
    assert_eq!(append(&newest, 37, of), Err(Fault::CountOutOfRange));
    newest = append(&newest, 36, of).unwrap();
    // All of them can go, and the kit can begin anew.
    newest = append(&newest, 0, 0).unwrap();
    let mut fields = ManifestFields::following(&newest, NOW + 9, NOW + 365 * DAY_MS);
    fields
        .revocations
        .extend(newest.devices().iter().map(|old| Revocation { device_id: old.id(), ..revocation(0) }));
    fields.devices = vec![device(5, Roles::ALL)];
    fields.threshold = 1;
    fields.mailboxes[0].readers = vec![device(5, Roles::ALL).id()];
    let signed = SignedManifest::sign_as_root(&Manifest::build(fields).unwrap(), &root()).unwrap();
    assert!(signed.verify_after(&newest).is_ok());
}

#[test]
fn every_rule_for_one_manifest_has_its_fault() {
    type Change = fn(&mut ManifestFields);
    let cases: [(Change, Fault); 19] = [
        (|fields| fields.not_after_ms = fields.issued_ms, Fault::BadTime),
        (|fields| fields.devices[0].expires_ms = fields.devices[0].added_ms, Fault::BadTime),
        (|fields| fields.devices[0].expires_ms = NOW + MAX_DEVICE_MS + 1, Fault::BadTime),
        (|fields| fields.devices[0].added_ms = u64::MAX, Fault::BadTime),
        (|fields| fields.devices[0].tls_key = fields.devices[1].tls_key, Fault::BadKey),
        (|fields| fields.mailboxes[0].readers[0] = revocation(77).device_id, Fault::UnknownDevice),
        (|fields| fields.devices[3].roles = Roles::HANDLER, Fault::UnknownDevice),
        (|fields| fields.revocations.push(revocation(3)), Fault::UnknownDevice),
        (|fields| fields.threshold = 0, Fault::WrongSigners),
        (|fields| fields.threshold = 4, Fault::WrongSigners),
        (|fields| fields.devices.drain(..3).for_each(drop), Fault::UnknownDevice),
        (|fields| (fields.serial, fields.prev) = (0, [1; 32]), Fault::WrongChain),
        (|fields| fields.serial = 2, Fault::WrongChain),
        (|fields| fields.prev = [1; 32], Fault::WrongChain),
        (|fields| fields.devices.push(device(1, Roles::ALL)), Fault::NotAscending),
        (|fields| fields.mailboxes.clear(), Fault::CountOutOfRange),
        (|fields| fields.mailboxes[0].readers.clear(), Fault::CountOutOfRange),
        (|fields| fields.mailboxes[0].readers = vec![revocation(4).device_id; 2], Fault::NotAscending),
        (|fields| fields.revocations = (0..1_025).map(|_| revocation(9)).collect(), Fault::CountOutOfRange),
    ];
    for (number, (change, fault)) in cases.into_iter().enumerate() {
        let mut fields = first_fields();
        change(&mut fields);
        assert_eq!(Manifest::build(fields).expect_err("broken").fault, fault, "case {number}");
    }
    let mut twice = first_fields();
    twice.mailboxes.push(Mailbox { id: MailboxId::parse(&[8; 16]).unwrap(), ..twice.mailboxes[0].clone() });
    assert_eq!(Manifest::build(twice).expect_err("same name").fault, Fault::BadText);
    assert!(
        Manifest::build(ManifestFields {
            devices: vec![Device { expires_ms: NOW + MAX_DEVICE_MS, ..device(1, Roles::ALL) }],
            mailboxes: vec![Mailbox {
                readers: vec![device(1, Roles::ALL).id()],
                ..first_fields().mailboxes[0].clone()
            }],
            threshold: 1,
            ..first_fields()
        })
        .is_ok(),
        "exactly 400 days and one admin are enough"
    );
}

#[test]
fn lookups_find_what_is_there_and_nothing_else() {
    let manifest = next(|fields| fields.revocations.push(revocation(7)));
    let (mailbox, reader) = (manifest.mailboxes()[0].clone(), device(4, Roles::READER));
    assert_eq!(manifest.device(&reader.id()), Some(&reader));
    assert_eq!(manifest.device(&revocation(7).device_id), None);
    assert_eq!(manifest.device_by_tls_key(&reader.tls_key), Some(&reader));
    assert_eq!(manifest.device_by_tls_key(&TlsKeyHash::of_spki(b"another")), None);
    assert_eq!(manifest.mailbox(&mailbox.id), Some(&mailbox));
    assert_eq!(manifest.mailbox_by_name(&"stod".parse().unwrap()), Some(&mailbox));
    assert_eq!(manifest.mailbox_by_name(&"annan".parse().unwrap()), None);
    let readers: BTreeSet<_> = manifest.readers(&mailbox.id).map(Device::id).collect();
    assert_eq!(readers, mailbox.readers.iter().copied().collect());
    assert!(manifest.reads(&reader.id(), &mailbox.id) && manifest.mailboxes_of(&reader.id()).count() == 1);
    assert!(!manifest.reads(&device(2, Roles::ALL).id(), &mailbox.id));
    assert_eq!(manifest.admins().count(), 3);
    assert!(manifest.admins().is_sorted_by_key(Device::id));
    assert_eq!(manifest.revocation(&revocation(7).device_id), Some(&revocation(7)));
}

fn name<T: FromStr<Err: Debug> + Debug>(pattern: &'static str) -> impl Strategy<Value = T> {
    pattern.prop_map(|text| text.parse().expect("the pattern is the rule"))
}

/// One to five devices, the first of which may do everything.
fn devices() -> impl Strategy<Value = Vec<Device>> {
    let one = (1..=7u8, any::<u32>(), 1..=MAX_DEVICE_MS);
    btree_map(any::<u8>(), one, 1..6).prop_map(|found| {
        let make = |(place, (seed, (roles, added, life))): (usize, (u8, (u8, u32, u64)))| {
            let roles = if place == 0 { Roles::ALL } else { roles.try_into().expect("1 to 7") };
            let added_ms = u64::from(added);
            Device { added_ms, expires_ms: added_ms + life, ..device(seed, roles) }
        };
        found.into_iter().enumerate().map(make).collect()
    })
}

fn mailboxes(devices: &[Device]) -> impl Strategy<Value = Vec<Mailbox>> + use<> {
    let readers = devices.iter().filter(|device| device.roles.contains(Roles::READER));
    let readers: Vec<_> = readers.map(Device::id).collect();
    let one = (id(), subsequence(readers.clone(), 1..=readers.len()));
    btree_map(name::<MailboxName>("[a-z0-9-]{1,63}"), one, 1..5).prop_map(|found| {
        found.into_iter().map(|(name, (id, readers))| Mailbox { id, name, readers }).collect()
    })
}

/// The fields of a manifest that obeys every rule.
fn fields() -> impl Strategy<Value = ManifestFields> {
    let revoked = btree_set(id::<DeviceId>(), 0..4).prop_flat_map(|ids| {
        let n = ids.len();
        (Just(ids), vec((any::<u64>(), select(RevocationReason::ALL)), n))
    });
    let parts = devices().prop_flat_map(|devices| {
        let admins = devices.iter().filter(|device| device.is_admin()).count();
        (mailboxes(&devices), 1..=u8::try_from(admins).expect("at most five"), Just(devices))
    });
    let times = (0..u64::MAX).prop_flat_map(|issued| (Just(issued), issued + 1..=u64::MAX));
    let chain = prop_oneof![Just((1, [0; 32])), (2u64.., prop::array::uniform32(1u8..))];
    let handle = name("[a-z0-9][a-z0-9-]{1,62}");
    let number = select(vec!["2021002817", "5560360793"]).prop_map(|text| text.parse().expect("valid"));
    (chain, times, any::<u8>(), handle, number, parts, revoked).prop_map(
        |((serial, prev), times, root, handle, organisation_number, parts, (ids, about))| {
            let (mailboxes, threshold, devices) = parts;
            let revocation = |(device_id, (revoked_ms, reason))| Revocation { device_id, revoked_ms, reason };
            let mut fields = ManifestFields {
                serial,
                prev,
                issued_ms: times.0,
                not_after_ms: times.1,
                root_pk: *signer([root; 32]).public_key(),
                handle,
                organisation_number,
                threshold,
                devices,
                mailboxes,
                revocations: ids.into_iter().zip(about).map(revocation).collect(),
            };
            fields.sort();
            fields
        },
    )
}

fn reencode(bytes: &[u8]) -> Result<Vec<u8>, InvalidField> {
    layout::write(Manifest::parse(Bytes::copy_from_slice(bytes))?.fields())
}

fn reencode_signed(bytes: &[u8]) -> Result<Vec<u8>, InvalidField> {
    let signed = SignedManifest::parse(Bytes::copy_from_slice(bytes))?;
    let manifest = Manifest::build(signed.manifest().fields().clone())?;
    Ok(SignedManifest::assemble(&manifest, signed.signatures().to_vec())?.bytes().to_vec())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn manifests_obey_the_laws(fields in fields(), mutation: (prop::sample::Index, u8)) {
        let manifest = Manifest::build(fields.clone());
        prop_assert_eq!(manifest.as_ref().map(Manifest::fields), Ok(&fields));
        check_laws(manifest.expect("built").bytes(), mutation, reencode)?;
    }

    #[test]
    fn signed_manifests_obey_the_laws(
        fields in fields(),
        signers in btree_set(any::<u8>(), 1..=16),
        mutation: (prop::sample::Index, u8),
    ) {
        let signature = |signer| ManifestSignature { signer, signature: [signer; 64] };
        let manifest = Manifest::build(fields).expect("valid");
        let signed = SignedManifest::assemble(&manifest, signers.into_iter().map(signature).collect());
        check_laws(signed.expect("1 to 16").bytes(), mutation, reencode_signed)?;
    }

    #[test]
    fn arbitrary_bytes_do_not_panic(bytes in vec(any::<u8>(), 0..600)) {
        check_any_bytes(&bytes, reencode)?;
        check_any_bytes(&[b"SVKM\0\x01", &bytes[..]].concat(), reencode)?;
        check_any_bytes(&bytes, reencode_signed)?;
    }

    /// Any byte of a signed manifest matters to who verifies it.
    #[test]
    fn no_mutation_of_a_signed_manifest_verifies(at: prop::sample::Index, flip in 1u8..) {
        let signed = SignedManifest::sign_as_root(&first(), &root()).expect("the root");
        let mut bytes = signed.bytes().to_vec();
        bytes[at.index(signed.bytes().len())] ^= flip;
        let verified = SignedManifest::parse(bytes.into()).and_then(SignedManifest::verify_first);
        prop_assert!(verified.is_err());
    }
}
