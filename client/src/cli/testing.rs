//! A whole command line run in this process, for tests.

use std::cell::RefCell;
use std::ffi::OsString;

use tempfile::TempDir;

use super::output::{Captured, Format, Output};
use super::program;
use crate::error::{Error, Result};
use crate::home::{Environment, Home};
use crate::text::Language;

/// One person at one computer.
pub(super) struct Run {
    folder: TempDir,
    last: RefCell<Captured>,
}

impl Run {
    /// A computer on which nothing is set up.
    pub(super) fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("tempdir"), last: RefCell::default() }
    }

    /// Where its profiles are.
    pub(super) fn home(&self) -> Home {
        Home::locate(&self.environment()).expect("located")
    }

    /// What the last command printed on stdout.
    pub(super) fn last_stdout(&self) -> String {
        self.last.borrow().stdout()
    }

    /// The lines of a command that succeeds.
    #[track_caller]
    pub(super) fn human(&self, line: &[&str]) -> String {
        self.run(line, Format::Human).expect("succeeds");
        self.last_stdout()
    }

    /// The one document of a command that succeeds.
    #[track_caller]
    pub(super) fn json(&self, line: &[&str]) -> serde_json::Value {
        self.run(line, Format::Json).expect("succeeds");
        let document: serde_json::Value =
            serde_json::from_str(&self.last_stdout()).expect("one JSON document");
        assert_eq!(document["schema_version"], super::json::SCHEMA_VERSION);
        document
    }

    /// The error of a command that fails.
    #[track_caller]
    pub(super) fn fails(&self, line: &[&str]) -> Error {
        self.run(line, Format::Human).expect_err("fails")
    }

    fn environment(&self) -> Environment {
        Environment { samverkan_home: Some(self.folder.path().join("home").into()), ..Environment::default() }
    }

    fn run(&self, line: &[&str], format: Format) -> Result<()> {
        let arguments: Vec<OsString> =
            std::iter::once("samverkan").chain(line.iter().copied()).map(Into::into).collect();
        let (mut output, captured) = Output::captured(format, Language::English);
        self.last.replace(captured);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(program::command(arguments, self.environment(), &mut output))
    }
}
