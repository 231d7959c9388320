//! The laws of the store's parsers; see [`crate::laws`].

use ring::digest;

use super::clean::Clean;
pub use super::journal::laws::{journal_frames, journal_segment};
use super::record::invite;
pub use super::record::laws::record_head;
use crate::registry::{CodeHash, Invitation, Invite};

/// Input: a mark of a clean stop without its digest. What is believed of it is written the same again; without the right digest
/// nothing is.
pub fn clean_mark(input: &[u8]) {
    assert!(Clean::parse(input).is_none(), "a mark is believed without its digest");
    let sum = digest::digest(&digest::SHA256, input);
    let Some(clean) = Clean::parse(&[input, sum.as_ref()].concat()) else { return };
    let again = Clean::parse(&clean.encode());
    assert_eq!(again.as_ref(), Some(&clean), "a mark is read in another way than it is written");
}

/// An invitation that the operator's request gave stands in the journal as it was given.
pub(crate) fn invitation_is_kept(invitation: Invitation) {
    let (code, invite) = (CodeHash::from_bytes([1; 32]), Invite { invitation, since_ms: 1, expires_ms: 2 });
    let (read_code, read) = invite::parse(&invite::encode(&code, &invite))
        .unwrap_or_else(|| unreachable!("what the hub writes it can read"));
    assert!(read_code == code && read == invite);
}
