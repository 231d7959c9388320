//! What is measured of the hub alone, workload by workload.

use super::bare::client::{BareServer, Kind};
use super::command::Size;
use super::error::LoadError;
use super::folder::Folder;
use super::hub::sender::Way;
use super::hub::stage::{Cast, Stage};
use super::hub::volume::{Stop, Volume, disk_bytes, reopen, settled_memory, shrunk};
use super::hub::{crowd, files, round};
use super::report::Report;
use crate::recorder::Syncing;
use clap::{Args, ValueEnum};
use std::io::Write;
use std::path::Path;
use std::time::Duration;

/// Messages that may wait for one mailbox, with room to spare below the hub's own bound.
const PER_MAILBOX: usize = 62_500;
/// How long the hub has for giving space back.
const GIVEN_BACK: Duration = Duration::from_secs(60);
const MIB: f64 = 1_048_576.0;

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Workload {
    /// Accepted, by single calls; nobody reads.
    SubmitUnary,
    /// Accepted, over streams; nobody reads.
    SubmitStream,
    /// Accepted, delivered, and the acknowledgement accepted.
    FullCycle,
    /// Devices that only listen.
    Idle,
    /// A large attachment.
    Attach,
    /// Mailboxes that fill up, and the hub opened again over them.
    Fill,
    /// The same, and everything read again, as many times as there are rounds.
    Drain,
}

/// How much of it.
#[derive(Debug, Args)]
pub struct Options {
    /// Hands the messages of full cycles in by single calls, 64 unanswered, instead of over streams, 256 unanswered.
    #[arg(long)]
    unary: bool,
    /// Devices that receive.
    #[arg(long, default_value_t = 16)]
    subscribers: usize,
    /// Devices that only listen.
    #[arg(long, default_value_t = 10_000)]
    devices: usize,
    /// Bytes of a large attachment.
    #[arg(long, default_value_t = 1 << 30)]
    attachment: u64,
    /// Full cycles over a disk that records what is done to it, and a proof from the recording that no receipt came before the sync that
    /// covers its message.
    #[arg(long)]
    recorded: bool,
    /// The recorded disk only says that it syncs: the proof must fail.
    #[arg(long, requires = "recorded")]
    no_sync: bool,
}

/// Measures a workload and tells of it.
///
/// # Errors
/// Whatever makes a measurement worthless.
///
/// # Panics
/// When the hub does not start.
pub async fn measure(
    workload: Workload,
    options: &Options,
    size: &Size,
    report: &mut Report<impl Write>,
) -> Result<(), LoadError> {
    match workload {
        Workload::SubmitUnary => submit(Way::Unary, options, size, report).await,
        Workload::SubmitStream => submit(Way::Stream, options, size, report).await,
        Workload::FullCycle if options.recorded => recorded(options, size, report).await,
        Workload::FullCycle => full_cycles(options, size, report).await,
        Workload::Idle => idle(options, size, report).await,
        Workload::Attach => attach(options, size, report).await,
        Workload::Fill => fill_and_drain(options, size, report, false).await,
        Workload::Drain => fill_and_drain(options, size, report, true).await,
    }
}

/// Unanswered messages where nothing else is asked for.
const fn usual(way: Way) -> usize {
    match way {
        Way::Unary => 64,
        Way::Stream => 256,
    }
}

impl Options {
    const fn way(&self) -> Way {
        if self.unary { Way::Unary } else { Way::Stream }
    }

    const fn cast(&self, size: &Size) -> Cast {
        Cast { senders: size.connections, subscribers: self.subscribers, silent: 0 }
    }
}

async fn submit(
    way: Way,
    options: &Options,
    size: &Size,
    report: &mut Report<impl Write>,
) -> Result<(), LoadError> {
    let all = size.messages * size.rounds + size.warm_up();
    let silent = all.div_ceil(PER_MAILBOX).max(options.subscribers);
    let cast = Cast { senders: size.connections, subscribers: 0, silent };
    let stage = Stage::set(Folder::new(size.folder.as_deref())?, cast).await?;
    let in_flight = size.in_flight.unwrap_or(usual(way));
    round::submit(&stage, way, stage.silent.letters(0, size.warm_up()), in_flight).await?;
    for _ in 0..size.rounds {
        let letters = stage.silent.letters(0, size.messages);
        report.round(&round::submit(&stage, way, letters, in_flight).await?)?;
    }
    Ok(())
}

