//! What a member returns of a log that the hub has signed and lost (PROTOCOL.md section 13).
//!
//! Nobody is believed: a part counts because the hub's own signature covers it, which its consistency proof shows.

use bytes::Bytes;
use samverkan_proto::limits::{MAX_PROOF_HASHES, MAX_RETURNED_LEAVES};
use samverkan_proto::reason::Refusal;
use samverkan_proto::statement::log::{Checkpoint, Leaf, LogTree, TreeHead, verify_consistency};
use samverkan_proto::v1::{ErrorReason, LogEntry, ReturnLogRequest};
use samverkan_proto::{Fault, InvalidField};

use crate::store::ReturnedLeaf;

/// What a returned part says about the hub's log.
#[derive(Debug)]
pub enum Verdict {
    /// These leaves follow the last one that the hub has.
    Continues(Vec<ReturnedLeaf>),
    /// The hub has signed another log than it has.
    Diverged,
    /// The hub has all of it.
    Known,
}

/// Compares a part with a copy of the hub's own tree, to which the leaves are appended when they follow, or may be.
///
/// # Errors
/// INVALID_FIELD for what the hub's signature does not cover; OFFSET_OUT_OF_RANGE when the part begins elsewhere than where the tree ends.
pub fn judge(
    tree: &mut LogTree,
    signed: &Checkpoint,
    request: &ReturnLogRequest,
) -> Result<Verdict, Refusal> {
    let signed = signed.head();
    if tree.root_at(signed.size).is_some_and(|own| own != signed.root) {
        return Ok(Verdict::Diverged);
    }
    let path = path(&request.path)?;
    let claimed: [u8; 32] =
        request.root[..].try_into().map_err(|_| InvalidField::new("root", Fault::BadLength))?;
    if request.entries.is_empty() {
        let before = TreeHead { size: request.from_leaf, root: claimed };
        verify_consistency(&before, &signed, &path)?;
        let is_other = tree.root_at(before.size).is_some_and(|own| own != claimed);
        return Ok(if is_other { Verdict::Diverged } else { Verdict::Known });
    }
    if signed.size <= tree.size() {
        return Ok(Verdict::Known);
    }
    if request.from_leaf != tree.size() {
        return Err(Refusal::in_field(ErrorReason::OffsetOutOfRange, "from_leaf"));
    }
    let leaves = leaves(&request.entries)?;
    leaves.iter().for_each(|returned| {
        tree.append(&returned.leaf.encode());
    });
    verify_consistency(&tree.head(), &signed, &path)?;
    Ok(Verdict::Continues(leaves))
}

fn path(hashes: &[Bytes]) -> Result<Vec<[u8; 32]>, InvalidField> {
    if hashes.len() > MAX_PROOF_HASHES {
        return Err(Fault::BadLength.in_field("path"));
    }
    let hash = |bytes: &Bytes| bytes[..].try_into().map_err(|_| Fault::BadLength.in_field("path"));
    hashes.iter().map(hash).collect()
}

fn leaves(entries: &[LogEntry]) -> Result<Vec<ReturnedLeaf>, InvalidField> {
    if entries.len() > MAX_RETURNED_LEAVES {
        return Err(Fault::CountOutOfRange.in_field("entries"));
    }
    let open = |entry: &LogEntry| {
        let leaf = Leaf::parse(&entry.leaf)?;
        let record = leaf.open(&entry.record)?;
        Ok(ReturnedLeaf { leaf, record, bytes: entry.record.clone() })
    };
    entries.iter().map(open).collect()
}

#[cfg(test)]
mod tests {
    use samverkan_proto::ids::OrgId;
    use samverkan_proto::sign::Signer;

    use super::*;

    /// A log of certificates, whose leaves are as good as any.
    fn entries(word: &str, count: usize) -> Vec<LogEntry> {
        let signer = Signer::from_seed(&[1; 32]).unwrap();
        let org = OrgId::parse(&[1; 16]).unwrap();
        let entry = |n| {
            let record = Bytes::from(format!("{word} {n}"));
            let leaf = Leaf::of_certificate(org, signer.device_id(), &record).encode();
            LogEntry { leaf: leaf.into(), record }
        };
        (0..count).map(entry).collect()
    }

    fn tree(entries: &[LogEntry]) -> LogTree {
        let mut tree = LogTree::new();
        entries.iter().for_each(|entry| {
            tree.append(&entry.leaf);
        });
        tree
    }

