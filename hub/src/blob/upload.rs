//! Taking an attachment in.

use std::fs::File;
use std::io::{self, Read};

use ring::digest::{Context, SHA256};
use samverkan_proto::ids::BlobId;

use super::{BlobError, Place, Slot};
use crate::disk::ensure_folder;

/// Bytes after which an upload waits for the disk: a file system that writes a gigabyte at somebody else's sync makes all who wait for
/// that sync wait for the gigabyte. Small in tests, so that they see it.
const SYNCED_AT_ONCE: u64 = if cfg!(test) { 256 << 10 } else { 4 << 20 };

/// An upload under way. Dropping it keeps what was written, so that it can be resumed.
#[derive(Debug)]
pub struct Upload {
    slot: Slot,
    file: File,
    place: Place,
    digest: Digest,
    len: u64,
    offset: u64,
    synced: u64,
}

/// SHA-256 over what has been written; its inner state is not for logs.
struct Digest(Context);

impl std::fmt::Debug for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Digest")
    }
}

impl Upload {
    /// Goes on at `offset`, having read back what stands before it.
    pub(super) fn resume(mut slot: Slot, place: Place, len: u64, offset: u64) -> Result<Self, BlobError> {
        let mut file = match place.disk.open(&place.staged, true) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => place.disk.create_new(&place.staged)?,
            opened => opened?,
        };
        let mut digest = Digest(Context::new(&SHA256));
        let mut buffer = vec![0; 256 << 10];
        let mut left = offset;
        while left > 0 {
            let most = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
            let n = file.read(&mut buffer[..most])?;
            if n == 0 {
                return Err(BlobError::Offset);
            }
            digest.0.update(&buffer[..n]);
            left -= n as u64;
        }
        place.disk.truncate(&file, offset)?;
        slot.leaves(Some(offset));
        Ok(Self { slot, file, place, digest, len, offset, synced: offset })
    }

    /// Bytes held now.
    #[must_use]
    pub const fn offset(&self) -> u64 {
        self.offset
    }

    /// Appends bytes.
    ///
    /// # Errors
    /// [`BlobError::Length`] beyond the announced length, [`BlobError::NoSpace`], [`BlobError::Io`]; after a failed sync the staged file
    /// is gone.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), BlobError> {
        let end = self.offset.checked_add(bytes.len() as u64).filter(|end| *end <= self.len);
        let end = end.ok_or(BlobError::Length)?;
        // Asked each time: other uploads, and messages, have come since this one began.
        if free_bytes(&self.file)? < self.place.kept_free.saturating_add(bytes.len() as u64) {
            return Err(BlobError::NoSpace);
        }
        // Even if it fails, some of it may be there.
        self.slot.leaves(Some(end));
        self.place.disk.write_all_at(&self.file, bytes, self.offset)?;
        self.digest.0.update(bytes);
        self.offset = end;
        if self.offset - self.synced >= SYNCED_AT_ONCE { self.sync() } else { Ok(()) }
    }

    /// Makes what was written durable. After a failure nothing of it is used: the kernel may have dropped pages and marked them clean, so
    /// that another sync of this file would tell a lie. It goes, and the upload begins anew.
    fn sync(&mut self) -> Result<(), BlobError> {
        if let Err(error) = self.place.disk.sync(&self.file) {
            self.place.disk.remove(&self.place.staged)?;
            self.slot.leaves(None);
            return Err(error.into());
        }
        self.synced = self.offset;
        Ok(())
    }

    /// Has this upload leave so much of the disk free.
    #[cfg(test)]
    pub(super) fn leave_free(&mut self, bytes: u64) {
        self.place.kept_free = bytes;
    }

    /// Verifies the whole and puts it in its place, durably. Incomplete bytes stay staged. Until the slot is dropped
    /// the bytes count as the upload's, and nobody else removes or uploads the attachment.
    ///
    /// # Errors
    /// [`BlobError::Length`] when bytes are missing, [`BlobError::Digest`] when they are wrong: then the staged file is removed, and
    /// also when it can not be synced.
    pub fn finish(mut self) -> Result<Slot, BlobError> {
        if self.offset != self.len {
            return Err(BlobError::Length);
        }
        let digest = self.digest.0.clone().finish();
        if digest.as_ref() != self.slot.key().id.as_bytes() {
            self.place.disk.remove(&self.place.staged)?;
            self.slot.leaves(None);
            return Err(BlobError::Digest);
        }
        debug_assert_eq!(BlobId::LEN, digest.as_ref().len());
        self.sync()?;
        self.place.complete()?;
        self.slot.leaves(None);
        Ok(self.slot)
    }
}

impl Place {
    /// Renames into the organisation's folder and makes every name on the way durable.
    fn complete(&self) -> Result<(), BlobError> {
        let Self { disk, staged, complete, .. } = self;
        let folder = complete.parent().expect("an attachment lies in its organisation's folder");
        ensure_folder(&**disk, folder)?;
        disk.sync_folder(folder.parent().expect("the organisation's folder lies in blobs"))?;
        disk.rename(staged, complete)?;
        disk.sync_folder(folder)?;
        Ok(disk.sync_folder(staged.parent().expect("a staged file lies in uploads"))?)
    }
}

/// Bytes that are free on the file's disk, for those who are not root.
fn free_bytes(file: &File) -> Result<u64, BlobError> {
    let found = rustix::fs::fstatvfs(file).map_err(|error| BlobError::Io(error.into()))?;
    Ok(found.f_bavail.saturating_mul(found.f_frsize))
}
