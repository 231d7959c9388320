//! The transparency log: leaves with their records, proofs, checkpoints (PROTOCOL.md section 13).

use bytes::Bytes;
use samverkan_proto::ids::{DeviceId, HubName, OperatorId, OrgId};
use samverkan_proto::limits::{MAX_EPOCH_KEYS, SECOND_SIGNATURE_MS};
use samverkan_proto::sign::Signer;
use samverkan_proto::statement::agreement::{Agreement, SignedAgreement};
use samverkan_proto::statement::log::{
    Checkpoint, EpochKeyBatch, HubKeys, Leaf, LogTree, OrganisationEntry, Record, TreeHead,
    verify_consistency, verify_inclusion,
};
use samverkan_proto::statement::manifest::SignedManifest;
use samverkan_proto::statement::operator::SignedAction;

use crate::cursor::Cursor;
use crate::laws::{one_encoding, with_a_bit_flipped};

/// Input: `u8 what | bytes`. The bytes are a leaf's data, or a record of the kind that `what` chooses.
pub(super) fn leaf(bytes: &[u8]) {
    let mut input = Cursor::new(bytes);
    let what = input.u8() % 8;
    let bytes = Bytes::copy_from_slice(input.rest());
    if what == 0 {
        one_encoding(&bytes, Leaf::parse, Leaf::encode);
        return;
    }
    let leaf = match what {
        1 => SignedManifest::parse(bytes.clone()).map(|signed| Leaf::of_manifest(&signed)),
        2 => EpochKeyBatch::parse(bytes.clone()).map(|batch| Leaf::of_epoch_keys(&batch)),
        3 => Ok(certificate(&bytes)),
        4 => HubKeys::parse(&bytes).and_then(|keys| Leaf::of_hub_keys(&keys)),
        5 => SignedAction::parse(bytes.clone()).map(|action| Leaf::of_action(&action)),
        7 => SignedAgreement::parse(bytes.clone()).map(|signed| Leaf::of_agreement(&signed)),
        _ => OrganisationEntry::parse(bytes.clone()).map(|entry| Leaf::of_organisation(&entry)),
    };
    let Ok(leaf) = leaf else { return };
    assert_eq!(Leaf::parse(&leaf.encode()), Ok(leaf));
    if bytes.is_empty() {
        return;
    }
    let record = leaf.open(&bytes).expect("the leaf was made of this record");
    encodes_to(&record, &bytes);
    let changed = with_a_bit_flipped(&bytes, u16::from(leaf.record_hash()[0])).expect("not empty");
    assert!(leaf.open(&changed.into()).is_err(), "a changed record opens");
}

/// Input: an action as it travels. What is read is signed by a second operator, verified, and verified again with one bit changed.
pub(super) fn operator_action(bytes: &[u8]) {
    let parse = |bytes: &[u8]| SignedAction::parse(Bytes::copy_from_slice(bytes));
    let Some(read) = one_encoding(bytes, parse, |action| action.bytes().to_vec()) else { return };
    let pin = read.statement().hub;
    assert!((1..=2).contains(&read.signatures().len()));
    assert!(read.last_ms() - read.first_ms() <= SECOND_SIGNATURE_MS);
    assert!(read.verify(&pin, |_| None).is_err(), "nobody is an operator");
    let signers = [[1; 32], [2; 32]].map(|seed| Signer::from_seed(&seed).expect("any seed is a key"));
    let own = signers.each_ref().map(|signer| *signer.public_key());
    let key_of = |id: &OperatorId| own.into_iter().find(|key| OperatorId::of_key(key.as_bytes()) == *id);
    let first_ms = read.first_ms().min(u64::MAX - 1);
    let both = SignedAction::sign(read.statement(), &signers[0], first_ms)
        .countersign(&signers[1], first_ms + 1)
        .expect("another operator, a moment later");
    assert_eq!(both.verify(&pin, key_of), Ok(()));
    let at = u16::from_be_bytes([bytes[bytes.len() - 1], bytes[bytes.len() - 2]]);
    let changed = with_a_bit_flipped(both.bytes(), at).expect("an action has bytes");
    let verified = parse(&changed).and_then(|action| action.verify(&pin, key_of));
    assert!(verified.is_err(), "a changed action verifies");
}

/// Input: an agreement as it travels. What is read is written again, signed by both parties, and read again with one bit changed.
pub(super) fn agreement(bytes: &[u8]) {
    let parse = |bytes: &[u8]| SignedAgreement::parse(Bytes::copy_from_slice(bytes));
    let Some(read) = one_encoding(bytes, parse, |signed| signed.bytes().to_vec()) else { return };
    let again = Agreement::build(read.fields().clone()).expect("it was read");
    assert_eq!(again, *read.agreement());
    let signers = [[1; 32], [2; 32]].map(|seed| Signer::from_seed(&seed).expect("any seed is a key"));
    let [sender, recipient] = again.fields().parties();
    let both = SignedAgreement::sign(&again, sender, &signers[0])
        .and_then(|one| one.countersign(recipient, &signers[1]))
        .expect("both are parties");
    assert_eq!(both.agreement().hash(), read.agreement().hash());
    assert_eq!(parse(both.bytes()).as_ref(), Ok(&both));
    assert!(both.countersign(sender, &signers[0]).is_err(), "one device twice");
    let at = u16::from_be_bytes([bytes[bytes.len() - 1], bytes[bytes.len() - 2]]);
    let changed = with_a_bit_flipped(both.bytes(), at).expect("an agreement has bytes");
    assert_ne!(parse(&changed).as_ref(), Ok(&both));
}

