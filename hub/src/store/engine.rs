//! Journal and index as one: what is in the journal is true, and the index says where.
//!
//! The owner passes a `rebuild` function that turns one live record into index entries. It is called for every
//! live record, in the order of the journal, whenever the index can not be used as it was left. So the index must
//! be a function of the live records: what is not in a record does not outlast an unclean stop.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::clean::{Clean, index_files};
use super::folder::{Folder, FolderError};
use super::index::{Index, IndexError, Overlay};
use super::journal::{
    AppendError, Batch, Journal, JournalOptions, JournalReport, NewRecord, Pushed, Reader, Replayed, Room,
};
use crate::disk::Disk;
use crate::telemetry::with_causes;

/// Changes that a rebuild collects before it hands them to the index.
const REBUILD_CHANGES: usize = 8192;

/// How an [`Engine`] is opened.
#[derive(Clone, Copy, Debug)]
pub(super) struct EngineOptions {
    /// Sizes of the journal.
    pub journal: JournalOptions,
    /// Memory for index pages, in bytes, about.
    pub index_cache_bytes: u64,
    /// Number of the owner's index layout. An index with another number is built again.
    pub index_layout: u32,
}

/// What opening found and did.
#[derive(Debug)]
pub struct RecoveryReport {
    /// What the journal found.
    pub journal: JournalReport,
    /// What became of the index.
    pub index: IndexFate,
    /// Live records that were put into a rebuilt index.
    pub replayed: u64,
    /// Intact records among them that say nothing this version understands; they are left alone.
    pub strange: u64,
}

/// What became of the index at opening.
#[derive(Debug)]
pub enum IndexFate {
    /// The store is new.
    Created,
    /// It was as the clean stop had left it.
    Reused,
    /// It was built again.
    Rebuilt(RebuildReason),
}

/// Why the index was built again.
#[derive(Debug)]
pub enum RebuildReason {
    /// The last stop was not clean.
    UncleanStop,
    /// The journal's files are not those of the clean stop.
    JournalChanged,
    /// The index's files are not those of the clean stop.
    FilesChanged,
    /// The owner's index layout has changed.
    LayoutChanged,
    /// The engine could not open it, or panicked.
    Unusable(IndexError),
}

