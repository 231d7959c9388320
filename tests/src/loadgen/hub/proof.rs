//! With the disk recorded: no receipt came before the sync that covers its message had ended.

use super::board::{Board, index_of};
use crate::loadgen::error::LoadError;
use crate::recorder::{Change, FileId, Recording, Step};
use std::collections::HashMap;

/// How a header begins: magic and suite; its message id follows (PROTOCOL.md section 6).
const HEADER: &[u8; 6] = b"SVK1\0\x01";
const ID: usize = 16;

/// What the recording says of a round.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Proof {
    /// Messages whose receipt came after their sync.
    pub proven: usize,
    /// Messages whose receipt came before it, or that no sync covers at all.
    pub early: usize,
}

/// Compares the time of every receipt with that of the first sync of the message's file that began after the message was written.
///
/// The receipt's time is taken where it arrives: one that left before the sync's end and travelled until after it is not seen. One that
/// needs no sync, because the disk does not sync, always is.
///
/// # Errors
/// [`LoadError::Wrong`] for a message that was answered and never written.
pub fn prove(recording: &Recording, board: &Board) -> Result<Proof, LoadError> {
    let syncs = syncs(recording);
    let mut durable: HashMap<usize, Option<u64>> = HashMap::new();
    for step in recording.steps() {
        let Change::Write { file, bytes, .. } = &step.change else { continue };
        for index in headers(bytes).filter_map(|id| board.index_of(id)) {
            durable.entry(index).or_insert_with(|| covered(syncs.get(file), step));
        }
    }
    let mut proof = Proof::default();
    for (index, answered_ns) in board.answers() {
        let synced =
            durable.get(&index).ok_or(LoadError::Wrong("a message was answered and never written"))?;
        if synced.is_some_and(|ended_ns| ended_ns <= answered_ns) {
            proof.proven += 1;
        } else {
            proof.early += 1;
        }
    }
    Ok(proof)
}

/// The true syncs of every file, by the time they began.
fn syncs(recording: &Recording) -> HashMap<FileId, Vec<&Step>> {
    let mut syncs: HashMap<FileId, Vec<&Step>> = HashMap::new();
    for step in recording.steps() {
        if let Change::Sync { file, barrier: true } = &step.change
            && step.done
        {
            syncs.entry(*file).or_default().push(step);
        }
    }
    syncs
}

/// When the first sync that began after the write had ended was over.
fn covered(syncs: Option<&Vec<&Step>>, write: &Step) -> Option<u64> {
    let syncs = syncs?;
    let first = syncs.partition_point(|sync| sync.begun_ns < write.ended_ns);
    syncs.get(first).map(|sync| sync.ended_ns)
}

/// The message ids of all headers in these bytes.
fn headers(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let begins = bytes.windows(HEADER.len()).enumerate().filter(|(_, window)| *window == HEADER);
    begins.filter_map(|(at, _)| bytes.get(at + HEADER.len()..)?.get(..ID))
}

impl Board {
    /// The place of a message of this round.
    fn index_of(&self, message_id: &[u8]) -> Option<usize> {
        index_of(message_id).ok().filter(|index| self.holds(*index))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(begun_ns: u64, change: Change) -> Step {
        Step { begun_ns, ended_ns: begun_ns + 10, done: true, change }
    }

    fn write(at: u64) -> Step {
        step(at, Change::Write { file: FileId(1), offset: 0, bytes: vec![0; 8].into() })
    }

    fn sync(at: u64, barrier: bool) -> Step {
        step(at, Change::Sync { file: FileId(1), barrier })
    }

    #[test]
    fn only_a_true_sync_that_began_after_the_write_covers_it() {
        let recording = |steps: &[Step]| Recording::new(steps.to_vec());
        let covering = |steps: &[Step]| {
            let recording = recording(steps);
            covered(syncs(&recording).get(&FileId(1)), &write(100))
        };
        assert_eq!(covering(&[sync(50, true), sync(105, true), sync(110, true)]), Some(120));
        assert_eq!(covering(&[sync(50, true)]), None);
        assert_eq!(covering(&[sync(120, false)]), None, "a sync that did nothing");
        assert_eq!(covering(&[]), None);
    }

    #[test]
    fn headers_are_found_wherever_they_stand() {
        let id = [7; ID];
        let mut bytes = vec![1, 2, 3];
        bytes.extend_from_slice(HEADER);
        bytes.extend_from_slice(&id);
        bytes.extend_from_slice(HEADER);
        assert_eq!(headers(&bytes).collect::<Vec<_>>(), [&id], "the second is cut off");
    }
}
