//! Forming, committing, rolling, reaping and copying: what the one writer does.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};

use super::catalogue::{Catalogue, CatalogueWriter, Entry};
use super::frame::{Commit, HEAD_MAX, Header, NewRecord};
use super::live::Live;
use super::scan::records_digest;
use super::segment::{self, FRAMES_AT, SegmentHeader};
use super::{AppendError, JournalOptions, Location, Reader, Replayed, recover};
use crate::disk::{Disk, is_full};

/// Largest batch, in bytes of its records.
const BATCH_MAX: usize = 32 << 20;
/// Most releases in one batch, so that the commit frame's head stays within its bound.
const RELEASES_MAX: usize = (HEAD_MAX - 44) / Location::LEN;

/// The journal, owned by the one writer.
#[derive(Debug)]
pub(crate) struct Journal {
    pub(super) folder: PathBuf,
    pub(super) disk: Arc<dyn Disk>,
    pub(super) options: JournalOptions,
    pub(super) reader: Reader,
    pub(super) live: Live,
    pub(super) open: OpenSegment,
    pub(super) next_batch: u64,
    pub(super) next_seq: u64,
    pub(super) poisoned: bool,
    /// Part of a refused write may stand behind the last commit; it is cut off before anything else is written.
    pub(super) uncut: bool,
    /// The disk took no more when it was asked last.
    pub(super) refusing: bool,
}

/// The segment that is being written.
#[derive(Debug)]
pub(super) struct OpenSegment {
    pub(super) header: SegmentHeader,
    pub(super) file: File,
    /// Length up to the last commit.
    pub(super) len: u32,
    /// The number after that of the last commit. A refused batch has used up a number beyond it, which the next segment may use again:
    /// so its first number says whether the end of this one is there.
    pub(super) next_batch: u64,
    pub(super) catalogue: CatalogueWriter,
}

/// Who may use the last free space of the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Room {
    /// Refused when less than the reserve is free.
    Ordinary,
    /// May use the reserve: deletions and what they must write, which is how space comes back.
    Reserve,
}

/// What a pushed record got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pushed {
    /// Where it will be once the batch is committed.
    pub location: Location,
    /// Its sequence number.
    pub seq: u64,
}

/// What a segment holds, dead or alive.
#[derive(Debug, Default)]
pub(crate) struct Contents {
    /// Its number.
    pub segment: u32,
    records: Vec<Location>,
    releases: Vec<Location>,
}

/// A batch in the making. Dropping it leaves no trace.
#[derive(Debug)]
pub(crate) struct Batch {
    segment: SegmentHeader,
    start: u32,
    number: u64,
    next_seq: u64,
    buffer: BytesMut,
    records: Vec<(Location, Header, Bytes)>,
    releases: Vec<Location>,
}

impl Batch {
    /// Adds a record and says where it will be. A new record gets the next sequence number, a copy keeps its own.
    ///
    /// # Errors
    /// [`AppendError::TooLarge`] when the record or the batch would be above its bound; the batch stays as it was.
    pub(crate) fn push(&mut self, record: &NewRecord) -> Result<Pushed, AppendError> {
        let seq = record.seq.unwrap_or(self.next_seq);
        let header = record.header(self.number, seq);
        if !record.fits() || self.buffer.len() + header.frame_len() > BATCH_MAX {
            return Err(AppendError::TooLarge);
        }
        let offset = self.start + self.buffer.len() as u32;
        record.write(&header, self.segment.place(offset), &mut self.buffer);
        let location = Location { segment: self.segment.id, offset, len: header.frame_len() as u32 };
        self.records.push((location, header, record.head.clone()));
        if record.seq.is_none() {
            self.next_seq += 1;
        }
        Ok(Pushed { location, seq })
    }

    /// Lets the record at `location` die with this batch.
    ///
    /// # Errors
    /// [`AppendError::TooLarge`] when the batch releases too much already; it stays as it was.
    pub(crate) fn release(&mut self, location: Location) -> Result<(), AppendError> {
        if !self.may_release() {
            return Err(AppendError::TooLarge);
        }
        self.releases.push(location);
        Ok(())
    }

