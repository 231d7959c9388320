//! The whole keystore: what is written is read, and nothing else is.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::time::Duration;

use samverkan_proto::ids::MessageId;

use super::*;
use crate::home::{Environment, Home, ProfileName};

fn profile_in(dir: &Path) -> Profile {
    let environment = Environment { samverkan_home: Some(dir.join("s").into()), ..Default::default() };
    Home::locate(&environment).expect("located").open_or_create(&ProfileName::default()).expect("created")
}

fn locked(profile: &Profile) -> ProfileLock {
    profile.lock(Duration::ZERO, || ()).expect("nobody holds it")
}

fn passphrase(text: &str) -> Passphrase {
    Passphrase::parse(text.as_bytes().to_vec()).expect("valid")
}

fn secret(byte: u8) -> Secret32 {
    Secret32::from_slice(&[byte; 32]).expect("32 bytes")
}

/// A profile whose keystore holds the seeds of epochs 1 to 3.
fn filled(dir: &Path) -> (Profile, Vec<u8>) {
    let profile = profile_in(dir);
    let held = locked(&profile);
    let mut keystore =
        Keystore::create(&profile, &held, &passphrase("rätt fras"), KdfCost::FLOOR).expect("created");
    for epoch in 1..=3u8 {
        keystore.contents_mut().put_epoch_seed(epoch.into(), &secret(epoch));
    }
    keystore.commit(&held).expect("committed");
    let bytes = std::fs::read(path_in(&profile)).expect("read");
    (profile, bytes)
}

fn open_bytes(profile: &Profile, bytes: &[u8], text: &str) -> Result<Keystore, KeystoreError> {
    std::fs::write(path_in(profile), bytes).expect("written");
    Keystore::open(profile, &passphrase(text))
}

/// Puts the right digest over a header that was tampered with, as an attacker would.
fn with_digest(mut bytes: Vec<u8>) -> Vec<u8> {
    let digest = ring::digest::digest(&ring::digest::SHA256, &bytes[..HEADER_LEN - 32]);
    bytes[HEADER_LEN - 32..HEADER_LEN].copy_from_slice(digest.as_ref());
    bytes
}

#[test]
fn what_was_committed_is_there_after_opening_and_the_rest_is_not() {
    let dir = tempfile::tempdir().expect("tempdir");
    let (profile, _) = filled(dir.path());
    let mut keystore = Keystore::open(&profile, &passphrase("rätt fras")).expect("opens");
    assert!(keystore.contents().epochs().eq([1, 2, 3]));
    assert_eq!(keystore.contents().epoch_seed(2).expect("kept").expose(), &[2; 32]);

    keystore.contents_mut().remove_epoch_seed(2);
    let message = MessageId::random();
    keystore.contents_mut().put_message_key(&message, &secret(9));
    keystore.commit(&locked(&profile)).expect("committed");
    keystore.contents_mut().put_epoch_seed(77, &secret(7));

    let again = Keystore::open(&profile, &passphrase("rätt fras")).expect("opens");
    assert!(again.contents().epochs().eq([1, 3]), "what was not committed is gone");
    assert!(again.contents().message_keys().eq([message]));
}

#[test]
fn the_file_is_private_and_holds_no_secret_in_the_clear() {
    let dir = tempfile::tempdir().expect("tempdir");
    let (profile, bytes) = filled(dir.path());
    let mode = std::fs::metadata(path_in(&profile)).expect("metadata").permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
    for byte in 1..=3u8 {
        assert!(!bytes.windows(8).any(|window| window == [byte; 8]));
    }
    assert!(matches!(
        Keystore::create(&profile, &locked(&profile), &passphrase("annan fras"), KdfCost::FLOOR),
        Err(KeystoreError::File(FileError { reason: FileReason::Exists, .. }))
    ));
}

