//! The journal under damage and under failing disks.

use std::collections::BTreeMap;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use proptest::prelude::*;
use rustix::io::Errno;

use super::frame::{BODY_MAX, HEAD_MAX};
use super::*;
use crate::disk::faulty::FaultyDisk;
use crate::disk::{Disk, SystemDisk};

const SMALL: JournalOptions = JournalOptions { segment_bytes: 8 << 10, reserve_bytes: 0 };

fn open(folder: &Path, disk: Arc<dyn Disk>) -> io::Result<(Journal, JournalReport)> {
    Journal::open(folder.to_owned(), disk, SMALL, None)
}

/// Body bytes that say which record it is.
fn body(number: u32, len: usize) -> Bytes {
    (0..len).map(|at| (at as u32 ^ number.wrapping_mul(2_654_435_761)) as u8).collect()
}

fn record(number: u32, body_len: usize) -> NewRecord {
    NewRecord::new(1, Bytes::copy_from_slice(&number.to_be_bytes()), body(number, body_len).into())
}

fn same(read: &Record, number: u32, body_len: usize) -> bool {
    read.kind == 1 && read.head == number.to_be_bytes()[..] && read.body == body(number, body_len)
}

fn next_seq(journal: &mut Journal) -> u64 {
    journal.begin(Room::Ordinary).unwrap().next_seq()
}

fn replayed(journal: &Journal) -> BTreeMap<Location, u32> {
    let mut found = BTreeMap::new();
    let visited: io::Result<()> = journal.replay(|record| {
        let number = u32::from_be_bytes(record.head.try_into().expect("a head of four bytes"));
        assert!(found.insert(record.location, number).is_none(), "replayed twice");
        Ok(())
    });
    visited.unwrap();
    found
}

/// What was written, by number: its place, its body's length, the batch it was in.
type Written = BTreeMap<u32, (Location, usize, usize)>;

fn write(journal: &mut Journal, batches: &[Vec<usize>]) -> Written {
    let mut written = Written::new();
    for (number, bodies) in batches.iter().enumerate() {
        let mut batch = journal.begin(Room::Ordinary).unwrap();
        for body_len in bodies {
            let id = written.len() as u32;
            let pushed = batch.push(&record(id, *body_len)).unwrap();
            written.insert(id, (pushed.location, *body_len, number));
        }
        journal.commit(batch).unwrap();
    }
    written
}

#[test]
fn what_was_committed_is_read_back_and_released_records_do_not_return() {
    let folder = tempfile::tempdir().unwrap();
    let (mut journal, report) = open(folder.path(), Arc::new(SystemDisk)).unwrap();
    assert_eq!(report.segments, 0);
    let written = write(&mut journal, &[vec![10, 5000], vec![0], vec![5000, 5000], vec![1]]);
    let mut batch = journal.begin(Room::Ordinary).unwrap();
    batch.release(written[&1].0).unwrap();
    journal.commit(batch).unwrap();
    assert_eq!(next_seq(&mut journal), 7);
    drop(journal);

    let (mut journal, report) = open(folder.path(), Arc::new(SystemDisk)).unwrap();
    assert_eq!((report.torn_tail, report.damages), (None, 0));
    assert_eq!(next_seq(&mut journal), 7);
    let found = replayed(&journal);
    let expected: BTreeMap<_, _> =
        written.iter().filter(|(id, _)| **id != 1).map(|(id, (location, ..))| (*location, *id)).collect();
    assert_eq!(found, expected);
    for (id, (location, body_len, _)) in &written {
        assert!(same(&journal.reader().read(*location).unwrap(), *id, *body_len));
        let head = journal.reader().read_head(*location).unwrap();
        assert_eq!((head.head, head.body.len()), (record(*id, 0).head, 0));
    }
}

