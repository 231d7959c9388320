//! The sixty lines of Python that check a log: against the vectors, and against a log that `samverkan` exported.

use super::{Python, folder, repository};
use crate::cli::Cli;
use crate::process::run;
use serde_json::Value;
use std::path::PathBuf;

/// The most lines of the program, comments and empty ones included.
pub const MOST_LINES: usize = 60;

/// The kinds of vectors that it reads.
const KINDS: [&str; 2] = ["checkpoint", "log_proof"];

fn program() -> PathBuf {
    folder().join("log/check.py")
}

/// Lets it answer every vector of its kinds; gives how many were right and how many were refused, each with its fault.
///
/// # Panics
/// When the program is longer than it may be, or an answer is wrong.
#[must_use]
pub fn check_vectors(python: &Python) -> (usize, usize) {
    let text = std::fs::read_to_string(program()).expect("the program is there");
    assert!(text.lines().count() <= MOST_LINES, "{} lines", text.lines().count());
    let files = std::fs::read_dir(repository().join("proto/testvectors")).expect("the vectors are there");
    let files = files
        .map(|entry| entry.expect("readable").path())
        .filter(|path| path.extension() == Some("json".as_ref()));
    let read = |path: PathBuf| -> (PathBuf, Value) {
        let vector = serde_json::from_slice(&std::fs::read(&path).expect("readable")).expect("JSON");
        (path, vector)
    };
    let is_read = |vector: &Value| KINDS.iter().any(|kind| vector["kind"] == *kind);
    let vectors: Vec<(PathBuf, Value)> = files.map(read).filter(|(_, vector)| is_read(vector)).collect();
    let names: Vec<&str> = vectors.iter().map(|(path, _)| path.to_str().expect("UTF-8")).collect();
    let answers = said(python, &names);
    assert_eq!(answers.lines().count(), vectors.len());
    let mut counted = (0, 0);
    for ((path, vector), answer) in vectors.iter().zip(answers.lines()) {
        let expected = expected(&vector["expect"]);
        assert_eq!(answer, expected, "{}", path.display());
        if expected.starts_with("ok") { counted.0 += 1 } else { counted.1 += 1 }
    }
    assert!(counted.0 >= 10 && counted.1 >= 40, "the vectors are not all there: {counted:?}");
    counted
}

/// What it must say about a vector.
fn expected(expect: &Value) -> String {
    if let Some(fault) = expect["fault"].as_str() {
        return fault.to_owned();
    }
    match expect["ok"]["root"].as_str() {
        Some(root) => {
            format!("ok {} {root} {}", expect["ok"]["size"], expect["ok"]["time"].as_u64().unwrap_or(0))
        }
        None => "ok".to_owned(),
    }
}

/// Lets it check the log that a profile exports, and the same log with a leaf left out.
///
/// # Panics
/// When it takes another log for good, or this one for bad.
pub fn check_export(python: &Python, cli: &Cli) {
    let (whole, cut) = (cli.folder().join("logg.txt"), cli.folder().join("kortare.txt"));
    let names = [&whole, &cut].map(|path| path.to_str().expect("UTF-8").to_owned());
    cli.run(&["log", "export", "-o", &names[0]]).exits(0);
    let text = std::fs::read_to_string(&whole).expect("readable");
    let (shorter, _) = text.trim_end().rsplit_once('\n').expect("many lines");
    std::fs::write(&cut, format!("{shorter}\n")).expect("writable");
    let audit = cli.json(&["log", "verify", &names[0]]);
    let said = said(python, &[&names[0], &names[1]]);
    let (good, bad) = said.split_once('\n').expect("two lines");
    let found = format!("ok {} {} ", audit["leaves"], audit["root"].as_str().expect("a root"));
    assert!(good.starts_with(&found), "{good} is not {found}");
    assert_eq!(bad.trim_end(), "checkpoint_forked");
}

fn said(python: &Python, files: &[&str]) -> String {
    let mut command = std::process::Command::new(&python.interpreter);
    run(command.arg("-B").arg(program()).args(files), b"").ok().to_owned()
}
