//! The store: everything the hub keeps, durable before it is acknowledged.
//!
//! [`Store`] is the handle that the rest of the hub holds. One thread, the writer, changes anything: it lets many
//! operations work on the draft of a batch, makes the batch durable with one sync, and then answers them all.
//!
//! | file | owns |
//! |---|---|
//! | `handle.rs`, `error.rs` | the handle; why it refuses |
//! | `organisations.rs` | operations on the registry and its log |
//! | `writer.rs`, `draft.rs` | the writer's thread; the batch it is forming |
//! | `open.rs` | opening, and rebuilding the index |
//! | `record/`, `key.rs` | what the journal's records and the index's keys say |
//! | `engine.rs` | journal and index as one |
//! | `journal/` | the truth: an append-only log of records, each with its own digest |
//! | `index.rs`, `clean.rs` | the cache over it, and when it may be believed |
//! | `folder.rs`, `disk.rs` | whose the files are; every step that makes bytes durable |
//!
//! ```text
//! store/ 0700
//!   VERSION   the format
//!   lock      held by the one hub that has the store open
//!   clean     there between a clean stop and the next start only
//!   segments/ 0000000001.seg (the journal) and 0000000001.cat (its heads, a cache)
//!   index/    the index, a cache
//! ```

mod handle;

mod organisations;

mod error;

mod open;

mod writer;

mod draft;

mod key;
mod record;

pub mod engine;

mod clean;
pub mod index;
pub mod journal;

mod codec;
mod disk;
pub mod folder;

#[cfg(test)]
mod tests;

pub use engine::{IndexFate, OpenError, RebuildReason, RecoveryReport};
pub use error::StoreError;
pub use folder::FolderError;
pub use handle::{Signers, Store};
pub use journal::{Damage, DamageKind, JournalReport, TornTail};
pub use open::{OpenReport, StoreOpenError};
pub use organisations::{Enrolment, LOG_PAGE, LogEntry};
