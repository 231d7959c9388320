//! Reading records, from any thread, while the one writer appends.

use std::collections::{HashMap, VecDeque};
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use super::damaged::Damaged;
use super::frame::{FRAME_MAX, HEAD_MAX, HEADER_LEN, Record};
use super::recover::JournalReport;
use super::segment::{SegmentHeader, path};
use super::{Location, ReadError};
use crate::disk::Disk;

/// Segment files kept open at once; a store may have more segments than a process may have files.
const OPEN_FILES: usize = 128;

/// Bytes read at first for a head; most heads fit.
const HEAD_READ: usize = 1024;

/// A handle for reading; clones share the open files.
#[derive(Clone, Debug)]
pub(crate) struct Reader {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    folder: PathBuf,
    disk: Arc<dyn Disk>,
    files: Mutex<Files>,
    damaged: Mutex<Damaged>,
}

#[derive(Debug, Default)]
struct Files {
    salts: HashMap<u32, [u8; 16]>,
    open: HashMap<u32, Arc<File>>,
    /// The open files in the order in which they were opened; the oldest is closed first.
    order: VecDeque<u32>,
}

impl Reader {
    pub(super) fn new(folder: PathBuf, disk: Arc<dyn Disk>) -> Self {
        let (files, damaged) = Default::default();
        Self { shared: Arc::new(Shared { folder, disk, files, damaged }) }
    }

    /// Takes over the damage that the opening found.
    pub(super) fn begin_with(&self, report: &JournalReport) {
        self.damaged().begin(report);
    }

    /// The file of a segment.
    pub(crate) fn path(&self, segment: u32) -> PathBuf {
        path(&self.shared.folder, segment)
    }

    /// Damaged places that are known: those that the opening found, and those that were read since.
    pub(crate) fn damages(&self) -> u64 {
        self.damaged().count()
    }

    /// Reads the record at `location` and verifies every digest. Its bytes share one buffer.
    ///
    /// # Errors
    /// [`ReadError::Damaged`] when the disk does not give back what was written, [`ReadError::Gone`] when the
    /// segment has been unlinked.
    pub(crate) fn read(&self, location: Location) -> Result<Record, ReadError> {
        self.noted(self.whole(location))
    }

    /// Reads the record at `location` without its body, and verifies what it read.
    ///
    /// # Errors
    /// As [`Reader::read`].
    pub(crate) fn read_head(&self, location: Location) -> Result<Record, ReadError> {
        self.noted(self.head(location))
    }

    fn whole(&self, location: Location) -> Result<Record, ReadError> {
        let (salt, file) = self.open(location)?;
        let frame = read_at(&file, location, location.len as usize)?;
        Record::from_frame(frame, salt, location)
    }

    fn head(&self, location: Location) -> Result<Record, ReadError> {
        let (salt, file) = self.open(location)?;
        let len = location.len as usize;
        let start = read_at(&file, location, len.min(HEAD_READ))?;
        match Record::from_start(&start, salt, location)? {
            Some(record) => Ok(record),
            None => {
                let longest = len.min(HEADER_LEN + HEAD_MAX);
                Record::from_start(&read_at(&file, location, longest)?, salt, location)?
                    .ok_or(ReadError::Damaged { segment: location.segment, offset: location.offset })
            }
        }
    }

    /// Counts and logs a failure to read, the same damage once.
    fn noted(&self, read: Result<Record, ReadError>) -> Result<Record, ReadError> {
        match &read {
            Err(ReadError::Damaged { segment, offset }) if self.damaged().note(*segment, *offset) => {
                let file = path(Path::new("segments"), *segment);
                tracing::error!(file = %file.display(), offset, "a stored record is damaged");
            }
            Err(ReadError::Io(cause)) => tracing::error!(%cause, "a segment can not be read"),
            Ok(_) | Err(ReadError::Damaged { .. } | ReadError::Gone) => {}
        }
        read
    }

    /// The segment's salt and file, for a location that could be one.
    fn open(&self, location: Location) -> Result<([u8; 16], Arc<File>), ReadError> {
        if (HEADER_LEN..=FRAME_MAX).contains(&(location.len as usize)) {
            self.file(location.segment)
        } else {
            Err(ReadError::Damaged { segment: location.segment, offset: location.offset })
        }
    }

    fn file(&self, segment: u32) -> Result<([u8; 16], Arc<File>), ReadError> {
        let mut files = self.files();
        let salt = *files.salts.get(&segment).ok_or(ReadError::Gone)?;
        if let Some(file) = files.open.get(&segment) {
            return Ok((salt, Arc::clone(file)));
        }
        let file = Arc::new(self.shared.disk.open(&path(&self.shared.folder, segment), false)?);
        files.keep(segment, Arc::clone(&file));
        Ok((salt, file))
    }

    /// Makes a segment readable.
    pub(super) fn add(&self, header: &SegmentHeader) {
        self.files().salts.insert(header.id, header.salt);
    }

    /// Forgets a segment that is about to be unlinked. Reads under way keep its file.
    pub(super) fn remove(&self, segment: u32) {
        let mut files = self.files();
        files.salts.remove(&segment);
        files.open.remove(&segment);
        files.order.retain(|open| *open != segment);
    }

    fn damaged(&self) -> MutexGuard<'_, Damaged> {
        // Counting can not panic half-way.
        self.shared.damaged.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn files(&self) -> MutexGuard<'_, Files> {
        // The maps are consistent between any two statements, so a panic elsewhere does not spoil them.
        self.shared.files.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn read_at(file: &File, location: Location, len: usize) -> Result<Bytes, ReadError> {
    let mut bytes = vec![0; len];
    match file.read_exact_at(&mut bytes, u64::from(location.offset)) {
        Ok(()) => Ok(bytes.into()),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            Err(ReadError::Damaged { segment: location.segment, offset: location.offset })
        }
        Err(error) => Err(ReadError::Io(error)),
    }
}

impl Files {
    fn keep(&mut self, segment: u32, file: Arc<File>) {
        if self.order.len() >= OPEN_FILES
            && let Some(oldest) = self.order.pop_front()
        {
            self.open.remove(&oldest);
        }
        self.open.insert(segment, file);
        self.order.push_back(segment);
    }
}