/// Why the store can not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder is not usable.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The file system refused.
    #[error("the store can not be opened")]
    Io(#[from] io::Error),
    /// A fresh index can not be made.
    #[error("the index can not be built")]
    Index(#[from] IndexError),
}

/// Why a transaction was not committed.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// The journal refused.
    #[error(transparent)]
    Journal(#[from] AppendError),
    /// The batch is durable, but the index could not follow. The engine has stopped; the next start builds the
    /// index again and shows the batch.
    #[error("the index could not follow the journal; restart the hub")]
    Index(#[from] IndexError),
}

/// The journal with its index, owned by the one writer.
#[derive(Debug)]
pub(super) struct Engine {
    folder: Folder,
    disk: Arc<dyn Disk>,
    layout: u32,
    journal: Journal,
    index: Index,
    /// The index has missed a batch.
    behind: bool,
}

/// A batch and its index changes. Dropping it leaves no trace.
#[derive(Debug)]
pub(super) struct Transaction {
    /// The records and releases.
    pub batch: Batch,
    /// The index as it will be.
    pub overlay: Overlay,
}

impl Transaction {
    /// Adds a record; shorthand for the batch's own.
    ///
    /// # Errors
    /// As [`Batch::push`].
    pub(super) fn push(&mut self, record: &NewRecord) -> Result<Pushed, AppendError> {
        self.batch.push(record)
    }
}

impl Engine {
    /// Opens the store in `path`.
    ///
    /// # Errors
    /// [`OpenError`]. Damage is no error: it is in the report.
    pub(super) fn open<R>(
        disk: Arc<dyn Disk>,
        path: &Path,
        options: EngineOptions,
        mut rebuild: R,
    ) -> Result<(Self, RecoveryReport), OpenError>
    where
        R: FnMut(&Replayed<'_>, &mut Overlay) -> Result<(), IndexError>,
    {
        let folder = Folder::open(path, &*disk)?;
        let clean = Clean::take(&*disk, folder.path())?;
        let (marked, journal_mark) = match clean {
            Some(Clean { layout, files, journal }) => (Some((layout, files)), Some(journal)),
            None => (None, None),
        };
        let (journal, report) =
            Journal::open(folder.segments(), Arc::clone(&disk), options.journal, journal_mark)?;
        let verdict = match marked {
            None => Err(RebuildReason::UncleanStop),
            Some(_) if !report.clean => Err(RebuildReason::JournalChanged),
            Some((layout, _)) if layout != options.index_layout => Err(RebuildReason::LayoutChanged),
            Some((_, files)) => match index_files(&*disk, &folder.index()) {
                Ok(found) if found == files => {
                    Index::open(&folder.index(), options.index_cache_bytes).map_err(RebuildReason::Unusable)
                }
                _ => Err(RebuildReason::FilesChanged),
            },
        };
        let mut replayed = 0;
        let (index, fate) = match verdict {
            Ok(index) => (index, IndexFate::Reused),
            Err(reason) => {
                let index = fresh_index(&*disk, &folder, options.index_cache_bytes)?;
                replayed = refill(&journal, &index, &mut rebuild)?;
                let fate = if report.segments == 0 { IndexFate::Created } else { IndexFate::Rebuilt(reason) };
                (index, fate)
            }
        };
        let engine = Self { folder, disk, layout: options.index_layout, journal, index, behind: false };
        Ok((engine, RecoveryReport { journal: report, index: fate, replayed, strange: 0 }))
    }

    /// Begins a transaction. It must be committed or dropped before the next is begun.
    ///
    /// # Errors
    /// As [`Journal::begin`].
    pub(super) fn begin(&mut self, room: Room) -> Result<Transaction, CommitError> {
        if self.behind {
            return Err(AppendError::Poisoned.into());
        }
        Ok(Transaction { batch: self.journal.begin(room)?, overlay: self.index.overlay() })
    }

    /// Makes the transaction durable, then visible. Gives how long the sync took, if there was anything to sync.
    ///
    /// # Errors
    /// After [`AppendError::NoSpace`] nothing has changed; after any other error the engine has stopped.
    pub(super) fn commit(&mut self, transaction: Transaction) -> Result<Option<Duration>, CommitError> {
        let Transaction { batch, overlay } = transaction;
        let sync = if batch.is_empty() { None } else { Some(self.journal.commit(batch)?) };
        if let Err(error) = self.index.apply(overlay) {
            self.behind = true;
            tracing::error!(cause = %with_causes(&error), "the index failed; nothing more is acknowledged");
            return Err(error.into());
        }
        Ok(sync)
    }

    /// Adds to an index that is being rebuilt. What is in it must follow from the live records.
    pub(super) fn rebuilt(&self, overlay: Overlay) -> Result<(), IndexError> {
        self.index.apply(overlay)
    }

    /// The journal, for reaping and copying.
    pub(super) fn journal(&mut self) -> &mut Journal {
        &mut self.journal
    }

    /// A handle for reading records from any thread.
    pub(super) fn reader(&self) -> Reader {
        self.journal.reader()
    }

    /// A handle for reading the committed index from any thread. All handles must be gone before
    /// [`Engine::close`] for the stop to count as clean.
    pub(super) fn index(&self) -> Index {
        self.index.clone()
    }

    /// Stops cleanly: the next start reuses the index.
    ///
    /// # Errors
    /// When the mark could not be made; then the next start rebuilds.
    pub(super) fn close(self) -> Result<(), OpenError> {
        let Self { folder, disk, layout, journal, index, behind } = self;
        let Some(journal) = journal.close()? else { return Ok(()) };
        if behind {
            return Ok(());
        }
        index.close()?;
        let files = index_files(&*disk, &folder.index())?;
        Clean { layout, files, journal }.store(&*disk, folder.path())?;
        Ok(())
    }

    /// Stops without the mark: the next start builds the index again, and with it all that stands in no record.
    ///
    /// # Errors
    /// As [`Engine::close`].
    pub(super) fn close_unmarked(self) -> Result<(), OpenError> {
        Ok(self.journal.close().map(drop)?)
    }
}

/// Throws the old index away, which may be anything, and makes an empty one.
fn fresh_index(disk: &dyn Disk, folder: &Folder, cache_bytes: u64) -> Result<Index, OpenError> {
    let path = folder.index();
    match std::fs::symlink_metadata(&path) {
        Ok(found) if found.is_dir() => std::fs::remove_dir_all(&path)?,
        Ok(_) => std::fs::remove_file(&path)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error.into()),
    }
    super::folder::private_folder(disk, &path)?;
    Ok(Index::open(&path, cache_bytes)?)
}

fn refill<R>(journal: &Journal, index: &Index, rebuild: &mut R) -> Result<u64, OpenError>
where
    R: FnMut(&Replayed<'_>, &mut Overlay) -> Result<(), IndexError>,
{
    let mut overlay = index.overlay();
    let mut replayed = 0;
    journal.replay(|record| {
        rebuild(&record, &mut overlay)?;
        replayed += 1;
        if overlay.len() >= REBUILD_CHANGES {
            index.apply(std::mem::replace(&mut overlay, index.overlay()))?;
        }
        Ok::<(), OpenError>(())
    })?;
    index.apply(overlay)?;
    Ok(replayed)
}

#[cfg(test)]
mod tests;
