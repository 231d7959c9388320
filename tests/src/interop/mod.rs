//! The Python implementation of `tests/interop`, held against the vectors and against `samverkan` through a running hub.
//!
//! * [`size`]: it stays as small as it says. * [`vectors`]: it answers every test vector. * [`live`]: it is one side of an exchange.
//! * [`log`]: a smaller program checks checkpoints, cosignatures, proofs and an exported log.

pub mod live;
pub mod log;
pub mod size;
pub mod vectors;

use crate::process::{Outcome, run};
use std::path::{Path, PathBuf};
use std::process::Command;

/// An interpreter that has the packages of `tests/interop/requirements.txt`.
#[derive(Clone, Debug)]
pub struct Python {
    interpreter: PathBuf,
}

impl Python {
    /// The interpreter at this path.
    #[must_use]
    pub const fn new(interpreter: PathBuf) -> Self {
        Self { interpreter }
    }

    /// The program with these arguments, not yet started. It writes no byte code into the tree.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.interpreter);
        command.arg("-B").arg(folder().join("samverkan.py")).args(arguments);
        command
    }

    fn run(&self, arguments: &[&str]) -> Outcome {
        run(&mut self.command(arguments), b"")
    }
}

/// Where the program is.
fn folder() -> PathBuf {
    repository().join("tests/interop")
}

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests lies in the repository")
}
