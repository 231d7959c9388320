//! The key that opens one keystore without its passphrase, for as long as the passphrase is not changed.

use ring::digest;

use super::header::Header;
use super::{Keystore, KeystoreError, path_in, read, record};
use crate::home::Profile;
use crate::passphrase::Passphrase;
use crate::secret::Secret32;

/// Which keystore under which passphrase: SHA-256 over the part of its header that the passphrase decides. It stays the same at every
/// commit, and is another one after a change of the passphrase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LockId([u8; Self::LEN]);

impl LockId {
    /// Its length in bytes.
    pub const LEN: usize = 32;
    const LABEL: &[u8] = b"svk1 keystore lock\0";

    pub(super) fn of(header: &Header) -> Self {
        let mut out = [0; Self::LEN];
        let digest = digest::digest(&digest::SHA256, &[Self::LABEL, &header.lock_part()].concat());
        out.copy_from_slice(digest.as_ref());
        Self(out)
    }

    /// It from its bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; Self::LEN]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }
}

/// What Argon2id makes of the passphrase: the key that unwraps the keystore's data key, and opens nothing else.
pub struct UnlockingKey {
    /// What it opens.
    pub of: LockId,
    /// The key.
    pub key: Secret32,
}

impl Keystore {
    /// Which lock the profile's keystore has now.
    ///
    /// # Errors
    /// As [`Keystore::inspect`].
    pub fn lock_id(profile: &Profile) -> Result<LockId, KeystoreError> {
        Ok(LockId::of(&Header::parse(&read(&path_in(profile))?)?.0))
    }

    /// Derives the unlocking key of the profile's keystore, and opens all of it to see that the key is right.
    ///
    /// # Errors
    /// As [`Keystore::open`].
    pub fn unlocking_key(profile: &Profile, passphrase: &Passphrase) -> Result<UnlockingKey, KeystoreError> {
        let bytes = read(&path_in(profile))?;
        let (header, body) = Header::parse(&bytes)?;
        let key = header.unlocking_key(passphrase)?;
        record::open_all(&header, &header.unwrap_with(&key)?, body)?;
        Ok(UnlockingKey { of: LockId::of(&header), key })
    }

    /// Opens the profile's keystore with a key that was derived before.
    ///
    /// # Errors
    /// [`KeystoreError::WrongPassphrase`] when the key is not that of this keystore; else as [`Keystore::open`].
    pub fn open_with(profile: &Profile, unlocking: &UnlockingKey) -> Result<Self, KeystoreError> {
        let path = path_in(profile);
        let bytes = read(&path)?;
        let (header, body) = Header::parse(&bytes)?;
        if LockId::of(&header) != unlocking.of {
            return Err(KeystoreError::WrongPassphrase);
        }
        let data_key = header.unwrap_with(&unlocking.key).map_err(|_| KeystoreError::WrongPassphrase)?;
        let contents = record::open_all(&header, &data_key, body)?;
        Ok(Self { path, header, data_key, contents })
    }
}
