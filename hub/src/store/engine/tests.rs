//! Journal and index together against a map in memory.

use std::collections::BTreeMap;
use std::path::Path;

use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::disk::SystemDisk;
use crate::store::index::{Index, IndexError, Overlay};
use crate::store::journal::{JournalOptions, Location, NewRecord, Replayed, Room};

const OPTIONS: EngineOptions = EngineOptions {
    journal: JournalOptions { segment_bytes: 8 << 10, reserve_bytes: 0 },
    index_cache_bytes: 1 << 20,
    index_layout: 1,
};

type Model = BTreeMap<u16, (u8, usize)>;

fn rebuild(record: &Replayed<'_>, overlay: &mut Overlay) -> Result<(), IndexError> {
    overlay.put(record.head.to_vec(), record.location.to_bytes())
}

fn open(path: &Path, options: EngineOptions) -> (Engine, RecoveryReport) {
    Engine::open(Arc::new(SystemDisk), path, options, rebuild).unwrap()
}

fn location(value: &[u8]) -> Location {
    Location::from_bytes(value.try_into().unwrap())
}

fn body(fill: u8, len: usize) -> Bytes {
    Bytes::from(vec![fill; len])
}

fn put(transaction: &mut Transaction, key: u16, value: (u8, usize)) {
    delete(transaction, key);
    let record = NewRecord::new(1, Bytes::copy_from_slice(&key.to_be_bytes()), body(value.0, value.1).into());
    let pushed = transaction.push(&record).unwrap();
    transaction.overlay.put(key.to_be_bytes(), pushed.location.to_bytes()).unwrap();
}

fn delete(transaction: &mut Transaction, key: u16) {
    if let Some(old) = transaction.overlay.get(&key.to_be_bytes()).unwrap() {
        transaction.batch.release(location(&old)).unwrap();
        transaction.overlay.delete(key.to_be_bytes()).unwrap();
    }
}

fn check(engine: &Engine, model: &Model) {
    let index: Index = engine.index();
    let reader = engine.reader();
    let found: Model = index
        .range(&[], None)
        .map(|pair| {
            let (key, value) = pair.unwrap();
            let record = reader.read(location(&value)).unwrap();
            assert_eq!(record.head, key);
            let fill = record.body.first().copied().unwrap_or_default();
            assert!(record.body.iter().all(|byte| *byte == fill));
            (u16::from_be_bytes(key.try_into().unwrap()), (fill, record.body.len()))
        })
        .collect();
    assert_eq!(&found, model);
}

fn compact(engine: &mut Engine) {
    while let Some(segment) = engine.journal().sparse_segment(30) {
        let contents = engine.journal().survey(segment)().unwrap();
        for old in engine.journal().living(&contents) {
            let record = engine.reader().read(old).unwrap();
            let mut transaction = engine.begin(Room::Reserve).unwrap();
            let pushed = transaction.push(&record.to_copy()).unwrap();
            transaction.batch.release(old).unwrap();
            transaction.overlay.put(record.head.to_vec(), pushed.location.to_bytes()).unwrap();
            engine.commit(transaction).unwrap();
        }
        engine.journal().carry_releases(&contents).unwrap();
        engine.journal().reap().unwrap();
    }
}

#[derive(Clone, Debug)]
enum Op {
    Commit(Vec<(u16, Option<(u8, usize)>)>),
    Drop(Vec<(u16, Option<(u8, usize)>)>),
    Reap,
    Compact,
    Reopen(Stop),
}

#[derive(Clone, Copy, Debug)]
enum Stop {
    Clean,
    Unclean,
    IndexDeleted,
    IndexGarbled(usize, u8),
    IndexIsAFile,
    MarkGarbled(usize),
    OtherLayout,
}

fn changes() -> impl Strategy<Value = Vec<(u16, Option<(u8, usize)>)>> {
    let value = proptest::option::weighted(0.7, (1_u8..=255, 1_usize..3000));
    proptest::collection::vec((0_u16..40, value), 1..8)
}

fn op() -> impl Strategy<Value = Op> {
    let stop = prop_oneof![
        Just(Stop::Clean),
        Just(Stop::Unclean),
        Just(Stop::IndexDeleted),
        (any::<usize>(), 1_u8..=255).prop_map(|(at, by)| Stop::IndexGarbled(at, by)),
        Just(Stop::IndexIsAFile),
        any::<usize>().prop_map(Stop::MarkGarbled),
        Just(Stop::OtherLayout),
    ];
    prop_oneof![
        8 => changes().prop_map(Op::Commit),
        1 => changes().prop_map(Op::Drop),
        2 => Just(Op::Reap),
        1 => Just(Op::Compact),
        2 => stop.prop_map(Op::Reopen),
    ]
}

