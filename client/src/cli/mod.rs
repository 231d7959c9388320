//! What the program `samverkan` says and does.
//!
//! * [`program`]: one run, from the command line to the exit code.
//! * `commands`: the tree of commands; each is a file beside this one.
//! * `globals`, `wording`, `exits`, `usage`: options everywhere, help from the Fluent files, mistakes on the command line.
//! * `context`, `interrupt`: what a command works with, and how it is stopped.
//! * [`output`]: the only writer to stdout and stderr.
//! * [`page`]: a result in lines for people.
//! * [`json`]: a result for programs.
//! * [`progress`]: how far something long has come.

pub mod program;

mod commands;
mod exits;
mod globals;
mod usage;
mod wording;

mod console;
mod context;
mod interrupt;
mod steps;

pub mod json;
pub mod output;
pub mod page;
pub mod progress;

mod cloud;
mod moment;
mod organisation;

mod completions;
mod doctor;
mod find;
mod help;
mod join;
mod key;
mod man;
mod org;
mod profile;

#[cfg(test)]
mod testing;
#[cfg(test)]
pub(crate) use wording::message_ids as help_message_ids;
