use super::*;
use crate::statement::testing::{check_any_bytes, check_laws, device_receipt_by, hub_receipt, signer};
use proptest::collection::vec;
use proptest::prelude::*;

fn proofs<R: Record>(records: &[R], batch: &SignedBatch) -> Vec<Vec<u8>> {
    (0u16..)
        .zip(records)
        .map(|(index, record)| {
            proof(record, index, &batch.leaf_hashes, &batch.key_id, &batch.signature).expect("a leaf")
        })
        .collect()
}

/// Writes a parsed proof anew, but for the path, of which the parser keeps the root alone.
fn reencode<R: Record>(bytes: &[u8]) -> Result<Vec<u8>, InvalidField> {
    let parsed = UnverifiedProof::<R>::parse(bytes)?;
    let tail = bytes.len() - KeyId::LEN - parsed.signature.len();
    let index = &bytes[R::LEN..R::LEN + 2];
    let path = &bytes[R::LEN + 4..tail];
    Ok([
        &parsed.record.encode()[..],
        index,
        &parsed.n.to_be_bytes(),
        path,
        parsed.key_id.as_bytes(),
        &parsed.signature,
    ]
    .concat())
}

/// A device's signing seed and receipts.
fn device_batch() -> impl Strategy<Value = ([u8; 32], Vec<DeviceReceipt>)> {
    any::<[u8; 32]>()
        .prop_flat_map(|seed| (Just(seed), vec(device_receipt_by(signer(seed).device_id()), 1..=64)))
}

fn one_hub_receipt() -> HubReceipt {
    use proptest::strategy::ValueTree as _;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    hub_receipt().new_tree(&mut runner).expect("a value").current()
}

#[test]
fn batches_have_their_bounds() {
    let signer = signer([1; 32]);
    let receipt = one_hub_receipt();
    let fault = Fault::CountOutOfRange.in_field("proof.n");
    assert_eq!(sign_batch::<HubReceipt>(&[], &signer).unwrap_err(), fault);
    assert_eq!(sign_batch(&[receipt; 257], &signer).unwrap_err(), fault);
    let batch = sign_batch(&[receipt; 256], &signer).unwrap();
    assert_eq!(batch.head().len(), 48);
    for proof in proofs(&[receipt; 256], &batch) {
        assert!(UnverifiedProof::<HubReceipt>::parse(&proof).unwrap().verify(signer.public_key()).is_ok());
    }
    let missing = proof(&receipt, 256, &batch.leaf_hashes, &batch.key_id, &batch.signature);
    assert_eq!(missing.unwrap_err(), Fault::CountOutOfRange.in_field("proof.index"));
}

#[test]
fn a_verifier_that_has_seen_a_batch_is_not_fooled_by_the_next() {
    let (hub, other) = (signer([1; 32]), signer([2; 32]));
    let receipt = one_hub_receipt();
    let batch = sign_batch(&[receipt; 3], &hub).unwrap();
    let parse = |bytes: &[u8]| UnverifiedProof::<HubReceipt>::parse(bytes).unwrap();
    let good = proofs(&[receipt; 3], &batch);
    let mut verifier = ProofVerifier::new(hub.public_key());
    for proof in &good {
        verifier.verify(parse(proof)).unwrap();
    }
    for at in [0, HubReceipt::LEN - 1, HubReceipt::LEN + 5, good[0].len() - 80, good[0].len() - 1] {
        let mut forged = good[0].clone();
        forged[at] ^= 1;
        if let Ok(proof) = UnverifiedProof::<HubReceipt>::parse(&forged) {
            verifier.verify(proof).unwrap_err();
            verifier.verify(parse(&good[1])).unwrap();
        }
    }
    let foreign = proofs(&[receipt], &sign_batch(&[receipt], &other).unwrap());
    assert_eq!(verifier.verify(parse(&foreign[0])).unwrap_err().fault, Fault::WrongSigners);
}

#[test]
fn a_proof_is_not_made_for_another_record() {
    let receipt = one_hub_receipt();
    let batch = sign_batch(&[receipt], &signer([1; 32])).unwrap();
    let other = HubReceipt { policy_version: !receipt.policy_version, ..receipt };
    let refused = proof(&other, 0, &batch.leaf_hashes, &batch.key_id, &batch.signature);
    assert_eq!(refused.unwrap_err().fault, Fault::HashMismatch);
}

