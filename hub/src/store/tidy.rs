//! Giving space back: unlinking empty segments, and copying what lives in those that are almost empty.

use std::collections::VecDeque;
use std::ops::RangeInclusive;

use super::draft::Draft;
use super::error::StoreError;
use super::journal::{Contents, Journal, Location, ReadError, Reader, Record};
use super::record;

/// A segment is copied when less than this share of a full one lives in it, in percent.
const SPARSE: u64 = 20;
/// Bytes that one batch copies, at least and at most.
const PIECE: RangeInclusive<usize> = 16 << 10..=1 << 20;

/// How far giving space back has come.
#[derive(Debug, Default)]
pub(super) enum Tidying {
    /// Nothing is worth it.
    #[default]
    Resting,
    /// What a segment holds is being looked up.
    Surveying,
    /// A segment is being copied.
    Copying(Copying),
    /// It could not be done now.
    Refused,
}

impl Tidying {
    /// What could not be done may be possible by now.
    pub(super) fn hope(&mut self) {
        if matches!(self, Self::Refused) {
            *self = Self::Resting;
        }
    }
}

/// The segment that is being copied, and what is left of it.
#[derive(Debug)]
pub(super) struct Copying {
    contents: Contents,
    left: VecDeque<Location>,
}

impl Copying {
    /// Number of the next segment worth copying.
    pub(super) fn candidate(journal: &Journal) -> Option<u32> {
        journal.sparse_segment(SPARSE)
    }

    /// Begins with a segment.
    pub(super) fn begin(journal: &Journal, contents: Contents) -> Self {
        Self { left: journal.living(&contents).into(), contents }
    }

    /// Whether every record has been copied, and only releases are left.
    pub(super) fn is_done(&self) -> bool {
        self.left.is_empty()
    }

    /// Ends with a segment: what it said of others is said again, and it goes.
    pub(super) fn end(self, journal: &mut Journal) -> Result<(), StoreError> {
        journal.carry_releases(&self.contents)?;
        // Whatever lives in it still could not be copied; it is not offered again.
        journal.leave(self.contents.segment);
        journal.reap()?;
        Ok(())
    }

    /// Copies a piece as large as what `came` in since the last one, in bytes: enough to keep up, and no more, because whoever comes next
    /// waits for it.
    pub(super) fn step(&mut self, draft: &mut Draft, reader: &Reader, came: usize) -> Result<(), StoreError> {
        let most = came.clamp(*PIECE.start(), *PIECE.end());
        let mut bytes = 0;
        while let Some(location) = self.left.front().copied()
            && bytes < most
            && draft.may_release()
        {
            bytes += location.len as usize;
            match reader.read(location) {
                Ok(record) => copy(draft, location, &record)?,
                // Damaged records stay where they are; those that are gone need no copy.
                Err(ReadError::Damaged { .. } | ReadError::Gone) => {}
                Err(error) => return Err(error.into()),
            }
            self.left.pop_front();
        }
        Ok(())
    }
}

/// Copies a record and points the index at the copy, unless the record has died meanwhile. A batch that may release takes all of
/// it, so that what fails has changed nothing.
fn copy(draft: &mut Draft, location: Location, record: &Record) -> Result<(), StoreError> {
    let Some(key) = record::index_key(record.kind, record.seq, &record.head) else { return Ok(()) };
    let Some(mut value) = draft.get(&key)? else { return Ok(()) };
    let Some(place) = value.first_chunk_mut().filter(|place| **place == location.to_bytes()) else {
        return Ok(());
    };
    *place = draft.copy(record)?.to_bytes();
    draft.put(key, value)?;
    draft.release(location)
}
