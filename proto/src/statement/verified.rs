//! What a signature was verified over.

/// A statement whose signature was found valid, with the bytes it travels as.
///
/// Only verification makes one, so a function that takes it can not be handed unverified bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified<T> {
    value: T,
    bytes: Box<[u8]>,
}

impl<T> Verified<T> {
    pub(super) const fn new(value: T, bytes: Box<[u8]>) -> Self {
        Self { value, bytes }
    }

    /// What was signed.
    #[must_use]
    pub const fn value(&self) -> &T {
        &self.value
    }

    /// What was signed, without its signature.
    #[must_use]
    pub fn into_value(self) -> T {
        self.value
    }

    /// The bytes as they were received, signature included: what is stored and passed on.
    #[must_use]
    pub const fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}
