//! Files and folders that only their owner may see, opened and written with care.
//!
//! Everything the client keeps goes through here: opening never follows a symbolic link and never blocks on a
//! FIFO; writing goes to a temporary file beside the target (0600, exclusive), is flushed to the disk, renamed,
//! and the folder is flushed too. Modes are set explicitly, so that a strange umask changes nothing.

use std::fs::{File, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

mod unfinished;

use unfinished::Unfinished;

/// What the name of a file begins with that has no place yet.
pub const TEMPORARY: &str = ".samverkan-";

/// Why a file or folder was not used.
#[derive(Debug, thiserror::Error)]
pub enum FileReason {
    /// There is nothing of that name.
    #[error("it does not exist")]
    Missing,
    /// Something of that name exists and must not be overwritten.
    #[error("it exists already")]
    Exists,
    /// It is a symbolic link, which could lead anywhere.
    #[error("it is a symbolic link")]
    Symlink,
    /// A folder where a file is expected, a device, a FIFO …
    #[error("it is of another kind than expected")]
    WrongKind,
    /// It belongs to another user.
    #[error("it belongs to another user")]
    ForeignOwner,
    /// Others may read or change it; the mode is given.
    #[error("others can read or change it (mode {0:03o})")]
    Exposed(u32),
    /// It is longer than anything of its kind can be.
    #[error("it is larger than {0} bytes")]
    TooLarge(u64),
    /// The disk is full or a quota is used up.
    #[error("the disk is full")]
    DiskFull,
    /// The operating system refused for another reason.
    #[error("{}", .0.kind())]
    Io(io::Error),
}

/// A file or folder could not be used.
#[derive(Debug, thiserror::Error)]
#[error("{}: {reason}", path.display())]
pub struct FileError {
    /// What was to be used.
    pub path: PathBuf,
    /// Why it was not.
    pub reason: FileReason,
}

impl FileError {
    fn new(path: &Path, reason: FileReason) -> Self {
        Self { path: path.to_owned(), reason }
    }

    /// Whether there is nothing of that name.
    #[must_use]
    pub const fn is_missing(&self) -> bool {
        matches!(self.reason, FileReason::Missing)
    }

    /// Whether something of that name exists and was not overwritten.
    #[must_use]
    pub const fn is_existing(&self) -> bool {
        matches!(self.reason, FileReason::Exists)
    }

    /// What the operating system said about `path`.
    #[must_use]
    pub fn from_io(path: &Path, error: io::Error) -> Self {
        // Some libraries wrap the operating system's error, so that only its kind is left.
        let reason = match (error.raw_os_error().map(Errno::from_raw_os_error), error.kind()) {
            (Some(Errno::NOENT), _) | (None, io::ErrorKind::NotFound) => FileReason::Missing,
            (Some(Errno::EXIST), _) | (None, io::ErrorKind::AlreadyExists) => FileReason::Exists,
            (Some(Errno::LOOP), _) => FileReason::Symlink,
            (Some(Errno::NOTDIR | Errno::ISDIR), _)
            | (None, io::ErrorKind::NotADirectory | io::ErrorKind::IsADirectory) => FileReason::WrongKind,
            (Some(Errno::NOSPC | Errno::DQUOT), _)
            | (None, io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) => FileReason::DiskFull,
            _ => FileReason::Io(error),
        };
        Self::new(path, reason)
    }
}

/// How closed a folder has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closed {
    /// Nobody else may even list it: a profile.
    ToAll,
    /// Others may look but not change anything: the folder that holds the profiles.
    ToWriters,
}

impl Closed {
    const fn forbidden_bits(self) -> u32 {
        match self {
            Self::ToAll => 0o077,
            Self::ToWriters => 0o022,
        }
    }
}

/// Refuses `path` unless it is a folder of this user, closed to others as asked, and not a symbolic link.
///
/// # Errors
/// [`FileError`] with the first rule that is broken.
pub fn check_folder(path: &Path, closed: Closed) -> Result<(), FileError> {
    let folder = open_folder(path)?;
    check_owner_and_mode(path, &folder, closed.forbidden_bits())
}

