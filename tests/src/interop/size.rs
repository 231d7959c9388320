//! How long the Python implementation may be. A protocol is small when a second implementation of it is.

use super::folder;

/// The most lines, comments and empty ones included, of `protocol.py`: every format, check and algorithm.
pub const MOST_PROTOCOL_LINES: usize = 311;

/// The most lines of all its Python files together: `samverkan.py`, which drives it, has the other 142.
pub const MOST_LINES: usize = 453;

/// The most columns of a line.
pub const MOST_COLUMNS: usize = 120;

/// Counts the lines of the implementation.
///
/// # Panics
/// When a file or a line is longer than it may be.
#[must_use]
pub fn check() -> usize {
    let mut all = 0;
    for entry in std::fs::read_dir(folder()).expect("the implementation is there") {
        let path = entry.expect("readable").path();
        if path.extension().is_none_or(|extension| extension != "py") {
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("Python is UTF-8");
        let wide = text.lines().find(|line| line.chars().count() > MOST_COLUMNS);
        assert!(wide.is_none(), "{}: a line is too wide: {wide:?}", path.display());
        let lines = text.lines().count();
        let is_protocol = path.ends_with("protocol.py");
        assert!(!is_protocol || lines <= MOST_PROTOCOL_LINES, "protocol.py has {lines} lines");
        all += lines;
    }
    assert!((1..=MOST_LINES).contains(&all), "the implementation has {all} lines");
    all
}
