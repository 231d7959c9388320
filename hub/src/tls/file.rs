//! A server certificate that the operator keeps in a file: one PEM file with the certificate and its key, so that both are
//! replaced in one step. Clients trust the hub's authority alone, so it must have issued it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier as _;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{CertificateError, RootCertStore};
use x509_parser::prelude::{FromDer as _, X509Certificate};

use crate::ca::{Authority, ServerCertificate};
use crate::keys::{FileError, read_private, replace_private};

/// Reads a certificate and its key, and checks that clients of this hub will accept it under each of `names` now. Whether
/// the two belong together, the caller's TLS library finds out.
pub(super) fn load(
    path: &Path,
    authority: &Authority,
    names: &[String],
    provider: &Arc<CryptoProvider>,
    now_ms: u64,
) -> Result<ServerCertificate, CertificateFileError> {
    let pem = read_private(path)?;
    let malformed = || CertificateFileError::Malformed { path: path.to_owned() };
    let certificate = CertificateDer::from_pem_slice(&pem).map_err(|_| malformed())?;
    let key = PrivateKeyDer::from_pem_slice(&pem).map_err(|_| malformed())?;
    let (not_before_ms, not_after_ms) = validity(&certificate).ok_or_else(malformed)?;
    check(path, &certificate, authority, names, provider, now_ms)?;
    let renew_at_ms = not_after_ms - not_after_ms.saturating_sub(not_before_ms) / 3;
    Ok(ServerCertificate { certificate, key, not_before_ms, not_after_ms, renew_at_ms })
}

/// Writes a certificate and its key as one file of mode 0600, in place of the one there was.
///
/// # Errors
/// [`CertificateFileError::File`].
pub fn write(
    path: &Path,
    server: &ServerCertificate,
    authority: &Authority,
) -> Result<(), CertificateFileError> {
    let block = |tag: &str, der: &[u8]| pem::encode(&pem::Pem::new(tag, der));
    let text = zeroize::Zeroizing::new(
        [
            block("CERTIFICATE", &server.certificate),
            block("CERTIFICATE", authority.certificate()),
            block("PRIVATE KEY", server.key.secret_der()),
        ]
        .concat(),
    );
    Ok(replace_private(path, text.as_bytes())?)
}

fn check(
    path: &Path,
    certificate: &CertificateDer<'_>,
    authority: &Authority,
    names: &[String],
    provider: &Arc<CryptoProvider>,
    now_ms: u64,
) -> Result<(), CertificateFileError> {
    let path = || path.to_owned();
    let foreign = || CertificateFileError::Foreign { path: path() };
    let mut roots = RootCertStore::empty();
    roots.add(authority.certificate().clone()).map_err(|_| foreign())?;
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider));
    let verifier = verifier.build().map_err(|_| foreign())?;
    let now = UnixTime::since_unix_epoch(Duration::from_millis(now_ms));
    for name in names {
        let other = || CertificateFileError::Name { path: path(), name: name.clone() };
        let server = ServerName::try_from(name.as_str()).map_err(|_| other())?;
        verifier.verify_server_cert(certificate, &[], &server, &[], now).map_err(|error| match error {
            rustls::Error::InvalidCertificate(
                CertificateError::Expired
                | CertificateError::ExpiredContext { .. }
                | CertificateError::NotValidYet
                | CertificateError::NotValidYetContext { .. },
            ) => CertificateFileError::Time { path: path() },
            rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            ) => other(),
            _ => foreign(),
        })?;
    }
    Ok(())
}

fn validity(certificate: &[u8]) -> Option<(u64, u64)> {
    let Ok(([], parsed)) = X509Certificate::from_der(certificate) else { return None };
    let ms = |seconds: i64| u64::try_from(seconds).ok()?.checked_mul(1000);
    Some((ms(parsed.validity().not_before.timestamp())?, ms(parsed.validity().not_after.timestamp())?))
}

/// Why a certificate's file was refused. Every text names the file and the next step.
#[derive(Debug, thiserror::Error)]
pub enum CertificateFileError {
    /// It is missing, unsafe or unreadable.
    #[error(transparent)]
    File(#[from] FileError),
    /// It does not hold a certificate and a private key, both in PEM.
    #[error("{} does not hold a certificate and its key in PEM: make a new one with `samverkan-hub certificate`", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
    },
    /// The key is another certificate's.
    #[error("the key in {} is not its certificate's: make a new one with `samverkan-hub certificate`", path.display())]
    Key {
        /// The file.
        path: PathBuf,
    },
    /// Another authority issued it, or it is not for servers: no client would accept it.
    #[error("{} was not issued for a server by this hub's authority, the only one that clients trust: make a new one with `samverkan-hub certificate`", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// It has ended, or not begun yet.
    #[error("{} is out of date: make a new one with `samverkan-hub certificate`, and check the clock", path.display())]
    Time {
        /// The file.
        path: PathBuf,
    },
    /// It is not for a name that the configuration says.
    #[error("{} is not for {name}: make a new one with `samverkan-hub certificate`", path.display())]
    Name {
        /// The file.
        path: PathBuf,
        /// The name.
        name: String,
    },
}
