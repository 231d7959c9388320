//! That a member has shown a checkpoint of this hub which its log is not: `u8 kind (1 behind, 2 diverged), u64 size, root[32]`.
//!
//! The signature on the checkpoint was verified before this was written.

use samverkan_proto::statement::log::TreeHead;

use crate::registry::Claim;
use crate::store::codec::Take;

const BEHIND: u8 = 1;
const DIVERGED: u8 = 2;

/// The head of the record.
pub(in crate::store) fn encode(claim: &Claim) -> Vec<u8> {
    let (kind, head) = match claim {
        Claim::Behind(head) => (BEHIND, head),
        Claim::Diverged(head) => (DIVERGED, head),
    };
    [&[kind][..], &head.size.to_be_bytes(), &head.root].concat()
}

/// Reads the head of the record.
pub(in crate::store) fn parse(head: &[u8]) -> Option<Claim> {
    let (kind, rest) = head.split_first()?;
    let mut take = Take::new(rest);
    let size = take.u64()?;
    let root = take.bytes(32)?.try_into().ok()?;
    let head = take.is_empty().then_some(TreeHead { size, root })?;
    match *kind {
        BEHIND => Some(Claim::Behind(head)),
        DIVERGED => Some(Claim::Diverged(head)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_is_read_back_and_nothing_else_is_one() {
        let head = TreeHead { size: 7, root: [9; 32] };
        for claim in [Claim::Behind(head), Claim::Diverged(head)] {
            let bytes = encode(&claim);
            assert_eq!(parse(&bytes), Some(claim));
            assert!((0..bytes.len()).all(|len| parse(&bytes[..len]).is_none()));
            assert_eq!(parse(&[&bytes[..], &[0]].concat()), None);
        }
        assert_eq!(parse(&[&[3][..], &encode(&Claim::Behind(head))[1..]].concat()), None);
    }
}
