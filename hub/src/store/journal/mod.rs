//! The journal: an append-only log of the owner's records, and the truth of the store.
//!
//! Records go in arrival order into segment files of about 64 MiB. The one writer forms a [`Batch`], which knows
//! every record's [`Location`] at once, and [`Journal::commit`] makes it durable with one write and one
//! `fdatasync`: after that all of the batch is there, before that none of it is.
//!
//! A record lives until a batch releases it. Releases are part of the batch that made them, so what lives is a
//! fact of the journal alone. A segment in which nothing lives is unlinked; a segment in which little lives
//! offers it to the owner for copying.
//!
//! | file | owns |
//! |---|---|
//! | `frame.rs` | the bytes of one frame and the digests that vouch for them |
//! | `segment.rs` | segment files: names, headers, listing |
//! | `scan.rs` | walking a segment whose content may be anything; where a torn tail begins |
//! | `catalogue.rs` | a segment's heads beside it, so that a rebuild need not read the bodies |
//! | `live.rs` | what lives in each segment |
//! | `recover.rs` | opening after a clean and an unclean stop |
//! | `append.rs` | forming, committing, rolling, reaping, copying |
//! | `read.rs`, `damaged.rs` | reading records, from any thread; what was found damaged |

mod append;
mod catalogue;
mod damaged;
mod frame;
pub(super) mod laws;
mod live;
mod read;
mod recover;
mod scan;
mod segment;

#[cfg(test)]
mod tests;

use std::io;

pub(super) use append::{Batch, Contents, Journal, Pushed, Room};
pub(super) use catalogue::Replayed;
pub(super) use frame::{Body, NewRecord, Record};
pub(super) use read::Reader;
pub use recover::{Damage, DamageKind, JournalReport, TornTail};

pub(super) use recover::CleanJournal;

/// Sizes that the tests make small.
#[derive(Clone, Copy, Debug)]
pub(super) struct JournalOptions {
    /// A segment that has reached this many bytes is closed before the next batch.
    pub segment_bytes: u32,
    /// Free bytes on the file system below which ordinary batches are refused, so that deletions still fit.
    pub reserve_bytes: u64,
}

impl Default for JournalOptions {
    fn default() -> Self {
        Self { segment_bytes: 64 << 20, reserve_bytes: 256 << 20 }
    }
}

/// Where a record is. Twelve bytes in an index value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Location {
    /// Number of the segment.
    pub segment: u32,
    /// Offset of the frame in the segment, in bytes.
    pub offset: u32,
    /// Length of the frame, in bytes.
    pub len: u32,
}

impl Location {
    /// Length of the encoded form.
    pub(super) const LEN: usize = 12;

    /// The encoded form: three big-endian `u32`.
    pub(super) fn to_bytes(self) -> [u8; Self::LEN] {
        let mut bytes = [0; Self::LEN];
        bytes[..4].copy_from_slice(&self.segment.to_be_bytes());
        bytes[4..8].copy_from_slice(&self.offset.to_be_bytes());
        bytes[8..].copy_from_slice(&self.len.to_be_bytes());
        bytes
    }

    /// Reads the encoded form. Any bytes give a location; reading an untrue one gives an error.
    pub(super) fn from_bytes(bytes: &[u8; Self::LEN]) -> Self {
        let [a, b, c, d, e, f, g, h, i, j, k, l] = *bytes;
        Self {
            segment: u32::from_be_bytes([a, b, c, d]),
            offset: u32::from_be_bytes([e, f, g, h]),
            len: u32::from_be_bytes([i, j, k, l]),
        }
    }
}

/// Why a batch was not committed.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// A write or sync failed earlier. Nothing is acknowledged again before the hub has been restarted.
    #[error("the journal stopped after a disk error; restart the hub")]
    Poisoned,
    /// The disk is full, or can only be read; the batch is not there. Transient.
    #[error("the disk takes no more")]
    NoSpace,
    /// A record or batch is above its bound.
    #[error("the record or batch is too large")]
    TooLarge,
    /// The disk failed; the journal is poisoned from now on, and it is not known whether the batch is durable.
    #[error("the journal can not {action}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// The file system's answer.
        source: io::Error,
    },
}

/// Why a record can not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The bytes on disk are not those that were written.
    #[error("the record at {segment}:{offset} is damaged")]
    Damaged {
        /// Number of the segment.
        segment: u32,
        /// Offset of the frame.
        offset: u32,
    },
    /// The segment has been unlinked: the record was deleted.
    #[error("the record is gone")]
    Gone,
    /// The file system refused.
    #[error("a segment can not be read")]
    Io(#[from] io::Error),
}
