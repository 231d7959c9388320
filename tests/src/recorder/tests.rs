//! The recorder over real files, and the model against what it promises.

use super::*;
use crate::chance::Chance;
use std::path::PathBuf;

/// A folder on a recorded disk.
struct Rig {
    _outer: tempfile::TempDir,
    root: PathBuf,
    disk: Arc<Recorder>,
}

fn rig(syncing: Syncing) -> Rig {
    let outer = tempfile::tempdir().expect("a folder");
    let root = outer.path().to_owned();
    Rig { _outer: outer, root, disk: Recorder::in_memory(syncing) }
}

impl Rig {
    /// What a power cut leaves of the file `name`, for many seeds.
    fn after_cuts(&self, name: &str, survival: Survival) -> Vec<Option<Vec<u8>>> {
        let cut = |seed| {
            let mut platter = Platter::new(&self.root, &self.disk.recording());
            platter.advance(now_ns());
            let target = tempfile::tempdir().expect("a folder");
            platter.leave(target.path(), survival, &mut Chance::of_seed(seed)).expect("it is written");
            std::fs::read(target.path().join(name)).ok()
        };
        (0..64).map(cut).collect()
    }
}

#[test]
fn what_was_synced_with_its_name_survives_every_cut() {
    let rig = rig(Syncing::On);
    let file = rig.disk.create_new(&rig.root.join("file")).expect("a file");
    rig.disk.write_all_at(&file, b"first", 0).expect("written");
    rig.disk.sync(&file).expect("synced");
    rig.disk.sync_folder(&rig.root).expect("synced");
    for survival in [Survival::Nothing, Survival::Some(50), Survival::Everything] {
        assert!(rig.after_cuts("file", survival).iter().all(|left| left.as_deref() == Some(b"first")));
    }
}

#[test]
fn a_synced_file_without_a_durable_name_may_be_gone() {
    let rig = rig(Syncing::On);
    let file = rig.disk.create_new(&rig.root.join("file")).expect("a file");
    rig.disk.write_all_at(&file, b"first", 0).expect("written");
    rig.disk.sync(&file).expect("synced");
    assert!(rig.after_cuts("file", Survival::Nothing).iter().all(Option::is_none));
    let some = rig.after_cuts("file", Survival::Some(50));
    assert!(some.iter().any(Option::is_none) && some.iter().any(Option::is_some));
}

#[test]
fn unsynced_pages_are_kept_or_dropped_each_by_itself() {
    let rig = rig(Syncing::On);
    let file = rig.disk.create_new(&rig.root.join("file")).expect("a file");
    rig.disk.write_all_at(&file, &[1; 3 * 4096], 0).expect("written");
    rig.disk.sync(&file).expect("synced");
    rig.disk.sync_folder(&rig.root).expect("synced");
    rig.disk.write_all_at(&file, &[2; 4 * 4096], 0).expect("written");
    let left: Vec<_> = rig.after_cuts("file", Survival::Some(50)).into_iter().flatten().collect();
    let pages = |bytes: &[u8]| bytes.chunks(4096).map(|page| page[0]).collect::<Vec<_>>();
    let seen: std::collections::BTreeSet<_> = left.iter().map(|bytes| pages(bytes)).collect();
    assert!(seen.contains([2, 1, 2].as_slice()), "{seen:?}");
    assert!(seen.iter().any(|pages| pages.len() == 4 && pages[3] == 0), "longer, with zeros: {seen:?}");
    assert!(left.iter().any(|bytes| bytes[..4096].contains(&1) && bytes[..4096].contains(&2)), "a torn page");
}

#[test]
fn a_rename_keeps_the_file_under_one_of_its_names() {
    let rig = rig(Syncing::On);
    let file = rig.disk.create_new(&rig.root.join("old")).expect("a file");
    rig.disk.write_all_at(&file, b"bytes", 0).expect("written");
    rig.disk.sync(&file).expect("synced");
    rig.disk.sync_folder(&rig.root).expect("synced");
    rig.disk.rename(&rig.root.join("old"), &rig.root.join("new")).expect("renamed");
    let (old, new) = (rig.after_cuts("old", Survival::Some(50)), rig.after_cuts("new", Survival::Some(50)));
    assert!(old.iter().zip(&new).all(|(old, new)| old.is_some() != new.is_some()));
    assert!(new.iter().any(Option::is_some) && new.iter().any(Option::is_none));
}

#[test]
fn a_file_in_a_folder_that_was_not_made_durable_is_gone() {
    let rig = rig(Syncing::On);
    let folder = rig.root.join("folder");
    rig.disk.create_folder(&folder).expect("a folder");
    let file = rig.disk.create_new(&folder.join("file")).expect("a file");
    rig.disk.sync(&file).expect("synced");
    rig.disk.sync_folder(&folder).expect("synced");
    assert!(rig.after_cuts("folder/file", Survival::Nothing).iter().all(Option::is_none));
    rig.disk.sync_folder(&rig.root).expect("synced");
    assert!(rig.after_cuts("folder/file", Survival::Nothing).iter().all(Option::is_some));
}

#[test]
fn with_syncing_switched_off_nothing_is_durable() {
    let rig = rig(Syncing::Off);
    let file = rig.disk.create_new(&rig.root.join("file")).expect("a file");
    rig.disk.write_all_at(&file, b"first", 0).expect("written");
    rig.disk.sync(&file).expect("it says so");
    rig.disk.sync_folder(&rig.root).expect("it says so");
    assert!(rig.after_cuts("file", Survival::Nothing).iter().all(Option::is_none));
}

#[test]
fn a_cut_before_the_sync_has_ended_is_not_covered_by_it() {
    let rig = rig(Syncing::On);
    let file = rig.disk.create_new(&rig.root.join("file")).expect("a file");
    rig.disk.sync_folder(&rig.root).expect("synced");
    rig.disk.write_all_at(&file, b"first", 0).expect("written");
    rig.disk.sync(&file).expect("synced");
    let recording = rig.disk.recording();
    let sync = recording.steps().last().expect("a step");
    assert!(matches!(sync.change, Change::Sync { barrier: true, .. }));
    for (at, left) in [(sync.ended_ns - 1, b"".as_slice()), (sync.ended_ns, b"first")] {
        let mut platter = Platter::new(&rig.root, &recording);
        platter.advance(at);
        let target = tempfile::tempdir().expect("a folder");
        platter.leave(target.path(), Survival::Nothing, &mut Chance::of_seed(1)).expect("it is written");
        assert_eq!(std::fs::read(target.path().join("file")).expect("the name is durable"), left);
    }
}
