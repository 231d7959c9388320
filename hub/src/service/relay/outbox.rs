//! What is queued for one reader: bounded in items and in bytes, so that a slow one costs little.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use samverkan_proto::v1::ReceiveResponse;
use samverkan_proto::v1::receive_response::Item;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_stream::Stream;
use tonic::Status;

/// Bytes queued for one reader. An item that is larger waits until nothing else does.
const BYTES: u32 = 64 << 10;

/// Items queued for one reader.
const ITEMS: usize = 64;

/// Where the hub puts items for a reader.
pub(super) struct Outbox {
    items: mpsc::Sender<Queued>,
    bytes: Arc<Semaphore>,
}

/// Where the reader's stream takes them from.
pub(crate) struct Outlet(mpsc::Receiver<Queued>);

struct Queued {
    /// Boxed: a channel has room for thirty of them from the start, and most readers wait for nothing.
    item: Box<Result<ReceiveResponse, Status>>,
    /// Given back when the reader's stream takes the item.
    _bytes: OwnedSemaphorePermit,
}

/// The reader has gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Gone;

/// An outbox and its outlet.
pub(super) fn outbox() -> (Outbox, Outlet) {
    let (items, outlet) = mpsc::channel(ITEMS);
    (Outbox { items, bytes: Arc::new(Semaphore::new(BYTES as usize)) }, Outlet(outlet))
}

impl Outbox {
    /// Queues an item, as soon as there is room for it.
    pub(super) async fn put(&self, item: Item) -> Result<(), Gone> {
        let weight = u32::try_from(weight(&item)).unwrap_or(BYTES).clamp(1, BYTES);
        self.queue(Ok(ReceiveResponse { item: Some(item) }), weight).await
    }

    /// Queues the end of the stream.
    pub(super) async fn end(&self, status: Status) -> Result<(), Gone> {
        self.queue(Err(status), 1).await
    }

    async fn queue(&self, item: Result<ReceiveResponse, Status>, weight: u32) -> Result<(), Gone> {
        let room = Arc::clone(&self.bytes).acquire_many_owned(weight);
        let bytes = tokio::select! {
            // The semaphore is never closed.
            bytes = room => bytes.map_err(|_| Gone)?,
            () = self.items.closed() => return Err(Gone),
        };
        self.items.send(Queued { item: Box::new(item), _bytes: bytes }).await.map_err(|_| Gone)
    }
}

/// What an item takes, roughly.
fn weight(item: &Item) -> usize {
    match item {
        Item::Delivery(delivery) => {
            delivery.header.len()
                + delivery.wrap.len()
                + delivery.content.len()
                + delivery.submission_receipt.len()
        }
        Item::Event(event) => event.receipt.len(),
        Item::Stop(stop) => stop.statement.len(),
        Item::Acknowledged(acknowledged) => 64 * acknowledged.failures.len(),
        Item::CaughtUp(_) => 8,
    }
}

impl Stream for Outlet {
    type Item = Result<ReceiveResponse, Status>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(cx).map(|queued| queued.map(|queued| *queued.item))
    }
}

#[cfg(test)]
mod tests {
    use samverkan_proto::v1::{CaughtUp, Event};
    use tokio_stream::StreamExt;

    use super::*;

    fn event(len: usize) -> Item {
        Item::Event(Event { cursor: 1, receipt: vec![0; len].into() })
    }

    /// How many items of this length fit before the queue makes its writer wait.
    async fn fitting(len: usize) -> usize {
        // A fresh budget, so that it is the queue and not the runtime that makes the writer wait.
        tokio::task::yield_now().await;
        let (outbox, _outlet) = outbox();
        let mut fit = 0;
        let waiting = futures_util::poll!(std::pin::pin!(async {
            while outbox.put(event(len)).await.is_ok() {
                fit += 1;
            }
        }));
        assert!(waiting.is_pending());
        fit
    }

    #[tokio::test]
    async fn a_reader_that_takes_nothing_gets_no_more_than_its_bounds() {
        assert_eq!(fitting(1).await, ITEMS);
        assert_eq!(fitting(4 << 10).await, 16);
        assert_eq!(fitting(2 << 20).await, 1, "one item larger than everything passes alone");
    }

    #[tokio::test]
    async fn what_is_taken_makes_room_and_comes_in_order() {
        let (outbox, mut outlet) = outbox();
        let writer = tokio::spawn(async move {
            for cursor in 0..500 {
                let receipt = vec![0; 64 << 10].into();
                outbox.put(Item::Event(Event { cursor, receipt })).await.unwrap();
            }
            outbox.end(Status::unavailable("done")).await.unwrap();
        });
        for expected in 0..500 {
            let item = outlet.next().await.unwrap().unwrap().item.unwrap();
            assert!(matches!(item, Item::Event(Event { cursor, .. }) if cursor == expected));
        }
        assert!(outlet.next().await.unwrap().is_err());
        assert!(outlet.next().await.is_none());
        writer.await.unwrap();
    }

    #[tokio::test]
    async fn a_reader_that_leaves_frees_its_writer() {
        let (outbox, outlet) = outbox();
        let writer = tokio::spawn(async move {
            while outbox.put(event(200 << 10)).await.is_ok() {}
            outbox.put(Item::CaughtUp(CaughtUp { cursor: 0 })).await
        });
        drop(outlet);
        assert_eq!(writer.await.unwrap(), Err(Gone));
    }
}
