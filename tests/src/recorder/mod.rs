//! A disk that writes down what is done to it, and what a power cut would have left of that.
//!
//! * [`Recorder`]: a [`Disk`] over the system's, given to a hub that is run as a library.
//! * [`Step`]: one change with the times at which it began and ended; [`Recording`]: all of them, in memory or in a file.
//! * [`Platter`]: what survives a power cut at any moment of a recording, chosen by a seed; its doc states the model.
//!
//! With [`Syncing::Off`] a sync answers that it is done and does nothing, which is the lie that the rig must notice. Neither is
//! part of the hub: its program has no way to be given another disk.

mod log;
mod platter;

#[cfg(test)]
mod tests;

pub use log::{Change, FileId, Recording, Step};
pub use platter::{Platter, Survival};

use log::Sink;
use rustix::time::{ClockId, clock_gettime};
use samverkan_hub::disk::{Disk, SystemDisk};
use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// `CLOCK_MONOTONIC` in nanoseconds: the same for all processes of a machine.
#[must_use]
pub fn now_ns() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    // Both are positive, and hold for five centuries of running.
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}

/// Whether syncs do anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Syncing {
    /// As they should.
    On,
    /// They answer that they are done, and are not. For proving that the rig sees it.
    Off,
}

/// A disk, written down. Files that were there before it are met when they are opened for writing.
#[derive(Debug)]
pub struct Recorder {
    disk: Arc<dyn Disk>,
    syncing: Syncing,
    files: Mutex<HashMap<(u64, u64), FileId>>,
    next: AtomicU64,
    sink: Mutex<Sink>,
}

impl Recorder {
    /// Records into memory what is done to the system's disk.
    #[must_use]
    pub fn in_memory(syncing: Syncing) -> Arc<Self> {
        Self::into_sink(Arc::new(SystemDisk), syncing, Sink::Memory(Vec::new()))
    }

    /// Records into memory what is done to another disk.
    #[must_use]
    pub fn over(disk: Arc<dyn Disk>) -> Arc<Self> {
        Self::into_sink(disk, Syncing::On, Sink::Memory(Vec::new()))
    }

    /// Records into a new file, from which [`Recording::load`] reads, also while it grows.
    ///
    /// # Errors
    /// The file system's.
    pub fn in_file(syncing: Syncing, path: &Path) -> io::Result<Arc<Self>> {
        Ok(Self::into_sink(Arc::new(SystemDisk), syncing, Sink::File(File::create(path)?)))
    }

    fn into_sink(disk: Arc<dyn Disk>, syncing: Syncing, sink: Sink) -> Arc<Self> {
        let (files, next) = (Mutex::default(), AtomicU64::new(1));
        Arc::new(Self { disk, syncing, files, next, sink: Mutex::new(sink) })
    }

    /// What was recorded in memory so far, by the time it began; nothing when it went into a file.
    #[must_use]
    pub fn recording(&self) -> Recording {
        match &*self.sink.lock().unwrap_or_else(PoisonError::into_inner) {
            Sink::Memory(steps) => Recording::new(steps.clone()),
            Sink::File(_) => Recording::new(Vec::new()),
        }
    }

    /// Does it, and writes it down.
    fn note<T>(
        &self,
        act: impl FnOnce() -> io::Result<T>,
        change: impl FnOnce(&io::Result<T>) -> Change,
    ) -> io::Result<T> {
        let begun_ns = now_ns();
        let done = act();
        let step = Step { begun_ns, ended_ns: now_ns(), done: done.is_ok(), change: change(&done) };
        let kept = self.sink.lock().unwrap_or_else(PoisonError::into_inner).keep(step);
        kept.and(done)
    }

    fn register(&self, file: &File) -> FileId {
        let id = FileId(self.next.fetch_add(1, Ordering::Relaxed));
        if let Some(key) = key(file) {
            // An inode whose file is gone has a new one now.
            self.files.lock().unwrap_or_else(PoisonError::into_inner).insert(key, id);
        }
        id
    }

    fn id(&self, file: &File) -> Option<FileId> {
        let files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        key(file).and_then(|key| files.get(&key).copied())
    }

    /// Every file that is written was made here or met here.
    fn known(&self, file: &File) -> FileId {
        self.id(file).unwrap_or(FileId(0))
    }

    fn sync_by<T: Default>(&self, act: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        match self.syncing {
            Syncing::On => act(),
            Syncing::Off => Ok(T::default()),
        }
    }
}

fn key(file: &File) -> Option<(u64, u64)> {
    file.metadata().ok().map(|found| (found.dev(), found.ino()))
}

impl Disk for Recorder {
    fn create_folder(&self, path: &Path) -> io::Result<()> {
        self.note(|| self.disk.create_folder(path), |_| Change::CreateFolder { path: path.to_owned() })
    }

    fn create_new(&self, path: &Path) -> io::Result<File> {
        let create = || self.disk.create_new(path);
        self.note(create, |made| {
            let file = made.as_ref().map_or(FileId(0), |file| self.register(file));
            Change::Create { path: path.to_owned(), file }
        })
    }

    fn open(&self, path: &Path, write: bool) -> io::Result<File> {
        let file = self.disk.open(path, write)?;
        if write && self.id(&file).is_none() {
            let change = |_: &_| Change::Meet { path: path.to_owned(), file: self.register(&file) };
            self.note(|| Ok(()), change)?;
        }
        Ok(file)
    }

    fn write_all_at(&self, file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
        let change = Change::Write { file: self.known(file), offset, bytes: bytes.into() };
        self.note(|| self.disk.write_all_at(file, bytes, offset), |_| change)
    }

    fn truncate(&self, file: &File, len: u64) -> io::Result<()> {
        let change = Change::Truncate { file: self.known(file), len };
        self.note(|| self.disk.truncate(file, len), |_| change)
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        let change = Change::Sync { file: self.known(file), barrier: self.syncing == Syncing::On };
        self.note(|| self.sync_by(|| self.disk.sync(file)), |_| change)
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        let change = Change::SyncFolder { path: path.to_owned(), barrier: self.syncing == Syncing::On };
        self.note(|| self.sync_by(|| self.disk.sync_folder(path)), |_| change)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let change = Change::Rename { from: from.to_owned(), to: to.to_owned() };
        self.note(|| self.disk.rename(from, to), |_| change)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.note(|| self.disk.remove(path), |_| Change::Remove { path: path.to_owned() })
    }
}