#[test]
fn a_wrong_passphrase_is_told_apart_from_damage() {
    let dir = tempfile::tempdir().expect("tempdir");
    let (profile, bytes) = filled(dir.path());
    let wrong = open_bytes(&profile, &bytes, "fel fras");
    assert!(matches!(wrong, Err(KeystoreError::WrongPassphrase)));
    let mut damaged = bytes;
    damaged[20] ^= 1;
    let damaged = open_bytes(&profile, &damaged, "fel fras");
    assert!(matches!(damaged, Err(KeystoreError::Damaged(Damage::Header))));
}

#[test]
fn every_truncation_and_any_extra_byte_is_refused() {
    let dir = tempfile::tempdir().expect("tempdir");
    let (profile, bytes) = filled(dir.path());
    // The header is refused without any derivation, so each of its lengths can be tried.
    for length in 0..HEADER_LEN {
        assert!(open_bytes(&profile, &bytes[..length], "rätt fras").is_err(), "{length}");
    }
    let record = 4 + 3 + 4 + 32 + 16;
    let ends = [HEADER_LEN, HEADER_LEN + 3, HEADER_LEN + record, HEADER_LEN + 2 * record, bytes.len() - 20];
    for length in ends.into_iter().chain([bytes.len() - 1]) {
        let outcome = open_bytes(&profile, &bytes[..length], "rätt fras");
        assert!(matches!(outcome, Err(KeystoreError::Damaged(Damage::Record))), "{length}");
    }
    let longer = [bytes.as_slice(), &[0]].concat();
    assert!(matches!(
        open_bytes(&profile, &longer, "rätt fras"),
        Err(KeystoreError::Damaged(Damage::Record))
    ));
}

#[test]
fn a_flipped_bit_anywhere_is_refused() {
    let dir = tempfile::tempdir().expect("tempdir");
    let (profile, bytes) = filled(dir.path());
    for position in 0..HEADER_LEN {
        let mut flipped = bytes.clone();
        flipped[position] ^= 0x10;
        assert!(open_bytes(&profile, &flipped, "rätt fras").is_err(), "{position}");
    }
    for position in (HEADER_LEN..bytes.len()).step_by(19) {
        let mut flipped = bytes.clone();
        flipped[position] ^= 0x10;
        let outcome = open_bytes(&profile, &flipped, "rätt fras");
        assert!(matches!(outcome, Err(KeystoreError::Damaged(Damage::Record))), "{position}");
    }
}

#[test]
fn swapped_dropped_and_older_records_are_refused() {
    let dir = tempfile::tempdir().expect("tempdir");
    let (profile, bytes) = filled(dir.path());
    let record = 4 + 3 + 4 + 32 + 16;
    let part = |index: usize| &bytes[HEADER_LEN + index * record..HEADER_LEN + (index + 1) * record];
    let (head, end) = (&bytes[..HEADER_LEN], &bytes[bytes.len() - 20..]);

    let swapped = [head, part(1), part(0), part(2), end].concat();
    assert!(open_bytes(&profile, &swapped, "rätt fras").is_err());
    let repeated = [head, part(0), part(0), part(2), end].concat();
    assert!(open_bytes(&profile, &repeated, "rätt fras").is_err());

    let count_at = HEADER_LEN - 32 - 8;
    let mut shorter_head = head.to_vec();
    shorter_head[count_at..count_at + 4].copy_from_slice(&1u32.to_be_bytes());
    let emptied = with_digest([shorter_head.as_slice(), end].concat());
    let emptied = open_bytes(&profile, &emptied, "rätt fras");
    assert!(
        matches!(emptied, Err(KeystoreError::Damaged(Damage::Record))),
        "a forged count with a right digest"
    );

    let mut keystore = open_bytes(&profile, &bytes, "rätt fras").expect("opens");
    keystore.commit(&locked(&profile)).expect("committed");
    let newer = std::fs::read(path_in(&profile)).expect("read");
    let mixed = [&newer[..HEADER_LEN], &bytes[HEADER_LEN..]].concat();
    assert!(open_bytes(&profile, &mixed, "rätt fras").is_err(), "records of an older commit");
}

