//! The codec laws for epoch keys, and each rule broken alone.

use super::*;
use crate::statement::testing::{check_any_bytes, check_laws, id, signer, xwing_public};
use proptest::prelude::*;

/// Writes what a parsed key says, from its fields.
fn reencode(bytes: &[u8]) -> Result<Vec<u8>, InvalidField> {
    let key = EpochKey::parse(Bytes::copy_from_slice(bytes))?;
    let mut w = Writer::statement(MAGIC);
    w.put(key.org_id().as_bytes());
    w.put(key.device_id().as_bytes());
    w.u32(key.epoch().number());
    w.u16(SUITE);
    w.put(key.pk());
    w.u64(key.epoch().not_before_ms());
    w.u64(key.epoch().encrypt_until_ms());
    w.u64(key.epoch().destroy_at_ms());
    w.put(&key.signature);
    Ok(w.finish())
}

fn pk() -> Vec<u8> {
    [vec![0; XWING_PUBLIC_LEN - 32], vec![9; 32]].concat()
}

fn signed() -> EpochKey {
    EpochKey::sign(OrgId::parse(&[1; 16]).unwrap(), Epoch::new(2_900), &pk(), &signer([1; 32])).unwrap()
}

/// Parses the key with some bytes replaced.
fn with(at: usize, bytes: &[u8]) -> Result<EpochKey, Fault> {
    let mut changed = signed().bytes().to_vec();
    changed[at..at + bytes.len()].copy_from_slice(bytes);
    EpochKey::parse(changed.into()).map_err(|invalid| invalid.fault)
}

#[test]
fn weeks_begin_on_thursdays_and_end_where_the_next_begins() {
    assert_eq!(Epoch::of(0), Epoch::new(0));
    assert_eq!(Epoch::of(WEEK_MS - 1), Epoch::new(0));
    assert_eq!(Epoch::of(WEEK_MS), Epoch::new(1));
    assert_eq!(Epoch::of(u64::MAX), Epoch::new(u32::MAX));
    let epoch = Epoch::new(2_900);
    assert_eq!(epoch.later(1).not_before_ms(), epoch.encrypt_until_ms());
    assert_eq!(epoch.destroy_at_ms() - epoch.not_before_ms(), 37 * 86_400_000);
    assert_eq!(Epoch::new(u32::MAX).later(1), Epoch::new(u32::MAX));
}

#[test]
fn a_key_is_its_devices_alone() {
    let key = signed();
    assert_eq!(key.verify(signer([1; 32]).public_key()), Ok(()));
    let foreign = key.verify(signer([2; 32]).public_key()).expect_err("another device");
    assert_eq!(foreign.fault, Fault::WrongSigners);
    let moved = with(6, &[7; 16]).expect("another organisation is another statement");
    let moved = moved.verify(signer([1; 32]).public_key()).expect_err("not what was signed");
    assert_eq!(moved.fault, Fault::BadSignature);
}

#[test]
fn every_rule_has_its_fault() {
    assert_eq!(with(0, b"SVKM"), Err(Fault::WrongMagic));
    assert_eq!(with(4, &[0, 2]), Err(Fault::UnknownVersion));
    assert_eq!(with(6, &[0; 16]), Err(Fault::BadIdentifier));
    assert_eq!(with(22, &[0; 16]), Err(Fault::BadIdentifier));
    assert_eq!(with(42, &[0, 2]), Err(Fault::UnknownSuite));
    assert_eq!(with(44, &[0x01, 0x0d]), Err(Fault::BadKey));
    assert_eq!(with(44 + XWING_PUBLIC_LEN - 32, &[0; 32]), Err(Fault::LowOrderKey));
    // Each of the times, and the epoch they follow from, by one.
    for at in [41, 1_267, 1_275, 1_283] {
        let byte = signed().bytes()[at] ^ 1;
        assert_eq!(with(at, &[byte]), Err(Fault::BadTime), "byte {at}");
    }
    let short = EpochKey::sign(signed().org_id(), Epoch::new(1), &pk()[1..], &signer([1; 32]));
    assert_eq!(short, Err(Fault::BadLength.in_field("pk")));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn epoch_keys_obey_the_laws(
        pk in xwing_public(),
        org in id::<OrgId>(),
        epoch: u32,
        seed: [u8; 32],
        mutation: (prop::sample::Index, u8),
    ) {
        let key = EpochKey::sign(org, Epoch::new(epoch), &pk, &signer(seed)).expect("in range");
        prop_assert_eq!(key.bytes().len(), EpochKey::LEN);
        prop_assert_eq!((key.org_id(), key.epoch(), key.pk()), (org, Epoch::new(epoch), &pk[..]));
        prop_assert_eq!(key.id(), EpochKeyId::of_key(&pk));
        check_laws(key.bytes(), mutation, reencode)?;
    }

    #[test]
    fn arbitrary_bytes_do_not_panic(bytes in prop::collection::vec(any::<u8>(), 0..1_400)) {
        check_any_bytes(&bytes, reencode)?;
        check_any_bytes(&[b"SVKE\0\x01", &bytes[..]].concat(), reencode)?;
    }

    #[test]
    fn a_time_falls_in_its_week(time_ms in 0..u64::from(u32::MAX) * WEEK_MS) {
        let epoch = Epoch::of(time_ms);
        prop_assert!((epoch.not_before_ms()..epoch.encrypt_until_ms()).contains(&time_ms));
    }
}
