//! The laws of every parser.
//!
//! A [`Target`] is one parser with its law: a plain function over any bytes, which panics when the law does not hold.
//! Three things call it: `cargo test`, over the committed corpora and the regressions (`tests/replay.rs`); libFuzzer
//! (`src/bin/engine.rs`); and the program that starts it and reports (`src/bin/fuzz.rs`).
//!
//! The laws ask for more than not to panic:
//!
//! * a statement that is accepted encodes to exactly the bytes it was read from, and is read the same a second time;
//! * its lists and lengths are within the bounds of `samverkan_proto::limits`;
//! * what was signed or sealed does not verify or open once a bit of it is another;
//! * a journal of any content is read or reported damaged, and never yields a record that was not written;
//! * no parser takes memory far beyond its input: [`Target::check`] has the allocator count it.

mod cursor;
pub mod engine;
mod laws;
mod targets;

pub use targets::{Target, target, targets};
