//! Attachments: the files are [`crate::blob`]'s, who may have them and for how long is decided here.
//!
//! A file is complete before its record is written, and its record is gone before the file is removed. So whatever
//! interrupts either leaves at most a file that nobody knows of, and the next start removes those.

use bytes::Bytes;
use samverkan_proto::ids::{BlobId, DeviceId, MessageId, OrgId};
use samverkan_proto::limits::{MAX_BLOB_BYTES_PER_ORG, UNREFERENCED_BLOB_MS};
use samverkan_proto::statement::header::{BlobRef, HeaderFields};

use super::draft::Draft;
use super::error::StoreError;
use super::executor::Executor;
use super::handle::Store;
use super::journal::{Body, Room};
use super::key::{self, Due};
use super::mail::value::MessageValue;
use super::record;
use super::record::blob::{BlobValue, StoredBlob};
use super::record::mail::MessageHead;
use super::view::View;
use crate::blob::{Begun, BlobError, BlobKey, BlobReader, Held, Slot, Upload};
use crate::mail::Shape;

/// An upload that was asked for.
#[derive(Debug)]
pub enum UploadStart {
    /// The attachment is here already.
    Complete,
    /// It goes on here.
    Begun(Box<BlobUpload>),
}

/// An upload under way. Dropping it keeps what was written, for a resumption at the next segment boundary below.
#[derive(Debug)]
pub struct BlobUpload {
    store: Store,
    key: BlobKey,
    len: u64,
    /// Absent only while a thread works with it, or after an error.
    upload: Option<Upload>,
}

impl BlobUpload {
    /// Bytes held now.
    pub fn offset(&self) -> u64 {
        self.upload.as_ref().map_or(0, Upload::offset)
    }

    /// Appends bytes. After an error the upload is over, and can be resumed by a new one.
    ///
    /// # Errors
    /// [`StoreError::BlobMismatch`] beyond the announced length, `Full`, `Failed`.
    pub async fn write(&mut self, bytes: Bytes) -> Result<(), StoreError> {
        let mut upload = self.upload.take().ok_or(OVER)?;
        let written = blocking(self.store.executor(), move || upload.write(&bytes).map(|()| upload)).await?;
        self.upload = Some(written);
        Ok(())
    }

    /// Verifies the whole against its id and makes it an attachment that messages may name, durably.
    ///
    /// # Errors
    /// [`StoreError::BlobMismatch`] when the bytes are too few or not those that the id names, `Quota`, `Full`.
    pub async fn finish(mut self) -> Result<(), StoreError> {
        let upload = self.upload.take().ok_or(OVER)?;
        let slot = blocking(self.store.executor(), move || upload.finish()).await?;
        self.store.blob_stored(self.key, self.len, slot).await
    }
}

const OVER: StoreError = StoreError::Internal("an upload goes on after its error");

/// An attachment being read.
#[derive(Debug)]
pub struct BlobDownload {
    executor: Executor,
    reader: Option<BlobReader>,
}

impl BlobDownload {
    /// The next bytes, at most 1 MiB; `None` at the end, and after an error.
    ///
    /// # Errors
    /// [`StoreError::BlobFile`]; [`StoreError::Damaged`] in place of the last bytes, when all of it was asked for and is not what
    /// its id names.
    pub async fn next(&mut self) -> Result<Option<Bytes>, StoreError> {
        let Some(mut reader) = self.reader.take() else { return Ok(None) };
        let (frame, reader) =
            blocking(self.executor, move || reader.frame().map(|frame| (frame, reader))).await?;
        self.reader = Some(reader);
        Ok(frame)
    }
}

