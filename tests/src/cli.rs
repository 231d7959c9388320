//! The client program with a home folder of its own: one person at one machine.

use crate::binaries::binaries;
use crate::process::{Outcome, run};
use samverkan_client::clock::Clock;
use samverkan_client::home::{Environment, Home, Profile};
use samverkan_client::passphrase::Passphrase;
use samverkan_client::session::Session;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// One person's client.
#[derive(Debug)]
pub struct Cli {
    folder: PathBuf,
    _removed_on_drop: Option<TempDir>,
}

const PASSPHRASE: &str = "ett exempel som ingen annan har";

impl Cli {
    /// A client that was never used. Its home is removed when it is dropped.
    ///
    /// # Panics
    /// When there is no room for a temporary folder.
    #[must_use]
    pub fn new() -> Self {
        let folder =
            tempfile::Builder::new().prefix("samverkan-home-").tempdir().expect("a temporary folder");
        Self::set_up(folder.path().to_owned(), Some(folder))
    }

    /// The same in this folder, which exists and is empty; it is kept.
    ///
    /// # Panics
    /// When it can not be written.
    #[must_use]
    pub fn in_folder(folder: &Path) -> Self {
        Self::set_up(folder.to_owned(), None)
    }

    fn set_up(folder: PathBuf, removed_on_drop: Option<TempDir>) -> Self {
        let cli = Self { folder, _removed_on_drop: removed_on_drop };
        std::fs::write(cli.passphrase_file(), format!("{PASSPHRASE}\n"))
            .expect("the passphrase can be written");
        let private = std::fs::Permissions::from_mode(0o600);
        std::fs::set_permissions(cli.passphrase_file(), private).expect("its mode can be set");
        cli
    }

    /// A folder beside the home, for the person's own files.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What the client calls its home.
    #[must_use]
    pub fn home(&self) -> PathBuf {
        self.folder.join("home")
    }

    /// The passphrase itself, for searches.
    #[must_use]
    pub fn passphrase(&self) -> &'static str {
        PASSPHRASE
    }

    /// The file that the passphrase is read from.
    #[must_use]
    pub fn passphrase_file(&self) -> PathBuf {
        self.folder.join("passphrase")
    }

    /// Its profile, for the client library in this process.
    ///
    /// # Panics
    /// Before it has joined.
    #[must_use]
    pub fn profile(&self) -> Profile {
        let environment =
            Environment { samverkan_home: Some(self.home().into_os_string()), ..Environment::default() };
        let home = Home::locate(&environment).expect("a home folder");
        home.open(&home.chosen().expect("a chosen profile")).expect("a profile")
    }

    /// The profile as the client library opens it.
    ///
    /// # Panics
    /// Before it has joined.
    #[must_use]
    pub fn session(&self) -> Session {
        let passphrase = Passphrase::parse(PASSPHRASE.as_bytes().to_vec()).expect("a passphrase");
        Session::open(self.profile(), &passphrase, Clock::system()).expect("a session")
    }

    /// The command line, ready to be changed or run; it names no terminal, no proxy and no other home.
    #[must_use]
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&binaries().client);
        command
            .args(arguments)
            .arg("--passphrase-file")
            .arg(self.passphrase_file())
            .current_dir(&self.folder)
            .env_clear()
            .env("SAMVERKAN_HOME", self.home())
            .env("HOME", &self.folder)
            .env("LANG", "C.UTF-8")
            .env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command
    }

    /// The same command line of somebody who does not give the passphrase, and has no terminal to be asked at.
    #[must_use]
    pub fn bare_command(&self, arguments: &[&str]) -> Command {
        let given = self.command(&[]);
        let mut command = Command::new(given.get_program());
        command.args(arguments).current_dir(&self.folder).env_clear();
        command.envs(given.get_envs().filter_map(|(name, value)| Some((name, value?))));
        command
    }

    /// Runs such a command to its end.
    ///
    /// # Panics
    /// When the program can not be run.
    #[must_use]
    #[track_caller]
    pub fn bare(&self, arguments: &[&str]) -> Outcome {
        run(&mut self.bare_command(arguments), b"")
    }

    /// Runs a command to its end without input.
    ///
    /// # Panics
    /// When the program can not be run.
    #[must_use]
    #[track_caller]
    pub fn run(&self, arguments: &[&str]) -> Outcome {
        run(&mut self.command(arguments), b"")
    }

    /// Runs a command that reads `stdin`.
    ///
    /// # Panics
    /// When the program can not be run.
    #[must_use]
    #[track_caller]
    pub fn run_with(&self, arguments: &[&str], stdin: &[u8]) -> Outcome {
        run(&mut self.command(arguments), stdin)
    }

    /// Runs a command with `--json` and returns the document.
    ///
    /// # Panics
    /// When it fails, or prints something else than one JSON document with a schema version.
    #[must_use]
    #[track_caller]
    pub fn json(&self, arguments: &[&str]) -> serde_json::Value {
        let document = self.run(&[arguments, &["--json"]].concat()).json();
        assert!(document["schema_version"].is_u64(), "no schema_version: {document}");
        document
    }
}

impl Default for Cli {
    fn default() -> Self {
        Self::new()
    }
}
