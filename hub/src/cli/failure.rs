//! Why a command failed: a stable code, one plain sentence, the next step, an exit code.

use std::fmt;

use serde::Serialize;

use super::exit::Exit;

/// A failed command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The stable name scripts match on; where the wire has an `ErrorReason` for it, the same word.
    pub code: &'static str,
    /// One sentence.
    pub text: String,
    /// What to do about it.
    pub next: String,
    /// How the program ends.
    pub exit: Exit,
}

impl Failure {
    /// A failure with all its parts.
    pub fn new(code: &'static str, text: impl fmt::Display, next: impl fmt::Display, exit: Exit) -> Self {
        Self { code, text: text.to_string(), next: next.to_string(), exit }
    }
}

/// One line for a person.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { code, text, next, exit } = self;
        write!(f, "error [{code}] {text} next: {next} (exit {})", exit.code())
    }
}

/// The same for a program.
#[derive(Serialize)]
pub(super) struct FailureDocument<'a> {
    error: ErrorFields<'a>,
}

#[derive(Serialize)]
struct ErrorFields<'a> {
    code: &'a str,
    message: &'a str,
    next: &'a str,
    exit: u8,
}

impl<'a> From<&'a Failure> for FailureDocument<'a> {
    fn from(failure: &'a Failure) -> Self {
        let Failure { code, text, next, exit } = failure;
        Self { error: ErrorFields { code, message: text, next, exit: exit.code() } }
    }
}