impl Store {
    /// How much of an upload is here.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn upload_state(&self, org: OrgId, id: BlobId) -> Result<Held, StoreError> {
        let key = BlobKey { org, id };
        let known = self.index().get(&key::blob(&key))?.is_some();
        let files = self.blob_files().clone();
        let held = blocking(self.executor(), move || files.held(&key)).await?;
        // A complete file without its record is taken note of by going on with the upload at its end.
        Ok(Held { complete: held.complete && known, ..held })
    }

    /// Begins or goes on with an upload of `len` bytes at `offset`, which is a segment boundary that is held, or the
    /// end.
    ///
    /// # Errors
    /// [`StoreError::UploadInProgress`], `OffsetOutOfRange`, `BlobMismatch` when it is complete with another length,
    /// `Quota`, `Full`.
    pub async fn upload(
        &self,
        org: OrgId,
        id: BlobId,
        len: u64,
        offset: u64,
    ) -> Result<UploadStart, StoreError> {
        let key = BlobKey { org, id };
        let used = counter(self.index().get(&key::blob_bytes(&org))?);
        let room = MAX_BLOB_BYTES_PER_ORG.saturating_sub(used);
        let files = self.blob_files().clone();
        match blocking(self.executor(), move || files.upload(key, len, offset, room)).await? {
            Begun::Upload(upload) => {
                let upload = BlobUpload { store: self.clone(), key, len, upload: Some(*upload) };
                Ok(UploadStart::Begun(Box::new(upload)))
            }
            Begun::Complete(slot) => {
                self.blob_stored(key, len, slot).await?;
                Ok(UploadStart::Complete)
            }
        }
    }

    /// Opens an attachment of a message for a device that the message is wrapped for: `len` bytes from `offset` on,
    /// 0 for all that follows.
    ///
    /// # Errors
    /// [`StoreError::UnknownMessage`], also for a device that the message is not for; `Gone`; `UnknownBlob`;
    /// `OffsetOutOfRange`.
    pub async fn download(
        &self,
        (org, device): (OrgId, DeviceId),
        message: MessageId,
        blob: BlobId,
        (offset, len): (u64, u64),
    ) -> Result<BlobDownload, StoreError> {
        let key = self.read(move |view| view.attachment(&org, &device, &message, &blob)).await?;
        let files = self.blob_files().clone();
        let reader = blocking(self.executor(), move || files.read(&key, offset, len)).await?;
        Ok(BlobDownload { executor: self.executor(), reader: Some(reader) })
    }

    /// Takes note of a complete attachment. Its slot is given back when that is on disk, even if nobody waits for it
    /// any more.
    async fn blob_stored(&self, key: BlobKey, len: u64, slot: Slot) -> Result<(), StoreError> {
        self.call(Room::Ordinary, move |draft| {
            stored(draft, key, len)?;
            Ok(move |_: &_| {
                drop(slot);
                Ok(())
            })
        })
        .await
    }
}

impl View {
    /// The file behind an attachment that a device may have.
    fn attachment(
        &self,
        org: &OrgId,
        device: &DeviceId,
        message: &MessageId,
        blob: &BlobId,
    ) -> Result<BlobKey, StoreError> {
        let Some((value, record)) = self.head(&key::message(message))? else {
            let gone = self.index.get(&key::tombstone(message))?.is_some();
            return Err(if gone { StoreError::Gone } else { StoreError::UnknownMessage });
        };
        let value = MessageValue::parse(&value).ok_or(StoreError::Damaged)?;
        let head = MessageHead::parse(&record.head).ok_or(StoreError::Damaged)?;
        let fields = head.header.fields();
        let shape = Shape::of(fields);
        let open = value.marks.open & !value.marks.cut;
        let may_have = shape.wraps.iter().any(|wrap| {
            wrap.org == *org && wrap.device == *device && (wrap.boxes == 0 || wrap.boxes & open != 0)
        });
        if !may_have && !self.is_rewrapped_for(message, org, device, &value, &shape)? {
            return Err(StoreError::UnknownMessage);
        }
        if fields.blobs.iter().any(|named| named.id == *blob) {
            Ok(BlobKey { org: value.sender.org, id: *blob })
        } else {
            Err(StoreError::UnknownBlob)
        }
    }
}

fn check_share(used: u64, len: u64) -> Result<(), StoreError> {
    if used.saturating_add(len) > MAX_BLOB_BYTES_PER_ORG { Err(StoreError::Quota) } else { Ok(()) }
}

fn counter(value: Option<Vec<u8>>) -> u64 {
    value.and_then(|value| value.try_into().ok()).map_or(0, u64::from_be_bytes)
}

