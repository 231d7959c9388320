use std::collections::HashSet;

use proptest::prelude::*;
use rcgen::{PKCS_ECDSA_P384_SHA384, PKCS_ED25519};
use x509_parser::extensions::ParsedExtension;

use super::*;
use crate::keys::HubKeys;

const NOW: u64 = 1_750_000_000_000;

fn device() -> DeviceId {
    DeviceId::parse(&[0xab; 16]).unwrap()
}

/// Issues for a request, or says why it was refused.
fn issue(authority: &Authority, csr: &[u8], now_ms: u64) -> Result<CertificateDer<'static>, CsrRefused> {
    Ok(authority.issue_client(&VerifiedRequest::parse(csr)?, &device(), now_ms).unwrap())
}

fn keys() -> HubKeys {
    let dir = tempfile::tempdir().unwrap();
    HubKeys::create(dir.path(), "exempel", NOW).unwrap()
}

/// A request that asks for everything it must not get.
fn greedy_csr(key: &KeyPair) -> Vec<u8> {
    let mut params =
        CertificateParams::new(vec!["hub.exempel.se".to_owned(), "*.exempel.se".to_owned()]).unwrap();
    params.distinguished_name.push(DnType::CommonName, "Kvinnojouren Exempel");
    params.distinguished_name.push(DnType::OrganizationName, "Exempel");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params.extended_key_usages =
        vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::CodeSigning];
    params.serialize_request(key).unwrap().der().to_vec()
}

fn plain_csr(key: &KeyPair) -> Vec<u8> {
    CertificateParams::default().serialize_request(key).unwrap().der().to_vec()
}

#[test]
fn nothing_of_a_request_but_its_key_survives() {
    let keys = keys();
    let device_key = KeyPair::generate().unwrap();
    let request = greedy_csr(&device_key);
    let tls_key = VerifiedRequest::parse(&request).unwrap().tls_key();
    let issued = issue(&keys.authority, &request, NOW).unwrap();
    let (_, certificate) = X509Certificate::from_der(&issued).unwrap();

    assert_eq!(certificate.subject().to_string(), format!("CN={}", "ab".repeat(16)));
    assert_eq!(certificate.public_key().raw, device_key.subject_public_key_info());
    assert_eq!(tls_key, TlsKeyHash::of_spki(certificate.public_key().raw));
    assert!(!certificate.is_ca());
    assert!(certificate.subject_alternative_name().unwrap().is_none());
    let usage = certificate.extended_key_usage().unwrap().unwrap().value;
    assert!(usage.client_auth && !usage.server_auth && !usage.code_signing && !usage.any);
    let key_usage = certificate.key_usage().unwrap().unwrap().value;
    assert!(key_usage.digital_signature() && !key_usage.key_cert_sign());
    assert!(
        certificate
            .extensions()
            .iter()
            .all(|e| !matches!(e.parsed_extension(), ParsedExtension::UnsupportedExtension { .. }))
    );
    let (_, authority) = X509Certificate::from_der(keys.authority.certificate()).unwrap();
    certificate.verify_signature(Some(authority.public_key())).unwrap();
    assert_eq!(certificate.issuer().as_raw(), authority.subject().as_raw());
}

#[test]
fn a_client_certificate_lives_for_ninety_days() {
    let keys = keys();
    let csr = plain_csr(&KeyPair::generate().unwrap());
    let issued = issue(&keys.authority, &csr, NOW).unwrap();
    let tls_key = VerifiedRequest::parse(&csr).unwrap().tls_key();
    assert_eq!(identity_of(&issued), Some((tls_key, NOW + 90 * DAY_MS)));
    let (_, certificate) = X509Certificate::from_der(&issued).unwrap();
    assert_eq!(certificate.validity().not_before.timestamp() as u64 * 1000, NOW - BACKDATE_MS);
}

#[test]
fn the_authority_is_one_level_deep_and_ten_years_long() {
    let keys = keys();
    let (_, certificate) = X509Certificate::from_der(keys.authority.certificate()).unwrap();
    let constraints = certificate.basic_constraints().unwrap().unwrap();
    assert!(constraints.critical && constraints.value.ca);
    assert_eq!(constraints.value.path_len_constraint, Some(0));
    assert_eq!(identity_of(keys.authority.certificate()).unwrap().1, NOW + CA_MS);
    assert_eq!(certificate.subject().to_string(), "CN=samverkan/exempel");
}

