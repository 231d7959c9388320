//! What the journal's records say. A record's head is what a rebuild of the index needs; its body is the rest.
//!
//! | kind | record | head | body |
//! |---|---|---|---|
//! | 1 | log entry | `u64 index, leaf data` | the leaf's record |
//! | 2 | invite | see `invite.rs` | — |
//! | 3 | used invite | see `invite.rs` | — |

pub(super) mod invite;

use samverkan_proto::statement::log::Leaf;

use super::codec::Take;

/// Record kinds. Their numbers stand on disk.
pub(super) mod kind {
    pub(in crate::store) const LOG_ENTRY: u8 = 1;
    pub(in crate::store) const INVITE: u8 = 2;
    pub(in crate::store) const USED_INVITE: u8 = 3;
}

/// The head of a log entry.
pub(super) fn encode_log_entry(index: u64, leaf: &Leaf) -> Vec<u8> {
    let mut head = index.to_be_bytes().to_vec();
    head.extend_from_slice(&leaf.encode());
    head
}

/// Reads the head of a log entry.
pub(super) fn parse_log_entry(head: &[u8]) -> Option<(u64, Leaf)> {
    let mut take = Take::new(head);
    let index = take.u64()?;
    Some((index, Leaf::parse(take.rest()).ok()?))
}
