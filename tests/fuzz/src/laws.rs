//! What the laws of several targets have in common.

use std::fmt::Debug;

/// A strict parser: whatever it accepts encodes to the same bytes, and is read the same a second time. Gives what was read.
pub(crate) fn one_encoding<T: PartialEq + Debug, E: PartialEq + Debug>(
    bytes: &[u8],
    parse: impl Fn(&[u8]) -> Result<T, E>,
    encode: impl Fn(&T) -> Vec<u8>,
) -> Option<T> {
    let first = parse(bytes);
    assert_eq!(first, parse(bytes), "the same bytes are read in two ways");
    let value = first.ok()?;
    assert_eq!(encode(&value), bytes, "what was accepted has another encoding");
    Some(value)
}

/// `bytes` with one bit the other way round; which one is chosen by `at`. `None` for no bytes.
pub(crate) fn with_a_bit_flipped(bytes: &[u8], at: u16) -> Option<Vec<u8>> {
    let place = usize::from(at >> 3).checked_rem(bytes.len())?;
    let mut changed = bytes.to_vec();
    changed[place] ^= 1 << (at & 7);
    Some(changed)
}
