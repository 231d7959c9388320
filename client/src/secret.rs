//! Secret bytes: boxed, wiped when dropped, never printed, loud to expose.
//!
//! Neither type implements `Debug`, `Clone`, `PartialEq` or `Serialize`, so a secret can not slip into a log, a
//! test failure or a document by accident.

use ring::rand::{SecureRandom, SystemRandom};
use secrecy::zeroize::Zeroize;
use secrecy::{ExposeSecret, SecretBox, SecretSlice};

/// The operating system gave no randomness; nothing may be made without it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the operating system gave no randomness")]
pub struct NoRandomness;

/// Fills `out` from the operating system's generator.
///
/// # Errors
/// [`NoRandomness`] when the generator fails: the caller must stop, never continue with what is in `out`.
pub fn fill_random(out: &mut [u8]) -> Result<(), NoRandomness> {
    SystemRandom::new().fill(out).map_err(|_| NoRandomness)
}

/// `N` random bytes that are not secret: salts, nonces, identifiers.
///
/// # Errors
/// [`NoRandomness`] when the operating system's generator fails.
pub fn random_array<const N: usize>() -> Result<[u8; N], NoRandomness> {
    let mut out = [0u8; N];
    fill_random(&mut out)?;
    Ok(out)
}

/// Exactly 32 secret bytes: a symmetric key or a seed.
pub struct Secret32(SecretBox<[u8; 32]>);

impl Secret32 {
    /// A fresh random secret.
    ///
    /// # Errors
    /// [`NoRandomness`] when the operating system's generator fails.
    pub fn random() -> Result<Self, NoRandomness> {
        let mut outcome = Ok(());
        let secret = Self::fill_with(|bytes| outcome = fill_random(bytes));
        outcome.map(|()| secret)
    }

    /// Lets `fill` write the secret where it will live, so that no copy stays on the stack.
    pub fn fill_with(fill: impl FnOnce(&mut [u8; 32])) -> Self {
        Self(SecretBox::init_with_mut(fill))
    }

    /// A secret copied from `bytes`; `None` unless there are exactly 32. The caller wipes its own copy.
    #[must_use]
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        (bytes.len() == 32).then(|| Self::fill_with(|secret| secret.copy_from_slice(bytes)))
    }

    /// The bytes themselves. Every call is a place where the secret could leak.
    #[must_use]
    pub fn expose(&self) -> &[u8; 32] {
        self.0.expose_secret()
    }
}

/// A secret of any length: a private key document, a stored setting.
pub struct SecretBytes(SecretSlice<u8>);

impl SecretBytes {
    /// A secret copied from `bytes`. The caller wipes its own copy.
    #[must_use]
    pub fn copied_from(bytes: &[u8]) -> Self {
        Self(SecretSlice::from(Box::<[u8]>::from(bytes)))
    }

    /// A secret taken over from `bytes`, whose buffer is wiped.
    #[must_use]
    pub fn taken_from(mut bytes: Vec<u8>) -> Self {
        let secret = Self::copied_from(&bytes);
        bytes.zeroize();
        secret
    }

    /// The bytes themselves. Every call is a place where the secret could leak.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        self.0.expose_secret()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_thirty_two_bytes_make_a_key() {
        assert!(Secret32::from_slice(&[7; 31]).is_none());
        assert!(Secret32::from_slice(&[7; 33]).is_none());
        assert_eq!(Secret32::from_slice(&[7; 32]).expect("32 bytes").expose(), &[7; 32]);
    }

    #[test]
    fn two_random_secrets_differ() {
        let (one, two) = (Secret32::random().expect("random"), Secret32::random().expect("random"));
        assert!(one.expose() != two.expose());
        assert!(one.expose() != &[0; 32]);
    }
}
