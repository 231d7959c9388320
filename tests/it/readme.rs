//! The README shows what the demo really prints, and the demo leaves nothing behind.

use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};
use samverkan_tests::binaries::binaries;
use samverkan_tests::demo::END;
use samverkan_tests::normalise::Normaliser;
use samverkan_tests::process::{Outcome, Running, run};
use samverkan_tests::until::until;
use std::os::unix::process::CommandExt as _;
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

/// Ctrl-C on a terminal: every process of the demo's group gets the signal.
#[test]
fn a_demo_that_is_stopped_leaves_neither_files_nor_processes() {
    let (temporary, beside) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("another"));
    let log = beside.path().join("log");
    let mut command = Command::new(binaries().client.with_file_name("demo"));
    let mut demo = Running::start(command.env("TMPDIR", temporary.path()).process_group(0), &log);
    let told = || std::fs::read_to_string(&log).expect("the demo's output");
    until("the story runs", || told().contains("has joined").then_some(()));
    let group = i32::try_from(demo.id()).ok().and_then(Pid::from_raw).expect("a process id");
    kill_process_group(group, Signal::INT).expect("the group can be signalled");
    let status = until("the demo ends", || demo.finished());
    assert_eq!(status.code(), Some(130), "{}", told());
    assert!(told().ends_with("\nThe demo was stopped.\n"), "{}", told());
    let left: Vec<_> = std::fs::read_dir(temporary.path()).expect("listed").collect();
    assert!(left.is_empty(), "the demo leaves {left:?}");
    test_kill_process_group(group).expect_err("none of its processes is left");
}

#[test]
fn a_demo_that_is_misused_says_so() {
    let program = binaries().client.with_file_name("demo");
    run(Command::new(program).arg("--loud"), b"").exits(2);
}
