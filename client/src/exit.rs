//! The exit codes of `samverkan`, the same ones that `samverkan-hub` uses.

use std::process::ExitCode;

/// How a run of the program ended, as a script sees it.
///
/// The numbers are a promise to scripts: one is never given a second meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// What was asked for is done.
    Done = 0,
    /// A defect of the program, or a failure nobody foresaw.
    Unexpected = 1,
    /// The command line makes no sense.
    Usage = 2,
    /// Not set up yet, or set up wrongly.
    NotSetUp = 3,
    /// What was named does not exist.
    NotFound = 4,
    /// Locked, or the passphrase is wrong.
    Locked = 5,
    /// A rule refused it: consent, agreement, an unverified or changed key, suspension, quota.
    Refused = 6,
    /// The hub can not be reached; trying again is sensible.
    HubUnreachable = 7,
    /// The state of things does not allow it now.
    Conflict = 8,
    /// Integrity: do not trust what was found.
    Integrity = 9,
    /// A wait ended before what was waited for happened.
    WaitTimedOut = 10,
    /// Interrupted by the person (128 + SIGINT).
    Interrupted = 130,
}

impl Exit {
    /// Every exit code, in ascending order; help and documentation are made from it.
    pub const ALL: [Self; 12] = [
        Self::Done,
        Self::Unexpected,
        Self::Usage,
        Self::NotSetUp,
        Self::NotFound,
        Self::Locked,
        Self::Refused,
        Self::HubUnreachable,
        Self::Conflict,
        Self::Integrity,
        Self::WaitTimedOut,
        Self::Interrupted,
    ];

    /// The number the shell sees.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_numbers_never_move() {
        let codes: Vec<u8> = Exit::ALL.iter().map(|exit| exit.code()).collect();
        assert_eq!(codes, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 130]);
    }
}
