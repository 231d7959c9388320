//! What the public halves of X-Wing (draft-connolly-cfrg-xwing-kem) must obey before they are used: PROTOCOL.md section 2.
//!
//! The checks are strict where the KEM is not: X25519 (RFC 7748) takes any 32 bytes, and an implementation of ML-KEM
//! may reduce what FIPS 203 says to refuse.

use crate::fault::{Fault, InvalidField};
use crate::limits::{XWING_ENC_LEN, XWING_PUBLIC_LEN};
use crate::sign::P;

/// `q` of FIPS 203.
const MLKEM_Q: u16 = 3_329;
/// 768 coefficients of twelve bits.
const MLKEM_COEFFICIENTS: usize = 1_152;

/// Coordinates of points of low order, little-endian: 0, 1, p − 1 and the two of order eight.
const LOW_ORDER_U: [[u8; 32]; 5] = {
    let mut one = [0; 32];
    one[0] = 1;
    let mut minus_one = P;
    minus_one[0] = 0xec;
    [
        [0; 32],
        one,
        minus_one,
        *b"\xe0\xeb\x7a\x7c\x3b\x41\xb8\xae\x16\x56\xe3\xfa\xf1\x9f\xc4\x6a\xda\x09\x8d\xeb\x9c\x32\xb1\xfd\x86\x62\x05\x16\x5f\x49\xb8\x00",
        *b"\x5f\x9c\x95\xbc\xa3\x50\x8c\x24\xb1\xd0\xb1\x55\x9c\x83\xef\x5b\x04\x44\x5c\xc4\x58\x1c\x8e\x86\xd8\x22\x4e\xdd\xd0\x9f\x11\x57",
    ]
};

/// Checks an X25519 coordinate: canonical, bit 255 clear, not of low order.
///
/// # Errors
/// `low_order_key` in `field`.
pub fn check_x25519(u: &[u8; 32], field: &'static str) -> Result<(), InvalidField> {
    // Little-endian numbers compare from their last byte on; whatever has bit 255 set is above p.
    let canonical = u.iter().rev().lt(P.iter().rev());
    if canonical && !LOW_ORDER_U.contains(u) { Ok(()) } else { Err(Fault::LowOrderKey.in_field(field)) }
}

/// Checks an X-Wing public key of 1,216 bytes: ML-KEM coefficients in range, then the X25519 half.
///
/// # Errors
/// `bad_length`, `bad_key` or `low_order_key`, in `field`.
pub fn check_public(pk: &[u8], field: &'static str) -> Result<(), InvalidField> {
    if pk.len() != XWING_PUBLIC_LEN {
        return Err(Fault::BadLength.in_field(field));
    }
    let (coefficients, _) = pk[..MLKEM_COEFFICIENTS].as_chunks();
    let in_range = |[low, middle, high]: &[u8; 3]| {
        let first = u16::from(*low) | u16::from(middle & 0x0f) << 8;
        let second = u16::from(middle >> 4) | u16::from(*high) << 4;
        first < MLKEM_Q && second < MLKEM_Q
    };
    if !coefficients.iter().all(in_range) {
        return Err(Fault::BadKey.in_field(field));
    }
    check_last_half(pk, field)
}

/// Checks an X-Wing encapsulation of 1,120 bytes: its X25519 half.
///
/// # Errors
/// `bad_length` or `low_order_key`, in `field`.
pub fn check_enc(enc: &[u8], field: &'static str) -> Result<(), InvalidField> {
    if enc.len() == XWING_ENC_LEN {
        check_last_half(enc, field)
    } else {
        Err(Fault::BadLength.in_field(field))
    }
}

fn check_last_half(bytes: &[u8], field: &'static str) -> Result<(), InvalidField> {
    let u = bytes.last_chunk().ok_or(Fault::BadLength.in_field(field))?;
    check_x25519(u, field)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 9, the base point, which is as good as any.
    const GOOD_U: [u8; 32] = {
        let mut u = [0; 32];
        u[0] = 9;
        u
    };

    fn public(u: [u8; 32]) -> Vec<u8> {
        [vec![0; XWING_PUBLIC_LEN - 32], u.to_vec()].concat()
    }

    #[test]
    fn low_order_and_non_canonical_coordinates_are_refused() {
        assert_eq!(check_x25519(&GOOD_U, "pk"), Ok(()));
        let mut refused = LOW_ORDER_U.to_vec();
        // p, p + 1, 2^255 − 1, and good or bad ones with bit 255 set.
        let mut above = P;
        above[0] = 0xee;
        let mut most = [0xff; 32];
        most[31] = 0x7f;
        refused.extend([P, above, most]);
        for mut u in [GOOD_U, P, above, [0; 32]] {
            u[31] |= 0x80;
            refused.push(u);
        }
        for u in refused {
            assert_eq!(check_x25519(&u, "pk"), Err(Fault::LowOrderKey.in_field("pk")));
            assert_eq!(check_public(&public(u), "pk"), Err(Fault::LowOrderKey.in_field("pk")));
            let enc = [&[7; XWING_ENC_LEN - 32][..], &u].concat();
            assert_eq!(check_enc(&enc, "enc"), Err(Fault::LowOrderKey.in_field("enc")));
        }
    }

    #[test]
    fn every_coefficient_is_below_q() {
        // (low, middle, high) bytes of coefficient pairs around q = 0xd01.
        for (bytes, accepted) in [
            ([0x00, 0x0d, 0x00], true),
            ([0x01, 0x0d, 0x00], false),
            ([0x00, 0x00, 0xd0], true),
            ([0x00, 0x10, 0xd0], false),
            ([0xff, 0xff, 0xff], false),
        ] {
            for at in [0, 3, 576, 1_149] {
                let mut pk = public(GOOD_U);
                pk[at..at + 3].copy_from_slice(&bytes);
                let expected = if accepted { Ok(()) } else { Err(Fault::BadKey.in_field("pk")) };
                assert_eq!(check_public(&pk, "pk"), expected, "{bytes:x?} at {at}");
            }
        }
    }

    #[test]
    fn lengths_are_exact() {
        for len in [0, 31, 1_119, 1_121, 1_215, 1_217] {
            assert_eq!(check_public(&vec![1; len], "pk"), Err(Fault::BadLength.in_field("pk")));
            assert_eq!(check_enc(&vec![1; len], "enc"), Err(Fault::BadLength.in_field("enc")));
        }
    }
}
