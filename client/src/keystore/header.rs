//! The keystore's header: fixed length, big-endian, every byte meaning something.
//!
//! ```text
//! "SVKK" u16 1 | u16 1 (Argon2id 0x13) u32 memory_kib u32 passes u32 lanes salt[16] check[32] | nonce[12] wrapped_data_key[48]
//! u64 generation salt_of_commit[32] u32 n_records u32 0 | SHA-256 of all before [32]
//! ```
//!
//! The digest tells accidental damage from a wrong passphrase. It stops no attacker; the records do, for each is
//! bound to it.

use ring::aead::{self, Aad, CHACHA20_POLY1305, LessSafeKey, UnboundKey};
use ring::digest;
use secrecy::zeroize::Zeroizing;
use subtle::ConstantTimeEq;

use super::kdf::{self, CHECK_LEN, Derived, KdfCost, SALT_LEN};
use super::{Damage, KeystoreError};
use crate::passphrase::Passphrase;
use crate::secret::{Secret32, random_array};

/// Length of the whole header, in bytes.
pub(super) const HEADER_LEN: usize = LOCK_LEN + 48 + DIGEST_LEN;

const MAGIC: &[u8; 4] = b"SVKK";
const VERSION: u16 = 1;
const KDF_ARGON2ID: u16 = 1;
/// The part that the wrapping of the data key is bound to.
const BOUND_LEN: usize = 4 + 2 + 2 + 12 + SALT_LEN + CHECK_LEN;
/// That part, then the wrapped data key.
const LOCK_LEN: usize = BOUND_LEN + aead::NONCE_LEN + WRAPPED_LEN;
const WRAPPED_LEN: usize = 32 + 16;
const DIGEST_LEN: usize = 32;
const WRAP_LABEL: &[u8] = b"svk1 keystore data key\0";

/// A header whose digest was right. It vouches for nothing until a record has opened under it.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Header {
    cost: KdfCost,
    salt: [u8; SALT_LEN],
    check: [u8; CHECK_LEN],
    nonce: [u8; aead::NONCE_LEN],
    wrapped: [u8; WRAPPED_LEN],
    generation: u64,
    commit_salt: [u8; 32],
    records: u32,
}

impl Header {
    /// A header of generation 0 that wraps `data_key` under `passphrase`, with a fresh salt.
    pub(super) fn wrapping(
        data_key: &Secret32,
        passphrase: &Passphrase,
        cost: KdfCost,
    ) -> Result<Self, KeystoreError> {
        let salt = random_array()?;
        let Derived { wrapping_key, check } = kdf::derive(passphrase, &salt, cost)?;
        let mut header = Self {
            cost,
            salt,
            check,
            nonce: random_array()?,
            wrapped: [0; WRAPPED_LEN],
            generation: 0,
            commit_salt: [0; 32],
            records: 0,
        };
        let mut buffer = Zeroizing::new([0u8; 32]);
        buffer.copy_from_slice(data_key.expose());
        let nonce = aead::Nonce::assume_unique_for_key(header.nonce);
        let tag = cipher(&wrapping_key)
            .seal_in_place_separate_tag(nonce, header.wrap_aad(), buffer.as_mut_slice())
            .expect("32 bytes are within ChaCha20-Poly1305's limit");
        header.wrapped[..32].copy_from_slice(buffer.as_slice());
        header.wrapped[32..].copy_from_slice(tag.as_ref());
        Ok(header)
    }

    /// The same header for the next commit: next generation, fresh salt.
    pub(super) fn next_generation(&self, records: u32) -> Result<Self, KeystoreError> {
        let generation = self.generation.checked_add(1).ok_or(KeystoreError::Full)?;
        Ok(Self { generation, commit_salt: random_array()?, records, ..self.clone() })
    }

    /// Reads the header at the start of `bytes`; the rest is the body.
    pub(super) fn parse(bytes: &[u8]) -> Result<(Self, &[u8]), KeystoreError> {
        let mut input = bytes;
        if &take::<4>(&mut input)? != MAGIC {
            return Err(Damage::NotAKeystore.into());
        }
        let version = u16::from_be_bytes(take(&mut input)?);
        if version != VERSION {
            return Err(KeystoreError::OtherVersion(version));
        }
        let (signed, body) = bytes.split_at_checked(HEADER_LEN).ok_or(Damage::NotAKeystore)?;
        let (covered, expected) = signed.split_at(HEADER_LEN - DIGEST_LEN);
        if digest::digest(&digest::SHA256, covered).as_ref() != expected {
            return Err(Damage::Header.into());
        }
        if u16::from_be_bytes(take(&mut input)?) != KDF_ARGON2ID {
            return Err(Damage::Header.into());
        }
        let [memory_kib, passes, lanes] =
            [take_u32(&mut input)?, take_u32(&mut input)?, take_u32(&mut input)?];
        let header = Self {
            cost: KdfCost::new(memory_kib, passes, lanes)?,
            salt: take(&mut input)?,
            check: take(&mut input)?,
            nonce: take(&mut input)?,
            wrapped: take(&mut input)?,
            generation: u64::from_be_bytes(take(&mut input)?),
            commit_salt: take(&mut input)?,
            records: take_u32(&mut input)?,
        };
        if take_u32(&mut input)? != 0 {
            return Err(Damage::Header.into());
        }
        Ok((header, body))
    }

