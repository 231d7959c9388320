//! The codec laws for what the log holds, checkpoints spelled wrongly, and the tree against published vectors.

use super::*;
use crate::code::{OrganisationKind, OrganisationState};
use crate::fault::{Fault, InvalidField};
use crate::ids::{DeviceId, HubName, OrgId, sha256};
use crate::sign::{PublicKey, Signer};
use crate::statement::epoch_key::{Epoch, EpochKey};
use crate::statement::testing::{check_any_bytes, check_laws, id, signer, xwing_public};
use bytes::Bytes;
use data_encoding::{BASE64, HEXLOWER};
use proptest::collection::{btree_set, vec};
use proptest::prelude::*;
use proptest::sample::select;

fn hub() -> HubName {
    "testhubben".parse().unwrap()
}

fn log_key() -> Signer {
    signer([50; 32])
}

fn head() -> TreeHead {
    TreeHead { size: 1_234, root: [7; 32] }
}

fn verify(note: &[u8]) -> Result<Checkpoint, Fault> {
    let note = Bytes::copy_from_slice(note);
    Checkpoint::verify(note, &hub(), log_key().public_key()).map_err(|invalid| invalid.fault)
}

/// A checkpoint whose text is this, well signed.
fn signed_note(text: &str, signer_line: impl Fn(&str) -> String) -> Vec<u8> {
    let genuine = Checkpoint::sign(&hub(), head(), &log_key());
    let genuine = str::from_utf8(genuine.note()).unwrap();
    let (_, line) = genuine.split_once("\n\n").unwrap();
    let (name, signed) = line.trim_end().rsplit_once(' ').unwrap();
    let mut signed = BASE64.decode(signed.as_bytes()).unwrap();
    signed[4..].copy_from_slice(&log_key().sign_plain(text.as_bytes()));
    let line = format!("{name} {}\n", BASE64.encode(&signed));
    format!("{text}\n{}", signer_line(&line)).into_bytes()
}

#[test]
fn a_checkpoint_is_the_hubs_alone() {
    let checkpoint = Checkpoint::sign(&hub(), head(), &log_key());
    let verified = verify(checkpoint.note()).expect("genuine");
    assert_eq!((verified.head(), verified), (head(), checkpoint));
    let by_another = Checkpoint::sign(&hub(), head(), &signer([51; 32]));
    assert_eq!(verify(by_another.note()), Err(Fault::WrongSigners));
    let of_another = Checkpoint::sign(&"annan-hub".parse().unwrap(), head(), &log_key());
    assert_eq!(verify(of_another.note()), Err(Fault::WrongSigners));
    let other = format!("samverkan/testhubben\n1235\n{}\n", BASE64.encode(&[7; 32]));
    let genuine = Checkpoint::sign(&hub(), head(), &log_key());
    let (_, line) = str::from_utf8(genuine.note()).unwrap().split_once("\n\n").unwrap();
    assert_eq!(verify(format!("{other}\n{line}").as_bytes()), Err(Fault::BadSignature));
}

#[test]
fn a_cosignature_says_when_the_tree_was_the_newest() {
    let cosigned = Checkpoint::cosign(&hub(), head(), &log_key(), 1_790_000_000);
    let verified = verify(cosigned.note()).expect("genuine");
    assert_eq!((verified.head(), verified.cosigned_ms()), (head(), Some(1_790_000_000_000)));
    let plain = Checkpoint::sign(&hub(), head(), &log_key());
    assert!(cosigned.note().starts_with(plain.note()), "the line stands beside the checkpoint's own");
    assert_eq!(verify(plain.note()).expect("genuine").cosigned_ms(), None);
}

#[test]
fn a_smaller_tree_is_not_the_newest_after_a_larger_one_was() {
    let at = |size, minutes: u64| {
        Checkpoint::cosign(&hub(), TreeHead { size, ..head() }, &log_key(), minutes * 60)
    };
    let (small, large) = (at(5, 100), at(9, 89));
    assert!(small.stood_still(&large) && large.stood_still(&small), "eleven minutes after");
    assert!(!at(5, 100).stood_still(&at(9, 90)), "ten minutes are what clocks may differ");
    assert!(!at(5, 100).stood_still(&at(9, 200)) && !at(5, 100).stood_still(&at(5, 1)));
    assert!(!at(5, 100).stood_still(&Checkpoint::sign(&hub(), TreeHead { size: 9, ..head() }, &log_key())));
}

