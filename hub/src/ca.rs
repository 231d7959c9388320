//! The hub's certificate authority (RFC 5280): its own certificate, devices' client certificates, the server's.
//!
//! A request for a client certificate (CSR, RFC 2986) gives the hub one thing: a public key whose owner signed the
//! request. Every other field, asked for or not, is the hub's: nothing of a CSR but the key survives.

use std::time::Duration;

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    IsCa, Issuer, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PublicKeyData, SanType, SerialNumber,
    SubjectPublicKeyInfo,
};
use ring::rand::{SecureRandom, SystemRandom};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use samverkan_proto::ids::{DeviceId, TlsKeyHash};
use samverkan_proto::limits::{CERTIFICATE_MS, DAY_MS};
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::oid_registry::{OID_EC_P256, OID_KEY_TYPE_EC_PUBLIC_KEY};
use x509_parser::prelude::{FromDer, X509Certificate};

/// The life of the authority's own certificate: ten years.
const CA_MS: u64 = 3_653 * DAY_MS;

/// How far certificates reach back, for peers whose clocks are late.
const BACKDATE_MS: u64 = 60 * 60 * 1000;

/// The last second that X.509's GeneralizedTime can name: 9999-12-31T23:59:59Z.
const LAST_SECOND: u64 = 253_402_300_799;

/// The longest CSR that is parsed. One for P-256 with a few names is below 1 KiB.
const MAX_CSR: usize = 8 << 10;

/// Issues certificates under the hub's key.
pub struct Authority {
    certificate: CertificateDer<'static>,
    key: KeyPair,
}

/// All that the hub takes from a certificate request: a P-256 key whose owner signed the request.
pub struct VerifiedRequest {
    key: SubjectPublicKeyInfo,
}

/// The server's certificate with its private key, made afresh at every start.
pub struct ServerCertificate {
    /// The certificate, DER.
    pub certificate: CertificateDer<'static>,
    /// Its key, PKCS#8.
    pub key: PrivateKeyDer<'static>,
    /// When it begins, milliseconds since the Unix epoch.
    pub not_before_ms: u64,
    /// When it ends, milliseconds since the Unix epoch.
    pub not_after_ms: u64,
    /// When it should be replaced: two thirds into its life. Milliseconds since the Unix epoch.
    pub renew_at_ms: u64,
}

impl Authority {
    /// The authority with this certificate and key; `None` if the certificate is not an authority's own, for this
    /// key.
    pub(crate) fn new(certificate: CertificateDer<'static>, key: KeyPair) -> Option<Self> {
        let Ok(([], parsed)) = X509Certificate::from_der(&certificate) else { return None };
        let fits = parsed.is_ca() && parsed.public_key().raw == key.subject_public_key_info();
        fits.then_some(Self { certificate, key })
    }

    /// Its certificate, DER.
    pub fn certificate(&self) -> &CertificateDer<'static> {
        &self.certificate
    }

    /// Issues a client certificate of 90 days for the key of a verified request, with the device's id in hexadecimal
    /// as its only name and TLS client authentication as its only use. DER.
    ///
    /// # Errors
    /// [`IssueError`]; nothing is wrong with the request then.
    pub fn issue_client(
        &self,
        request: &VerifiedRequest,
        device: &DeviceId,
        now_ms: u64,
    ) -> Result<CertificateDer<'static>, IssueError> {
        let params = leaf_params(&device.to_string(), ExtendedKeyUsagePurpose::ClientAuth, now_ms)?;
        Ok(params.signed_by(&request.key, &self.issuer()?)?.der().clone())
    }

    /// Issues a server certificate of 90 days for `names`: DNS names or IP addresses, at least one.
    ///
    /// # Errors
    /// [`IssueError`] if a name is neither, or the system gave no random numbers.
    pub fn issue_server(&self, names: &[String], now_ms: u64) -> Result<ServerCertificate, IssueError> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let mut params = leaf_params("samverkan-hub", ExtendedKeyUsagePurpose::ServerAuth, now_ms)?;
        params.subject_alt_names = names.iter().map(|name| alt_name(name)).collect::<Result<_, _>>()?;
        let certificate = params.signed_by(&key, &self.issuer()?)?;
        Ok(ServerCertificate {
            certificate: certificate.der().clone(),
            key: PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
            not_before_ms: now_ms.saturating_sub(BACKDATE_MS),
            not_after_ms: now_ms.saturating_add(CERTIFICATE_MS),
            renew_at_ms: now_ms.saturating_add(CERTIFICATE_MS * 2 / 3),
        })
    }

    fn issuer(&self) -> Result<Issuer<'static, &KeyPair>, IssueError> {
        Ok(Issuer::from_ca_cert_der(&self.certificate, &self.key)?)
    }
}

