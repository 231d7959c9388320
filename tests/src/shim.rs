//! A file system that refuses on command, for a program as it is shipped.
//!
//! A library in C stands between the program and the system's calls (`LD_PRELOAD`); a file that the test writes says what is refused
//! from then on. It needs no rights, and the program knows nothing of it.

use crate::process::run;
use rustix::io::Errno;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use tempfile::TempDir;

const SOURCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/shim/refuse.c");

/// What is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refuse {
    /// Every sync, as on a disk that fails.
    Syncs,
    /// Every change, as on a file system that can only be read.
    Changes,
}

/// The library, and the file that tells it what to refuse.
#[derive(Debug)]
pub struct Shim {
    folder: TempDir,
}

impl Shim {
    /// Compiles it. Nothing is refused yet.
    ///
    /// # Panics
    /// Without a C compiler, which the build of the program needs as well.
    #[must_use]
    pub fn build() -> Self {
        let shim = Self { folder: tempfile::tempdir().expect("a folder") };
        let mut compiler = Command::new("cc");
        compiler.args(["-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o"]).arg(shim.library()).arg(SOURCE);
        run(&mut compiler, b"").exits(0);
        shim
    }

    /// Lets a program run behind it.
    pub fn stand_before<'a>(&self, program: &'a mut Command) -> &'a mut Command {
        program.env("LD_PRELOAD", self.library()).env("REFUSE", self.told())
    }

    /// Refuses from now on.
    ///
    /// # Panics
    /// When the file can not be written.
    pub fn refuse(&self, what: Refuse) {
        let (word, error) = match what {
            Refuse::Syncs => ("sync", Errno::IO),
            Refuse::Changes => ("change", Errno::ROFS),
        };
        // In one step, so that nobody reads half of it.
        let new = self.folder.path().join("new");
        fs::write(&new, format!("{word} {}\n", error.raw_os_error())).expect("the file can be written");
        fs::rename(new, self.told()).expect("the file can be renamed");
    }

    /// Refuses nothing any more.
    ///
    /// # Panics
    /// When nothing was refused.
    pub fn allow(&self) {
        fs::remove_file(self.told()).expect("something was refused");
    }

    fn library(&self) -> PathBuf {
        self.folder.path().join("refuse.so")
    }

    fn told(&self) -> PathBuf {
        self.folder.path().join("refuse")
    }
}
