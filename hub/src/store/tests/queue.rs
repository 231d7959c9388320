//! A device's queue while it grows.

use std::sync::mpsc;

use samverkan_proto::ids::DeviceId;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::mail::{DELIVERED, PRIMARY, accept, message, queue, take, two_orgs};
use super::*;

/// Somebody who reads a device's whole queue, and rests after the first eight entries.
struct Reader {
    cursors: JoinHandle<Result<Vec<u64>, StoreError>>,
    resting: oneshot::Receiver<()>,
    go_on: mpsc::Sender<()>,
}

fn read_with_a_rest(hub: &TestHub, device: DeviceId) -> Reader {
    let (rests, resting) = oneshot::channel();
    let (go_on, goes_on) = mpsc::channel();
    let store = hub.store.clone();
    let cursors = tokio::spawn(async move {
        let read = store.read(move |view| {
            let mut queue = view.queue(&device, 0)?;
            let begun = queue.by_ref().take(8).map(|entry| entry.map(|entry| entry.cursor));
            let mut cursors = begun.collect::<Result<Vec<_>, _>>()?;
            rests.send(()).unwrap();
            goes_on.recv().unwrap();
            for entry in queue {
                cursors.push(entry?.cursor);
            }
            Ok(cursors)
        });
        read.await
    });
    Reader { cursors, resting, go_on }
}

#[tokio::test]
async fn what_comes_while_a_queue_is_read_is_left_to_the_next_reading() {
    let (hub, a, b) = two_orgs().await;
    let (answered, later) = (message(&hub, &b, &[(&a, PRIMARY)]), message(&hub, &b, &[(&a, PRIMARY)]));
    accept(&hub, &answered).await.unwrap();
    take(&hub, &a, a.device(), &answered, DELIVERED).await.unwrap();
    accept(&hub, &later).await.unwrap();
    // More than one page of deliveries behind two events, so that the events are at their end long before.
    for _ in 0..20 {
        accept(&hub, &message(&hub, &a, &[(&b, PRIMARY)])).await.unwrap();
    }
    let reader = read_with_a_rest(&hub, b.device().id());
    reader.resting.await.unwrap();
    // An event, and behind it a delivery.
    take(&hub, &a, a.device(), &later, DELIVERED).await.unwrap();
    accept(&hub, &message(&hub, &a, &[(&b, PRIMARY)])).await.unwrap();
    reader.go_on.send(()).unwrap();
    let seen = reader.cursors.await.unwrap().unwrap();
    let all: Vec<u64> = queue(&hub, b.device()).await.iter().map(Item::cursor).collect();
    assert_eq!((seen.len(), all.len()), (22, 25));
    assert_eq!(seen, all[..22], "a cursor passes over nothing");
}
