//! Opening: the engine first, then everything that is kept in memory.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use arc_swap::ArcSwap;
use samverkan_proto::ids::sha256;
use samverkan_proto::statement::log::{Leaf, LogTree, Record};
use tokio::sync::watch;

use super::bells::Bells;
use super::draft::{Draft, Heads};
use super::engine::{Engine, EngineOptions, IndexFate, OpenError, RecoveryReport};
use super::error::StoreError;
use super::executor::Executor;
use super::handle::Signers;
use super::index::Index;
use super::journal::{JournalOptions, ReadError, Reader, Record as Stored};
use super::proofs::Proofs;
use super::rebuild::Rebuild;
use super::stats::Counters;
use super::tidy::Tidying;
use super::writer::{Shown, Writer};
use super::{key, record, sweep};
use crate::blob::{BlobError, BlobFiles};
use crate::clock::Clock;
use crate::disk::{Disk, SystemDisk};
use crate::limits::UPLOAD_MARGIN;
use crate::registry::Registry;

/// Number of the index's layout; grows whenever `key.rs` or what stands behind a key changes.
const LAYOUT: u32 = 4;
/// Memory for index pages.
const INDEX_CACHE: u64 = 128 << 20;

/// Left-over records that are released at once.
const LEFTOVERS: usize = 10_000;

/// What a store stands on. The program takes the defaults.
#[derive(Clone, Debug)]
pub struct StoreOptions {
    /// What changes its files.
    pub disk: Arc<dyn Disk>,
    /// A segment of the journal that has reached this many bytes is closed; at most 64 MiB.
    pub segment_bytes: u32,
    /// Who does its work.
    pub executor: Executor,
}

impl Default for StoreOptions {
    fn default() -> Self {
        let segment_bytes = JournalOptions::default().segment_bytes;
        Self { disk: Arc::new(SystemDisk), segment_bytes, executor: Executor::Threads }
    }
}

/// What opening the store found.
pub type OpenReport = RecoveryReport;

