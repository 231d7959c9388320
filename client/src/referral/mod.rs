//! A referral after it was sent: what each side may do with it, and the one state that both sides' programs make of what was done.
//!
//! A referral is what goes on between the mailbox that sent a case and one group of mailboxes that it was sent to (PROTOCOL.md
//! section 6 says what a group is). Each side takes [`Step`]s, which travel as sealed messages that the hub can not tell from any
//! other. This room has no files, no network, no clock and no words for people.
//!
//! * [`words`]: states, reasons and sides by their stable names.
//! * [`step`]: what somebody did, and what its author had seen by then.
//! * [`rules`]: who may do what in which state, as one pure function.
//! * `order`: the one order in which steps count, whatever the order in which they came.
//! * [`fold`](mod@fold): steps in, one [`Referral`] out.
//! * [`wire`]: a step as the fields of a sealed body, read strictly (PROTOCOL.md section 21).
//! * [`chain`]: through whose hands a referral that is passed on has gone; [`spare`]: the handles under which it may be.
//!
//! Nothing that was said gets lost: a step that was not its author's to take, or came too late, stays in the history without effect.

pub mod words;

pub mod step;

pub mod rules;

pub mod fold;
mod order;

pub mod chain;
pub(crate) mod laws;
pub mod spare;
pub mod wire;

pub use fold::{Effect, Entry, Referral, fold};
pub use rules::{Denied, next};
pub use step::{Act, Mailbox, Step};
pub use words::{Reason, Side, State};

#[cfg(test)]
mod tests;