/// Makes `path` a private folder (0700) if nothing is there, else checks it as [`check_folder`] does.
///
/// # Errors
/// [`FileError`] when the folder can not be made, or what is there breaks a rule.
pub fn ensure_folder(path: &Path, closed: Closed) -> Result<(), FileError> {
    match rustix::fs::mkdir(path, Mode::RWXU) {
        Ok(()) => {
            let folder = open_folder(path)?;
            // A umask can only take bits away, but taking the owner's own would leave a useless folder.
            folder
                .set_permissions(Permissions::from_mode(0o700))
                .map_err(|error| FileError::from_io(path, error))?;
            path.parent().map_or(Ok(()), sync_folder)
        }
        Err(Errno::EXIST) => check_folder(path, closed),
        Err(error) => Err(FileError::from_io(path, error.into())),
    }
}

/// Refuses `path` unless it is a socket of this user that nobody else can reach, and not a symbolic link.
///
/// # Errors
/// [`FileError`] with the first rule that is broken.
pub fn check_socket(path: &Path) -> Result<(), FileError> {
    let meta = path.symlink_metadata().map_err(|error| FileError::from_io(path, error))?;
    let mode = meta.mode() & 0o777;
    let reason = if meta.is_symlink() {
        FileReason::Symlink
    } else if !meta.file_type().is_socket() {
        FileReason::WrongKind
    } else if meta.uid() != rustix::process::geteuid().as_raw() {
        FileReason::ForeignOwner
    } else if mode & 0o077 != 0 {
        FileReason::Exposed(mode)
    } else {
        return Ok(());
    };
    Err(FileError::new(path, reason))
}

/// Opens a file of this user that nobody else can read, without following a link or blocking.
///
/// # Errors
/// [`FileError`] with the first rule that is broken.
pub fn open_private(path: &Path) -> Result<File, FileError> {
    open_own(path, OFlags::RDONLY)
}

/// The same to change it.
///
/// # Errors
/// As [`open_private`].
pub fn open_private_to_write(path: &Path) -> Result<File, FileError> {
    open_own(path, OFlags::RDWR)
}

/// Reads a private file of at most `max` bytes whole.
///
/// # Errors
/// As [`open_private`], and [`FileReason::TooLarge`].
pub fn read_private(path: &Path, max: u64) -> Result<Vec<u8>, FileError> {
    let file = open_private(path)?;
    let mut bytes = Vec::new();
    let read = file.take(max + 1).read_to_end(&mut bytes).map_err(|error| FileError::from_io(path, error))?;
    if read as u64 > max {
        return Err(FileError::new(path, FileReason::TooLarge(max)));
    }
    Ok(bytes)
}

/// How many bytes this user can still write on the disk that holds `folder`.
///
/// # Errors
/// [`FileError`] when the operating system refuses to tell.
pub fn free_bytes(folder: &Path) -> Result<u64, FileError> {
    let found = rustix::fs::statvfs(folder).map_err(|error| FileError::from_io(folder, error.into()))?;
    Ok(found.f_bavail.saturating_mul(found.f_frsize))
}

/// Opens a file that two processes may lock, making it (0600) if it is missing.
///
/// # Errors
/// [`FileError`] when it can not be opened or is not private.
pub fn open_lock_file(path: &Path) -> Result<File, FileError> {
    open_own(path, OFlags::RDWR | OFlags::CREATE)
}

/// Replaces `path` with `bytes` in one step: after a crash the old content is there, or the new, never a mixture.
///
/// # Errors
/// [`FileError`]; the old content and nothing else is left then.
pub fn replace_private(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let (folder, temporary) = write_beside(path, bytes)?;
    temporary.persist(path).map_err(|error| FileError::from_io(path, error.error))?;
    sync_folder(&folder)
}

/// Writes `bytes` to `path` (0600), which must not exist.
///
/// # Errors
/// [`FileError`], with [`FileReason::Exists`] when something is there; nothing is left behind then.
pub fn create_private(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let (folder, temporary) = write_beside(path, bytes)?;
    temporary.persist_noclobber(path).map_err(|error| FileError::from_io(path, error.error))?;
    sync_folder(&folder)
}