#[test]
fn a_checkpoint_in_any_other_form_is_refused_though_well_signed() {
    let root = BASE64.encode(&[7; 32]);
    let good = format!("samverkan/testhubben\n1234\n{root}\n");
    assert!(verify(&signed_note(&good, str::to_owned)).is_ok());
    let texts = [
        good.replace('\n', "\r\n"),
        good.replace("1234", "01234"),
        good.replace("1234", "+1234"),
        good.replace("1234", "1234 "),
        good.replace("1234", "-1"),
        good.replace("1234", "18446744073709551616"),
        good.replace("1234", ""),
        good.replace("1234\n", ""),
        good.replace(&root, &root[..43]),
        good.replace(&root, &BASE64.encode(&[7; 31])),
        good.replace(&root, &root.replace("c=", "d=")),
        good.replace(&root, &format!("{root} ")),
        good.replace("samverkan/", ""),
        good.replace("samverkan/testhubben", "samverkan/Testhubben"),
        good.replace("samverkan/testhubben", " samverkan/testhubben"),
        format!("{good}extension\n"),
        format!("\n{good}"),
        good.trim_end().to_owned(),
    ];
    for text in texts {
        assert_ne!(text, good);
        assert_eq!(verify(&signed_note(&text, str::to_owned)), Err(Fault::BadCheckpoint), "{text:?}");
    }
    let lines: [fn(&str) -> String; 11] = [
        |line| line.trim_end().to_owned(),
        |line| line.replace('\n', "\r\n"),
        |line| format!("{line}\n"),
        |line| line.repeat(2),
        |line| line.replace('\u{2014}', "-"),
        |line| line.replace("\u{2014} ", "\u{2014}"),
        |line| line.replace("testhubben", "annan-hub"),
        |line| line.replace(" samverkan", "  samverkan"),
        |line| line.replace('=', ""),
        |line| format!("x{line}"),
        |_| String::new(),
    ];
    for (number, line) in lines.into_iter().enumerate() {
        assert_eq!(verify(&signed_note(&good, line)), Err(Fault::BadCheckpoint), "line {number}");
    }
    assert_eq!(verify(b"\xff\n\n"), Err(Fault::BadCheckpoint));
}

/// certificate-transparency's reference tests, merkletree/merkle_tree_test.cc.
const LEAVES: [&str; 8] =
    ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
const ROOTS: [&str; 9] = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

fn reference_tree(n: usize) -> LogTree {
    let mut tree = LogTree::new();
    for leaf in &LEAVES[..n] {
        tree.append(&HEXLOWER.decode(leaf.as_bytes()).unwrap());
    }
    tree
}

fn hex(path: &[[u8; 32]]) -> Vec<String> {
    path.iter().map(|hash| HEXLOWER.encode(hash)).collect()
}

#[test]
fn roots_are_those_of_the_reference() {
    let tree = reference_tree(8);
    for (size, root) in (0..).zip(ROOTS) {
        assert_eq!(tree.root_at(size).map(|root| HEXLOWER.encode(&root)), Some(root.to_owned()));
        assert_eq!(tree.root_at(size), reference_tree(size as usize).root_at(size));
    }
    assert_eq!((tree.head().size, Some(tree.head().root)), (8, tree.root_at(8)));
    assert_eq!(tree.root_at(9), None);
    assert_eq!((tree.leaf(2), tree.leaf(8)), (Some(&[0x10][..]), None));
}

