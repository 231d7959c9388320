//! Reading the command line: help pages with their exit codes, and mistakes said like every other failure.

use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::{CommandFactory, FromArgMatches};
use serde::Serialize;

use super::exit::{self, Exit};
use super::failure::Failure;
use super::output::{Output, safe};
use super::{Arguments, PROGRAM, check};

/// What a command line got instead of being run.
pub(super) enum Answer {
    /// A help page, or the version.
    Page(String),
    /// It makes no sense.
    Mistake(Failure),
}

#[derive(Serialize)]
struct Page<'a> {
    text: &'a str,
}

impl Answer {
    /// Prints it and returns the exit code, of a mistake the one that Nagios knows it by if `nagios` is set.
    pub(super) fn give(&self, output: &mut Output<'_>, nagios: bool) -> u8 {
        let outcome = match self {
            Self::Page(text) => {
                output.result(&Page { text }, || text.clone()).map(|()| Exit::Done).map_err(Failure::from)
            }
            Self::Mistake(failure) => Err(failure.clone()),
        };
        outcome.map(Exit::code).unwrap_or_else(|failure| {
            output.failure(&failure);
            if nagios { check::NAGIOS_UNKNOWN } else { failure.exit.code() }
        })
    }
}

impl Arguments {
    /// Reads a command line that begins with the program's name.
    pub(super) fn read(words: Vec<OsString>) -> Result<Self, Answer> {
        let read = tree().try_get_matches_from(words).and_then(|matches| Self::from_arg_matches(&matches));
        read.map_err(|answer| match answer.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
                Answer::Page(answer.render().to_string().trim_end().to_owned())
            }
            _ => Answer::Mistake(mistake(&answer)),
        })
    }
}

/// The tree of commands, each with the exit codes at the end of its help.
pub(super) fn tree() -> clap::Command {
    with_exit_codes(Arguments::command())
}

fn with_exit_codes(command: clap::Command) -> clap::Command {
    let after = command.get_after_help().map(|after| format!("{after}\n\n")).unwrap_or_default();
    command.after_help(format!("{after}{}", exit::TABLE)).mut_subcommands(with_exit_codes)
}

/// Whether `--json` stands in a command line that may be wrong in other respects.
pub(super) fn wants_json(words: &[OsString]) -> bool {
    words.iter().take_while(|word| *word != "--").any(|word| word == "--json")
}

/// Whether `--format nagios` does.
pub(super) fn wants_nagios(words: &[OsString]) -> bool {
    let options: Vec<&OsString> = words.iter().take_while(|word| *word != "--").collect();
    options.iter().any(|word| *word == "--format=nagios")
        || options.windows(2).any(|pair| pair[0] == "--format" && pair[1] == "nagios")
}

/// What clap found, in one sentence.
fn mistake(found: &clap::Error) -> Failure {
    let rendered = found.render().to_string();
    let said = match found.kind() {
        // What clap renders for this one is the whole help page.
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => "a subcommand is missing",
        _ => rendered.split("\n\n").next().unwrap_or_default(),
    };
    let said = said.strip_prefix("error: ").unwrap_or(said);
    let said: Vec<&str> = said.split_whitespace().collect();
    Failure::new("USAGE", format!("{}.", safe(&said.join(" "))), format!("{PROGRAM} --help"), Exit::Usage)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(line: &str) -> Answer {
        let words = std::iter::once(PROGRAM).chain(line.split_whitespace());
        Arguments::read(words.map(OsString::from).collect()).expect_err("nothing that can be run")
    }

    #[test]
    fn help_at_every_depth_has_an_example_and_the_exit_codes() {
        for line in [
            "--help",
            "serve --help",
            "certificate --help",
            "org --help",
            "org confirm --help",
            "check --help",
        ] {
            let Answer::Page(page) = answer(line) else { panic!("{line} is a page") };
            assert!(page.contains("Example") && page.contains("\n  9  integrity"), "{page}");
        }
    }

    #[test]
    fn a_mistake_is_one_sentence_with_the_code_2() {
        for (line, part) in [
            ("", "subcommand"),
            ("orf", "orf"),
            ("org invite boj-exempel", "--name <NAME>"),
            ("serve --colour", "--colour"),
        ] {
            let Answer::Mistake(failure) = answer(line) else { panic!("{line} is a mistake") };
            assert_eq!((failure.code, failure.exit), ("USAGE", Exit::Usage), "{line}");
            assert!(failure.text.contains(part) && !failure.text.contains('\n'), "{}", failure.text);
        }
    }

    fn words(line: &str) -> Vec<OsString> {
        line.split_whitespace().map(OsString::from).collect()
    }

    #[test]
    fn json_is_found_in_a_line_that_is_wrong() {
        let wants = |line: &str| wants_json(&words(line));
        assert!(wants("samverkan-hub orf --json") && !wants("samverkan-hub orf -- --json"));
    }

    #[test]
    fn a_mistake_is_unknown_to_nagios_and_not_critical() {
        for line in ["check --format nagios --colour", "check --format=nagios x", "chek --format nagios"] {
            assert!(wants_nagios(&words(line)), "{line}");
            assert_eq!(answer(line).give(&mut Output::to(vec![], vec![], false), true), 3, "{line}");
        }
        for line in ["check --format text nagios", "check --format -- nagios", "check -- --format nagios"] {
            assert!(!wants_nagios(&words(line)), "{line}");
            assert_eq!(answer(line).give(&mut Output::to(vec![], vec![], false), false), 2, "{line}");
        }
    }
}
