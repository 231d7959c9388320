//! The hub's own keys: the certificate authority, the receipt key and the log key.
//!
//! They live in `DATA/keys/`, a folder of mode 0700 with four files of mode 0600: `ca.pem` (certificate),
//! `ca.key` (ECDSA P-256), `receipt.key` and `log.key` (Ed25519), the keys as PKCS#8 in PEM. Clients pin all three
//! through a hash ([`HubKeys::public`]) that travels in every invite. [`create`](HubKeys::create) writes them once, into
//! place by one rename, so that a stop half-way leaves nothing that could be mistaken for a hub's keys.

mod file;
mod operator;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ED25519, SignatureAlgorithm};
use ring::rand::{SecureRandom, SystemRandom};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use samverkan_proto::sign::Signer;
use samverkan_proto::statement::log::HubKeys as PublicKeys;
use uuid::Uuid;
use zeroize::Zeroizing;

pub use file::FileError;
pub(crate) use file::{read_private, replace_private};
pub use operator::{create_operator_key, load_operator_key};

use crate::ca::{self, Authority};

const FOLDER: &str = "keys";
const CA_CERTIFICATE: &str = "ca.pem";
const CA_KEY: &str = "ca.key";
const RECEIPT_KEY: &str = "receipt.key";
const LOG_KEY: &str = "log.key";

/// The hub's keys, checked for belonging together. Neither printable nor serialisable.
pub struct HubKeys {
    /// The certificate authority.
    pub authority: Arc<Authority>,
    /// Signs batches of receipts.
    pub receipt: Signer,
    /// Signs the transparency log's checkpoints.
    pub log: Signer,
}

impl HubKeys {
    /// Makes new keys in `data_dir`, which must exist, and returns them loaded from disk.
    ///
    /// `now_ms` starts the ten years of the authority's certificate; `hub_name` is its subject.
    ///
    /// # Errors
    /// [`KeyError::Exists`] if the folder already has keys; otherwise what the file system or the random number
    /// generator refused.
    pub fn create(data_dir: &Path, hub_name: &str, now_ms: u64) -> Result<Self, KeyError> {
        let folder = data_dir.join(FOLDER);
        if folder.symlink_metadata().is_ok() {
            return Err(KeyError::Exists { folder });
        }
        let partial = data_dir.join(format!("{FOLDER}.partial-{}", Uuid::new_v4().simple()));
        file::create_folder(&partial)?;
        let written = write_all(&partial, hub_name, now_ms).and_then(|()| {
            file::rename_folder(&partial, &folder).map_err(|error| match error {
                FileError::Io { .. } if folder.symlink_metadata().is_ok() => {
                    KeyError::Exists { folder: folder.clone() }
                }
                error => error.into(),
            })
        });
        if let Err(error) = written {
            // The half-made keys were never used; if they can not be removed either, the first error says more.
            let _ = std::fs::remove_dir_all(&partial);
            return Err(error);
        }
        Self::load(data_dir)
    }

    /// Loads the keys from `data_dir`.
    ///
    /// # Errors
    /// Refuses files or a folder that others can read, symbolic links, another user's files, and anything that is
    /// not the expected kind of key, naming the file.
    pub fn load(data_dir: &Path) -> Result<Self, KeyError> {
        let folder = data_dir.join(FOLDER);
        file::check_folder(&folder)?;
        let certificate_path = folder.join(CA_CERTIFICATE);
        let pem = read_private(&certificate_path)?;
        let certificate = CertificateDer::from_pem_slice(&pem)
            .map_err(|_| KeyError::NotACertificate { path: certificate_path.clone() })?;
        let authority = Authority::new(certificate, load_ca_key(&folder.join(CA_KEY))?)
            .ok_or(KeyError::ForeignCertificate { path: certificate_path })?;
        let receipt = load_ed25519(&folder.join(RECEIPT_KEY))?;
        let log = load_ed25519(&folder.join(LOG_KEY))?;
        Ok(Self { authority: Arc::new(authority), receipt, log })
    }

