//! Goals 1 to 5: the full cycle against the bare echo, the bare log and one sync, in interleaved rounds.

use super::goal::{Goal, Part, Reach};
use super::{Curves, Plan};
use crate::loadgen::bare::client::{BareServer, Kind};
use crate::loadgen::bare::disk;
use crate::loadgen::error::LoadError;
use crate::loadgen::hub::round::{full_cycle, paced};
use crate::loadgen::hub::sender::Way;
use crate::loadgen::hub::stage::{Cast, Stage};
use crate::loadgen::quiet::undisturbed;
use crate::loadgen::report::Report;
use crate::loadgen::round::Round;
use std::io::Write;

/// What is measured here.
pub const GOALS: [u32; 5] = [1, 2, 3, 4, 5];

/// Unanswered messages and calls.
const STREAMED: usize = 256;
const CALLED: usize = 64;
/// One sync covers this many messages at least.
const PER_SYNC: f64 = 40.0;
/// Accepting may take 10 ms, or this many syncs if that is longer.
const SYNCS: f64 = 8.0;

/// Shares of the own maximum at which latency is plotted.
const SHARES: [f64; 7] = [0.05, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9];

/// One round of everything.
#[derive(Debug, Default)]
struct Together {
    streams: Round,
    calls: Round,
    echo: Round,
    log: Round,
    fsync: Round,
    half: Round,
}

/// Measures all of them.
///
/// # Errors
/// Whatever makes a measurement worthless.
pub async fn measure(plan: &Plan, curves: &mut Curves, out: &mut impl Write) -> Result<Vec<Goal>, LoadError> {
    let echo = BareServer::start(plan.folder()?, Kind::Echo, plan.connections)?;
    let cast = Cast { senders: plan.connections, subscribers: plan.subscribers, silent: 0 };
    let mut stage = Stage::set(plan.folder()?, cast).await?;
    // Connections, caches and the files' first blocks are not what is measured.
    echo.round(plan.messages / 10 + 1, CALLED).await?;
    full_cycle(&mut stage, Way::Stream, plan.messages / 10 + 1, STREAMED).await?;
    let mut rounds = Vec::new();
    for _ in 0..plan.rounds {
        let together = one_round(plan, &mut stage, &echo).await?;
        tell(&together, out)?;
        rounds.push(together);
    }
    if plan.plots.is_some() {
        let most = rounds.iter().map(|round| round.streams.rate()).fold(0.0, f64::max);
        curves.latency = latency(plan, &mut stage, most).await?;
    }
    Ok(goals(&rounds))
}

/// Latency at shares of the own maximum.
async fn latency(plan: &Plan, stage: &mut Stage, most: f64) -> Result<Vec<(f64, f64)>, LoadError> {
    let mut points = Vec::new();
    for share in SHARES {
        let rate = most * share;
        let n = plan.messages / 2 + 1;
        let round = undisturbed(plan.repeats, async || paced(stage, n, rate).await).await?;
        points.push((rate, round.answered.quantile_ms(0.99)));
    }
    Ok(points)
}

async fn one_round(plan: &Plan, stage: &mut Stage, echo: &BareServer) -> Result<Together, LoadError> {
    let (n, repeats) = (plan.messages, plan.repeats);
    let folder = plan.folder()?;
    let streams = undisturbed(repeats, async || full_cycle(stage, Way::Stream, n, STREAMED).await).await?;
    let echoed = undisturbed(repeats, async || echo.round(n, CALLED).await).await?;
    let calls = undisturbed(repeats, async || full_cycle(stage, Way::Unary, n, CALLED).await).await?;
    let log = undisturbed(repeats, async || disk::log(&folder, n, CALLED).await).await?;
    let fsync = undisturbed(repeats, async || disk::fsync(&folder, n.div_ceil(64))).await?;
    let rate = streams.rate() / 2.0;
    let half = undisturbed(repeats, async || paced(stage, n / 2 + 1, rate).await).await?;
    Ok(Together { streams, calls, echo: echoed, log, fsync, half })
}

fn tell(together: &Together, out: &mut impl Write) -> Result<(), LoadError> {
    let Together { streams, calls, echo, log, fsync, half } = together;
    let named = [
        ("full cycle, streams", streams),
        ("E echo", echo),
        ("full cycle, calls", calls),
        ("L log", log),
        ("F fsync", fsync),
        ("half of it, paced", half),
    ];
    named.into_iter().try_for_each(|(name, round)| Report::new(&mut *out, name).round(round))
}

fn goals(rounds: &[Together]) -> Vec<Goal> {
    use Reach::{AtLeast, AtMost, Shown};
    let figures = |of: &dyn Fn(&Together) -> f64| rounds.iter().map(of).collect::<Vec<_>>();
    let cpu = |round: &Round| round.cpu_micros().unwrap_or(f64::NAN);
    let streams = figures(&|all| all.streams.rate() / all.echo.rate());
    let calls = figures(&|all| all.calls.rate() / all.echo.rate());
    let disk = figures(&|all| all.streams.rate() / all.log.rate());
    let per_sync = figures(&|all| all.streams.per_sync().unwrap_or(0.0));
    let processor = figures(&|all| cpu(&all.streams) / cpu(&all.echo));
    let accept = figures(&|all| {
        let bound = (SYNCS * all.fsync.answered.quantile_ms(0.5)).max(10.0);
        all.half.answered.quantile_ms(0.99) / bound
    });
    let accept_ms = figures(&|all| all.half.answered.quantile_ms(0.99));
    let delivered_ms = figures(&|all| all.half.delivered.quantile_ms(0.99));
    vec![
        Goal::new(
            1,
            "full cycle over streams, 256 in flight, against the bare echo (E)",
            vec![Part::new("× E", &streams, AtLeast(1.0))],
        ),
        Goal::new(
            2,
            "full cycle with single calls, 64 in flight, against the bare echo (E)",
            vec![Part::new("× E", &calls, AtLeast(0.35))],
        ),
        Goal::new(
            3,
            "full cycle over streams against the bare log (L)",
            vec![
                Part::new("× L", &disk, AtLeast(0.35)),
                Part::new("messages for each fdatasync", &per_sync, AtLeast(PER_SYNC)),
            ],
        ),
        Goal::new(
            4,
            "the hub's processor time for a message, against that of an echoed call",
            vec![Part::new("× E", &processor, AtMost(1.2))],
        ),
        Goal::new(
            5,
            "latency at half of the own maximum, open loop",
            vec![
                Part::new("accept p99 × max(10 ms, 8 F)", &accept, AtMost(1.0)),
                Part::new("ms accept p99", &accept_ms, Shown),
                Part::new("ms from durable to the subscriber, p99", &delivered_ms, AtMost(5.0)),
            ],
        ),
    ]
}
