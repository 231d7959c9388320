//! The keystore: every secret of one device, in one file that a passphrase opens.
//!
//! | part | bytes | what |
//! |---|---|---|
//! | [`header`] | 208 | version, derivation parameters, salt, key check, wrapped data key, generation, digest |
//! | [`record`] | the rest | one sealed record an entry, then an empty one that marks the end |
//!
//! Argon2id turns the passphrase into a key that wraps a random data key; from the data key and a fresh salt of each
//! commit comes the key that seals the records. Every record is bound to the whole header and to its position, so
//! truncation, bit flips, swapped or foreign records are all [`KeystoreError::Damaged`]. What can not be seen from
//! inside one file is that a whole older, genuine keystore was put back.
//!
//! [`contents`] says what may be kept. Changes stay in memory until [`Keystore::commit`], which replaces the file in
//! one step and demands the profile's lock. [`UnlockingKey`] is what [`crate::keeper`] keeps while the profile is unlocked.

use std::path::PathBuf;

use crate::files::{self, FileError, FileReason};
use crate::home::{Profile, ProfileLock};
use crate::passphrase::Passphrase;
use crate::secret::{NoRandomness, Secret32};

pub mod contents;
mod header;
pub mod kdf;
pub(crate) mod laws;
mod record;
mod unlocking;

pub use contents::{Contents, EntryName};
use header::{HEADER_LEN, Header};
pub use kdf::KdfCost;
pub use unlocking::{LockId, UnlockingKey};

/// The largest keystore that is read or written: room for some hundred thousand message keys.
pub const MAX_KEYSTORE_BYTES: u64 = 64 << 20;

/// The file's name inside the profile folder.
const FILE_NAME: &str = "keystore";

/// Where a keystore is broken. For diagnosis; a person is told "damaged" whatever it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    /// It does not start like a keystore, or is too short to be one.
    NotAKeystore,
    /// The header's digest does not match.
    Header,
    /// The data key does not unwrap, although the passphrase is right.
    DataKey,
    /// A record does not open in its place, is missing, or one is too many.
    Record,
    /// The records open, but what is in them makes no sense.
    Contents,
}

/// Why a keystore was not opened or written.
#[derive(Debug, thiserror::Error)]
pub enum KeystoreError {
    /// The profile has no keystore.
    #[error("there is no keystore")]
    Missing,
    /// The passphrase is not the one the keystore was made with.
    #[error("wrong passphrase")]
    WrongPassphrase,
    /// The bytes are not what was written.
    #[error("the keystore is damaged ({0:?})")]
    Damaged(Damage),
    /// A version this program does not know.
    #[error("the keystore has version {0}")]
    OtherVersion(u16),
    /// The derivation parameters are outside [`KdfCost`]'s bounds.
    #[error("the keystore's derivation cost is outside the bounds")]
    CostRefused,
    /// The derivation did not get its memory.
    #[error("not enough memory for the key derivation")]
    OutOfMemory,
    /// Another process committed since this one read the file.
    #[error("the keystore was changed meanwhile")]
    Changed,
    /// The contents would exceed [`MAX_KEYSTORE_BYTES`] or a value its bound.
    #[error("the keystore is full")]
    Full,
    /// No randomness.
    #[error(transparent)]
    Randomness(#[from] NoRandomness),
    /// The file could not be used.
    #[error(transparent)]
    File(#[from] FileError),
}

impl From<Damage> for KeystoreError {
    fn from(damage: Damage) -> Self {
        Self::Damaged(damage)
    }
}

/// What a keystore shows of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeystoreFacts {
    /// The size of the file.
    pub bytes: u64,
    /// How many sealed records it says it has, the one that marks the end among them.
    pub records: u32,
}

/// An open keystore.
pub struct Keystore {
    path: PathBuf,
    header: Header,
    data_key: Secret32,
    contents: Contents,
}

impl Keystore {
    /// Whether the profile has a keystore.
    #[must_use]
    pub fn exists(profile: &Profile) -> bool {
        path_in(profile).symlink_metadata().is_ok()
    }

    /// What can be seen of the profile's keystore without its passphrase. Whether the records open is not known then.
    ///
    /// # Errors
    /// As [`Keystore::open`], but for what needs the passphrase.
    pub fn inspect(profile: &Profile) -> Result<KeystoreFacts, KeystoreError> {
        let bytes = read(&path_in(profile))?;
        let (header, _) = Header::parse(&bytes)?;
        Ok(KeystoreFacts { bytes: bytes.len() as u64, records: header.records() })
    }