#[test]
fn proofs_are_those_of_the_reference() {
    let inclusion = reference_tree(8).prove_inclusion(5).unwrap();
    assert_eq!(
        hex(&inclusion),
        [
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ]
    );
    let consistency = reference_tree(8).prove_consistency(6).unwrap();
    assert_eq!(
        hex(&consistency),
        [
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ]
    );
    assert_eq!(reference_tree(8).prove_inclusion(8), None);
    assert_eq!(
        (reference_tree(8).prove_consistency(0), reference_tree(8).prove_consistency(9)),
        (None, None)
    );
}

#[test]
fn impossible_proofs_are_refused_without_panic() {
    let tree = |size| TreeHead { size, root: [1; 32] };
    let many = [[0; 32]; 70];
    for (size, index) in [(0, 0), (1, 1), (8, 8), (8, u64::MAX), ((1 << 62) + 1, 0), (u64::MAX, u64::MAX - 1)]
    {
        let refused = verify_inclusion(&tree(size), index, b"leaf", &many).expect_err("out of range");
        assert_eq!(refused.fault, Fault::CountOutOfRange);
    }
    for (old, new) in [(0, 8), (9, 8), (1, (1 << 62) + 1), (u64::MAX, u64::MAX)] {
        let refused = verify_consistency(&tree(old), &tree(new), &many).expect_err("out of range");
        assert_eq!(refused.fault, Fault::CountOutOfRange);
    }
    for path in [&many[..0], &many] {
        assert_eq!(verify_inclusion(&tree(8), 0, b"", path).expect_err("length").fault, Fault::BadLength);
        assert_eq!(
            verify_inclusion(&tree(1 << 62), 0, b"", path).expect_err("length").fault,
            Fault::BadLength
        );
        assert_eq!(verify_consistency(&tree(6), &tree(8), path).expect_err("length").fault, Fault::BadLength);
    }
}

#[test]
fn a_tree_agrees_with_the_checkpoints_of_its_past_alone() {
    let tree = reference_tree(8);
    let check = |size, root| {
        let checkpoint = Checkpoint::sign(&hub(), TreeHead { size, root }, &log_key());
        tree.check(&checkpoint).map_err(|invalid| invalid.fault)
    };
    for size in 0..=8 {
        assert_eq!(check(size, tree.root_at(size).unwrap()), Ok(()));
        assert_eq!(check(size, [9; 32]), Err(Fault::CheckpointForked));
    }
    assert_eq!(check(9, tree.head().root), Err(Fault::CheckpointAhead));
    assert_eq!(check(u64::MAX, [9; 32]), Err(Fault::CheckpointAhead));
}

fn hub_keys() -> impl Strategy<Value = HubKeys> {
    (vec(any::<u8>(), 1..300), any::<[u8; 32]>(), any::<[u8; 32]>()).prop_map(|(der, log, receipt)| HubKeys {
        ca_certificate: der.into(),
        log_key: *signer(log).public_key(),
        receipt_key: *signer(receipt).public_key(),
    })
}

fn names<T: std::str::FromStr<Err: std::fmt::Debug> + Ord + std::fmt::Debug>(
    pattern: &'static str,
) -> impl Strategy<Value = Vec<T>> {
    btree_set(pattern.prop_map(|text| text.parse().expect("the pattern is the rule")), 0..5)
        .prop_map(Vec::from_iter)
}

fn organisation() -> impl Strategy<Value = OrganisationFields> {
    let states = select(&OrganisationState::ALL[1..]);
    let numbers = (1u32.., any::<u64>());
    let text = ("[a-z0-9][a-z0-9-]{1,62}", "[a-zåäö ]{1,40}");
    let lists = (names("[0-9]{4}"), names("[a-z0-9-]{1,64}"));
    (id(), numbers, states, select(OrganisationKind::ALL), text, lists).prop_map(
        |(org_id, (revision, since_ms), state, kind, (handle, name), (municipalities, services))| {
            OrganisationFields {
                org_id,
                revision,
                state,
                kind,
                since_ms,
                handle: handle.parse().expect("the pattern is the rule"),
                organisation_number: "2021002817".parse().expect("valid"),
                name: name.parse().expect("short"),
                municipalities,
                services,
            }
        },
    )
}