/// Makes the authority's own certificate: ten years, no sub-authorities.
pub(crate) fn self_signed(key: &KeyPair, hub_name: &str, now_ms: u64) -> Result<Certificate, IssueError> {
    let mut params = base_params(&format!("samverkan/{hub_name}"), now_ms, CA_MS)?;
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(params.self_signed(key)?)
}

/// The key of a certificate, and its end in milliseconds since the Unix epoch.
///
/// `None` if it is not exactly one X.509 certificate.
pub(crate) fn identity_of(certificate: &[u8]) -> Option<(TlsKeyHash, u64)> {
    let Ok(([], parsed)) = X509Certificate::from_der(certificate) else { return None };
    let seconds = u64::try_from(parsed.validity().not_after.timestamp()).unwrap_or(0);
    Some((TlsKeyHash::of_spki(parsed.public_key().raw), seconds.saturating_mul(1000)))
}

impl VerifiedRequest {
    /// Reads a certificate request (PKCS #10, DER) and verifies that the owner of its key signed it.
    ///
    /// # Errors
    /// See [`CsrRefused`].
    pub fn parse(csr: &[u8]) -> Result<Self, CsrRefused> {
        if csr.len() > MAX_CSR {
            return Err(CsrRefused::Malformed);
        }
        let Ok(([], csr)) = X509CertificationRequest::from_der(csr) else {
            return Err(CsrRefused::Malformed);
        };
        let spki = &csr.certification_request_info.subject_pki;
        let curve = spki.algorithm.parameters.as_ref().and_then(|curve| curve.as_oid().ok());
        if spki.algorithm.algorithm != OID_KEY_TYPE_EC_PUBLIC_KEY || curve != Some(OID_EC_P256) {
            return Err(CsrRefused::KeyType);
        }
        csr.verify_signature().map_err(|_| CsrRefused::Signature)?;
        let key = SubjectPublicKeyInfo::from_der(spki.raw).map_err(|_| CsrRefused::KeyType)?;
        Ok(Self { key })
    }

    /// Its key, as manifests name it.
    pub fn tls_key(&self) -> TlsKeyHash {
        TlsKeyHash::of_spki(&self.key.subject_public_key_info())
    }
}

fn leaf_params(
    name: &str,
    usage: ExtendedKeyUsagePurpose,
    now_ms: u64,
) -> Result<CertificateParams, IssueError> {
    let mut params = base_params(name, now_ms, CERTIFICATE_MS)?;
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![usage];
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}

fn base_params(name: &str, now_ms: u64, life_ms: u64) -> Result<CertificateParams, IssueError> {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.serial_number = Some(random_serial()?);
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    let at = |ms: u64| epoch + Duration::from_secs((ms / 1000).min(LAST_SECOND));
    params.not_before = at(now_ms.saturating_sub(BACKDATE_MS));
    params.not_after = at(now_ms.saturating_add(life_ms));
    Ok(params)
}

/// 127 random bits: positive in DER, and far more than the 64 that RFC 5280's successors ask for.
fn random_serial() -> Result<SerialNumber, IssueError> {
    let mut serial = [0_u8; 16];
    SystemRandom::new().fill(&mut serial).map_err(|_| IssueError::Random)?;
    serial[0] = serial[0] & 0x7f | 0x40;
    Ok(SerialNumber::from_slice(&serial))
}

fn alt_name(name: &str) -> Result<SanType, IssueError> {
    if let Ok(address) = name.parse() {
        return Ok(SanType::IpAddress(address));
    }
    match name.try_into() {
        Ok(dns) => Ok(SanType::DnsName(dns)),
        Err(_) => Err(IssueError::Name),
    }
}

/// Why a certificate request was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CsrRefused {
    /// Not exactly one PKCS#10 request in DER, or longer than 8 KiB.
    #[error("the certificate request can not be read")]
    Malformed,
    /// The key is not ECDSA on P-256.
    #[error("the certificate request's key is not ECDSA P-256")]
    KeyType,
    /// The request was not signed with its own key.
    #[error("the certificate request's signature is wrong")]
    Signature,
}

/// Why the hub could not make a certificate that it wanted to make.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IssueError {
    /// A configured name is neither a DNS name nor an IP address.
    #[error("a name for the server certificate is neither a DNS name nor an IP address")]
    Name,
    /// The system gave no random numbers.
    #[error("the operating system gave no random numbers")]
    Random,
    /// The certificate library refused.
    #[error("the certificate could not be made")]
    Library,
}

impl From<rcgen::Error> for IssueError {
    fn from(error: rcgen::Error) -> Self {
        if matches!(error, rcgen::Error::RingUnspecified) { Self::Random } else { Self::Library }
    }
}

#[cfg(test)]
mod tests;
