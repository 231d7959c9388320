//! An unlocked profile: a small process in the background that keeps the unlocking key, and nothing else, for a bounded time.
//!
//! | part | what |
//! |---|---|
//! | `frame` | the two messages that are spoken on the socket, each of one fixed length |
//! | `kept` | when the key is given out and when it is over: pure, with the time handed in |
//! | `client` | what commands do: ask for the key, ask how long it stays, prolong, end it |
//! | `start` | how `unlock` starts the process and hands the key over |
//! | [`process`] | the process itself: this program again, with the one argument [`ARGUMENT`] |
//!
//! The socket is the file `unlocked` (0600) inside the profile's folder (0700). Both ends look at the other's user id, which the
//! kernel vouches for (`SO_PEERCRED`), and the caller names the lock of its keystore, so that a key is never given for another profile,
//! nor for a passphrase that has been changed. Whoever can become this user, or root, can have the key while it is kept: that is what
//! unlocking means.
//!
//! Time is counted on the clock that goes on while the computer sleeps (`CLOCK_BOOTTIME`): a lid that was closed for longer than the
//! time that was left opens on a locked profile. The process belongs to no terminal, so closing one does not end it; logging out ends it
//! where the system ends a user's processes then.

use std::time::Duration;

mod client;
mod frame;
mod kept;
pub mod process;
mod start;

pub use client::{forget, key, prolong, status};
pub use start::start;

/// How long a profile stays unlocked unless it is said.
pub const USUAL: Duration = Duration::from_secs(30 * 60);
/// The longest that a profile stays unlocked after the passphrase was typed.
pub const LONGEST: Duration = Duration::from_secs(8 * 60 * 60);
/// The argument that makes this program the process in the background. People have no use for it.
pub const ARGUMENT: &str = "keep-unlocked";

/// The socket's name inside the profile folder.
const SOCKET: &str = "unlocked";
/// The file whose lock the process holds for as long as it lives.
const LOCK: &str = "unlocking";

/// What a process answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It keeps the key of this lock, for so long.
    Unlocked {
        /// The time that is left.
        left: Duration,
    },
    /// It keeps the key of another lock: the passphrase was changed since.
    OtherLock,
    /// Nothing is kept.
    Locked,
}
