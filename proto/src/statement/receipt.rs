//! What devices and the hub say about a message, and the hub about a withdrawn consent (PROTOCOL.md section 10), without the signature.

mod device;
mod hub;
mod withdrawal;

pub use device::{DeviceReceipt, Verdict};
pub use hub::{HubEvent, HubReceipt, MailboxRef};
pub use withdrawal::{HubRecord, WithdrawalReceipt};

use crate::fault::InvalidField;
use crate::ids::sha256_of;
use crate::sign::PublicKey;

/// `H("svk1 wraps\0" || wraps)`: what a submission receipt says of the wraps that were handed in.
#[must_use]
pub fn wraps_hash(wraps: &[u8]) -> [u8; 32] {
    sha256_of(&[b"svk1 wraps\0", wraps])
}

mod sealed {
    /// Keeps [`super::Record`] to the receipts of the protocol.
    pub trait Sealed {}

    impl Sealed for super::DeviceReceipt {}
    impl Sealed for super::HubReceipt {}
    impl Sealed for super::WithdrawalReceipt {}
    impl Sealed for super::HubRecord {}
}

/// A receipt of fixed length that is signed in batches: [`DeviceReceipt`], or a hub's [`HubReceipt`] or [`WithdrawalReceipt`].
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
