//! Files and folders that only the hub's own user may read: made exclusively, checked on every read.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use zeroize::Zeroizing;

/// A key file is a few hundred bytes; whatever is larger than this is not one.
const MAX_FILE: u64 = 64 << 10;

/// Makes an empty folder of mode 0700; fails if anything has that name.
pub(super) fn create_folder(path: &Path) -> Result<(), FileError> {
    DirBuilder::new().mode(0o700).create(path).map_err(FileError::io("create", path))
}

/// Writes a new file of mode 0600 and syncs it; fails if anything has that name.
pub(super) fn write_private(path: &Path, content: &[u8]) -> Result<(), FileError> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(FileError::io("create", path))?;
    file.write_all(content).and_then(|()| file.sync_all()).map_err(FileError::io("write", path))
}

/// Syncs the folder `from`, moves it to `to`, and syncs the folder they are in.
pub(super) fn rename_folder(from: &Path, to: &Path) -> Result<(), FileError> {
    sync_folder(from)?;
    std::fs::rename(from, to).map_err(FileError::io("create", to))?;
    match to.parent() {
        Some(parent) => sync_folder(parent),
        None => Ok(()),
    }
}

/// Writes a file of mode 0600 in place of the one that has that name, in one step.
pub(crate) fn replace_private(path: &Path, content: &[u8]) -> Result<(), FileError> {
    let mut partial = path.as_os_str().to_owned();
    partial.push(".new");
    let partial = PathBuf::from(partial);
    // What an interrupted run left was never used.
    match std::fs::remove_file(&partial) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(FileError::io("replace", &partial)(error));
        }
        Ok(()) | Err(_) => {}
    }
    write_private(&partial, content)?;
    std::fs::rename(&partial, path).map_err(FileError::io("create", path))?;
    match path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) => sync_folder(folder),
        None => Ok(()),
    }
}

fn sync_folder(path: &Path) -> Result<(), FileError> {
    File::open(path).and_then(|folder| folder.sync_all()).map_err(FileError::io("sync", path))
}

/// Checks that `path` is a folder, not a link to one, that only this process's user can enter.
pub(super) fn check_folder(path: &Path) -> Result<(), FileError> {
    let metadata = path.symlink_metadata().map_err(FileError::io("open", path))?;
    if metadata.is_symlink() {
        return Err(FileError::Link { path: path.to_owned() });
    }
    if !metadata.is_dir() {
        return Err(FileError::NotAFolder { path: path.to_owned() });
    }
    check_private(path, &metadata, "700")
}

/// Reads a small file that must be regular, not a link, and readable by this process's user alone.
pub(crate) fn read_private(path: &Path) -> Result<Zeroizing<Vec<u8>>, FileError> {
    // Refusing links in the open itself leaves no time between a check and the open; a pipe must not block.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty()).map_err(|error| match error {
        Errno::LOOP => FileError::Link { path: path.to_owned() },
        error => FileError::io("open", path)(error.into()),
    })?);
    let metadata = file.metadata().map_err(FileError::io("read", path))?;
    if !metadata.is_file() || metadata.len() > MAX_FILE {
        return Err(FileError::NotAKeyFile { path: path.to_owned() });
    }
    check_private(path, &metadata, "600")?;
    // Reserved once, so that no copy of the secret is left behind by a growing buffer.
    let mut content = Zeroizing::new(Vec::with_capacity(MAX_FILE as usize + 1));
    file.take(MAX_FILE + 1).read_to_end(&mut content).map_err(FileError::io("read", path))?;
    Ok(content)
}

fn check_private(path: &Path, metadata: &std::fs::Metadata, wanted: &'static str) -> Result<(), FileError> {
    if metadata.uid() != rustix::process::geteuid().as_raw() {
        return Err(FileError::Owner { path: path.to_owned() });
    }
    if metadata.mode() & 0o077 != 0 {
        return Err(FileError::Readable { path: path.to_owned(), wanted });
    }
    Ok(())
}

/// Why a private file or folder was refused.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// Other users have rights to it.
    #[error("{} can be read by others: run `chmod {wanted} {}`, and consider its keys exposed", path.display(), path.display())]
    Readable {
        /// The file or folder.
        path: PathBuf,
        /// The mode it should have, octal.
        wanted: &'static str,
    },
    /// It belongs to another user.
    #[error("{} belongs to another user: run the hub as the user that made it", path.display())]
    Owner {
        /// The file or folder.
        path: PathBuf,
    },
    /// It is a symbolic link.
    #[error("{} is a symbolic link: put the real one there", path.display())]
    Link {
        /// The link.
        path: PathBuf,
    },
    /// Something that is not a folder has the folder's name.
    #[error("{} is not a folder: move it away and restore the folder from a backup", path.display())]
    NotAFolder {
        /// The path.
        path: PathBuf,
    },
    /// It is not a regular file, or far too large.
    #[error("{} is not a key file: restore it from a backup", path.display())]
    NotAKeyFile {
        /// The path.
        path: PathBuf,
    },
    /// It is not there.
    #[error("{} does not exist: run `samverkan-hub init` for a new hub, or restore it from a backup", path.display())]
    Missing {
        /// The path.
        path: PathBuf,
    },
    /// The file system refused.
    #[error("could not {action} {}: {source}; check the disk and the folder's rights", path.display())]
    Io {
        /// What was tried, a verb.
        action: &'static str,
        /// The path.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl FileError {
    fn io<'a>(action: &'static str, path: &'a Path) -> impl FnOnce(io::Error) -> Self + 'a {
        move |source| {
            let path = path.to_owned();
            if action == "open" && source.kind() == io::ErrorKind::NotFound {
                Self::Missing { path }
            } else {
                Self::Io { action, path, source }
            }
        }
    }
}
