//! Walking a segment whose content may be anything, and deciding where its torn tail begins.

use std::ops::Range;

use ring::digest;

use super::frame::{Commit, FrameType, HEADER_LEN, Header};
use super::segment::{FRAMES_AT, SegmentHeader};

/// A frame whose header check agreed.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) offset: u32,
    pub(super) header: Header,
    pub(super) head_intact: bool,
    pub(super) body_intact: bool,
}

impl Found {
    pub(super) fn end(&self) -> u32 {
        self.offset + self.header.frame_len() as u32
    }

    fn intact(&self) -> bool {
        self.head_intact && self.body_intact
    }
}

/// All that can be recognised in a segment, in order of offset.
#[derive(Debug, Default)]
pub(super) struct Scan {
    pub(super) frames: Vec<Found>,
    /// Byte ranges in which no frame could be recognised.
    pub(super) gaps: Vec<Range<u32>>,
}

impl Scan {
    /// Forgets everything from `end` on.
    pub(super) fn cut(&mut self, end: u32) {
        self.frames.retain(|found| found.end() <= end);
        self.gaps.retain_mut(|gap| {
            gap.end = gap.end.min(end);
            gap.start < gap.end
        });
    }
}

/// Walks `bytes`, a whole segment. A frame whose header agrees is stepped over by its length, whatever became of
/// its content; where no header agrees, the walk looks for the next one at each multiple of eight.
pub(super) fn scan(bytes: &[u8], segment: &SegmentHeader) -> Scan {
    let mut scan = Scan::default();
    let mut at = FRAMES_AT as usize;
    while at < bytes.len() {
        match frame_at(bytes, at, segment) {
            Some(found) => {
                at = found.end() as usize;
                scan.frames.push(found);
            }
            None => {
                let start = at;
                at += 8;
                while at < bytes.len() && frame_at(bytes, at, segment).is_none() {
                    at += 8;
                }
                at = at.min(bytes.len());
                scan.gaps.push(start as u32..at as u32);
            }
        }
    }
    scan
}

fn frame_at(bytes: &[u8], at: usize, segment: &SegmentHeader) -> Option<Found> {
    let rest = bytes.get(at..)?;
    let header = Header::parse(rest, segment.place(at as u32))?;
    // A frame that runs past the end was torn; what there is of it is no frame.
    let frame = rest.get(..header.frame_len())?;
    Some(Found {
        offset: at as u32,
        head_intact: header.head(frame).is_some(),
        body_intact: header.body(frame).is_some(),
        header,
    })
}

/// The head of a found frame.
pub(super) fn head_of<'a>(bytes: &'a [u8], found: &Found) -> &'a [u8] {
    let start = found.offset as usize + HEADER_LEN;
    &bytes[start..start + found.header.head_len as usize]
}

/// Where the acknowledged part of the last segment ends.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Tail {
    /// The segment's length without the torn tail.
    pub(super) keep: u32,
    /// Whether the tail ends in a commit frame: a torn write, or an acknowledged batch that was damaged.
    pub(super) commit_seen: bool,
    /// The last batch that stays, when it is whole.
    pub(super) last_batch: Option<Range<u32>>,
}

/// Decides about the last segment.
///
/// A batch is written only after the sync of the one before it, so only the last batch can be torn. It stays if
/// its commit frame and all that this vouches for are whole, and is cut off otherwise: half a batch was never
/// acknowledged. Damage before it is damage, and stays where it is.
pub(super) fn tail(bytes: &[u8], scan: &Scan) -> Tail {
    let Some(last) = scan.frames.last() else {
        return Tail { keep: FRAMES_AT.min(bytes.len() as u32), commit_seen: false, last_batch: None };
    };
    let first = scan.frames.partition_point(|found| found.header.batch < last.header.batch);
    let (before, batch) = scan.frames.split_at(first);
    if let Some(start) = whole_batch(bytes, batch) {
        return Tail { keep: last.end(), commit_seen: false, last_batch: Some(start..last.end()) };
    }
    let commit_seen = last.header.frame_type == FrameType::Commit;
    match before.last() {
        None => Tail { keep: FRAMES_AT, commit_seen, last_batch: None },
        Some(prior) if prior.header.frame_type == FrameType::Commit => {
            Tail { keep: prior.end(), commit_seen, last_batch: None }
        }
        // The commit of the batch before is damaged, yet that batch was acknowledged: cut at this one's frames.
        Some(_) => Tail { keep: batch[0].offset, commit_seen, last_batch: None },
    }
}

/// The batch's start, if `batch` ends in a commit frame and is everything that frame vouches for.
fn whole_batch(bytes: &[u8], batch: &[Found]) -> Option<u32> {
    let (end, records) = batch.split_last()?;
    if end.header.frame_type != FrameType::Commit || !batch.iter().all(Found::intact) {
        return None;
    }
    let commit = Commit::parse(head_of(bytes, end))?;
    let starts_there = batch[0].offset == commit.start;
    let same = records_digest(records.iter().map(|found| found.header)) == commit.records;
    (starts_there && same && records.len() == commit.count as usize).then_some(commit.start)
}

/// SHA-256 over the cores of a batch's record headers, in order.
pub(super) fn records_digest(records: impl Iterator<Item = Header>) -> [u8; 32] {
    let mut context = digest::Context::new(&digest::SHA256);
    for record in records {
        context.update(&record.core());
    }
    let mut all = [0; 32];
    all.copy_from_slice(context.finish().as_ref());
    all
}
