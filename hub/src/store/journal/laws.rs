//! The laws of the journal's parsers; see [`crate::laws`].
//!
//! A segment is written as the journal writes it, with records and commits that the input chooses; then it is damaged as the input
//! says, and recovered. Nothing that was not written may come back, and nothing whole before the last batch may be cut off.

use bytes::{Bytes, BytesMut};

use super::Location;
use super::catalogue::{Catalogue, Entry};
use super::frame::{Body, Commit, FrameType, HEADER_LEN, Header, NewRecord, Place, Record, check, digest16};
use super::live::Live;
use super::scan::{Scan, head_of, records_digest, scan, tail};
use super::segment::{FRAMES_AT, SegmentHeader};
use crate::store::codec::Take;

const SEGMENT: SegmentHeader = SegmentHeader { id: 7, salt: [9; 16], first_batch: 1, first_seq: 1 };
/// Choices of one input that are followed: a segment of some KiB.
const CHOICES: usize = 40;
/// Changes of one segment that are made.
const CHANGES: usize = 12;

/// Input: `u8 records | what to write | how to damage it`.
pub fn journal_segment(input: &[u8]) {
    let mut choices = Choices(Take::new(input));
    let written = Written::choose(&mut choices);
    let mut bytes = written.bytes.to_vec();
    let (first_change, len) = damage(&mut choices, &mut bytes);
    if bytes.len() < FRAMES_AT as usize {
        return;
    }
    let found = scan(&bytes, &SEGMENT);
    tiles(&found, bytes.len());
    written.holds_all_of(&found, &bytes);
    written.reads(&bytes);
    written.keeps_what_was_synced(&found, &bytes, first_change);
    recovers(found, &bytes);
    if first_change == len {
        written.is_whole(&bytes);
    }
}

/// Input: frames one after the other, whose checks are put right, and their digests when the input wants it: lengths, kinds and
/// commits of any content.
pub fn journal_frames(input: &[u8]) {
    let mut bytes = vec![0; FRAMES_AT as usize];
    bytes.extend_from_slice(input);
    let mut at = FRAMES_AT as usize;
    while let Some(header) = put_right(&mut bytes, at) {
        at += header.frame_len();
    }
    let found = scan(&bytes, &SEGMENT);
    tiles(&found, bytes.len());
    for frame in found.frames.iter().filter(|frame| frame.head_intact) {
        assert_eq!(digest16(head_of(&bytes, frame)), frame.header.head_digest);
        if let Some(commit) = Commit::parse(head_of(&bytes, frame)) {
            assert_eq!(commit.encode(), head_of(&bytes, frame), "a commit has another encoding");
        }
    }
    recovers(found, &bytes);
}

/// What the input still has to say; zero when it says nothing more.
struct Choices<'a>(Take<'a>);

impl<'a> Choices<'a> {
    fn u8(&mut self) -> u8 {
        self.0.u8().unwrap_or_default()
    }

    fn u16(&mut self) -> usize {
        usize::from(u16::from_be_bytes([self.u8(), self.u8()]))
    }

    fn bytes(&mut self, count: usize) -> &'a [u8] {
        self.0.bytes(count.min(self.0.rest().len())).unwrap_or_default()
    }
}

/// A record as it went into the segment.
struct Whole {
    location: Location,
    header: Header,
    head: Bytes,
    body: Bytes,
}

/// A segment, and what is in it.
struct Written {
    bytes: BytesMut,
    records: Vec<Whole>,
    /// Where each batch ends.
    ends: Vec<u32>,
}

impl Written {
    fn choose(choices: &mut Choices<'_>) -> Self {
        let mut written =
            Self { bytes: BytesMut::zeroed(FRAMES_AT as usize), records: Vec::new(), ends: Vec::new() };
        for at in [0, FRAMES_AT as usize - 64] {
            written.bytes[at..at + 64].copy_from_slice(&SEGMENT.encode());
        }
        let mut begun = 0;
        for _ in 0..usize::from(choices.u8()) % CHOICES {
            match choices.u8() % 4 {
                0 => begun = written.commit(begun, choices.u8()),
                shape => written.record(shape, choices),
            }
        }
        written
    }

    fn place(&self) -> u32 {
        self.bytes.len() as u32
    }

