//! The transparency log: what its leaves say, the tree over them, and the hub's signature on it (PROTOCOL.md section 13).
//!
//! * [`Leaf`]: one leaf's data; [`Leaf::open`] checks the record that travels beside it, and parses it into a [`Record`].
//! * [`EpochKeyBatch`], [`HubKeys`], [`OrganisationEntry`]: the records that have no file of their own elsewhere.
//! * [`LogTree`]: the RFC 6962 tree, its roots and its proofs.
//! * [`Checkpoint`]: a signed root.

mod checkpoint;
mod leaf;
mod organisation;
mod record;
mod tree;

pub use checkpoint::Checkpoint;
pub use leaf::{Leaf, Record};
pub use organisation::{OrganisationEntry, OrganisationFields};
pub use record::{EpochKeyBatch, HubKeys};
pub use tree::{LogTree, TreeHead, verify_consistency, verify_inclusion};

#[cfg(test)]
mod tests;
