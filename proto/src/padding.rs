//! Padmé: sizes that leak O(log log L) bits (Nikitin et al., PETS 2019).

use crate::limits::{BLOB_HEADER, MAX_SEGMENTS, MIN_PADDED, SEGMENT, TAG_LEN};

/// The Padmé size of `len` ≥ 2: at most 12 % larger, for small lengths.
const fn padme(len: u64) -> u64 {
    let e = len.ilog2();
    let s = e.ilog2() + 1;
    let mask = (1 << (e - s)) - 1;
    (len + mask) & !mask
}

/// The size that `len` bytes of plaintext are padded to; `len` is below 2^62.
#[must_use]
pub const fn padded(len: u64) -> u64 {
    padme(if len > MIN_PADDED { len } else { MIN_PADDED })
}

/// Whether some length is padded to exactly `size`.
#[must_use]
pub const fn is_padded_size(size: u64) -> bool {
    size >= MIN_PADDED && size < 1 << 62 && padme(size) == size
}

/// The length of the blob that holds an attachment of `true_len` bytes.
#[must_use]
pub const fn blob_len(true_len: u64) -> u64 {
    let plain = padded(true_len + 8);
    BLOB_HEADER as u64 + plain + plain.div_ceil(SEGMENT as u64) * TAG_LEN as u64
}

/// Whether an attachment can have a blob of `len` bytes (PROTOCOL.md section 9).
#[must_use]
pub const fn is_blob_len(len: u64) -> bool {
    let Some(body) = len.checked_sub(BLOB_HEADER as u64) else { return false };
    let segments = body.div_ceil((SEGMENT + TAG_LEN) as u64);
    if segments == 0 || segments > MAX_SEGMENTS {
        return false;
    }
    match body.checked_sub(segments * TAG_LEN as u64) {
        Some(plain) => plain.div_ceil(SEGMENT as u64) == segments && is_padded_size(plain),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn edges_are_those_of_the_specification() {
        assert_eq!(padded(0), 4096);
        assert_eq!(padded(4096), 4096);
        assert_eq!(padded(4097), 4352);
        assert_eq!(padded(68 + crate::limits::MAX_BODY as u64) + 16, crate::limits::MAX_CONTENT as u64);
        assert_eq!(padded(crate::limits::MAX_TRUE_LEN + 8), 1 << 31);
        assert_eq!(blob_len(crate::limits::MAX_TRUE_LEN), crate::limits::MAX_BLOB);
        assert!(!is_padded_size(0) && !is_padded_size(4095) && !is_padded_size(4097));
        assert!(!is_blob_len(0) && !is_blob_len(54) && !is_blob_len(u64::MAX));
    }

    proptest! {
        #[test]
        fn padding_grows_little_and_is_a_fixed_point(len in 2u64..1 << 40) {
            let size = padded(len);
            prop_assert!(size >= len);
            prop_assert!(size <= len.max(4096) + len.max(4096) / 8);
            prop_assert!(is_padded_size(size));
            prop_assert_eq!(padded(size), size);
        }

        #[test]
        fn every_attachment_has_a_possible_blob(true_len in 0u64..=crate::limits::MAX_TRUE_LEN) {
            prop_assert!(is_blob_len(blob_len(true_len)));
        }
    }
}
