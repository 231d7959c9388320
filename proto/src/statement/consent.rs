//! Consent stubs (SVKC): all that the hub keeps of a consent (PROTOCOL.md section 12).

use super::Verified;
use super::signed::{Layout, Unverified};
use crate::codec::{Reader, Writer};
use crate::fault::{Fault, InvalidField};
use crate::ids::{ConsentHandle, DeviceId, OrgId, sha256_of};
use crate::limits::DAY_MS;
use crate::sign::{Label, PublicKey, Signer};

/// `H("svk1 consent\0" || salt || record)`: binds a stub to what the person agreed to, without showing it.
#[must_use]
pub fn commitment(salt: &[u8; 32], record: &[u8]) -> [u8; 32] {
    sha256_of(&[b"svk1 consent\0", salt, record])
}

/// A promise that a consent was given, which says nothing about whose or to what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConsentStub {
    /// Names the stub in one message's header, once.
    pub handle: ConsentHandle,
    /// [`commitment`] to the consent record.
    pub commitment: [u8; 32],
    /// The organisation that holds the consent.
    pub issuer_org: OrgId,
    /// The device that registers it, and signs.
    pub issuer_device: DeviceId,
    /// Until when the handle may be used: a whole number of days, in milliseconds since 1970.
    pub expires_ms: u64,
}

/// A consent stub whose signature is not verified yet.
pub type UnverifiedStub = Unverified<ConsentStub>;

impl ConsentStub {
    /// Bytes of a signed stub.
    pub const LEN: usize = 158;

    /// Signs the stub.
    ///
    /// # Errors
    /// `bad_time` when it does not expire at the end of a day, `wrong_signers` when the signer is not the issuing device.
    pub fn sign(self, signer: &Signer) -> Result<Verified<Self>, InvalidField> {
        check_expiry(self.expires_ms)?;
        LAYOUT.sign(self, signer)
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, InvalidField> {
        let stub = Self {
            handle: r.id("consent.handle")?,
            commitment: r.array("consent.commitment")?,
            issuer_org: r.id("consent.issuer_org")?,
            issuer_device: r.id("consent.issuer_device")?,
            expires_ms: r.u64("consent.expires_ms")?,
        };
        check_expiry(stub.expires_ms)?;
        Ok(stub)
    }

    fn write(&self, w: &mut Writer) {
        w.put(self.handle.as_bytes());
        w.put(&self.commitment);
        w.put(self.issuer_org.as_bytes());
        w.put(self.issuer_device.as_bytes());
        w.u64(self.expires_ms);
    }
}

fn check_expiry(expires_ms: u64) -> Result<(), InvalidField> {
    if expires_ms.is_multiple_of(DAY_MS) {
        Ok(())
    } else {
        Err(Fault::BadTime.in_field("consent.expires_ms"))
    }
}

const LAYOUT: Layout<ConsentStub> = Layout {
    magic: b"SVKC",
    label: Label::Consent,
    name: "consent",
    signature: "consent.signature",
    device: |statement| &statement.issuer_device,
    read: ConsentStub::read,
    write: ConsentStub::write,
};

impl UnverifiedStub {
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
    pub fn verify(self, key: &PublicKey) -> Result<Verified<ConsentStub>, InvalidField> {
        LAYOUT.verify(self, key)
    }
}
