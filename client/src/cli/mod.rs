//! What the program `samverkan` says and does.
//!
//! * [`program`]: one run, from the command line to the exit code.
//! * `commands`: the tree of commands; each is a file beside this one.
//! * `globals`, `wording`, `exits`, `usage`: options everywhere, help from the Fluent files, mistakes on the command line.
//! * `context`, `console`, `interrupt`: what a command works with, whom it asks, and how it is stopped.
//! * `input`, `fields`, `names`, `reference`, `moment`: what people and files give, parsed at the edge.
//! * `organisation`, `thread`, `referral`, `answers`, `change`: what several commands tell in the same way; `step` and `letter`: what several do.
//! * [`output`]: the only writer to stdout and stderr.
//! * [`page`]: a result in lines for people.
//! * [`json`]: a result for programs.
//! * [`progress`] and `steps`: how far something long has come.

pub mod program;

mod commands;
mod exits;
mod globals;
mod usage;
mod wording;

mod console;
mod context;
mod interrupt;

mod join;
mod recover;

mod find;
mod send;
mod sent;

mod export;
mod inbox;
mod reply;

mod ask;
mod course;
mod decide;
mod forward;

mod resend;
mod save;
mod show;

mod consent;
mod recall;
mod receipts;
mod track;
mod watch;

mod agreement;
mod change;
mod key;
mod mailbox;
mod member;
mod member_changes;
mod org;

mod discard;
mod doctor;
mod profile;
mod unlock;

mod completions;
mod compromise;
mod help;
mod log;
mod man;

mod answers;
mod cloud;
mod fields;
mod input;
mod letter;
mod moment;
mod names;
mod organisation;
mod reference;
mod referral;
mod step;
mod thread;

pub mod json;
pub mod output;
pub mod page;
pub mod progress;
mod steps;
mod stopped;

#[cfg(test)]
mod stories;
#[cfg(test)]
mod testing;
#[cfg(test)]
pub(crate) use wording::message_ids as help_message_ids;
