//! A hub on a small file system in memory, in a mount namespace of its own, where nobody else is disturbed when it is full.

use crate::hub::HubProcess;
use crate::process::run;
use crate::site::Site;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The 256 MiB that the journal keeps free, and room to fill up.
pub const ROOM: &str = "size=384m,mode=700";

/// A shell that is root in a user and mount namespace of its own, for a script.
#[must_use]
pub fn in_namespace() -> Command {
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--mount", "sh", "-ec"]);
    command
}

/// Whether this system lets an ordinary user make namespaces; where it does not, a test says so and proves nothing.
///
/// # Panics
/// When there is no `unshare`.
#[must_use]
pub fn namespaces_work() -> bool {
    run(in_namespace().arg(format!("mount -t tmpfs -o {ROOM} tmpfs /mnt")), b"").code == Some(0)
}

/// A hub whose data folder is a file system in memory with these mount options.
///
/// # Panics
/// When it does not start.
#[must_use]
pub fn hub_on(options: &str) -> HubProcess {
    let site = Site::new();
    // The keys that `init` made move onto the small disk, which nobody else sees.
    let script = format!(
        "cp -a \"$1\" \"$1.made\"; mount -t tmpfs -o {options} tmpfs \"$1\"; cp -a \"$1.made/.\" \"$1\"; shift; exec \"$@\""
    );
    let serve = site.command(&["serve"]);
    let mut command = in_namespace();
    command.arg(script).arg("sh").arg(site.data_dir()).arg(serve.get_program()).args(serve.get_args());
    HubProcess::start_by(site, &mut command)
}

/// The data folder as such a hub sees it.
#[must_use]
pub fn data_of(hub: &HubProcess) -> PathBuf {
    PathBuf::from(format!("/proc/{}/root{}", hub.pid(), hub.data_dir().display()))
}

/// A file that takes all the room there is but for `leave` bytes.
///
/// # Panics
/// When it can not be made.
#[must_use]
pub fn fill_up(folder: &Path, leave: u64) -> PathBuf {
    let path = folder.join("ballast");
    let mut file = File::create(&path).expect("the hub's own view of its folder");
    let chunk = vec![0; 4096];
    let mut len: u64 = 0;
    while file.write_all(&chunk).is_ok() {
        len += chunk.len() as u64;
    }
    file.set_len(len.saturating_sub(leave)).expect("a file can be made shorter");
    path
}
