//! A stop while something is still to be done.

use std::collections::HashSet;
use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use rustix::io::Errno;
use samverkan_proto::code::OrganisationState;
use samverkan_proto::v1::MessageState;

use super::mail::{PRIMARY, accept, delivered_ids, message, state, two_orgs};
use super::*;
use crate::disk::{Disk, SystemDisk};

/// A disk that has no room for the journal any more once it was told so and one more sync has come.
#[derive(Debug, Default)]
struct FillingDisk {
    fills: AtomicBool,
    full: AtomicBool,
    segments: Mutex<HashSet<u64>>,
}

impl FillingDisk {
    fn note(&self, path: &Path, file: &File) -> io::Result<()> {
        if path.extension().is_some_and(|extension| extension == "seg") {
            self.segments.lock().unwrap().insert(file.metadata()?.ino());
        }
        Ok(())
    }
}

impl Disk for FillingDisk {
    fn create_folder(&self, path: &Path) -> io::Result<()> {
        SystemDisk.create_folder(path)
    }

    fn create_new(&self, path: &Path) -> io::Result<File> {
        let file = SystemDisk.create_new(path)?;
        self.note(path, &file)?;
        Ok(file)
    }

    fn open(&self, path: &Path, write: bool) -> io::Result<File> {
        let file = SystemDisk.open(path, write)?;
        self.note(path, &file)?;
        Ok(file)
    }

    fn write_all_at(&self, file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
        let segment = self.segments.lock().unwrap().contains(&file.metadata()?.ino());
        if segment && self.full.load(Ordering::SeqCst) {
            return Err(io::Error::from_raw_os_error(Errno::NOSPC.raw_os_error()));
        }
        SystemDisk.write_all_at(file, bytes, offset)
    }

    fn truncate(&self, file: &File, len: u64) -> io::Result<()> {
        SystemDisk.truncate(file, len)
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        SystemDisk.sync(file)?;
        self.full.store(self.fills.load(Ordering::SeqCst), Ordering::SeqCst);
        Ok(())
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        SystemDisk.sync_folder(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        SystemDisk.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        SystemDisk.remove(path)
    }
}

#[tokio::test]
async fn a_sweep_that_found_no_room_before_the_stop_is_done_after_it() {
    let (mut hub, a, b) = two_orgs().await;
    let sealed = message(&hub, &a, &[(&b, PRIMARY)]);
    accept(&hub, &sealed).await.unwrap();
    hub.store.close().await.unwrap();
    let disk = Arc::new(FillingDisk::default());
    hub.open_again(StoreOptions { disk: disk.clone(), ..StoreOptions::default() });
    disk.fills.store(true, Ordering::SeqCst);
    // The suspension is on disk; what it does to the message that waits is not.
    while let Err(error) = hub.store.set_state(b.id(), OrganisationState::Suspended).await {
        // What the opening had left to tidy took the last room.
        assert_eq!(error, StoreError::Full);
        disk.full.store(false, Ordering::SeqCst);
    }
    hub.store.close().await.unwrap();
    assert!(disk.full.load(Ordering::SeqCst));
    assert!(!hub.path.join("clean").exists(), "a clean mark says that nothing is left to do");
    hub.open_again(StoreOptions::default());
    // A clean stop waits for the sweep.
    hub.reopen(Stop::Clean).await;
    assert_eq!(state(&hub, &sealed).await, MessageState::Returned);
    assert!(delivered_ids(&hub, b.device()).await.is_empty());
}
