//! Opening the journal after a clean and after an unclean stop.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::append::{Journal, OpenSegment};
use super::catalogue::{Catalogue, CatalogueWriter, Entry};
use super::frame::FrameType;
use super::live::Live;
use super::scan::{Scan, Tail, scan, tail};
use super::segment::{self, FRAMES_AT, SEGMENT_MAX, SegmentHeader};
use super::{JournalOptions, Location, Reader};
use crate::disk::Disk;
use crate::store::codec::Take;

/// Damages listed one by one; more are only counted.
const LISTED: usize = 1000;
/// More frames than a segment can hold: after damage the numbers jump over all that may have been lost.
const JUMP: u64 = 1 << 24;

/// What opening found.
#[derive(Clone, Debug, Default)]
pub struct JournalReport {
    /// Whether the last stop was clean, so that nothing had to be read.
    pub clean: bool,
    /// Number of segments.
    pub segments: usize,
    /// The unfinished write that was cut off.
    pub torn_tail: Option<TornTail>,
    /// Damage, in order; the first thousand.
    pub damage: Vec<Damage>,
    /// Number of damages, listed or not.
    pub damages: u64,
}

/// A write that the last stop interrupted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TornTail {
    /// Number of the segment.
    pub segment: u32,
    /// Where it was cut.
    pub offset: u32,
    /// Bytes that were cut off.
    pub bytes: u64,
    /// Whether they ended in a commit frame. Then the disk wrote the end of a batch and not all before it; or the
    /// last acknowledged batch has been damaged, which looks the same.
    pub commit_seen: bool,
}

/// Bytes that are not what was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Damage {
    /// Number of the segment.
    pub segment: u32,
    /// Offset in the segment.
    pub offset: u32,
    /// Bytes concerned.
    pub bytes: u32,
    /// What they were.
    pub kind: DamageKind,
}

/// What was damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DamageKind {
    /// Both copies of a segment's header: nothing in the segment can be checked any more.
    Segment,
    /// A stretch in which no frame can be recognised.
    Unrecognised,
    /// A record's head: the record is lost.
    Head,
    /// A record's body: the record is known, its body is lost.
    Body,
    /// A commit frame: its releases are lost.
    Commit,
    /// The end of a segment, of unknown length: the next one begins with a later batch than the one after its last.
    End,
}

impl JournalReport {
    fn damaged(&mut self, damage: impl IntoIterator<Item = Damage>) {
        for damage in damage {
            self.damages += 1;
            if self.damage.len() < LISTED {
                self.damage.push(damage);
            }
        }
    }
}

/// What a clean stop leaves for the next start.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::store) struct CleanJournal {
    lengths: Vec<(u32, u64)>,
    next_batch: u64,
    next_seq: u64,
    live: Live,
}

impl CleanJournal {
    pub(in crate::store) fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.next_batch.to_be_bytes());
        out.extend_from_slice(&self.next_seq.to_be_bytes());
        out.extend_from_slice(&(self.lengths.len() as u32).to_be_bytes());
        for (segment, len) in &self.lengths {
            out.extend_from_slice(&segment.to_be_bytes());
            out.extend_from_slice(&len.to_be_bytes());
        }
        self.live.encode(out);
    }

    pub(in crate::store) fn decode(take: &mut Take<'_>) -> Option<Self> {
        let (next_batch, next_seq) = (take.u64()?, take.u64()?);
        let mut lengths = Vec::new();
        for _ in 0..take.u32()? {
            lengths.push((take.u32()?, take.u64()?));
        }
        Some(Self { lengths, next_batch, next_seq, live: Live::decode(take)? })
    }
}

impl Journal {
    /// Opens the journal in `folder`, which exists. Appending goes on in a new segment.
    ///
    /// # Errors
    /// The file system's. Damage is no error: it is in the report, and the rest is served.
    pub(in crate::store) fn open(
        folder: PathBuf,
        disk: Arc<dyn Disk>,
        options: JournalOptions,
        clean: Option<CleanJournal>,
    ) -> io::Result<(Self, JournalReport)> {
        let mut state = Opening::new(folder, disk)?;
        let trusted = clean.is_some_and(|clean| state.trust(clean));
        if !trusted {
            state.recover()?;
        }
        state.into_journal(options)
    }

    /// Ends the open segment and says what the next start may believe; nothing after a disk error, or while a refused write can not be
    /// cut off.
    pub(in crate::store) fn close(mut self) -> io::Result<Option<CleanJournal>> {
        // What a refused write has left is cut off while its segment is the last, or never.
        if self.poisoned || self.cut().is_err() {
            return Ok(None);
        }
        let next_batch = self.open.next_batch;
        self.open.catalogue.finish(self.open.len);
        let mut lengths = Vec::new();
        for id in segment::list(&self.folder)? {
            lengths.push((id, std::fs::metadata(segment::path(&self.folder, id))?.len()));
        }
        let Self { next_seq, live, .. } = self;
        Ok(Some(CleanJournal { lengths, next_batch, next_seq, live }))
    }
}

