//! The command line.

use super::bare::client::{BareServer, Kind};
use super::bare::{disk, server};
use super::compare::table::table;
use super::compare::{self, Plan};
use super::error::LoadError;
use super::folder::Folder;
use super::log_sync;
use super::report::Report;
use super::workload::{self, Options, Workload};
use crate::binaries::binaries;
use crate::faults::serve;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::error::Error;
use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use tokio::runtime::Runtime;

/// Measures what the hub carries, and what the machine could.
#[derive(Debug, Parser)]
#[command(name = "loadgen")]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Measures a baseline.
    Baseline {
        /// What is measured.
        #[arg(value_enum)]
        baseline: Baseline,
        #[command(flatten)]
        size: Size,
    },
    /// Measures the hub.
    Hub {
        /// What is measured.
        #[arg(value_enum)]
        workload: Workload,
        #[command(flatten)]
        options: Options,
        #[command(flatten)]
        size: Size,
    },
    /// Measures what synchronising the log costs a client; `--messages` are its leaves.
    LogSync {
        /// Leaves of another day, after all of these.
        #[arg(long, default_value_t = 300)]
        delta: usize,
        #[command(flatten)]
        size: Size,
    },
    /// Compares the hub with the baselines, round by round, and says which goals are met.
    Compare {
        /// Writes goals and figures to this file.
        #[arg(long)]
        json: Option<PathBuf>,
        /// Rounds of everything; 5.
        #[arg(long)]
        rounds: Option<usize>,
        /// Messages of a round; 40,000.
        #[arg(long)]
        messages: Option<usize>,
        /// A few messages of everything: shows that it works, and says nothing about speed.
        #[arg(long)]
        quick: bool,
        /// Draws cost against messages stored and latency against load into this folder, and measures the latter.
        #[arg(long)]
        plots: Option<PathBuf>,
        /// Only these goals.
        #[arg(long, value_delimiter = ',')]
        only: Vec<u32>,
        /// How often a round is done again that others disturbed; 3.
        #[arg(long)]
        repeats: Option<u32>,
        /// Messages that wait, level by level; 10,000, 100,000 and 1,000,000.
        #[arg(long, value_delimiter = ',')]
        levels: Vec<usize>,
        /// Devices that only listen; 10,000.
        #[arg(long)]
        crowd: Option<usize>,
        /// A folder on the disk that is to be measured; without it, the one for temporary files.
        #[arg(long)]
        folder: Option<PathBuf>,
    },
    /// A hub whose disk is recorded; started by the other commands.
    #[command(hide = true)]
    ServeRecorded(serve::Arguments),
    /// Prints what `compare` wrote down as a table in Markdown.
    Table {
        /// The file.
        file: PathBuf,
    },
    /// Serves a baseline; started by the other commands.
    #[command(hide = true)]
    ServeBare {
        /// Where to listen.
        address: SocketAddr,
        /// Keys, and the log if there is one.
        folder: PathBuf,
        /// Answers when what was sent is on disk.
        #[arg(long)]
        log: bool,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Baseline {
    /// E: calls that are echoed.
    Echo,
    /// Calls into a bare log.
    Put,
    /// S: streams into a bare log.
    Bidi,
    /// L: the bare log without a network.
    Log,
    /// F: one sync at a time.
    Fsync,
}

/// How much is measured, and where.
#[derive(Debug, Args)]
pub struct Size {
    /// Rounds, after one that warms up.
    #[arg(long, default_value_t = 3)]
    pub rounds: usize,
    /// Messages, calls or records of a round.
    #[arg(long, default_value_t = 40_000)]
    pub messages: usize,
    /// Of them unanswered at a time; without it what the baseline or workload is defined with.
    #[arg(long)]
    pub in_flight: Option<usize>,
    /// Connections of the sending side.
    #[arg(long, default_value_t = 4)]
    pub connections: usize,
    /// A folder on the disk that is to be measured; without it, the one for temporary files.
    #[arg(long)]
    pub folder: Option<PathBuf>,
    /// Writes the figures to this file.
    #[arg(long)]
    pub json: Option<PathBuf>,
}

impl Size {
    /// Messages of the round that warms up.
    #[must_use]
    pub fn warm_up(&self) -> usize {
        (self.messages / 10).max(1)
    }
}

/// Does what the command line says; figures go to `out`.
///
/// # Errors
/// Whatever makes a measurement worthless.
///
/// # Panics
/// When a program does not build or start.
pub fn run(arguments: Arguments, mut out: impl Write) -> Result<(), Box<dyn Error + Send + Sync>> {
    let runtime = Runtime::new()?;
    match arguments.command {
        Command::Baseline { baseline, size } => {
            let mut report = Report::new(out, baseline.name());
            runtime.block_on(measure_baseline(baseline, &size, &mut report))?;
            size.json.as_deref().map_or(Ok(()), |path| report.write(path))?;
        }
        Command::Hub { workload, options, size } => {
            binaries();
            let name =
                workload.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned());
            let mut report = Report::new(out, name);
            runtime.block_on(workload::measure(workload, &options, &size, &mut report))?;
            size.json.as_deref().map_or(Ok(()), |path| report.write(path))?;
        }
        Command::LogSync { delta, size } => {
            let mut report = Report::new(out, "log sync");
            log_sync::measure(delta, &size, &mut report)?;
            size.json.as_deref().map_or(Ok(()), |path| report.write(path))?;
        }
        Command::Compare { json, rounds, messages, quick, only, repeats, levels, crowd, folder, plots } => {
            let usual = if quick { Plan::quick() } else { Plan::full() };
            let plan = Plan {
                only,
                rounds: rounds.unwrap_or(usual.rounds),
                messages: messages.unwrap_or(usual.messages),
                repeats: repeats.unwrap_or(usual.repeats),
                levels: if levels.is_empty() { usual.levels } else { levels },
                crowd: crowd.unwrap_or(usual.crowd),
                folder,
                plots,
                ..usual
            };
            binaries();
            runtime.block_on(compare::run(&plan, out, json))?;
        }
        Command::Table { file } => {
            let document = serde_json::from_str(&std::fs::read_to_string(file)?)?;
            write!(out, "{}", table(&document).ok_or("these are not the figures of a comparison")?)?;
        }
        Command::ServeBare { address, folder, log } => {
            runtime.block_on(server::serve(&folder, address, log))?;
        }
        Command::ServeRecorded(arguments) => serve::serve(&arguments).map_err(|error| error.to_string())?,
    }
    Ok(())
}

