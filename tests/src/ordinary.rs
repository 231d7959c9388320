//! A user without special rights, whoever runs the tests: for root no file is closed, so that nothing about rights could be shown.

use rustix::fs::{Mode, chown};
use rustix::process::{Gid, Uid, geteuid};
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

/// The number that systems give to nobody.
const NOBODY: u32 = 65_534;

/// An ordinary user with a copy of a program, which the original's folders may hide.
#[derive(Debug)]
pub struct Ordinary {
    folder: TempDir,
}

impl Ordinary {
    /// A user who can run `program`.
    ///
    /// # Panics
    /// When it can not be copied.
    #[must_use]
    pub fn user(program: &Path) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::copy(program, folder.path().join("program")).expect("a program can be copied");
        set_mode(folder.path(), 0o755);
        Self { folder }
    }

    /// The same command line, run by this user: with all its variables, and no others.
    #[must_use]
    pub fn command(&self, command: &Command) -> Command {
        let program = self.folder.path().join("program");
        let mut own = if geteuid().is_root() {
            let mut own = Command::new("setpriv");
            own.arg(format!("--reuid={NOBODY}"))
                .arg(format!("--regid={NOBODY}"))
                .arg("--clear-groups")
                .arg(program);
            own
        } else {
            Command::new(program)
        };
        own.args(command.get_args()).env_clear();
        own.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        own.current_dir(command.get_current_dir().unwrap_or(Path::new("/")));
        own
    }

    /// Makes a folder and everything below it this user's own.
    ///
    /// # Panics
    /// When the system refuses.
    pub fn owns(&self, folder: &Path) {
        if !geteuid().is_root() {
            return;
        }
        let mut left = vec![folder.to_owned()];
        while let Some(path) = left.pop() {
            chown(&path, Some(Uid::from_raw(NOBODY)), Some(Gid::from_raw(NOBODY)))
                .expect("root may give away");
            if path.is_dir() && !path.is_symlink() {
                let entries = std::fs::read_dir(&path).expect("a folder can be read");
                left.extend(entries.map(|entry| entry.expect("an entry").path()));
            }
        }
    }
}

/// Sets the rights of a file or folder.
///
/// # Panics
/// When the system refuses.
pub fn set_mode(path: &Path, mode: u32) {
    rustix::fs::chmod(path, Mode::from_raw_mode(mode)).expect("its mode can be set");
}
