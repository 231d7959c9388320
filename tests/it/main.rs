//! Stories and bad inputs against running programs: one test binary, so that one hub serves every test that can share it.
//!
//! `bad_NNN_…` is case NNN of the list of bad inputs.

mod canaries;
mod cli_walk;
mod joining;
mod readme;
mod tampering;

mod bad_080_attachments;
