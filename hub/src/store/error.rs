//! Why the store refuses or fails: reasons, for the service to map.

use crate::registry::RegistryRefusal;

use super::engine::CommitError;
use super::index::IndexError;
use super::journal::{AppendError, ReadError};
use super::mail::RewrapRefusal;

/// Why an operation did not happen. Unless it says otherwise nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The writer's queue is full. Transient.
    #[error("the store is busy")]
    Busy,
    /// The disk is full, or can only be read. Transient.
    #[error("the store has no room")]
    Full,
    /// The log is shorter than the one that was signed, and nothing changes until the rest is back. Transient.
    #[error("the log is shorter than the one that was signed")]
    Behind,
    /// The disk or the index failed, and the store has stopped for good; whether this operation is on disk shows
    /// after the restart.
    #[error("the store has failed")]
    Failed,
    /// A stored record does not match its digest.
    #[error("a stored record is damaged")]
    Damaged,
    /// The store broke one of its own rules; the batch was given up.
    #[error("the store contradicts itself: {0}")]
    Internal(&'static str),
    /// The decision was made under an earlier registry: make it again.
    #[error("the registry has changed since the decision")]
    Stale,
    /// The same message id was used for other bytes.
    #[error("the message id was used for other bytes")]
    Conflict,
    /// The message was here and has been purged.
    #[error("the message has been purged")]
    Gone,
    /// No such message.
    #[error("the message is not known")]
    UnknownMessage,
    /// A mailbox has as many messages waiting as it may, or an organisation's share is used up.
    #[error("a share is used up")]
    Quota,
    /// An attachment was not uploaded, or not with this length.
    #[error("an attachment is missing")]
    BlobMissing,
    /// No such attachment.
    #[error("the attachment is not known")]
    UnknownBlob,
    /// A re-wrap is not the caller's to give.
    #[error(transparent)]
    Rewrap(RewrapRefusal),
    /// Another upload of the same attachment is running.
    #[error("another upload of the attachment is running")]
    UploadInProgress,
    /// A place beyond what is held, or not at a segment boundary.
    #[error("the offset is out of range")]
    OffsetOutOfRange,
    /// The bytes are not as many as announced, or not those that the id names.
    #[error("the attachment is not the announced one")]
    BlobMismatch,
    /// The file of an attachment could not be read or written; the store itself goes on.
    #[error("an attachment's file failed")]
    BlobFile,
    /// No such consent handle.
    #[error("the consent handle is not known")]
    HandleUnknown,
    /// The consent handle's time is up.
    #[error("the consent handle has expired")]
    HandleExpired,
    /// The consent handle was withdrawn.
    #[error("the consent handle was withdrawn")]
    HandleWithdrawn,
    /// Another organisation has registered the consent handle.
    #[error("the consent handle is another organisation's")]
    NotIssuer,
    /// The consent handle was named by another message.
    #[error("the consent handle was used")]
    HandleUsed,
    /// The registry refuses the change.
    #[error(transparent)]
    Registry(#[from] RegistryRefusal),
}

impl From<AppendError> for StoreError {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::NoSpace => Self::Full,
            AppendError::TooLarge => Self::Internal("a record or batch is above its bound"),
            AppendError::Poisoned | AppendError::Io { .. } => Self::Failed,
        }
    }
}

impl From<IndexError> for StoreError {
    fn from(error: IndexError) -> Self {
        match error {
            IndexError::TooLong { .. } => Self::Internal("an index entry is above its bound"),
            IndexError::Engine(_) | IndexError::Panicked => Self::Failed,
        }
    }
}

impl From<CommitError> for StoreError {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Journal(error) => error.into(),
            // The batch is durable but not shown: nobody may be told either way.
            CommitError::Index(_) => Self::Failed,
        }
    }
}

impl From<ReadError> for StoreError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Damaged { .. } => Self::Damaged,
            ReadError::Gone => Self::Internal("the index names a record that is gone"),
            ReadError::Io(_) => Self::Failed,
        }
    }
}
