//! Giving an attachment out.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use bytes::Bytes;
use samverkan_proto::limits::MAX_BLOB_FRAME;

use super::BlobError;

/// Half of the largest frame: few calls, little memory a reader.
const FRAME: usize = MAX_BLOB_FRAME / 2;

/// A complete attachment being read, frame by frame.
#[derive(Debug)]
pub struct BlobReader {
    file: File,
    left: u64,
}

impl BlobReader {
    pub(super) fn open(path: &Path, offset: u64, len: u64) -> Result<Self, BlobError> {
        let mut file = File::open(path)?;
        let all = file.metadata()?.len();
        let rest = all.checked_sub(offset).ok_or(BlobError::Offset)?;
        let left = match len {
            0 => rest,
            len if len <= rest => len,
            _ => return Err(BlobError::Offset),
        };
        file.seek(SeekFrom::Start(offset))?;
        Ok(Self { file, left })
    }

    /// Bytes still to come.
    #[must_use]
    pub const fn left(&self) -> u64 {
        self.left
    }

    /// The next frame; `None` at the end.
    ///
    /// # Errors
    /// [`BlobError::Io`], also when the file is shorter than it was.
    pub fn frame(&mut self) -> Result<Option<Bytes>, BlobError> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(FRAME);
        if most == 0 {
            return Ok(None);
        }
        let mut buffer = vec![0; most];
        self.file.read_exact(&mut buffer).map_err(BlobError::Io)?;
        self.left -= most as u64;
        Ok(Some(buffer.into()))
    }
}
