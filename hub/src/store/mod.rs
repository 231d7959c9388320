//! The store: everything the hub keeps, durable before it is acknowledged.
//!
//! [`Store`] is the handle that the rest of the hub holds. One thread, the writer, changes anything: it lets many
//! operations work on the draft of a batch, makes the batch durable with one sync, and then answers them all.
//!
//! | file | owns |
//! |---|---|
//! | `handle.rs`, `error.rs` | the handle; why it refuses |
//! | `returned.rs` | taking back the end of a log that was lost |
//! | `organisations.rs`, `membership.rs`, `actions.rs` | operations on the registry and its log |
//! | `writer.rs`, `inbox.rs`, `draft.rs`, `executor.rs` | the writer; who has its attention next; the batch it is forming; the thread it has |
//! | `mail/`, `blobs.rs`, `consents.rs` | operations on messages, attachments, consents |
//! | `open.rs`, `rebuild.rs` | opening, and building the index again |
//! | `clocks.rs` | what time does: expiry, lapses, forgetting |
//! | `tidy.rs` | giving disk space back |
//! | `sweep.rs` | what a revocation or suspension does to what waits |
//! | `record/`, `key.rs` | what the journal's records and the index's keys say |
//! | `engine.rs` | journal and index as one |
//! | `journal/` | the truth: an append-only log of records, each with its own digest |
//! | `index.rs`, `clean.rs` | the cache over it, and when it may be believed |
//! | `folder.rs` | whose the files are; every step that changes them is [`crate::disk`]'s |
//!
//! ```text
//! store/ 0700
//!   VERSION   the format
//!   lock      held by the one hub that has the store open
//!   clean     there between a clean stop and the next start only
//!   segments/ 0000000001.seg (the journal) and 0000000001.cat (its heads, a cache)
//!   index/    the index, a cache
//!   uploads/  what uploads have brought so far
//!   blobs/    complete attachments
//! ```

mod handle;
mod stats;

mod actions;
mod blobs;
mod consents;
mod mail;
mod membership;
mod organisations;
mod returned;

mod error;
mod executor;

mod open;
mod rebuild;

mod clocks;
mod inbox;
mod sweep;
mod tidy;
mod writer;

mod bells;
mod proofs;
mod view;

mod draft;

mod key;
pub(crate) mod laws;
mod record;

mod engine;

mod clean;
mod index;
mod journal;

mod codec;
mod folder;

#[cfg(test)]
mod tests;

pub use actions::Acted;
pub use bells::Subscription;
pub use blobs::{BlobDownload, BlobUpload, UploadStart};
pub use engine::{IndexFate, OpenError, RebuildReason, RecoveryReport};
pub use error::StoreError;
pub use executor::Executor;
pub use folder::FolderError;
pub use handle::{Signers, Store};
pub use journal::{Damage, DamageKind, JournalReport, TornTail};
pub use mail::{Given, Item, Lookup, ReceiptRefusal, RewrapRefusal, Sealed, Status, Waiting};
pub use open::{OpenReport, StoreOpenError, StoreOptions};
pub use organisations::{Enrolment, LOG_PAGE, LogEntry};
pub use returned::ReturnedLeaf;
pub use stats::Stats;

/// How long receipts and tombstones are kept after a message is gone: half a year, beyond every deadline for an
/// answer that a sender could still dispute in earnest.
const RECEIPTS_KEPT_MS: u64 = 180 * samverkan_proto::limits::DAY_MS;
