//! The Merkle tree of the log (RFC 6962 section 2.1), over ct-merkle.

use super::Checkpoint;
use crate::fault::{Fault, InvalidField};
use ct_merkle::mem_backed_tree::MemoryBackedTree;
use ct_merkle::{ConsistencyProof, InclusionProof, RootHash};
use sha2::Sha256;

/// Largest tree a proof may speak of. ct-merkle counts nodes in a `u64` and panics beyond 2^63 leaves.
const MAX_PROVED_SIZE: u64 = 1 << 62;

/// A tree at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TreeHead {
    /// How many leaves it has.
    pub size: u64,
    /// Its Merkle tree hash.
    pub root: [u8; 32],
}

/// An append-only tree in memory. Holds leaf data and hashes, about 200 bytes a leaf; the records stay with the caller.
#[derive(Clone)]
pub struct LogTree {
    tree: MemoryBackedTree<Sha256, Box<[u8]>>,
    /// `roots[n]` is the root of the first `n` leaves, so that an earlier root costs nothing.
    roots: Vec<[u8; 32]>,
}

impl Default for LogTree {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for LogTree {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LogTree").field("size", &self.size()).finish_non_exhaustive()
    }
}

impl LogTree {
    /// An empty tree.
    #[must_use]
    pub fn new() -> Self {
        let tree = MemoryBackedTree::new();
        let roots = vec![root_of(&tree)];
        Self { tree, roots }
    }

    /// Appends leaf data and says at which index, from 0.
    pub fn append(&mut self, data: &[u8]) -> u64 {
        let index = self.tree.len();
        self.tree.push(data.into());
        self.roots.push(root_of(&self.tree));
        index
    }

    /// How many leaves it has.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.tree.len()
    }

    /// The data of a leaf.
    #[must_use]
    pub fn leaf(&self, index: u64) -> Option<&[u8]> {
        self.tree.get(usize::try_from(index).ok()?).map(AsRef::as_ref)
    }

    /// The tree now.
    #[must_use]
    pub fn head(&self) -> TreeHead {
        TreeHead { size: self.size(), root: root_of(&self.tree) }
    }

    /// The root of the first `size` leaves; `None` when there are fewer.
    #[must_use]
    pub fn root_at(&self, size: u64) -> Option<[u8; 32]> {
        self.roots.get(usize::try_from(size).ok()?).copied()
    }

    /// The audit path of a leaf in the whole tree; `None` when there is no such leaf.
    #[must_use]
    pub fn prove_inclusion(&self, index: u64) -> Option<Vec<[u8; 32]>> {
        let index = usize::try_from(index).ok().filter(|_| index < self.size())?;
        Some(hashes(self.tree.prove_inclusion(index).as_bytes()))
    }

    /// The proof that the whole tree continues its first `old_size` leaves; `None` unless `1 ≤ old_size ≤ size`.
    #[must_use]
    pub fn prove_consistency(&self, old_size: u64) -> Option<Vec<[u8; 32]>> {
        let added = self.size().checked_sub(old_size).filter(|_| old_size > 0)?;
        Some(hashes(self.tree.prove_consistency(usize::try_from(added).ok()?).as_bytes()))
    }

    /// Checks that a checkpoint says nothing about this tree that is not so.
    ///
    /// # Errors
    /// `checkpoint_ahead` when it covers more leaves, `checkpoint_forked` when its root is another.
    pub fn check(&self, checkpoint: &Checkpoint) -> Result<(), InvalidField> {
        match self.root_at(checkpoint.head().size) {
            None => Err(Fault::CheckpointAhead.in_field("checkpoint")),
            Some(root) if root != checkpoint.head().root => {
                Err(Fault::CheckpointForked.in_field("checkpoint"))
            }
            Some(_) => Ok(()),
        }
    }
}

fn root_of(tree: &MemoryBackedTree<Sha256, Box<[u8]>>) -> [u8; 32] {
    (*tree.root().as_bytes()).into()
}

/// Splits ct-merkle's concatenated digests.
fn hashes(bytes: &[u8]) -> Vec<[u8; 32]> {
    bytes.as_chunks().0.to_vec()
}

fn root_hash(head: &TreeHead) -> RootHash<Sha256> {
    RootHash::new(head.root.into(), head.size)
}

/// Verifies the audit path of leaf `index` with this data in the tree `head`.
///
/// # Errors
/// `count_out_of_range` unless `index < size ≤ 2^62`, `bad_length` for a path of another length than index and size give,
/// `hash_mismatch` when it does not lead to the root.
pub fn verify_inclusion(
    head: &TreeHead,
    index: u64,
    data: &[u8],
    path: &[[u8; 32]],
) -> Result<(), InvalidField> {
    if index >= head.size || head.size > MAX_PROVED_SIZE {
        return Err(Fault::CountOutOfRange.in_field("index"));
    }
    if ct_merkle::indices_for_inclusion_proof(head.size, index).len() != path.len() {
        return Err(Fault::BadLength.in_field("path"));
    }
    let proof =
        InclusionProof::try_from_bytes(path.concat()).map_err(|_| Fault::BadLength.in_field("path"))?;
    root_hash(head).verify_inclusion(&data, index, &proof).map_err(|_| Fault::HashMismatch.in_field("root"))
}

/// Verifies that the tree `new` continues the tree `old`.
///
/// # Errors
/// `count_out_of_range` unless `1 ≤ old ≤ new ≤ 2^62` in size, `bad_length` for a proof of another length than the sizes give,
/// `checkpoint_forked` when it does not lead to both roots.
pub fn verify_consistency(old: &TreeHead, new: &TreeHead, path: &[[u8; 32]]) -> Result<(), InvalidField> {
    if old.size == 0 || old.size > new.size || new.size > MAX_PROVED_SIZE {
        return Err(Fault::CountOutOfRange.in_field("size"));
    }
    if ct_merkle::indices_for_consistency_proof(old.size, new.size - old.size).len() != path.len() {
        return Err(Fault::BadLength.in_field("path"));
    }
    let proof =
        ConsistencyProof::try_from_bytes(path.concat()).map_err(|_| Fault::BadLength.in_field("path"))?;
    root_hash(new)
        .verify_consistency(&root_hash(old), &proof)
        .map_err(|_| Fault::CheckpointForked.in_field("root"))
}
