//! `samverkan-hub`: arguments in, exit code out. Everything between is in the library.

use std::process::ExitCode;

use samverkan_hub::cli::{self, exit::Exit};
use samverkan_hub::telemetry;

fn main() -> ExitCode {
    telemetry::hush_panics();
    let ended = std::panic::catch_unwind(|| cli::main(std::env::args_os().collect()));
    // The line that a panic leaves behind promises this code, too.
    ExitCode::from(ended.unwrap_or(Exit::Unexpected.code()))
}