#[test]
fn other_kinds_of_key_are_refused() {
    let keys = keys();
    let others = [
        plain_csr(&KeyPair::generate_for(&PKCS_ED25519).unwrap()),
        plain_csr(&KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384).unwrap()),
        include_bytes!("rsa_2048.csr").to_vec(),
    ];
    for csr in others {
        let refused = issue(&keys.authority, &csr, NOW).map(|_| ()).unwrap_err();
        assert_eq!(refused, CsrRefused::KeyType);
    }
}

#[test]
fn a_request_must_be_signed_with_its_own_key() {
    let keys = keys();
    let mut csr = plain_csr(&KeyPair::generate().unwrap());
    let last = csr.len() - 1;
    csr[last] ^= 1;
    let refused = issue(&keys.authority, &csr, NOW).map(|_| ()).unwrap_err();
    assert_eq!(refused, CsrRefused::Signature);

    // Someone else's key, put in place of the signer's: both are 65-byte points of the same encoding.
    let (mine, theirs) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    let mut csr = plain_csr(&mine);
    let at = csr.windows(65).position(|window| window == mine.public_key_raw()).unwrap();
    csr[at..at + 65].copy_from_slice(theirs.public_key_raw());
    let refused = issue(&keys.authority, &csr, NOW).map(|_| ()).unwrap_err();
    assert_eq!(refused, CsrRefused::Signature);
}

#[test]
fn every_cut_and_every_extra_byte_is_refused() {
    let keys = keys();
    let csr = plain_csr(&KeyPair::generate().unwrap());
    for end in 0..csr.len() {
        let refused = issue(&keys.authority, &csr[..end], NOW).map(|_| ()).unwrap_err();
        assert_eq!(refused, CsrRefused::Malformed, "cut at {end}");
    }
    let mut long = csr.clone();
    long.push(0);
    assert!(matches!(issue(&keys.authority, &long, NOW), Err(CsrRefused::Malformed)));
    long.resize(MAX_CSR + 1, 0);
    assert!(matches!(issue(&keys.authority, &long, NOW), Err(CsrRefused::Malformed)));
}

#[test]
fn server_certificates_name_hosts_and_addresses() {
    let keys = keys();
    let names = ["hub.exempel.se".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
    let issued = keys.authority.issue_server(&names, NOW).unwrap();
    assert_eq!((issued.renew_at_ms, issued.not_after_ms), (NOW + 60 * DAY_MS, NOW + 90 * DAY_MS));
    let (_, certificate) = X509Certificate::from_der(&issued.certificate).unwrap();
    let usage = certificate.extended_key_usage().unwrap().unwrap().value;
    assert!(usage.server_auth && !usage.client_auth);
    assert_eq!(certificate.subject_alternative_name().unwrap().unwrap().value.general_names.len(), 3);
    let refused = keys.authority.issue_server(&["å".to_owned()], NOW).map(|_| ()).unwrap_err();
    assert_eq!(refused, IssueError::Name);
}

#[test]
fn serial_numbers_are_random_and_positive() {
    let serials: HashSet<Vec<u8>> = (0..100).map(|_| random_serial().unwrap().to_bytes()).collect();
    assert_eq!(serials.len(), 100);
    assert!(serials.iter().all(|serial| serial.len() == 16 && serial[0] < 0x80));
}

#[test]
fn absurd_clocks_make_no_panic() {
    let dir = tempfile::tempdir().unwrap();
    let keys = HubKeys::create(dir.path(), "exempel", u64::MAX).unwrap();
    let csr = plain_csr(&KeyPair::generate().unwrap());
    for now in [0, 1, u64::MAX] {
        issue(&keys.authority, &csr, now).unwrap();
    }
}

proptest! {
    #[test]
    fn a_changed_request_never_certifies_another_key(at in 0_usize..200, flip in 1_u8..) {
        let (keys, device_key) = (keys(), KeyPair::generate().unwrap());
        let mut csr = plain_csr(&device_key);
        let at = at % csr.len();
        csr[at] ^= flip;
        // The encoding of the signature's algorithm is not signed, so a few changes are harmless.
        if let Ok(issued) = issue(&keys.authority, &csr, NOW) {
            let key = identity_of(&issued).map(|(key, _)| key);
            prop_assert_eq!(key, Some(TlsKeyHash::of_spki(&device_key.subject_public_key_info())));
        }
    }
}
