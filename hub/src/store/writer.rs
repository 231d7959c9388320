//! The one thread, or task, that changes the store.
//!
//! It takes jobs from a bounded queue, lets each work on the draft of a batch, makes the batch durable with one
//! sync, shows it, and only then answers. There is no timer: the next batch forms while this one is being synced.

use std::collections::VecDeque;
use std::io;
use std::ops::ControlFlow;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use arc_swap::ArcSwap;
use samverkan_proto::limits::MAX_HUB_BATCH;
use samverkan_proto::statement::batch::ProofMaker;
use samverkan_proto::statement::log::LogTree;
use samverkan_proto::statement::receipt::HubRecord;
use tokio::sync::{mpsc, oneshot, watch};

use super::Signers;
use super::bells::Bells;
use super::draft::{Draft, Finished, Heads};
use super::engine::{CommitError, Engine, OpenError};
use super::error::StoreError;
use super::inbox::{Inbox, SHARE};
use super::journal::{AppendError, Contents, Room};
use super::proofs::Proofs;
use super::record::mail::Given;
use super::stats::Counters;
use super::sweep::Sweep;
use super::tidy::{Copying, Tidying};
use crate::blob::{BlobFiles, BlobKey};
use crate::clock::Clock;
use crate::registry::Registry;

/// Jobs that may wait for the writer.
pub(super) const QUEUE: usize = 1024;
/// Jobs in one batch.
const BATCH_JOBS: usize = 256;
/// Bytes after which a batch takes no further job.
const BATCH_BYTES: usize = 1 << 20;

/// What a committed batch gives to those who waited for it.
pub(super) struct Committed {
    /// The registry after the batch.
    pub(super) registry: Arc<Registry>,
    proofs: Vec<(u64, Arc<ProofMaker>)>,
    receipts: Vec<HubRecord>,
    first_batch: u64,
}

impl Committed {
    /// A receipt that was given in this batch, with its proof.
    pub(super) fn proof(&self, given: &Given) -> Result<Vec<u8>, StoreError> {
        let broken = StoreError::Internal("a receipt is not in its batch");
        let chunk = given.batch.checked_sub(self.first_batch).and_then(|chunk| usize::try_from(chunk).ok());
        let (_, maker) = chunk.and_then(|chunk| self.proofs.get(chunk)).ok_or(broken.clone())?;
        let index = chunk.unwrap_or(0) * usize::from(MAX_HUB_BATCH) + usize::from(given.leaf);
        let receipt = self.receipts.get(index).ok_or(broken.clone())?;
        maker.prove(receipt, given.leaf).map_err(|_| broken)
    }
}

/// Answers a waiting caller once the fate of the batch is known.
pub(super) type Answer = Box<dyn FnOnce(Result<&Committed, StoreError>) + Send>;

/// Works on the draft, or learns why it may not.
type Work = Box<dyn FnOnce(Result<&mut Draft, StoreError>) -> Answer + Send>;

/// Whether a piece of work stands aside while others are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// Somebody waits for it.
    Hurried,
    /// It can wait for a moment.
    Aside,
}

/// A piece of work for the writer.
pub(super) struct Job {
    /// Whether it stands aside.
    pub(super) turn: Turn,
    /// Whether it may use the last free space.
    pub(super) room: Room,
    /// What it gives is called when the batch is durable, or lost.
    pub(super) run: Work,
}

/// Whom to tell that the store is closed, and how it went.
type Stopped = oneshot::Sender<Result<(), OpenError>>;

/// What the writer can be told.
pub(super) enum Order {
    Work(Job),
    /// What the segment holds that is worth copying.
    Surveyed(u32, io::Result<Contents>),
    /// Stop cleanly, and say when it is done.
    Stop(Stopped),
}

/// What the writer shows to everybody else.
#[derive(Debug)]
pub(super) struct Shown {
    pub(super) registry: ArcSwap<Registry>,
    /// What has a lower number than this is in the index, or has been there; what has not may still come.
    pub(super) unseen: AtomicU64,
    pub(super) changed: watch::Sender<u64>,
    pub(super) failed: watch::Sender<bool>,
    pub(super) proofs: Proofs,
    pub(super) bells: Bells,
    pub(super) counters: Counters,
}

