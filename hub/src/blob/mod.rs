//! Sealed attachments as files: staged while they are uploaded, verified against their id, then served.
//!
//! ```text
//! uploads/<org>-<blob>.part     what an upload has brought so far; may be torn, its digest is taken at the end
//! blobs/<org>/<blob>            complete, verified, fsynced
//! ```
//!
//! An attachment belongs to the organisation that uploaded it. Which messages name it, and when it may go, the store knows.
//! Everything here blocks: callers are on threads that may.

mod read;
mod slot;
mod upload;

#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use samverkan_proto::ids::{BlobId, OrgId};
use samverkan_proto::limits::{BLOB_HEADER, SEGMENT, TAG_LEN};

pub use read::BlobReader;
pub use slot::Slot;
pub use upload::Upload;

use slot::Uploads;

use crate::disk::{Disk, ensure_folder, is_full};

/// An attachment and the organisation that uploaded it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BlobKey {
    /// The organisation.
    pub org: OrgId,
    /// The attachment.
    pub id: BlobId,
}

/// How much of an attachment is here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// Bytes, at a segment boundary unless complete.
    pub offset: u64,
    /// Verified and on disk.
    pub complete: bool,
}

/// Why an attachment can not be taken or given.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// Another upload of the same attachment is running.
    #[error("another upload of this attachment is running")]
    InProgress,
    /// Not a place where an upload can go on, or a range beyond the end.
    #[error("the offset is beyond what is held, or not at a segment boundary")]
    Offset,
    /// More bytes than announced, or fewer at the end.
    #[error("the bytes are not as many as announced")]
    Length,
    /// The bytes are not those the id names; they are thrown away.
    #[error("the bytes are not those the id names")]
    Digest,
    /// The bytes on disk are not those the id names any more.
    #[error("the attachment is damaged")]
    Damaged,
    /// It is not here.
    #[error("there is no such attachment")]
    Unknown,
    /// With it the organisation would have more than its share.
    #[error("the organisation's share is used up")]
    Share,
    /// The disk is too full for attachments, or can only be read; what was written stays.
    #[error("the disk takes no more")]
    NoSpace,
    /// The file system failed.
    #[error("the file system failed")]
    Io(#[source] io::Error),
}

impl From<io::Error> for BlobError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            _ if is_full(&error) => Self::NoSpace,
            io::ErrorKind::NotFound => Self::Unknown,
            _ => Self::Io(error),
        }
    }
}

/// The folder of attachments.
#[derive(Clone, Debug)]
pub struct BlobFiles {
    disk: Arc<dyn Disk>,
    root: PathBuf,
    /// Bytes of the disk that uploads leave free.
    kept_free: u64,
    uploads: Arc<Uploads>,
    damaged: Damaged,
}

/// An upload that was asked for.
#[derive(Debug)]
pub enum Begun {
    /// The attachment is complete. Until the slot is dropped nobody else removes or uploads it.
    Complete(Slot),
    /// It goes on here.
    Upload(Box<Upload>),
}

impl BlobFiles {
    /// Opens or makes the two folders in `root`, and counts what uploads have left there. Uploads stop when less than
    /// `kept_free` bytes of the disk would be free.
    ///
    /// # Errors
    /// What the file system says.
    pub fn open(disk: Arc<dyn Disk>, root: &Path, kept_free: u64) -> io::Result<Self> {
        for folder in ["uploads", "blobs"] {
            ensure_folder(&*disk, &root.join(folder))?;
        }
        disk.sync_folder(root)?;
        let files = Self {
            disk,
            root: root.to_owned(),
            kept_free,
            uploads: Arc::default(),
            damaged: Damaged::default(),
        };
        for entry in fs::read_dir(files.root.join("uploads"))? {
            let entry = entry?;
            if let Some(key) = entry.file_name().to_str().and_then(staged_key) {
                files.uploads.lock().stage(&key, Some(entry.metadata()?.len()));
            }
        }
        Ok(files)
    }

    /// Bytes that are free on their disk, for those who are not root.
    ///
    /// # Errors
    /// [`BlobError::Io`].
    pub fn free_bytes(&self) -> Result<u64, BlobError> {
        let found = rustix::fs::statvfs(&self.root).map_err(|error| BlobError::Io(error.into()))?;
        Ok(found.f_bavail.saturating_mul(found.f_frsize))
    }

    /// How much of an attachment is here.
    ///
    /// # Errors
    /// [`BlobError::Io`].
    pub fn held(&self, key: &BlobKey) -> Result<Held, BlobError> {
        if let Some(len) = length(&self.complete_path(key))? {
            return Ok(Held { offset: len, complete: true });
        }
        let len = length(&self.staged_path(key))?.unwrap_or(0);
        Ok(Held { offset: boundary_at_or_below(len), complete: false })
    }

