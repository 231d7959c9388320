//! `samverkan-hub`: arguments in, exit code out. Everything between is in the library.

use std::process::ExitCode;

use clap::Parser;
use samverkan_hub::{cli, telemetry};

fn main() -> ExitCode {
    telemetry::hush_panics();
    let arguments = cli::Arguments::parse();
    let mut output = arguments.output();
    ExitCode::from(arguments.run(&mut output))
}
