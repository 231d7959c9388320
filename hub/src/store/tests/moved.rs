//! Records that are moved while somebody reads them.

use std::cell::Cell;

use super::*;
use crate::store::journal::ReadError;
use crate::store::key;

#[tokio::test]
async fn a_record_that_moves_between_two_looks_is_found_where_it_is_now() {
    let hub = TestHub::new();
    hub.activate(&TestOrg::new(1)).await;
    let found = hub.store.read(|view| {
        let (asked, moved) = (key::log(0), key::log(1));
        let gone = Cell::new(false);
        let (_, record) = view
            .look(&asked, |reader, location| {
                if gone.replace(true) {
                    return reader.read(location);
                }
                // What compaction does: the index says where the copy is, then the segment goes.
                let mut overlay = view.index.overlay();
                let there = view.index.get(&moved).unwrap().unwrap();
                overlay.put(asked.clone(), there).unwrap();
                view.index.apply(overlay).unwrap();
                Err(ReadError::Gone)
            })?
            .expect("it is there");
        let (_, expected) = view.record(&moved)?.expect("it is there");
        Ok((record.seq, expected.seq))
    });
    let (found, expected) = found.await.unwrap();
    assert_eq!(found, expected);
}

#[tokio::test]
async fn a_record_that_is_gone_while_the_index_says_otherwise_is_an_error_and_no_endless_search() {
    let hub = TestHub::new();
    let looked = hub.store.read(|view| view.look(&key::log(0), |_, _| Err(ReadError::Gone)).map(|_| ()));
    assert!(matches!(looked.await, Err(StoreError::Internal(_))));
}
