//! A disk on which one chosen step fails.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU64, Ordering};

use rustix::io::Errno;

use super::{Disk, SystemDisk};

/// Whether a step makes something durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Change,
    Sync,
}

/// The system's disk with one planted fault: the `fail_at`-th step from now fails once. Or with every change refused, for a
/// while.
#[derive(Debug, Default)]
pub(crate) struct FaultyDisk {
    fail_at: AtomicU64,
    errno: AtomicI32,
    fired: AtomicU64,
    syncs_failed: AtomicU64,
    read_only: AtomicBool,
}

impl FaultyDisk {
    /// Makes the `nth` step from now (1 = the next) fail once.
    pub(crate) fn fail_at(&self, nth: u64, errno: Errno) {
        self.errno.store(errno.raw_os_error(), Ordering::SeqCst);
        self.fail_at.store(nth, Ordering::SeqCst);
    }

    /// From now on every change is refused, as on a disk that has become read-only; or none is.
    pub(crate) fn set_read_only(&self, read_only: bool) {
        self.read_only.store(read_only, Ordering::SeqCst);
    }

    /// Whether the step has come and failed.
    pub(crate) fn fired(&self) -> bool {
        self.fired.load(Ordering::SeqCst) > 0
    }

    /// Whether that was a sync.
    pub(crate) fn sync_failed(&self) -> bool {
        self.syncs_failed.load(Ordering::SeqCst) > 0
    }

    fn step(&self, step: Step) -> io::Result<()> {
        if step == Step::Change && self.read_only.load(Ordering::SeqCst) {
            return Err(Errno::ROFS.into());
        }
        let armed = self
            .fail_at
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1))
            .is_ok_and(|left| left == 1);
        if !armed {
            return Ok(());
        }
        self.fired.fetch_add(1, Ordering::SeqCst);
        if step == Step::Sync {
            self.syncs_failed.fetch_add(1, Ordering::SeqCst);
        }
        Err(io::Error::from_raw_os_error(self.errno.load(Ordering::SeqCst)))
    }
}

impl Disk for FaultyDisk {
    fn create_folder(&self, path: &Path) -> io::Result<()> {
        self.step(Step::Change).and_then(|()| SystemDisk.create_folder(path))
    }

    fn create_new(&self, path: &Path) -> io::Result<File> {
        self.step(Step::Change).and_then(|()| SystemDisk.create_new(path))
    }

    fn open(&self, path: &Path, write: bool) -> io::Result<File> {
        SystemDisk.open(path, write)
    }

    fn write_all_at(&self, file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
        if let Err(error) = self.step(Step::Change) {
            // A planted fault is a short write: half of the bytes arrive.
            SystemDisk.write_all_at(file, &bytes[..bytes.len() / 2], offset)?;
            return Err(error);
        }
        SystemDisk.write_all_at(file, bytes, offset)
    }

    fn truncate(&self, file: &File, len: u64) -> io::Result<()> {
        self.step(Step::Change).and_then(|()| SystemDisk.truncate(file, len))
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        self.step(Step::Sync).and_then(|()| SystemDisk.sync(file))
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        self.step(Step::Sync).and_then(|()| SystemDisk.sync_folder(path))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.step(Step::Change).and_then(|()| SystemDisk.rename(from, to))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.step(Step::Change).and_then(|()| SystemDisk.remove(path))
    }
}
