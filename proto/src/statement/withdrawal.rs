//! Withdrawals (SVKD): the end of a consent, handle by handle (PROTOCOL.md section 12).

use super::Verified;
use super::signed::{Layout, Unverified};
use crate::code::WithdrawalReason;
use crate::codec::{Reader, Writer};
use crate::fault::InvalidField;
use crate::ids::{ConsentHandle, DeviceId, OrgId};
use crate::sign::{Label, PublicKey, Signer};

/// The organisation that holds a consent withdraws one handle of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Withdrawal {
    /// The handle.
    pub handle: ConsentHandle,
    /// The organisation that registered it.
    pub org: OrgId,
    /// The device that withdraws it, and signs; any of the organisation.
    pub device: DeviceId,
    /// When, in milliseconds since 1970, by the device's clock.
    pub time_ms: u64,
    /// Why.
    pub reason: WithdrawalReason,
}

/// A withdrawal whose signature is not verified yet.
pub type UnverifiedWithdrawal = Unverified<Withdrawal>;

impl Withdrawal {
    /// Bytes of a signed withdrawal.
    pub const LEN: usize = 127;

    /// Signs the withdrawal.
    ///
    /// # Errors
    /// `wrong_signers` when the signer is not the withdrawing device.
    pub fn sign(self, signer: &Signer) -> Result<Verified<Self>, InvalidField> {
        LAYOUT.sign(self, signer)
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, InvalidField> {
        Ok(Self {
            handle: r.id("withdrawal.handle")?,
            org: r.id("withdrawal.org")?,
            device: r.id("withdrawal.device")?,
            time_ms: r.u64("withdrawal.time_ms")?,
            reason: r.code("withdrawal.reason")?,
        })
    }

    fn write(&self, w: &mut Writer) {
        w.put(self.handle.as_bytes());
        w.put(self.org.as_bytes());
        w.put(self.device.as_bytes());
        w.u64(self.time_ms);
        w.u8(self.reason.code());
    }
}

const LAYOUT: Layout<Withdrawal> = Layout {
    magic: b"SVKD",
    label: Label::Withdrawal,
    name: "withdrawal",
    signature: "withdrawal.signature",
    device: |statement| &statement.device,
    read: Withdrawal::read,
    write: Withdrawal::write,
};

impl UnverifiedWithdrawal {
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
    pub fn verify(self, key: &PublicKey) -> Result<Verified<Withdrawal>, InvalidField> {
        LAYOUT.verify(self, key)
    }
}
