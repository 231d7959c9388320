//! The laws of the log's copy on disk; see [`crate::laws`].

use bytes::Bytes;

use super::copy::{bytes_of, entries_in};

/// Input: `u8 count | the file`. What is read stands at the file's beginning, entry by entry, and no more of it than asked for.
pub fn log_copy(input: &[u8]) {
    let Some((count, file)) = input.split_first() else { return };
    let entries = entries_in(Bytes::copy_from_slice(file), u64::from(*count));
    assert!(entries.len() <= usize::from(*count));
    let mut written = Vec::new();
    for entry in &entries {
        entry.write(&mut written).unwrap_or_else(|_| unreachable!("memory can be written"));
    }
    assert_eq!(written.len() as u64, bytes_of(&entries));
    assert!(file.starts_with(&written), "other entries than those in the file");
}
