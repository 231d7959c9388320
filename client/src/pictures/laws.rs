//! The law of pictures; see [`crate::laws`].

use bytes::Bytes;

use super::{clean, format_of};

/// Input: a file. A picture that was cleaned is one of the same kind, and there is nothing left to take away from it.
pub fn picture(input: &[u8]) {
    let Some(format) = format_of(input) else { return };
    let Ok(cleaned) = clean(format, Bytes::copy_from_slice(input)) else { return };
    assert_eq!(format_of(&cleaned), Some(format), "it became something else");
    assert_eq!(clean(format, cleaned.clone()), Ok(cleaned), "something was left");
}