fn batch() -> impl Strategy<Value = EpochKeyBatch> {
    let keys = btree_set(any::<u32>(), 1..3);
    (id::<OrgId>(), keys, xwing_public(), any::<[u8; 32]>()).prop_map(|(org, weeks, pk, seed)| {
        let sign = |week| EpochKey::sign(org, Epoch::new(week), &pk, &signer(seed)).expect("in range");
        EpochKeyBatch::build(weeks.into_iter().map(sign).collect()).expect("one device")
    })
}

fn leaf() -> impl Strategy<Value = Leaf> {
    (0..5u8, id::<OrgId>(), id::<DeviceId>(), any::<[u8; 32]>(), any::<(u64, u32)>()).prop_map(
        |(kind, org_id, device_id, record, (serial, revision))| match kind {
            0 => Leaf::Manifest { org_id, serial, record },
            1 => Leaf::EpochKeys { org_id, device_id, record },
            2 => Leaf::Certificate { org_id, device_id, record },
            3 => Leaf::HubKeys { record },
            _ => Leaf::Organisation { org_id, revision, record },
        },
    )
}

fn reencode_leaf(bytes: &[u8]) -> Result<Vec<u8>, InvalidField> {
    Leaf::parse(bytes).map(|leaf| leaf.encode())
}

fn reencode_organisation(bytes: &[u8]) -> Result<Vec<u8>, InvalidField> {
    let entry = OrganisationEntry::parse(Bytes::copy_from_slice(bytes))?;
    Ok(OrganisationEntry::build(entry.fields().clone())?.bytes().to_vec())
}

fn reencode_hub_keys(bytes: &[u8]) -> Result<Vec<u8>, InvalidField> {
    HubKeys::parse(&Bytes::copy_from_slice(bytes))?.encode()
}

fn reencode_batch(bytes: &[u8]) -> Result<Vec<u8>, InvalidField> {
    let batch = EpochKeyBatch::parse(Bytes::copy_from_slice(bytes))?;
    Ok(EpochKeyBatch::build(batch.keys().to_vec())?.bytes().to_vec())
}

/// A leaf's record opens under that leaf, and under no leaf that says something else about it.
fn check_opens(leaf: &Leaf, record: &Bytes) -> Result<(), TestCaseError> {
    prop_assert!(leaf.open(record).is_ok());
    let other = [record, &[0][..]].concat().into();
    prop_assert_eq!(leaf.open(&other).expect_err("other bytes").fault, Fault::HashMismatch);
    Ok(())
}

