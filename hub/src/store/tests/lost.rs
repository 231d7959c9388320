//! A log that has lost its end on disk.

use std::fs::OpenOptions;
use std::os::unix::fs::FileExt;

use super::mail::{PRIMARY, accept, message};
use super::*;
use crate::store::key;

#[tokio::test]
async fn a_log_whose_end_is_lost_is_not_continued_while_receipts_answer_for_it() {
    let hub = TestHub::new();
    let (sender, recipient) = (TestOrg::new(1), TestOrg::new(2));
    hub.activate(&sender).await;
    hub.activate(&recipient).await;
    accept(&hub, &message(&hub, &sender, &[(&recipient, PRIMARY)])).await.unwrap();
    let last = hub.store.registry().log().size() - 1;
    let entry = hub.store.read(move |view| Ok(key::location(&view.index.get(&key::log(last))?.unwrap())));
    let entry = entry.await.unwrap().unwrap();
    hub.store.close().await.unwrap();
    std::fs::remove_file(hub.path.join("clean")).unwrap();
    let segment = hub.path.join(format!("segments/{:010}.seg", entry.segment));
    let file = OpenOptions::new().write(true).open(segment).unwrap();
    file.write_all_at(&vec![0; entry.len as usize], u64::from(entry.offset)).unwrap();

    let TestHub { _outer, path, clock, store, .. } = hub;
    drop(store);
    let opened = Store::open(&path, signers(), clock, StoreOptions::default()).map(|_| ());
    assert!(matches!(opened, Err(StoreOpenError::LogMissing { index }) if index == last), "{opened:?}");
}
