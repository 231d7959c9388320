//! A file sealed under a 32-byte key: kept messages, drafts, entries of the outbox.
//!
//! ```text
//! "SVKF" u16 1 | salt[32] | ChaCha20-Poly1305(key = HKDF(salt, file key, "svk1 sealed file\0" || label), nonce 0, aad = "")
//! label = u8 kind || id[16]
//! ```
//!
//! The salt is fresh at every writing, so the derived key is used once. The label binds the content to what it is
//! and whose it is: a draft's file renamed to a message's name does not open.

pub(crate) mod laws;

use std::path::Path;

use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hkdf;
use secrecy::zeroize::Zeroizing;

use crate::files::{self, FileError};
use crate::secret::{NoRandomness, Secret32, random_array};

/// The most that one sealed file holds: a message of 1 MiB with all its wraps several times over.
pub const MAX_CONTENT_BYTES: usize = 8 << 20;

const MAGIC: &[u8; 4] = b"SVKF";
const VERSION: u16 = 1;
const HEAD_LEN: usize = 4 + 2 + 32;
const TAG_LEN: usize = 16;
const LABEL: &[u8] = b"svk1 sealed file\0";

/// What a sealed file is. The numbers are bound into the files and never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// Waits to be sent.
    Outbox = 1,
    /// A message that came or went, kept.
    Message = 2,
    /// Written and not sent yet.
    Draft = 3,
    /// Something else of the client's own state, such as a cache that names people.
    State = 4,
}

/// What a sealed file is, and which one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Label {
    /// What it is.
    pub kind: Kind,
    /// Which one of its kind.
    pub id: [u8; 16],
}

