//! The operator's certificate file: what is taken of it, and what is refused.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;

use samverkan_proto::limits::DAY_MS;

use super::*;
use crate::keys::HubKeys;

const NOW: u64 = 1_750_000_000_000;

struct Ground {
    folder: tempfile::TempDir,
    authority: Arc<Authority>,
}

impl Ground {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let authority = HubKeys::create(folder.path(), "exempel", NOW).unwrap().authority;
        Self { folder, authority }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("server.pem")
    }

    /// Issues a certificate into the file, by the hub's authority or another one.
    fn issue_by(&self, authority: &Authority, name: &str, now_ms: u64) {
        let issued = authority.issue_server(&[name.to_owned()], now_ms).unwrap();
        write_certificate(&self.file(), &issued, authority).unwrap();
    }

    fn tls(&self, clock: &Clock) -> Result<ServerTls, TlsError> {
        let names = vec!["localhost".to_owned()];
        ServerTls::with(Arc::clone(&self.authority), names, Some(self.file()), clock.clone())
    }

    /// What is said of the file as it is.
    fn refusal(&self) -> CertificateFileError {
        match self.tls(&Clock::manual(NOW).0).err() {
            Some(TlsError::File(refusal)) => refusal,
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn what_the_command_writes_is_served_and_replaced_in_one_step() {
    let ground = Ground::new();
    let (clock, _) = Clock::manual(NOW);
    ground.issue_by(&ground.authority, "localhost", NOW);
    let tls = ground.tls(&clock).expect("good");
    let first = tls.current();
    assert_eq!(tls.not_after_ms(), (NOW + 90 * DAY_MS) / 1000 * 1000);
    ground.issue_by(&ground.authority, "localhost", NOW + DAY_MS / 48);
    assert!(Arc::ptr_eq(&first, &tls.current()), "nobody has said so yet");
    tls.reload();
    assert!(!Arc::ptr_eq(&first, &tls.current()));
    let names: Vec<_> = std::fs::read_dir(ground.folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert!(!names.iter().any(|name| name.ends_with(".new")), "{names:?}");
}

#[test]
fn a_file_that_is_broken_is_refused_by_name_and_the_old_certificate_stays() {
    let ground = Ground::new();
    let (clock, _) = Clock::manual(NOW);
    ground.issue_by(&ground.authority, "localhost", NOW);
    let tls = ground.tls(&clock).expect("good");
    let first = tls.current();
    let good = std::fs::read_to_string(ground.file()).unwrap();
    let other = Ground::new();
    other.issue_by(&other.authority, "localhost", NOW);
    let foreign = std::fs::read_to_string(other.file()).unwrap();
    let key_of = |pem: &str| pem[pem.find("-----BEGIN PRIVATE").unwrap()..].to_owned();
    let certificate_of = |pem: &str| pem[..pem.find("-----BEGIN PRIVATE").unwrap()].to_owned();
    type Refused = fn(&CertificateFileError) -> bool;
    let broken: [(String, Refused); 6] = [
        (String::new(), |refusal| matches!(refusal, CertificateFileError::Malformed { .. })),
        (certificate_of(&good), |refusal| matches!(refusal, CertificateFileError::Malformed { .. })),
        (key_of(&good), |refusal| matches!(refusal, CertificateFileError::Malformed { .. })),
        (good.replacen('M', "N", 3), |refusal| !matches!(refusal, CertificateFileError::File(_))),
        (foreign.clone(), |refusal| matches!(refusal, CertificateFileError::Foreign { .. })),
        (certificate_of(&good) + &key_of(&foreign), |refusal| {
            matches!(refusal, CertificateFileError::Key { .. })
        }),
    ];
    for (text, is_named) in broken {
        std::fs::write(ground.file(), text).unwrap();
        let refusal = ground.refusal();
        assert!(is_named(&refusal), "{refusal:?}");
        assert!(refusal.to_string().contains("server.pem"), "{refusal}");
        tls.reload();
        assert!(Arc::ptr_eq(&first, &tls.current()), "the old one stays");
    }
    std::fs::write(ground.file(), &good).unwrap();
    std::fs::set_permissions(ground.file(), Permissions::from_mode(0o644)).unwrap();
    assert!(matches!(ground.refusal(), CertificateFileError::File(_)), "others can read it");
    std::fs::remove_file(ground.file()).unwrap();
    assert!(matches!(ground.refusal(), CertificateFileError::File(_)), "it is missing");
}

#[test]
fn a_certificate_for_another_name_time_or_use_is_refused() {
    let ground = Ground::new();
    ground.issue_by(&ground.authority, "annan.exempel", NOW);
    assert!(matches!(ground.refusal(), CertificateFileError::Name { name, .. } if name == "localhost"));
    for wrong in [NOW - 91 * DAY_MS, NOW + DAY_MS] {
        ground.issue_by(&ground.authority, "localhost", wrong);
        assert!(matches!(ground.refusal(), CertificateFileError::Time { .. }));
    }
    let server = ground.authority.issue_server(&["localhost".to_owned()], NOW).unwrap();
    let key = rcgen::KeyPair::try_from(server.key.secret_der()).unwrap();
    let csr = rcgen::CertificateParams::default().serialize_request(&key).unwrap();
    let request = crate::ca::VerifiedRequest::parse(csr.der()).unwrap();
    let device = samverkan_proto::ids::DeviceId::parse(&[1; 16]).unwrap();
    let certificate = ground.authority.issue_client(&request, &device, NOW).unwrap();
    write_certificate(&ground.file(), &ServerCertificate { certificate, ..server }, &ground.authority)
        .unwrap();
    assert!(matches!(
        ground.refusal(),
        CertificateFileError::Foreign { .. } | CertificateFileError::Name { .. }
    ));
}
