//! Instruments that look for anything acknowledged and lost, each by another kind of fault.
//!
//! * [`kill`]: SIGKILL, under real clients.
//! * [`report`]: what a run found, for people and as JSON.
//! * [`serve`]: a hub over the recorder, as a process of its own.

pub mod kill;
pub mod report;
pub mod serve;

pub use report::{Finding, Report};
