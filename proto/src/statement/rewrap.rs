//! Re-wraps (SVKW): a reader of a mailbox seals a message's key to a colleague's later device (PROTOCOL.md section 11).

use super::Verified;
use super::signed::{Layout, Unverified};
use crate::codec::{Reader, Writer};
use crate::fault::{Fault, InvalidField};
use crate::ids::{DeviceId, EpochKeyId, MessageId, OrgId};
use crate::limits::{WRAP_LEN, XWING_ENC_LEN};
use crate::sign::{Label, PublicKey, Signer};
use crate::xwing;

/// One device gives one message to one other device of its organisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rewrap {
    /// The message.
    pub message_id: MessageId,
    /// The hash of its header.
    pub hh: [u8; 32],
    /// The organisation of both devices.
    pub org: OrgId,
    /// The device that the message was sealed to, which signs.
    pub by_device: DeviceId,
    /// The device that gets it.
    pub to_device: DeviceId,
    /// The key of that device that it is sealed to.
    pub to_epoch_key: EpochKeyId,
    /// The message's key, sealed: `enc[1120] | ct[48]`.
    pub wrap: Box<[u8; WRAP_LEN]>,
}

/// A re-wrap whose signature is not verified yet.
pub type UnverifiedRewrap = Unverified<Rewrap>;

impl Rewrap {
    /// Bytes of a signed re-wrap.
    pub const LEN: usize = 6 + 16 + 32 + 16 + 16 + 16 + 32 + WRAP_LEN + 64;

    /// Where the wrap stands in a signed re-wrap.
    pub const WRAP_AT: usize = 6 + 16 + 32 + 16 + 16 + 16 + 32;

    /// Signs the re-wrap.
    ///
    /// # Errors
    /// `wrong_signers` when the signer is not the device that gives; `bad_identifier` when it gives to itself;
    /// `low_order_key`.
    pub fn sign(self, signer: &Signer) -> Result<Verified<Self>, InvalidField> {
        self.check()?;
        LAYOUT.sign(self, signer)
    }

    fn check(&self) -> Result<(), InvalidField> {
        if self.by_device == self.to_device {
            return Err(Fault::BadIdentifier.in_field("rewrap.to_device"));
        }
        xwing::check_enc(&self.wrap[..XWING_ENC_LEN], "rewrap.enc")
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, InvalidField> {
        let rewrap = Self {
            message_id: r.id("rewrap.message_id")?,
            hh: r.array("rewrap.hh")?,
            org: r.id("rewrap.org")?,
            by_device: r.id("rewrap.by_device")?,
            to_device: r.id("rewrap.to_device")?,
            to_epoch_key: r.id("rewrap.to_epoch_key_id")?,
            wrap: Box::new(r.array("rewrap.wrap")?),
        };
        rewrap.check().map(|()| rewrap)
    }

    fn write(&self, w: &mut Writer) {
        w.put(self.message_id.as_bytes());
        w.put(&self.hh);
        w.put(self.org.as_bytes());
        w.put(self.by_device.as_bytes());
        w.put(self.to_device.as_bytes());
        w.put(self.to_epoch_key.as_bytes());
        w.put(&self.wrap[..]);
    }
}

const LAYOUT: Layout<Rewrap> = Layout {
    magic: b"SVKW",
    label: Label::Rewrap,
    name: "rewrap",
    signature: "rewrap.signature",
    device: |statement| &statement.by_device,
    read: Rewrap::read,
    write: Rewrap::write,
};

impl UnverifiedRewrap {
    /// Parses a statement and its signature.
    ///
    /// # Errors
    /// The first fault in the order of PROTOCOL.md section 1.
    pub fn parse(bytes: &[u8]) -> Result<Self, InvalidField> {
        LAYOUT.parse(bytes)
    }

    /// Verifies it under the identity key of the device that gives.
    ///
    /// # Errors
    /// `wrong_signers` when the key is another device's; `bad_signature`.
    pub fn verify(self, key: &PublicKey) -> Result<Verified<Rewrap>, InvalidField> {
        LAYOUT.verify(self, key)
    }
}
