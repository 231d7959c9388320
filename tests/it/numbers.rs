//! Every number of the bad inputs in `tests/README.md` has a test somewhere in the tree, or stands in `tests/cannot_occur.md` with a reason.

use regex::Regex;
use std::collections::BTreeSet;
use std::fs;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

/// The numbers that are looked for.
const NUMBERS: RangeInclusive<u16> = 1..=142;
/// Most rows that the list of exceptions may have.
const MAX_ROWS: usize = 10;
/// The part of a number that has no test at all.
const WHOLE: &str = "all of it";
const NONE: [u16; 0] = [];

/// A row of the list of exceptions.
#[derive(Debug)]
struct Row {
    number: u16,
    part: String,
    reason: String,
}

fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests are a member of the workspace")
}

/// Every Rust source below a folder, but for what was built and what is hidden.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of the tree") {
            let entry = entry.expect("an entry of a folder of the tree");
            let (path, name) = (entry.path(), entry.file_name());
            let name = name.to_string_lossy();
            if entry.file_type().expect("its type").is_dir() {
                if name != "target" && !name.starts_with('.') {
                    folders.push(path);
                }
            } else if name.ends_with(".rs") {
                found.push(path);
            }
        }
    }
    found
}

/// The numbers that the tests of a source are named by. A function that is no test, or one that is not run, does not count.
fn tested(source: &str) -> Vec<u16> {
    let test =
        Regex::new(r"#\[(?:tokio::)?test(?:\([^)]*\))?\]\s*(?:async )?fn bad_(\d{3})_").expect("a pattern");
    test.captures_iter(source).map(|found| found[1].parse().expect("three digits")).collect()
}

fn rows(list: &str) -> Vec<Row> {
    let row = |line: &str| {
        let cells: Vec<String> =
            line.trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect();
        let number = cells[0].parse().ok()?;
        Some(Row { number, part: cells.get(1)?.clone(), reason: cells.get(2)?.clone() })
    };
    list.lines().filter(|line| line.starts_with("| ")).filter_map(row).collect()
}

/// The numbers with neither a test nor a row, and those with both a test and a row that says they have none.
fn wrong(tested: &BTreeSet<u16>, rows: &[Row]) -> Vec<u16> {
    let without: BTreeSet<u16> = rows.iter().filter(|row| row.part == WHOLE).map(|row| row.number).collect();
    NUMBERS.filter(|number| tested.contains(number) == without.contains(number)).collect()
}

#[test]
fn every_number_has_a_test_or_a_reason() {
    let sources = sources(workspace());
    let numbers = |path: PathBuf| tested(&fs::read_to_string(path).expect("a source is text"));
    let tested: BTreeSet<u16> = sources.into_iter().flat_map(numbers).collect();
    let list = workspace().join("tests/cannot_occur.md");
    let rows = rows(&fs::read_to_string(list).expect("the list of exceptions"));
    assert_eq!(wrong(&tested, &rows), NONE, "numbers of the list of bad inputs");
    assert!(!rows.is_empty() && rows.len() <= MAX_ROWS, "{rows:?}");
    for row in rows {
        assert!(NUMBERS.contains(&row.number), "{row:?}");
        assert!(row.reason.split_whitespace().count() > 5, "a sentence says why: {row:?}");
    }
}

#[test]
fn a_number_with_neither_is_found() {
    let all: BTreeSet<u16> = NUMBERS.collect();
    assert_eq!(wrong(&all, &[]), NONE);
    let mut without = all.clone();
    without.remove(&57);
    assert_eq!(wrong(&without, &[]), [57]);
    let part = rows("| 57 | another part | it is a part, and the rest has none |");
    assert_eq!(wrong(&without, &part), [57], "a part does not speak for the whole");
    let whole = rows("| number | part | why |\n|---|---|---|\n| 57 | all of it | it can not occur |");
    assert_eq!(wrong(&without, &whole), NONE);
    assert_eq!(wrong(&all, &whole), [57], "it has a test after all");
}

#[test]
fn only_tests_that_run_count() {
    // Put together here, so that this file does not count.
    let named = |before: &str| tested(&format!("{before}fn {}_057_epoch_keys() {{", "bad"));
    assert_eq!(named("#[test]\n"), [57]);
    assert_eq!(named("    #[tokio::test]\n    async "), [57]);
    assert_eq!(named("#[tokio::test(flavor = \"multi_thread\")]\nasync "), [57]);
    assert_eq!(named(""), NONE);
    assert_eq!(named("#[test]\n#[ignore]\n"), NONE);
}