fn stored(draft: &mut Draft, key: BlobKey, len: u64) -> Result<(), StoreError> {
    if draft.get(&key::blob(&key))?.is_some() {
        return Ok(());
    }
    let bytes_key = key::blob_bytes(&key.org);
    check_share(draft.counter(&bytes_key)?, len)?;
    let blob = StoredBlob { key, len, stored_ms: draft.now_ms };
    let pushed = draft.push(record::kind::BLOB, blob.encode(), Body::empty())?;
    let value = BlobValue { location: pushed.location, len, references: 0 };
    draft.put(key::blob(&key), value.encode())?;
    draft.put(collection(&blob), [])?;
    draft.count(bytes_key, len as i64)
}

/// The key under which an attachment is looked at again that no message may have named by then.
pub(super) fn collection(blob: &StoredBlob) -> Vec<u8> {
    let at_ms = blob.stored_ms.saturating_add(UNREFERENCED_BLOB_MS);
    key::due(at_ms, Due::Blob, &record::blob::id(&blob.key))
}

/// Whether the sender's organisation has uploaded an attachment with the length that its message announces.
pub(super) fn check(draft: &Draft, org: &OrgId, blob: &BlobRef) -> Result<(), StoreError> {
    let value = draft.get(&key::blob(&BlobKey { org: *org, id: blob.id }))?;
    let value = value.and_then(|value| BlobValue::parse(&value)).filter(|value| value.len == blob.len);
    value.map(drop).ok_or(StoreError::BlobMissing)
}

/// A stored message names its attachments from now on.
pub(super) fn refer(draft: &mut Draft, fields: &HeaderFields) -> Result<(), StoreError> {
    for blob in &fields.blobs {
        let blob_key = key::blob(&BlobKey { org: fields.sender_org, id: blob.id });
        let value = draft.get(&blob_key)?.and_then(|value| BlobValue::parse(&value));
        let mut value = value.ok_or(StoreError::BlobMissing)?;
        value.references = value.references.saturating_add(1);
        draft.put(blob_key, value.encode())?;
    }
    Ok(())
}

/// A message is no more: attachments that no other names go with it.
pub(super) fn let_go(draft: &mut Draft, fields: &HeaderFields) -> Result<(), StoreError> {
    for blob in &fields.blobs {
        let key = BlobKey { org: fields.sender_org, id: blob.id };
        let Some(mut value) = draft.get(&key::blob(&key))?.and_then(|value| BlobValue::parse(&value)) else {
            continue;
        };
        value.references = value.references.saturating_sub(1);
        if value.references == 0 {
            remove(draft, key, &value)?;
        } else {
            draft.put(key::blob(&key), value.encode())?;
        }
    }
    Ok(())
}

/// A day after its upload: an attachment that no message has named goes.
pub(super) fn collect(draft: &mut Draft, id: &[u8]) -> Result<(), StoreError> {
    let key = record::blob::parse_id(id).ok_or(StoreError::Damaged)?;
    match draft.get(&key::blob(&key))?.and_then(|value| BlobValue::parse(&value)) {
        Some(value) if value.references == 0 => remove(draft, key, &value),
        _ => Ok(()),
    }
}

fn remove(draft: &mut Draft, key: BlobKey, value: &BlobValue) -> Result<(), StoreError> {
    draft.drop_record(key::blob(&key))?;
    draft.count(key::blob_bytes(&key.org), -(value.len as i64))?;
    draft.remove_blob(key);
    Ok(())
}

/// Works with files where waiting for the disk is allowed.
async fn blocking<T, F>(executor: Executor, work: F) -> Result<T, StoreError>
where
    T: Send + 'static,
    F: FnOnce() -> Result<T, BlobError> + Send + 'static,
{
    let done = executor.blocking(work).await.ok_or(StoreError::Internal("a file task panicked"))?;
    Ok(done?)
}

impl From<BlobError> for StoreError {
    fn from(error: BlobError) -> Self {
        match error {
            BlobError::InProgress => Self::UploadInProgress,
            BlobError::Offset => Self::OffsetOutOfRange,
            BlobError::Length | BlobError::Digest => Self::BlobMismatch,
            BlobError::Damaged => Self::Damaged,
            BlobError::Unknown => Self::UnknownBlob,
            BlobError::Share => Self::Quota,
            BlobError::NoSpace => Self::Full,
            // One attachment's file; the journal is another, and has its own alarm.
            BlobError::Io(cause) => {
                tracing::error!(%cause, "an attachment's file failed");
                Self::BlobFile
            }
        }
    }
}