#[test]
fn a_receipt_of_another_device_is_not_signed() {
    let receipt = DeviceReceipt {
        message_id: crate::ids::MessageId::random(),
        hh: [0; 32],
        org: crate::ids::OrgId::of_root(&[0; 32]),
        device: signer([2; 32]).device_id(),
        time_ms: 0,
        verdict: crate::statement::receipt::Verdict::Delivered { open_tag: [0; 16] },
    };
    assert_eq!(sign_batch(&[receipt], &signer([1; 32])).unwrap_err().fault, Fault::WrongSigners);
    assert!(sign_batch(&[receipt], &signer([2; 32])).is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_receipt_of_a_batch_verifies_alone_and_under_its_signer_only(seed: [u8; 32], records in vec(hub_receipt(), 1..20)) {
        let key = signer(seed);
        let batch = sign_batch(&records, &key).expect("within bounds");
        for (record, bytes) in records.iter().zip(proofs(&records, &batch)) {
            let parsed = UnverifiedProof::<HubReceipt>::parse(&bytes).expect("own proof");
            prop_assert_eq!(parsed.claimed(), record);
            prop_assert_eq!(ReceiptProof::parse(&bytes), Ok(ReceiptProof::Hub(parsed.clone())));
            let mut other = seed;
            other[0] ^= 1;
            let refused = parsed.clone().verify(signer(other).public_key()).expect_err("another key");
            prop_assert_eq!(refused.fault, Fault::WrongSigners);
            let verified: VerifiedHubReceipt = parsed.verify(key.public_key()).expect("signed");
            prop_assert_eq!(verified.bytes(), &bytes[..]);
            prop_assert_eq!(&verified.into_value(), record);
        }
    }

    #[test]
    fn device_batches_verify((seed, records) in device_batch()) {
        let key = signer(seed);
        let batch = sign_batch(&records, &key).expect("within bounds");
        for (record, bytes) in records.iter().zip(proofs(&records, &batch)) {
            let ReceiptProof::Device(parsed) = ReceiptProof::parse(&bytes).expect("own proof") else {
                return Err(TestCaseError::fail("taken for a hub receipt"));
            };
            let verified: VerifiedDeviceReceipt = parsed.verify(key.public_key()).expect("signed");
            prop_assert_eq!(verified.value(), record);
        }
    }

    /// A proof has no byte that could be changed by anyone but the signer.
    #[test]
    fn no_changed_byte_verifies(seed: [u8; 32], records in vec(hub_receipt(), 1..20), at: prop::sample::Index, which: prop::sample::Index, flip in 1u8..) {
        let key = signer(seed);
        let batch = sign_batch(&records, &key).expect("within bounds");
        let mut bytes = which.get(&proofs(&records, &batch)).clone();
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        let outcome = UnverifiedProof::<HubReceipt>::parse(&bytes).and_then(|parsed| parsed.verify(key.public_key()));
        prop_assert!(outcome.is_err());
    }

    #[test]
    fn proofs_obey_the_laws(seed: [u8; 32], records in vec(hub_receipt(), 1..20), which: prop::sample::Index, mutation: (prop::sample::Index, u8)) {
        let batch = sign_batch(&records, &signer(seed)).expect("within bounds");
        check_laws(which.get::<Vec<u8>>(&proofs(&records, &batch)), mutation, reencode::<HubReceipt>)?;
    }

    #[test]
    fn device_proofs_obey_the_laws((seed, records) in device_batch(), which: prop::sample::Index, mutation: (prop::sample::Index, u8)) {
        let batch = sign_batch(&records, &signer(seed)).expect("within bounds");
        check_laws(which.get::<Vec<u8>>(&proofs(&records, &batch)), mutation, reencode::<DeviceReceipt>)?;
    }

    #[test]
    fn arbitrary_bytes_do_not_panic(record in hub_receipt(), tail in vec(any::<u8>(), 0..512)) {
        check_any_bytes(&tail, reencode::<HubReceipt>)?;
        check_any_bytes(&[&record.encode()[..], &tail].concat(), reencode::<HubReceipt>)?;
        prop_assert!(ReceiptProof::parse(&tail).is_err());
    }
}
