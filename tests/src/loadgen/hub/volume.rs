//! Messages that stay: mailboxes that nobody reads fill up, and are emptied.

use super::board::{Board, Expected};
use super::round::{in_patience, submit};
use super::sender::Way;
use super::stage::Stage;
use crate::loadgen::error::{LoadError, ensure};
use crate::loadgen::meter::{Meter, ServerUse};
use crate::loadgen::round::Round;
use crate::until::until;
use crate::wire::Peer;
use samverkan_proto::v1::{HelloRequest, HelloResponse};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// Letters that are made and sent at a time; they wait in memory.
const CHUNK: usize = 25_000;
/// Unanswered messages of all senders together.
const IN_FLIGHT: usize = 256;

/// The messages that wait on a stage.
#[derive(Debug, Default)]
pub struct Volume {
    waiting: Vec<Expected>,
    /// Bytes that were submitted.
    pub bytes: u64,
}

impl Volume {
    /// How many wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether none does.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Hands messages in until so many wait.
    ///
    /// # Errors
    /// The first refusal.
    pub async fn fill(&mut self, stage: &Stage, until: usize) -> Result<Round, LoadError> {
        let mut all = Round::default();
        while self.waiting.len() < until {
            let n = CHUNK.min(until - self.waiting.len());
            let first = self.waiting.len();
            let letters = stage.silent.letters(first, n);
            self.bytes += letters.bytes;
            self.waiting.extend_from_slice(&letters.expected);
            let round = submit(stage, Way::Stream, letters, IN_FLIGHT).await?;
            all.append(&round);
        }
        Ok(all)
    }

    /// Has all mailboxes read to the end: every message is checked and acknowledged.
    ///
    /// # Errors
    /// As of a subscriber.
    pub async fn drain(&mut self, stage: &Stage) -> Result<Round, LoadError> {
        let messages = self.waiting.len() as u64;
        let board = Arc::new(Board::new(0, std::mem::take(&mut self.waiting)));
        self.bytes = 0;
        let mut opened = Vec::new();
        for receiver in &stage.silent_receivers {
            opened.push(receiver.open().await?);
        }
        let meter = Meter::start(Some(stage.pid()))?;
        let mut receiving = JoinSet::new();
        for subscriber in opened {
            receiving.spawn(subscriber.round(Arc::clone(&board)));
        }
        let received = async {
            while let Some(done) = receiving.join_next().await {
                done??;
            }
            Ok(())
        };
        in_patience(received).await?;
        Ok(Round { messages, usage: meter.stop()?, ..Round::default() })
    }
}

/// How a hub is ended before it is opened again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// It is told to, and writes everything down.
    Clean,
    /// It is killed.
    Killed,
}

/// Stops the hub and starts it again; returns how long it took from its start until it answered a call.
///
/// # Errors
/// When the streams of the subscribers can not be opened again.
///
/// # Panics
/// When it does not stop or start.
pub async fn reopen(stage: &mut Stage, stop: Stop) -> Result<Duration, LoadError> {
    match stop {
        Stop::Clean => ensure(stage.hub.terminate().success(), "the hub did not stop well")?,
        Stop::Killed => stage.hub.kill9(),
    }
    let began = Instant::now();
    stage.hub.restart();
    let hello: Result<HelloResponse, _> =
        Peer::stranger(&stage.hub).call("EnrolmentService/Hello", &HelloRequest::default()).await;
    hello?;
    let took = began.elapsed();
    stage.reconnect().await?;
    Ok(took)
}

/// What the hub's files take on the disk, in bytes.
///
/// # Errors
/// When they can not be looked at.
pub fn disk_bytes(folder: &Path) -> Result<u64, LoadError> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder)? {
        // A file that the hub removes meanwhile takes nothing.
        let Ok(entry) = entry else { continue };
        let Ok(metadata) = entry.path().symlink_metadata() else { continue };
        bytes += if metadata.is_dir() { disk_bytes(&entry.path())? } else { metadata.blocks() * 512 };
    }
    Ok(bytes)
}

/// Waits until the files take no more than `bound` bytes, at most so long; returns what they take then, and how long that took.
///
/// # Errors
/// When they can not be looked at.
pub fn shrunk(folder: &Path, bound: u64, patience: Duration) -> Result<(u64, Duration), LoadError> {
    let began = Instant::now();
    loop {
        let bytes = disk_bytes(folder)?;
        if bytes <= bound || began.elapsed() >= patience {
            return Ok((bytes, began.elapsed()));
        }
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// Resident memory of a process once it has stopped changing, in bytes.
///
/// # Errors
/// When the process is gone.
pub fn settled_memory(pid: u32) -> Result<u64, LoadError> {
    /// So many looks in a row, with [`crate::until::until`]'s pauses, find about the same.
    const LOOKS: u32 = 100;
    const ABOUT: u64 = 256 << 10;
    let (mut at, mut looks) = (0, 0);
    until("the hub's memory settles", || {
        let now = match ServerUse::of(pid) {
            Ok(server) => server.resident_bytes,
            Err(error) => return Some(Err(error)),
        };
        if now.abs_diff(at) > ABOUT {
            (at, looks) = (now, 0);
        }
        looks += 1;
        (looks >= LOOKS).then_some(Ok(now))
    })
}