    fn record(&mut self, shape: u8, choices: &mut Choices<'_>) {
        let (head_len, body_len) = (usize::from(choices.u8() % 80), usize::from(choices.u8()));
        let head = Bytes::copy_from_slice(choices.bytes(head_len));
        let body = Bytes::copy_from_slice(choices.bytes(body_len));
        let (first, second) = (body.slice(..body.len() / 2), body.slice(body.len() / 2..));
        let record = NewRecord::new(shape, head.clone(), Body::new(first, second));
        let header = record.header(1 + self.ends.len() as u64, 1 + self.records.len() as u64);
        let location = Location { segment: SEGMENT.id, offset: self.place(), len: header.frame_len() as u32 };
        record.write(&header, SEGMENT.place(self.place()), &mut self.bytes);
        self.records.push(Whole { location, header, head, body });
    }

    /// Ends the batch of all records since number `begun`, and releases up to three old ones. Gives where the next batch begins.
    fn commit(&mut self, begun: usize, releases: u8) -> usize {
        let batch = &self.records[begun..];
        let commit = Commit {
            start: batch.first().map_or(self.place(), |first| first.location.offset),
            count: batch.len() as u32,
            records: records_digest(batch.iter().map(|record| record.header)),
            releases: self.records.iter().take(usize::from(releases % 4)).map(|old| old.location).collect(),
        };
        let head = commit.encode();
        let next_seq = 1 + self.records.len() as u64;
        let header = Commit::header(&head, 1 + self.ends.len() as u64, next_seq);
        header.write(SEGMENT.place(self.place()), &head, &[], &mut self.bytes);
        self.ends.push(self.place());
        self.records.len()
    }

    /// Whatever the scan calls intact is what was written there.
    fn holds_all_of(&self, found: &Scan, bytes: &[u8]) {
        for frame in found.frames.iter().filter(|frame| frame.header.frame_type == FrameType::Record) {
            let written = self.records.iter().find(|record| record.location.offset == frame.offset);
            let Some(written) = written else { unreachable!("a record was found where none was written") };
            assert_eq!(frame.header, written.header);
            if frame.head_intact {
                assert_eq!(head_of(bytes, frame), &written.head[..]);
            }
            let start = frame.offset as usize + HEADER_LEN + written.head.len();
            if frame.body_intact {
                assert_eq!(&bytes[start..start + written.body.len()], &written.body[..]);
            }
        }
    }

    /// Reading at a record's place gives the record or says that it is damaged.
    fn reads(&self, bytes: &[u8]) {
        for written in &self.records {
            let Location { offset, len, .. } = written.location;
            let Some(frame) = bytes.get(offset as usize..(offset + len) as usize) else { continue };
            let frame = Bytes::copy_from_slice(frame);
            if let Ok(read) = Record::from_frame(frame.clone(), SEGMENT.salt, written.location) {
                assert_eq!(
                    (&read.head, &read.body, read.seq),
                    (&written.head, &written.body, written.header.seq)
                );
            }
            if let Ok(Some(read)) = Record::from_start(&frame, SEGMENT.salt, written.location) {
                assert_eq!((&read.head, read.kind), (&written.head, written.header.kind));
            }
        }
    }

    /// No more than the last batch is cut off; and a batch stays when all that was damaged stands behind it.
    fn keeps_what_was_synced(&self, found: &Scan, bytes: &[u8], first_change: usize) {
        let keep = tail(bytes, found).keep;
        if let Some(last) = found.frames.last().map(|last| last.header.batch) {
            let mut cut = found.frames.iter().filter(|frame| frame.end() > keep);
            assert!(cut.all(|frame| frame.header.batch >= last), "more than the last batch is cut off");
        }
        let synced = self.ends.iter().filter(|end| **end as usize <= first_change).max();
        assert!(synced.is_none_or(|end| keep >= *end), "an acknowledged batch before the damage is cut off");
    }

    /// Nothing was damaged: every committed batch stays, and nothing else does.
    fn is_whole(&self, bytes: &[u8]) {
        let found = scan(bytes, &SEGMENT);
        assert!(found.gaps.is_empty());
        let end = self.ends.last().copied().unwrap_or(FRAMES_AT);
        assert_eq!(tail(bytes, &found).keep, end, "an acknowledged batch is cut off, or half a batch stays");
    }
}

