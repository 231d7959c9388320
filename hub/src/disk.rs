//! The seam through which the hub changes files that must last.
//!
//! Every step that changes a file of the store, or makes a change durable, is a call of [`Disk`]. The program uses
//! [`SystemDisk`], in which each is the bare system call. Whoever runs the hub as a library may hand in another, to
//! record the steps or to let one of them fail; the program has no way to ask for that.
//!
//! Not here are reading, the lock file, and the index, whose engine writes its files itself: it is a cache.

#[cfg(test)]
pub(crate) mod faulty;

use std::fmt::Debug;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;

use rustix::fs::OFlags;

/// What changes files. The errors are those of the file system.
pub trait Disk: Debug + Send + Sync {
    /// Makes a folder that only its owner may enter. That one is there already is an error of kind `AlreadyExists`.
    ///
    /// # Errors
    /// The file system's.
    fn create_folder(&self, path: &Path) -> io::Result<()>;

    /// Creates a file that must not exist, readable and writable by its owner only.
    ///
    /// # Errors
    /// The file system's.
    fn create_new(&self, path: &Path) -> io::Result<File>;

    /// Opens an existing regular file without following a symbolic link, for reading and, with `write`, for writing.
    ///
    /// # Errors
    /// The file system's; `InvalidInput` when it is no regular file.
    fn open(&self, path: &Path, write: bool) -> io::Result<File>;

    /// Writes all of `bytes` at `offset`; on an error any part of them may have been written.
    ///
    /// # Errors
    /// The file system's.
    fn write_all_at(&self, file: &File, bytes: &[u8], offset: u64) -> io::Result<()>;

    /// Cuts the file, or lengthens it with zeros, to `len` bytes.
    ///
    /// # Errors
    /// The file system's.
    fn truncate(&self, file: &File, len: u64) -> io::Result<()>;

    /// `fdatasync`: the file's bytes and length are durable. A caller whose sync failed must never try again: the
    /// kernel may have dropped the pages.
    ///
    /// # Errors
    /// The file system's.
    fn sync(&self, file: &File) -> io::Result<()>;

    /// Makes the names in a folder durable.
    ///
    /// # Errors
    /// The file system's.
    fn sync_folder(&self, path: &Path) -> io::Result<()>;

    /// Gives a file another name, in the place of a file that has it.
    ///
    /// # Errors
    /// The file system's.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Unlinks a file.
    ///
    /// # Errors
    /// The file system's.
    fn remove(&self, path: &Path) -> io::Result<()>;
}

/// The operating system's own calls.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemDisk;

impl Disk for SystemDisk {
    fn create_folder(&self, path: &Path) -> io::Result<()> {
        DirBuilder::new().mode(0o700).create(path)
    }

    fn create_new(&self, path: &Path) -> io::Result<File> {
        OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .mode(0o600)
            .custom_flags(OFlags::NOFOLLOW.bits() as i32)
            .open(path)
    }

    fn open(&self, path: &Path, write: bool) -> io::Result<File> {
        let file = OpenOptions::new()
            .read(true)
            .write(write)
            .custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits() as i32)
            .open(path)?;
        if file.metadata()?.is_file() { Ok(file) } else { Err(io::ErrorKind::InvalidInput.into()) }
    }

    fn write_all_at(&self, file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
        file.write_all_at(bytes, offset)
    }

    fn truncate(&self, file: &File, len: u64) -> io::Result<()> {
        file.set_len(len)
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        file.sync_data()
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_file(path)
    }
}

/// Writes a whole small file so that a reader sees all of it or none: a temporary sibling, a sync, a rename, a sync
/// of the folder.
pub(crate) fn replace(disk: &dyn Disk, folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let temporary = folder.join(format!("{name}.new"));
    let file = create_afresh(disk, &temporary)?;
    disk.write_all_at(&file, bytes, 0)?;
    disk.sync(&file)?;
    disk.rename(&temporary, &folder.join(name))?;
    disk.sync_folder(folder)
}

/// Creates a file in the place of whatever file has its name.
pub(crate) fn create_afresh(disk: &dyn Disk, path: &Path) -> io::Result<File> {
    match disk.remove(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => disk.create_new(path),
    }
}

/// Makes a folder that only its owner may enter, unless something has its name.
pub(crate) fn ensure_folder(disk: &dyn Disk, path: &Path) -> io::Result<()> {
    match disk.create_folder(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        made => made,
    }
}

/// Whether an error says that the disk takes no more for the time being: it, the owner's share of it, or a file that
/// may not grow further is full, or it can only be read.
pub(crate) fn is_full(error: &io::Error) -> bool {
    use io::ErrorKind::{FileTooLarge, QuotaExceeded, ReadOnlyFilesystem, StorageFull};
    matches!(error.kind(), StorageFull | QuotaExceeded | FileTooLarge | ReadOnlyFilesystem)
}

/// Writes from the beginning of a file on.
#[derive(Debug)]
pub(crate) struct DiskWriter {
    disk: Arc<dyn Disk>,
    file: File,
    offset: u64,
}

impl DiskWriter {
    /// Begins at the beginning of `file`.
    pub(crate) fn new(disk: Arc<dyn Disk>, file: File) -> Self {
        Self { disk, file, offset: 0 }
    }
}

impl io::Write for DiskWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.disk.write_all_at(&self.file, bytes, self.offset)?;
        self.offset += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