    /// Begins or goes on with an upload of `len` bytes at `offset`; what is held beyond `offset` is replaced. All that
    /// the organisation has staged, this included, may take `room` bytes.
    ///
    /// # Errors
    /// [`BlobError::InProgress`], [`BlobError::Length`] when it is complete with another length,
    /// [`BlobError::Offset`], [`BlobError::Share`], [`BlobError::NoSpace`], [`BlobError::Io`].
    pub fn upload(&self, key: BlobKey, len: u64, offset: u64, room: u64) -> Result<Begun, BlobError> {
        let slot = Slot::take(&self.uploads, key)?;
        let held = self.held(&key)?;
        if held.complete {
            return if held.offset == len { Ok(Begun::Complete(slot)) } else { Err(BlobError::Length) };
        }
        if offset > held.offset || offset > len || boundary_at_or_below(offset) != offset {
            return Err(BlobError::Offset);
        }
        slot.reserve(len, room)?;
        if self.free_bytes()? < self.kept_free.saturating_add(len - offset) {
            return Err(BlobError::NoSpace);
        }
        let place = Place {
            disk: Arc::clone(&self.disk),
            staged: self.staged_path(&key),
            complete: self.complete_path(&key),
            kept_free: self.kept_free,
        };
        Upload::resume(slot, place, len, offset).map(|upload| Begun::Upload(Box::new(upload)))
    }

    /// Opens a complete attachment for reading `len` bytes from `offset` on; `len` 0 means to the end. Whoever reads all of it
    /// gets the last frame only when the whole is what its id names; a part can not be checked by itself.
    ///
    /// # Errors
    /// [`BlobError::Unknown`], [`BlobError::Offset`], [`BlobError::Io`].
    pub fn read(&self, key: &BlobKey, offset: u64, len: u64) -> Result<BlobReader, BlobError> {
        BlobReader::open(&self.complete_path(key), *key, self.damaged.clone(), (offset, len))
    }

    /// Attachments that were found damaged since the opening.
    #[must_use]
    pub fn damages(&self) -> u64 {
        self.damaged.count()
    }

    /// Removes an attachment that no message names any more. Removing what is not there is fine.
    ///
    /// # Errors
    /// [`BlobError::Io`].
    pub fn remove(&self, key: &BlobKey) -> Result<(), BlobError> {
        let path = self.complete_path(key);
        match self.disk.remove(&path) {
            Ok(()) => {
                let folder = path.parent().expect("an attachment lies in its organisation's folder");
                Ok(self.disk.sync_folder(folder)?)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Removes what abandoned uploads left: staged files untouched for `age` at `now`. Gives the number removed.
    ///
    /// # Errors
    /// [`BlobError::Io`].
    pub fn remove_abandoned(&self, now: SystemTime, age: Duration) -> Result<usize, BlobError> {
        let mut uploads = self.uploads.lock();
        let busy: HashSet<PathBuf> = uploads.running.iter().map(|key| self.staged_path(key)).collect();
        let mut removed = 0;
        for entry in fs::read_dir(self.root.join("uploads"))? {
            let entry = entry?;
            let old = now.duration_since(entry.metadata()?.modified()?).is_ok_and(|idle| idle >= age);
            if old && !busy.contains(&entry.path()) {
                self.disk.remove(&entry.path())?;
                if let Some(key) = entry.file_name().to_str().and_then(staged_key) {
                    uploads.stage(&key, None);
                }
                removed += 1;
            }
        }
        Ok(removed)
    }

    /// Every complete attachment, for comparing with what the journal knows.
    ///
    /// # Errors
    /// [`BlobError::Io`].
    pub fn list(&self) -> Result<Vec<BlobKey>, BlobError> {
        let mut keys = Vec::new();
        for folder in fs::read_dir(self.root.join("blobs"))? {
            let folder = folder?;
            let Some(org) = folder.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
            for file in fs::read_dir(folder.path())? {
                let id = file?.file_name().to_str().and_then(|name| name.parse().ok());
                keys.extend(id.map(|id| BlobKey { org, id }));
            }
        }
        Ok(keys)
    }

    fn staged_path(&self, key: &BlobKey) -> PathBuf {
        self.root.join("uploads").join(format!("{}-{}.part", key.org, key.id))
    }

    fn complete_path(&self, key: &BlobKey) -> PathBuf {
        self.root.join("blobs").join(key.org.to_string()).join(key.id.to_string())
    }
}

/// Attachments that were found damaged, each counted and told once.
#[derive(Clone, Debug, Default)]
struct Damaged(Arc<Mutex<HashSet<BlobKey>>>);

impl Damaged {
    fn note(&self, key: BlobKey) {
        if self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key) {
            tracing::error!(attachment = %key.id, "a stored attachment is damaged");
        }
    }

    fn count(&self) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len() as u64
    }
}

/// The attachment whose upload a staged file is.
fn staged_key(name: &str) -> Option<BlobKey> {
    let (org, id) = name.strip_suffix(".part")?.split_once('-')?;
    Some(BlobKey { org: org.parse().ok()?, id: id.parse().ok()? })
}

/// The newest place at or below `offset` where an upload can go on: 0, or behind the header and whole segments.
fn boundary_at_or_below(offset: u64) -> u64 {
    let segment = (SEGMENT + TAG_LEN) as u64;
    offset.checked_sub(BLOB_HEADER as u64).map_or(0, |behind| BLOB_HEADER as u64 + behind / segment * segment)
}

fn length(path: &Path) -> io::Result<Option<u64>> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_file() => Ok(Some(metadata.len())),
        Ok(_) => Err(io::Error::other("not a regular file")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Where an upload's bytes go, and where they go when they are complete.
#[derive(Debug)]
struct Place {
    disk: Arc<dyn Disk>,
    staged: PathBuf,
    complete: PathBuf,
    /// Bytes of the disk that are left free.
    kept_free: u64,
}
