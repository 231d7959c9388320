//! What the program `samverkan` says and how.
//!
//! * [`output`]: the only writer to stdout and stderr.
//! * [`page`]: a result in lines for people.
//! * [`json`]: a result for programs.
//! * [`progress`]: how far something long has come.

pub mod json;
pub mod output;
pub mod page;
pub mod progress;
