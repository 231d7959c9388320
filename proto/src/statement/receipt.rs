//! What devices and the hub say about a message (PROTOCOL.md section 10), without the signature.

mod device;
mod hub;

pub use device::{DeviceReceipt, Verdict};
pub use hub::{HubEvent, HubReceipt, MailboxRef};

use crate::fault::InvalidField;
use crate::ids::sha256_of;
use crate::sign::PublicKey;

/// `H("svk1 wraps\0" || wraps)`: what a submission receipt says of the wraps that were handed in.
#[must_use]
pub fn wraps_hash(wraps: &[u8]) -> [u8; 32] {
    sha256_of(&[b"svk1 wraps\0", wraps])
}

mod sealed {
    /// Keeps [`super::Record`] to the two receipts of the protocol.
    pub trait Sealed {}

    impl Sealed for super::DeviceReceipt {}
    impl Sealed for super::HubReceipt {}
}

/// A receipt of fixed length that is signed in batches: [`DeviceReceipt`] or [`HubReceipt`].
pub trait Record: sealed::Sealed + Clone + std::fmt::Debug + PartialEq + Eq {
    /// The four bytes it begins with.
    const MAGIC: &'static [u8; 4];
    /// Its length in bytes.
    const LEN: usize;
    /// The most receipts of the kind that one signature covers.
    const MAX_BATCH: u16;

    /// Parses exactly one receipt.
    ///
    /// # Errors
    /// The first fault in the order of PROTOCOL.md section 10.
    fn parse(bytes: &[u8]) -> Result<Self, InvalidField>;

    /// The [`Record::LEN`] bytes that are hashed into a batch.
    #[must_use]
    fn encode(&self) -> Vec<u8>;

    /// Whether this key may sign it: a device speaks for itself alone.
    #[must_use]
    fn may_be_signed_by(&self, key: &PublicKey) -> bool;
}

#[cfg(test)]
mod tests;
