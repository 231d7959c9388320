//! A large attachment on its way in, and what small messages feel of it.

use super::round::paced;
use super::stage::Stage;
use crate::loadgen::bare::client::BareServer;
use crate::loadgen::bare::disk;
use crate::loadgen::error::{LoadError, ensure};
use crate::loadgen::folder::Folder;
use crate::loadgen::meter::ServerUse;
use crate::loadgen::round::Round;
use crate::wire::{Blob, Peer};
use samverkan_proto::v1::upload_blob_request::Part;
use samverkan_proto::v1::{UploadBlobRequest, UploadBlobResponse};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

/// Bytes of one frame.
const FRAME: usize = 256 << 10;
/// Frames that wait to be sent.
const QUEUE: usize = 8;
/// Small messages a second beside the transfer.
const RATE: f64 = 200.0;

/// What a transfer did.
#[derive(Debug)]
pub struct Transfer {
    /// Bytes a second into the hub, until they were verified and on disk.
    pub hub: f64,
    /// Bytes a second over a bare stream that keeps nothing.
    pub bare: f64,
    /// Bytes a second into a file, one after the other, with one sync.
    pub disk: f64,
    /// What the hub's memory grew by at most, in bytes.
    pub memory: u64,
    /// Small messages alone.
    pub alone: Round,
    /// Small messages beside a transfer.
    pub beside: Round,
}

/// Uploads random bytes: to the bare server, to the disk, to the hub, and to the hub again with small messages beside.
///
/// # Errors
/// The first refusal.
pub async fn transfer(
    stage: &mut Stage,
    bare: &BareServer,
    folder: &Folder,
    bytes: u64,
    small: usize,
) -> Result<Transfer, LoadError> {
    let blob = Blob::random(bytes);
    let took = |elapsed: Duration| blob.len() as f64 / elapsed.as_secs_f64();
    let (streamed, _) = timed(upload(bare.peer(), &blob)).await?;
    let written = disk::sequential(folder, &blob.bytes)?;
    let before = ServerUse::of(stage.pid())?;
    let sender = stage.senders[0].clone();
    let (into_hub, answer) = timed(upload(&sender, &blob)).await?;
    ensure(answer.complete && answer.offset == blob.len(), "an attachment is not complete")?;
    let after = ServerUse::of(stage.pid())?;
    let alone = paced(stage, small, RATE).await?;
    // Another one: what the hub holds already it need not be sent.
    let second = Blob::random(bytes);
    let (beside, sent) = futures_util::join!(paced(stage, small, RATE), upload(&sender, &second));
    ensure(sent?.complete, "the second attachment is not complete")?;
    Ok(Transfer {
        hub: took(into_hub),
        bare: took(streamed),
        disk: took(written),
        memory: after.peak_bytes.saturating_sub(before.resident_bytes),
        alone,
        beside: beside?,
    })
}

async fn timed<T>(work: impl Future<Output = Result<T, LoadError>>) -> Result<(Duration, T), LoadError> {
    let began = Instant::now();
    let done = work.await?;
    Ok((began.elapsed(), done))
}

async fn upload(peer: &Peer, blob: &Blob) -> Result<UploadBlobResponse, LoadError> {
    let (parts, queue) = mpsc::channel(QUEUE);
    let send = |part| UploadBlobRequest { part: Some(part) };
    let sending = async move {
        if parts.send(send(Part::Start(blob.start(0)))).await.is_ok() {
            for frame in blob.bytes.chunks(FRAME) {
                if parts.send(send(Part::Data(blob.bytes.slice_ref(frame)))).await.is_err() {
                    break;
                }
            }
        }
        // The answer comes after the stream's end; a server that refused has hung up and says so in its answer.
        drop(parts);
    };
    let mut relay = peer.relay();
    let (answer, ()) = futures_util::join!(relay.upload_blob(ReceiverStream::new(queue)), sending);
    Ok(answer?.into_inner())
}
