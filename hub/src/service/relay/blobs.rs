//! Attachments in and out, in frames of at most 1 MiB; neither holds more than two of them in memory.

use std::sync::Arc;

use samverkan_proto::ids::{BlobId, MessageId};
use samverkan_proto::limits::{MAX_BLOB, MAX_BLOB_FRAME};
use samverkan_proto::padding::is_blob_len;
use samverkan_proto::reason::Refusal;
use samverkan_proto::v1::upload_blob_request::Part;
use samverkan_proto::v1::{
    DownloadBlobRequest, DownloadBlobResponse, ErrorReason, UploadBlobRequest, UploadBlobResponse,
    UploadStart,
};
use samverkan_proto::{Fault, InvalidField};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming};

use super::Line;
use crate::error;
use crate::hub::Hub;
use crate::limits::UPLOAD_SILENCE;
use crate::metrics::{Metrics, StreamKind};
use crate::policy::{ReceivePermit, UploadPermit};
use crate::service::gate::in_our_words;
use crate::service::trace;
use crate::store::{self, BlobDownload, BlobUpload};

/// Frames that wait for a slow reader.
const FRAMES_AHEAD: usize = 1;

/// The frames of a download.
pub(super) type Frames = ReceiverStream<Result<DownloadBlobResponse, Status>>;

/// Takes an upload, or the rest of one.
pub(super) async fn upload(
    hub: &Hub,
    permit: UploadPermit,
    line: &Line,
    mut parts: Streaming<UploadBlobRequest>,
) -> Result<UploadBlobResponse, Refusal> {
    const NO_START: InvalidField = Fault::Truncated.in_field("start");
    let _open = hub.metrics.stream_opened(StreamKind::Upload);
    let Some(Part::Start(start)) = next(line, &mut parts).await? else { return Err(NO_START.into()) };
    let UploadStart { blob_id, length, offset } = start;
    let blob = BlobId::parse(&blob_id)?;
    if length > MAX_BLOB {
        return Err(Refusal::new(ErrorReason::MessageTooLarge));
    }
    if !is_blob_len(length) {
        return Err(Fault::BadLength.in_field("length").into());
    }
    let begun = hub.store.upload(permit.org(), blob, length, offset).await.map_err(error::of_store)?;
    let mut upload: Box<BlobUpload> = match begun {
        store::UploadStart::Begun(upload) => upload,
        store::UploadStart::Complete => return Ok(UploadBlobResponse { offset: length, complete: true }),
    };
    while let Some(part) = next(line, &mut parts).await? {
        let Part::Data(data) = part else { return Err(Fault::NotAscending.in_field("start").into()) };
        if data.is_empty() || data.len() > MAX_BLOB_FRAME {
            return Err(Fault::BadLength.in_field("data").into());
        }
        hub.metrics.blob_bytes_in(data.len() as u64);
        upload.write(data).await.map_err(error::of_store)?;
    }
    let offset = upload.offset();
    if offset < length {
        // The client stops here for now; what is held can be asked for.
        return Ok(UploadBlobResponse { offset, complete: false });
    }
    upload.finish().await.map_err(error::of_store)?;
    Ok(UploadBlobResponse { offset, complete: true })
}

/// The next part of an upload; `None` when the client will send no more. A client that is silent for too long, or
/// whose time has come, loses its place to others; what it sent is kept.
async fn next(line: &Line, parts: &mut Streaming<UploadBlobRequest>) -> Result<Option<Part>, Refusal> {
    const ABSENT: InvalidField = Fault::Truncated.in_field("part");
    let part = tokio::select! {
        biased;
        why = line.hangup.leaving() => return Err(Refusal::new(why)),
        part = tokio::time::timeout(UPLOAD_SILENCE, parts.message()) => part,
    };
    match part {
        Ok(Ok(Some(part))) => Ok(Some(part.part.ok_or(ABSENT)?)),
        Ok(Ok(None)) => Ok(None),
        // Of a connection that broke nobody hears.
        Ok(Err(status)) => Err(in_our_words(&status).unwrap_or(Refusal::new(ErrorReason::Internal))),
        Err(_elapsed) => Err(Refusal::new(ErrorReason::RateLimited)),
    }
}

/// Opens an attachment and sends it frame by frame.
pub(super) async fn download(
    hub: &Hub,
    permit: ReceivePermit,
    line: Line,
    request: &DownloadBlobRequest,
) -> Result<Frames, Refusal> {
    let (message, blob) = (MessageId::parse(&request.message_id)?, BlobId::parse(&request.blob_id)?);
    trace::about(&message);
    let (reader, range) = ((permit.org(), permit.device()), (request.offset, request.length));
    let opened = hub.store.download(reader, message, blob, range).await.map_err(error::of_store)?;
    let (frames, stream) = mpsc::channel(FRAMES_AHEAD);
    let metrics = Arc::clone(&hub.metrics);
    let cut = line.hangup.token().clone();
    let served = async move {
        let _open = metrics.stream_opened(StreamKind::Download);
        let end = tokio::select! {
            biased;
            why = line.hangup.leaving() => Some(Refusal::new(why)),
            end = send(opened, &frames, &metrics) => end,
        };
        trace::ended(end.as_ref());
        if let Some(refusal) = end {
            metrics.call_refused(&refusal);
            // The reader may have left meanwhile.
            let _ = frames.send(Err(refusal.into())).await;
        }
    };
    trace::serve_stream(cut, served);
    Ok(ReceiverStream::new(stream))
}

/// Sends until the end, or says why not.
async fn send(
    mut opened: BlobDownload,
    frames: &mpsc::Sender<Result<DownloadBlobResponse, Status>>,
    metrics: &Metrics,
) -> Option<Refusal> {
    loop {
        match opened.next().await {
            Ok(Some(data)) => {
                metrics.blob_bytes_out(data.len() as u64);
                if frames.send(Ok(DownloadBlobResponse { data })).await.is_err() {
                    return None;
                }
            }
            Ok(None) => return None,
            Err(error) => return Some(error::of_store(error)),
        }
    }
}
