//! The device's TLS certificate: what is asked for with it, and what it says.

use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::PrivatePkcs8KeyDer;
use samverkan_proto::ids::TlsKeyHash;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::Membership;
use crate::error::{Code, Error, Result};
use crate::keystore::Contents;

/// What is of interest in a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CertificateFacts {
    /// Its key, as manifests name it.
    pub tls_key: TlsKeyHash,
    /// From when it is good, milliseconds since 1970. The hub dates it back by an hour.
    pub not_before_ms: u64,
    /// When the hub stops accepting it, milliseconds since 1970.
    pub not_after_ms: u64,
}

impl CertificateFacts {
    /// Reads a certificate, DER; `None` if it is none.
    #[must_use]
    pub fn of(certificate: &[u8]) -> Option<Self> {
        let Ok(([], parsed)) = X509Certificate::from_der(certificate) else { return None };
        let ms = |seconds: i64| u64::try_from(seconds).ok()?.checked_mul(1000);
        Some(Self {
            tls_key: TlsKeyHash::of_spki(parsed.public_key().raw),
            not_before_ms: ms(parsed.validity().not_before.timestamp())?,
            not_after_ms: ms(parsed.validity().not_after.timestamp())?,
        })
    }

    /// When it is time for the next one: a third of its life is left.
    #[must_use]
    pub const fn renew_at_ms(&self) -> u64 {
        let life = self.not_after_ms.saturating_sub(self.not_before_ms);
        self.not_after_ms - life / 3
    }
}

impl Membership {
    /// What this device's certificate says.
    ///
    /// # Errors
    /// [`Code::KeystoreDamaged`] when what is kept is no certificate.
    pub fn certificate_facts(&self) -> Result<CertificateFacts> {
        CertificateFacts::of(&self.certificate).ok_or(Error::new(Code::KeystoreDamaged))
    }
}

/// The TLS key that the keystore has.
pub(super) fn tls_key(contents: &Contents) -> Result<KeyPair> {
    let damaged = || Error::new(Code::KeystoreDamaged);
    let pkcs8 = contents.tls_key().ok_or_else(damaged)?;
    KeyPair::try_from(&PrivatePkcs8KeyDer::from(pkcs8.expose())).map_err(|_| damaged())
}

/// PKCS #10 with nothing in it but the key: the hub overwrites every other field.
pub(super) fn request(tls_key: &KeyPair) -> Result<Vec<u8>> {
    let params = CertificateParams::new(Vec::new()).map_err(|_| Error::new(Code::ProgramDefect))?;
    let request = params.serialize_request(tls_key).map_err(|_| Error::new(Code::ProgramDefect))?;
    Ok(request.der().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_third_of_its_life_before_its_end_a_certificate_is_due() {
        let facts = |not_before_ms, not_after_ms| CertificateFacts {
            tls_key: TlsKeyHash::of_spki(&[1]),
            not_before_ms,
            not_after_ms,
        };
        assert_eq!(facts(0, 90).renew_at_ms(), 60);
        assert_eq!(facts(1_000, 1_001).renew_at_ms(), 1_001);
        assert_eq!(facts(9, 3).renew_at_ms(), 3, "one that ends before it begins is due at its end");
        assert_eq!(CertificateFacts::of(b"no certificate"), None);
    }
}
