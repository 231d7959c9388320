//! Recalls (SVKX): a sender's wish to take a message back (PROTOCOL.md section 10).

use super::Verified;
use super::signed::{Layout, Unverified};
use crate::codec::{Reader, Writer};
use crate::fault::InvalidField;
use crate::ids::{DeviceId, MessageId, OrgId};
use crate::sign::{Label, PublicKey, Signer};

/// One device takes one message back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recall {
    /// The message.
    pub message_id: MessageId,
    /// The hash of its header.
    pub hh: [u8; 32],
    /// The recaller's organisation.
    pub org: OrgId,
    /// The recaller's device, which signs.
    pub device: DeviceId,
    /// When, in milliseconds since 1970, by the device's clock.
    pub time_ms: u64,
}

/// A recall whose signature is not verified yet.
pub type UnverifiedRecall = Unverified<Recall>;

impl Recall {
    /// Bytes of a signed recall.
    pub const LEN: usize = 158;

    /// Signs the recall.
    ///
    /// # Errors
    /// `wrong_signers` when the signer is not the recalling device.
    pub fn sign(self, signer: &Signer) -> Result<Verified<Self>, InvalidField> {
        LAYOUT.sign(self, signer)
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, InvalidField> {
        Ok(Self {
            message_id: r.id("recall.message_id")?,
            hh: r.array("recall.hh")?,
            org: r.id("recall.org")?,
            device: r.id("recall.device")?,
            time_ms: r.u64("recall.time_ms")?,
        })
    }

    fn write(&self, w: &mut Writer) {
        w.put(self.message_id.as_bytes());
        w.put(&self.hh);
        w.put(self.org.as_bytes());
        w.put(self.device.as_bytes());
        w.u64(self.time_ms);
    }
}

const LAYOUT: Layout<Recall> = Layout {
    magic: b"SVKX",
    label: Label::Recall,
    name: "recall",
    signature: "recall.signature",
    device: |statement| &statement.device,
    read: Recall::read,
    write: Recall::write,
};

impl UnverifiedRecall {
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
    pub fn verify(self, key: &PublicKey) -> Result<Verified<Recall>, InvalidField> {
        LAYOUT.verify(self, key)
    }
}
