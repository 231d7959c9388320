//! The program `evil_hub`, in the place of a hub that was stopped.

use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

use super::{Capture, Flip};
use crate::binaries::binaries;
use crate::hub::HubProcess;
use crate::process::Running;
use crate::until::until;

/// A hub process that answers what was captured, with bytes changed.
pub struct EvilHub {
    flips: PathBuf,
    _process: Running,
    _folder: TempDir,
}

impl EvilHub {
    /// Answers at the address of `hub`, which must have been stopped, with its keys.
    ///
    /// # Panics
    /// When it does not come up.
    #[must_use]
    pub fn start(hub: &HubProcess, capture: &Capture) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (captured, flips) = (folder.path().join("capture"), folder.path().join("flips"));
        capture.write(&captured);
        let mut command = Command::new(&binaries().evil_hub);
        command.arg(hub.data_dir()).arg(hub.address().to_string()).arg(captured).arg(&flips);
        let mut process = Running::start(&mut command, &folder.path().join("log"));
        until("the changed hub answers", || {
            assert!(process.finished().is_none(), "{:?}", std::fs::read_to_string(folder.path().join("log")));
            std::net::TcpStream::connect(hub.address()).ok()
        });
        let evil = Self { flips, _process: process, _folder: folder };
        evil.say(&[]);
        evil
    }

    /// One delivery for each of these in the next receive stream.
    ///
    /// # Panics
    /// When they can not be written.
    pub fn say(&self, flips: &[Flip]) {
        let lines: String = flips.iter().map(|flip| format!("{flip}\n")).collect();
        std::fs::write(&self.flips, lines).expect("the flips can be written");
    }
}
