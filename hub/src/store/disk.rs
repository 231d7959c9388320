//! The seam through which the store changes files.
//!
//! Everything that makes bytes durable passes here, so that a test can make the k-th step fail and look at what
//! the store then claims. In a release build each function is the bare system call.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::OFlags;

/// File operations of the store. Cheap to clone; clones share the planted faults of a test.
#[derive(Clone, Debug, Default)]
pub(super) struct Disk {
    #[cfg(test)]
    faults: std::sync::Arc<Faults>,
}

/// The steps a test can make fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Create,
    Write,
    Sync,
    Truncate,
    SyncFolder,
    Remove,
    Rename,
}

impl Disk {
    /// Creates a file that must not exist, readable and writable by its owner only.
    pub(super) fn create_new(&self, path: &Path) -> io::Result<File> {
        self.step(Step::Create)?;
        OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .mode(0o600)
            .custom_flags(OFlags::NOFOLLOW.bits() as i32)
            .open(path)
    }

    /// Opens an existing regular file without following a symbolic link.
    pub(super) fn open(&self, path: &Path, write: bool) -> io::Result<File> {
        let file = OpenOptions::new()
            .read(true)
            .write(write)
            .custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits() as i32)
            .open(path)?;
        if file.metadata()?.is_file() { Ok(file) } else { Err(io::ErrorKind::InvalidInput.into()) }
    }

    /// Writes all of `bytes` at `offset`; on an error any part of them may have been written.
    pub(super) fn write_all_at(&self, file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
        if let Err(error) = self.step(Step::Write) {
            // A planted fault is a short write: half of the bytes arrive.
            file.write_all_at(&bytes[..bytes.len() / 2], offset)?;
            return Err(error);
        }
        file.write_all_at(bytes, offset)
    }

    /// `fdatasync`. A caller whose sync failed must never try again: the kernel may have dropped the pages.
    pub(super) fn sync(&self, file: &File) -> io::Result<()> {
        self.step(Step::Sync)?;
        file.sync_data()
    }

    /// Cuts the file to `len` bytes.
    pub(super) fn truncate(&self, file: &File, len: u64) -> io::Result<()> {
        self.step(Step::Truncate)?;
        file.set_len(len)
    }

    /// Makes the names in a folder durable.
    pub(super) fn sync_folder(&self, path: &Path) -> io::Result<()> {
        self.step(Step::SyncFolder)?;
        File::open(path)?.sync_all()
    }

    /// Unlinks a file.
    pub(super) fn remove(&self, path: &Path) -> io::Result<()> {
        self.step(Step::Remove)?;
        std::fs::remove_file(path)
    }

    /// Writes a whole small file so that a reader sees all of it or none: a temporary sibling, a sync, a rename,
    /// a sync of the folder.
    pub(super) fn replace(&self, folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
        let temporary = folder.join(format!("{name}.new"));
        match std::fs::remove_file(&temporary) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let file = self.create_new(&temporary)?;
        self.write_all_at(&file, bytes, 0)?;
        self.sync(&file)?;
        self.step(Step::Rename)?;
        std::fs::rename(&temporary, folder.join(name))?;
        self.sync_folder(folder)
    }

    #[cfg(not(test))]
    fn step(&self, _step: Step) -> io::Result<()> {
        Ok(())
    }

    #[cfg(test)]
    fn step(&self, step: Step) -> io::Result<()> {
        self.faults.step(step)
    }
}

/// Whether an error says that the disk, or the owner's share of it, is full.
pub(super) fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

#[cfg(test)]
pub(super) use faults::Faults;

#[cfg(test)]
mod faults {
    use std::io;
    use std::sync::atomic::{AtomicI32, AtomicU64, Ordering};

    use super::{Disk, Step};

    /// One planted fault: the `fail_at`-th step from now fails once with `errno`.
    #[derive(Debug, Default)]
    pub(in crate::store) struct Faults {
        fail_at: AtomicU64,
        errno: AtomicI32,
        fired: AtomicU64,
        syncs_failed: AtomicU64,
    }

    impl Faults {
        pub(super) fn step(&self, step: Step) -> io::Result<()> {
            let armed = self
                .fail_at
                .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1))
                .is_ok_and(|left| left == 1);
            if !armed {
                return Ok(());
            }
            self.fired.fetch_add(1, Ordering::SeqCst);
            if matches!(step, Step::Sync | Step::SyncFolder) {
                self.syncs_failed.fetch_add(1, Ordering::SeqCst);
            }
            Err(io::Error::from_raw_os_error(self.errno.load(Ordering::SeqCst)))
        }

        pub(in crate::store) fn fired(&self) -> bool {
            self.fired.load(Ordering::SeqCst) > 0
        }

        pub(in crate::store) fn sync_failed(&self) -> bool {
            self.syncs_failed.load(Ordering::SeqCst) > 0
        }
    }

    impl Disk {
        /// Makes the `nth` step from now (1 = the next) fail once.
        pub(in crate::store) fn fail_at(&self, nth: u64, errno: rustix::io::Errno) {
            self.faults.errno.store(errno.raw_os_error(), Ordering::SeqCst);
            self.faults.fail_at.store(nth, Ordering::SeqCst);
        }

        pub(in crate::store) fn faults(&self) -> &Faults {
            &self.faults
        }
    }
}