impl Baseline {
    fn name(self) -> &'static str {
        match self {
            Self::Echo => "E echo",
            Self::Put => "put",
            Self::Bidi => "S bidi",
            Self::Log => "L log",
            Self::Fsync => "F fsync",
        }
    }
}

async fn measure_baseline(
    baseline: Baseline,
    size: &Size,
    report: &mut Report<impl Write>,
) -> Result<(), LoadError> {
    let folder = Folder::new(size.folder.as_deref())?;
    let in_flight = |usual| size.in_flight.unwrap_or(usual);
    let kind = match baseline {
        Baseline::Echo => Kind::Echo,
        Baseline::Put => Kind::Put,
        Baseline::Bidi => Kind::Bidi,
        Baseline::Log => {
            for _ in 0..size.rounds {
                report.round(&disk::log(&folder, size.messages, in_flight(64)).await?)?;
            }
            return Ok(());
        }
        Baseline::Fsync => {
            let records = size.messages.div_ceil(64);
            return (0..size.rounds).try_for_each(|_| report.round(&disk::fsync(&folder, records)?));
        }
    };
    let in_flight = in_flight(if kind == Kind::Bidi { 256 } else { 64 });
    let server = BareServer::start(folder, kind, size.connections)?;
    server.round(size.warm_up(), in_flight).await?;
    for _ in 0..size.rounds {
        report.round(&server.round(size.messages, in_flight).await?)?;
    }
    Ok(())
}
