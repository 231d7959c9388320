//! The transparency log: what its leaves say, the tree over them, and the hub's signature on it (PROTOCOL.md section 13).
//!
//! * [`Leaf`]: one leaf's data; [`Leaf::open`] checks the record that travels beside it, and parses it into a [`Record`].
//! * [`EpochKeyBatch`], [`HubKeys`], [`OrganisationEntry`]: the records that have no file of their own elsewhere.
//! * [`LogTree`]: the RFC 6962 tree, its roots and its proofs.
//! * [`Checkpoint`]: a signed root, and when it was the newest.
//! * [`Operators`]: who may act for the hub, and what of their signed actions counts.
//! * [`Agreements`]: what organisations may send each other.
//! * [`LogFold`], [`Organisation`]: the log read from its first leaf on, its rules, and who is in it.
//! * [`audit`]: a whole log checked from a file, with nothing but the file.

mod agreements;
pub mod audit;
mod checkpoint;
mod fold;
mod history;
mod leaf;
mod operators;
mod organisation;
mod record;
mod tree;

pub use agreements::{AgreementFault, Agreements, Standing};
pub use checkpoint::Checkpoint;
pub use fold::{Action, Check, LogFault, LogFold};
pub use history::Organisation;
pub use leaf::{Leaf, Record};
pub use operators::{ActionFault, Operator, Operators, Subject, Verdict};
pub use organisation::{OrganisationEntry, OrganisationFields};
pub use record::{EpochKeyBatch, HubKeys};
pub use tree::{LogTree, TreeHead, verify_consistency, verify_inclusion};

#[cfg(test)]
mod tests;
