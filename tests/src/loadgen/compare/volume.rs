//! Goals 9 and 10, and what a stored message takes of the memory: the hub with more and more messages that wait.

use super::Plan;
use super::goal::{Goal, Part, Reach};
use crate::loadgen::error::LoadError;
use crate::loadgen::hub::round::{full_cycle, paced};
use crate::loadgen::hub::sender::Way;
use crate::loadgen::hub::stage::{Cast, Stage};
use crate::loadgen::hub::volume::{Stop, Volume, reopen, settled_memory, shrunk};
use crate::loadgen::quiet::undisturbed;
use crate::loadgen::report::Report;
use crate::loadgen::round::Round;
use serde::Serialize;
use std::io::Write;
use std::time::Duration;

/// Unanswered messages.
const STREAMED: usize = 256;
/// Messages that may wait for one mailbox, with room to spare below the hub's own bound.
const PER_MAILBOX: usize = 62_500;
/// What everything but receipts and tombstones may take of the disk, and those for each message.
const DISK: u64 = 128 << 20;
const KEPT: u64 = 1_536;
/// How long the hub has for giving space back.
const GIVEN_BACK: Duration = Duration::from_secs(60);

/// What was measured with so many messages stored.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Level {
    /// Messages that waited.
    pub stored: usize,
    /// The hub's processor time for a full cycle beside them, in microseconds, round by round.
    pub cpu_us: Vec<f64>,
    /// 99 of 100 messages were accepted within this time at the same rate as at every other level, in milliseconds, round by round.
    pub accept_p99_ms: Vec<f64>,
    /// The hub's resident memory, in bytes.
    pub resident_bytes: u64,
}

/// All that was measured.
#[derive(Clone, Debug, Default)]
pub struct Measured {
    /// Level by level.
    pub levels: Vec<Level>,
    /// Bytes written for each byte handed in.
    pub amplification: f64,
    /// Seconds for opening a million messages after a clean stop, and after a kill.
    pub reopened: [f64; 2],
    /// Bytes left of everything that was delivered, beside what is kept, and the seconds until then.
    pub left: (f64, f64),
}

/// Measures at all levels of the plan.
///
/// # Errors
/// Whatever makes a measurement worthless.
pub async fn measure(plan: &Plan, out: &mut impl Write) -> Result<Measured, LoadError> {
    let most = plan.levels.last().copied().unwrap_or_default();
    let silent = most.div_ceil(PER_MAILBOX).max(plan.subscribers);
    let cast = Cast { senders: plan.connections, subscribers: plan.subscribers, silent };
    let mut stage = Stage::set(plan.folder()?, cast).await?;
    let (mut volume, mut measured, mut filled) = (Volume::default(), Measured::default(), Round::default());
    let mut rate = None;
    let mut cycles = 0;
    for stored in plan.levels.iter().copied() {
        filled.append(&volume.fill(&stage, stored).await?);
        let mut level = Level { stored, resident_bytes: settled_memory(stage.pid())?, ..Level::default() };
        for _ in 0..plan.rounds.min(3) {
            let n = plan.messages / 2 + 1;
            let whole = async || full_cycle(&mut stage, Way::Stream, n, STREAMED).await;
            let round = undisturbed(plan.repeats, whole).await?;
            let rate = *rate.get_or_insert(round.rate() / 2.0);
            let half = undisturbed(plan.repeats, async || paced(&mut stage, n, rate).await).await?;
            level.cpu_us.extend(round.cpu_micros());
            level.accept_p99_ms.push(half.answered.quantile_ms(0.99));
            let name = format!("full cycle, {stored} stored");
            Report::new(&mut *out, name).round(&round)?;
            cycles += 2 * n * (1 + plan.repeats as usize);
        }
        measured.levels.push(level);
    }
    Report::new(&mut *out, format!("filling to {most}")).round(&filled)?;
    let written = filled.usage.server.map_or(0, |server| server.written_bytes);
    measured.amplification = written as f64 / volume.bytes as f64;
    let million = most as f64 / 1e6;
    for (place, stop) in [(0, Stop::Clean), (1, Stop::Killed)] {
        measured.reopened[place] = reopen(&mut stage, stop).await?.as_secs_f64() / million;
    }
    let drained = volume.drain(&stage).await?;
    Report::new(&mut *out, format!("draining {most}")).round(&drained)?;
    let kept = KEPT * (most + cycles) as u64;
    let (bytes, took) = shrunk(&stage.hub.data_dir(), DISK + kept, GIVEN_BACK)?;
    measured.left = (bytes.saturating_sub(kept) as f64, took.as_secs_f64());
    Ok(measured)
}

impl Measured {
    /// What each message that is stored adds to the memory, in bytes: from the first level to the last.
    #[must_use]
    pub fn memory_each(&self) -> f64 {
        let (Some(first), Some(last)) = (self.levels.first(), self.levels.last()) else { return 0.0 };
        let grown = last.resident_bytes as f64 - first.resident_bytes as f64;
        grown / (last.stored.saturating_sub(first.stored)).max(1) as f64
    }

    /// Messages stored and the processor time of a full cycle, in microseconds: the mean of its rounds.
    #[must_use]
    pub fn costs(&self) -> Vec<(f64, f64)> {
        let mean = |figures: &[f64]| figures.iter().sum::<f64>() / figures.len().max(1) as f64;
        self.levels.iter().map(|level| (level.stored as f64, mean(&level.cpu_us))).collect()
    }

    /// Goals 9 and 10.
    #[must_use]
    pub fn goals(&self) -> Vec<Goal> {
        let ratios = |of: &dyn Fn(&Level) -> &Vec<f64>| -> Vec<f64> {
            let (first, last) = (self.levels.first(), self.levels.last());
            let pairs = first.zip(last).map(|(first, last)| of(first).iter().zip(of(last)));
            pairs.into_iter().flatten().map(|(first, last)| last / first).collect()
        };
        let most = Reach::AtMost;
        let flat = vec![
            Part::new("× processor time, last level to first", &ratios(&|level| &level.cpu_us), most(1.25)),
            Part::new(
                "× accept p99, last level to first",
                &ratios(&|level| &level.accept_p99_ms),
                most(1.25),
            ),
            Part::new("s to open a million after a clean stop", &[self.reopened[0]], most(2.0)),
            Part::new("s to open a million after a kill", &[self.reopened[1]], most(5.0)),
        ];
        let disk = vec![
            Part::new("bytes written for each byte handed in", &[self.amplification], most(1.6)),
            Part::new(
                "MiB left after delivery, beside 1,536 bytes a message",
                &[self.left.0 / f64::from(1 << 20)],
                most(128.0),
            ),
            Part::new("s until then", &[self.left.1], most(GIVEN_BACK.as_secs_f64())),
        ];
        vec![
            Goal::new(9, "cost does not grow with what is stored", flat),
            Goal::new(10, "what the disk takes", disk),
        ]
    }
}
