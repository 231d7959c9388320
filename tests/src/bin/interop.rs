//! The Python implementation against the vectors and against a running hub.
//!
//! `interop PYTHON`: PYTHON is an interpreter with the packages of `tests/interop/requirements.txt`. Every vector is handed over under a
//! random name, without its own name and expectation. Then Python and `samverkan` write to each other through a real hub.

use samverkan_tests::interop::{Python, live, log, size, vectors};
use samverkan_tests::story::Story;
use std::path::PathBuf;
use std::process::ExitCode;

fn main() -> std::io::Result<ExitCode> {
    let mut story =
        Story::begin(std::io::stdout(), "A second implementation, written from PROTOCOL.md alone")?;
    let Some(python) = std::env::args_os().nth(1) else {
        story.tell("usage: interop PYTHON")?;
        return Ok(ExitCode::from(2));
    };
    let python = Python::new(PathBuf::from(python));
    let lines = size::check();
    story.tell(&format!("it has {lines} lines"))?;
    story.chapter("Every vector, told apart by its bytes alone")?;
    let answered = vectors::check(&python);
    story.tell(&format!(
        "{} positive and {} negative vectors answered as expected; it opened {} sealed wraps, and {} that it made were opened",
        answered.positive, answered.negative, answered.opened, answered.made
    ))?;
    let (good, bad) = log::check_vectors(&python);
    story.tell(&format!(
        "sixty lines of Python took {good} checkpoints and proofs, and refused {bad} by name"
    ))?;
    story.chapter("Python and samverkan through one hub")?;
    live::tell(&python, &mut story)?;
    story.tell("interoperability holds")?;
    Ok(ExitCode::SUCCESS)
}
