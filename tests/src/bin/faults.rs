//! `faults`: looks for anything that the hub acknowledged and lost. See `tests/README.md`.
//!
//! Every instrument prints its figures, writes them to `--json FILE`, and exits with 0 when nothing was found, else with 1.

use clap::{Parser, Subcommand};
use samverkan_tests::faults::{Report, flip, io, kill, power, serve};
use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

/// Looks for anything that the hub acknowledged and lost.
#[derive(Debug, Parser)]
struct Arguments {
    /// Writes command, seed, commit, duration and figures into this file.
    #[arg(long, global = true, value_name = "FILE")]
    json: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Kills a hub under eight clients again and again, and compares what they know with what it shows.
    Kill(kill::Arguments),
    /// Power cuts: looks at what the disk would have held at many moments of a run.
    Power(power::Arguments),
    /// Damage: flipped bits, cut files, zeroed pages in every file of a store.
    Flip(flip::Arguments),
    /// Errors of the disk: the k-th step fails, for every k.
    Io(io::Arguments),
    /// Runs a hub that writes down what it does to its disk; for other instruments.
    ServeRecorded(serve::Arguments),
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let arguments = Arguments::parse();
    let report: Option<Report> = match arguments.command {
        Command::Kill(kill) => Some(in_runtime(kill::run(&kill))?),
        Command::Power(arguments) => Some(power::run(&arguments)),
        Command::Flip(arguments) => Some(flip::run(&arguments)),
        Command::Io(arguments) => Some(io::run(&arguments)),
        Command::ServeRecorded(hub) => serve::serve(&hub).map(|()| None)?,
    };
    let Some(report) = report else { return Ok(ExitCode::SUCCESS) };
    if let Some(path) = &arguments.json {
        report.write_json(path)?;
    }
    report.print(std::io::stdout())?;
    Ok(report.exit_code())
}

fn in_runtime<T>(work: impl Future<Output = T>) -> std::io::Result<T> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(work))
}
