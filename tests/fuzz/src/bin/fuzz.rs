//! Builds the engine, runs targets in it, and reports. `tests/README.md` says how and why.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use clap::Parser;
use samverkan_fuzz::{Target, engine, target, targets};

/// Fuzzes every parser of the tree, or those that are named.
#[derive(Parser)]
struct Arguments {
    /// Targets; all of them if none is named.
    #[arg(value_parser = known)]
    targets: Vec<&'static Target>,
    /// Seconds for each target.
    #[arg(long, default_value_t = 10)]
    seconds: u32,
    /// Targets at once.
    #[arg(long, default_value_t = 2)]
    jobs: usize,
    /// Write what each target came to into this file; what it says of other targets stays.
    #[arg(long)]
    json: Option<PathBuf>,
    /// Name the targets with their laws, and run nothing.
    #[arg(long)]
    list: bool,
}

fn known(name: &str) -> Result<&'static Target, String> {
    target(name).ok_or_else(|| "there is no such target; --list names them".to_owned())
}

fn main() -> ExitCode {
    let mut arguments = Arguments::parse();
    if arguments.targets.is_empty() {
        arguments.targets = targets().iter().collect();
    }
    if arguments.list {
        arguments.targets.iter().for_each(|target| say(&format!("{:<20} {}", target.name, target.law)));
        return ExitCode::SUCCESS;
    }
    match run(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            say(&format!("fuzzing is not possible: {error}"));
            ExitCode::from(2)
        }
    }
}

/// Whether no target crashed.
fn run(arguments: &Arguments) -> std::io::Result<bool> {
    let engine = engine::Engine::build()?;
    let (next, outcomes) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let work = || -> std::io::Result<()> {
        while let Some(target) = arguments.targets.get(next.fetch_add(1, Ordering::Relaxed)) {
            let outcome = engine.run(target, arguments.seconds)?;
            say(&outcome.to_string());
            let mut outcomes = outcomes.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            outcomes.push(outcome);
            if let Some(file) = &arguments.json {
                engine::record(file, &outcomes)?;
            }
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..arguments.jobs.max(1)).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_for_each(|worker| worker.join().expect("a worker does not panic"))
    })?;
    let outcomes = outcomes.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    let executions: u64 = outcomes.iter().map(|outcome| outcome.executions).sum();
    let crashed = outcomes.iter().filter(|outcome| outcome.crashed()).count();
    say(&format!("{} targets, {executions} executions, {crashed} crashed", outcomes.len()));
    Ok(crashed == 0)
}

/// The one place that writes. That nobody reads is no reason to stop.
fn say(line: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}
