//! RFC 6962 hashes where only leaf hashes or an audit path are at hand.
//!
//! ct-merkle builds trees from whole leaves and checks a path against a root that is already known. A receipt's proof carries no
//! root, and a stored batch keeps no records; so this file computes a root from a path, and a path from leaf hashes. The tests
//! hold it against ct-merkle for every index of every size, and against published vectors.

use crate::ids::sha256_of;

/// A SHA-256 hash of a leaf or node.
pub(super) type Hash = [u8; 32];

pub(super) fn leaf_hash(leaf: &[u8]) -> Hash {
    sha256_of(&[&[0], leaf])
}

fn node_hash(left: &Hash, right: &Hash) -> Hash {
    sha256_of(&[&[1], left, right])
}

/// How many of `n` ≥ 2 leaves are in the left subtree: the largest power of two below `n`.
const fn left_leaves(n: usize) -> usize {
    1 << (n - 1).ilog2()
}

/// A whole tree over leaf hashes. The path of a leaf costs nothing once its nodes are known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Nodes {
    /// The leaf hashes, then each level above; the last has one node. A node without a sibling moves up unchanged, which is the
    /// same tree as splitting at the largest power of two (RFC 6962 section 2.1).
    levels: Vec<Vec<Hash>>,
}

impl Nodes {
    pub(super) fn new(leaves: Vec<Hash>) -> Self {
        let mut levels = vec![leaves];
        while let Some(below) = levels.last().filter(|below| below.len() > 1) {
            let above = below.chunks(2).map(|pair| match pair {
                [left, right] => node_hash(left, right),
                _ => pair[0],
            });
            levels.push(above.collect());
        }
        Self { levels }
    }

    pub(super) fn leaves(&self) -> &[Hash] {
        &self.levels[0]
    }

    /// The tree hash (RFC 6962 section 2.1); `None` for no leaves.
    pub(super) fn root(&self) -> Option<Hash> {
        self.levels.last()?.first().copied()
    }

    /// The audit path of leaf `index`, from the leaf's sibling upwards (RFC 6962 section 2.1.1); `None` when there is no such leaf.
    pub(super) fn audit_path(&self, index: usize) -> Option<Vec<Hash>> {
        if index >= self.leaves().len() {
            return None;
        }
        let siblings = self.levels.iter().enumerate().map(|(level, nodes)| nodes.get((index >> level) ^ 1));
        Some(siblings.flatten().copied().collect())
    }
}

/// How many hashes the audit path of leaf `index` of `n` > `index` leaves has.
pub(super) fn path_len(index: usize, n: usize) -> usize {
    if n < 2 {
        return 0;
    }
    let left = left_leaves(n);
    1 + match index.checked_sub(left) {
        None => path_len(index, left),
        Some(index) => path_len(index, n - left),
    }
}

/// The root above `leaf`, the leaf `index` of `n` > `index`; `None` unless the path has exactly [`path_len`] hashes.
pub(super) fn root_from_path(leaf: Hash, index: usize, n: usize, path: &[Hash]) -> Option<Hash> {
    if n < 2 {
        return path.is_empty().then_some(leaf);
    }
    let (sibling, below) = path.split_last()?;
    let left = left_leaves(n);
    Some(match index.checked_sub(left) {
        None => node_hash(&root_from_path(leaf, index, left, below)?, sibling),
        Some(index) => node_hash(sibling, &root_from_path(leaf, index, n - left, below)?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root(leaves: &[Hash]) -> Option<Hash> {
        Nodes::new(leaves.to_vec()).root()
    }

    use ct_merkle::mem_backed_tree::MemoryBackedTree;
    use data_encoding::HEXLOWER;
    use sha2::Sha256;

    /// The leaves and tree heads of certificate-transparency's reference tests (merkletree/merkle_tree_test.cc).
    const LEAVES: [&str; 8] =
        ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
    const ROOTS: [&str; 8] = [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];

    #[test]
    fn tree_heads_are_those_of_certificate_transparency() {
        let leaves: Vec<Hash> =
            LEAVES.iter().map(|leaf| leaf_hash(&HEXLOWER.decode(leaf.as_bytes()).unwrap())).collect();
        assert_eq!(root(&[]), None);
        for (n, expected) in (1..).zip(ROOTS) {
            assert_eq!(HEXLOWER.encode(&root(&leaves[..n]).unwrap()), expected);
        }
    }

    #[test]
    fn every_path_of_every_size_is_the_one_ct_merkle_makes() {
        let mut tree = MemoryBackedTree::<Sha256, Vec<u8>>::new();
        let mut leaves = Vec::new();
        for n in 1usize..=70 {
            let leaf = n.to_be_bytes().repeat(20);
            leaves.push(leaf_hash(&leaf));
            tree.push(leaf);
            let head = root(&leaves).unwrap();
            assert_eq!(head[..], tree.root().as_bytes()[..]);
            let nodes = Nodes::new(leaves.clone());
            for (index, leaf) in leaves.iter().enumerate() {
                let path = nodes.audit_path(index).unwrap();
                assert_eq!(path.as_flattened(), tree.prove_inclusion(index).as_bytes());
                assert_eq!(path.len(), path_len(index, n));
                assert_eq!(root_from_path(*leaf, index, n, &path), Some(head));
                assert_eq!(root_from_path(*leaf, index, n, &[&path[..], &[head]].concat()), None);
                if let Some((_, shorter)) = path.split_last() {
                    assert_eq!(root_from_path(*leaf, index, n, shorter), None);
                }
            }
            assert_eq!(nodes.audit_path(n), None);
        }
    }
}
