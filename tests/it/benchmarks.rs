//! `tests/BENCHMARKS.md` says what the files in `tests/results` say: no figure of a comparison or of `faults` is copied by hand. What is said of
//! `log-sync.json` is prose, and not compared.

use samverkan_tests::loadgen::compare::table::table;
use serde_json::Value;
use std::path::{Path, PathBuf};

fn tests() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Prose is written from it.
const PROSE: &str = "log-sync.json";

fn report() -> String {
    std::fs::read_to_string(tests().join("BENCHMARKS.md")).expect("the report")
}

/// The results, each with its path.
fn results() -> Vec<(PathBuf, Value)> {
    let folder = tests().join("results").read_dir().expect("the results");
    let paths = folder.map(|entry| entry.expect("an entry").path());
    let read = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).expect("a file of results");
        (path, serde_json::from_str(&text).expect("JSON"))
    };
    paths.filter(|path| path.extension().is_some_and(|extension| extension == "json")).map(read).collect()
}

#[test]
fn every_file_of_results_is_of_a_kind_that_is_compared() {
    for (path, document) in results() {
        let is_known = table(&document).is_some() || row(&document).is_some() || path.ends_with(PROSE);
        assert!(is_known, "{}", path.display());
    }
}

#[test]
fn every_comparison_stands_in_the_report_as_it_was_written() {
    let (report, mut compared) = (report(), 0);
    for (path, document) in results() {
        let Some(table) = table(&document) else { continue };
        for line in table.lines() {
            assert!(report.contains(line), "{} has, and BENCHMARKS.md has not:\n{line}", path.display());
            compared += 1;
        }
    }
    assert!(compared > 0, "there is a comparison");
}

/// The row of a run of `faults`; nothing for files of other instruments.
fn row(document: &Value) -> Option<String> {
    let figures = document.get("figures")?;
    let (command, commit) = (document["command"].as_str()?, document["commit"].as_str()?);
    let seconds = document["duration_s"].as_f64()?.round();
    let names = ["cycles", "acknowledged", "lost", "duplicated", "silent_errors", "refused_to_open"];
    let figures: Option<Vec<String>> =
        names.iter().map(|name| Some(figures[name].as_u64()?.to_string())).collect();
    Some(format!("| `{command}` | {commit} | {seconds} s | {} |", figures?.join(" | ")))
}

#[test]
fn every_run_of_faults_stands_in_the_report_and_was_green() {
    let (report, mut compared) = (report(), 0);
    for (path, document) in results() {
        let Some(row) = row(&document) else { continue };
        assert!(report.contains(&row), "{} has, and BENCHMARKS.md has not:\n{row}", path.display());
        assert_eq!(document["green"], true, "{}", path.display());
        compared += 1;
    }
    assert!(compared >= 3, "power, flip and io");
}

#[test]
fn every_file_that_the_report_names_is_there() {
    let pattern = regex::Regex::new(r"results/([A-Za-z0-9_-]+\.(?:json|svg))").expect("a pattern");
    let report = report();
    for (named, [file]) in pattern.captures_iter(&report).map(|found| found.extract()) {
        assert!(tests().join("results").join(Path::new(file)).exists(), "{named}");
    }
}
