//! Opening: the engine first, then everything that is kept in memory.

use std::path::Path;
use std::sync::Arc;

use arc_swap::ArcSwap;
use samverkan_proto::ids::sha256;
use samverkan_proto::statement::log::{Checkpoint, Leaf, LogTree, Record};
use tokio::sync::watch;

use super::engine::{Engine, EngineOptions, OpenError, RecoveryReport};
use super::error::StoreError;
use super::handle::Signers;
use super::index::{Index, IndexError, Overlay};
use super::journal::{JournalOptions, Reader, Replayed};
use super::writer::{Shown, Writer};
use super::{key, record};
use crate::clock::Clock;
use crate::registry::Registry;

/// Number of the index's layout; grows whenever `key.rs` or what stands behind a key changes.
const LAYOUT: u32 = 1;
/// Memory for index pages.
const INDEX_CACHE: u64 = 128 << 20;

/// What opening the store found.
pub type OpenReport = RecoveryReport;

/// Why the store does not open.
#[derive(Debug, thiserror::Error)]
pub enum StoreOpenError {
    /// Folder, files or index.
    #[error(transparent)]
    Engine(#[from] OpenError),
    /// An entry of the log can not be read. The hub can not answer for its log without it: restore a backup.
    #[error("entry {index} of the log is damaged or missing: restore the store from a backup")]
    LogDamaged {
        /// The entry's index.
        index: u64,
    },
    /// An invite can not be read.
    #[error("an invite can not be read")]
    Invite(#[source] StoreError),
    /// The log begins with other hub keys than these.
    #[error("the store belongs to a hub with other keys: use the keys it was made with")]
    OtherKeys,
    /// The first entry of the log could not be written.
    #[error("the log can not be begun")]
    Begin(#[source] StoreError),
}

/// Opens everything but the thread.
pub(super) fn open(
    dir: &Path,
    signers: Signers,
    clock: Clock,
) -> Result<(Writer, OpenReport), StoreOpenError> {
    let options = EngineOptions {
        journal: JournalOptions::default(),
        index_cache_bytes: INDEX_CACHE,
        index_layout: LAYOUT,
    };
    let (engine, report) = Engine::open(dir, options, index_record)?;
    let mut tree = LogTree::new();
    let mut registry = Registry::default();
    load_log(&engine.index(), &engine.reader(), &mut registry, &mut tree)?;
    load_invites(&engine.index(), &engine.reader(), &mut registry).map_err(StoreOpenError::Invite)?;
    let hub_keys = signers.hub_keys.encode().map_err(|_| StoreOpenError::OtherKeys)?;
    let first = Leaf::HubKeys { record: sha256(&hub_keys) };
    let begun = match registry.log().leaf(0) {
        Some(leaf) if *leaf != first => return Err(StoreOpenError::OtherKeys),
        Some(_) => true,
        None => false,
    };
    if begun {
        registry.sign_log(Checkpoint::sign(&signers.hub, tree.head(), &signers.log));
    }
    let shown = Arc::new(Shown {
        changed: watch::Sender::new(registry.generation()),
        failed: watch::Sender::new(false),
        registry: ArcSwap::from_pointee(registry),
    });
    let record = Record::HubKeys(signers.hub_keys.clone());
    let mut writer = Writer { engine, tree, signers, clock, shown };
    if !begun {
        let append = |draft: &mut super::draft::Draft| {
            draft.append_leaf(first, &record, hub_keys.into())?;
            draft.registry_changed();
            Ok(())
        };
        writer.run_alone(append).map_err(StoreOpenError::Begin)?;
    }
    Ok((writer, report))
}

/// Puts one live record into the index.
fn index_record(record: &Replayed<'_>, overlay: &mut Overlay) -> Result<(), IndexError> {
    let location = record.location.to_bytes();
    let key = match record.kind {
        record::kind::LOG_ENTRY => record::parse_log_entry(record.head).map(|(index, _)| key::log(index)),
        record::kind::INVITE => record::invite::parse(record.head).map(|(code, _)| key::invite(&code)),
        record::kind::USED_INVITE => {
            record::invite::parse_used(record.head).map(|(code, _)| key::used_invite(&code))
        }
        _ => None,
    };
    key.map_or(Ok(()), |key| overlay.put(key, location))
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
        let damaged = || StoreOpenError::LogDamaged { index: expected };
        let read =
            key::location(&value).and_then(|location| reader.read(location).ok()).ok_or_else(damaged)?;
        let (found, leaf) = record::parse_log_entry(&read.head).ok_or_else(damaged)?;
        if found != expected {
            return Err(damaged());
        }
        let opened = leaf.open(&read.body).map_err(|_| damaged())?;
        tree.append(&leaf.encode());
        registry.append(leaf, &opened);
    }
    Ok(())
}

fn load_invites(index: &Index, reader: &Reader, registry: &mut Registry) -> Result<(), StoreError> {
    for pair in index.prefix(&[key::INVITE]) {
        let read = reader.read(key::location(&pair?.1).ok_or(StoreError::Damaged)?)?;
        let (code, invite) = record::invite::parse(&read.head).ok_or(StoreError::Damaged)?;
        registry.add_invite(code, invite);
    }
    for pair in index.prefix(&[key::USED_INVITE]) {
        let read = reader.read(key::location(&pair?.1).ok_or(StoreError::Damaged)?)?;
        let (code, used) = record::invite::parse_used(&read.head).ok_or(StoreError::Damaged)?;
        registry.use_invite(code, used);
    }
    Ok(())
}
