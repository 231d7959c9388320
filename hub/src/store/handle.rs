//! The handle that the rest of the hub holds.

use std::path::Path;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use samverkan_proto::ids::HubName;
use samverkan_proto::limits::SECOND_MS;
use samverkan_proto::sign::Signer;
use samverkan_proto::statement::log::{Checkpoint, HubKeys, TreeHead};
use tokio::sync::{mpsc, oneshot, watch};

use super::bells::Bells;
use super::draft::Draft;
use super::engine::OpenError;
use super::error::StoreError;
use super::executor::Executor;
use super::index::Index;
use super::journal::Room;
use super::open::{OpenReport, StoreOpenError, StoreOptions};
use super::stats::Counters;
use super::view::View;
use super::writer::{Committed, Job, Order, Turn};
use super::{open, writer};
use crate::blob::BlobFiles;
use crate::clock::Clock;
use crate::registry::{Log, Registry};

/// The hub's signing keys, and what clients pin.
#[derive(Debug)]
pub struct Signers {
    /// Signs receipt batches.
    pub receipt: Signer,
    /// Signs checkpoints.
    pub log: Signer,
    /// The hub's name, which the log's origin is made of.
    pub hub: HubName,
    /// The record of the log's first leaf.
    pub hub_keys: HubKeys,
}

impl Signers {
    /// Signs the tree, and says when it was the newest, unless a member has shown a newer one.
    pub(super) fn checkpoint(&self, log: &Log, head: TreeHead, now_ms: u64) -> Checkpoint {
        if log.is_behind() {
            Checkpoint::sign(&self.hub, head, &self.log)
        } else {
            Checkpoint::cosign(&self.hub, head, &self.log, now_ms / SECOND_MS)
        }
    }
}

/// An operation that changes nothing while the log is shorter than the one that was signed.
fn unless_behind<G>(
    operation: impl FnOnce(&mut Draft) -> Result<G, StoreError>,
) -> impl FnOnce(&mut Draft) -> Result<G, StoreError> {
    |draft| if draft.registry().log().is_behind() { Err(StoreError::Behind) } else { operation(draft) }
}

/// The store. Clones share it; it is closed by [`Store::close`], and rebuilt at the next start if nobody did.
#[derive(Clone, Debug)]
pub struct Store {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    orders: mpsc::Sender<Order>,
    view: View,
    files: BlobFiles,
    clock: Clock,
    /// When what abandoned uploads left was last looked for, milliseconds since 1970.
    swept_ms: AtomicU64,
    executor: Executor,
    writer: Mutex<Option<JoinHandle<()>>>,
}

impl Store {
    /// Opens the store in the folder `dir`, which is made when it is missing, and starts its writer. The first
    /// opening puts the hub's keys into the log. Blocks until everything has been read.
    ///
    /// # Errors
    /// [`StoreOpenError`]. Damage to messages is no error: it is in the report.
    pub fn open(
        dir: &Path,
        signers: Signers,
        clock: Clock,
        options: StoreOptions,
    ) -> Result<(Self, OpenReport), StoreOpenError> {
        let executor = options.executor;
        let (writer, report) = open::open(dir, signers, clock.clone(), options)?;
        let files = writer.files.clone();
        let (orders, inbox) = mpsc::channel(writer::QUEUE);
        let view = View {
            index: writer.engine.index(),
            reader: writer.engine.reader(),
            shown: Arc::clone(&writer.shown),
        };
        let writer = Mutex::new(executor.start(writer, orders.downgrade(), inbox).map_err(OpenError::Io)?);
        let swept_ms = AtomicU64::new(0);
        let shared = Shared { orders, view, files, clock, swept_ms, executor, writer };
        Ok((Self { shared: Arc::new(shared) }, report))
    }

    /// The registry as it is on disk now.
    pub fn registry(&self) -> Arc<Registry> {
        self.shared.view.shown.registry.load_full()
    }

    /// The registry's generation; says when it changes.
    pub fn changed(&self) -> watch::Receiver<u64> {
        self.shared.view.shown.changed.subscribe()
    }

    /// Becomes `true` when the disk has failed and nothing is acknowledged any more.
    pub fn failed(&self) -> watch::Receiver<bool> {
        self.shared.view.shown.failed.subscribe()
    }

