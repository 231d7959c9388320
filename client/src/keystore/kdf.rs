//! From passphrase to key: Argon2id (RFC 9106) with bounded cost.

use argon2::{Algorithm, Argon2, Params, Version};
use secrecy::zeroize::Zeroizing;

use super::KeystoreError;
use crate::passphrase::Passphrase;
use crate::secret::Secret32;

/// Length of the salt, in bytes.
pub(super) const SALT_LEN: usize = 16;
/// Length of the key check value, in bytes.
pub(super) const CHECK_LEN: usize = 32;

/// What one guess at the passphrase costs. Values outside the bounds can not be made.
///
/// The bounds hold for what is read from a file too, and are checked before any memory is allocated: a header that
/// asks for less is an attack on the passphrase, one that asks for more an attack on the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KdfCost {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

impl KdfCost {
    /// What new keystores get: 64 MiB, 3 passes, 4 lanes (RFC 9106, section 4, second recommended option).
    pub const STANDARD: Self = Self { memory_kib: 64 << 10, passes: 3, lanes: 4 };
    /// The least that is accepted: 19 MiB, 2 passes, 1 lane.
    pub const FLOOR: Self = Self { memory_kib: 19 << 10, passes: 2, lanes: 1 };

    /// The most memory that is accepted: 2 GiB.
    const MAX_MEMORY_KIB: u32 = 2 << 20;
    /// The most passes that are accepted.
    const MAX_PASSES: u32 = 16;
    /// The most lanes that are accepted.
    const MAX_LANES: u32 = 16;

    /// A cost within the bounds. `memory_kib` is in KiB.
    ///
    /// # Errors
    /// [`KeystoreError::CostRefused`] below the floor, above 2 GiB, 16 passes or 16 lanes.
    pub fn new(memory_kib: u32, passes: u32, lanes: u32) -> Result<Self, KeystoreError> {
        let within = (Self::FLOOR.memory_kib..=Self::MAX_MEMORY_KIB).contains(&memory_kib)
            && (Self::FLOOR.passes..=Self::MAX_PASSES).contains(&passes)
            && (1..=Self::MAX_LANES).contains(&lanes);
        within.then_some(Self { memory_kib, passes, lanes }).ok_or(KeystoreError::CostRefused)
    }

    /// Memory in KiB, passes, lanes: as the header carries them.
    pub(super) const fn parts(self) -> [u32; 3] {
        [self.memory_kib, self.passes, self.lanes]
    }
}

/// What a passphrase gives: the key that wraps the data key, and the value that tells a wrong passphrase.
pub(super) struct Derived {
    pub(super) wrapping_key: Secret32,
    pub(super) check: [u8; CHECK_LEN],
}

/// Derives 64 bytes: the first half wraps, the second is the check. Each half says nothing about the other, since
/// both are output of one hash.
pub(super) fn derive(
    passphrase: &Passphrase,
    salt: &[u8; SALT_LEN],
    cost: KdfCost,
) -> Result<Derived, KeystoreError> {
    let mut out = Zeroizing::new([0u8; 32 + CHECK_LEN]);
    let params = Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(out.len()))
        .map_err(|_| KeystoreError::CostRefused)?;
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase.expose().as_bytes(), salt, out.as_mut_slice())
        .map_err(|_| KeystoreError::OutOfMemory)?;
    let (key, check) = out.split_at(32);
    let mut derived = Derived {
        wrapping_key: Secret32::fill_with(|bytes| bytes.copy_from_slice(key)),
        check: [0; CHECK_LEN],
    };
    derived.check.copy_from_slice(check);
    Ok(derived)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absurd_costs_are_refused_before_anything_is_allocated() {
        let refused = [
            (19 * 1024 - 1, 2, 1),
            (19 * 1024, 1, 1),
            (0, 0, 0),
            ((2 << 20) + 1, 3, 4),
            (u32::MAX, 3, 4),
            (64 << 10, 17, 4),
            (64 << 10, u32::MAX, 4),
            (64 << 10, 3, 0),
            (64 << 10, 3, 17),
        ];
        for (memory, passes, lanes) in refused {
            let outcome = KdfCost::new(memory, passes, lanes);
            assert!(matches!(outcome, Err(KeystoreError::CostRefused)), "{memory} {passes} {lanes}");
        }
        for [memory, passes, lanes] in [KdfCost::FLOOR.parts(), KdfCost::STANDARD.parts(), [2 << 20, 16, 16]]
        {
            KdfCost::new(memory, passes, lanes).expect("within the bounds");
        }
    }

    #[test]
    fn salt_and_passphrase_both_decide_the_key() {
        let passphrase = |text: &str| Passphrase::parse(text.as_bytes().to_vec()).expect("valid");
        let derive = |text, salt| derive(&passphrase(text), &[salt; 16], KdfCost::FLOOR).expect("derived");
        let one = derive("korrekt häst", 1);
        assert!(one.wrapping_key.expose() == derive("korrekt häst", 1).wrapping_key.expose());
        assert!(one.wrapping_key.expose() != derive("korrekt häst", 2).wrapping_key.expose());
        assert!(one.wrapping_key.expose() != derive("korrekt hast", 1).wrapping_key.expose());
        assert!(one.wrapping_key.expose() != &one.check);
    }
}
