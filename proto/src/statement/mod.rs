//! The byte layouts both sides parse, hash and sign. One file a statement; PROTOCOL.md has the bytes.
//!
//! * [`header`]: what the hub sees of a message.
//! * [`receipt`]: what devices and the hub say about a message; [`batch`]: how receipts are signed and travel.
//!
//! Signed statements are two types: unverified as parsed, and [`Verified`], which only verification makes.

pub mod batch;
pub mod header;
pub mod receipt;

mod merkle;
mod verified;

pub use verified::Verified;
