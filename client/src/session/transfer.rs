//! Attachments to and from the hub: resumable, in pieces, the bytes sealed all the way.

use std::io::Write;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use samverkan_envelope::body::Attachment;
use samverkan_proto::ids::MessageId;
use samverkan_proto::v1::upload_blob_request::Part;
use samverkan_proto::v1::{
    DownloadBlobRequest, GetUploadRequest, UploadBlobRequest, UploadBlobResponse, UploadStart,
};
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::attach::{OpenFailure, Verifier};
use super::call::{unary, within};
use super::model::{Progress, Step};
use crate::connect::Link;
use crate::error::{Code, Error, Result};
use crate::files::{self, FileError};

/// One frame of an upload.
const FRAME: usize = 256 << 10;
/// Frames that wait for the network.
const FRAMES_AHEAD: usize = 4;

/// Uploads the sealed bytes at `path`, or the rest of them.
pub(super) async fn upload(
    link: &Link,
    path: &Path,
    attachment: &Attachment,
    progress: &mut dyn Progress,
) -> Result<()> {
    let blob_id: Bytes = attachment.blob_id.as_bytes().to_vec().into();
    let known = unary(link.relay().get_upload(GetUploadRequest { blob_id: blob_id.clone() })).await?;
    if known.complete {
        return Ok(());
    }
    let fail = |error| Error::from(FileError::from_io(path, error));
    let mut file = tokio::fs::File::from_std(files::open_private(path)?);
    let length = file.metadata().await.map_err(fail)?.len();
    let offset = known.offset.min(length);
    file.seek(std::io::SeekFrom::Start(offset)).await.map_err(fail)?;
    progress.begin(Step::Uploading, length - offset);

    let (frames, receiver) = mpsc::channel(FRAMES_AHEAD);
    let start = Part::Start(UploadStart { blob_id, length, offset });
    let mut relay = link.relay();
    let call = relay.upload_blob(ReceiverStream::new(receiver));
    let feed = async {
        let mut part = Some(start);
        while let Some(next) = part {
            let sent = match &next {
                Part::Start(_) => 0,
                Part::Data(data) => data.len(),
            };
            // The call has ended when nobody takes frames any more; its own answer says why.
            if frames.send(UploadBlobRequest { part: Some(next) }).await.is_err() {
                break;
            }
            progress.advance(sent as u64);
            part = next_frame(&mut file).await.map_err(fail)?;
        }
        drop(frames);
        Ok::<(), Error>(())
    };
    let (answer, fed) = tokio::join!(call, feed);
    let answer: UploadBlobResponse = answer.map_err(|status| Error::from(&status))?.into_inner();
    fed?;
    if answer.complete { Ok(()) } else { Err(Error::new(Code::BlobMissing)) }
}

async fn next_frame(file: &mut tokio::fs::File) -> std::io::Result<Option<Part>> {
    let mut frame = Vec::with_capacity(FRAME);
    let mut limited = file.take(FRAME as u64);
    limited.read_to_end(&mut frame).await?;
    Ok((!frame.is_empty()).then(|| Part::Data(frame.into())))
}

/// How a download ended that the network did not cut.
pub(super) enum Downloaded {
    /// Verified to the last byte, flushed, and under its own name.
    Whole,
    /// What the hub has is not what the message names.
    Damaged,
}

/// Fetches the sealed bytes of an attachment to `target`, going on where an earlier try was cut.
pub(super) async fn download(
    link: &Link,
    message: &MessageId,
    attachment: &Attachment,
    target: &Path,
    progress: &mut dyn Progress,
) -> Result<Downloaded> {
    if target.exists() {
        return Ok(Downloaded::Whole);
    }
    let partial = partial_path(target);
    let fail = |error| Error::from(FileError::from_io(&partial, error));
    let mut sink = std::io::sink();
    let mut verifier = Verifier::new(attachment, &mut sink);
    let Some(offset) = take_partial(&partial, &mut verifier)? else { return damaged(&partial) };
    if offset == 0 {
        files::replace_private(&partial, &[])?;
    }
    let mut file = files::open_private_to_write(&partial)?;
    std::io::Seek::seek(&mut file, std::io::SeekFrom::End(0)).map_err(fail)?;
    progress.begin(Step::Downloading, attachment.plaintext_len.saturating_sub(offset));
    let request = DownloadBlobRequest {
        message_id: message.as_bytes().to_vec().into(),
        blob_id: attachment.blob_id.as_bytes().to_vec().into(),
        offset,
        length: 0,
    };
    let mut stream = unary(link.relay().download_blob(request)).await?;
    while let Some(piece) = within(stream.message()).await?.map_err(|status| Error::from(&status))? {
        if verifier.push(&piece.data).is_err() {
            return damaged(&partial);
        }
        file.write_all(&piece.data).map_err(fail)?;
        progress.advance(piece.data.len() as u64);
    }
    if verifier.finish().is_err() {
        return damaged(&partial);
    }
    file.sync_all().map_err(fail)?;
    std::fs::rename(&partial, target).map_err(fail)?;
    files::sync_folder(target.parent().unwrap_or(target))?;
    Ok(Downloaded::Whole)
}

/// Gives what an earlier try fetched to the verifier; its length, or `None` if it is not what it should be.
fn take_partial(partial: &Path, verifier: &mut Verifier<'_>) -> Result<Option<u64>> {
    let mut file = match files::open_private(partial) {
        Ok(file) => file,
        Err(error) if error.is_missing() => return Ok(Some(0)),
        Err(error) => return Err(error.into()),
    };
    let fail = |error| Error::from(FileError::from_io(partial, error));
    let mut piece = vec![0; FRAME];
    let mut total = 0;
    loop {
        let read = std::io::Read::read(&mut file, &mut piece).map_err(fail)?;
        if read == 0 {
            return Ok(Some(total));
        }
        match verifier.push(&piece[..read]) {
            Ok(()) => total += read as u64,
            Err(OpenFailure::Damaged | OpenFailure::Write(_)) => return Ok(None),
        }
    }
}

fn damaged(partial: &Path) -> Result<Downloaded> {
    files::remove(partial)?;
    Ok(Downloaded::Damaged)
}

fn partial_path(target: &Path) -> PathBuf {
    target.with_extension("part")
}
