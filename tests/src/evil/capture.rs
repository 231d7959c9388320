//! What a real hub answers a recipient whose message waits.

use std::path::Path;

use bytes::Bytes;
use prost::Message;
use rustls::pki_types::PrivatePkcs8KeyDer;
use samverkan_client::keystore::Keystore;
use samverkan_client::passphrase::Passphrase;
use samverkan_proto::statement::header::Header;
use samverkan_proto::v1::{
    Delivery, DownloadBlobRequest, HelloRequest, HelloResponse, LogEntry, SyncRequest, SyncResponse,
};

use super::Part;
use crate::cli::Cli;
use crate::site::Site;
use crate::until::in_time;
use crate::wire::connect::Presented;
use crate::wire::{Inbox, Peer};

/// Real answers. As a file it is one protobuf message.
#[derive(Clone, PartialEq, Message)]
pub struct Capture {
    /// The greeting; its time is old when it is used.
    #[prost(message, optional, tag = "1")]
    pub hello: Option<HelloResponse>,
    /// The whole log.
    #[prost(message, repeated, tag = "2")]
    pub entries: Vec<LogEntry>,
    /// The newest checkpoint.
    #[prost(bytes = "bytes", tag = "3")]
    pub checkpoint: Bytes,
    /// The one message that waits.
    #[prost(message, optional, tag = "4")]
    pub delivery: Option<Delivery>,
    /// Its sealed attachment; empty when it has none.
    #[prost(bytes = "bytes", tag = "5")]
    pub blob: Bytes,
}

impl Capture {
    /// Asks the hub for its greeting and its log, as the device of `cli`.
    ///
    /// # Panics
    /// When the hub refuses.
    pub async fn record_log(hub: &Site, cli: &Cli) -> Self {
        Self::of_log(&Peer::presenting(hub, Some(presented_by(cli)))).await
    }

    async fn of_log(peer: &Peer) -> Self {
        let hello = peer.call("EnrolmentService/Hello", &HelloRequest::default()).await.expect("a greeting");
        let question = SyncRequest { from_leaf: 0 }.encode_to_vec().into();
        let parts = peer.gather("DirectoryService/Sync", vec![question]).await.expect("the log");
        let parts = parts.into_iter().map(|part| SyncResponse::decode(part).expect("a part of the log"));
        let (mut entries, mut checkpoint) = (Vec::new(), Bytes::new());
        for part in parts {
            entries.extend(part.entries);
            checkpoint = part.checkpoint;
        }
        Self { hello: Some(hello), entries, checkpoint, ..Self::default() }
    }

    /// Asks the hub as the device of `cli`, for which exactly one message must wait. It is not acknowledged.
    ///
    /// # Panics
    /// When the hub refuses, or what waits is something else.
    pub async fn record(hub: &Site, cli: &Cli) -> Self {
        let peer = Peer::presenting(hub, Some(presented_by(cli)));
        let log = Self::of_log(&peer).await;
        let mut inbox = Inbox::open(&peer).await.expect("a receive stream");
        let mut waiting = inbox.drain().await.expect("what waits").deliveries;
        let delivery = waiting.pop().expect("a message waits");
        assert!(waiting.is_empty(), "and no other one");
        let blob = download(&peer, &delivery).await;
        Self { delivery: Some(delivery), blob, ..log }
    }

    /// The bytes of a part.
    ///
    /// # Panics
    /// For a capture without a message.
    #[must_use]
    pub fn part(&self, part: Part) -> &Bytes {
        let delivery = self.delivery.as_ref().expect("a capture has a message");
        match part {
            Part::Header => &delivery.header,
            Part::Wrap => &delivery.wrap,
            Part::Content => &delivery.content,
            Part::Receipt => &delivery.submission_receipt,
            Part::Blob => &self.blob,
        }
    }

    /// Writes it to a file.
    ///
    /// # Panics
    /// When the file can not be written.
    pub fn write(&self, path: &Path) {
        std::fs::write(path, self.encode_to_vec()).expect("a capture can be written");
    }

    /// Reads it from a file.
    ///
    /// # Errors
    /// Those of the file; bytes that are no capture are invalid data.
    pub fn read(path: &Path) -> std::io::Result<Self> {
        Self::decode(std::fs::read(path)?.as_slice())
            .map_err(|error| std::io::Error::new(std::io::ErrorKind::InvalidData, error))
    }
}

/// What the device of this profile shows to the hub.
///
/// # Panics
/// Before it has joined.
#[must_use]
pub fn presented_by(cli: &Cli) -> Presented {
    let passphrase = Passphrase::parse(cli.passphrase().as_bytes().to_vec()).expect("the passphrase");
    let keystore = Keystore::open(&cli.profile(), &passphrase).expect("the keystore");
    let session = cli.session();
    let key = keystore.contents().tls_key().expect("a device has a key").expose().to_vec();
    let chain = vec![session.membership().certificate.clone().into()];
    Presented { chain, key: PrivatePkcs8KeyDer::from(key).into() }
}

async fn download(peer: &Peer, delivery: &Delivery) -> Bytes {
    let header = Header::parse(&delivery.header).expect("a header");
    let Some(blob) = header.fields().blobs.first() else { return Bytes::new() };
    let request = DownloadBlobRequest {
        message_id: header.fields().message_id.as_bytes().to_vec().into(),
        blob_id: blob.id.as_bytes().to_vec().into(),
        offset: 0,
        length: 0,
    };
    let answer = in_time("a download", peer.relay().download_blob(request)).await;
    let mut stream = answer.expect("a download").into_inner();
    let mut bytes = Vec::new();
    while let Some(part) = in_time("a piece", stream.message()).await.expect("a piece") {
        bytes.extend_from_slice(&part.data);
    }
    bytes.into()
}
