use std::collections::BTreeSet;

use super::*;
use crate::cli::exits;
use crate::cli::testing::Run;
use crate::error::Code;
use crate::text::{Args, Language};

fn english() -> Text {
    Text::of(Language::English)
}

/// Every command with its path, as plain data.
fn paths() -> Vec<Vec<String>> {
    let mut paths = Vec::new();
    walk(&tree(&english()), &mut |path, _| paths.push(path.iter().map(|name| (*name).to_owned()).collect()));
    paths
}

fn help_of(path: &[String]) -> String {
    let words: Vec<&str> = path.iter().map(String::as_str).chain(["--help"]).collect();
    Run::new().human(&words)
}

#[test]
fn clap_finds_no_fault_with_the_tree() {
    tree(&english()).debug_assert();
}

#[test]
fn every_command_has_help_with_an_example_and_its_exit_codes() {
    for path in paths() {
        let help = help_of(&path);
        let example = help.split("Example:\n").nth(1).unwrap_or_else(|| panic!("{path:?} has no example"));
        let command = path.join(" ");
        assert!(
            example.trim_start().starts_with(format!("samverkan {command}").trim_end()),
            "{path:?}: {help}"
        );
        let refs: Vec<&str> = path.iter().map(String::as_str).collect();
        for line in exits::lines(exits::of(&refs), &english()) {
            assert!(help.contains(&line), "{path:?} does not say {line:?}");
        }
    }
}

#[test]
fn nothing_in_the_swedish_help_is_what_the_library_says_in_english() {
    let text = Text::of(Language::Swedish);
    let mut whole = tree(&text);
    whole.build();
    walk(&whole, &mut |path, command| {
        let help = command.clone().render_help().to_string();
        for english in
            ["Usage:", "Commands:", "Options:", "Arguments:", "possible values", "default:", "Print "]
        {
            assert!(!help.contains(english), "{path:?} {english}: {help}");
        }
        let takes_codes = path == ["send"].as_slice();
        let in_one_line = help.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(!takes_codes || in_one_line.contains("[något av: REFERRAL, CONCERN_REPORT,"), "{help}");
    });
}

#[test]
fn what_an_error_says_to_run_is_there() {
    let paths = paths();
    let mut found = 0;
    let spoken = [(Language::English, "run samverkan "), (Language::Swedish, "kör samverkan ")];
    for (code, (language, run)) in Code::ALL.iter().flat_map(|code| spoken.map(|spoken| (code, spoken))) {
        let next = Text::of(language).lookup(&code.message_id(), Some("next"), &Args::none());
        for named in next.expect("a next step").split(run).skip(1) {
            let words: Vec<String> = named
                .split(|letter: char| !letter.is_alphanumeric() && letter != '-')
                .map(str::to_owned)
                .collect();
            let named = paths
                .iter()
                .filter(|path| !path.is_empty() && words.starts_with(path))
                .max_by_key(|path| path.len());
            let named = named.unwrap_or_else(|| panic!("{code:?}: there is no command {words:?}"));
            let inner = paths.iter().any(|path| path.len() > named.len() && path.starts_with(named));
            assert!(!inner, "{code:?}: {words:?} names a group of commands and none of them");
            found += 1;
        }
    }
    assert!(found > 40, "{found}");
}

#[test]
fn every_command_and_argument_has_words_and_every_word_its_use() {
    Language::ALL.into_iter().for_each(has_words_for_every_command_and_argument);
}

fn has_words_for_every_command_and_argument(language: Language) {
    let text = Text::of(language);
    let root: BTreeSet<String> =
        Cli::command().get_arguments().map(|arg| wording::attribute(arg.get_id().as_str())).collect();
    walk(&Cli::command(), &mut |path, command| {
        let id = wording::message_id(path);
        let mut wanted: BTreeSet<String> =
            command.get_arguments().map(|arg| wording::attribute(arg.get_id().as_str())).collect();
        if !path.is_empty() {
            wanted = wanted.difference(&root).cloned().collect();
        }
        wanted.insert("example".to_owned());
        let found: BTreeSet<String> = text.attributes(&id).into_iter().collect();
        assert_eq!(found, wanted, "{language:?} {id}");
    });
}

#[test]
fn every_command_takes_json() {
    let text = english();
    let mut tree = tree(&text);
    tree.build();
    walk(&tree, &mut |path, command| {
        let takes = command.get_arguments().any(|arg| arg.get_long() == Some("json"));
        assert!(takes, "{path:?}");
    });
}

#[test]
fn no_option_takes_a_person_or_a_secret_on_the_command_line() {
    let forbidden = ["text", "subject", "passphrase", "name-of-person", "evidence", "field"];
    walk(&Cli::command(), &mut |path, command| {
        for long in command.get_arguments().filter_map(clap::Arg::get_long) {
            assert!(!forbidden.contains(&long), "{path:?} has --{long}");
        }
    });
}

#[test]
fn help_completions_and_man_work_before_any_set_up() {
    for line in [&["help"][..], &["help", "consent"], &["completions", "bash"], &["man"], &["--version"]] {
        assert!(!Run::new().human(line).is_empty(), "{line:?}");
        if line != ["--version"] {
            Run::new().json(line);
        }
    }
}

#[test]
fn the_examples_of_every_command_are_command_lines() {
    for text in Language::ALL.map(Text::of) {
        walk(&Cli::command(), &mut |path, _| {
            let examples = text.lookup(&wording::message_id(path), Some("example"), &Args::none());
            for line in examples.unwrap_or_default().lines() {
                // What stands before or after in a shell is not ours to read.
                let line = line.split(['<', '|', '>', '#']).next().unwrap_or_default();
                let parsed = tree(&text).try_get_matches_from(line.split_whitespace());
                assert!(parsed.is_ok(), "{line}: {}", parsed.expect_err("an error"));
            }
        });
    }
}

#[test]
fn a_commands_own_options_come_before_those_of_every_command() {
    for path in paths() {
        let help = help_of(&path);
        let at = |words: &str| help.find(words);
        let everywhere = at("\nOptions of every command:\n").unwrap_or_else(|| panic!("{path:?}: {help}"));
        let global: Vec<&str> = vec![
            "--profile ",
            "--passphrase-file ",
            "--passphrase-fd ",
            "--json",
            "--plain",
            "--lang ",
            "--help",
        ];
        let list = |words: &str| at(&format!("  {words}")).or(at(&format!(", {words}")));
        let example = at("Example:").expect("an example");
        assert!(
            global.iter().all(|option| list(option).is_some_and(|at| (everywhere..example).contains(&at))),
            "{path:?}: {help}"
        );
    }
    let help = help_of(&["join".to_owned()]);
    let own = help.find("\nOptions:\n").expect("join has options");
    for option in ["--mailbox ", "--kit ", "--kit-copy "] {
        let at = help.find(&format!("  {option}")).expect("listed");
        assert!(own < at && at < help.find("Options of every command").expect("listed"), "{option}: {help}");
    }
}
