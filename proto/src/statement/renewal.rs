//! Renewals (SVKT): a device asks for its next certificate (PROTOCOL.md section 14).

use super::Verified;
use super::signed::{Layout, Unverified};
use crate::codec::{Reader, Writer};
use crate::fault::InvalidField;
use crate::ids::{DeviceId, OrgId, sha256};
use crate::sign::{Label, PublicKey, Signer};

/// Bytes of the nonce that a greeting gives.
pub const NONCE_LEN: usize = 32;

/// One device asks for one certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Renewal {
    /// The device's organisation.
    pub org: OrgId,
    /// The device, which signs.
    pub device: DeviceId,
    /// What the hub's greeting gave: the hub knows by it that the request is new.
    pub nonce: [u8; NONCE_LEN],
    /// The SHA-256 of the certificate request that goes with it, PKCS #10 in DER.
    pub csr_hash: [u8; 32],
}

/// A renewal whose signature is not verified yet.
pub type UnverifiedRenewal = Unverified<Renewal>;

impl Renewal {
    /// Bytes of a signed renewal.
    pub const LEN: usize = 166;

    /// A renewal by `signer`, with this certificate request.
    #[must_use]
    pub fn new(org: OrgId, signer: &Signer, nonce: [u8; NONCE_LEN], csr: &[u8]) -> Self {
        Self { org, device: signer.device_id(), nonce, csr_hash: sha256(csr) }
    }

    /// Signs the renewal.
    ///
    /// # Errors
    /// `wrong_signers` when the signer is not the device that it names.
    pub fn sign(self, signer: &Signer) -> Result<Verified<Self>, InvalidField> {
        LAYOUT.sign(self, signer)
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, InvalidField> {
        Ok(Self {
            org: r.id("renewal.org")?,
            device: r.id("renewal.device")?,
            nonce: r.array("renewal.nonce")?,
            csr_hash: r.array("renewal.csr_hash")?,
        })
    }

    fn write(&self, w: &mut Writer) {
        w.put(self.org.as_bytes());
        w.put(self.device.as_bytes());
        w.put(&self.nonce);
        w.put(&self.csr_hash);
    }
}

const LAYOUT: Layout<Renewal> = Layout {
    magic: b"SVKT",
    label: Label::Renewal,
    name: "renewal",
    signature: "renewal.signature",
    device: |statement| &statement.device,
    read: Renewal::read,
    write: Renewal::write,
};

impl UnverifiedRenewal {
    /// Parses a statement and its signature.
    ///
    /// # Errors
    /// The first fault in the order of PROTOCOL.md section 1.
    pub fn parse(bytes: &[u8]) -> Result<Self, InvalidField> {
        LAYOUT.parse(bytes)
    }

    /// Verifies it under the identity key of the device it names.
    ///
    /// # Errors
    /// `wrong_signers` when the key is another device's; `bad_signature`.
    pub fn verify(self, key: &PublicKey) -> Result<Verified<Renewal>, InvalidField> {
        LAYOUT.verify(self, key)
    }
}