    /// Whether it takes another release.
    pub(crate) fn may_release(&self) -> bool {
        self.releases.len() < RELEASES_MAX
    }

    /// The sequence number of the next new record.
    pub(crate) fn next_seq(&self) -> u64 {
        self.next_seq
    }

    /// Whether committing it would change nothing.
    pub(crate) fn is_empty(&self) -> bool {
        self.records.is_empty() && self.releases.is_empty()
    }

    /// The records' bytes so far; the writer closes a batch before it grows too large.
    pub(crate) fn len(&self) -> usize {
        self.buffer.len()
    }

    /// Ends the buffer with the commit frame and gives that frame's offset, header and head.
    fn seal(&mut self) -> (u32, Header, Vec<u8>) {
        let commit = Commit {
            start: self.start,
            count: self.records.len() as u32,
            records: records_digest(self.records.iter().map(|(_, header, _)| *header)),
            releases: std::mem::take(&mut self.releases),
        };
        let head = commit.encode();
        self.releases = commit.releases;
        let header = Commit::header(&head, self.number, self.next_seq);
        let offset = self.start + self.buffer.len() as u32;
        header.write(self.segment.place(offset), &head, &[], &mut self.buffer);
        (offset, header, head)
    }
}

impl Journal {
    /// Begins a batch, in a new segment when the open one is full.
    ///
    /// # Errors
    /// [`AppendError::NoSpace`] when the disk, less the reserve, is full, or can not be written.
    pub(crate) fn begin(&mut self, room: Room) -> Result<Batch, AppendError> {
        if self.poisoned {
            return Err(AppendError::Poisoned);
        }
        self.cut()?;
        if room == Room::Ordinary && self.below_reserve()? {
            return Err(AppendError::NoSpace);
        }
        if self.open.len >= self.options.segment_bytes {
            self.roll()?;
        }
        Ok(Batch {
            segment: self.open.header,
            start: self.open.len,
            number: self.next_batch,
            next_seq: self.next_seq,
            buffer: BytesMut::new(),
            records: Vec::new(),
            releases: Vec::new(),
        })
    }

    /// Makes the batch durable: one write, one `fdatasync`. Its locations are true from now on. Gives how long the
    /// sync took.
    ///
    /// # Errors
    /// After [`AppendError::NoSpace`] the batch is not there and the journal goes on. After any other error it has
    /// stopped for good, and whether the batch is durable shows at the next start.
    pub(crate) fn commit(&mut self, mut batch: Batch) -> Result<Duration, AppendError> {
        if self.poisoned {
            return Err(AppendError::Poisoned);
        }
        // A batch that was begun before another one was committed has untrue locations.
        assert!(
            batch.number == self.next_batch,
            "batches are committed in the order in which they are begun"
        );
        let (commit_at, commit, commit_head) = batch.seal();
        // A number is used once, also when the write fails: what is left on disk must not look like part of the next.
        self.next_batch += 1;
        let at = u64::from(self.open.len);
        if let Err(error) = self.disk.write_all_at(&self.open.file, &batch.buffer, at) {
            if !is_full(&error) {
                return Err(self.poison("write a batch", error));
            }
            self.uncut = true;
            self.refuse("write a batch", &error);
            return self.cut().and(Err(AppendError::NoSpace));
        }
        let begun = Instant::now();
        if let Err(error) = self.disk.sync(&self.open.file) {
            return Err(self.poison("sync a batch", error));
        }
        let sync = begun.elapsed();
        if std::mem::take(&mut self.refusing) {
            tracing::info!("the disk takes writes again");
        }
        self.open.len += batch.buffer.len() as u32;
        self.open.next_batch = self.next_batch;
        self.next_seq = batch.next_seq;
        for (location, header, head) in &batch.records {
            self.live.add(*location);
            self.open.catalogue.add(location.offset, header, head);
        }
        self.open.catalogue.add(commit_at, &commit, &commit_head);
        for location in &batch.releases {
            self.live.release(batch.segment.id, *location);
        }
        Ok(sync)
    }