/// Changes one byte of the largest file in the folder.
fn garble(path: &Path, at: usize, by: u8) {
    let largest = std::fs::read_dir(path)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .max_by_key(|path| std::fs::metadata(path).unwrap().len())
        .unwrap();
    let mut bytes = std::fs::read(&largest).unwrap();
    let at = at % bytes.len();
    bytes[at] ^= by;
    std::fs::write(largest, bytes).unwrap();
}

fn reopen(engine: Engine, path: &Path, stop: Stop, options: &mut EngineOptions) -> Engine {
    if matches!(stop, Stop::Unclean) {
        drop(engine);
    } else {
        engine.close().unwrap();
    }
    let index = path.join("index");
    match stop {
        Stop::Clean | Stop::Unclean => {}
        Stop::IndexDeleted => std::fs::remove_dir_all(&index).unwrap(),
        Stop::IndexGarbled(at, by) => garble(&index, at, by),
        Stop::IndexIsAFile => {
            std::fs::remove_dir_all(&index).unwrap();
            std::fs::write(&index, "no folder").unwrap();
        }
        Stop::MarkGarbled(at) => {
            let mut mark = std::fs::read(path.join("clean")).unwrap();
            let at = at % mark.len();
            mark[at] ^= 1;
            std::fs::write(path.join("clean"), mark).unwrap();
        }
        Stop::OtherLayout => options.index_layout += 1,
    }
    let (engine, report) = open(path, *options);
    let as_expected = match stop {
        Stop::Clean => matches!(report.index, IndexFate::Reused),
        Stop::Unclean | Stop::MarkGarbled(_) => {
            matches!(report.index, IndexFate::Rebuilt(RebuildReason::UncleanStop))
        }
        Stop::OtherLayout => matches!(report.index, IndexFate::Rebuilt(RebuildReason::LayoutChanged)),
        Stop::IndexDeleted | Stop::IndexGarbled(..) | Stop::IndexIsAFile => {
            matches!(report.index, IndexFate::Rebuilt(RebuildReason::FilesChanged))
        }
    };
    assert!(as_expected, "{stop:?}: {report:?}");
    assert_eq!(report.journal.damages, 0);
    assert!(!path.join("clean").exists());
    engine
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn the_engine_is_the_map_it_stands_for(ops in proptest::collection::vec(op(), 1..40)) {
        let outer = tempfile::tempdir().unwrap();
        let path = outer.path().join("store");
        let mut options = OPTIONS;
        let (mut engine, report) = open(&path, options);
        assert!(matches!(report.index, IndexFate::Created));
        let mut model = Model::new();
        for op in ops {
            match op {
                Op::Commit(changes) => {
                    let mut transaction = engine.begin(Room::Ordinary).unwrap();
                    for (key, value) in changes {
                        match value {
                            Some(value) => {
                                put(&mut transaction, key, value);
                                model.insert(key, value);
                            }
                            None => {
                                delete(&mut transaction, key);
                                model.remove(&key);
                            }
                        }
                    }
                    engine.commit(transaction).unwrap();
                }
                Op::Drop(changes) => {
                    let mut transaction = engine.begin(Room::Ordinary).unwrap();
                    for (key, value) in changes {
                        match value {
                            Some(value) => put(&mut transaction, key, value),
                            None => delete(&mut transaction, key),
                        }
                    }
                }
                Op::Reap => drop(engine.journal().reap().unwrap()),
                Op::Compact => compact(&mut engine),
                Op::Reopen(stop) => engine = reopen(engine, &path, stop, &mut options),
            }
            check(&engine, &model);
        }
        engine = reopen(engine, &path, Stop::Unclean, &mut options);
        check(&engine, &model);
        // What is dead takes no space for long.
        compact(&mut engine);
        engine.journal().reap().unwrap();
        let on_disk: u64 = std::fs::read_dir(path.join("segments"))
            .unwrap()
            .map(|entry| entry.unwrap().metadata().unwrap().len())
            .sum();
        prop_assert!(on_disk < 4 * engine.journal().live_bytes() + 64 * 1024, "{} bytes on disk", on_disk);
    }
}

#[test]
fn a_reader_that_is_still_open_does_not_make_the_next_start_believe_a_stale_index() {
    let outer = tempfile::tempdir().unwrap();
    let path = outer.path().join("store");
    let (mut engine, _) = open(&path, OPTIONS);
    let mut transaction = engine.begin(Room::Ordinary).unwrap();
    put(&mut transaction, 7, (1, 100));
    engine.commit(transaction).unwrap();
    let reading = engine.index();
    engine.close().unwrap();
    assert!(reading.get(&7_u16.to_be_bytes()).unwrap().is_some());
    drop(reading);
    let (engine, _) = open(&path, OPTIONS);
    check(&engine, &Model::from([(7, (1, 100))]));
}
