//! Receipts with their proofs, consent stubs, recalls, withdrawals, renewals, re-wraps and requests for membership (PROTOCOL.md sections 10
//! to 14).
//!
//! Each input is used twice: as bytes from the network, and as the choices of a statement that is then signed, verified, and
//! verified again with one bit changed.

use std::fmt::Debug;

use samverkan_proto::limits::DAY_MS;
use samverkan_proto::sign::{PublicKey, Signer};
use samverkan_proto::statement::Verified;
use samverkan_proto::statement::batch::{ProofMaker, ReceiptProof, UnverifiedProof, sign_batch};
use samverkan_proto::statement::consent::{ConsentStub, UnverifiedStub};
use samverkan_proto::statement::member::{MemberSecret, Membership, UnverifiedMembership};
use samverkan_proto::statement::recall::{Recall, UnverifiedRecall};
use samverkan_proto::statement::receipt::{DeviceReceipt, HubReceipt, Record, WithdrawalReceipt};
use samverkan_proto::statement::renewal::{Renewal, UnverifiedRenewal};
use samverkan_proto::statement::rewrap::{Rewrap, UnverifiedRewrap};
use samverkan_proto::statement::withdrawal::{UnverifiedWithdrawal, Withdrawal};
use samverkan_proto::{Fault, InvalidField};

use crate::cursor::Cursor;
use crate::laws::{one_encoding, with_a_bit_flipped};

/// The key that the scenarios sign with.
fn signer() -> Signer {
    Signer::from_seed(&[1; 32]).expect("any seed is a key")
}

pub(super) fn device_receipt(bytes: &[u8]) {
    let signer = signer();
    // The same receipt from a device whose key is at hand.
    receipt(bytes, &signer, |receipt: &DeviceReceipt, place| DeviceReceipt {
        device: signer.device_id(),
        time_ms: place.into(),
        ..*receipt
    });
}

pub(super) fn hub_receipt(bytes: &[u8]) {
    receipt(bytes, &signer(), |receipt: &HubReceipt, place| HubReceipt {
        hub_time_ms: place.into(),
        ..*receipt
    });
}

pub(super) fn withdrawal_receipt(bytes: &[u8]) {
    let about_a_message =
        bytes.get(..HubReceipt::LEN).is_some_and(|record| HubReceipt::parse(record).is_ok());
    let about_a_handle =
        bytes.get(..HubReceipt::LEN).is_some_and(|record| WithdrawalReceipt::parse(record).is_ok());
    assert!(!(about_a_message && about_a_handle), "nothing can be read as both");
    batched(bytes, &signer(), |receipt: &WithdrawalReceipt, place| WithdrawalReceipt {
        hub_time_ms: place.into(),
        ..*receipt
    });
}

fn receipt<R: Record>(bytes: &[u8], signer: &Signer, at_place: impl Fn(&R, u16) -> R) {
    proof::<R>(bytes, signer.public_key());
    batched(bytes, signer, at_place);
}

/// `at_place` makes the receipts of a batch differ: one receipt at two places of a batch has a proof for both.
fn batched<R: Record>(bytes: &[u8], signer: &Signer, at_place: impl Fn(&R, u16) -> R) {
    let record = bytes.get(..R::LEN).unwrap_or(bytes);
    let Some(record) = one_encoding(record, R::parse, Record::encode) else { return };
    let mut choices = Cursor::new(&bytes[R::LEN..]);
    let n = 1 + choices.u16() % R::MAX_BATCH.min(40);
    let index = choices.u16() % n;
    let records: Vec<R> = (0..n).map(|place| at_place(&record, place)).collect();
    let batch = sign_batch(&records, signer).expect("1 to 40 receipts of the signer");
    let record = records[usize::from(index)].clone();
    let proof = ProofMaker::new(batch.leaf_hashes, batch.key_id, batch.signature).prove(&record, index);
    let proof = proof.expect("the leaf is this record's");
    let verify = |bytes: &[u8]| UnverifiedProof::<R>::parse(bytes)?.verify(signer.public_key());
    assert_eq!(verify(&proof).map(Verified::into_value), Ok(record));
    let changed = with_a_bit_flipped(&proof, choices.u16()).expect("a proof has bytes");
    assert!(verify(&changed).is_err(), "a changed receipt verifies");
}

/// What came from the network: nobody who fuzzes has the key.
fn proof<R: Record>(bytes: &[u8], key: &PublicKey) {
    let first = UnverifiedProof::<R>::parse(bytes);
    assert_eq!(first, UnverifiedProof::parse(bytes));
    let either = ReceiptProof::parse(bytes);
    let Ok(proof) = first else { return };
    let kind = if bytes.starts_with(R::MAGIC) { Ok(()) } else { Err(()) };
    assert_eq!(either.map(|_| ()).map_err(|_| ()), kind);
    assert_eq!(proof.claimed().encode(), &bytes[..R::LEN]);
    assert!(bytes.len() <= R::LEN + 4 + 8 * 32 + 8 + 64, "a path has at most eight hashes");
    assert!(proof.verify(key).is_err());
}

pub(super) fn consent(bytes: &[u8]) {
    let signer = signer();
    let sign = |stub: ConsentStub| {
        let issuer_device = signer.device_id();
        let verified = ConsentStub { issuer_device, ..stub }.sign(&signer).expect("the signer's own");
        assert!(verified.value().expires_ms.is_multiple_of(DAY_MS));
        verified.bytes().to_vec()
    };
    let parse = |bytes: &[u8]| UnverifiedStub::parse(bytes).map(|stub| *stub.claimed());
    let verify = |bytes: &[u8]| UnverifiedStub::parse(bytes)?.verify(signer.public_key());
    signed_alone(bytes, ConsentStub::LEN, parse, sign, verify);
}

