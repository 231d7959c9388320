//! A hub process: its folder, its configuration, its log, and the operator who runs it.

use crate::binaries::binaries;
use crate::process::{Leash, Outcome, Running, resident_bytes, run};
use crate::until::until;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use tempfile::TempDir;

/// A hub that runs in its own folder. Dropping it kills the process and removes the folder.
#[derive(Debug)]
pub struct HubProcess {
    /// Before the folder: the process ends before its files vanish.
    process: Mutex<Running>,
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

impl HubProcess {
    /// Sets a hub up in a new folder and starts it; returns when it answers.
    ///
    /// # Panics
    /// When any of that fails, with what the hub said.
    #[must_use]
    pub fn start() -> Self {
        let folder = tempfile::Builder::new().prefix("samverkan-hub-").tempdir().expect("a temporary folder");
        let path = folder.path().to_owned();
        Self::start_in(path, Some(folder))
    }

    /// One hub for every test of this process that needs nothing special of it; it ends with the process.
    ///
    /// # Panics
    /// When it does not start.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<(HubProcess, Leash)> = OnceLock::new();
        let (hub, _leash) = SHARED.get_or_init(|| {
            let folder =
                tempfile::Builder::new().prefix("samverkan-hub-").tempdir().expect("a temporary folder");
            let hub = Self::start_in(folder.keep(), None);
            let leash = Leash::tie(hub.pid(), &hub.folder);
            (hub, leash)
        });
        hub
    }

    fn start_in(folder: PathBuf, removed_on_drop: Option<TempDir>) -> Self {
        let address = free_address();
        write_configuration(&folder, address);
        let init = hub_command(&folder, &["init"]);
        run(&mut { init }, b"").ok();
        let process = Mutex::new(serve(&folder));
        let hub = Self { process, address, folder, _removed_on_drop: removed_on_drop };
        hub.wait_until_it_answers();
        hub
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

    /// Where the operator's commands reach it.
    #[must_use]
    pub fn operator_socket(&self) -> PathBuf {
        self.data_dir().join("operator.sock")
    }

    /// Everything it has logged, over all its starts.
    ///
    /// # Panics
    /// When the log can not be read.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(log_file(&self.folder)).expect("the hub has a log")
    }

    /// The process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.process().id()
    }

    /// Resident memory in bytes.
    #[must_use]
    pub fn resident_bytes(&self) -> u64 {
        resident_bytes(self.pid())
    }

    /// SIGKILL: what a power cut looks like to everyone else.
    pub fn kill9(&self) {
        self.process().kill();
    }

    /// SIGTERM, and goes on at once.
    pub fn ask_to_stop(&self) {
        self.process().ask_to_stop();
    }

    /// SIGTERM, and waits for the end.
    ///
    /// # Panics
    /// When it does not end.
    pub fn terminate(&self) -> ExitStatus {
        self.process().terminate()
    }

    /// Starts it again on the same folder and port, killing it before if it still runs.
    ///
    /// # Panics
    /// When it does not answer, with its log.
    pub fn restart(&self) {
        {
            let mut process = self.process();
            process.kill();
            *process = serve(&self.folder);
        }
        self.wait_until_it_answers();
    }

    /// Runs one of the operator's commands, such as `["org", "list"]`.
    ///
    /// # Panics
    /// When the program can not be run.
    #[must_use]
    #[track_caller]
    pub fn operator(&self, arguments: &[&str]) -> Outcome {
        run(&mut hub_command(&self.folder, arguments), b"")
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

    fn process(&self) -> MutexGuard<'_, Running> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait_until_it_answers(&self) {
        let socket = self.operator_socket();
        until("the hub answers", || {
            if let Some(status) = self.process().finished() {
                panic!("the hub ended with {status}:\n{}", self.log());
            }
            (TcpStream::connect(self.address).is_ok() && UnixStream::connect(&socket).is_ok()).then_some(())
        });
    }
}

/// A loopback port that nobody uses now. It is bound again by the hub, so that restarts keep their address.
fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("a bound socket has an address")
}

fn configuration(folder: &Path) -> PathBuf {
    folder.join("hub.toml")
}

fn log_file(folder: &Path) -> PathBuf {
    folder.join("hub.log")
}

fn write_configuration(folder: &Path, address: SocketAddr) {
    let data = folder.join("data");
    std::fs::DirBuilder::new().mode(0o700).create(&data).expect("a folder for the data");
    // Hundreds of tests connect from one address, which the real limit is there to prevent.
    let text = format!(
        "listen = \"{address}\"\npublic_address = \"{address}\"\nname = \"hub.exempel\"\ntest_hub = true\n\
         data_dir = {data:?}\nhandshakes_per_second_per_address = 100000\ndrain_seconds = 5\n"
    );
    let path = configuration(folder);
    std::fs::write(&path, text).expect("the configuration can be written");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("its mode can be set");
}

fn hub_command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(&binaries().hub);
    command.args(arguments).arg("--config").arg(configuration(folder));
    command
}

fn serve(folder: &Path) -> Running {
    Running::start(&mut hub_command(folder, &["serve"]), &log_file(folder))
}
