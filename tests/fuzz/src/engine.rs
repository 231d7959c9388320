//! Building libFuzzer with the targets, running one of them, and reading what it says.
//!
//! Coverage comes from LLVM's SanitizerCoverage pass, which the stable compiler has: the same flags that `cargo fuzz` gives, less
//! the address sanitizer, which only the nightly compiler has and which a tree without `unsafe` needs least.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Error};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::Instant;

use serde_json::{Value, json};

use crate::Target;

/// Counts every edge, and shows comparisons to the fuzzer, so that it finds magic numbers.
const COVERAGE: &str = "-Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares";
/// A law that takes longer than this for one input is broken, in seconds.
const TIMEOUT: u32 = 10;
/// The whole process, in MiB. One input has its own, smaller limit.
const MEMORY: u32 = 1024;

/// A built engine.
pub struct Engine {
    program: PathBuf,
    /// Where it grows its corpora, writes its logs and leaves what crashed.
    work: PathBuf,
    commit: String,
}

/// What running one target came to.
pub struct Outcome {
    target: &'static str,
    commit: String,
    status: ExitStatus,
    /// How often the target was called.
    pub executions: u64,
    seconds: f64,
    /// Edges of the program that were reached, and what libFuzzer tells apart in how often and with which comparisons.
    coverage: [u64; 2],
    /// Inputs that broke the law.
    crashes: Vec<PathBuf>,
}

impl Engine {
    /// Builds the engine with cargo. It needs a C++ compiler.
    ///
    /// # Errors
    /// When the build fails.
    pub fn build() -> io::Result<Self> {
        let host = said_by(Command::new("rustc").arg("-vV"))?;
        let host = host.lines().find_map(|line| line.strip_prefix("host: ")).unwrap_or_default().to_owned();
        let mut build = Command::new("cargo");
        build.args(["build", "--locked", "--quiet", "--profile", "fuzz", "--target", &host]);
        build.args(["-p", "samverkan-fuzz", "--features", "engine", "--bin", "fuzz-engine"]);
        // For another target than the host's own, build scripts and macros are built without these flags.
        if !build.env("RUSTFLAGS", COVERAGE).current_dir(tree()).status()?.success() {
            return Err(Error::other("the engine can not be built; it needs a C++ compiler"));
        }
        let program = std::env::current_exe()?;
        let target = program.ancestors().nth(2).ok_or(Error::other("the program is in no target folder"))?;
        let commit = said_by(Command::new("git").args(["describe", "--always", "--dirty", "--abbrev=40"]))?;
        Ok(Self {
            program: target.join(host).join("fuzz/fuzz-engine"),
            work: target.join("fuzz-work"),
            commit: commit.trim().to_owned(),
        })
    }

    /// Runs one target for some seconds, beginning with its committed corpus and what earlier runs found.
    ///
    /// # Errors
    /// When the engine can not be started or its files can not be written. A crash is no error but an [`Outcome`].
    pub fn run(&self, target: &'static Target, seconds: u32) -> io::Result<Outcome> {
        let folder = self.work.join(target.name);
        let (grown, crashes) = (folder.join("corpus"), folder.join("crashes"));
        let _ = fs::remove_dir_all(&crashes);
        fs::create_dir_all(&grown)?;
        fs::create_dir_all(&crashes)?;
        let log = folder.join("log");
        let begun = Instant::now();
        let status = Command::new(&self.program)
            .env("FUZZ_TARGET", target.name)
            .args([format!("-max_total_time={seconds}"), format!("-max_len={}", target.max_len)])
            .args([format!("-timeout={TIMEOUT}"), format!("-rss_limit_mb={MEMORY}")])
            .args([format!("-artifact_prefix={}/", crashes.display()), "-print_final_stats=1".to_owned()])
            .args([&grown, &corpus(target)])
            .stderr(File::create(&log)?)
            .status()?;
        let seconds = begun.elapsed().as_secs_f64();
        let said = String::from_utf8_lossy(&fs::read(&log)?).into_owned();
        Ok(Outcome {
            target: target.name,
            commit: self.commit.clone(),
            status,
            executions: last_number(&said, "stat::number_of_executed_units:"),
            seconds,
            coverage: [" cov:", " ft:"].map(|name| last_number(&said, name)),
            crashes: files_in(&crashes)?,
        })
    }
}

impl Outcome {
    /// Whether an input broke the law, took too long or too much, or the engine did not run at all.
    #[must_use]
    pub fn crashed(&self) -> bool {
        !self.status.success() || !self.crashes.is_empty() || self.executions == 0
    }

    fn to_json(&self) -> Value {
        json!({
            "target": self.target,
            "commit": self.commit,
            "seconds": self.seconds.round(),
            "executions": self.executions,
            "executions_per_second": (self.executions as f64 / self.seconds).round(),
            "edges": self.coverage[0],
            "features": self.coverage[1],
            "crashes": self.crashes.len(),
        })
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { target, executions, seconds, coverage: [edges, _], .. } = self;
        let rate = *executions as f64 / seconds;
        write!(f, "{target:<20} {executions:>12} executions {rate:>9.0}/s {edges:>6} edges")?;
        if self.crashed() {
            write!(f, "  CRASHED ({})", self.status)?;
        }
        self.crashes.iter().try_for_each(|input| write!(f, "\n  {}", input.display()))
    }
}

/// Writes outcomes into a file of results; what it says of other targets stays.
///
/// # Errors
/// When the file can not be written, or holds something else.
pub fn record(file: &Path, outcomes: &[Outcome]) -> io::Result<()> {
    let mut results: Vec<Value> = match fs::read(file) {
        Ok(bytes) => serde_json::from_slice(&bytes)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(error),
    };
    results.retain(|result| outcomes.iter().all(|outcome| result["target"] != outcome.target));
    results.extend(outcomes.iter().map(Outcome::to_json));
    results.sort_by_key(|result| result["target"].to_string());
    fs::write(file, serde_json::to_string_pretty(&results)? + "\n")
}

/// The committed seeds of a target.
#[must_use]
pub fn corpus(target: &Target) -> PathBuf {
    tree().join("corpus").join(target.name)
}

/// Inputs that once broke the law of a target.
#[must_use]
pub fn regressions(target: &Target) -> PathBuf {
    tree().join("regressions").join(target.name)
}

/// The files of a folder, by name; none if there is no such folder.
///
/// # Errors
/// When the folder can not be read.
pub fn files_in(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut files = entries.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    files.sort();
    Ok(files)
}

fn tree() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn said_by(command: &mut Command) -> io::Result<String> {
    Ok(String::from_utf8_lossy(&command.output()?.stdout).into_owned())
}

/// The number behind the last occurrence of `name`; 0 if there is none.
fn last_number(text: &str, name: &str) -> u64 {
    let behind = text.rsplit_once(name).map(|(_, behind)| behind.trim_start());
    let digits = behind.map(|behind| behind.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default());
    digits.and_then(|digits| digits.parse().ok()).unwrap_or_default()
}
