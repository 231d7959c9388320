//! The keys of a device, made once and kept before anybody hears of them.

use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PublicKeyData as _};
use ring::rand::SystemRandom;
use ring::signature::Ed25519KeyPair;
use samverkan_proto::ids::TlsKeyHash;
use samverkan_proto::sign::Signer;

use super::Membership;
use super::call::misbehaved;
use super::certificate::{self, CertificateFacts};
use crate::error::{Code, Error, Result};
use crate::home::{Profile, ProfileLock};
use crate::keystore::{Contents, KdfCost, Keystore};
use crate::msg;
use crate::passphrase::Passphrase;
use crate::secret::{NoRandomness, SecretBytes};

/// A device that nobody has heard of yet.
pub(super) struct NewDevice {
    /// Signs as the device.
    pub(super) signer: Signer,
    /// Names the key of its client certificate.
    pub(super) tls_key: TlsKeyHash,
    /// PKCS #10 with nothing in it but that key: the hub overwrites every other field.
    pub(super) certificate_request: Vec<u8>,
    identity: SecretBytes,
    tls: KeyPair,
}

impl NewDevice {
    /// Makes both keys.
    pub(super) fn make() -> Result<Self> {
        let identity = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(|_| NoRandomness)?;
        let identity = SecretBytes::copied_from(identity.as_ref());
        let signer = Signer::from_pkcs8(identity.expose()).map_err(|_| Error::new(Code::ProgramDefect))?;
        let tls = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(|_| NoRandomness)?;
        let certificate_request = certificate::request(&tls)?;
        let tls_key = TlsKeyHash::of_spki(&tls.subject_public_key_info());
        Ok(Self { signer, tls_key, certificate_request, identity, tls })
    }

    /// Puts the private halves into the keystore; gives what signs as the device.
    pub(super) fn keep(self, contents: &mut Contents) -> Result<Signer> {
        contents.put_device_identity(self.identity)?;
        contents.put_tls_key(SecretBytes::taken_from(self.tls.serialize_der()))?;
        Ok(self.signer)
    }
}

/// The keystore of a profile that is no member yet, made if there is none.
///
/// # Errors
/// [`Code::AlreadyJoined`], and those of the keystore.
pub(super) fn newcomer(profile: &Profile, held: &ProfileLock, passphrase: &Passphrase) -> Result<Keystore> {
    let keystore = if Keystore::exists(profile) {
        Keystore::open(profile, passphrase)?
    } else {
        Keystore::create(profile, held, passphrase, KdfCost::STANDARD)?
    };
    match Membership::load(keystore.contents())? {
        Some(_) => Err(Error::new(Code::AlreadyJoined)),
        None => Ok(keystore),
    }
}

/// A certificate that the hub issued, if it is for this key.
///
/// # Errors
/// [`Code::HubMisbehaved`] for another key's.
pub(super) fn certificate_for(tls_key: &TlsKeyHash, certificate: &[u8]) -> Result<Vec<u8>> {
    if CertificateFacts::of(certificate).is_some_and(|facts| facts.tls_key == *tls_key) {
        return Ok(certificate.to_vec());
    }
    Err(misbehaved(msg!("cause-certificate-other-key")))
}