    fn signed(tree: &LogTree) -> Checkpoint {
        let key = Signer::from_seed(&[7; 32]).unwrap();
        Checkpoint::sign(&"testhubben".parse().unwrap(), tree.head(), &key)
    }

    /// What a member with `all` of the log returns of it.
    fn part(all: &[LogEntry], from: usize, to: usize) -> ReturnLogRequest {
        let whole = tree(all);
        let hashes = whole.prove_consistency(to as u64).unwrap();
        ReturnLogRequest {
            checkpoint: signed(&whole).note().clone(),
            from_leaf: from as u64,
            root: Bytes::copy_from_slice(&whole.root_at(from as u64).unwrap()),
            entries: all[from..to].to_vec(),
            path: hashes.iter().map(|hash| Bytes::copy_from_slice(hash)).collect(),
        }
    }

    #[test]
    fn what_the_signature_covers_is_taken_part_by_part() {
        let all = entries("one", 9);
        let (mut own, signed) = (tree(&all[..3]), signed(&tree(&all)));
        for (from, to) in [(3, 5), (5, 9)] {
            let verdict = judge(&mut own, &signed, &part(&all, from, to)).unwrap();
            assert!(matches!(verdict, Verdict::Continues(leaves) if leaves.len() == to - from));
        }
        assert_eq!(own.head(), signed.head());
        let again = judge(&mut own, &signed, &part(&all, 5, 9)).unwrap();
        assert!(matches!(again, Verdict::Known));
    }

    #[test]
    fn what_the_signature_does_not_cover_is_refused() {
        let all = entries("one", 9);
        let signed = signed(&tree(&all));
        let refused = |change: &dyn Fn(&mut ReturnLogRequest)| {
            let mut request = part(&all, 3, 7);
            change(&mut request);
            judge(&mut tree(&all[..3]), &signed, &request).expect_err("refused").field.unwrap()
        };
        assert_eq!(refused(&|request| request.entries[1] = entries("two", 2)[1].clone()), "root");
        assert_eq!(refused(&|request| request.entries[1].record = Bytes::from_static(b"x")), "record");
        assert_eq!(refused(&|request| request.entries.swap(0, 1)), "root");
        assert_eq!(refused(&|request| request.from_leaf = 2), "from_leaf");
        assert_eq!(refused(&|request| request.path.truncate(1)), "path");
        assert_eq!(refused(&|request| request.path[0] = Bytes::from_static(&[0; 31])), "path");
        assert_eq!(refused(&|request| request.path = vec![Bytes::from_static(&[0; 32]); 64]), "path");
        assert_eq!(refused(&|request| request.root = Bytes::new()), "root");
        assert_eq!(refused(&|request| request.entries = vec![request.entries[0].clone(); 1025]), "entries");
    }

    #[test]
    fn epoch_keys_come_back_with_their_record_or_not_at_all() {
        let signer = Signer::from_seed(&[1; 32]).unwrap();
        let org = OrgId::parse(&[1; 16]).unwrap();
        let leaf = Leaf::EpochKeys { org_id: org, device_id: signer.device_id(), record: [3; 32] };
        let mut all = entries("one", 4);
        all.push(LogEntry { leaf: leaf.encode().into(), record: Bytes::new() });
        let refused = judge(&mut tree(&all[..3]), &signed(&tree(&all)), &part(&all, 3, 5));
        assert_eq!(refused.expect_err("refused").field.unwrap(), "record");
    }

    #[test]
    fn a_log_that_went_on_otherwise_is_found_out_by_proof_alone() {
        let (all, mut other) = (entries("one", 9), entries("one", 3));
        other.extend(entries("two", 3));
        let mut own = tree(&other);
        // The member has more, and says where the two were one no longer.
        let report = part(&all, 6, 6);
        assert!(matches!(judge(&mut own, &signed(&tree(&all)), &report).unwrap(), Verdict::Diverged));
        // The member has less.
        let report = part(&all[..5], 5, 5);
        assert!(matches!(judge(&mut own, &signed(&tree(&all[..5])), &report).unwrap(), Verdict::Diverged));
        // An invented root proves nothing.
        let mut invented = part(&all, 6, 6);
        invented.root = Bytes::from_static(&[5; 32]);
        judge(&mut own, &signed(&tree(&all)), &invented).expect_err("invented");
        let same = part(&all, 3, 3);
        assert!(matches!(judge(&mut own, &signed(&tree(&all)), &same).unwrap(), Verdict::Known));
    }
}