/// Why the store does not open.
#[derive(Debug, thiserror::Error)]
pub enum StoreOpenError {
    /// Folder, files or index.
    #[error(transparent)]
    Engine(#[from] OpenError),
    /// An entry of the log can not be read. The hub can not answer for its log without it: restore a backup.
    #[error("entry {index} of the log is damaged: {} at offset {offset}", file.display())]
    LogDamaged {
        /// The entry's index.
        index: u64,
        /// The file it is in.
        file: PathBuf,
        /// Where it begins in the file, in bytes.
        offset: u32,
    },
    /// An entry of the log is not there, though later ones are, or receipts that answer for it.
    #[error("entry {index} of the log is missing")]
    LogMissing {
        /// The entry's index.
        index: u64,
    },
    /// An invite can not be read.
    #[error("an invite can not be read")]
    Invite(#[source] StoreError),
    /// Whether the log is the one that was signed can not be read.
    #[error("the note on the log can not be read")]
    Claim(#[source] StoreError),
    /// The log begins with other hub keys than these.
    #[error("the store belongs to a hub with other keys: use the keys it was made with")]
    OtherKeys,
    /// The files of attachments can not be looked through.
    #[error("the attachments can not be looked through")]
    Blobs(#[source] BlobError),
    /// The facts about a message can not be put together.
    #[error("the index can not be rebuilt")]
    Rebuild(#[source] StoreError),
    /// The first records could not be written.
    #[error("the store can not be written to")]
    Begin(#[source] StoreError),
}

/// Opens everything but the thread.
pub(super) fn open(
    dir: &Path,
    signers: Signers,
    clock: Clock,
    options: StoreOptions,
) -> Result<(Writer, OpenReport), StoreOpenError> {
    let StoreOptions { disk, segment_bytes, executor: _ } = options;
    let segment_bytes = segment_bytes.min(JournalOptions::default().segment_bytes);
    let options = EngineOptions {
        journal: JournalOptions { segment_bytes, ..JournalOptions::default() },
        index_cache_bytes: INDEX_CACHE,
        index_layout: LAYOUT,
    };
    let mut rebuild = Rebuild::default();
    let (mut engine, mut report) =
        Engine::open(Arc::clone(&disk), dir, options, |record, overlay| rebuild.record(record, overlay))?;
    let mut tree = LogTree::new();
    let mut registry = Registry::default();
    load_log(&engine.index(), &engine.reader(), &mut registry, &mut tree)?;
    // Without this a lost end of the log would be written again, otherwise.
    if registry.log().size() < rebuild.answered_for() {
        return Err(StoreOpenError::LogMissing { index: registry.log().size() });
    }
    load_invites(&engine.index(), &engine.reader(), &mut registry).map_err(StoreOpenError::Invite)?;
    load_claim(&engine.index(), &engine.reader(), &mut registry).map_err(StoreOpenError::Claim)?;
    let (leftovers, sweeps) = match report.index {
        IndexFate::Rebuilt(_) => {
            let leftovers = rebuild.finish(&engine, &registry).map_err(StoreOpenError::Rebuild)?;
            report.strange = leftovers.strange;
            (leftovers.release, sweep::all(&registry).into())
        }
        IndexFate::Created | IndexFate::Reused => (Vec::new(), VecDeque::new()),
    };
    let hub_keys = signers.hub_keys.encode().map_err(|_| StoreOpenError::OtherKeys)?;
    let first = Leaf::HubKeys { record: sha256(&hub_keys) };
    let begun = match registry.log().leaf(0) {
        Some(leaf) if *leaf != first => return Err(StoreOpenError::OtherKeys),
        Some(_) => true,
        None => false,
    };
    if begun {
        let checkpoint = signers.checkpoint(registry.log(), tree.head(), clock.now_ms());
        registry.sign_log(checkpoint);
    }
    let kept_free = JournalOptions::default().reserve_bytes + UPLOAD_MARGIN;
    let files = BlobFiles::open(disk, dir, kept_free).map_err(OpenError::Io)?;
    remove_unknown(&files, &engine.index())?;
    let shown = Arc::new(Shown {
        unseen: AtomicU64::new(engine.journal().next_seq()),
        changed: watch::Sender::new(registry.generation()),
        failed: watch::Sender::new(false),
        registry: ArcSwap::from_pointee(registry),
        proofs: Proofs::default(),
        bells: Bells::default(),
        counters: Counters::new(),
    });
    if matches!(report.index, IndexFate::Rebuilt(_)) {
        shown.counters.rebuilt();
    }
    shown.counters.live(engine.journal().live_bytes());
    let record = Record::HubKeys(signers.hub_keys.clone());
    let mut writer = Writer {
        engine,
        tree,
        signers,
        clock,
        shown,
        heads: Heads::new(),
        sweeps,
        tidying: Tidying::Resting,
        found: None,
        came: 0,
        files,
    };
    if !begun {
        let append = |draft: &mut Draft| {
            draft.append_leaf(first, &record, hub_keys.into())?;
            draft.registry_changed();
            Ok(())
        };
        writer.run_alone(append).map_err(StoreOpenError::Begin)?;
    }
    for part in leftovers.chunks(LEFTOVERS) {
        let release = |draft: &mut Draft| part.iter().try_for_each(|location| draft.release(*location));
        writer.run_alone(release).map_err(StoreOpenError::Begin)?;
    }
    Ok((writer, report))
}

/// Removes the files that no record speaks of: an upload or a removal was interrupted.
fn remove_unknown(files: &BlobFiles, index: &Index) -> Result<(), StoreOpenError> {
    for key in files.list().map_err(StoreOpenError::Blobs)? {
        if index.get(&key::blob(&key)).map_err(OpenError::Index)?.is_none() {
            files.remove(&key).map_err(StoreOpenError::Blobs)?;
        }
    }
    Ok(())
}

fn load_log(
    index: &Index,
    reader: &Reader,
    registry: &mut Registry,
    tree: &mut LogTree,
) -> Result<(), StoreOpenError> {
    for pair in index.prefix(&[key::LOG]) {
        let (_, value) = pair.map_err(OpenError::Index)?;
        let expected = registry.log().size();
        let missing = || StoreOpenError::LogMissing { index: expected };
        let location = key::location(&value).ok_or_else(missing)?;
        let damaged = || {
            let (file, offset) = (reader.path(location.segment), location.offset);
            StoreOpenError::LogDamaged { index: expected, file, offset }
        };
        let read = match reader.read(location) {
            Ok(read) => read,
            Err(ReadError::Damaged { .. }) => return Err(damaged()),
            Err(ReadError::Gone) => return Err(missing()),
            Err(ReadError::Io(error)) => return Err(OpenError::Io(error).into()),
        };
        let (found, leaf) = record::parse_log_entry(&read.head).ok_or_else(damaged)?;
        if found != expected {
            return Err(missing());
        }
        let opened = leaf.open(&read.body).map_err(|_| damaged())?;
        tree.append(&leaf.encode());
        registry.append(leaf, &opened);
    }
    Ok(())
}

/// What a member has shown of a log that this is not. A damaged note is shown again by the next member that connects.
fn load_claim(index: &Index, reader: &Reader, registry: &mut Registry) -> Result<(), StoreError> {
    let Some(value) = index.get(&key::claim())? else { return Ok(()) };
    let Some(read) = readable(reader, &value)? else { return Ok(()) };
    registry.set_claim(Some(record::claim::parse(&read.head).ok_or(StoreError::Damaged)?));
    Ok(())
}

/// Invites that are damaged are passed over, which the reader tells and counts: nobody can join with them. So are actions that wait for a
/// second signature: somebody has to ask for them again.
fn load_invites(index: &Index, reader: &Reader, registry: &mut Registry) -> Result<(), StoreError> {
    for pair in index.prefix(&[key::INVITE]) {
        let Some(read) = readable(reader, &pair?.1)? else { continue };
        let (code, invite) = record::invite::parse(&read.head).ok_or(StoreError::Damaged)?;
        registry.add_invite(code, invite);
    }
    for pair in index.prefix(&[key::USED_INVITE]) {
        let Some(read) = readable(reader, &pair?.1)? else { continue };
        let (code, used) = record::invite::parse_used(&read.head).ok_or(StoreError::Damaged)?;
        registry.use_invite(code, used);
    }
    for pair in index.prefix(&[key::MEMBER_INVITE]) {
        let Some(read) = readable(reader, &pair?.1)? else { continue };
        let ((org, code), invite) = record::member::parse(&read.head).ok_or(StoreError::Damaged)?;
        registry.set_member_invite(org, code, invite);
    }
    for pair in index.prefix(&[key::WAITING_ACTION]) {
        let Some(read) = readable(reader, &pair?.1)? else { continue };
        registry.add_waiting_action(record::parse_waiting_action(&read.head).ok_or(StoreError::Damaged)?);
    }
    Ok(())
}

/// The record that an index value names; `None` when it is damaged.
fn readable(reader: &Reader, value: &[u8]) -> Result<Option<Stored>, StoreError> {
    match reader.read(key::location(value).ok_or(StoreError::Damaged)?) {
        Err(ReadError::Damaged { .. }) => Ok(None),
        read => Ok(Some(read?)),
    }
}
