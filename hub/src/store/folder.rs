//! The store's folder: whose it is, which format it holds, and that only one hub has it open.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, OFlags};

use crate::disk::{self, Disk};

/// The format written by this version. A folder with a higher number is refused.
pub(super) const FORMAT: u32 = 1;

const VERSION_FILE: &str = "VERSION";
const VERSION_WORD: &str = "samverkan-store";

/// Why a store folder can not be used.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// Another process holds the lock.
    #[error("the store folder {0} is in use by another hub")]
    InUse(PathBuf),
    /// The path is a symbolic link or no folder.
    #[error("{0} is not a folder of its own (links are refused)")]
    NotAFolder(PathBuf),
    /// The folder belongs to another user.
    #[error("{0} belongs to another user")]
    WrongOwner(PathBuf),
    /// Group or others may enter the folder.
    #[error("{path} has mode {mode:03o}; run: chmod 700 on it")]
    WrongMode {
        /// The folder.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// A newer hub wrote the store.
    #[error("the store has format {found}, this hub knows {FORMAT}: start the newer hub")]
    Newer {
        /// The format number in the folder.
        found: u32,
    },
    /// The folder holds something, but says not in which format.
    #[error("{0} holds no readable VERSION file: it is not a store, or it is damaged")]
    Unversioned(PathBuf),
    /// The file system refused.
    #[error("can not {action} in the store folder")]
    Io {
        /// What was tried.
        action: &'static str,
        /// The file system's answer.
        source: io::Error,
    },
}

/// The locked store folder. The lock is held until this is dropped.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    lock: File,
}

/// Closing the file alone would leave the lock with whoever holds a copy of the descriptor: a child process that this one is
/// starting holds one until its program begins (flock(2)).
impl Drop for Folder {
    fn drop(&mut self) {
        // A lock that can not be given up is gone with the last copy.
        let _ = rustix::fs::flock(&self.lock, FlockOperation::Unlock);
    }
}

impl Folder {
    /// Creates the folder when it is missing, then checks owner, mode and format, and takes the lock.
    ///
    /// # Errors
    /// [`FolderError`] says which check failed.
    pub(super) fn open(path: &Path, disk: &dyn Disk) -> Result<Self, FolderError> {
        private_folder(disk, path)?;
        let lock = take_lock(path)?;
        check_version(path, disk)?;
        private_folder(disk, &path.join("segments"))?;
        disk.sync_folder(path).map_err(io("sync the folder"))?;
        // Its own name as well: nothing in a folder lasts longer than the folder's name.
        disk.sync_folder(parent(path)).map_err(io("sync the folder above"))?;
        Ok(Self { path: path.to_owned(), lock })
    }

    /// The folder itself.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Where the journal's segments are.
    pub(super) fn segments(&self) -> PathBuf {
        self.path.join("segments")
    }

    /// Where the index may keep its files.
    pub(super) fn index(&self) -> PathBuf {
        self.path.join("index")
    }
}

/// The folder in which the name `path` stands.
fn parent(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Makes sure that `path` is a folder of ours that nobody else may enter.
pub(super) fn private_folder(disk: &dyn Disk, path: &Path) -> Result<(), FolderError> {
    disk::ensure_folder(disk, path).map_err(io("create a folder"))?;
    let found = std::fs::symlink_metadata(path).map_err(io("look at a folder"))?;
    if !found.is_dir() {
        return Err(FolderError::NotAFolder(path.to_owned()));
    }
    if found.uid() != rustix::process::geteuid().as_raw() {
        return Err(FolderError::WrongOwner(path.to_owned()));
    }
    let mode = found.mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(FolderError::WrongMode { path: path.to_owned(), mode });
    }
    Ok(())
}

fn take_lock(path: &Path) -> Result<File, FolderError> {
    let lock = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags(OFlags::NOFOLLOW.bits() as i32)
        .open(path.join("lock"))
        .map_err(io("open the lock"))?;
    match rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(lock),
        Err(rustix::io::Errno::WOULDBLOCK) => Err(FolderError::InUse(path.to_owned())),
        Err(error) => Err(FolderError::Io { action: "take the lock", source: error.into() }),
    }
}