    /// What the hub shows of its keys: the record of its log's first leaf (PROTOCOL.md section 13), whose
    /// [`pin`](PublicKeys::pin) stands in every invite.
    pub fn public(&self) -> PublicKeys {
        PublicKeys {
            ca_certificate: Bytes::copy_from_slice(self.authority.certificate()),
            log_key: *self.log.public_key(),
            receipt_key: *self.receipt.public_key(),
        }
    }
}

/// Asks the system for random numbers, for a program that can do nothing without them.
///
/// # Errors
/// [`KeyError::Random`]. Whoever goes on regardless meets a panic: not only keys need them, but hash tables, too.
pub fn check_randomness() -> Result<(), KeyError> {
    SystemRandom::new().fill(&mut [0; 32]).map_err(|_| KeyError::Random)
}

fn write_all(folder: &Path, hub_name: &str, now_ms: u64) -> Result<(), KeyError> {
    let ca_key = generate(&PKCS_ECDSA_P256_SHA256)?;
    let certificate = ca::self_signed(&ca_key, hub_name, now_ms).map_err(|_| KeyError::Random)?;
    file::write_private(&folder.join(CA_CERTIFICATE), certificate.pem().as_bytes())?;
    write_key(&folder.join(CA_KEY), &ca_key)?;
    write_key(&folder.join(RECEIPT_KEY), &generate(&PKCS_ED25519)?)?;
    write_key(&folder.join(LOG_KEY), &generate(&PKCS_ED25519)?)?;
    Ok(())
}

fn generate(algorithm: &'static SignatureAlgorithm) -> Result<KeyPair, KeyError> {
    KeyPair::generate_for(algorithm).map_err(|_| KeyError::Random)
}

fn write_key(path: &Path, key: &KeyPair) -> Result<(), KeyError> {
    let pem = Zeroizing::new(key.serialize_pem());
    Ok(file::write_private(path, pem.as_bytes())?)
}

fn load_ca_key(path: &Path) -> Result<KeyPair, KeyError> {
    let pem = read_private(path)?;
    let not_a_key = || KeyError::NotAKey { path: path.to_owned(), expected: "an ECDSA P-256" };
    let pem = std::str::from_utf8(&pem).map_err(|_| not_a_key())?;
    KeyPair::from_pkcs8_pem_and_sign_algo(pem, &PKCS_ECDSA_P256_SHA256).map_err(|_| not_a_key())
}

fn load_ed25519(path: &Path) -> Result<Signer, KeyError> {
    let pem = read_private(path)?;
    let not_a_key = || KeyError::NotAKey { path: path.to_owned(), expected: "an Ed25519" };
    let der = PrivatePkcs8KeyDer::from_pem_slice(&pem).map_err(|_| not_a_key())?;
    Signer::from_pkcs8(der.secret_pkcs8_der()).map_err(|_| not_a_key())
}

/// Why the hub's keys could not be made or loaded. Every text names the file and the next step.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// There are keys already; new ones would cut off every member.
    #[error("{} already exists: this hub has its keys; run `samverkan-hub serve`", folder.display())]
    Exists {
        /// The folder of keys.
        folder: PathBuf,
    },
    /// A file or folder is missing, unsafe or unreadable.
    #[error(transparent)]
    File(#[from] FileError),
    /// The file holds something else than the key it is named for.
    #[error("{} does not hold {expected} private key (PKCS#8, PEM): restore it from a backup", path.display())]
    NotAKey {
        /// The key's file.
        path: PathBuf,
        /// The kind of key, with its article.
        expected: &'static str,
    },
    /// The certificate's file holds something else.
    #[error("{} does not hold a certificate (PEM): restore it from a backup", path.display())]
    NotACertificate {
        /// The certificate's file.
        path: PathBuf,
    },
    /// The certificate does not belong to the authority's key.
    #[error("{} is not the certificate of ca.key beside it: restore both from one backup", path.display())]
    ForeignCertificate {
        /// The certificate's file.
        path: PathBuf,
    },
    /// The system gave no random numbers.
    #[error(
        "the operating system gave no random numbers, without which nothing is safe: try again, then check the kernel log"
    )]
    Random,
}

#[cfg(test)]
mod tests;