proptest! {
    #[test]
    fn leaves_obey_the_laws(leaf in leaf(), mutation: (prop::sample::Index, u8)) {
        let data = leaf.encode();
        prop_assert_eq!(Leaf::parse(&data), Ok(leaf));
        check_laws(&data, mutation, reencode_leaf)?;
    }

    #[test]
    fn organisation_entries_obey_the_laws(fields in organisation(), mutation: (prop::sample::Index, u8)) {
        let entry = OrganisationEntry::build(fields.clone());
        prop_assert_eq!(entry.as_ref().map(OrganisationEntry::fields), Ok(&fields));
        let entry = entry.expect("built");
        check_laws(entry.bytes(), mutation, reencode_organisation)?;
        check_opens(&Leaf::of_organisation(&entry), entry.bytes())?;
        let record = sha256(entry.bytes());
        let later = Leaf::Organisation { org_id: fields.org_id, revision: fields.revision - 1, record };
        prop_assert_eq!(later.open(entry.bytes()).expect_err("revision").fault, Fault::WrongChain);
        let org_id = OrgId::of_root(&[3; 32]);
        let other = Leaf::Organisation { org_id, revision: fields.revision, record };
        prop_assert_eq!(other.open(entry.bytes()).expect_err("organisation").fault, Fault::BadIdentifier);
    }

    #[test]
    fn hub_keys_obey_the_laws(keys in hub_keys(), mutation: (prop::sample::Index, u8)) {
        let bytes = keys.encode().expect("short");
        prop_assert_eq!(HubKeys::parse(&bytes.clone().into()), Ok(keys.clone()));
        check_laws(&bytes, mutation, reencode_hub_keys)?;
        check_opens(&Leaf::of_hub_keys(&keys).expect("short"), &bytes.into())?;
    }

    #[test]
    fn arbitrary_bytes_do_not_panic(bytes in vec(any::<u8>(), 0..200)) {
        check_any_bytes(&bytes, reencode_leaf)?;
        check_any_bytes(&bytes, reencode_hub_keys)?;
        check_any_bytes(&bytes, reencode_batch)?;
        check_any_bytes(&[b"SVKO\0\x01", &bytes[..]].concat(), reencode_organisation)?;
        prop_assert!(verify(&bytes).is_err());
    }

    #[test]
    fn no_mutation_of_a_checkpoint_verifies(size: u64, root: [u8; 32], at: prop::sample::Index, flip in 1u8..) {
        let checkpoint = Checkpoint::sign(&hub(), TreeHead { size, root }, &log_key());
        prop_assert_eq!(verify(checkpoint.note()), Ok(checkpoint.clone()));
        let mut note = checkpoint.note().to_vec();
        note[at.index(checkpoint.note().len())] ^= flip;
        prop_assert!(verify(&note).is_err());
        for len in 0..checkpoint.note().len() {
            prop_assert_eq!(verify(&checkpoint.note()[..len]), Err(Fault::BadCheckpoint));
        }
    }

    #[test]
    fn no_mutation_of_a_cosigned_checkpoint_verifies(
        (size, time) in any::<(u64, u64)>(),
        root in any::<[u8; 32]>(),
        at in any::<prop::sample::Index>(),
        flip in 1u8..,
    ) {
        let checkpoint = Checkpoint::cosign(&hub(), TreeHead { size, root }, &log_key(), time);
        prop_assert_eq!(verify(checkpoint.note()), Ok(checkpoint.clone()));
        let mut note = checkpoint.note().to_vec();
        note[at.index(checkpoint.note().len())] ^= flip;
        prop_assert!(verify(&note).is_err());
        let plain = Checkpoint::sign(&hub(), TreeHead { size, root }, &log_key());
        for len in 0..checkpoint.note().len() {
            // Cut off whole, the cosignature leaves a checkpoint that has no time.
            let expected = if len == plain.note().len() { Ok(plain.clone()) } else { Err(Fault::BadCheckpoint) };
            prop_assert_eq!(verify(&checkpoint.note()[..len]), expected);
        }
    }

    #[test]
    fn proofs_hold_for_what_they_prove_alone(
        leaves in vec(vec(any::<u8>(), 0..4), 1..70),
        at: prop::sample::Index,
        old: prop::sample::Index,
    ) {
        let mut tree = LogTree::new();
        leaves.iter().for_each(|leaf| { tree.append(leaf); });
        let (head, index) = (tree.head(), at.index(leaves.len()) as u64);
        let path = tree.prove_inclusion(index).expect("in the tree");
        let leaf = tree.leaf(index).expect("in the tree");
        prop_assert_eq!(verify_inclusion(&head, index, leaf, &path), Ok(()));
        let wrong = verify_inclusion(&head, index, b"other leaf", &path).expect_err("another leaf");
        prop_assert_eq!(wrong.fault, Fault::HashMismatch);
        let size = old.index(leaves.len()) as u64 + 1;
        let old = TreeHead { size, root: tree.root_at(size).expect("of its past") };
        let proof = tree.prove_consistency(size).expect("of its past");
        prop_assert_eq!(verify_consistency(&old, &head, &proof), Ok(()));
        let forked = TreeHead { root: [1; 32], ..old };
        let wrong = verify_consistency(&forked, &head, &proof).expect_err("another past");
        prop_assert_eq!(wrong.fault, Fault::CheckpointForked);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4))]

    #[test]
    fn epoch_key_batches_obey_the_laws(batch in batch(), mutation: (prop::sample::Index, u8)) {
        check_laws(batch.bytes(), mutation, reencode_batch)?;
        let leaf = Leaf::of_epoch_keys(&batch);
        check_opens(&leaf, batch.bytes())?;
        prop_assert_eq!(leaf.open(&Bytes::new()).expect_err("missing").fault, Fault::HashMismatch);
    }

    #[test]
    fn a_batch_is_of_one_device_and_of_one_key_a_week(pk in xwing_public()) {
        let org = OrgId::of_root(&[3; 32]);
        let key = |week, seed| EpochKey::sign(org, Epoch::new(week), &pk, &signer([seed; 32])).expect("in range");
        let fault = |keys| EpochKeyBatch::build(keys).expect_err("refused").fault;
        prop_assert_eq!(fault(vec![key(1, 1), key(2, 2)]), Fault::BadIdentifier);
        prop_assert_eq!(fault(vec![key(1, 1), key(1, 1)]), Fault::NotAscending);
        prop_assert_eq!(fault(Vec::new()), Fault::CountOutOfRange);
        prop_assert_eq!(fault((0..17).map(|week| key(week, 1)).collect()), Fault::CountOutOfRange);
    }
}