/// Why a sealed file was not written or opened.
#[derive(Debug, thiserror::Error)]
pub enum SealedFileError {
    /// It was changed, cut off, exchanged, or sealed under another key.
    #[error("the sealed file is damaged or is another one")]
    Damaged,
    /// The content is longer than [`MAX_CONTENT_BYTES`].
    #[error("the content is too long for a sealed file")]
    TooLarge,
    /// No randomness.
    #[error(transparent)]
    Randomness(#[from] NoRandomness),
    /// The file could not be used.
    #[error(transparent)]
    File(#[from] FileError),
}

/// Seals `content` and writes it to `path` (0600), replacing what is there in one step.
///
/// # Errors
/// [`SealedFileError`]; what was there before is untouched then.
pub fn write(path: &Path, key: &Secret32, label: Label, content: &[u8]) -> Result<(), SealedFileError> {
    Ok(files::replace_private(path, &seal(key, label, content)?)?)
}

/// Reads and opens what [`write()`] wrote under the same key and label.
///
/// # Errors
/// [`SealedFileError::Damaged`] whatever is wrong with the bytes, else [`SealedFileError::File`].
pub fn read(path: &Path, key: &Secret32, label: Label) -> Result<Zeroizing<Vec<u8>>, SealedFileError> {
    let max = (HEAD_LEN + MAX_CONTENT_BYTES + TAG_LEN) as u64;
    open(key, label, files::read_private(path, max)?)
}

fn seal(key: &Secret32, label: Label, content: &[u8]) -> Result<Vec<u8>, SealedFileError> {
    if content.len() > MAX_CONTENT_BYTES {
        return Err(SealedFileError::TooLarge);
    }
    let salt: [u8; 32] = random_array()?;
    let mut out = Vec::with_capacity(HEAD_LEN + content.len() + TAG_LEN);
    out.extend_from_slice(MAGIC);
    out.extend_from_slice(&VERSION.to_be_bytes());
    out.extend_from_slice(&salt);
    out.extend_from_slice(content);
    let tag = cipher(key, label, &salt)
        .seal_in_place_separate_tag(
            Nonce::assume_unique_for_key([0; NONCE_LEN]),
            Aad::empty(),
            &mut out[HEAD_LEN..],
        )
        .expect("the content is below ChaCha20-Poly1305's limit");
    out.extend_from_slice(tag.as_ref());
    Ok(out)
}

fn open(key: &Secret32, label: Label, bytes: Vec<u8>) -> Result<Zeroizing<Vec<u8>>, SealedFileError> {
    let mut bytes = Zeroizing::new(bytes);
    let (head, sealed) = bytes.split_at_mut_checked(HEAD_LEN).ok_or(SealedFileError::Damaged)?;
    let salt: &[u8; 32] = head
        .strip_prefix(MAGIC.as_slice())
        .and_then(|rest| rest.strip_prefix(&VERSION.to_be_bytes()))
        .and_then(|salt| salt.try_into().ok())
        .ok_or(SealedFileError::Damaged)?;
    let nonce = Nonce::assume_unique_for_key([0; NONCE_LEN]);
    let content = cipher(key, label, salt).open_in_place(nonce, Aad::empty(), sealed);
    let len = content.map_err(|_| SealedFileError::Damaged)?.len();
    bytes.copy_within(HEAD_LEN..HEAD_LEN + len, 0);
    bytes.truncate(len);
    Ok(bytes)
}

fn cipher(key: &Secret32, label: Label, salt: &[u8; 32]) -> LessSafeKey {
    let salt = hkdf::Salt::new(hkdf::HKDF_SHA256, salt);
    let info: [&[u8]; 3] = [LABEL, &[label.kind as u8], &label.id];
    let derived = salt.extract(key.expose());
    let okm = derived.expand(&info, &CHACHA20_POLY1305).expect("the length is HKDF-SHA256's own");
    LessSafeKey::new(UnboundKey::from(okm))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::files::FileReason;

    const LABEL: Label = Label { kind: Kind::Draft, id: [3; 16] };

    fn key(byte: u8) -> Secret32 {
        Secret32::from_slice(&[byte; 32]).expect("32 bytes")
    }

    #[test]
    fn what_was_written_is_read_and_does_not_show_on_disk() {
        let dir = tempfile::tempdir().expect("tempdir");
        let path = dir.path().join("draft");
        write(&path, &key(1), LABEL, b"Exempel Exempelsson").expect("written");
        assert_eq!(*read(&path, &key(1), LABEL).expect("read"), b"Exempel Exempelsson");
        let raw = std::fs::read(&path).expect("raw");
        assert!(!raw.windows(7).any(|window| window == b"Exempel"));
        write(&path, &key(1), LABEL, b"second").expect("replaced");
        assert_eq!(*read(&path, &key(1), LABEL).expect("read"), b"second");
    }

    #[test]
    fn another_key_kind_or_id_does_not_open_it() {
        let sealed = seal(&key(1), LABEL, b"content").expect("sealed");
        let others = [
            (key(2), LABEL),
            (key(1), Label { kind: Kind::Outbox, ..LABEL }),
            (key(1), Label { id: [4; 16], ..LABEL }),
        ];
        for (key, label) in others {
            assert!(matches!(open(&key, label, sealed.clone()), Err(SealedFileError::Damaged)));
        }
    }

    #[test]
    fn content_over_the_bound_is_refused() {
        let long = vec![0; MAX_CONTENT_BYTES + 1];
        assert!(matches!(seal(&key(1), LABEL, &long), Err(SealedFileError::TooLarge)));
        seal(&key(1), LABEL, &long[1..]).expect("exactly the bound");
    }

    #[test]
    fn a_missing_file_says_so() {
        let dir = tempfile::tempdir().expect("tempdir");
        let outcome = read(&dir.path().join("none"), &key(1), LABEL);
        assert!(matches!(outcome, Err(SealedFileError::File(FileError { reason: FileReason::Missing, .. }))));
    }

    proptest! {
        #[test]
        fn any_content_survives_and_any_change_is_found(
            content in proptest::collection::vec(any::<u8>(), 0..300),
            at in any::<prop::sample::Index>(),
            bit in 0u8..8,
            cut in any::<prop::sample::Index>(),
        ) {
            let sealed = seal(&key(1), LABEL, &content).expect("sealed");
            let opened = open(&key(1), LABEL, sealed.clone()).expect("opens");
            prop_assert_eq!(opened.as_slice(), content.as_slice());

            let mut flipped = sealed.clone();
            flipped[at.index(sealed.len())] ^= 1 << bit;
            prop_assert!(open(&key(1), LABEL, flipped).is_err());
            prop_assert!(open(&key(1), LABEL, sealed[..cut.index(sealed.len())].to_vec()).is_err());
        }
    }
}
