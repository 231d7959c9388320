//! Taking an attachment in.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use ring::digest::{Context, SHA256};
use samverkan_proto::ids::BlobId;

use super::{BlobError, Slot, make_folder, sync_folder};

/// An upload under way. Dropping it keeps what was written, so that it can be resumed.
#[derive(Debug)]
pub struct Upload {
    slot: Slot,
    file: File,
    staged: PathBuf,
    complete: PathBuf,
    digest: Digest,
    len: u64,
    offset: u64,
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
    pub(super) fn resume(
        slot: Slot,
        staged: PathBuf,
        complete: PathBuf,
        len: u64,
        offset: u64,
    ) -> Result<Self, BlobError> {
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&staged)?;
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
        file.set_len(offset)?;
        file.seek(SeekFrom::Start(offset))?;
        Ok(Self { slot, file, staged, complete, digest, len, offset })
    }

    /// Bytes held now.
    #[must_use]
    pub const fn offset(&self) -> u64 {
        self.offset
    }

    /// Appends bytes.
    ///
    /// # Errors
    /// [`BlobError::Length`] beyond the announced length, [`BlobError::NoSpace`], [`BlobError::Io`].
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), BlobError> {
        let end = self.offset.checked_add(bytes.len() as u64).filter(|end| *end <= self.len);
        let end = end.ok_or(BlobError::Length)?;
        self.file.write_all(bytes)?;
        self.digest.0.update(bytes);
        self.offset = end;
        Ok(())
    }

    /// Verifies the whole and puts it in its place, durably. Incomplete bytes stay staged.
    ///
    /// # Errors
    /// [`BlobError::Length`] when bytes are missing, [`BlobError::Digest`] when they are wrong: then the staged file is removed.
    pub fn finish(self) -> Result<(), BlobError> {
        let Self { slot, file, staged, complete, digest, len, offset } = self;
        if offset != len {
            return Err(BlobError::Length);
        }
        let digest = digest.0.finish();
        if digest.as_ref() != slot.key.id.as_bytes() {
            fs::remove_file(&staged)?;
            return Err(BlobError::Digest);
        }
        debug_assert_eq!(BlobId::LEN, digest.as_ref().len());
        file.sync_all()?;
        place(&staged, &complete)
    }
}

/// Renames into the organisation's folder and makes every name on the way durable.
fn place(staged: &Path, complete: &Path) -> Result<(), BlobError> {
    let folder = complete.parent().expect("an attachment lies in its organisation's folder");
    make_folder(folder)?;
    sync_folder(folder.parent().expect("the organisation's folder lies in blobs"))?;
    fs::rename(staged, complete)?;
    sync_folder(folder)?;
    Ok(sync_folder(staged.parent().expect("a staged file lies in uploads"))?)
}