fn certificate(der: &[u8]) -> Leaf {
    let org = OrgId::parse(&[1; 16]).expect("not zero");
    Leaf::of_certificate(org, DeviceId::parse(&[2; 16]).expect("not zero"), der)
}

fn encodes_to(record: &Record, bytes: &Bytes) {
    match record {
        Record::Manifest(signed) => assert_eq!(signed.bytes(), bytes),
        Record::EpochKeys(batch) => {
            assert!((1..=usize::from(MAX_EPOCH_KEYS)).contains(&batch.keys().len()));
            assert_eq!(EpochKeyBatch::build(batch.keys().to_vec()).as_ref(), Ok(batch));
        }
        Record::Certificate(der) => assert_eq!(der, bytes),
        Record::HubKeys(keys) => assert_eq!(keys.encode().as_deref(), Ok(&bytes[..])),
        Record::Action(action) => assert_eq!(action.bytes(), bytes),
        Record::Agreement(signed) => assert_eq!(signed.bytes(), bytes),
        Record::Organisation(entry) => {
            assert_eq!(OrganisationEntry::build(entry.fields().clone()).as_ref(), Ok(entry));
        }
    }
}

/// Input: `u8 size | u16 index | u16 old size | u16 bit | u64 × 2 sizes, u64 index | path hashes`. The tree has leaves of its own;
/// its proofs hold, change a bit and they do not; and proofs from the input, for trees of any size, do not.
pub(super) fn proof(bytes: &[u8]) {
    let mut input = Cursor::new(bytes);
    let size = 1 + u64::from(input.u8() % 48);
    let mut tree = LogTree::new();
    for leaf in 0..size {
        tree.append(&leaf.to_be_bytes());
    }
    let (index, old) = (u64::from(input.u16()) % size, 1 + u64::from(input.u16()) % size);
    let (head, bit) = (tree.head(), input.u16());
    let data = index.to_be_bytes();
    let path = tree.prove_inclusion(index).expect("there is such a leaf");
    assert_eq!(verify_inclusion(&head, index, &data, &path), Ok(()));
    assert!(verify_inclusion(&head, index, &size.to_be_bytes(), &path).is_err(), "another leaf");
    let old = TreeHead { size: old, root: tree.root_at(old).expect("there were that many leaves") };
    let steps = tree.prove_consistency(old.size).expect("there were that many leaves");
    assert_eq!(verify_consistency(&old, &head, &steps), Ok(()));
    if let Some(changed) = with_a_bit_flipped(path.as_flattened(), bit) {
        assert!(verify_inclusion(&head, index, &data, changed.as_chunks().0).is_err());
    }
    if let Some(changed) = with_a_bit_flipped(steps.as_flattened(), bit) {
        assert!(verify_consistency(&old, &head, changed.as_chunks().0).is_err());
    }
    forged(input, &head);
}

/// Nobody finds a path to a root by writing hashes.
fn forged(mut input: Cursor<'_>, head: &TreeHead) {
    let [small, large, index] = [(); 3].map(|()| u64::from_be_bytes(input.array()));
    let (path, _) = input.rest().as_chunks();
    let [old, new] = [small, large].map(|size| TreeHead { size, root: head.root });
    assert!(verify_inclusion(&new, index, b"forged", path).is_err());
    // A tree continues itself, with no proof at all.
    let itself = old == new && path.is_empty() && (1..=1 << 62).contains(&old.size);
    assert_eq!(verify_consistency(&old, &new, path).is_ok(), itself);
}

/// Input: a note as it travels; or, of 40 bytes and more, also `root[32] | u64 size | hub name`.
pub(super) fn checkpoint(bytes: &[u8]) {
    let signer = Signer::from_seed(&[1; 32]).expect("any seed is a key");
    let note = Bytes::copy_from_slice(bytes);
    let named: HubName = "exempel".parse().expect("a name");
    assert!(Checkpoint::verify(note, &named, signer.public_key()).is_err(), "nobody who fuzzes has the key");
    let mut input = Cursor::new(bytes);
    let (root, size) = (input.array(), u64::from_be_bytes(input.array()));
    let hub = str::from_utf8(input.rest()).ok().and_then(|name| name.parse().ok()).unwrap_or(named);
    let head = TreeHead { size, root };
    let signed = Checkpoint::sign(&hub, head, &signer);
    let verify = |note: Bytes| Checkpoint::verify(note, &hub, signer.public_key());
    assert_eq!(verify(signed.note().clone()).map(|checkpoint| checkpoint.head()), Ok(head));
    let at = u16::from_be_bytes([root[0], root[1]]);
    let changed = with_a_bit_flipped(signed.note(), at).expect("a note has bytes");
    assert!(verify(changed.into()).is_err(), "a changed checkpoint verifies");
}
