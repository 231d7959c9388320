//! Seals and opens Samverkan messages: pure and synchronous. PROTOCOL.md sections 7, 8, 9 and 12 are its text.
//!
//! * [`seal`]: a [`seal::Draft`] becomes a [`seal::SealedMessage`], and the sender keeps its [`secret::MessageSecret`].
//! * [`open`]: received bytes pass fourteen checks, each of which makes the next type, and end as [`open::Verified`] or as a
//!   [`open::Refusal`].
//! * [`rewrap()`]: a message that was opened becomes a colleague's, who came later.
//! * [`body`], [`consent`]: what is inside a seal.
//! * [`blob`]: attachments, as streams in constant memory.
//! * [`secret`]: the key of a message, and what proves that somebody opened it.
//!
//! `suite` alone chooses algorithms; `context` has every label that is bound into them; `wire` is generated from `body.proto`.
//! The crate has no clock, no files and no network: what it must know, it is given.

pub mod seal;

pub mod open;

pub mod body;
pub mod consent;

pub mod blob;

pub mod secret;

mod rewrap;

mod context;
mod suite;
mod wire;

pub use rewrap::{RewrapError, rewrap};
pub use suite::{ENCAPSULATION_RANDOMNESS, EpochSecret, NoRandomness};