#[test]
fn a_head_of_any_length_is_read_without_its_body() {
    let folder = tempfile::tempdir().unwrap();
    let (mut journal, _) = open(folder.path(), Arc::new(SystemDisk)).unwrap();
    for len in [0, 900, 952, 953, 5000, HEAD_MAX] {
        let head = Bytes::from(vec![7; len]);
        let mut batch = journal.begin(Room::Ordinary).unwrap();
        let record = NewRecord::new(1, head.clone(), Bytes::from_static(b"body").into());
        let location = batch.push(&record).unwrap().location;
        journal.commit(batch).unwrap();
        assert_eq!(journal.reader().read_head(location).unwrap().head, head);
    }
}

#[test]
fn a_segment_that_was_cut_between_batches_is_told_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let (mut journal, _) = open(folder.path(), Arc::new(SystemDisk)).unwrap();
    let written = write(&mut journal, &[vec![2000], vec![9000], vec![10], vec![20]]);
    let (first, second) = (written[&0].0, written[&1].0);
    assert_eq!((first.segment, second.segment, written[&2].0.segment), (1, 1, 2));
    let file = std::fs::File::options().write(true).open(segment::path(folder.path(), 1)).unwrap();
    // All that lived in what is left is released: were the account believed, the segment would go.
    let mut batch = journal.begin(Room::Ordinary).unwrap();
    batch.release(second).unwrap();
    journal.commit(batch).unwrap();
    drop(journal);
    for (len, kept) in [(u64::from(written[&0].0.offset + first.len), false), (1795, true)] {
        file.set_len(len).unwrap();
        let (mut journal, report) = open(folder.path(), Arc::new(SystemDisk)).unwrap();
        let told: Vec<_> = report.damage.iter().map(|damage| (damage.segment, damage.kind)).collect();
        assert_eq!(told, [(1, DamageKind::End)], "cut to {len}");
        journal.reap().unwrap();
        assert!(segment::path(folder.path(), 1).exists(), "what is in it may still be needed");
        assert_eq!(replayed(&journal).contains_key(&first), !kept);
    }
}

#[test]
fn a_refused_batch_is_no_lost_end() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Arc::new(FaultyDisk::default());
    let (mut journal, _) = open(folder.path(), disk.clone()).unwrap();
    write(&mut journal, &[vec![9000]]);
    let mut batch = journal.begin(Room::Ordinary).unwrap();
    batch.push(&record(7, 10)).unwrap();
    disk.fail_at(1, Errno::NOSPC);
    assert!(matches!(journal.commit(batch), Err(AppendError::NoSpace)));
    write(&mut journal, &[vec![10], vec![20]]);
    drop(journal);
    let (_, report) = open(folder.path(), Arc::new(SystemDisk)).unwrap();
    assert_eq!((report.damages, report.torn_tail), (0, None));
}

#[test]
fn a_dropped_batch_leaves_no_trace() {
    let folder = tempfile::tempdir().unwrap();
    let (mut journal, _) = open(folder.path(), Arc::new(SystemDisk)).unwrap();
    let mut batch = journal.begin(Room::Ordinary).unwrap();
    let lost = batch.push(&record(9, 10)).unwrap();
    drop(batch);
    assert!(journal.reader().read(lost.location).is_err());
    let written = write(&mut journal, &[vec![10]]);
    assert_eq!(written[&0].0.offset, lost.location.offset);
    assert_eq!(replayed(&journal).len(), 1);
}

#[test]
fn bounds_are_refused_before_anything_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let (mut journal, _) = open(folder.path(), Arc::new(SystemDisk)).unwrap();
    let mut batch = journal.begin(Room::Ordinary).unwrap();
    let too_long = NewRecord::new(1, Bytes::from(vec![0; HEAD_MAX + 1]), Body::empty());
    assert!(matches!(batch.push(&too_long), Err(AppendError::TooLarge)));
    let largest = NewRecord::new(1, Bytes::new(), Bytes::from(vec![0; BODY_MAX]).into());
    for _ in 0..3 {
        batch.push(&largest).unwrap();
    }
    assert!(matches!(batch.push(&largest), Err(AppendError::TooLarge)));
    journal.commit(batch).unwrap();
    assert_eq!(journal.live_bytes(), 3 * (BODY_MAX as u64 + 72));
}

