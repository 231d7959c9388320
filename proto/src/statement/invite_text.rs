//! How every invite is written as one string (PROTOCOL.md section 14): a prefix, and base64url without padding of a version, what the
//! invite says, and four bytes that catch typing errors.

use data_encoding::BASE64URL_NOPAD;
use zeroize::Zeroizing;

use crate::codec::{Reader, Writer};
use crate::fault::{Fault, InvalidField};
use crate::ids::sha256;

const VERSION: u8 = 1;
/// Bytes that catch typing errors.
pub(super) const CHECK_LEN: usize = 4;

/// The longest string with this prefix whose invite says at most `most` bytes.
pub(super) const fn max_len(prefix: &str, most: usize) -> usize {
    prefix.len() + ((1 + most + CHECK_LEN) * 4).div_ceil(3)
}

/// Writes an invite, which is as secret as what it says.
pub(super) fn encode(prefix: &str, write: impl FnOnce(&mut Writer)) -> Zeroizing<String> {
    let mut w = Writer::default();
    w.u8(VERSION);
    write(&mut w);
    let mut bytes = Zeroizing::new(w.finish());
    let check = check_of(&bytes);
    bytes.extend_from_slice(&check);
    let encoded = Zeroizing::new(BASE64URL_NOPAD.encode(&bytes));
    Zeroizing::new(format!("{prefix}{}", *encoded))
}

/// Reads an invite of at most `max_len` bytes.
///
/// # Errors
/// `wrong_magic` without the prefix, `trailing_bytes` for a longer one, `bad_text` when the rest is not base64url, `unknown_version`, those
/// of `read`, `truncated`, `trailing_bytes`, and `hash_mismatch` when the check bytes show a typing error.
pub(super) fn parse<T>(
    text: &str,
    prefix: &str,
    max_len: usize,
    read: impl FnOnce(&mut Reader<'_>) -> Result<T, InvalidField>,
) -> Result<T, InvalidField> {
    let encoded = text.strip_prefix(prefix).ok_or(Fault::WrongMagic.in_field("invite"))?;
    if text.len() > max_len {
        return Err(Fault::TrailingBytes.in_field("invite"));
    }
    let bytes = BASE64URL_NOPAD.decode(encoded.as_bytes()).map(Zeroizing::new);
    let bytes = bytes.map_err(|_| Fault::BadText.in_field("invite"))?;
    let mut r = Reader::new(&bytes);
    if r.u8("version")? != VERSION {
        return Err(Fault::UnknownVersion.in_field("version"));
    }
    let said = read(&mut r)?;
    let check: [u8; CHECK_LEN] = r.array("check")?;
    r.finish("invite")?;
    if check != check_of(&bytes[..bytes.len() - CHECK_LEN]) {
        return Err(Fault::HashMismatch.in_field("check"));
    }
    Ok(said)
}

/// The bytes that catch typing errors.
pub(super) fn check_of(bytes: &[u8]) -> [u8; CHECK_LEN] {
    *sha256(bytes).first_chunk().expect("SHA-256 is longer than 4 bytes")
}