/// Has `fill` write to a file (0600) that has no name, or one beside `path` on file systems that can not do without.
/// It is flushed, and then takes its place in one step.
///
/// # Errors
/// What `fill` fails with, or [`FileError`], with [`FileReason::Exists`] when something is there that may not be
/// replaced; nothing is left behind then.
pub fn stream_private<E: From<FileError>>(
    path: &Path,
    replace: bool,
    fill: impl FnOnce(&mut File) -> Result<(), E>,
) -> Result<(), E> {
    // Told before anything long begins; the last step makes sure of it.
    if !replace && path.symlink_metadata().is_ok() {
        return Err(FileError::new(path, FileReason::Exists).into());
    }
    let folder = folder_of(path);
    let fail = |error| FileError::from_io(path, error);
    let mut unfinished = Unfinished::create(&folder).map_err(fail)?;
    fill(unfinished.file())?;
    unfinished.file().sync_all().map_err(fail)?;
    unfinished.place(path, replace).map_err(fail)?;
    Ok(sync_folder(&folder)?)
}

/// Removes a file and flushes its folder; a file that is gone already is no error.
///
/// # Errors
/// [`FileError`] when the operating system refuses.
pub fn remove(path: &Path) -> Result<(), FileError> {
    match std::fs::remove_file(path) {
        Ok(()) => sync_folder(&folder_of(path)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(FileError::from_io(path, error)),
    }
}

/// Gives a file the place of another in the same folder, which it replaces in one step.
///
/// # Errors
/// [`FileError`] when the operating system refuses.
pub fn rename(from: &Path, to: &Path) -> Result<(), FileError> {
    std::fs::rename(from, to).map_err(|error| FileError::from_io(from, error))?;
    sync_folder(&folder_of(to))
}

/// Flushes a folder, so that names made or removed in it survive a power cut.
///
/// # Errors
/// [`FileError`] when the operating system refuses.
pub fn sync_folder(path: &Path) -> Result<(), FileError> {
    File::open(path).and_then(|folder| folder.sync_all()).map_err(|error| FileError::from_io(path, error))
}

fn write_beside(path: &Path, bytes: &[u8]) -> Result<(PathBuf, tempfile::NamedTempFile), FileError> {
    let fail = |error| FileError::from_io(path, error);
    let (folder, mut temporary) = temporary_beside(path)?;
    temporary.write_all(bytes).map_err(fail)?;
    temporary.as_file().sync_all().map_err(fail)?;
    Ok((folder, temporary))
}

fn temporary_beside(path: &Path) -> Result<(PathBuf, tempfile::NamedTempFile), FileError> {
    let folder = folder_of(path);
    let fail = |error| FileError::from_io(path, error);
    let temporary = tempfile::Builder::new()
        .prefix(TEMPORARY)
        .permissions(Permissions::from_mode(0o600))
        .tempfile_in(&folder)
        .map_err(fail)?;
    temporary.as_file().set_permissions(Permissions::from_mode(0o600)).map_err(fail)?;
    Ok((folder, temporary))
}

fn folder_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

fn open_folder(path: &Path) -> Result<File, FileError> {
    open_nofollow(path, OFlags::RDONLY | OFlags::DIRECTORY).map_err(|error| match error.reason {
        // With O_DIRECTORY Linux says ENOTDIR for a link; tell the two apart for the reader.
        FileReason::WrongKind if path.is_symlink() => FileError::new(path, FileReason::Symlink),
        _ => error,
    })
}

fn open_own(path: &Path, flags: OFlags) -> Result<File, FileError> {
    let file = open_nofollow(path, flags)?;
    let meta = file.metadata().map_err(|error| FileError::from_io(path, error))?;
    if !meta.is_file() {
        return Err(FileError::new(path, FileReason::WrongKind));
    }
    check_owner_and_mode(path, &file, 0o077)?;
    Ok(file)
}

fn open_nofollow(path: &Path, flags: OFlags) -> Result<File, FileError> {
    let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    rustix::fs::open(path, flags, Mode::RUSR | Mode::WUSR)
        .map(File::from)
        .map_err(|error| FileError::from_io(path, error.into()))
}

fn check_owner_and_mode(path: &Path, file: &File, forbidden: u32) -> Result<(), FileError> {
    let meta = file.metadata().map_err(|error| FileError::from_io(path, error))?;
    if meta.uid() != rustix::process::geteuid().as_raw() {
        return Err(FileError::new(path, FileReason::ForeignOwner));
    }
    let mode = meta.mode() & 0o777;
    if mode & forbidden != 0 {
        return Err(FileError::new(path, FileReason::Exposed(mode)));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn mode_of(path: &Path) -> u32 {
        std::fs::symlink_metadata(path).expect("metadata").mode() & 0o777
    }

    fn set_mode(path: &Path, mode: u32) {
        std::fs::set_permissions(path, Permissions::from_mode(mode)).expect("chmod");
    }

    #[test]
    fn written_files_are_private_and_replaced_whole() {
        let dir = tempfile::tempdir().expect("tempdir");
        let path = dir.path().join("keystore");
        create_private(&path, b"one").expect("created");
        assert_eq!(mode_of(&path), 0o600);
        replace_private(&path, b"second").expect("replaced");
        assert_eq!(mode_of(&path), 0o600);
        assert_eq!(read_private(&path, 6).expect("read"), b"second");
        assert_eq!(std::fs::read_dir(dir.path()).expect("list").count(), 1, "no temporary file is left");
    }

    #[test]
    fn an_exclusive_file_is_never_overwritten() {
        let dir = tempfile::tempdir().expect("tempdir");
        let path = dir.path().join("kit");
        create_private(&path, b"first").expect("created");
        let again = create_private(&path, b"second").expect_err("refused");
        assert!(matches!(again.reason, FileReason::Exists));
        assert_eq!(std::fs::read(&path).expect("read"), b"first");
        assert_eq!(std::fs::read_dir(dir.path()).expect("list").count(), 1, "no temporary file is left");
    }

    #[test]
    fn links_folders_fifos_and_open_modes_are_refused() {
        let dir = tempfile::tempdir().expect("tempdir");
        let file = dir.path().join("file");
        create_private(&file, b"x").expect("created");

        let link = dir.path().join("link");
        symlink(&file, &link).expect("symlink");
        assert!(matches!(open_private(&link).expect_err("link").reason, FileReason::Symlink));
        assert!(matches!(open_lock_file(&link).expect_err("link").reason, FileReason::Symlink));
        assert!(matches!(open_private(dir.path()).expect_err("folder").reason, FileReason::WrongKind));

        let fifo = dir.path().join("fifo");
        rustix::fs::mkfifoat(rustix::fs::CWD, &fifo, Mode::RUSR | Mode::WUSR).expect("mkfifo");
        assert!(matches!(open_private(&fifo).expect_err("fifo").reason, FileReason::WrongKind));

        set_mode(&file, 0o640);
        assert!(matches!(open_private(&file).expect_err("mode").reason, FileReason::Exposed(0o640)));
        let gone = dir.path().join("gone");
        assert!(matches!(open_private(&gone).expect_err("missing").reason, FileReason::Missing));
    }

    #[test]
    fn a_file_over_its_bound_is_not_read() {
        let dir = tempfile::tempdir().expect("tempdir");
        let path = dir.path().join("big");
        create_private(&path, &[0; 11]).expect("created");
        assert!(matches!(read_private(&path, 10).expect_err("large").reason, FileReason::TooLarge(10)));
        assert_eq!(read_private(&path, 11).expect("fits").len(), 11);
    }

    #[test]
    fn a_folder_open_to_others_or_behind_a_link_is_refused() {
        let dir = tempfile::tempdir().expect("tempdir");
        let folder = dir.path().join("profile");
        ensure_folder(&folder, Closed::ToAll).expect("made");
        assert_eq!(mode_of(&folder), 0o700);
        ensure_folder(&folder, Closed::ToAll).expect("still fine");

        set_mode(&folder, 0o755);
        let error = check_folder(&folder, Closed::ToAll).expect_err("readable");
        assert!(matches!(error.reason, FileReason::Exposed(0o755)));
        check_folder(&folder, Closed::ToWriters).expect("readable is fine for the parent");
        set_mode(&folder, 0o720);
        let error = check_folder(&folder, Closed::ToWriters).expect_err("writable");
        assert!(matches!(error.reason, FileReason::Exposed(0o720)));

        let link = dir.path().join("link");
        symlink(&folder, &link).expect("symlink");
        let error = check_folder(&link, Closed::ToWriters).expect_err("link");
        assert!(matches!(error.reason, FileReason::Symlink));
    }

    #[test]
    fn removing_twice_is_no_error() {
        let dir = tempfile::tempdir().expect("tempdir");
        let path = dir.path().join("draft");
        create_private(&path, b"x").expect("created");
        remove(&path).expect("removed");
        remove(&path).expect("gone already");
        assert!(!path.exists());
    }
}
