//! Sealing and opening the records that follow the header.
//!
//! ```text
//! record = u32 length | ChaCha20-Poly1305(key of this commit, nonce = u32 0 || u64be(index), aad, plaintext)
//! aad    = "svk1 keystore record\0" || header[208] || u32 index
//! ```
//!
//! The record after the last entry is empty; it proves that the header's count of records is genuine even when there
//! is no entry at all.

use ring::aead::{Aad, LessSafeKey, NONCE_LEN, Nonce};
use ring::hkdf;
use secrecy::zeroize::Zeroizing;

use super::contents::Contents;
use super::header::{self, HEADER_LEN, Header};
use super::{Damage, KeystoreError};
use crate::secret::Secret32;

const KEY_LABEL: &[u8] = b"svk1 keystore records\0";
const AAD_LABEL: &[u8] = b"svk1 keystore record\0";
const TAG_LEN: usize = 16;

/// How many bytes [`seal_all`] will append.
pub(super) fn sealed_len(entries: &[Zeroizing<Vec<u8>>]) -> u64 {
    let framed = |len: usize| (4 + len + TAG_LEN) as u64;
    entries.iter().map(|entry| framed(entry.len())).sum::<u64>() + framed(0)
}

/// Appends every entry, sealed, and the empty last record.
pub(super) fn seal_all(
    header: &Header,
    data_key: &Secret32,
    entries: &[Zeroizing<Vec<u8>>],
    out: &mut Vec<u8>,
) {
    let sealer = Sealer::new(header, data_key);
    let end = Zeroizing::new(Vec::new());
    for (index, entry) in (0u32..).zip(entries.iter().chain([&end])) {
        let mut buffer = entry.clone();
        let tag = sealer
            .key
            .seal_in_place_separate_tag(nonce(index), sealer.aad(index), buffer.as_mut_slice())
            .expect("an entry is far below ChaCha20-Poly1305's limit");
        let length = u32::try_from(buffer.len() + TAG_LEN).expect("an entry is below 64 MiB");
        out.extend_from_slice(&length.to_be_bytes());
        out.extend_from_slice(&buffer);
        out.extend_from_slice(tag.as_ref());
    }
}

/// Opens every record of `body`, which must hold exactly those that the header counts.
pub(super) fn open_all(header: &Header, data_key: &Secret32, body: &[u8]) -> Result<Contents, KeystoreError> {
    let sealer = Sealer::new(header, data_key);
    let last = header.records().checked_sub(1).ok_or(Damage::Record)?;
    let mut contents = Contents::default();
    let mut rest = body;
    for index in 0..=last {
        let (length, after) = rest.split_first_chunk().ok_or(Damage::Record)?;
        let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|_| Damage::Record)?;
        let (sealed, after) = after.split_at_checked(length).ok_or(Damage::Record)?;
        rest = after;
        let mut buffer = Zeroizing::new(sealed.to_vec());
        let entry = sealer
            .key
            .open_in_place(nonce(index), sealer.aad(index), buffer.as_mut_slice())
            .map_err(|_| Damage::Record)?;
        if index == last {
            let ends_here = entry.is_empty() && rest.is_empty();
            return if ends_here { Ok(contents) } else { Err(Damage::Record.into()) };
        }
        contents.decode_next(entry)?;
    }
    Err(Damage::Record.into())
}

struct Sealer {
    key: LessSafeKey,
    header: [u8; HEADER_LEN],
}

impl Sealer {
    fn new(header: &Header, data_key: &Secret32) -> Self {
        let salt = hkdf::Salt::new(hkdf::HKDF_SHA256, header.commit_salt());
        let key = Secret32::fill_with(|key| {
            salt.extract(data_key.expose())
                .expand(&[KEY_LABEL], hkdf::HKDF_SHA256)
                .and_then(|okm| okm.fill(key))
                .expect("HKDF-SHA256 gives 32 bytes");
        });
        Self { key: header::cipher(&key), header: header.encode() }
    }

    fn aad(&self, index: u32) -> Aad<Vec<u8>> {
        Aad::from([AAD_LABEL, &self.header, &index.to_be_bytes()].concat())
    }
}

/// The position is the nonce: the key is used for one commit only, so no nonce occurs twice.
fn nonce(index: u32) -> Nonce {
    let mut nonce = [0; NONCE_LEN];
    nonce[NONCE_LEN - 4..].copy_from_slice(&index.to_be_bytes());
    Nonce::assume_unique_for_key(nonce)
}