pub(super) fn recall(bytes: &[u8]) {
    let signer = signer();
    let sign = |recall: Recall| {
        let device = signer.device_id();
        Recall { device, ..recall }.sign(&signer).expect("the signer's own").bytes().to_vec()
    };
    let parse = |bytes: &[u8]| UnverifiedRecall::parse(bytes).map(|recall| *recall.claimed());
    let verify = |bytes: &[u8]| UnverifiedRecall::parse(bytes)?.verify(signer.public_key());
    signed_alone(bytes, Recall::LEN, parse, sign, verify);
}

pub(super) fn withdrawal(bytes: &[u8]) {
    let signer = signer();
    let sign = |withdrawal: Withdrawal| {
        let device = signer.device_id();
        Withdrawal { device, ..withdrawal }.sign(&signer).expect("the signer's own").bytes().to_vec()
    };
    let parse = |bytes: &[u8]| UnverifiedWithdrawal::parse(bytes).map(|withdrawal| *withdrawal.claimed());
    let verify = |bytes: &[u8]| UnverifiedWithdrawal::parse(bytes)?.verify(signer.public_key());
    signed_alone(bytes, Withdrawal::LEN, parse, sign, verify);
}

pub(super) fn renewal(bytes: &[u8]) {
    let signer = signer();
    let sign = |renewal: Renewal| {
        let device = signer.device_id();
        Renewal { device, ..renewal }.sign(&signer).expect("the signer's own").bytes().to_vec()
    };
    let parse = |bytes: &[u8]| UnverifiedRenewal::parse(bytes).map(|renewal| *renewal.claimed());
    let verify = |bytes: &[u8]| UnverifiedRenewal::parse(bytes)?.verify(signer.public_key());
    signed_alone(bytes, Renewal::LEN, parse, sign, verify);
}

pub(super) fn membership(bytes: &[u8]) {
    let secret = MemberSecret::new([1; 16]);
    let parse = |bytes: &[u8]| UnverifiedMembership::parse(bytes);
    let Some(request) = one_encoding(bytes, parse, |request| request.bytes().to_vec()) else { return };
    assert_eq!(bytes.len(), Membership::LEN);
    let claimed = *request.claimed();
    assert!(request.verify(&secret).is_err(), "nobody who fuzzes has the secret");
    let made = claimed.request(&secret);
    assert_eq!(made.bytes()[..Membership::LEN - 32], bytes[..Membership::LEN - 32]);
    let verify = |bytes: &[u8]| UnverifiedMembership::parse(bytes)?.verify(&secret);
    assert_eq!(verify(made.bytes()).as_ref(), Ok(&made));
    let at = u16::from_be_bytes([made.bytes()[86], made.bytes()[87]]);
    let changed = with_a_bit_flipped(made.bytes(), at).expect("a request has bytes");
    assert!(verify(&changed).is_err(), "a changed request verifies");
    let other = MemberSecret::new([2; 16]);
    assert!(UnverifiedMembership::parse(made.bytes()).and_then(|made| made.verify(&other)).is_err());
}

pub(super) fn rewrap(bytes: &[u8]) {
    let signer = signer();
    let sign = |rewrap: Rewrap| {
        let by_device = signer.device_id();
        Rewrap { by_device, ..rewrap }.sign(&signer).expect("the signer's own").bytes().to_vec()
    };
    let parse = |bytes: &[u8]| UnverifiedRewrap::parse(bytes).map(|rewrap| rewrap.claimed().clone());
    let verify = |bytes: &[u8]| UnverifiedRewrap::parse(bytes)?.verify(signer.public_key());
    signed_alone(bytes, Rewrap::LEN, parse, sign, verify);
}

/// A statement of fixed length that one device signs.
fn signed_alone<T: Clone + PartialEq + Debug>(
    bytes: &[u8],
    len: usize,
    parse: impl Fn(&[u8]) -> Result<T, InvalidField>,
    sign: impl Fn(T) -> Vec<u8>,
    verify: impl Fn(&[u8]) -> Result<Verified<T>, InvalidField>,
) {
    let first = parse(bytes);
    assert_eq!(first, parse(bytes));
    let Ok(claimed) = first else { return };
    assert_eq!(bytes.len(), len);
    assert!(verify(bytes).is_err(), "nobody who fuzzes has the key");
    let signed = sign(claimed);
    assert_eq!(verify(&signed).map(|verified| verified.bytes().to_vec()), Ok(signed.clone()));
    // But for the device and the signature, signing wrote what was read.
    let same = signed.iter().zip(bytes).filter(|(one, other)| one == other).count();
    assert!(same >= len - 16 - 64);
    let at = u16::from_be_bytes([signed[len - 1], signed[len - 2]]);
    let changed = with_a_bit_flipped(&signed, at).expect("a statement has bytes");
    assert!(verify(&changed).is_err(), "a changed statement verifies");
    assert_eq!(parse(&signed[..len - 1]).map_err(|invalid| invalid.fault), Err(Fault::Truncated));
    let longer = [signed.as_slice(), &[0]].concat();
    assert_eq!(parse(&longer).map_err(|invalid| invalid.fault), Err(Fault::TrailingBytes));
}