/// The writer's own state.
pub(super) struct Writer {
    pub(super) engine: Engine,
    pub(super) tree: LogTree,
    pub(super) signers: Signers,
    pub(super) clock: Clock,
    pub(super) shown: Arc<Shown>,
    pub(super) heads: Heads,
    pub(super) sweeps: VecDeque<Sweep>,
    pub(super) tidying: Tidying,
    /// Where threads of its own send what they found; without it the writer looks for itself.
    pub(super) found: Option<mpsc::WeakSender<Order>>,
    /// Bytes of the last batch.
    pub(super) came: usize,
    pub(super) files: BlobFiles,
}

impl Writer {
    /// Works until it is told to stop, or nobody can tell it anything any more.
    pub(super) fn run(mut self, orders: mpsc::Receiver<Order>) {
        let _alarm = Alarm(Arc::clone(&self.shown));
        let mut inbox = Inbox::new(orders);
        loop {
            self.tidy_until_told(&inbox);
            let Some(order) = inbox.wait() else { return };
            if let ControlFlow::Break(done) = self.obey(order, &mut inbox) {
                return self.stop(done, inbox);
            }
        }
    }

    /// The same without a thread of its own.
    pub(super) async fn run_as_task(mut self, orders: mpsc::Receiver<Order>) {
        let _alarm = Alarm(Arc::clone(&self.shown));
        let mut inbox = Inbox::new(orders);
        loop {
            self.tidy_until_told(&inbox);
            let Some(order) = inbox.next().await else { return };
            if let ControlFlow::Break(done) = self.obey(order, &mut inbox) {
                return self.stop(done, inbox);
            }
        }
    }

    /// Does the pending work while there is no order.
    fn tidy_until_told(&mut self, inbox: &Inbox) {
        while inbox.is_idle() && self.background() {}
    }

    /// Does a job and those that wait behind it; breaks off with whoever is to be told that the writer has stopped.
    fn obey(&mut self, order: Order, inbox: &mut Inbox) -> ControlFlow<Stopped> {
        let mut copied = false;
        let stop = match order {
            Order::Work(first) => {
                self.tidying.hope();
                self.batch(first, inbox, &mut copied)
            }
            Order::Surveyed(segment, contents) => {
                self.begin_to_copy(segment, contents);
                None
            }
            Order::Stop(done) => Some(done),
        };
        // Under load there is no idle moment, so a piece of the pending work follows every batch, unless one went along with it.
        if !copied || !self.sweeps.is_empty() {
            self.background();
        }
        stop.map_or(ControlFlow::Continue(()), ControlFlow::Break)
    }

    fn stop(mut self, done: Stopped, mut inbox: Inbox) {
        inbox.close();
        while let Some(job) = inbox.aside() {
            self.batch(job, &mut inbox, &mut false);
        }
        while !self.sweeps.is_empty() && self.background() {}
        let closed = if self.sweeps.is_empty() {
            self.engine.close()
        } else {
            // A sweep stands nowhere: it is derived again when the index is.
            tracing::warn!("there is still something to be done: the next start builds the index again");
            self.engine.close_unmarked()
        };
        // Whoever asked may have gone; the store is closed all the same.
        let _ = done.send(closed);
    }

    /// Does a piece of the pending work; gives whether there was any.
    fn background(&mut self) -> bool {
        // What is to be swept depends on the whole log.
        if *self.shown.failed.borrow() || self.shown.registry.load().log().is_behind() {
            return false;
        }
        let done = if self.sweeps.is_empty() { self.tidy() } else { self.sweep() };
        match done {
            Ok(more) => more,
            // No room now: it is tried again after the next piece of work. After any other error the store has stopped, or
            // contradicts itself, and the next start takes it up.
            Err(error) => {
                self.tidying = Tidying::Refused;
                self.failed(error);
                false
            }
        }
    }

    fn sweep(&mut self) -> Result<bool, StoreError> {
        let Some(sweep) = self.sweeps.front().copied() else { return Ok(false) };
        let mut left = None;
        self.run_alone(|draft| {
            left = sweep.step(draft)?;
            Ok(())
        })?;
        self.sweeps.pop_front();
        self.sweeps.extend(left);
        Ok(true)
    }

