//! The real command trees of both programs, walked through `--help` as a person would: every page has an example and exit codes,
//! `--json` is taken everywhere, and a line that makes no sense ends with 2 and says so in words or as a document.

use samverkan_tests::binaries::binaries;
use samverkan_tests::process::{Outcome, run};
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

/// A command of a program: the words below the program's name, and its help.
struct Page {
    path: Vec<String>,
    help: String,
}

fn call(program: &Path, words: &[&str]) -> Outcome {
    let home = tempfile::tempdir().expect("a folder");
    let mut command = Command::new(program);
    command.args(words).env_clear().env("HOME", home.path()).env("LANG", "C.UTF-8");
    run(&mut command, b"")
}

/// Every command of a program, found by reading its help.
fn pages(program: &Path) -> Vec<Page> {
    let mut pages: Vec<Page> = Vec::new();
    let mut open: Vec<Vec<String>> = vec![Vec::new()];
    while let Some(path) = open.pop() {
        let mut words: Vec<&str> = path.iter().map(String::as_str).collect();
        words.push("--help");
        let help = call(program, &words).ok().to_owned();
        open.extend(listed(&help).map(|name| [path.as_slice(), &[name.to_owned()]].concat()));
        pages.push(Page { path, help });
    }
    pages
}

/// The commands in a help page's list, without the `help` that every list ends with.
fn listed(help: &str) -> impl Iterator<Item = &str> {
    let list = help.split_once("\nCommands:\n").map_or("", |(_, rest)| rest);
    let list = list.split_once("\n\n").map_or(list, |(list, _)| list);
    // The second line of a long description is indented further than a name.
    let names = list.lines().filter(|line| !line.starts_with("   "));
    names.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help")
}

/// Every page of both programs, with the program's name and path.
fn all() -> &'static [(&'static str, &'static Path, Page)] {
    static READ: OnceLock<Vec<(&str, &Path, Page)>> = OnceLock::new();
    READ.get_or_init(read_all)
}

fn read_all() -> Vec<(&'static str, &'static Path, Page)> {
    let programs = binaries();
    let client =
        pages(&programs.client).into_iter().map(|page| ("samverkan", programs.client.as_path(), page));
    let hub = pages(&programs.hub).into_iter().map(|page| ("samverkan-hub", programs.hub.as_path(), page));
    client.chain(hub).collect()
}

/// The commands of a program that do something: those that have no commands below them.
pub(crate) fn leaves(program: &str) -> Vec<Vec<String>> {
    let of_program = all().iter().filter(|(name, _, _)| *name == program);
    of_program
        .filter(|(_, _, page)| listed(&page.help).next().is_none())
        .map(|(_, _, page)| page.path.clone())
        .collect()
}

#[test]
fn the_walk_reaches_commands_of_every_depth() {
    let found: Vec<String> =
        all().iter().map(|(name, _, page)| format!("{name} {}", page.path.join(" "))).collect();
    for command in ["samverkan ", "samverkan profile add", "samverkan-hub serve", "samverkan-hub org confirm"]
    {
        assert!(found.iter().any(|path| path == command), "{command} is not among {found:?}");
    }
}

#[test]
fn every_page_has_an_example_of_its_own_command_and_exit_codes() {
    for (name, _, page) in all() {
        let command = [&[(*name).to_owned()], page.path.as_slice()].concat().join(" ");
        let example = page.help.split("Example").nth(1).unwrap_or_else(|| panic!("{command} has no example"));
        assert!(example.contains(&command), "the example of {command} shows something else: {example}");
        let codes =
            page.help.split("Exit codes:").nth(1).unwrap_or_else(|| panic!("{command} has no exit codes"));
        for (code, meaning) in [(0, "done"), (2, "command line makes no sense")] {
            let line = codes.lines().find(|line| line.trim_start().starts_with(&format!("{code}  ")));
            assert!(line.is_some_and(|line| line.contains(meaning)), "{command}: {codes}");
        }
    }
}

#[test]
fn every_command_takes_json() {
    for (name, _, page) in all() {
        assert!(page.help.contains("--json"), "{name} {:?} does not take --json", page.path);
    }
}

#[test]
fn an_unknown_option_ends_with_2_in_words_and_as_a_document() {
    for (name, program, page) in all() {
        let path: Vec<&str> = page.path.iter().map(String::as_str).collect();
        let words = call(program, &[&path[..], &["--no-such-option"]].concat());
        words.exits(2);
        assert!(words.stdout.is_empty(), "{name} {path:?} prints an error as a result: {}", words.stdout);
        assert!(words.stderr.starts_with("error ["), "{name} {path:?}: {}", words.stderr);
        let document = call(program, &[&path[..], &["--json", "--no-such-option"]].concat());
        document.exits(2);
        let error: serde_json::Value = serde_json::from_str(&document.stderr)
            .unwrap_or_else(|error| panic!("{name} {path:?}: {error}: {}", document.stderr));
        assert_eq!(error["error"]["exit"], 2, "{name} {path:?}");
        assert!(error["schema_version"].is_u64() && error["error"]["code"].is_string(), "{error}");
    }
}

#[test]
fn what_was_typed_is_not_repeated_by_the_program_that_people_use() {
    const PERSON: &str = "Exempelsson";
    let client = &binaries().client;
    for line in
        [&[PERSON][..], &["help", PERSON], &["doctor", PERSON], &["show", PERSON], &["profile", PERSON]]
    {
        let outcome = call(client, line);
        assert_ne!(outcome.code, Some(0), "{line:?}");
        assert!(!outcome.stderr.contains(PERSON), "{line:?}: {}", outcome.stderr);
    }
}

#[test]
fn help_completions_and_the_manual_need_no_set_up() {
    let client = &binaries().client;
    for line in [&["help"][..], &["help", "first-steps"], &["completions", "bash"], &["man"], &["--version"]]
    {
        call(client, line).ok();
        let document = call(client, &[line, &["--json"]].concat()).json();
        assert!(document["schema_version"].is_u64(), "{line:?}: {document}");
    }
    for topic in ["exit-codes", "references", "consent", "legal-bases", "evidence"] {
        call(client, &["help", topic]).ok();
    }
}