fn check_version(path: &Path, disk: &dyn Disk) -> Result<(), FolderError> {
    match std::fs::read(path.join(VERSION_FILE)) {
        Ok(text) => match parse_version(&text) {
            Some(FORMAT) => Ok(()),
            Some(found) if found > FORMAT => Err(FolderError::Newer { found }),
            _ => Err(FolderError::Unversioned(path.to_owned())),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            // The version is written before anything else, so a folder with segments but no version is not ours.
            if holds_anything(&path.join("segments")).map_err(io("list the segments"))? {
                return Err(FolderError::Unversioned(path.to_owned()));
            }
            let text = format!("{VERSION_WORD} {FORMAT}\n");
            disk::replace(disk, path, VERSION_FILE, text.as_bytes()).map_err(io("write the version"))
        }
        Err(error) => Err(FolderError::Io { action: "read the version", source: error }),
    }
}

fn parse_version(text: &[u8]) -> Option<u32> {
    let (word, number) = std::str::from_utf8(text).ok()?.strip_suffix('\n')?.split_once(' ')?;
    if word == VERSION_WORD { number.parse().ok() } else { None }
}

fn holds_anything(path: &Path) -> io::Result<bool> {
    match std::fs::read_dir(path) {
        Ok(mut entries) => Ok(entries.next().is_some()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

fn io(action: &'static str) -> impl Fn(io::Error) -> FolderError {
    move |source| FolderError::Io { action, source }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;
    use crate::disk::SystemDisk;

    fn store() -> (tempfile::TempDir, PathBuf) {
        let outer = tempfile::tempdir().unwrap();
        let path = outer.path().join("store");
        (outer, path)
    }

    #[test]
    fn a_fresh_folder_is_private_and_versioned() {
        let (_outer, path) = store();
        let folder = Folder::open(&path, &SystemDisk).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o777, 0o700);
        assert_eq!(std::fs::read(path.join("VERSION")).unwrap(), b"samverkan-store 1\n");
        drop(folder);
        Folder::open(&path, &SystemDisk).unwrap();
    }

    #[test]
    fn a_second_hub_is_told_that_the_folder_is_in_use() {
        let (_outer, path) = store();
        let _first = Folder::open(&path, &SystemDisk).unwrap();
        assert!(matches!(Folder::open(&path, &SystemDisk), Err(FolderError::InUse(_))));
    }

    #[test]
    fn the_lock_is_given_up_even_when_a_child_process_still_holds_a_copy() {
        let (_outer, path) = store();
        let first = Folder::open(&path, &SystemDisk).unwrap();
        let _inherited = first.lock.try_clone().unwrap();
        drop(first);
        Folder::open(&path, &SystemDisk).unwrap();
    }

    #[test]
    fn links_and_open_doors_are_refused() {
        let (outer, path) = store();
        drop(Folder::open(&path, &SystemDisk).unwrap());
        let link = outer.path().join("link");
        symlink(&path, &link).unwrap();
        assert!(matches!(Folder::open(&link, &SystemDisk), Err(FolderError::NotAFolder(_))));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o750)).unwrap();
        let refused = Folder::open(&path, &SystemDisk);
        assert!(matches!(refused, Err(FolderError::WrongMode { mode: 0o750, .. })));
    }

    #[test]
    fn other_versions_are_refused() {
        let (_outer, path) = store();
        drop(Folder::open(&path, &SystemDisk).unwrap());
        std::fs::write(path.join("VERSION"), "samverkan-store 2\n").unwrap();
        assert!(matches!(Folder::open(&path, &SystemDisk), Err(FolderError::Newer { found: 2 })));
        for bad in ["", "samverkan-store 0\n", "samverkan-store 1", "other 1\n", "samverkan-store x\n"] {
            std::fs::write(path.join("VERSION"), bad).unwrap();
            assert!(matches!(Folder::open(&path, &SystemDisk), Err(FolderError::Unversioned(_))), "{bad:?}");
        }
        std::fs::remove_file(path.join("VERSION")).unwrap();
        std::fs::write(path.join("segments/0000000001.seg"), "x").unwrap();
        assert!(matches!(Folder::open(&path, &SystemDisk), Err(FolderError::Unversioned(_))));
    }
}
