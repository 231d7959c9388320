//! One round on a stage.

use super::board::{Board, Times};
use super::letters::Letters;
use super::sender::{Pace, Way, send, send_paced};
use super::stage::Stage;
use crate::loadgen::error::{LoadError, ensure};
use crate::loadgen::meter::Meter;
use crate::loadgen::round::Round;
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
    in_patience(cycle(stage, letters, Sending::Closed(way, in_flight))).await
}

/// The same over streams in an open loop: `rate` messages a second, each at its time whatever became of those before it, and every
/// latency counted from that time.
///
/// # Errors
/// As [`full_cycle`].
pub async fn paced(stage: &mut Stage, messages: usize, rate: f64) -> Result<Round, LoadError> {
    let letters = stage.templates.letters(0, messages);
    in_patience(cycle(stage, letters, Sending::Open(Pace::new(rate)))).await
}

#[derive(Clone, Copy)]
enum Sending {
    Closed(Way, usize),
    Open(Pace),
}

async fn in_patience(round: impl Future<Output = Result<Round, LoadError>>) -> Result<Round, LoadError> {
    tokio::time::timeout(PATIENCE, round).await.map_err(|_| LoadError::Wrong("a round does not end"))?
}

async fn cycle(stage: &mut Stage, letters: Letters, how: Sending) -> Result<Round, LoadError> {
    let messages = letters.expected.len() as u64;
    let synced = stage.syncs()?;
    let meter = Meter::start(Some(stage.pid()))?;
    let board = Arc::new(Board::new(0, letters.expected));
    let mut receiving = JoinSet::new();
    for subscriber in stage.subscribers.drain(..) {
        receiving.spawn(subscriber.round(Arc::clone(&board)));
    }
    let mut sending = JoinSet::new();
    let senders = stage.senders.len();
    for (peer, letters) in stage.senders.iter().cloned().zip(letters.by_sender) {
        let board = Arc::clone(&board);
        sending.spawn(async move {
            match how {
                Sending::Closed(way, in_flight) => {
                    send(way, &peer, letters, in_flight.div_ceil(senders), &board).await
                }
                Sending::Open(pace) => send_paced(&peer, letters, pace, &board).await,
            }
        });
    }
    while let Some(done) = sending.join_next().await {
        done??;
    }
    while let Some(done) = receiving.join_next().await {
        stage.subscribers.push(done??);
    }
    let usage = meter.stop()?;
    let mut round = Round { messages, usage, ..times(&board) };
    round.syncs = Some(stage.syncs()? - synced);
    let counts = [round.answered.count(), round.arrived.count()];
    ensure(counts == [messages; 2], "not every message was answered and delivered")?;
    Ok(round)
}

fn times(board: &Board) -> Round {
    let mut round = Round::default();
    for times in board.times() {
        let between = Times::between;
        between(times.sent, times.answered).into_iter().for_each(|time| round.answered.add(time));
        between(times.sent, times.delivered).into_iter().for_each(|time| round.arrived.add(time));
        between(times.answered, times.delivered).into_iter().for_each(|time| round.delivered.add(time));
    }
    round
}