/// The journal while it is being opened.
struct Opening {
    folder: PathBuf,
    disk: Arc<dyn Disk>,
    ids: Vec<u32>,
    headers: HashMap<u32, SegmentHeader>,
    live: Live,
    next_batch: u64,
    next_seq: u64,
    /// Each segment's number, its length, and the number of the batch that comes after it.
    ends: Vec<(u32, u32, u64)>,
    report: JournalReport,
}

impl Opening {
    fn new(folder: PathBuf, disk: Arc<dyn Disk>) -> io::Result<Self> {
        let ids = segment::list(&folder)?;
        let report = JournalReport { segments: ids.len(), ..JournalReport::default() };
        let (headers, live, ends) = (HashMap::new(), Live::default(), Vec::new());
        Ok(Self { folder, disk, ids, headers, live, next_batch: 1, next_seq: 1, ends, report })
    }

    /// Believes a clean stop if the files are those it left behind.
    fn trust(&mut self, clean: CleanJournal) -> bool {
        let same = self.ids.len() == clean.lengths.len()
            && self.ids.iter().zip(&clean.lengths).all(|(id, (segment, len))| {
                let found = std::fs::metadata(segment::path(&self.folder, *id)).map(|found| found.len());
                id == segment && found.is_ok_and(|found| found == *len)
            });
        let headers: HashMap<_, _> = if same {
            let read = |id: u32| Some((id, SegmentHeader::read(&self.open_segment(id).ok()?, id).ok()??));
            clean.live.segments().filter_map(read).collect()
        } else {
            return false;
        };
        if clean.live.segments().any(|segment| !headers.contains_key(&segment)) {
            return false;
        }
        self.headers = headers;
        self.live = clean.live;
        self.next_batch = clean.next_batch;
        self.next_seq = clean.next_seq;
        self.report.clean = true;
        true
    }

    /// Reads everything: the last segment frame by frame, the others by their catalogues where these hold.
    fn recover(&mut self) -> io::Result<()> {
        for id in self.ids.clone() {
            let file = self.disk.open(&segment::path(&self.folder, id), true)?;
            let last = self.ids.last() == Some(&id);
            match SegmentHeader::read(&file, id)? {
                Some(header) => self.recover_segment(&file, &header, last)?,
                None if last && file.metadata()?.len() <= u64::from(FRAMES_AT) => self.remove_unborn(id)?,
                None => self.lose_segment(&file, id)?,
            }
        }
        self.look_for_lost_ends();
        if self.report.damages > 0 {
            self.next_batch += JUMP;
            self.next_seq += JUMP;
        }
        Ok(())
    }

    fn recover_segment(&mut self, file: &File, header: &SegmentHeader, last: bool) -> io::Result<()> {
        self.headers.insert(header.id, *header);
        self.live.open(header.id);
        self.next_batch = self.next_batch.max(header.first_batch);
        self.next_seq = self.next_seq.max(header.first_seq);
        let (catalogue, damage) = if last {
            let bytes = segment::read_whole(file)?;
            let mut scan = scan(&bytes, header);
            let tail = tail(&bytes, &scan);
            self.mend_tail(file, header.id, &bytes, &tail)?;
            scan.cut(tail.keep);
            catalogue_from(&*self.disk, &self.folder, &bytes[..tail.keep as usize], &scan, header)
        } else {
            catalogue_of(&*self.disk, &self.folder, file, header)?
        };
        let whole = damage.is_empty();
        self.report.damaged(damage);
        let after = self.account(header, &catalogue);
        let len = u32::try_from(file.metadata()?.len()).unwrap_or(u32::MAX);
        if last && len < FRAMES_AT {
            // It was being made, or it was cut.
            self.report.torn_tail =
                Some(TornTail { segment: header.id, offset: len, bytes: 0, commit_seen: false });
        }
        // What is damaged is told already, and may have been the last batch.
        if whole {
            self.ends.push((header.id, len, after));
        }
        Ok(())
    }

    /// A segment that was cut where a batch ends looks whole by itself. The next one knows better, unless the numbers have jumped there.
    fn look_for_lost_ends(&mut self) {
        for pair in self.ends.windows(2) {
            let [(segment, len, after), (next, ..)] = *pair else { continue };
            let begins = self.headers.get(&next).map_or(after, |header| header.first_batch);
            let lost = begins.saturating_sub(after);
            if next == segment + 1 && lost > 0 && lost != JUMP {
                self.report.damaged([Damage { segment, offset: len, bytes: 0, kind: DamageKind::End }]);
                // Releases may speak of what is not there, so nobody knows any more how much lives in it.
                self.live.add_damage(segment, u64::from(SEGMENT_MAX));
            }
        }
    }

    /// Cuts a torn tail off, and writes the last batch again.
    fn mend_tail(&mut self, file: &File, segment: u32, bytes: &[u8], tail: &Tail) -> io::Result<()> {
        let len = file.metadata()?.len();
        if u64::from(tail.keep) < len {
            let cut = len - u64::from(tail.keep);
            self.disk.truncate(file, u64::from(tail.keep))?;
            let (offset, commit_seen) = (tail.keep, tail.commit_seen);
            self.report.torn_tail = Some(TornTail { segment, offset, bytes: cut, commit_seen });
        }
        if let Some(batch) = &tail.last_batch {
            // Its sync may have failed and the hub stopped for it: then these pages are in memory, marked clean,
            // and not on the disk. The same bytes once more, and the sync below is true.
            let range = batch.start as usize..batch.end as usize;
            self.disk.write_all_at(file, &bytes[range], u64::from(batch.start))?;
        }
        self.disk.sync(file)
    }

