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

#[tokio::test]
async fn a_record_that_only_its_catalogue_still_holds_is_told_and_the_rest_is_served() {
    let mut hub = TestHub::new();
    let (sender, recipient) = (TestOrg::new(1), TestOrg::new(2));
    hub.activate(&sender).await;
    hub.activate(&recipient).await;
    let (spoilt, whole) =
        (message(&hub, &sender, &[(&recipient, PRIMARY)]), message(&hub, &sender, &[(&recipient, PRIMARY)]));
    let (spoilt_id, device) = (spoilt.id(), recipient.device().id());
    for sealed in [&spoilt, &whole] {
        accept(&hub, sealed).await.unwrap();
    }
    // Something said about it makes a rebuild look at its head.
    hub.store.handed_over(recipient.id(), device, vec![spoilt_id]).await.unwrap();
    let entry =
        hub.store.read(move |view| Ok(key::location(&view.index.get(&key::message(&spoilt_id))?.unwrap())));
    let entry = entry.await.unwrap().unwrap();
    hub.store.close().await.unwrap();
    let segment = |id: u32| hub.path.join(format!("segments/{id:010}.seg"));
    let file = OpenOptions::new().write(true).open(segment(entry.segment)).unwrap();
    file.write_all_at(&vec![0; entry.len as usize], u64::from(entry.offset)).unwrap();
    // The last segment is read frame by frame; this makes another one the last.
    std::fs::write(segment(entry.segment + 1), "").unwrap();

    hub.reopen(Stop::Killed).await;
    assert!(hub.store.stats().unwrap().damaged > 0, "it is told");
    let waiting = hub.store.waiting(device, 0, 10, 1 << 20).await.unwrap();
    assert!(waiting.caught_up);
    assert!(matches!(&waiting.items[..], [Item::Delivery { message_id, .. }] if *message_id == whole.id()));
}
