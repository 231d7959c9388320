//! To the hub: it says how far it got, and gets the rest.

use std::fs::TryLockError;
use std::io::SeekFrom;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use samverkan_envelope::body::Attachment;
use samverkan_proto::v1::upload_blob_request::Part;
use samverkan_proto::v1::{GetUploadRequest, UploadBlobRequest, UploadStart};
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::{Marks, Transfer};
use crate::connect::Link;
use crate::error::{Code, Error, Result};
use crate::files::{self, FileError};
use crate::session::call::{unary, within_time};

/// One frame of an upload.
const FRAME: usize = 256 << 10;
/// Frames that wait for the network.
const FRAMES_AHEAD: usize = 4;
/// How long the hub may take for the next frame, or for its answer to the last one. It reads back what it has when an
/// upload goes on, and flushes all of it at the end, which are two gigabytes at most.
const FRAME_TIMEOUT: Duration = Duration::from_secs(60);

/// An attachment on its way to the hub.
pub(super) struct Upload {
    path: PathBuf,
    file: tokio::fs::File,
    blob_id: Bytes,
    length: u64,
    /// What the hub said it has.
    held: u64,
}

impl Upload {
    /// Prepares to upload the sealed bytes at `path`, which are locked for as long as that takes.
    ///
    /// # Errors
    /// [`Code::UploadInProgress`] when another process is uploading them; when they can not be read.
    pub(super) fn open(path: &Path, attachment: &Attachment) -> Result<Self> {
        let file = files::open_private(path)?;
        file.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => Error::new(Code::UploadInProgress),
            TryLockError::Error(error) => FileError::from_io(path, error).into(),
        })?;
        let length = file.metadata().map_err(|error| FileError::from_io(path, error))?.len();
        Ok(Self {
            path: path.to_owned(),
            file: tokio::fs::File::from_std(file),
            blob_id: attachment.blob_id.as_bytes().to_vec().into(),
            length,
            held: 0,
        })
    }

    /// Gives the hub frames from where it stopped.
    async fn feed(&mut self, frames: mpsc::Sender<UploadBlobRequest>, marks: &mut Marks<'_>) -> Result<()> {
        let Self { blob_id, length, held, .. } = self;
        let start = UploadStart { blob_id: blob_id.clone(), length: *length, offset: *held };
        let mut sent = start.offset;
        let mut part = Some(Part::Start(start));
        while let Some(next) = part {
            let len = if let Part::Data(data) = &next { data.len() as u64 } else { 0 };
            let taken = frames.send(UploadBlobRequest { part: Some(next) });
            if within_time(FRAME_TIMEOUT, taken).await?.is_err() {
                // The call has ended, and its own answer says why.
                break;
            }
            sent += len;
            marks.reach(sent, self.length);
            part = self.next_frame().await.map_err(|error| FileError::from_io(&self.path, error))?;
        }
        Ok(())
    }

    async fn next_frame(&mut self) -> std::io::Result<Option<Part>> {
        let mut frame = Vec::with_capacity(FRAME);
        (&mut self.file).take(FRAME as u64).read_to_end(&mut frame).await?;
        Ok((!frame.is_empty()).then(|| Part::Data(frame.into())))
    }
}

impl Transfer for Upload {
    type Done = ();

    async fn go_on(&mut self, link: &Link, marks: &mut Marks<'_>) -> Result<()> {
        let known = GetUploadRequest { blob_id: self.blob_id.clone() };
        let known = unary(link.relay().get_upload(known)).await?;
        self.held = if known.complete { self.length } else { known.offset.min(self.length) };
        marks.reach(self.held, self.length);
        if known.complete {
            return Ok(());
        }
        let sought = self.file.seek(SeekFrom::Start(self.held)).await;
        sought.map_err(|error| FileError::from_io(&self.path, error))?;
        let (frames, receiver) = mpsc::channel(FRAMES_AHEAD);
        let mut relay = link.relay();
        let mut call = std::pin::pin!(relay.upload_blob(ReceiverStream::new(receiver)));
        let answer = tokio::select! {
            answer = &mut call => answer,
            fed = self.feed(frames, marks) => {
                fed?;
                within_time(FRAME_TIMEOUT, call).await?
            }
        };
        let answer = answer.map_err(|status| Error::from(&status))?.into_inner();
        if answer.complete { Ok(()) } else { Err(Error::new(Code::BlobMissing)) }
    }

    fn position(&self) -> u64 {
        self.held
    }
}

#[cfg(test)]
mod tests {
    use samverkan_envelope::body::FileKey;
    use samverkan_proto::ids::BlobId;

    use super::*;

    #[tokio::test]
    async fn one_process_uploads_an_attachment_and_others_leave_it_alone() {
        let dir = tempfile::tempdir().expect("tempdir");
        let path = dir.path().join("sealed");
        files::create_private(&path, b"sealed").expect("created");
        let attachment = Attachment {
            blob_id: BlobId::of_digest([1; 32]),
            file_key: FileKey::from_bytes([1; 32]),
            plaintext_len: 1,
            plaintext_sha256: [1; 32],
            name: "bilaga".to_owned(),
            media_type: String::new(),
        };
        let first = Upload::open(&path, &attachment).expect("nobody uploads it");
        let second = Upload::open(&path, &attachment).err().expect("somebody does");
        assert_eq!(second.code(), Code::UploadInProgress);
        drop(first);
        Upload::open(&path, &attachment).expect("nobody does any more");
    }
}
