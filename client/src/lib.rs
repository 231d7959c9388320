//! The Samverkan client: what the program `samverkan` is made of.
//!
//! What a secret touches, from the outside in:
//!
//! * [`harden`]: no core dumps, no debugger, no content in a panic.
//! * [`home`]: a private folder a profile, with a lock.
//! * [`files`]: private files, opened and replaced with care.
//! * [`passphrase`] and [`keystore`]: the device's secrets in one file.
//! * [`keeper`]: a small process that keeps an unlocked profile's key.
//! * [`sealed_file`]: messages, drafts and what waits to be sent, each under a key of its own.
//! * [`recovery`]: an organisation's root as words on paper.
//! * [`secret`]: bytes that wipe themselves.
//!
//! What it does with the hub:
//!
//! * [`session`]: sending, receiving, tracking, consent.
//! * [`pictures`]: without what they tell beside the picture.
//! * [`forms`]: what is asked about a person, and the law it is passed on under; files, not code.
//! * [`referral`]: what a referral has come to, from the steps that both sides took; pure.
//!
//! What a person sees:
//!
//! * [`cli`]: output for people and programs.
//! * [`text`]: every sentence, from Fluent files.
//! * [`escape`] and [`filenames`]: text and names from elsewhere, made harmless.
//! * [`error`] and [`exit`]: stable codes, the next step, the exit code.

pub mod cli;
pub mod clock;
pub mod connect;
pub mod directory;

pub mod error;
pub mod escape;
pub mod exit;
pub mod export;
pub mod filenames;
pub mod files;
pub mod forms;
pub mod harden;
pub mod home;
pub mod keeper;
pub mod keystore;
#[doc(hidden)]
pub mod laws;
pub mod passphrase;
pub mod pictures;
pub mod recovery;
pub mod referral;
pub mod sealed_file;
pub mod secret;
pub mod session;
pub mod text;
