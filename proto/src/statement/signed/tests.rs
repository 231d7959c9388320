use super::*;
use crate::ids::OrgId;
use crate::limits::DAY_MS;
use crate::statement::consent::{ConsentStub, UnverifiedStub, commitment};
use crate::statement::recall::{Recall, UnverifiedRecall};
use crate::statement::renewal::{Renewal, UnverifiedRenewal};
use crate::statement::rewrap::{Rewrap, UnverifiedRewrap};
use crate::statement::testing::{check_any_bytes, check_laws, id, message_id, signer};
use crate::statement::withdrawal::{UnverifiedWithdrawal, Withdrawal};
use proptest::prelude::*;

fn stub() -> impl Strategy<Value = ([u8; 32], ConsentStub)> {
    let days = 0..=u64::MAX / DAY_MS;
    (any::<[u8; 32]>(), id(), any::<[u8; 32]>(), id(), days).prop_map(
        |(seed, handle, commitment, issuer_org, days)| {
            let issuer_device = signer(seed).device_id();
            let expires_ms = days * DAY_MS;
            (seed, ConsentStub { handle, commitment, issuer_org, issuer_device, expires_ms })
        },
    )
}

fn recall() -> impl Strategy<Value = ([u8; 32], Recall)> {
    (any::<[u8; 32]>(), message_id(), any::<[u8; 32]>(), id::<OrgId>(), any::<u64>()).prop_map(
        |(seed, message_id, hh, org, time_ms)| {
            (seed, Recall { message_id, hh, org, device: signer(seed).device_id(), time_ms })
        },
    )
}

fn withdrawal() -> impl Strategy<Value = ([u8; 32], Withdrawal)> {
    let reason = prop::sample::select(crate::code::WithdrawalReason::ALL);
    (any::<[u8; 32]>(), id(), id::<OrgId>(), any::<u64>(), reason).prop_map(
        |(seed, handle, org, time_ms, reason)| {
            (seed, Withdrawal { handle, org, device: signer(seed).device_id(), time_ms, reason })
        },
    )
}

fn renewal() -> impl Strategy<Value = ([u8; 32], Renewal)> {
    (any::<[u8; 32]>(), id::<OrgId>(), any::<[u8; 32]>(), any::<[u8; 32]>()).prop_map(
        |(seed, org, nonce, csr_hash)| {
            (seed, Renewal { org, device: signer(seed).device_id(), nonce, csr_hash })
        },
    )
}

/// A wrap whose X25519 half is canonical and of large order.
fn rewrap() -> impl Strategy<Value = ([u8; 32], Rewrap)> {
    let ids = (message_id(), id::<OrgId>(), id(), id());
    (any::<[u8; 32]>(), ids, any::<[u8; 32]>(), any::<u8>()).prop_map(
        |(seed, (message_id, org, to_device, to_epoch_key), hh, fill)| {
            let mut wrap = Box::new([fill; crate::limits::WRAP_LEN]);
            wrap[crate::limits::XWING_ENC_LEN - 32..crate::limits::XWING_ENC_LEN].fill(9);
            let by_device = signer(seed).device_id();
            (seed, Rewrap { message_id, hh, org, by_device, to_device, to_epoch_key, wrap })
        },
    )
}

/// Encodes anew from the fields, so that the law is not met by keeping the bytes.
fn encode_fields(magic: &[u8; 4], signature: &Signature, fields: &[&[u8]]) -> Vec<u8> {
    [&magic[..], &[0, 1], &fields.concat(), signature].concat()
}

fn reencode_stub(bytes: &[u8]) -> Result<Vec<u8>, InvalidField> {
    let Unverified { statement: s, signature, .. } = UnverifiedStub::parse(bytes)?;
    let fields: [&[u8]; 5] = [
        s.handle.as_bytes(),
        &s.commitment,
        s.issuer_org.as_bytes(),
        s.issuer_device.as_bytes(),
        &s.expires_ms.to_be_bytes(),
    ];
    Ok(encode_fields(b"SVKC", &signature, &fields))
}

