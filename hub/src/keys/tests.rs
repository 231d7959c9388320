use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use proptest::prelude::*;

use super::*;

const NOW: u64 = 1_750_000_000_000;
const FILES: [&str; 4] = [CA_CERTIFICATE, CA_KEY, RECEIPT_KEY, LOG_KEY];

fn hub() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    HubKeys::create(dir.path(), "exempel", NOW).unwrap();
    dir
}

fn refusal(dir: &tempfile::TempDir) -> KeyError {
    HubKeys::load(dir.path()).map(|_| ()).unwrap_err()
}

#[test]
fn keys_are_made_once_private_and_load_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let made = HubKeys::create(dir.path(), "exempel", NOW).unwrap();
    let loaded = HubKeys::load(dir.path()).unwrap();
    assert_eq!(made.public().pin(), loaded.public().pin());
    let folder = dir.path().join(FOLDER);
    assert_eq!(folder.metadata().unwrap().permissions().mode() & 0o777, 0o700);
    for name in FILES {
        assert_eq!(folder.join(name).metadata().unwrap().permissions().mode() & 0o777, 0o600, "{name}");
    }
    let again = HubKeys::create(dir.path(), "exempel", NOW).map(|_| ()).unwrap_err();
    assert!(matches!(again, KeyError::Exists { .. }), "{again}");
    assert_eq!(HubKeys::load(dir.path()).unwrap().public().pin(), made.public().pin());
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "no partial folder is left");
}

#[test]
fn the_pin_covers_all_three_keys_in_their_order() {
    let dir = hub();
    let keys = HubKeys::load(dir.path()).unwrap();
    let all = [
        keys.authority.certificate().as_ref(),
        keys.log.public_key().as_bytes(),
        keys.receipt.public_key().as_bytes(),
    ];
    assert_eq!(keys.public().pin(), samverkan_proto::ids::sha256(&all.concat()));
    assert_ne!(keys.public().pin(), HubKeys::load(hub().path()).unwrap().public().pin());
}

#[test]
fn files_that_others_can_read_are_refused_by_name() {
    for name in FILES {
        for mode in [0o640, 0o604, 0o620, 0o601] {
            let dir = hub();
            let path = dir.path().join(FOLDER).join(name);
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let error = refusal(&dir);
            assert!(matches!(error, KeyError::File(FileError::Readable { .. })), "{error}");
            assert!(error.to_string().contains(&format!("chmod 600 {}", path.display())), "{error}");
        }
    }
    let dir = hub();
    fs::set_permissions(dir.path().join(FOLDER), fs::Permissions::from_mode(0o750)).unwrap();
    assert!(matches!(refusal(&dir), KeyError::File(FileError::Readable { .. })));
}

#[test]
fn links_missing_files_and_odd_files_are_refused() {
    for name in FILES {
        let dir = hub();
        let path = dir.path().join(FOLDER).join(name);
        let moved = dir.path().join("moved");
        fs::rename(&path, &moved).unwrap();
        assert!(matches!(refusal(&dir), KeyError::File(FileError::Missing { .. })), "{name}");
        symlink(&moved, &path).unwrap();
        assert!(matches!(refusal(&dir), KeyError::File(FileError::Link { .. })), "{name}");
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        assert!(matches!(refusal(&dir), KeyError::File(FileError::NotAKeyFile { .. })), "{name}");
    }
    let dir = hub();
    fs::rename(dir.path().join(FOLDER), dir.path().join("elsewhere")).unwrap();
    symlink(dir.path().join("elsewhere"), dir.path().join(FOLDER)).unwrap();
    assert!(matches!(refusal(&dir), KeyError::File(FileError::Link { .. })));
}

#[test]
fn swapped_files_are_refused() {
    for (from, to) in [(LOG_KEY, CA_KEY), (CA_KEY, LOG_KEY), (CA_KEY, RECEIPT_KEY), (LOG_KEY, CA_CERTIFICATE)]
    {
        let dir = hub();
        let folder = dir.path().join(FOLDER);
        fs::copy(folder.join(from), folder.join(to)).unwrap();
        let error = refusal(&dir);
        assert!(error.to_string().contains(to), "{error}");
    }
    let (dir, other) = (hub(), hub());
    let name = Path::new(FOLDER).join(CA_CERTIFICATE);
    fs::copy(other.path().join(&name), dir.path().join(&name)).unwrap();
    assert!(matches!(refusal(&dir), KeyError::ForeignCertificate { .. }));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]
    #[test]
    fn garbage_in_any_file_is_refused_by_name(which in 0..FILES.len(), garbage in proptest::collection::vec(any::<u8>(), 0..600)) {
        let dir = hub();
        let path = dir.path().join(FOLDER).join(FILES[which]);
        fs::write(&path, garbage).unwrap();
        let error = refusal(&dir).to_string();
        prop_assert!(error.contains(FILES[which]), "{}", error);
    }
}
