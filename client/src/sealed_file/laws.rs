//! The laws of sealed files; see [`crate::laws`].

use super::{Kind, Label, open, seal};
use crate::secret::Secret32;

/// Input: `u16 at | u8 difference | content`. What was sealed opens, and does not once a byte is another, or under another label.
pub fn sealed_file(input: &[u8]) {
    let key = Secret32::fill_with(|key| key.fill(1));
    let label = Label { kind: Kind::Draft, id: [1; 16] };
    assert!(open(&key, label, input.to_vec()).is_err(), "nobody who fuzzes has the key");
    let Some((&[high, low, difference], content)) = input.split_first_chunk() else { return };
    let mut sealed = seal(&key, label, content).unwrap_or_else(|_| unreachable!("the content is short"));
    let opened = open(&key, label, sealed.clone()).unwrap_or_else(|_| unreachable!("it was sealed so"));
    assert!(opened.as_slice() == content);
    let other = Label { kind: Kind::Message, ..label };
    assert!(open(&key, other, sealed.clone()).is_err(), "a draft opens as a message");
    let at = usize::from(u16::from_be_bytes([high, low])) % sealed.len();
    sealed[at] ^= difference;
    assert_eq!(open(&key, label, sealed).is_err(), difference != 0, "a changed file opens");
}