    /// Makes an empty keystore and writes it.
    ///
    /// # Errors
    /// [`KeystoreError::File`] with [`FileReason::Exists`] if there is one already; nothing is overwritten.
    pub fn create(
        profile: &Profile,
        _held: &ProfileLock,
        passphrase: &Passphrase,
        cost: KdfCost,
    ) -> Result<Self, KeystoreError> {
        let data_key = Secret32::random()?;
        let header = Header::wrapping(&data_key, passphrase, cost)?;
        let (path, contents) = (path_in(profile), Contents::default());
        let (header, bytes) = seal(&header, &data_key, &contents)?;
        files::create_private(&path, &bytes)?;
        Ok(Self { path, header, data_key, contents })
    }

    /// Opens the profile's keystore.
    ///
    /// # Errors
    /// [`KeystoreError::WrongPassphrase`] is told apart from every kind of damage.
    pub fn open(profile: &Profile, passphrase: &Passphrase) -> Result<Self, KeystoreError> {
        let path = path_in(profile);
        let bytes = read(&path)?;
        let (header, body) = Header::parse(&bytes)?;
        let data_key = header.unwrap_with(&header.unlocking_key(passphrase)?)?;
        let contents = record::open_all(&header, &data_key, body)?;
        Ok(Self { path, header, data_key, contents })
    }

    /// Reads the file again after another process changed it; changes that were not committed are lost.
    ///
    /// # Errors
    /// As [`Keystore::open`]; a passphrase changed meanwhile does not matter unless the data key changed with it,
    /// which is [`KeystoreError::WrongPassphrase`].
    pub fn reload(&mut self) -> Result<(), KeystoreError> {
        let bytes = read(&self.path)?;
        let (header, body) = Header::parse(&bytes)?;
        if !header.same_data_key(&self.header) {
            return Err(KeystoreError::WrongPassphrase);
        }
        self.contents = record::open_all(&header, &self.data_key, body)?;
        self.header = header;
        Ok(())
    }

    /// What is kept, to read.
    #[must_use]
    pub fn contents(&self) -> &Contents {
        &self.contents
    }

    /// What is kept, to change in memory; [`Keystore::commit`] writes it.
    pub fn contents_mut(&mut self) -> &mut Contents {
        &mut self.contents
    }

    /// Writes the contents to disk in one step.
    ///
    /// # Errors
    /// [`KeystoreError::Changed`] if the file is no longer the one that was read. On any error the file is as it was.
    pub fn commit(&mut self, _held: &ProfileLock) -> Result<(), KeystoreError> {
        self.check_unchanged()?;
        let (header, bytes) = seal(&self.header, &self.data_key, &self.contents)?;
        files::replace_private(&self.path, &bytes)?;
        self.header = header;
        Ok(())
    }

    /// Wraps a new data key under a new passphrase and commits.
    ///
    /// # Errors
    /// As [`Keystore::commit`], and when the key derivation fails; the old passphrase stays valid then.
    pub fn change_passphrase(
        &mut self,
        _held: &ProfileLock,
        passphrase: &Passphrase,
        cost: KdfCost,
    ) -> Result<(), KeystoreError> {
        self.check_unchanged()?;
        let data_key = Secret32::random()?;
        let header = Header::wrapping(&data_key, passphrase, cost)?;
        let (header, bytes) = seal(&header, &data_key, &self.contents)?;
        files::replace_private(&self.path, &bytes)?;
        (self.header, self.data_key) = (header, data_key);
        Ok(())
    }

    fn check_unchanged(&self) -> Result<(), KeystoreError> {
        let bytes = read(&self.path)?;
        let (on_disk, _) = Header::parse(&bytes)?;
        if on_disk == self.header { Ok(()) } else { Err(KeystoreError::Changed) }
    }
}

/// Seals the contents under the next generation of `header`; gives that header and the whole file.
fn seal(
    header: &Header,
    data_key: &Secret32,
    contents: &Contents,
) -> Result<(Header, Vec<u8>), KeystoreError> {
    let entries = contents.encode();
    if HEADER_LEN as u64 + record::sealed_len(&entries) > MAX_KEYSTORE_BYTES {
        return Err(KeystoreError::Full);
    }
    let records = u32::try_from(entries.len() + 1).map_err(|_| KeystoreError::Full)?;
    let header = header.next_generation(records)?;
    let mut bytes = header.encode().to_vec();
    record::seal_all(&header, data_key, &entries, &mut bytes);
    Ok((header, bytes))
}

fn path_in(profile: &Profile) -> PathBuf {
    profile.folder().join(FILE_NAME)
}

fn read(path: &std::path::Path) -> Result<Vec<u8>, KeystoreError> {
    files::read_private(path, MAX_KEYSTORE_BYTES).map_err(|error| match error.reason {
        FileReason::Missing => KeystoreError::Missing,
        FileReason::TooLarge(_) => Damage::NotAKeystore.into(),
        _ => error.into(),
    })
}

#[cfg(test)]
mod tests;