fn reencode_recall(bytes: &[u8]) -> Result<Vec<u8>, InvalidField> {
    let Unverified { statement: s, signature, .. } = UnverifiedRecall::parse(bytes)?;
    let fields: [&[u8]; 5] =
        [s.message_id.as_bytes(), &s.hh, s.org.as_bytes(), s.device.as_bytes(), &s.time_ms.to_be_bytes()];
    Ok(encode_fields(b"SVKX", &signature, &fields))
}

fn reencode_withdrawal(bytes: &[u8]) -> Result<Vec<u8>, InvalidField> {
    let Unverified { statement: s, signature, .. } = UnverifiedWithdrawal::parse(bytes)?;
    let fields: [&[u8]; 5] = [
        s.handle.as_bytes(),
        s.org.as_bytes(),
        s.device.as_bytes(),
        &s.time_ms.to_be_bytes(),
        &[s.reason.code()],
    ];
    Ok(encode_fields(b"SVKD", &signature, &fields))
}

fn reencode_renewal(bytes: &[u8]) -> Result<Vec<u8>, InvalidField> {
    let Unverified { statement: s, signature, .. } = UnverifiedRenewal::parse(bytes)?;
    let fields: [&[u8]; 4] = [s.org.as_bytes(), s.device.as_bytes(), &s.nonce, &s.csr_hash];
    Ok(encode_fields(b"SVKT", &signature, &fields))
}

fn reencode_rewrap(bytes: &[u8]) -> Result<Vec<u8>, InvalidField> {
    let Unverified { statement: s, signature, .. } = UnverifiedRewrap::parse(bytes)?;
    let fields: [&[u8]; 7] = [
        s.message_id.as_bytes(),
        &s.hh,
        s.org.as_bytes(),
        s.by_device.as_bytes(),
        s.to_device.as_bytes(),
        s.to_epoch_key.as_bytes(),
        &s.wrap[..],
    ];
    Ok(encode_fields(b"SVKW", &signature, &fields))
}

#[test]
fn a_commitment_binds_salt_and_record() {
    let expected = crate::ids::sha256(&[&b"svk1 consent\0"[..], &[7; 32], b"record"].concat());
    assert_eq!(commitment(&[7; 32], b"record"), expected);
}