async fn full_cycles(
    options: &Options,
    size: &Size,
    report: &mut Report<impl Write>,
) -> Result<(), LoadError> {
    let way = options.way();
    let in_flight = size.in_flight.unwrap_or(usual(way));
    let mut stage = Stage::set(Folder::new(size.folder.as_deref())?, options.cast(size)).await?;
    round::full_cycle(&mut stage, way, size.warm_up(), in_flight).await?;
    for _ in 0..size.rounds {
        report.round(&round::full_cycle(&mut stage, way, size.messages, in_flight).await?)?;
    }
    Ok(())
}

/// One round: the recording is searched for messages by their place in the round.
async fn recorded(options: &Options, size: &Size, report: &mut Report<impl Write>) -> Result<(), LoadError> {
    let way = options.way();
    let in_flight = size.in_flight.unwrap_or(usual(way));
    let syncing = if options.no_sync { Syncing::Off } else { Syncing::On };
    let folder = Folder::new(size.folder.as_deref())?;
    let (mut stage, recording) = Stage::recorded(folder, options.cast(size), syncing).await?;
    let (round, proof) = round::recorded(&mut stage, &recording, way, size.messages, in_flight).await?;
    report.round(&round)?;
    report.fact("receipts that came after their sync had ended", "", proof.proven as f64)
}

async fn idle(options: &Options, size: &Size, report: &mut Report<impl Write>) -> Result<(), LoadError> {
    let cast = Cast { senders: 1, subscribers: 0, silent: 1 };
    let stage = Stage::set(Folder::new(size.folder.as_deref())?, cast).await?;
    let idle = crowd::idle(&stage, options.devices).await?;
    report.fact("devices that listen", "", idle.devices as f64)?;
    report.fact("memory for each", "KiB", idle.bytes_each / 1024.0)?;
    report.fact("memory with all", "MiB", idle.resident_bytes as f64 / MIB)
}

async fn attach(options: &Options, size: &Size, report: &mut Report<impl Write>) -> Result<(), LoadError> {
    let folder = || Folder::new(size.folder.as_deref());
    let bare = BareServer::start(folder()?, Kind::Echo, 1)?;
    let mut stage = Stage::set(folder()?, options.cast(size)).await?;
    let small = size.messages / 40 + 1;
    for _ in 0..size.rounds {
        let done = files::transfer(&mut stage, &bare, &folder()?, options.attachment, small).await?;
        report.fact("into the hub", "MiB/s", done.hub / MIB)?;
        report.fact("over a bare stream", "MiB/s", done.bare / MIB)?;
        report.fact("into a bare file", "MiB/s", done.disk / MIB)?;
        report.fact("memory", "MiB", done.memory as f64 / MIB)?;
        report.fact("accept p99 of small messages alone", "ms", done.alone.answered.quantile_ms(0.99))?;
        report.fact("accept p99 of small messages beside", "ms", done.beside.answered.quantile_ms(0.99))?;
    }
    Ok(())
}

async fn fill_and_drain(
    options: &Options,
    size: &Size,
    report: &mut Report<impl Write>,
    drain: bool,
) -> Result<(), LoadError> {
    let silent = size.messages.div_ceil(PER_MAILBOX).max(options.subscribers);
    let cast = Cast { senders: size.connections, subscribers: 0, silent };
    let mut stage = Stage::set(Folder::new(size.folder.as_deref())?, cast).await?;
    let mut volume = Volume::default();
    let times = if drain { size.rounds } else { 1 };
    for _ in 0..times {
        let filled = volume.fill(&stage, size.messages).await?;
        report.round(&filled)?;
        let written = filled.usage.server.map_or(0, |server| server.written_bytes);
        report.fact("written for each byte handed in", "bytes", written as f64 / volume.bytes as f64)?;
        tell_of_disk(&stage, report)?;
        for (what, stop) in
            [("opened after a clean stop", Stop::Clean), ("opened after a kill", Stop::Killed)]
        {
            report.fact(what, "s", reopen(&mut stage, stop).await?.as_secs_f64())?;
        }
        if drain {
            report.round(&volume.drain(&stage).await?)?;
            let (_, took) = shrunk(&stage.hub.data_dir(), 0, GIVEN_BACK)?;
            report.fact("given back for", "s", took.as_secs_f64())?;
            tell_of_disk(&stage, report)?;
        }
    }
    Ok(())
}

fn tell_of_disk(stage: &Stage, report: &mut Report<impl Write>) -> Result<(), LoadError> {
    let folder: &Path = &stage.hub.data_dir();
    report.fact("on the disk", "MiB", disk_bytes(folder)? as f64 / MIB)?;
    report.fact("memory", "MiB", settled_memory(stage.pid())? as f64 / MIB)
}
