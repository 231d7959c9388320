//! Instruments that look for anything acknowledged and lost, each by another kind of fault.
//!
//! * [`kill`]: SIGKILL, under real clients.
//! * [`report`]: what a run found, for people and as JSON.
//! * [`power`]: power cuts at any moment, and [`loop_file`] on a real file system; [`flip`]: damaged files; [`io`]: errors of the disk, on a [`failing`] one, in a [`script`].
//! * [`load`]: clients that send, receive and acknowledge; [`ledger`]: what was acknowledged to them, and when; [`judge`]: compares a
//!   store with it; [`hosted`]: a hub in this process, on any disk; [`folders`]: copies of folders.
//! * [`serve`]: a hub over the recorder, as a process of its own.

pub mod failing;
pub mod flip;
pub mod folders;
pub mod hosted;
pub mod io;
pub mod judge;
pub mod kill;
pub mod ledger;
pub mod load;
pub mod loop_file;
pub mod power;
pub mod report;
pub mod script;
pub mod serve;

pub use report::{Finding, Report};

/// A runtime for clients and for looking into stores.
fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime")
}

/// Threads that share work of which half is waiting for the disk.
fn threads() -> usize {
    2 * std::thread::available_parallelism().map_or(1, Into::into)
}