    /// Gives a piece of disk space back; gives whether there may be more to do at once.
    fn tidy(&mut self) -> Result<bool, StoreError> {
        match std::mem::take(&mut self.tidying) {
            Tidying::Resting => {
                let journal = self.engine.journal();
                let reaped = journal.reap()?;
                let Some(segment) = Copying::candidate(journal) else { return Ok(reaped > 0) };
                let survey = journal.survey(segment);
                self.survey(segment, survey);
            }
            waiting @ (Tidying::Surveying | Tidying::Refused) => {
                self.tidying = waiting;
                return Ok(false);
            }
            Tidying::Copying(copying) if copying.is_done() => copying.end(self.engine.journal())?,
            Tidying::Copying(mut copying) => {
                let (reader, came) = (self.engine.reader(), self.came);
                self.run_alone(|draft| copying.step(draft, &reader, came))?;
                self.tidying = Tidying::Copying(copying);
            }
        }
        Ok(true)
    }

    /// Looks up what a segment holds, on a thread of its own: whoever hands in a message should not wait for it.
    fn survey(&mut self, segment: u32, survey: impl FnOnce() -> io::Result<Contents> + Send + 'static) {
        let Some(found) = self.found.clone() else { return self.begin_to_copy(segment, survey()) };
        let looking = std::thread::Builder::new().name("store-survey".to_owned()).spawn(move || {
            let contents = std::panic::catch_unwind(AssertUnwindSafe(survey));
            let contents = contents.unwrap_or_else(|_| Err(io::Error::other("it panicked")));
            if let Some(found) = found.upgrade() {
                // A writer that has stopped needs it no more.
                let _ = found.blocking_send(Order::Surveyed(segment, contents));
            }
        });
        self.tidying = if looking.is_ok() { Tidying::Surveying } else { Tidying::Refused };
    }

    /// Begins to copy the segment that was looked through.
    fn begin_to_copy(&mut self, segment: u32, contents: io::Result<Contents>) {
        self.tidying = match contents {
            Ok(contents) => Tidying::Copying(Copying::begin(self.engine.journal(), contents)),
            Err(error) => {
                tracing::error!(cause = %error, segment, "a segment can not be looked through, so its space is not given back");
                // The others can, and this one would be found again and again.
                self.engine.journal().leave(segment);
                Tidying::Resting
            }
        };
    }

    /// Forms and commits one batch; gives the order to stop, if it came meanwhile. `copied` says whether a piece of the segment that is
    /// being copied went along: it costs no sync of its own then.
    fn batch(&mut self, first: Job, inbox: &mut Inbox, copied: &mut bool) -> Option<Stopped> {
        let (draft, room) = match self.begin() {
            Ok(begun) => begun,
            Err(error) => {
                refuse(first, self.failed(error));
                return None;
            }
        };
        let mut forming = Forming { draft, room, answers: Vec::new() };
        let mut next = Some(Order::Work(first));
        let stop = loop {
            match next {
                Some(Order::Stop(done)) => break Some(done),
                Some(Order::Surveyed(segment, contents)) => self.begin_to_copy(segment, contents),
                Some(Order::Work(job)) => forming.work(job),
                None => break None,
            }
            if forming.is_full() {
                break None;
            }
            next = inbox.hurried();
        };
        forming.work_aside(inbox);
        let Forming { mut draft, answers, .. } = forming;
        let spoilt = draft.is_spoilt();
        self.came = draft.len();
        if !spoilt {
            *copied = self.copy_along(&mut draft);
        }
        let outcome = if spoilt { Err(SPOILT) } else { self.commit(draft) };
        if outcome.is_ok() {
            self.shown.counters.batch(answers.len());
        }
        for answer in answers {
            answer(outcome.as_ref().map_err(Clone::clone));
        }
        stop
    }

    /// Puts a piece of the segment that is being copied into a batch; gives whether there was one.
    fn copy_along(&mut self, draft: &mut Draft) -> bool {
        let Tidying::Copying(copying) = &mut self.tidying else { return false };
        if copying.is_done() {
            return false;
        }
        if let Err(error) = copying.step(draft, &self.engine.reader(), self.came) {
            // What was copied before stays in the batch, whole.
            self.failed(error);
            self.tidying = Tidying::Refused;
        }
        true
    }

    /// Runs one job by itself, which may use the last free space.
    pub(super) fn run_alone(
        &mut self,
        job: impl FnOnce(&mut Draft) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let (mut draft, _) = self.begin().map_err(|error| self.failed(error))?;
        job(&mut draft)?;
        self.commit(draft).map(|_| ())
    }

