//! The keys of the index. Each begins with a letter for what it leads to.
//!
//! | key | value |
//! |---|---|
//! | `l` index\[8\] | location of a log entry |
//! | `i` code hash\[32\] | location of an open invite |
//! | `j` code hash\[32\] | location of a used invite |

use super::journal::Location;
use crate::registry::CodeHash;

pub(super) const LOG: u8 = b'l';
pub(super) const INVITE: u8 = b'i';
pub(super) const USED_INVITE: u8 = b'j';

/// A letter and the fields behind it.
fn key<const N: usize>(letter: u8, fields: [&[u8]; N]) -> Vec<u8> {
    let mut key = vec![letter];
    fields.iter().for_each(|field| key.extend_from_slice(field));
    key
}

pub(super) fn log(index: u64) -> Vec<u8> {
    key(LOG, [&index.to_be_bytes()])
}

pub(super) fn invite(code: &CodeHash) -> Vec<u8> {
    key(INVITE, [code.as_bytes()])
}

pub(super) fn used_invite(code: &CodeHash) -> Vec<u8> {
    key(USED_INVITE, [code.as_bytes()])
}

/// A value that is a location and nothing else.
pub(super) fn location(value: &[u8]) -> Option<Location> {
    value.try_into().ok().map(Location::from_bytes)
}
