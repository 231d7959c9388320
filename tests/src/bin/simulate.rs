//! The whole system on a network that seeds make bad: `simulate --seeds 0..2000`.
//!
//! Each seed is run once; one that breaks a rule is named with the command that runs it alone and tells everything. The exit code is 1
//! when there was one.

use std::io::{self, Write};
use std::ops::Range;
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::time::Instant;

use clap::Parser;
use samverkan_tests::simulation::ground::Ground;
use samverkan_tests::simulation::many::{Ended, run_all};
use samverkan_tests::simulation::summary::Summary;
use samverkan_tests::stop::Stop;

/// Runs hub and programs in one process, on a network that each seed makes bad in its own way.
#[derive(Parser)]
struct Arguments {
    /// The seeds, as FIRST..END; END is not run.
    #[arg(long, default_value = "0..200", value_parser = seeds)]
    seeds: Range<u64>,
    /// How many run at the same time; as many as there are processors, if absent.
    #[arg(long)]
    jobs: Option<usize>,
    /// Tells everything that happens, also where no rule is broken.
    #[arg(long)]
    trace: bool,
    /// Where a summary is written, as JSON.
    #[arg(long)]
    json: Option<PathBuf>,
}

fn seeds(text: &str) -> Result<Range<u64>, String> {
    let read = || {
        let (first, end) = text.split_once("..")?;
        Some(first.parse().ok()?..end.parse().ok()?)
    };
    read()
        .filter(|seeds: &Range<u64>| !seeds.is_empty())
        .ok_or_else(|| "write FIRST..END, as 0..200".to_owned())
}

fn main() -> io::Result<ExitCode> {
    let arguments = Arguments::parse();
    let (stop, begun, mut out) = (Stop::on_signals()?, Instant::now(), io::stdout());
    let jobs =
        arguments.jobs.or_else(|| std::thread::available_parallelism().ok().map(usize::from)).unwrap_or(1);
    let (ground, mut summary, mut written) = (Ground::lay(), Summary::default(), Ok(()));
    run_all(
        &ground,
        arguments.seeds.clone(),
        jobs,
        || !stop.is_asked(),
        |ended| {
            summary.add(&ended);
            if written.is_ok() {
                written = tell(&mut out, &ended, &summary, arguments.trace);
            }
        },
    );
    written?;
    writeln!(out, "{}", summary.line())?;
    if let Some(path) = &arguments.json {
        let document = summary.to_json(&arguments.seeds, &commit(), begun.elapsed());
        std::fs::write(path, format!("{document:#}\n"))?;
    }
    Ok(if summary.failed().is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn tell(out: &mut impl Write, ended: &Ended, summary: &Summary, everything: bool) -> io::Result<()> {
    let trace = match &ended.ran {
        Ok(ran) if everything => &ran.trace,
        Ok(_) => {
            return if summary.runs().is_multiple_of(100) {
                writeln!(out, "{}", summary.line())
            } else {
                Ok(())
            };
        }
        Err(failure) => &failure.trace,
    };
    trace.iter().try_for_each(|line| writeln!(out, "{line}"))?;
    match &ended.ran {
        Ok(_) => writeln!(out, "seed {}: every rule holds\n", ended.seed),
        Err(failure) => writeln!(out, "{failure}\n"),
    }
}

/// The commit that is checked out here, for the record.
fn commit() -> String {
    let asked = Command::new("git").args(["rev-parse", "HEAD"]).output();
    asked.ok().and_then(|answer| String::from_utf8(answer.stdout).ok()).unwrap_or_default().trim().to_owned()
}