/// Changes `bytes` as the input says. Gives the first place that may have changed, and how long the segment was.
fn damage(choices: &mut Choices<'_>, bytes: &mut Vec<u8>) -> (usize, usize) {
    let len = bytes.len();
    let mut first = len;
    for _ in 0..CHANGES {
        if choices.0.is_empty() {
            break;
        }
        let (how, at) = (choices.u8(), FRAMES_AT as usize + choices.u16() * 8);
        let at = (at + usize::from(how >> 5)).min(bytes.len());
        let end = (at + 1 + 8 * usize::from(choices.u8())).min(bytes.len());
        first = first.min(at);
        match how & 7 {
            0 | 1 => bytes[at..end].iter_mut().take(1).for_each(|byte| *byte ^= 1 << (how >> 5)),
            2 => bytes[at..end].fill(0),
            3 => bytes.truncate(at),
            4 => bytes.copy_within(at..end, FRAMES_AT as usize),
            5 => bytes.extend_from_within(at..end),
            6 => bytes.resize(end, 0xa5),
            _ => bytes[at..end].fill(how),
        }
        if matches!(how & 7, 4) {
            first = first.min(FRAMES_AT as usize);
        }
    }
    (first, len)
}

/// Frames and gaps follow each other without a hole from the first frame's place to the end.
fn tiles(found: &Scan, len: usize) {
    let frames = found.frames.iter().map(|frame| frame.offset..frame.end());
    let mut pieces: Vec<_> = frames.chain(found.gaps.iter().cloned()).collect();
    pieces.sort_by_key(|piece| piece.start);
    let mut at = FRAMES_AT;
    for piece in pieces {
        assert!(piece.start == at && piece.end > at, "a hole or an overlap at {at}");
        at = piece.end;
    }
    assert_eq!(at as usize, len);
}

/// Cuts the torn tail off and accounts for the rest, as opening does.
fn recovers(mut found: Scan, bytes: &[u8]) {
    let tail = tail(bytes, &found);
    assert!(tail.keep as usize <= bytes.len() && tail.keep >= FRAMES_AT);
    let before = found.frames.len();
    found.cut(tail.keep);
    assert!(found.frames.len() <= before);
    let kept = &bytes[..tail.keep as usize];
    let catalogue = Catalogue::from_scan(kept, &found, &SEGMENT);
    let again = Catalogue::parse(catalogue.bytes().to_vec(), &SEGMENT, kept.len() as u64);
    assert!(again.is_some_and(|again| again.bytes() == catalogue.bytes()), "a catalogue is not its own");
    let mut live = Live::default();
    live.open(SEGMENT.id);
    for entry in catalogue.entries() {
        match entry {
            Entry::Record { record, .. } => live.add(record.location),
            Entry::Commit { commit, .. } => {
                commit.releases.iter().for_each(|location| live.release(SEGMENT.id, *location));
            }
        }
    }
    assert!(live.live_bytes() <= bytes.len() as u64);
    let mut encoded = Vec::new();
    live.encode(&mut encoded);
    assert_eq!(Live::decode(&mut Take::new(&encoded)), Some(live));
}

/// Makes a frame of what stands at `at`, as long as there is room for one.
fn put_right(bytes: &mut [u8], at: usize) -> Option<Header> {
    let place = SEGMENT.place(at as u32);
    let frame = bytes.get_mut(at..)?;
    frame.get(..HEADER_LEN)?;
    frame[..5].copy_from_slice(b"SvkJ\x01");
    frame[5] = 1 + frame[5] % 2;
    let with_digests = frame[7] & 1 == 1;
    frame[7] = 0;
    put_check(frame, place);
    let header = Header::parse(frame, place)?;
    if with_digests && let Some(content) = frame.get(HEADER_LEN..header.frame_len()) {
        let (head, rest) = content.split_at(header.head_len as usize);
        let digests = [digest16(head), digest16(&rest[..header.body_len as usize])].concat();
        frame[32..64].copy_from_slice(&digests);
        put_check(frame, place);
    }
    Header::parse(frame, place)
}

fn put_check(frame: &mut [u8], place: Place) {
    let (core, rest) = frame.split_at_mut(HEADER_LEN - 8);
    rest[..8].copy_from_slice(&check(core, place));
}
