//! Hands letters in: in a closed loop, where the next one goes when an answer has come, or in an open loop, where each goes at its time.

use super::board::{Board, index_of};
use super::letters::Letter;
use crate::loadgen::error::{LoadError, ensure};
use crate::wire::Peer;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use samverkan_proto::limits::MAX_IN_FLIGHT;
use samverkan_proto::v1::submit_stream_response::Outcome;
use samverkan_proto::v1::{SubmitStreamRequest, SubmitStreamResponse};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

/// How letters are handed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// One call each.
    Unary,
    /// Over one stream a sender.
    Stream,
}

/// Hands all letters in, with at most `depth` unanswered.
///
/// # Errors
/// The first refusal, and what [`Board::answered`] finds.
pub async fn send(
    way: Way,
    peer: &Peer,
    letters: Vec<Letter>,
    depth: usize,
    board: &Board,
) -> Result<(), LoadError> {
    match way {
        Way::Unary => by_calls(peer, letters, depth, board).await,
        Way::Stream => over_a_stream(peer, letters, depth, board).await,
    }
}

async fn by_calls(peer: &Peer, letters: Vec<Letter>, depth: usize, board: &Board) -> Result<(), LoadError> {
    let relay = peer.relay();
    let mut waiting = letters.into_iter().map(|letter| {
        let mut relay = relay.clone();
        async move {
            board.sent(letter.index);
            let answer = relay.submit(letter.request).await?.into_inner();
            board.answered(letter.index, &answer.receipt)
        }
    });
    let mut open: FuturesUnordered<_> = waiting.by_ref().take(depth).collect();
    while let Some(done) = open.next().await {
        done?;
        open.extend(waiting.next());
    }
    Ok(())
}

async fn over_a_stream(
    peer: &Peer,
    letters: Vec<Letter>,
    depth: usize,
    board: &Board,
) -> Result<(), LoadError> {
    let (steps, queue) = mpsc::channel(depth);
    let mut answers = peer.relay().submit_stream(ReceiverStream::new(queue)).await?.into_inner();
    let mut unanswered = 0;
    let mut waiting = letters.into_iter();
    loop {
        for letter in waiting.by_ref().take(depth - unanswered) {
            board.sent(letter.index);
            let request = SubmitStreamRequest { message: Some(letter.request) };
            steps.send(request).await.map_err(|_| LoadError::Ended)?;
            unanswered += 1;
        }
        if unanswered == 0 {
            break;
        }
        take(answers.message().await?.ok_or(LoadError::Ended)?, board)?;
        unanswered -= 1;
    }
    drop(steps);
    ensure(answers.message().await?.is_none(), "more answers than messages")
}

fn take(answer: SubmitStreamResponse, board: &Board) -> Result<(), LoadError> {
    match answer.outcome {
        Some(Outcome::Receipt(receipt)) => board.answered(index_of(&answer.message_id)?, &receipt),
        Some(Outcome::Failure(_)) => Err(LoadError::Wrong("a message was refused")),
        None => Err(LoadError::Wrong("an answer says nothing")),
    }
}

/// A schedule: letter after letter of all senders together, in equal steps from the round's beginning.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    step: f64,
}

impl Pace {
    /// So many letters a second.
    #[must_use]
    pub fn new(rate: f64) -> Self {
        Self { step: 1.0 / rate }
    }

    /// When a letter's time is, from the round's beginning.
    fn due(self, index: usize) -> Duration {
        Duration::from_secs_f64(self.step * index as f64)
    }
}

/// Hands all letters in over a stream, each at its time. A letter that waits because the hub does not read is late, and its latency
/// counts from when it was due.
///
/// # Errors
/// As [`send`].
pub async fn send_paced(
    peer: &Peer,
    letters: Vec<Letter>,
    pace: Pace,
    board: &Board,
) -> Result<(), LoadError> {
    let (steps, queue) = mpsc::channel(MAX_IN_FLIGHT);
    let mut answers = peer.relay().submit_stream(ReceiverStream::new(queue)).await?.into_inner();
    let expected = letters.len();
    let sending = async move {
        for letter in letters {
            let due = pace.due(letter.index);
            if board.elapsed() < due {
                tokio::time::sleep_until(board.instant(due)).await;
            }
            board.sent_at(letter.index, due);
            let request = SubmitStreamRequest { message: Some(letter.request) };
            steps.send(request).await.map_err(|_| LoadError::Ended)?;
        }
        Ok::<_, LoadError>(())
    };
    let taking = async move {
        for _ in 0..expected {
            take(answers.message().await?.ok_or(LoadError::Ended)?, board)?;
        }
        Ok(())
    };
    futures_util::try_join!(sending, taking).map(drop)
}
