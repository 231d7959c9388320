//! Where a hub is: its folder, its address, and the operator's commands, whoever runs it.

use crate::binaries::binaries;
use crate::process::{Outcome, run};
use crate::until::until;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// A hub's folder and address.
#[derive(Debug)]
pub struct Site {
    address: SocketAddr,
    folder: PathBuf,
    _removed_on_drop: Option<TempDir>,
}

/// Who joins: what the operator writes down about an organisation.
#[derive(Clone, Debug)]
pub struct Invitation<'a> {
    /// Its handle.
    pub handle: &'a str,
    /// Its name.
    pub name: &'a str,
    /// Its organisation number.
    pub number: &'a str,
    /// Its kind, as the operator's command writes it, such as `volunteer`.
    pub kind: &'a str,
}

impl Site {
    /// A new folder with a configuration and keys, for a free loopback port.
    ///
    /// # Panics
    /// When any of that fails, with what the hub's program said.
    #[must_use]
    pub fn new() -> Self {
        let folder = temporary_folder();
        let path = folder.path().to_owned();
        Self::set_up(path, Some(folder))
    }

    /// The same in this folder, which exists and is empty; it is kept.
    ///
    /// # Panics
    /// As [`Site::new`].
    #[must_use]
    pub fn in_folder(folder: &Path) -> Self {
        Self::set_up(folder.to_owned(), None)
    }

    fn set_up(folder: PathBuf, removed_on_drop: Option<TempDir>) -> Self {
        let site = Self { address: free_address(), folder, _removed_on_drop: removed_on_drop };
        site.write_configuration();
        site.operator(&["init"]).ok();
        site
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its folder: configuration, log and data.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The folder with its keys and everything it stores.
    #[must_use]
    pub fn data_dir(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// The configuration file.
    #[must_use]
    pub fn configuration(&self) -> PathBuf {
        self.folder.join("hub.toml")
    }

    /// Sets a key of the configuration, for the next start. The value stands there as it is given: texts with their quotes.
    ///
    /// # Panics
    /// When the configuration can not be written.
    pub fn configure(&self, key: &str, value: &str) {
        let text = std::fs::read_to_string(self.configuration()).expect("a configuration");
        let other = |line: &&str| line.split_once(" = ").is_none_or(|(found, _)| found != key);
        let mut text: String = text.lines().filter(other).map(|line| format!("{line}\n")).collect();
        text.push_str(&format!("{key} = {value}\n"));
        std::fs::write(self.configuration(), text).expect("it can be written");
    }

    /// Where the operator's commands reach it.
    #[must_use]
    pub fn operator_socket(&self) -> PathBuf {
        self.folder.join("operator.sock")
    }

    /// The file that a hub process logs to.
    #[must_use]
    pub fn log_file(&self) -> PathBuf {
        self.folder.join("hub.log")
    }

    /// Everything it has logged, over all its starts.
    ///
    /// # Panics
    /// When there is no log.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log_file()).expect("the hub has a log")
    }

    /// The hub's program with these arguments and its configuration.
    #[must_use]
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&binaries().hub);
        command.args(arguments).arg("--config").arg(self.configuration());
        command
    }

    /// Runs one of the operator's commands, such as `["org", "list"]`.
    ///
    /// # Panics
    /// When the program can not be run.
    #[must_use]
    #[track_caller]
    pub fn operator(&self, arguments: &[&str]) -> Outcome {
        run(&mut self.command(arguments), b"")
    }

    /// Invites an organisation and returns the one string it gets.
    ///
    /// # Panics
    /// When the operator's command fails.
    #[must_use]
    pub fn invite(&self, who: &Invitation<'_>) -> String {
        let Invitation { handle, name, number, kind } = who;
        let arguments = ["org", "invite", handle, "--name", name, "--number", number, "--kind", kind];
        self.operator(&arguments).ok().trim().to_owned()
    }

    /// Confirms a safety number that was compared.
    ///
    /// # Panics
    /// When the operator's command fails.
    pub fn confirm(&self, handle: &str, safety_number: &str) {
        self.operator(&["org", "confirm", handle, "--safety-number", safety_number]).exits(0);
    }

    /// Suspends an organisation.
    ///
    /// # Panics
    /// When the operator's command fails.
    pub fn suspend(&self, handle: &str) {
        self.operator(&["org", "suspend", handle]).exits(0);
    }

    /// Ends a suspension.
    ///
    /// # Panics
    /// When the operator's command fails.
    pub fn resume(&self, handle: &str) {
        self.operator(&["org", "resume", handle]).exits(0);
    }

    /// Removes an organisation for good.
    ///
    /// # Panics
    /// When the operator's command fails.
    pub fn remove(&self, handle: &str) {
        self.operator(&["org", "remove", handle, "--yes"]).exits(0);
    }

    /// Waits until both of its sockets take connections. `alive` is asked each time, and may panic with a reason why not.
    ///
    /// # Panics
    /// When they do not in time.
    pub(crate) fn wait_until_it_answers(&self, mut alive: impl FnMut()) {
        self.wait_until_it_answers_or(|| {
            alive();
            true
        });
    }

    /// The same, until `alive` says that it never will.
    pub(crate) fn wait_until_it_answers_or(&self, mut alive: impl FnMut() -> bool) {
        until("the hub answers", || {
            let answers = || {
                TcpStream::connect(self.address).is_ok()
                    && UnixStream::connect(self.operator_socket()).is_ok()
            };
            (!alive() || answers()).then_some(())
        });
    }

    fn write_configuration(&self) {
        let (data, socket, address) = (self.data_dir(), self.operator_socket(), self.address);
        std::fs::DirBuilder::new().mode(0o700).create(&data).expect("a folder for the data");
        // Hundreds of tests connect from one address, which the real limit is there to prevent.
        let text = format!(
            "listen = \"{address}\"\npublic_address = \"{address}\"\nname = \"exempel\"\ntest_hub = true\n\
             data_dir = {data:?}\noperator_socket = {socket:?}\nhandshakes_per_second_per_address = 100000\ndrain_seconds = 5\n"
        );
        std::fs::write(self.configuration(), text).expect("the configuration can be written");
        let private = std::fs::Permissions::from_mode(0o600);
        std::fs::set_permissions(self.configuration(), private).expect("its mode can be set");
    }
}

impl Default for Site {
    fn default() -> Self {
        Self::new()
    }
}

fn temporary_folder() -> TempDir {
    tempfile::Builder::new().prefix("samverkan-hub-").tempdir().expect("a temporary folder")
}

/// A loopback port that nobody uses now. It is bound again by the hub, so that restarts keep their address.
pub(crate) fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("a bound socket has an address")
}
