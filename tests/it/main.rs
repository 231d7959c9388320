//! Stories and bad inputs against running programs: one test binary, so that one hub serves every test that can share it.
//!
//! `bad_NNN_…` is case NNN of the list of bad inputs.

mod ground;

mod bad_050_header;
mod bad_055_directory;
mod bad_060_times_and_lengths;
mod bad_065_sealed;
mod bad_066_repeats;
mod bad_080_attachments;

mod canaries;
mod cli_walk;
mod crash;
mod endings;
mod joining;
mod readme;
mod story_transcript;
mod suspension;
mod tampering;
