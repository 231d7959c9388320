//! `samverkan-hub`: arguments in, exit code out. Everything between is in the library.

use std::process::ExitCode;

use samverkan_hub::{cli, telemetry};

fn main() -> ExitCode {
    telemetry::hush_panics();
    ExitCode::from(cli::main(std::env::args_os().collect()))
}