#[test]
fn the_reserve_is_kept_for_deletions() {
    let folder = tempfile::tempdir().unwrap();
    let options = JournalOptions { reserve_bytes: u64::MAX, ..SMALL };
    let (mut journal, _) =
        Journal::open(folder.path().to_owned(), Arc::new(SystemDisk), options, None).unwrap();
    assert!(matches!(journal.begin(Room::Ordinary), Err(AppendError::NoSpace)));
    assert!(journal.begin(Room::Reserve).is_ok());
}

#[test]
fn a_disk_that_can_only_be_read_refuses_and_is_used_again_when_it_can_be_written() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Arc::new(FaultyDisk::default());
    let (mut journal, _) = open(folder.path(), disk.clone()).unwrap();
    let mut written = write(&mut journal, &[vec![700], vec![700], vec![700]]);
    for round in 0..3 {
        disk.set_read_only(true);
        for id in 10..13 {
            // The first is refused half-way and can not be cut off; the others are not even begun.
            let refused = journal.begin(Room::Reserve).and_then(|mut batch| {
                batch.push(&record(100 + id, 700))?;
                journal.commit(batch)
            });
            assert!(matches!(refused, Err(AppendError::NoSpace)), "{refused:?}");
        }
        for (id, (location, ..)) in &written {
            assert!(same(&journal.reader().read(*location).unwrap(), *id, 700));
        }
        disk.set_read_only(false);
        let mut batch = journal.begin(Room::Ordinary).unwrap();
        let pushed = batch.push(&record(50 + round, 700)).unwrap();
        journal.commit(batch).unwrap();
        written.insert(50 + round, (pushed.location, 700, 0));
    }
    disk.set_read_only(true);
    let refused = journal.begin(Room::Reserve).and_then(|mut batch| {
        batch.push(&record(99, 700))?;
        journal.commit(batch)
    });
    assert!(refused.is_err());
    drop(journal);
    let (journal, report) = open(folder.path(), Arc::new(SystemDisk)).unwrap();
    assert_eq!(report.damages, 0);
    let alive: Vec<u32> = replayed(&journal).into_values().collect();
    assert_eq!(alive.len(), written.len());
    assert!(alive.iter().all(|id| written.contains_key(id)));
}

#[test]
fn segments_go_when_nothing_in_them_lives_and_their_dead_stay_dead() {
    let folder = tempfile::tempdir().unwrap();
    let (mut journal, _) = open(folder.path(), Arc::new(SystemDisk)).unwrap();
    let written = write(&mut journal, &vec![vec![3000]; 12]);
    let last_of_first = written.values().filter(|(location, ..)| location.segment == 1).count() as u32;
    // All but record 0 die; the releases stand in later segments than the records.
    for id in 1..12 {
        let mut batch = journal.begin(Room::Ordinary).unwrap();
        batch.release(written[&id].0).unwrap();
        batch.push(&record(1000 + id, 2000)).unwrap();
        journal.commit(batch).unwrap();
    }
    let files = || segment::list(folder.path()).unwrap();
    let before = files();
    assert!(journal.reap().unwrap() > 0);
    assert!(files().len() < before.len() && files().contains(&1));
    // Records 1.. of the first segment are dead; only the releases elsewhere know.
    drop(journal);
    let (mut journal, _) = open(folder.path(), Arc::new(SystemDisk)).unwrap();
    let alive: Vec<u32> = replayed(&journal).into_values().filter(|id| *id < 1000).collect();
    assert_eq!(alive, [0]);
    assert!(last_of_first > 1);

    // Copy everything that is sparse until only what lives is left.
    let mut rounds = 0;
    while let Some(segment) = journal.sparse_segment(90) {
        rounds += 1;
        assert!(rounds < 50, "copying does not come to an end");
        let contents = journal.survey(segment)().unwrap();
        for location in journal.living(&contents) {
            let read = journal.reader().read(location).unwrap();
            let mut batch = journal.begin(Room::Reserve).unwrap();
            let pushed = batch.push(&read.to_copy()).unwrap();
            assert_eq!(pushed.seq, read.seq);
            batch.release(location).unwrap();
            journal.commit(batch).unwrap();
        }
        journal.carry_releases(&contents).unwrap();
        journal.reap().unwrap();
        assert!(!files().contains(&segment));
        if rounds == 3 {
            break;
        }
    }
    drop(journal);
    let (journal, _) = open(folder.path(), Arc::new(SystemDisk)).unwrap();
    let mut alive: Vec<u32> = replayed(&journal).into_values().collect();
    alive.sort_unstable();
    assert_eq!(alive, std::iter::once(0).chain(1001..1012).collect::<Vec<_>>());
}