#[test]
fn a_forged_cost_or_version_is_refused_before_any_derivation() {
    let dir = tempfile::tempdir().expect("tempdir");
    let (profile, bytes) = filled(dir.path());
    let forged = |at: usize, value: u32| {
        let mut forged = bytes.clone();
        forged[at..at + 4].copy_from_slice(&value.to_be_bytes());
        with_digest(forged)
    };
    for (at, value) in [(8, 8), (8, u32::MAX), (12, 1), (12, 17), (16, 0), (16, 400)] {
        let outcome = open_bytes(&profile, &forged(at, value), "rätt fras");
        assert!(matches!(outcome, Err(KeystoreError::CostRefused)), "{at} {value}");
    }
    let mut newer = bytes.clone();
    newer[5] = 2;
    assert!(matches!(open_bytes(&profile, &newer, "rätt fras"), Err(KeystoreError::OtherVersion(2))));
}

#[test]
fn an_exposed_or_linked_keystore_is_not_read() {
    let dir = tempfile::tempdir().expect("tempdir");
    let (profile, _) = filled(dir.path());
    let path = path_in(&profile);
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o644)).expect("chmod");
    let outcome = Keystore::open(&profile, &passphrase("rätt fras"));
    assert!(matches!(
        outcome,
        Err(KeystoreError::File(FileError { reason: FileReason::Exposed(0o644), .. }))
    ));

    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).expect("chmod");
    let elsewhere = dir.path().join("elsewhere");
    std::fs::rename(&path, &elsewhere).expect("moved");
    assert!(matches!(Keystore::open(&profile, &passphrase("rätt fras")), Err(KeystoreError::Missing)));
    symlink(&elsewhere, &path).expect("symlink");
    let outcome = Keystore::open(&profile, &passphrase("rätt fras"));
    assert!(matches!(outcome, Err(KeystoreError::File(FileError { reason: FileReason::Symlink, .. }))));
}

#[test]
fn a_commit_over_somebody_elses_commit_is_refused_until_reloaded() {
    let dir = tempfile::tempdir().expect("tempdir");
    let (profile, _) = filled(dir.path());
    let mut one = Keystore::open(&profile, &passphrase("rätt fras")).expect("opens");
    let mut two = Keystore::open(&profile, &passphrase("rätt fras")).expect("opens");
    let held = locked(&profile);
    one.contents_mut().put_epoch_seed(4, &secret(4));
    one.commit(&held).expect("committed");

    two.contents_mut().put_epoch_seed(5, &secret(5));
    assert!(matches!(two.commit(&held), Err(KeystoreError::Changed)));
    two.reload().expect("reloaded");
    two.contents_mut().put_epoch_seed(5, &secret(5));
    two.commit(&held).expect("committed");
    let read = Keystore::open(&profile, &passphrase("rätt fras")).expect("opens");
    assert!(read.contents().epochs().eq([1, 2, 3, 4, 5]));
}

#[test]
fn a_changed_passphrase_is_the_only_one_that_opens() {
    let dir = tempfile::tempdir().expect("tempdir");
    let (profile, _) = filled(dir.path());
    let mut keystore = Keystore::open(&profile, &passphrase("rätt fras")).expect("opens");
    let mut other = Keystore::open(&profile, &passphrase("rätt fras")).expect("opens");
    keystore
        .change_passphrase(&locked(&profile), &passphrase("nyare fras"), KdfCost::FLOOR)
        .expect("changed");

    assert!(matches!(
        Keystore::open(&profile, &passphrase("rätt fras")),
        Err(KeystoreError::WrongPassphrase)
    ));
    assert!(matches!(other.reload(), Err(KeystoreError::WrongPassphrase)));
    let opened = Keystore::open(&profile, &passphrase("nyare fras")).expect("opens");
    assert!(opened.contents().epochs().eq([1, 2, 3]));
    keystore.commit(&locked(&profile)).expect("the open keystore goes on");
}
