//! Giving an attachment out.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use bytes::Bytes;
use ring::digest::{Context, SHA256};
use samverkan_proto::limits::MAX_BLOB_FRAME;

use super::{BlobError, BlobKey, Damaged};

/// Half of the largest frame: few calls, little memory a reader.
const FRAME: usize = MAX_BLOB_FRAME / 2;

/// A complete attachment being read, frame by frame.
pub struct BlobReader {
    file: File,
    left: u64,
    key: BlobKey,
    damaged: Damaged,
    /// SHA-256 so far, when all of it is read.
    digest: Option<Context>,
}

impl std::fmt::Debug for BlobReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BlobReader").field("key", &self.key).field("left", &self.left).finish_non_exhaustive()
    }
}

impl BlobReader {
    pub(super) fn open(
        path: &Path,
        key: BlobKey,
        damaged: Damaged,
        (offset, len): (u64, u64),
    ) -> Result<Self, BlobError> {
        let mut file = File::open(path)?;
        let all = file.metadata()?.len();
        let rest = all.checked_sub(offset).ok_or(BlobError::Offset)?;
        let left = match len {
            0 => rest,
            len if len <= rest => len,
            _ => return Err(BlobError::Offset),
        };
        file.seek(SeekFrom::Start(offset))?;
        let digest = (left == all).then(|| Context::new(&SHA256));
        Ok(Self { file, left, key, damaged, digest })
    }

    /// Bytes still to come.
    #[must_use]
    pub const fn left(&self) -> u64 {
        self.left
    }

    /// The next frame; `None` at the end.
    ///
    /// # Errors
    /// [`BlobError::Io`], also when the file is shorter than it was; [`BlobError::Damaged`] in place of the last frame.
    pub fn frame(&mut self) -> Result<Option<Bytes>, BlobError> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(FRAME);
        if most == 0 {
            return Ok(None);
        }
        let mut buffer = vec![0; most];
        self.file.read_exact(&mut buffer).map_err(BlobError::Io)?;
        self.left -= most as u64;
        if let Some(digest) = &mut self.digest {
            digest.update(&buffer);
            if self.left == 0 && digest.clone().finish().as_ref() != self.key.id.as_bytes() {
                self.damaged.note(self.key);
                return Err(BlobError::Damaged);
            }
        }
        Ok(Some(buffer.into()))
    }
}
