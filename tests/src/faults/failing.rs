//! A disk on which one step, or a few in a row, fail.

use crate::recorder::now_ns;
use rustix::io::Errno;
use samverkan_hub::disk::{Disk, SystemDisk};
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// How steps fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One step fails with `EIO` and has done nothing.
    Io,
    /// Half of the bytes of one write arrive, then `EIO`; any other step fails as with [`Kind::Io`].
    ShortWrite,
    /// For a few steps, those that need space fail with `ENOSPC`; of a write, half arrives.
    NoSpace,
}

/// Every kind.
pub const KINDS: [Kind; 3] = [Kind::Io, Kind::ShortWrite, Kind::NoSpace];

/// Steps for which a full disk is full.
const FULL_FOR: u64 = 6;

/// What a disk does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// A file or a folder is made.
    Create,
    /// A file is opened.
    Open,
    /// Bytes are written.
    Write,
    /// A file is cut or lengthened.
    Truncate,
    /// A file is made durable.
    Sync,
    /// The names in a folder are made durable.
    SyncFolder,
    /// A file gets another name.
    Rename,
    /// A file is removed.
    Remove,
}

/// The first step that failed.
#[derive(Clone, Debug)]
pub struct Failure {
    /// What it was.
    pub operation: Operation,
    /// The file or folder.
    pub path: PathBuf,
    /// When it was answered, on [`now_ns`]'s clock.
    pub at_ns: u64,
}

/// The system's disk with a fault from a certain step on.
#[derive(Debug)]
pub struct Failing {
    kind: Kind,
    from: u64,
    steps: AtomicU64,
    first: Mutex<Option<Failure>>,
}

impl Failing {
    /// A disk whose step `from` fails, counted from 1; 0 for none.
    #[must_use]
    pub fn new(kind: Kind, from: u64) -> Self {
        Self { kind, from, steps: AtomicU64::new(0), first: Mutex::default() }
    }

    /// Steps so far.
    pub fn steps(&self) -> u64 {
        self.steps.load(Ordering::SeqCst)
    }

    /// Whether nothing fails any more.
    pub fn is_over(&self) -> bool {
        let last = if self.kind == Kind::NoSpace { self.from + FULL_FOR - 1 } else { self.from };
        self.steps() >= last
    }

    /// The first step that failed.
    pub fn failure(&self) -> Option<Failure> {
        self.first.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn step(&self, operation: Operation, path: impl FnOnce() -> PathBuf) -> io::Result<()> {
        let step = self.steps.fetch_add(1, Ordering::SeqCst) + 1;
        let needs_space = matches!(
            operation,
            Operation::Create | Operation::Write | Operation::Sync | Operation::SyncFolder
        );
        let fails = match self.kind {
            Kind::Io | Kind::ShortWrite => step == self.from,
            Kind::NoSpace => {
                self.from > 0 && needs_space && (self.from..self.from + FULL_FOR).contains(&step)
            }
        };
        if !fails {
            return Ok(());
        }
        let errno = if self.kind == Kind::NoSpace { Errno::NOSPC } else { Errno::IO };
        let failure = Failure { operation, path: path(), at_ns: now_ns() };
        self.first.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(failure);
        Err(errno.into())
    }
}

/// The name by which the system knows an open file.
fn path_of(file: &File) -> PathBuf {
    std::fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd())).unwrap_or_default()
}

impl Disk for Failing {
    fn create_folder(&self, path: &Path) -> io::Result<()> {
        self.step(Operation::Create, || path.to_owned())?;
        SystemDisk.create_folder(path)
    }

    fn create_new(&self, path: &Path) -> io::Result<File> {
        self.step(Operation::Create, || path.to_owned())?;
        SystemDisk.create_new(path)
    }

    fn open(&self, path: &Path, write: bool) -> io::Result<File> {
        self.step(Operation::Open, || path.to_owned())?;
        SystemDisk.open(path, write)
    }

    fn write_all_at(&self, file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
        if let Err(error) = self.step(Operation::Write, || path_of(file)) {
            let arrives = if self.kind == Kind::Io { 0 } else { bytes.len() / 2 };
            SystemDisk.write_all_at(file, &bytes[..arrives], offset)?;
            return Err(error);
        }
        SystemDisk.write_all_at(file, bytes, offset)
    }

    fn truncate(&self, file: &File, len: u64) -> io::Result<()> {
        self.step(Operation::Truncate, || path_of(file))?;
        SystemDisk.truncate(file, len)
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        self.step(Operation::Sync, || path_of(file))?;
        SystemDisk.sync(file)
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        self.step(Operation::SyncFolder, || path.to_owned())?;
        SystemDisk.sync_folder(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.step(Operation::Rename, || from.to_owned())?;
        SystemDisk.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.step(Operation::Remove, || path.to_owned())?;
        SystemDisk.remove(path)
    }
}
