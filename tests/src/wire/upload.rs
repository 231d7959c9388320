//! Attachments as the hub sees them: bytes of a possible length, named by their digest.

use super::parcel::random_bytes;
use super::{Peer, Refused};
use crate::until::in_time;
use bytes::Bytes;
use samverkan_proto::ids::sha256;
use samverkan_proto::padding::blob_len;
use samverkan_proto::v1::{
    DownloadBlobRequest, GetUploadRequest, GetUploadResponse, UploadBlobRequest, UploadBlobResponse,
    UploadStart, upload_blob_request::Part,
};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_stream::wrappers::ReceiverStream;

/// Bytes in one frame of an honest upload.
pub const FRAME: usize = 256 << 10;
/// Frames that wait to be sent; a test never has as many.
const QUEUE: usize = 64;

/// A sealed attachment that nobody can open.
#[derive(Clone, Debug)]
pub struct Blob {
    /// Its bytes.
    pub bytes: Bytes,
    /// Their digest.
    pub id: [u8; 32],
}

impl Blob {
    /// One for a file of `true_len` bytes.
    ///
    /// # Panics
    /// When the system has no randomness, or for a file that does not fit into memory.
    #[must_use]
    pub fn random(true_len: u64) -> Self {
        let len = usize::try_from(blob_len(true_len)).expect("a small file");
        Self::of(random_bytes(len))
    }

    /// Any bytes.
    #[must_use]
    pub fn of(bytes: Vec<u8>) -> Self {
        Self { id: sha256(&bytes), bytes: bytes.into() }
    }

    /// Its length.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// Whether it has no bytes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// What begins its upload at `offset`.
    #[must_use]
    pub fn start(&self, offset: u64) -> UploadStart {
        UploadStart { blob_id: self.id.to_vec().into(), length: self.len(), offset }
    }

    /// Uploads it from `offset` on.
    ///
    /// # Errors
    /// The refusal.
    ///
    /// # Panics
    /// When no answer comes.
    pub async fn upload_from(&self, peer: &Peer, offset: u64) -> Result<UploadBlobResponse, Refused> {
        let from = usize::try_from(offset).unwrap_or(usize::MAX).min(self.bytes.len());
        let mut upload = Upload::open(peer);
        upload.send(Part::Start(self.start(offset))).await;
        for frame in self.bytes[from..].chunks(FRAME) {
            upload.send(Part::Data(self.bytes.slice_ref(frame))).await;
        }
        upload.finish().await
    }

    /// Uploads it.
    ///
    /// # Errors
    /// The refusal.
    ///
    /// # Panics
    /// When no answer comes.
    pub async fn upload(&self, peer: &Peer) -> Result<UploadBlobResponse, Refused> {
        self.upload_from(peer, 0).await
    }

    /// How much of it the hub has.
    ///
    /// # Errors
    /// The refusal.
    pub async fn held(&self, peer: &Peer) -> Result<GetUploadResponse, Refused> {
        let request = GetUploadRequest { blob_id: self.id.to_vec().into() };
        peer.call("RelayService/GetUpload", &request).await
    }

    /// Downloads `length` bytes from `offset` on, as a recipient of the message `message_id`.
    ///
    /// # Errors
    /// The refusal.
    ///
    /// # Panics
    /// When no answer comes.
    pub async fn download(
        &self,
        peer: &Peer,
        message_id: [u8; 16],
        offset: u64,
        length: u64,
    ) -> Result<Vec<u8>, Refused> {
        let (message_id, blob_id) = (message_id.to_vec().into(), self.id.to_vec().into());
        let request = DownloadBlobRequest { message_id, blob_id, offset, length };
        let mut stream = in_time("a download", peer.relay().download_blob(request)).await?.into_inner();
        let mut bytes = Vec::new();
        while let Some(part) = in_time("a part of a download", stream.message()).await? {
            bytes.extend_from_slice(&part.data);
        }
        Ok(bytes)
    }
}

/// An upload, part by part.
#[derive(Debug)]
pub struct Upload {
    parts: mpsc::Sender<UploadBlobRequest>,
    answer: JoinHandle<Result<UploadBlobResponse, Refused>>,
}

impl Upload {
    /// Opens the stream.
    ///
    /// # Panics
    /// Outside a runtime.
    #[must_use]
    pub fn open(peer: &Peer) -> Self {
        let (parts, queue) = mpsc::channel(QUEUE);
        let mut relay = peer.relay();
        let call = async move { Ok(relay.upload_blob(ReceiverStream::new(queue)).await?.into_inner()) };
        Self { parts, answer: tokio::spawn(call) }
    }

    /// Sends a part. A stream that was refused does not take it; the refusal comes from [`Upload::finish`].
    pub async fn send(&mut self, part: Part) {
        // The queue's reader is gone when the hub has answered.
        let _ = self.parts.send(UploadBlobRequest { part: Some(part) }).await;
    }

    /// Ends the stream properly and returns the answer.
    ///
    /// # Errors
    /// The refusal.
    ///
    /// # Panics
    /// When no answer comes.
    pub async fn finish(self) -> Result<UploadBlobResponse, Refused> {
        drop(self.parts);
        in_time("the answer to an upload", self.answer).await.expect("an upload does not panic")
    }

    /// The answer of a hub that does not wait for the end.
    ///
    /// # Errors
    /// The refusal.
    ///
    /// # Panics
    /// When no answer comes.
    pub async fn refused_early(self) -> Result<UploadBlobResponse, Refused> {
        let answer = in_time("an early answer to an upload", self.answer).await;
        drop(self.parts);
        answer.expect("an upload does not panic")
    }

    /// Breaks the stream off.
    pub async fn abort(self) {
        self.answer.abort();
        // Only that it has ended matters: it was cancelled.
        let _ = self.answer.await;
    }
}