#[test]
fn a_leaf_of_hub_keys_pins_what_an_invite_pins() {
    let key = |seed| -> PublicKey { *signer([seed; 32]).public_key() };
    let keys = HubKeys { ca_certificate: Bytes::from_static(b"der"), log_key: key(1), receipt_key: key(2) };
    let all = [&b"der"[..], key(1).as_bytes(), key(2).as_bytes()].concat();
    assert_eq!(keys.pin(), sha256(&all));
    let empty = HubKeys { ca_certificate: Bytes::new(), ..keys };
    assert_eq!(empty.encode(), Err(Fault::CountOutOfRange.in_field("ca_certificate")));
}

/// A log of the hub's keys alone, exported.
fn exported() -> Vec<u8> {
    let key = |seed| -> PublicKey { *signer([seed; 32]).public_key() };
    let keys = HubKeys {
        ca_certificate: Bytes::from_static(b"der"),
        log_key: *log_key().public_key(),
        receipt_key: key(2),
    };
    let (leaf, record) = (Leaf::of_hub_keys(&keys).unwrap().encode(), keys.encode().unwrap());
    let mut tree = LogTree::new();
    tree.append(&leaf);
    let mut out = Vec::new();
    audit::write_head(&mut out, &Checkpoint::cosign(&hub(), tree.head(), &log_key(), 1_790_000_000)).unwrap();
    audit::write_entry(&mut out, &leaf, &record).unwrap();
    out
}

#[test]
fn an_exported_log_is_checked_with_nothing_but_the_file() {
    let file = exported();
    let audited = audit::verify(&mut file.as_slice(), None).unwrap();
    assert_eq!((audited.hub, audited.checkpoint.head().size), (hub(), 1));
    assert_eq!(audited.checkpoint.cosigned_ms(), Some(1_790_000_000_000));
    assert!(audit::verify(&mut file.as_slice(), Some(&audited.pin)).is_ok());
    let other = audit::verify(&mut file.as_slice(), Some(&[1; 32]));
    assert!(matches!(other, Err(audit::AuditError::OtherHub)), "{other:?}");
}

#[test]
fn no_changed_byte_of_an_exported_log_is_passed_over() {
    let file = exported();
    let pin = audit::verify(&mut file.as_slice(), None).unwrap().pin;
    for at in 0..file.len() {
        for bit in [1, 0x80] {
            let mut changed = file.clone();
            changed[at] ^= bit;
            assert!(audit::verify(&mut changed.as_slice(), Some(&pin)).is_err(), "byte {at}");
        }
        assert!(audit::verify(&mut &file[..at], Some(&pin)).is_err(), "{at} bytes");
    }
    let twice = [&file[..], file.rsplit(|byte| *byte == b'\n').nth(1).unwrap(), b"\n"].concat();
    assert!(matches!(
        audit::verify(&mut twice.as_slice(), None),
        Err(audit::AuditError::Leaf { index: 1, .. })
    ));
}
