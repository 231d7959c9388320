//! The byte layouts both sides parse, hash and sign. One file a statement; PROTOCOL.md has the bytes.
//!
//! * [`header`]: what the hub sees of a message.
//! * [`receipt`]: what devices and the hub say about a message; [`batch`]: how receipts are signed and travel.
//! * [`manifest`]: an organisation's devices and mailboxes; [`epoch_key`]: what messages to a device are sealed to.
//! * [`log`]: leaves, tree and checkpoints of the transparency log.
//! * [`invite`]: what an organisation joins with; [`member`]: how a further device comes into it; [`safety`]: what people compare or say aloud.
//! * [`consent`]: what the hub keeps of a consent; [`withdrawal`]: its end; [`recall`]: a message taken back.
//! * [`agreement`]: what one organisation may send to another.
//! * [`operator`]: what the hub's operators do, and sign.
//! * [`renewal`]: a device's request for its next certificate; [`rewrap`]: a message for a colleague's later device.
//!
//! Signed statements are two types: unverified as parsed, and [`Verified`], which only verification makes.

pub mod agreement;
pub mod batch;
pub mod consent;
pub mod epoch_key;
pub mod header;
pub mod invite;
pub mod log;
pub mod manifest;
pub mod member;
pub mod operator;
pub mod recall;
pub mod receipt;
pub mod renewal;
pub mod rewrap;
pub mod safety;
pub mod withdrawal;

mod invite_text;
mod merkle;
mod signed;
#[cfg(test)]
pub(crate) mod testing;
mod verified;

pub use signed::Unverified;
pub use verified::Verified;
