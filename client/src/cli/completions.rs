//! `samverkan completions`: what a shell needs to complete commands and options.

use clap::Args;
use clap_complete::Shell;
use serde::Serialize;

use super::commands::{self, PROGRAM};
use super::output::{Format, Output, Report};
use super::page::Page;
use crate::error::Result;

#[derive(Args)]
pub(super) struct Completions {
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

/// A script for one shell.
#[derive(Serialize)]
struct Script {
    shell: String,
    script: String,
}

impl Report for Script {
    const KIND: &'static str = "completions";

    fn lines(&self, page: &mut Page<'_>) {
        page.block(&self.script);
    }
}

impl Completions {
    pub(super) fn run(self, output: &mut Output) -> Result<()> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut commands::tree(output.text()), PROGRAM, &mut script);
        let script = String::from_utf8_lossy(&script).into_owned();
        match output.format() {
            Format::Json => output.result(&Script { shell: self.shell.to_string(), script }),
            // A script is for a shell, not for a reader: it goes out byte for byte.
            Format::Human | Format::Plain => output.document(&script),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum as _;

    use super::*;
    use crate::text::Language;

    #[test]
    fn every_shell_gets_a_script_that_knows_the_commands() {
        for shell in Shell::value_variants() {
            let (mut output, captured) = Output::captured(Format::Human, Language::English);
            Completions { shell: *shell }.run(&mut output).expect("written");
            assert!(captured.stdout().contains("doctor"), "{shell}");
        }
    }

    #[test]
    fn as_json_the_script_is_a_field() {
        let (mut output, captured) = Output::captured(Format::Json, Language::English);
        Completions { shell: Shell::Bash }.run(&mut output).expect("written");
        let json: serde_json::Value = serde_json::from_str(&captured.stdout()).expect("JSON");
        assert_eq!((json["kind"].as_str(), json["shell"].as_str()), (Some("completions"), Some("bash")));
        assert!(json["script"].as_str().is_some_and(|script| script.contains("_samverkan")));
    }
}