#[test]
fn an_acknowledged_batch_survives_damage_to_its_commit_frame() {
    let folder = tempfile::tempdir().unwrap();
    let (mut journal, _) = open(folder.path(), Arc::new(SystemDisk)).unwrap();
    let written = write(&mut journal, &[vec![64], vec![64], vec![64]]);
    drop(journal);
    // The commit frame of the first batch follows its record.
    let commit_at = u64::from(written[&0].0.offset + written[&0].0.len);
    let path = segment::path(folder.path(), 1);
    std::fs::OpenOptions::new().write(true).open(path).unwrap().write_all_at(&[0; 8], commit_at).unwrap();
    for _ in 0..2 {
        let (mut journal, report) = open(folder.path(), Arc::new(SystemDisk)).unwrap();
        assert_eq!(report.torn_tail, None);
        assert_eq!(report.damages, 1);
        assert_eq!((report.damage[0].segment, u64::from(report.damage[0].offset)), (1, commit_at));
        assert_eq!(replayed(&journal).len(), 3);
        // Numbers jump, so that nothing lost can be mistaken for something new.
        assert!(next_seq(&mut journal) > 4);
    }
}

#[derive(Clone, Debug)]
enum Harm {
    Truncate,
    Flip(u8),
    Zero(usize),
    Garbage(Vec<u8>),
}

fn harm() -> impl Strategy<Value = Harm> {
    prop_oneof![
        Just(Harm::Truncate),
        (0_u8..8).prop_map(Harm::Flip),
        (1_usize..5000).prop_map(Harm::Zero),
        proptest::collection::vec(any::<u8>(), 1..200).prop_map(Harm::Garbage),
    ]
}

/// Harms the file and gives the range of bytes that may have changed.
fn inflict(path: &Path, harm: &Harm, at: prop::sample::Index) -> std::ops::Range<u64> {
    let mut bytes = std::fs::read(path).unwrap();
    if bytes.is_empty() {
        return 0..0;
    }
    let at = at.index(bytes.len());
    let end = match harm {
        Harm::Truncate => {
            bytes.truncate(at);
            usize::MAX
        }
        Harm::Flip(bit) => {
            bytes[at] ^= 1 << bit;
            at + 1
        }
        Harm::Zero(count) => {
            let end = (at + count).min(bytes.len());
            bytes[at..end].fill(0);
            end
        }
        Harm::Garbage(garbage) => {
            bytes.splice(at..(at + garbage.len()).min(bytes.len()), garbage.iter().copied());
            at + garbage.len()
        }
    };
    std::fs::write(path, bytes).unwrap();
    at as u64..end as u64
}