    /// The bytes as they stand in the file.
    pub(super) fn encode(&self) -> [u8; HEADER_LEN] {
        let mut out = Vec::with_capacity(HEADER_LEN);
        out.extend_from_slice(&self.bound_part());
        out.extend_from_slice(&self.nonce);
        out.extend_from_slice(&self.wrapped);
        out.extend_from_slice(&self.generation.to_be_bytes());
        out.extend_from_slice(&self.commit_salt);
        out.extend_from_slice(&self.records.to_be_bytes());
        out.extend_from_slice(&[0; 4]);
        let digest = digest::digest(&digest::SHA256, &out);
        out.extend_from_slice(digest.as_ref());
        out.try_into().unwrap_or_else(|_| unreachable!("the parts add up to HEADER_LEN"))
    }

    /// Derives the key that opens the data key.
    pub(super) fn unlocking_key(&self, passphrase: &Passphrase) -> Result<Secret32, KeystoreError> {
        let Derived { wrapping_key, check } = kdf::derive(passphrase, &self.salt, self.cost)?;
        if bool::from(check.ct_eq(&self.check)) {
            Ok(wrapping_key)
        } else {
            Err(KeystoreError::WrongPassphrase)
        }
    }

    /// Opens the data key.
    pub(super) fn unwrap_with(&self, wrapping_key: &Secret32) -> Result<Secret32, KeystoreError> {
        let mut buffer = Zeroizing::new(self.wrapped);
        let nonce = aead::Nonce::assume_unique_for_key(self.nonce);
        let data_key = cipher(wrapping_key)
            .open_in_place(nonce, self.wrap_aad(), buffer.as_mut_slice())
            .map_err(|_| Damage::DataKey)?;
        Ok(Secret32::from_slice(data_key).ok_or(Damage::DataKey)?)
    }

    /// Whether both headers wrap the data key in the same bytes.
    pub(super) fn same_data_key(&self, other: &Self) -> bool {
        self.bound_part() == other.bound_part() && self.nonce == other.nonce && self.wrapped == other.wrapped
    }

    /// What the passphrase decides: the part that the wrapping is bound to, and the wrapped data key.
    pub(super) fn lock_part(&self) -> Vec<u8> {
        [&self.bound_part()[..], &self.nonce, &self.wrapped].concat()
    }

    /// The salt of this commit, from which with the data key the key of its records comes.
    pub(super) const fn commit_salt(&self) -> &[u8; 32] {
        &self.commit_salt
    }

    /// How many records follow, the empty last one among them.
    pub(super) const fn records(&self) -> u32 {
        self.records
    }

    fn bound_part(&self) -> [u8; BOUND_LEN] {
        let mut out = [0; BOUND_LEN];
        let [memory, passes, lanes] = self.cost.parts().map(u32::to_be_bytes);
        let parts: [&[u8]; 8] = [
            MAGIC,
            &VERSION.to_be_bytes(),
            &KDF_ARGON2ID.to_be_bytes(),
            &memory,
            &passes,
            &lanes,
            &self.salt,
            &self.check,
        ];
        let mut rest = out.as_mut_slice();
        for part in parts {
            let (here, after) = rest.split_at_mut(part.len());
            here.copy_from_slice(part);
            rest = after;
        }
        out
    }

    fn wrap_aad(&self) -> Aad<Vec<u8>> {
        Aad::from([WRAP_LABEL, &self.bound_part()].concat())
    }
}

/// The one cipher of the keystore.
pub(super) fn cipher(key: &Secret32) -> LessSafeKey {
    let key = UnboundKey::new(&CHACHA20_POLY1305, key.expose());
    LessSafeKey::new(key.expect("ChaCha20-Poly1305 keys are 32 bytes long"))
}

fn take<const N: usize>(input: &mut &[u8]) -> Result<[u8; N], KeystoreError> {
    let (taken, rest) = input.split_first_chunk().ok_or(Damage::NotAKeystore)?;
    *input = rest;
    Ok(*taken)
}

fn take_u32(input: &mut &[u8]) -> Result<u32, KeystoreError> {
    take(input).map(u32::from_be_bytes)
}