    /// A handle for reading from any thread.
    pub(crate) fn reader(&self) -> Reader {
        self.reader.clone()
    }

    /// Bytes of all living records.
    pub(crate) fn live_bytes(&self) -> u64 {
        self.live.live_bytes()
    }

    /// The sequence number of the next new record: every record that is committed has a lower one.
    pub(crate) fn next_seq(&self) -> u64 {
        self.next_seq
    }

    /// Unlinks the segments in which nothing lives; gives their number.
    ///
    /// # Errors
    /// [`AppendError::NoSpace`] on a disk that can not be written now; [`AppendError::Io`], after which the journal has
    /// stopped.
    pub(crate) fn reap(&mut self) -> Result<usize, AppendError> {
        let mut reaped = 0;
        loop {
            let empty = self.live.empty(self.open.header.id);
            if empty.is_empty() {
                return Ok(reaped);
            }
            for segment in &empty {
                self.unlink(*segment)?;
            }
            // Only when the unlinking is durable may the releases that spoke of these segments go as well:
            // otherwise a power cut could bring the dead records back.
            let synced = self.disk.sync_folder(&self.folder);
            synced.map_err(|error| self.poison("sync the folder", error))?;
            empty.iter().for_each(|segment| self.live.remove(*segment));
            reaped += empty.len();
        }
    }

    fn unlink(&mut self, segment: u32) -> Result<(), AppendError> {
        match self.disk.remove(&segment::path(&self.folder, segment)) {
            Err(error) if is_full(&error) => {
                self.refuse("unlink a segment", &error);
                return Err(AppendError::NoSpace);
            }
            // Gone since an attempt that could not go on with the next one.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            removed => removed.map_err(|error| self.poison("unlink a segment", error))?,
        }
        self.reader.remove(segment);
        // A cache: one that stays is found to belong to nothing.
        let _ = self.disk.remove(&segment::catalogue_path(&self.folder, segment));
        Ok(())
    }

    /// The segment that is best worth copying: the one with the least living bytes, if these are below
    /// `percent` of a full segment.
    pub(crate) fn sparse_segment(&self, percent: u64) -> Option<u32> {
        let limit = u64::from(self.options.segment_bytes) * percent / 100;
        self.live.sparsest(self.open.header.id, limit)
    }

