//! What becomes of one message, as pure functions: no I/O, no clock, no store.
//!
//! [`Shape`] is what the header says for good: the groups, and who reads what. [`Marks`] is what has happened since, small enough for an
//! index value. [`step`] takes one [`Event`], changes the marks, and says what follows: whose queues change, which receipts the hub
//! must sign for the sender, and whether the message is to be purged (PROTOCOL.md section 11).

mod marks;
mod shape;
mod step;

#[cfg(test)]
mod tests;

pub use marks::{GroupState, Marks, MarksError};
pub use shape::{Shape, WrapShape};
pub use step::{Contradiction, Effect, Event, Verdict, state, step, waiting};