/// The last batch of the last segment of which the damage has left a frame's header. It can not be told from a torn
/// write; batches after it have left no trace at all.
fn last_visible(written: &Written, end: u64, touched: &std::ops::Range<u64>) -> Option<usize> {
    const HEADER: u64 = 72;
    const COMMIT: u64 = 120;
    let last_segment = written.values().map(|(location, ..)| location.segment).max()?;
    let hit = |start: u64| start < touched.end && touched.start < start + HEADER;
    let mut next_start = end;
    let mut visible = None;
    for (location, _, batch) in
        written.values().rev().filter(|(location, ..)| location.segment == last_segment)
    {
        let first = !written.values().any(|(other, _, of)| {
            of == batch && other.offset < location.offset && other.segment == last_segment
        });
        visible =
            visible.max((!hit(u64::from(location.offset)) || !hit(next_start - COMMIT)).then_some(*batch));
        if first {
            next_start = u64::from(location.offset);
        }
    }
    visible
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn damage_never_gives_wrong_bytes_and_never_takes_what_it_did_not_touch(
        batches in proptest::collection::vec(proptest::collection::vec(0_usize..2500, 1..4), 1..12),
        file in any::<prop::sample::Index>(),
        at in any::<prop::sample::Index>(),
        harm in harm(),
        reopened_before in any::<bool>(),
        catalogue in any::<bool>(),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let (mut journal, _) = open(folder.path(), Arc::new(SystemDisk)).unwrap();
        let written = write(&mut journal, &batches);
        drop(journal);
        if reopened_before {
            drop(open(folder.path(), Arc::new(SystemDisk)).unwrap());
        }
        let last_data = written.values().map(|(location, ..)| location.segment).max().unwrap();
        let victims: Vec<u32> = segment::list(folder.path()).unwrap();
        let victim = *file.get(&victims);
        let path = if catalogue {
            segment::catalogue_path(folder.path(), victim)
        } else {
            segment::path(folder.path(), victim)
        };
        let end = std::fs::metadata(segment::path(folder.path(), last_data)).unwrap().len();
        let touched = inflict(&path, &harm, at);
        let last_batch = last_visible(&written, end, &touched);

        // Twice: what the first opening mended must not lead the second astray.
        for round in 0..2 {
            let (journal, report) = open(folder.path(), Arc::new(SystemDisk)).unwrap();
            let found = replayed(&journal);
            let lost_header = report.damage.iter().any(|damage| damage.kind == DamageKind::Segment)
                || (touched.start < 4160 && touched.end >= 4096 + 64);
            for (id, (location, body_len, batch)) in &written {
                let read = journal.reader().read(*location);
                if let Ok(read) = &read {
                    prop_assert!(same(read, *id, *body_len), "wrong bytes");
                }
                if let Some(number) = found.get(location) {
                    prop_assert_eq!(number, id);
                }
                let there = u64::from(location.offset)..u64::from(location.offset + location.len);
                let hit = location.segment == victim && there.start < touched.end && touched.start < there.end;
                let torn = !reopened_before && victim == last_data && last_batch.is_none_or(|last| *batch >= last);
                let headerless = location.segment == victim && lost_header;
                if catalogue || !(hit || torn || headerless) {
                    prop_assert!(read.is_ok(), "round {}: lost {} ({:?})", round, id, report);
                    prop_assert!(found.contains_key(location), "round {}: not replayed {}", round, id);
                }
            }
            prop_assert_eq!(found.keys().filter(|l| !written.values().any(|(w, ..)| w == *l)).count(), 0);
        }
    }
}

/// Runs a script until the journal stops, and gives what was acknowledged.
fn script(journal: &mut Journal) -> (BTreeMap<u32, (Location, bool)>, Vec<u32>) {
    let mut acknowledged: BTreeMap<u32, (Location, bool)> = BTreeMap::new();
    let mut unknown = Vec::new();
    for step in 0..60_u32 {
        let done = (|| -> Result<(), AppendError> {
            let mut batch = journal.begin(Room::Ordinary)?;
            let two = [step * 2, step * 2 + 1];
            let mut pushed = Vec::new();
            for id in two {
                pushed.push((id, batch.push(&record(id, 700))?.location));
            }
            let released =
                step.checked_sub(8).map(|old| old * 2).and_then(|id| Some((id, acknowledged.get(&id)?.0)));
            if let Some((_, location)) = released {
                batch.release(location)?;
            }
            if let Err(error) = journal.commit(batch) {
                if matches!(error, AppendError::Io { .. }) {
                    unknown.extend(two);
                    unknown.extend(released.map(|(id, _)| id));
                }
                return Err(error);
            }
            acknowledged.extend(pushed.into_iter().map(|(id, location)| (id, (location, true))));
            if let Some(entry) = released.and_then(|(id, _)| acknowledged.get_mut(&id)) {
                entry.1 = false;
            }
            if step % 5 == 0 {
                journal.reap()?;
            }
            Ok(())
        })();
        if let Err(AppendError::Poisoned) = done {
            assert!(matches!(journal.begin(Room::Reserve), Err(AppendError::Poisoned)));
        }
    }
    (acknowledged, unknown)
}

