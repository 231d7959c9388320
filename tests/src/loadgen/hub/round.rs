//! One round on a stage.

use super::board::Board;
use super::letters::{Letter, Letters};
use super::proof::{Proof, prove};
use super::sender::{Pace, Way, send, send_paced};
use super::stage::Stage;
use crate::loadgen::error::{LoadError, ensure};
use crate::loadgen::meter::Meter;
use crate::loadgen::round::Round;
use crate::recorder::Recording;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

/// Longest round; one that takes longer has come to a stop.
const PATIENCE: Duration = Duration::from_secs(900);

/// Sends `messages` in a closed loop, with `in_flight` unanswered over all senders together, and waits until the last of them is answered
/// and its subscriber's acknowledgement accepted.
///
/// # Errors
/// The first refusal, and whatever is not as it should be.
pub async fn full_cycle(
    stage: &mut Stage,
    way: Way,
    messages: usize,
    in_flight: usize,
) -> Result<Round, LoadError> {
    let letters = stage.templates.letters(0, messages);
    let cycle = cycle(stage, letters, Sending::Closed(way, in_flight));
    Ok(in_patience(cycle).await?.0)
}

/// The same over a recorded disk: every receipt came after the sync that covers its message.
///
/// # Errors
/// As [`full_cycle`], and [`LoadError::Early`].
pub async fn recorded(
    stage: &mut Stage,
    recording: &Path,
    way: Way,
    messages: usize,
    in_flight: usize,
) -> Result<(Round, Proof), LoadError> {
    let letters = stage.templates.letters(0, messages);
    let cycle = cycle(stage, letters, Sending::Closed(way, in_flight));
    let (round, board) = in_patience(cycle).await?;
    let proof = prove(&Recording::load(recording)?, &board)?;
    if proof.early > 0 { Err(LoadError::Early(proof.early)) } else { Ok((round, proof)) }
}

/// The same over streams in an open loop: `rate` messages a second, each at its time whatever became of those before it, and every
/// latency counted from that time.
///
/// # Errors
/// As [`full_cycle`].
pub async fn paced(stage: &mut Stage, messages: usize, rate: f64) -> Result<Round, LoadError> {
    let letters = stage.templates.letters(0, messages);
    let cycle = cycle(stage, letters, Sending::Open(Pace::new(rate)));
    Ok(in_patience(cycle).await?.0)
}

#[derive(Clone, Copy)]
enum Sending {
    Closed(Way, usize),
    Open(Pace),
}

/// What a round gives, if it ends.
///
/// # Errors
/// Its own, and [`LoadError::Wrong`] when it has come to a stop.
pub async fn in_patience<T>(round: impl Future<Output = Result<T, LoadError>>) -> Result<T, LoadError> {
    tokio::time::timeout(PATIENCE, round).await.map_err(|_| LoadError::Wrong("a round does not end"))?
}

async fn cycle(stage: &mut Stage, letters: Letters, how: Sending) -> Result<(Round, Arc<Board>), LoadError> {
    let messages = letters.expected.len() as u64;
    let synced = stage.syncs()?;
    let meter = Meter::start(Some(stage.pid()))?;
    let board = Arc::new(Board::new(0, letters.expected));
    let mut receiving = JoinSet::new();
    for subscriber in stage.subscribers.drain(..) {
        receiving.spawn(subscriber.round(Arc::clone(&board)));
    }
    match how {
        Sending::Closed(way, in_flight) => {
            send_all(stage, letters.by_sender, way, in_flight, &board).await?;
        }
        Sending::Open(pace) => {
            let sending = stage.senders.iter().cloned().zip(letters.by_sender).map(|(peer, letters)| {
                let board = Arc::clone(&board);
                async move { send_paced(&peer, letters, pace, &board).await }
            });
            all(sending.collect()).await?;
        }
    }
    while let Some(done) = receiving.join_next().await {
        stage.subscribers.push(done??);
    }
    let usage = meter.stop()?;
    let mut round = Round { messages, usage, ..board.round() };
    round.syncs = Some(stage.syncs()? - synced);
    ensure(round.answered.count() == messages, "not every message was answered")?;
    ensure(round.arrived.count() == messages, "not every message was delivered")?;
    Ok((round, board))
}

/// Hands `messages` in for mailboxes that nobody reads, in a closed loop.
///
/// # Errors
/// As [`full_cycle`].
pub async fn submit(stage: &Stage, way: Way, letters: Letters, in_flight: usize) -> Result<Round, LoadError> {
    let messages = letters.expected.len() as u64;
    let synced = stage.syncs()?;
    let meter = Meter::start(Some(stage.pid()))?;
    let board = Arc::new(Board::new(letters.first, letters.expected));
    in_patience(send_all(stage, letters.by_sender, way, in_flight, &board)).await?;
    let mut round = Round { messages, usage: meter.stop()?, ..board.round() };
    round.syncs = Some(stage.syncs()? - synced);
    ensure(round.answered.count() == messages, "not every message was answered")?;
    Ok(round)
}

/// Hands every sender's letters in, with `in_flight` unanswered over all of them together.
///
/// # Errors
/// The first refusal.
pub async fn send_all(
    stage: &Stage,
    letters: Vec<Vec<Letter>>,
    way: Way,
    in_flight: usize,
    board: &Arc<Board>,
) -> Result<(), LoadError> {
    let depth = in_flight.div_ceil(stage.senders.len());
    let sending = stage.senders.iter().cloned().zip(letters).map(|(peer, letters)| {
        let board = Arc::clone(board);
        async move { send(way, &peer, letters, depth, &board).await }
    });
    all(sending.collect()).await
}

/// Waits until all have ended, or the first has failed; then the others end, too.
async fn all(mut tasks: JoinSet<Result<(), LoadError>>) -> Result<(), LoadError> {
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    Ok(())
}
