//! The store: everything the hub keeps, durable before it is acknowledged.
//!
//! The [`journal`] is the truth: an append-only log of records, each with its own digest. The [`index`] is a cache
//! over it that can be thrown away at any time. The [`engine`] keeps the two together; [`folder`] says whose the
//! files are.
//!
//! ```text
//! store/ 0700
//!   VERSION   the format
//!   lock      held by the one hub that has the store open
//!   clean     there between a clean stop and the next start only
//!   segments/ 0000000001.seg (the journal) and 0000000001.cat (its heads, a cache)
//!   index/    the index, a cache
//! ```

pub mod engine;
pub mod folder;
pub mod index;
pub mod journal;

mod clean;
mod codec;
mod disk;

#[cfg(test)]
mod tests;