#[test]
fn no_step_of_the_disk_can_fail_in_a_way_that_loses_what_was_acknowledged() {
    for errno in [Errno::IO, Errno::NOSPC, Errno::ROFS] {
        let mut nth = 0;
        loop {
            nth += 1;
            let folder = tempfile::tempdir().unwrap();
            let disk = Arc::new(FaultyDisk::default());
            let (mut journal, _) = open(folder.path(), disk.clone()).unwrap();
            disk.fail_at(nth, errno);
            let (acknowledged, unknown) = script(&mut journal);
            let stopped = journal.begin(Room::Reserve).is_err();
            if disk.sync_failed() {
                assert!(stopped, "went on after a failed sync");
            }
            drop(journal);
            let fired = disk.fired();
            let (journal, report) = open(folder.path(), Arc::new(SystemDisk)).unwrap();
            assert_eq!(report.damages, 0, "step {nth} {errno}");
            let mut live: BTreeMap<u32, Location> = BTreeMap::new();
            for (location, id) in replayed(&journal) {
                assert!(live.insert(id, location).is_none(), "step {nth}: twice");
            }
            for (id, (location, lives)) in &acknowledged {
                if unknown.contains(id) {
                    continue;
                }
                assert_eq!(live.get(id), lives.then_some(location), "step {nth} {errno}: record {id}");
                assert!(!lives || same(&journal.reader().read(*location).unwrap(), *id, 700));
            }
            assert!(live.keys().all(|id| acknowledged.contains_key(id) || unknown.contains(id)));
            // Of an unknown batch all is there, or nothing.
            if let [first, second, ..] = unknown[..] {
                assert_eq!(live.contains_key(&first), live.contains_key(&second));
            }
            if !fired {
                assert!(nth > 100, "the script has fewer steps than it should");
                break;
            }
        }
    }
}

#[test]
fn opening_fails_cleanly_at_every_step_and_works_afterwards() {
    let template = tempfile::tempdir().unwrap();
    let (mut journal, _) = open(template.path(), Arc::new(SystemDisk)).unwrap();
    let written = write(&mut journal, &vec![vec![3000]; 8]);
    drop(journal);
    let mut survived = 0;
    for nth in 1.. {
        let folder = tempfile::tempdir().unwrap();
        for entry in std::fs::read_dir(template.path()).unwrap() {
            let entry = entry.unwrap();
            std::fs::copy(entry.path(), folder.path().join(entry.file_name())).unwrap();
        }
        // A torn tail, so that there is something to mend.
        let last = *segment::list(folder.path()).unwrap().last().unwrap();
        let path = segment::path(folder.path(), last);
        let mut bytes = std::fs::read(&path).unwrap();
        bytes.extend_from_slice(b"torn");
        std::fs::write(&path, bytes).unwrap();

        let disk = Arc::new(FaultyDisk::default());
        disk.fail_at(nth, Errno::IO);
        let failed = open(folder.path(), disk.clone()).is_err();
        let (journal, _) = open(folder.path(), Arc::new(SystemDisk)).unwrap();
        assert_eq!(replayed(&journal).len(), written.len());
        if !disk.fired() {
            assert!(nth > 5);
            break;
        }
        survived += u32::from(!failed);
    }
    // The steps of the catalogues, which are caches: two that replace the mended segment's and write it, with one more
    // for what was there before, and two that begin the new one's.
    assert_eq!(survived, 5);
}
