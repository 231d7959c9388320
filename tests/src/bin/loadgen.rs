//! `loadgen`: measures what the hub carries, and what the machine could; see `samverkan_tests::loadgen`.

use clap::Parser as _;
use samverkan_tests::loadgen::command::{Arguments, run};
use std::io::Write as _;
use std::process::ExitCode;

fn main() -> std::io::Result<ExitCode> {
    match run(Arguments::parse(), std::io::stdout()) {
        Ok(()) => Ok(ExitCode::SUCCESS),
        Err(error) => {
            writeln!(std::io::stderr(), "loadgen: {error}")?;
            Ok(ExitCode::FAILURE)
        }
    }
}
