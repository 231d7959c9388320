//! The index against a map in memory, through all its layers.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use proptest::prelude::*;

use super::*;

type Model = BTreeMap<Vec<u8>, Vec<u8>>;

/// What a batch does to each of some keys.
type Batch = Vec<(Vec<u8>, Option<u8>)>;

fn open(folder: &tempfile::TempDir) -> Index {
    Index::open(folder.path(), 1 << 20).unwrap()
}

fn keys() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(prop_oneof![0_u8..3, Just(0xff)], 0..4)
}

fn batches() -> impl Strategy<Value = Vec<Batch>> {
    proptest::collection::vec(proptest::collection::vec((keys(), any::<Option<u8>>()), 0..12), 1..6)
}

fn change(model: &mut Model, overlay: &mut Overlay, batch: Batch) {
    for (key, value) in batch {
        match value {
            None => {
                overlay.delete(key.clone()).unwrap();
                model.remove(&key);
            }
            Some(value) if model.insert(key.clone(), vec![value]).is_none() => {
                overlay.put_new(key, [value]).unwrap();
            }
            Some(value) => overlay.put(key, [value]).unwrap(),
        }
    }
}

fn pairs(found: impl Iterator<Item = Result<Pair, IndexError>>) -> Vec<Pair> {
    found.map(Result::unwrap).collect()
}

fn those(model: &Model, wanted: impl Fn(&[u8]) -> bool) -> Vec<Pair> {
    model.iter().filter(|(key, _)| wanted(key)).map(|(key, value)| (key.clone(), value.clone())).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn it_reads_like_the_map_it_stands_for(
        batches in batches(),
        settled in proptest::collection::vec(0_usize..4, 6),
        start in keys(),
        end in proptest::option::of(keys()),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let index = open(&folder);
        let mut model = Model::new();
        let within = |key: &[u8]| *key >= *start && end.as_ref().is_none_or(|end| key < end.as_slice());
        for (batch, settled) in batches.into_iter().zip(settled) {
            let mut overlay = index.overlay();
            change(&mut model, &mut overlay, batch);
            let expected = those(&model, within);
            prop_assert_eq!(&pairs(overlay.range(&start, end.as_deref())), &expected);
            prop_assert_eq!(pairs(overlay.prefix(&start)), those(&model, |key| key.starts_with(&start)));
            index.apply(overlay).unwrap();
            prop_assert_eq!(&pairs(index.range(&start, end.as_deref())), &expected);
            // Some changes stay in the young generation, some grow old, some reach the engine.
            if settled > 0 {
                index.recent_mut().age();
                index.settle(settled).unwrap();
            }
            prop_assert_eq!(&pairs(index.range(&start, end.as_deref())), &expected);
            for (key, value) in &model {
                prop_assert_eq!(index.get(key).unwrap(), Some(value.clone()));
            }
        }
        let engine = index.db.clone();
        index.close().unwrap();
        let written: Vec<Pair> =
            engine.iter().map(|pair| pair.map(|(key, value)| (key.to_vec(), value.to_vec())).unwrap()).collect();
        prop_assert_eq!(written, those(&model, |_| true));
    }
}

#[test]
fn what_comes_and_goes_soon_never_reaches_the_engine() {
    let folder = tempfile::tempdir().unwrap();
    let index = open(&folder);
    let mut overlay = index.overlay();
    for key in 0_u32..100 {
        overlay.put_new(key.to_be_bytes(), [1]).unwrap();
    }
    index.apply(overlay).unwrap();
    let mut overlay = index.overlay();
    (0_u32..100).for_each(|key| overlay.delete(key.to_be_bytes()).unwrap());
    index.apply(overlay).unwrap();
    assert!(!index.recent_mut().age(), "nothing is left to be said");
    assert!(index.db.is_empty());
}

#[test]
fn memory_holds_two_generations_at_most() {
    let folder = tempfile::tempdir().unwrap();
    let index = open(&folder);
    for batch in 0..6 * recent::GENERATION as u32 / 16 {
        let mut overlay = index.overlay();
        (0..16).for_each(|key| overlay.put_new((batch * 16 + key).to_be_bytes(), [1]).unwrap());
        index.apply(overlay).unwrap();
        assert!(index.recent().len() <= 2 * recent::GENERATION);
    }
    assert!(index.db.len() >= 4 * recent::GENERATION);
}

#[test]
fn a_reader_misses_nothing_while_changes_move_into_the_engine() {
    let folder = tempfile::tempdir().unwrap();
    let index = open(&folder);
    let constant: Vec<Vec<u8>> = (0_u32..500).map(|key| (2 * key).to_be_bytes().to_vec()).collect();
    let mut overlay = index.overlay();
    constant.iter().for_each(|key| overlay.put_new(key.clone(), [1]).unwrap());
    index.apply(overlay).unwrap();
    let done = AtomicBool::new(false);
    std::thread::scope(|threads| {
        threads.spawn(|| {
            for round in 0_u32..300 {
                let mut overlay = index.overlay();
                // Written again each time, so that they leave the engine's shadow and enter it again.
                constant.iter().skip(round as usize % 7).step_by(7).for_each(|key| {
                    overlay.put(key.clone(), round.to_be_bytes()).unwrap();
                });
                (0..50).for_each(|key| overlay.put((2 * (round * 50 + key) + 1).to_be_bytes(), [2]).unwrap());
                index.apply(overlay).unwrap();
                index.recent_mut().age();
                index.settle(60).unwrap();
            }
            done.store(true, Ordering::SeqCst);
        });
        let mut reads = 0;
        while !done.load(Ordering::SeqCst) || reads == 0 {
            let found: Vec<Vec<u8>> = pairs(index.range(&[], None)).into_iter().map(|(key, _)| key).collect();
            assert!(found.is_sorted_by(|one, next| one < next));
            let even = found.iter().filter(|key| key[3] % 2 == 0).cloned().collect::<Vec<_>>();
            assert_eq!(even, constant);
            reads += 1;
        }
    });
}

#[test]
fn keys_and_values_above_their_bounds_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut overlay = open(&folder).overlay();
    overlay.put([0; KEY_MAX], [0; VALUE_MAX]).unwrap();
    assert!(matches!(overlay.put([0; KEY_MAX + 1], []), Err(IndexError::TooLong { what: "key", len: 65 })));
    assert!(matches!(
        overlay.put([0], [0; VALUE_MAX + 1]),
        Err(IndexError::TooLong { what: "value", len: 513 })
    ));
    assert!(overlay.delete([0; KEY_MAX + 1]).is_err());
}