    /// Stops the writer and marks the stop as clean. Operations that come later are refused with
    /// [`StoreError::Failed`].
    ///
    /// # Errors
    /// When the mark could not be made; the next start then builds the index again. A store that has been closed
    /// before is no error.
    pub async fn close(&self) -> Result<(), OpenError> {
        let (done, closed) = oneshot::channel();
        if self.shared.orders.send(Order::Stop(done)).await.is_err() {
            return Ok(());
        }
        let result = closed.await.unwrap_or(Ok(()));
        let thread = self.shared.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            // It has answered, so this does not take long; a panic has raised its own alarm.
            let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        }
        result
    }

    /// Lets the writer do `operation` and waits until it is durable. What the operation gives is called then, with
    /// what the batch became.
    ///
    /// Refuses with [`StoreError::Behind`] while the log is shorter than the one that was signed.
    pub(super) async fn call<T, F, G>(&self, room: Room, operation: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Draft) -> Result<G, StoreError> + Send + 'static,
        G: FnOnce(&Committed) -> Result<T, StoreError> + Send + 'static,
    {
        self.order(Turn::Hurried, room, unless_behind(operation)).await
    }

    /// The same for what stands aside while others are there, and may use the last free space.
    pub(super) async fn call_aside<T, F, G>(&self, operation: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Draft) -> Result<G, StoreError> + Send + 'static,
        G: FnOnce(&Committed) -> Result<T, StoreError> + Send + 'static,
    {
        self.order(Turn::Aside, Room::Reserve, unless_behind(operation)).await
    }

    /// The same, for what mends a log that is shorter than the one that was signed.
    pub(super) async fn call_also_behind<T, F, G>(&self, operation: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Draft) -> Result<G, StoreError> + Send + 'static,
        G: FnOnce(&Committed) -> Result<T, StoreError> + Send + 'static,
    {
        self.order(Turn::Hurried, Room::Reserve, operation).await
    }

    async fn order<T, F, G>(&self, turn: Turn, room: Room, operation: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Draft) -> Result<G, StoreError> + Send + 'static,
        G: FnOnce(&Committed) -> Result<T, StoreError> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let run = Box::new(move |draft: Result<&mut Draft, StoreError>| -> writer::Answer {
            let done = draft.and_then(|draft| draft.work(operation));
            // A caller that has gone away is no reason to stop.
            match done {
                Ok(finish) => Box::new(move |outcome| drop(answer.send(outcome.and_then(finish)))),
                Err(error) => Box::new(move |_| drop(answer.send(Err(error)))),
            }
        });
        self.shared.orders.try_send(Order::Work(Job { turn, room, run })).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => StoreError::Busy,
            mpsc::error::TrySendError::Closed(_) => StoreError::Failed,
        })?;
        answered.await.unwrap_or(Err(StoreError::Failed))
    }

    /// Reads where waiting for the disk is allowed.
    pub(super) async fn read<T, F>(&self, read: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&View) -> Result<T, StoreError> + Send + 'static,
    {
        let view = self.shared.view.clone();
        self.executor().blocking(move || read(&view)).await.unwrap_or(Err(StoreError::Failed))
    }

    /// Who does what may wait for the disk.
    pub(super) fn executor(&self) -> Executor {
        self.shared.executor
    }

    /// The files of attachments.
    pub(super) fn blob_files(&self) -> &BlobFiles {
        &self.shared.files
    }

    /// The hub's clock.
    pub(super) fn clock(&self) -> &Clock {
        &self.shared.clock
    }

    /// When what abandoned uploads left was last looked for.
    pub(super) fn swept_ms(&self) -> &AtomicU64 {
        &self.shared.swept_ms
    }

    /// The committed index.
    pub(super) fn index(&self) -> &Index {
        &self.shared.view.index
    }

    /// Damaged places on disk that are known.
    pub(super) fn damages(&self) -> u64 {
        self.shared.view.reader.damages() + self.shared.files.damages()
    }

    /// Orders that wait for the writer.
    pub(super) fn queued(&self) -> u64 {
        (self.shared.orders.max_capacity() - self.shared.orders.capacity()) as u64
    }

    /// What is counted.
    pub(super) fn counters(&self) -> &Counters {
        &self.shared.view.shown.counters
    }

    /// The bells of those who wait for something new.
    pub(super) fn bells(&self) -> &Bells {
        &self.shared.view.shown.bells
    }
}