    /// Takes what a segment says into account, and gives the number of the batch that comes after it.
    fn account(&mut self, header: &SegmentHeader, catalogue: &Catalogue) -> u64 {
        let (segment, mut after) = (header.id, header.first_batch);
        if catalogue.lost_bytes > 0 {
            self.live.add_damage(segment, catalogue.lost_bytes);
        }
        for entry in catalogue.entries() {
            match entry {
                Entry::Record { batch, record } => {
                    self.live.add(record.location);
                    self.next_batch = self.next_batch.max(batch + 1);
                    self.next_seq = self.next_seq.max(record.seq + 1);
                }
                Entry::Commit { batch, next_seq, commit } => {
                    commit.releases.iter().for_each(|location| self.live.release(segment, *location));
                    self.next_batch = self.next_batch.max(batch + 1);
                    self.next_seq = self.next_seq.max(next_seq);
                    after = after.max(batch + 1);
                }
            }
        }
        after
    }

    /// A segment whose creation was interrupted: its header is durable before anything else goes into it.
    fn remove_unborn(&mut self, id: u32) -> io::Result<()> {
        self.disk.remove(&segment::path(&self.folder, id))?;
        self.disk.sync_folder(&self.folder)?;
        self.ids.retain(|other| *other != id);
        Ok(())
    }

    fn lose_segment(&mut self, file: &File, id: u32) -> io::Result<()> {
        let bytes = u32::try_from(file.metadata()?.len()).unwrap_or(u32::MAX);
        self.report.damaged([Damage { segment: id, offset: 0, bytes, kind: DamageKind::Segment }]);
        Ok(())
    }

    fn into_journal(mut self, options: JournalOptions) -> io::Result<(Journal, JournalReport)> {
        let reader = Reader::new(self.folder.clone(), Arc::clone(&self.disk));
        reader.begin_with(&self.report);
        self.headers.values().for_each(|header| reader.add(header));
        let id = self.ids.last().map_or(1, |last| last.saturating_add(1));
        let (header, file) = segment::create(&*self.disk, &self.folder, id, self.next_batch, self.next_seq)?;
        reader.add(&header);
        self.live.open(id);
        let catalogue = CatalogueWriter::create(&self.disk, &self.folder, &header);
        let journal = Journal {
            open: OpenSegment { header, file, len: FRAMES_AT, next_batch: self.next_batch, catalogue },
            folder: self.folder,
            disk: self.disk,
            options,
            reader,
            live: self.live,
            next_batch: self.next_batch,
            next_seq: self.next_seq,
            poisoned: false,
            uncut: false,
            refusing: false,
        };
        Ok((journal, self.report))
    }

    fn open_segment(&self, id: u32) -> io::Result<File> {
        self.disk.open(&segment::path(&self.folder, id), false)
    }
}

/// A segment's catalogue, made again if need be, and the damage that was found in making it.
pub(super) fn catalogue_of(
    disk: &dyn Disk,
    folder: &Path,
    file: &File,
    header: &SegmentHeader,
) -> io::Result<(Catalogue, Vec<Damage>)> {
    if let Some(catalogue) = Catalogue::load(disk, folder, header, file.metadata()?.len()) {
        return Ok((catalogue, Vec::new()));
    }
    let bytes = segment::read_whole(file)?;
    let scan = scan(&bytes, header);
    Ok(catalogue_from(disk, folder, &bytes, &scan, header))
}

fn catalogue_from(
    disk: &dyn Disk,
    folder: &Path,
    bytes: &[u8],
    scan: &Scan,
    header: &SegmentHeader,
) -> (Catalogue, Vec<Damage>) {
    let catalogue = Catalogue::from_scan(bytes, scan, header);
    let damage = damage_in(scan, header.id);
    if damage.is_empty() {
        catalogue.store(disk, folder);
    }
    (catalogue, damage)
}

fn damage_in(scan: &Scan, segment: u32) -> Vec<Damage> {
    let gaps = scan.gaps.iter().map(|gap| Damage {
        segment,
        offset: gap.start,
        bytes: gap.end - gap.start,
        kind: DamageKind::Unrecognised,
    });
    let frames = scan.frames.iter().filter_map(|found| {
        let kind = match (found.header.frame_type, found.head_intact, found.body_intact) {
            (_, true, true) => return None,
            (FrameType::Commit, ..) => DamageKind::Commit,
            (FrameType::Record, false, _) => DamageKind::Head,
            (FrameType::Record, true, false) => DamageKind::Body,
        };
        let location = Location { segment, offset: found.offset, len: found.header.frame_len() as u32 };
        Some(Damage { segment, offset: location.offset, bytes: location.len, kind })
    });
    gaps.chain(frames).collect()
}