proptest! {
    #[test]
    fn stubs_obey_the_laws((seed, stub) in stub(), mutation: (prop::sample::Index, u8)) {
        let signed = stub.sign(&signer(seed)).expect("own stub");
        prop_assert_eq!(signed.bytes().len(), ConsentStub::LEN);
        let parsed = UnverifiedStub::parse(signed.bytes()).expect("own stub");
        prop_assert_eq!(parsed.claimed(), &stub);
        prop_assert_eq!(parsed.verify(signer(seed).public_key()), Ok(signed.clone()));
        check_laws(signed.bytes(), mutation, reencode_stub)?;
    }

    #[test]
    fn recalls_obey_the_laws((seed, recall) in recall(), mutation: (prop::sample::Index, u8)) {
        let signed = recall.sign(&signer(seed)).expect("own recall");
        prop_assert_eq!(signed.bytes().len(), Recall::LEN);
        let parsed = UnverifiedRecall::parse(signed.bytes()).expect("own recall");
        prop_assert_eq!(parsed.claimed(), &recall);
        prop_assert_eq!(parsed.verify(signer(seed).public_key()), Ok(signed.clone()));
        check_laws(signed.bytes(), mutation, reencode_recall)?;
    }

    #[test]
    fn withdrawals_obey_the_laws((seed, withdrawal) in withdrawal(), mutation: (prop::sample::Index, u8)) {
        let signed = withdrawal.sign(&signer(seed)).expect("own withdrawal");
        prop_assert_eq!(signed.bytes().len(), Withdrawal::LEN);
        let parsed = UnverifiedWithdrawal::parse(signed.bytes()).expect("own withdrawal");
        prop_assert_eq!(parsed.claimed(), &withdrawal);
        prop_assert_eq!(parsed.verify(signer(seed).public_key()), Ok(signed.clone()));
        check_laws(signed.bytes(), mutation, reencode_withdrawal)?;
    }

    #[test]
    fn renewals_obey_the_laws((seed, renewal) in renewal(), mutation: (prop::sample::Index, u8)) {
        let signed = renewal.sign(&signer(seed)).expect("own renewal");
        prop_assert_eq!(signed.bytes().len(), Renewal::LEN);
        let parsed = UnverifiedRenewal::parse(signed.bytes()).expect("own renewal");
        prop_assert_eq!(parsed.claimed(), &renewal);
        prop_assert_eq!(parsed.verify(signer(seed).public_key()), Ok(signed.clone()));
        check_laws(signed.bytes(), mutation, reencode_renewal)?;
    }

    #[test]
    fn rewraps_obey_the_laws((seed, rewrap) in rewrap(), mutation: (prop::sample::Index, u8)) {
        let signed = rewrap.clone().sign(&signer(seed)).expect("own re-wrap");
        prop_assert_eq!(signed.bytes().len(), Rewrap::LEN);
        let parsed = UnverifiedRewrap::parse(signed.bytes()).expect("own re-wrap");
        prop_assert_eq!(parsed.claimed(), &rewrap);
        prop_assert_eq!(parsed.verify(signer(seed).public_key()), Ok(signed.clone()));
        check_laws(signed.bytes(), mutation, reencode_rewrap)?;
        let itself = Rewrap { to_device: rewrap.by_device, ..rewrap.clone() };
        prop_assert_eq!(itself.sign(&signer(seed)).expect_err("itself").fault, Fault::BadIdentifier);
        let mut low = rewrap;
        low.wrap[crate::limits::XWING_ENC_LEN - 32..crate::limits::XWING_ENC_LEN].fill(0);
        prop_assert_eq!(low.sign(&signer(seed)).expect_err("low order").fault, Fault::LowOrderKey);
    }

    #[test]
    fn no_changed_byte_verifies((seed, stub) in stub(), at: prop::sample::Index, flip in 1u8..) {
        let signer = signer(seed);
        let mut bytes = stub.sign(&signer).expect("own stub").bytes().to_vec();
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        let outcome = UnverifiedStub::parse(&bytes).and_then(|parsed| parsed.verify(signer.public_key()));
        prop_assert!(outcome.is_err());
    }

    #[test]
    fn only_the_named_device_signs((seed, stub) in stub(), (_, recall) in recall(), other: [u8; 32]) {
        prop_assume!(seed != other);
        let other = signer(other);
        prop_assert_eq!(stub.sign(&other).expect_err("another").fault, Fault::WrongSigners);
        let signed = stub.sign(&signer(seed)).expect("own stub");
        let parsed = UnverifiedStub::parse(signed.bytes()).expect("own stub");
        prop_assert_eq!(parsed.verify(other.public_key()).expect_err("another").fault, Fault::WrongSigners);
        prop_assert!(recall.sign(&other).is_err() || recall.device == other.device_id());
    }

    #[test]
    fn a_stub_expires_at_the_end_of_a_day((seed, stub) in stub(), late in 1..DAY_MS) {
        let Some(expires_ms) = stub.expires_ms.checked_add(late) else { return Ok(()) };
        let stub = ConsentStub { expires_ms, ..stub };
        prop_assert_eq!(stub.sign(&signer(seed)).expect_err("not whole").fault, Fault::BadTime);
    }

    #[test]
    fn arbitrary_bytes_do_not_panic(tail in prop::collection::vec(any::<u8>(), 0..200)) {
        check_any_bytes(&tail, reencode_stub)?;
        check_any_bytes(&[b"SVKC\0\x01", &tail[..]].concat(), reencode_stub)?;
        check_any_bytes(&[b"SVKX\0\x01", &tail[..]].concat(), reencode_recall)?;
        check_any_bytes(&[b"SVKD\0\x01", &tail[..]].concat(), reencode_withdrawal)?;
        check_any_bytes(&[b"SVKT\0\x01", &tail[..]].concat(), reencode_renewal)?;
        check_any_bytes(&[b"SVKW\0\x01", &tail[..]].concat(), reencode_rewrap)?;
    }
}
