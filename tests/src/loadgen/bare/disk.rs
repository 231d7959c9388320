//! What the disk alone can do: the log with many writers, and one sync at a time.

use super::client::BODY;
use super::log::Log;
use crate::loadgen::error::{LoadError, ensure};
use crate::loadgen::folder::Folder;
use crate::loadgen::meter::Meter;
use crate::loadgen::round::{Latencies, Round};
use crate::wire::parcel::random_bytes;
use bytes::Bytes;
use std::fs::File;
use std::io::Write as _;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// Appends `records` of 4 KiB by `writers` that each wait for their sync.
///
/// # Errors
/// When the disk refuses.
pub async fn log(folder: &Folder, records: usize, writers: usize) -> Result<Round, LoadError> {
    let path = folder.path().join("bare-log");
    let (log, thread) = Log::create(&path)?;
    let share = records.div_ceil(writers);
    let mut writing = JoinSet::new();
    let meter = Meter::start(None)?;
    for _ in 0..writers {
        writing.spawn(write(log.clone(), random_bytes(BODY).into(), share));
    }
    let mut round = Round { messages: (share * writers) as u64, ..Round::default() };
    while let Some(done) = writing.join_next().await {
        round.answered.add_all(&done??);
    }
    round.usage = meter.stop()?;
    round.syncs = Some(log.syncs());
    drop(log);
    thread.join().map_err(|_| LoadError::Wrong("the log's thread panicked"))??;
    std::fs::remove_file(path)?;
    Ok(round)
}

async fn write(log: Log, record: Bytes, records: usize) -> Result<Latencies, LoadError> {
    let mut latencies = Latencies::default();
    for _ in 0..records {
        let begun = Instant::now();
        ensure(log.append(record.clone()).await, "the log is broken")?;
        latencies.add(begun.elapsed());
    }
    Ok(latencies)
}

/// Appends `records` of 4 KiB one after the other, each with a sync of its own.
///
/// # Errors
/// When the disk refuses.
pub fn fsync(folder: &Folder, records: usize) -> Result<Round, LoadError> {
    let path = folder.path().join("bare-fsync");
    let mut file = File::create(&path)?;
    let record = random_bytes(BODY);
    let mut round = Round { messages: records as u64, syncs: Some(records as u64), ..Round::default() };
    let meter = Meter::start(None)?;
    for _ in 0..records {
        let begun = Instant::now();
        file.write_all(&record)?;
        file.sync_data()?;
        round.answered.add(begun.elapsed());
    }
    round.usage = meter.stop()?;
    std::fs::remove_file(path)?;
    Ok(round)
}

/// Writes `bytes` to a file from its beginning to its end and syncs it once; returns how long that took.
///
/// # Errors
/// When the disk refuses.
pub fn sequential(folder: &Folder, bytes: &[u8]) -> Result<Duration, LoadError> {
    /// Bytes written at a time.
    const STEP: usize = 1 << 20;
    let path = folder.path().join("bare-sequential");
    let mut file = File::create(&path)?;
    let began = Instant::now();
    bytes.chunks(STEP).try_for_each(|step| file.write_all(step))?;
    file.sync_all()?;
    let took = began.elapsed();
    std::fs::remove_file(path)?;
    Ok(took)
}
