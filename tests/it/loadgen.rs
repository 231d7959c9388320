//! The load generator works, checks what it sends, and writes down what it says; how fast anything is is never asserted.

use samverkan_tests::binaries::binaries;
use samverkan_tests::process::{Outcome, run};
use serde_json::Value;
use std::path::Path;
use std::process::Command;

fn loadgen(arguments: &[&str], json: &Path) -> Value {
    let mut command = Command::new(&binaries().loadgen);
    let outcome: Outcome = run(command.args(arguments).arg("--json").arg(json), b"");
    outcome.ok();
    let text = std::fs::read_to_string(json).expect("it wrote its figures down");
    let document: Value = serde_json::from_str(&text).expect("JSON");
    for key in ["command", "commit", "profile", "machine"] {
        assert!(!document[key].is_null(), "{key}: {text}");
    }
    document
}

#[test]
fn a_comparison_names_every_goal_that_it_was_asked_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let json = folder.path().join("figures.json");
    let document = loadgen(&["compare", "--quick"], &json);
    let goals = document["goals"].as_array().expect("goals");
    let ids: Vec<_> = goals.iter().map(|goal| goal["id"].as_u64().expect("an id")).collect();
    assert_eq!(ids, [1, 2, 3, 4, 5, 8, 9, 10, 11, 12]);
    for goal in goals {
        let figure = |name: &str| goal[name].as_f64().unwrap_or_else(|| panic!("{name}: {goal}"));
        assert!(figure("min") <= figure("value") && figure("value") <= figure("max"), "{goal}");
        assert!(figure("max") >= 0.0, "{goal}");
        assert!(goal["goal"].is_string() && goal["met"].is_boolean(), "{goal}");
    }
}

#[test]
fn a_baseline_counts_every_record() {
    let folder = tempfile::tempdir().expect("a folder");
    let json = folder.path().join("figures.json");
    let document = loadgen(&["baseline", "log", "--rounds", "2", "--messages", "640"], &json);
    let rounds = document["rounds"].as_array().expect("rounds");
    assert_eq!(rounds.len(), 2);
    for round in rounds {
        assert_eq!(round["messages"], 640);
        assert!((1..=640).contains(&round["syncs"].as_u64().expect("syncs")), "{round}");
    }
}

#[test]
fn the_log_is_measured_leaf_by_leaf() {
    let folder = tempfile::tempdir().expect("a folder");
    let arguments = ["log-sync", "--rounds", "1", "--messages", "400", "--delta", "20"];
    let document = loadgen(&arguments, &folder.path().join("figures.json"));
    let facts = document["facts"].as_array().expect("facts");
    assert_eq!(facts.len(), 6, "{document}");
    assert!(facts.iter().all(|fact| fact["value"].as_f64().is_some_and(|value| value > 0.0)), "{document}");
}

const RECORDED: [&str; 7] = ["hub", "full-cycle", "--recorded", "--messages", "300", "--subscribers", "2"];

#[test]
fn no_receipt_comes_before_its_sync_has_ended() {
    let folder = tempfile::tempdir().expect("a folder");
    let document = loadgen(&RECORDED, &folder.path().join("figures.json"));
    assert_eq!(document["facts"][0]["value"], 300.0, "{document}");
}

#[test]
fn a_disk_that_does_not_sync_is_found_out() {
    let mut command = Command::new(&binaries().loadgen);
    let outcome = run(command.args(RECORDED).arg("--no-sync"), b"");
    outcome.exits(1);
    assert!(outcome.stderr.contains("300 receipts came before the sync"), "{}", outcome.stderr);
}
