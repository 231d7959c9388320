//! A whole command line run in this process, for tests.

use std::cell::{Cell, RefCell};
use std::ffi::OsString;
use std::path::PathBuf;

use tempfile::TempDir;

use super::console::{Console, Style};
use super::context::Means;
use super::interrupt::Interrupt;
use super::output::{Captured, Format, Output};
use super::program;
use crate::clock::Clock;
use crate::directory::testlog::NOW_MS;
use crate::error::{Error, Result};
use crate::files;
use crate::home::{Environment, Home};
use crate::session::office::{Office, PASSPHRASE};
use crate::text::Language;

/// One person at one computer.
pub(super) struct Run {
    folder: TempDir,
    last: RefCell<Captured>,
    typed: RefCell<Vec<u8>>,
    style: Cell<Style>,
    home: PathBuf,
    unlocked: Cell<bool>,
    interrupt: Interrupt,
    now_ms: u64,
}

impl Run {
    /// A computer on which nothing is set up.
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().expect("tempdir");
        Self {
            home: folder.path().join("home"),
            folder,
            last: RefCell::default(),
            typed: RefCell::default(),
            style: Cell::new(Style::Nobody),
            unlocked: Cell::new(false),
            interrupt: Interrupt::default(),
            now_ms: NOW_MS,
        }
    }

    /// The computer of an office that knows its organisation; the passphrase is at hand.
    pub(super) fn at(office: &Office) -> Self {
        let run = Self { home: office.folder().join("s"), ..Self::new() };
        files::replace_private(&run.passphrase_file(), PASSPHRASE).expect("written");
        run.unlocked.set(true);
        run
    }

    /// The same, so many milliseconds later.
    pub(super) fn later(self, ms: u64) -> Self {
        Self { now_ms: self.now_ms + ms, ..self }
    }

    /// Where the passphrase is.
    pub(super) fn passphrase_file(&self) -> PathBuf {
        self.folder.path().join("passphrase")
    }

    /// A path in the person's own folder, as text.
    pub(super) fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().expect("UTF-8").to_owned()
    }

    /// Ctrl-C was pressed, and every command finds it so.
    pub(super) fn stop(&self) -> &Self {
        self.interrupt.raise();
        self
    }

    /// Gives no passphrase any more, as at a terminal where nobody sits.
    pub(super) fn lock(&self) -> &Self {
        self.unlocked.set(false);
        self
    }

    /// What the next command finds on stdin, with nobody behind it.
    pub(super) fn piped(&self, input: &[u8]) -> &Self {
        self.typed.replace(input.to_vec());
        self.style.set(Style::Nobody);
        self
    }

    /// What a person types at the questions of the next command.
    pub(super) fn typing(&self, lines: &str) -> &Self {
        self.typed.replace(lines.as_bytes().to_vec());
        self.style.set(Style::Numbered);
        self
    }

    /// A folder for the person's own files.
    pub(super) fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// Where its profiles are.
    pub(super) fn home(&self) -> Home {
        Home::locate(&self.environment()).expect("located")
    }

    /// What the last command printed on stderr.
    pub(super) fn last_stderr(&self) -> String {
        self.last.borrow().stderr()
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

    /// The error of a command that prints one document and fails all the same.
    #[track_caller]
    pub(super) fn json_and_fails(&self, line: &[&str]) -> (serde_json::Value, Error) {
        let error = self.run(line, Format::Json).expect_err("fails");
        (serde_json::from_str(&self.last_stdout()).expect("one JSON document"), error)
    }

    /// The error of a command that fails.
    #[track_caller]
    pub(super) fn fails(&self, line: &[&str]) -> Error {
        self.run(line, Format::Human).expect_err("fails")
    }

    fn environment(&self) -> Environment {
        Environment { samverkan_home: Some(self.home.clone().into()), ..Environment::default() }
    }

    fn run(&self, line: &[&str], format: Format) -> Result<()> {
        let mut arguments: Vec<OsString> =
            std::iter::once("samverkan").chain(line.iter().copied()).map(Into::into).collect();
        if self.unlocked.get() {
            arguments.extend(["--passphrase-file".into(), self.passphrase_file().into_os_string()]);
        }
        let (mut output, captured) = Output::captured(format, Language::English);
        self.last.replace(captured);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let means = Means {
            environment: self.environment(),
            clock: Clock::manual(self.now_ms),
            console: Console::scripted(self.typed.take(), self.style.get()),
            interrupt: self.interrupt.clone(),
        };
        runtime.block_on(program::command(arguments, means, &mut output))
    }
}
