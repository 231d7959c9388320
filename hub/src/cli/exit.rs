//! Exit codes, the same in `samverkan` and `samverkan-hub`.

/// How a run ended, as a script sees it. The numbers are a promise: none is ever given a second meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// What was asked for is done.
    Done = 0,
    /// A defect, or a failure nobody foresaw.
    Unexpected = 1,
    /// The command line makes no sense.
    Usage = 2,
    /// Not set up yet, or set up wrongly.
    NotSetUp = 3,
    /// What was named does not exist.
    NotFound = 4,
    /// A rule refused it.
    Refused = 6,
    /// The hub can not be reached; trying again is sensible.
    HubUnreachable = 7,
    /// The state of things does not allow it now.
    Conflict = 8,
    /// Integrity: do not trust what was found.
    Integrity = 9,
}

impl Exit {
    /// The number the shell sees.
    pub const fn code(self) -> u8 {
        self as u8
    }
}

/// The table that every help page ends with.
pub(super) const TABLE: &str = "\
Exit codes:
  0  done
  1  something unexpected went wrong
  2  the command line makes no sense
  3  not set up yet, or set up wrongly
  4  what was named does not exist
  6  refused by a rule
  7  the hub can not be reached; try again
  8  the state of things does not allow it now
  9  integrity: do not trust what was found
130  interrupted";
