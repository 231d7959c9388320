//! Everything that has a goal, in one run: a hub and the baselines as child processes, in interleaved rounds.
//!
//! * [`goal`]: figures, medians, and what they should reach.
//! * [`speed`]: goals 1 to 5, measured together.
//! * [`memory`]: goal 8; [`volume`]: goals 9 and 10; [`files`]: goal 11; [`sealing`]: goal 12.
//! * [`table`]: what was written down, as a table.
//! * `run` here asks for them, tells of them and writes them down.

pub mod files;
pub mod goal;
pub mod memory;
pub mod sealing;
pub mod speed;
pub mod table;
pub mod volume;

use super::error::LoadError;
use super::folder::Folder;
use super::machine::Heading;
use super::plot::Plot;
use goal::Goal;
use serde::Serialize;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// How much is measured.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The goals; empty for all.
    pub only: Vec<u32>,
    /// Rounds of everything.
    pub rounds: usize,
    /// Messages of a round.
    pub messages: usize,
    /// How often a disturbed round is done again.
    pub repeats: u32,
    /// Connections of the sending side.
    pub connections: usize,
    /// Devices that receive.
    pub subscribers: usize,
    /// Messages that wait, level by level, ascending.
    pub levels: Vec<usize>,
    /// Devices that only listen.
    pub crowd: usize,
    /// Devices that do not even read.
    pub slow: usize,
    /// Bytes of a large attachment.
    pub attachment: u64,
    /// Where files go.
    pub folder: Option<PathBuf>,
    /// Where plots go; without it, none are measured for.
    pub plots: Option<PathBuf>,
}

impl Plan {
    /// Everything as the goals are defined.
    #[must_use]
    pub fn full() -> Self {
        Self {
            only: Vec::new(),
            rounds: 5,
            messages: 40_000,
            repeats: 3,
            connections: 4,
            subscribers: 16,
            levels: vec![10_000, 100_000, 1_000_000],
            crowd: 10_000,
            slow: 64,
            attachment: 1 << 30,
            folder: None,
            plots: None,
        }
    }

    /// A little of everything: it shows that everything works, and says nothing about speed.
    #[must_use]
    pub fn quick() -> Self {
        Self {
            rounds: 1,
            messages: 200,
            repeats: 0,
            subscribers: 2,
            levels: vec![50, 100],
            crowd: 20,
            slow: 2,
            attachment: 1 << 20,
            ..Self::full()
        }
    }

    fn asks_for(&self, id: u32) -> bool {
        self.only.is_empty() || self.only.contains(&id)
    }

    /// A new folder for one of the measurements.
    ///
    /// # Errors
    /// As [`Folder::new`].
    pub fn folder(&self) -> Result<Folder, LoadError> {
        Folder::new(self.folder.as_deref())
    }
}

/// What is written down.
#[derive(Debug, Serialize)]
struct Document {
    #[serde(flatten)]
    heading: Heading,
    seconds: u64,
    rounds: usize,
    messages: usize,
    goals: Vec<Goal>,
    curves: Curves,
}

/// What is plotted.
#[derive(Debug, Default, Serialize)]
pub struct Curves {
    /// Messages that waited, and the hub's processor time for a full cycle beside them, in microseconds.
    pub cost: Vec<(f64, f64)>,
    /// Messages a second, and within how many milliseconds 99 of 100 were accepted.
    pub latency: Vec<(f64, f64)>,
}

impl Curves {
    fn plot(&self, folder: &Path) -> Result<(), LoadError> {
        std::fs::create_dir_all(folder)?;
        let cost = Plot {
            title: "Cost of a message against messages stored",
            across: "messages stored",
            up: "hub processor time, µs",
            points: &self.cost,
        };
        let latency = Plot {
            title: "Latency against load, open loop",
            across: "messages a second",
            up: "accept p99, ms",
            points: &self.latency,
        };
        if !self.cost.is_empty() {
            cost.logarithmic(&folder.join("cost.svg"))?;
        }
        if !self.latency.is_empty() {
            latency.linear(&folder.join("latency.svg"))?;
        }
        Ok(())
    }
}

/// Measures what the plan asks for, tells of it on `out`, and writes it to `json`. Returns whether every goal was met.
///
/// # Errors
/// Whatever makes a measurement worthless.
pub async fn run(plan: &Plan, mut out: impl Write, json: Option<PathBuf>) -> Result<bool, LoadError> {
    let heading = Heading::now();
    let began = Instant::now();
    let (mut goals, mut curves) = (Vec::new(), Curves::default());
    if speed::GOALS.iter().any(|id| plan.asks_for(*id)) {
        goals.extend(speed::measure(plan, &mut curves, &mut out).await?);
    }
    goals.extend(stored(plan, &mut curves, &mut out).await?);
    if plan.asks_for(11) {
        goals.push(files::measure(plan, &mut out).await?);
    }
    if plan.asks_for(12) {
        goals.push(sealing::measure(plan, &mut out).await?);
    }
    goals.retain(|goal| plan.asks_for(goal.id));
    goals.iter().try_for_each(|goal| tell(goal, &mut out))?;
    let met = goals.iter().all(|goal| goal.met);
    plan.plots.as_deref().map_or(Ok(()), |folder| curves.plot(folder))?;
    if let Some(path) = json {
        let (rounds, messages) = (plan.rounds, plan.messages);
        let document =
            Document { heading, seconds: began.elapsed().as_secs(), rounds, messages, goals, curves };
        let mut file = File::create(path)?;
        serde_json::to_writer_pretty(&mut file, &document).map_err(std::io::Error::from)?;
        writeln!(file)?;
    }
    Ok(met)
}

/// Goals 8 to 10: memory is one of them, and one of its figures comes from the other two.
async fn stored(plan: &Plan, curves: &mut Curves, out: &mut impl Write) -> Result<Vec<Goal>, LoadError> {
    let mut goals = Vec::new();
    let mut each = None;
    if [9, 10].iter().any(|id| plan.asks_for(*id)) {
        let measured = volume::measure(plan, out).await?;
        each = Some(measured.memory_each());
        goals = measured.goals();
        curves.cost = measured.costs();
    }
    if plan.asks_for(8) {
        goals.insert(0, memory::measure(plan, each, out).await?);
    }
    Ok(goals)
}

fn tell(goal: &Goal, out: &mut impl Write) -> Result<(), LoadError> {
    writeln!(out, "{:>2} {} {}", goal.id, if goal.met { "met   " } else { "MISSED" }, goal.goal)?;
    for part in &goal.parts {
        let (what, value, min, max) = (part.what, part.value, part.min, part.max);
        writeln!(out, "      {value:>9.3} ({min:.3} … {max:.3}) {what}, {}", part.reach)?;
    }
    Ok(out.flush()?)
}
