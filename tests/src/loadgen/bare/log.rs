//! A bare log: records appended to a file, synced in groups that form while the group before them is synced.

use bytes::Bytes;
use std::fs::File;
use std::io::{IoSlice, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use tokio::sync::{mpsc, oneshot};

/// Records that may wait.
const QUEUE: usize = 1024;

struct Entry {
    record: Bytes,
    synced: oneshot::Sender<()>,
}

/// Appends records; each is answered after the `fdatasync` that covers it.
#[derive(Clone, Debug)]
pub struct Log {
    entries: mpsc::Sender<Entry>,
    syncs: Arc<AtomicU64>,
}

impl Log {
    /// A new log in this file, and the thread that writes it, which ends when the last [`Log`] is dropped.
    ///
    /// # Errors
    /// When the file can not be made.
    pub fn create(path: &Path) -> std::io::Result<(Self, JoinHandle<std::io::Result<()>>)> {
        let file = File::create(path)?;
        let (entries, queue) = mpsc::channel(QUEUE);
        let syncs = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&syncs);
        let writer = std::thread::spawn(move || write(file, queue, &counted));
        Ok((Self { entries, syncs }, writer))
    }

    /// Appends a record and returns once it is on disk; `false` when the log is broken.
    pub async fn append(&self, record: Bytes) -> bool {
        match self.begin(record).await {
            Some(synced) => synced.await.is_ok(),
            None => false,
        }
    }

    /// Hands a record in; what is returned is answered once it is on disk.
    pub async fn begin(&self, record: Bytes) -> Option<oneshot::Receiver<()>> {
        let (synced, answer) = oneshot::channel();
        self.entries.send(Entry { record, synced }).await.ok()?;
        Some(answer)
    }

    /// How often the file was synced.
    #[must_use]
    pub fn syncs(&self) -> u64 {
        self.syncs.load(Ordering::Relaxed)
    }
}

fn write(mut file: File, mut queue: mpsc::Receiver<Entry>, syncs: &AtomicU64) -> std::io::Result<()> {
    let mut batch = Vec::new();
    while queue.blocking_recv_many(&mut batch, QUEUE) > 0 {
        let mut slices: Vec<_> = batch.iter().map(|entry| IoSlice::new(&entry.record)).collect();
        write_all(&mut file, &mut slices)?;
        file.sync_data()?;
        syncs.fetch_add(1, Ordering::Relaxed);
        for entry in batch.drain(..) {
            // Whoever asked may have left.
            let _ = entry.synced.send(());
        }
    }
    Ok(())
}

fn write_all(file: &mut File, mut slices: &mut [IoSlice<'_>]) -> std::io::Result<()> {
    while !slices.is_empty() {
        let written = file.write_vectored(slices)?;
        if written == 0 {
            return Err(std::io::ErrorKind::WriteZero.into());
        }
        IoSlice::advance_slices(&mut slices, written);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_was_answered_is_in_the_file_in_order() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("log");
        let (log, writer) = Log::create(&path).expect("a log");
        for n in 0..100_u8 {
            assert!(log.append(vec![n; 100].into()).await);
        }
        assert_eq!(log.syncs(), 100, "nothing to group");
        drop(log);
        writer.join().expect("no panic").expect("no error");
        let bytes = std::fs::read(path).expect("the log");
        assert!((0..100_u8).all(|n| bytes[usize::from(n) * 100..][..100] == [n; 100]));
    }
}