    fn begin(&mut self) -> Result<(Draft, Room), StoreError> {
        let (transaction, room) = match self.engine.begin(Room::Ordinary) {
            Err(CommitError::Journal(AppendError::NoSpace)) => {
                (self.engine.begin(Room::Reserve)?, Room::Reserve)
            }
            begun => (begun?, Room::Ordinary),
        };
        let registry = self.shown.registry.load_full();
        let heads = std::mem::take(&mut self.heads);
        let reader = self.engine.reader();
        Ok((Draft::new(self.clock.now_ms(), transaction, reader, registry, heads), room))
    }

    fn commit(&mut self, draft: Draft) -> Result<Committed, StoreError> {
        let finished = draft.finish(&self.signers.receipt)?;
        let begun = Instant::now();
        let sync = self.engine.commit(finished.transaction).map_err(|error| self.failed(error.into()))?;
        // After the index knows of the batch, and before anybody is woken for it.
        self.shown.unseen.store(self.engine.journal().next_seq(), Ordering::Release);
        let (counters, live_bytes) = (&self.shown.counters, self.engine.journal().live_bytes());
        counters.committed(begun.elapsed(), sync, live_bytes);
        finished.ended.iter().for_each(|state| counters.ended(*state));
        self.heads = finished.heads;
        let mut registry = finished.registry;
        for leaf in &finished.leaves {
            self.tree.append(&leaf.encode());
        }
        let now_ms = self.clock.now_ms();
        let signs = !finished.leaves.is_empty() || registry.log().needs_signing(now_ms);
        if signs {
            let checkpoint = self.signers.checkpoint(registry.log(), self.tree.head(), now_ms);
            Arc::make_mut(&mut registry).sign_log(checkpoint);
        }
        let is_new = registry.generation() != self.shown.registry.load().generation();
        if signs || is_new {
            self.shown.registry.store(Arc::clone(&registry));
        }
        // Another time on the same log is nothing that anybody has to decide anew for.
        if is_new {
            self.shown.changed.send_replace(registry.generation());
        }
        for (batch, maker) in &finished.proofs {
            self.shown.proofs.add(*batch, Arc::clone(maker));
        }
        self.shown.bells.ring(&finished.wake);
        self.sweeps.extend(finished.sweeps.iter().copied());
        self.remove_files(finished.blobs);
        let Finished { proofs, receipts, batch: first_batch, .. } = finished;
        Ok(Committed { registry, proofs, receipts, first_batch })
    }

    /// Removes the files of attachments whose records are gone, on a thread of its own: a large file takes long. What
    /// can not be removed is found by the next start.
    fn remove_files(&self, blobs: Vec<BlobKey>) {
        if blobs.is_empty() {
            return;
        }
        let files = self.files.clone();
        let removal = std::thread::Builder::new().name("store-blobs".to_owned());
        let _ = removal.spawn(move || blobs.iter().for_each(|key| drop(files.remove(key))));
    }

    /// Tells everybody when the store has failed for good.
    fn failed(&self, error: StoreError) -> StoreError {
        if error == StoreError::Failed {
            self.shown.failed.send_replace(true);
        }
        error
    }
}

/// A batch that takes jobs.
struct Forming {
    draft: Draft,
    room: Room,
    answers: Vec<Answer>,
}

impl Forming {
    fn work(&mut self, job: Job) {
        if job.room == Room::Ordinary && self.room == Room::Reserve {
            return refuse(job, StoreError::Full);
        }
        self.answers.push((job.run)(Ok(&mut self.draft)));
    }

    fn is_full(&self) -> bool {
        self.draft.is_spoilt() || self.answers.len() >= BATCH_JOBS || self.draft.len() >= BATCH_BYTES
    }

    /// Does a share of what stands aside: as much as was done for the others, and never nothing.
    fn work_aside(&mut self, inbox: &mut Inbox) {
        let before = self.draft.changes();
        let most = before + before.max(SHARE);
        while !self.draft.is_spoilt()
            && self.draft.changes() < most
            && let Some(job) = inbox.aside()
        {
            self.work(job);
        }
    }
}

const SPOILT: StoreError = StoreError::Internal("an operation refused after it had changed something");

fn refuse(job: Job, error: StoreError) {
    (job.run)(Err(error.clone()))(Err(error));
}

/// Says that the store has failed when the writer dies of a panic.
struct Alarm(Arc<Shown>);

impl Drop for Alarm {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.failed.send_replace(true);
        }
    }
}
