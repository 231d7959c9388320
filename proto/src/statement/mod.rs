//! The byte layouts both sides parse, hash and sign. One file a statement; PROTOCOL.md has the bytes.
//!
//! * [`header`]: what the hub sees of a message.
//! * [`receipt`]: what devices and the hub say about a message; [`batch`]: how receipts are signed and travel.
//! * [`consent`]: what the hub keeps of a consent; [`recall`]: a message taken back.
//!
//! Signed statements are two types: unverified as parsed, and [`Verified`], which only verification makes.

pub mod batch;
pub mod consent;
pub mod header;
pub mod recall;
pub mod receipt;

mod merkle;
mod signed;
mod verified;

pub use signed::Unverified;
pub use verified::Verified;
