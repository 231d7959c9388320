//! The README shows what the demo really prints, and the demo leaves nothing behind.

use samverkan_tests::binaries::binaries;
use samverkan_tests::demo::END;
use samverkan_tests::normalise::Normaliser;
use samverkan_tests::process::{Outcome, run};
use std::path::Path;
use std::process::Command;

fn demo(temporary: &Path) -> Outcome {
    let program = binaries().client.with_file_name("demo");
    run(Command::new(program).env("TMPDIR", temporary), b"")
}

/// The lines of the README's block of demo output.
fn shown() -> Vec<String> {
    let readme = include_str!("../../README.md");
    let block = readme.split("```text\n").nth(1).expect("a block of output");
    let block = block.split("```").next().expect("its end");
    block.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

/// A line in which what differs from run to run is a word.
fn normal(line: &str) -> String {
    Normaliser::new().apply(line).trim().to_owned()
}

#[test]
fn the_demo_prints_what_the_readme_shows_and_leaves_nothing() {
    let temporary = tempfile::tempdir().expect("a folder");
    let outcome = demo(temporary.path());
    assert!(outcome.ok().ends_with(&format!("{END}\n")), "{}", outcome.stdout);
    let left: Vec<_> = std::fs::read_dir(temporary.path()).expect("listed").collect();
    assert!(left.is_empty(), "the demo leaves {left:?}");
    let shown = shown();
    assert!(shown.len() >= 10, "the README shows ten lines: {shown:?}");
    let mut told = outcome.stdout.lines().map(normal);
    for line in &shown {
        // Each in its turn: a line that is found is never looked for before it again.
        assert!(told.any(|told| told == normal(line)), "the demo does not print {line:?} there");
    }
}

#[test]
fn a_demo_that_is_misused_says_so() {
    let program = binaries().client.with_file_name("demo");
    run(Command::new(program).arg("--loud"), b"").exits(2);
}