    /// What a segment holds, to be asked on any thread: reading it takes a while.
    ///
    /// # Errors
    /// The file system's, when the segment can not be read.
    pub(crate) fn survey(&self, segment: u32) -> impl FnOnce() -> io::Result<Contents> + Send + 'static {
        let (disk, folder) = (Arc::clone(&self.disk), self.folder.clone());
        move || {
            let mut contents = Contents { segment, ..Contents::default() };
            let Some(catalogue) = catalogue(&*disk, &folder, segment)? else { return Ok(contents) };
            for entry in catalogue.entries() {
                match entry {
                    Entry::Record { record, .. } => contents.records.push(record.location),
                    Entry::Commit { commit, .. } => contents.releases.extend(&commit.releases),
                }
            }
            Ok(contents)
        }
    }

    /// The living records of a segment, for the owner to copy: push [`super::Record::to_copy`] of each, point the index
    /// at the copy and release the original in the same batch.
    pub(crate) fn living(&self, contents: &Contents) -> Vec<Location> {
        contents.records.iter().filter(|location| !self.live.is_released(**location)).copied().collect()
    }

    /// Says the still needed releases of a segment again in the open segment, and makes them durable. When its
    /// living records have been copied as well, the next [`Journal::reap`] unlinks it.
    ///
    /// # Errors
    /// As [`Journal::commit`].
    pub(crate) fn carry_releases(&mut self, contents: &Contents) -> Result<(), AppendError> {
        let segment = contents.segment;
        let other = |location: &&Location| location.segment != segment && self.live.exists(location.segment);
        let needed: Vec<Location> = contents.releases.iter().filter(other).copied().collect();
        for part in needed.chunks(RELEASES_MAX) {
            let mut batch = self.begin(Room::Reserve)?;
            part.iter().try_for_each(|location| batch.release(*location))?;
            self.commit(batch)?;
        }
        self.live.forget_releases(segment);
        Ok(())
    }

    /// Says that a living record of `segment` can not be copied, so that it is not offered again.
    pub(crate) fn leave(&mut self, segment: u32) {
        self.live.mark_stuck(segment);
    }

    /// Calls `visit` for every living record, in the order of the journal.
    ///
    /// # Errors
    /// The first error of `visit`, or of reading a segment.
    pub(crate) fn replay<E: From<io::Error>>(
        &self,
        mut visit: impl FnMut(Replayed<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        for segment in self.live.segments() {
            let Some(catalogue) = catalogue(&*self.disk, &self.folder, segment)? else { continue };
            for entry in catalogue.entries() {
                match entry {
                    Entry::Record { record, .. } if !self.live.is_released(record.location) => visit(record)?,
                    _ => {}
                }
            }
        }
        Ok(())
    }

    /// Closes the open segment and begins the next.
    fn roll(&mut self) -> Result<(), AppendError> {
        let id = self.open.header.id.checked_add(1).ok_or(AppendError::NoSpace)?;
        let next_batch = self.open.next_batch;
        let created = segment::create(&*self.disk, &self.folder, id, next_batch, self.next_seq);
        let (header, file) = match created {
            Ok(created) => created,
            Err(error) => {
                let path = segment::path(&self.folder, id);
                if is_full(&error) && (!path.exists() || self.disk.remove(&path).is_ok()) {
                    self.refuse("create a segment", &error);
                    return Err(AppendError::NoSpace);
                }
                return Err(self.poison("create a segment", error));
            }
        };
        let catalogue = CatalogueWriter::create(&self.disk, &self.folder, &header);
        let next = OpenSegment { header, file, len: FRAMES_AT, next_batch, catalogue };
        let closed = std::mem::replace(&mut self.open, next);
        closed.catalogue.finish(closed.len);
        self.reader.add(&header);
        self.live.open(id);
        Ok(())
    }

    fn below_reserve(&self) -> Result<bool, AppendError> {
        if self.options.reserve_bytes == 0 {
            return Ok(false);
        }
        let found = rustix::fs::fstatvfs(&self.open.file)
            .map_err(|error| AppendError::Io { action: "ask for the free space", source: error.into() })?;
        Ok(found.f_bavail.saturating_mul(found.f_frsize) < self.options.reserve_bytes)
    }

    /// Cuts off what a refused write has left. A disk that can not be written keeps it, and it is no part of any batch:
    /// its commit frame is missing and its number is not used again.
    pub(super) fn cut(&mut self) -> Result<(), AppendError> {
        if self.uncut {
            match self.disk.truncate(&self.open.file, u64::from(self.open.len)) {
                Err(error) if is_full(&error) => return Err(AppendError::NoSpace),
                cut => cut.map_err(|error| self.poison("cut off a batch", error))?,
            }
            self.uncut = false;
        }
        Ok(())
    }

    /// Says once why the disk takes no more; the service goes on without writing.
    fn refuse(&mut self, action: &'static str, cause: &io::Error) {
        if !std::mem::replace(&mut self.refusing, true) {
            tracing::warn!(action, %cause, "the disk takes no more; messages are refused until it does");
        }
    }

    fn poison(&mut self, action: &'static str, source: io::Error) -> AppendError {
        self.poisoned = true;
        tracing::error!(action, cause = %source, "the disk failed; nothing more is acknowledged");
        AppendError::Io { action, source }
    }
}

/// The catalogue of a segment; `None` when its file is no segment.
fn catalogue(disk: &dyn Disk, folder: &Path, segment: u32) -> io::Result<Option<Catalogue>> {
    let file = disk.open(&segment::path(folder, segment), false)?;
    let Some(header) = SegmentHeader::read(&file, segment)? else { return Ok(None) };
    recover::catalogue_of(disk, folder, &file, &header).map(|(catalogue, _)| Some(catalogue))
}
