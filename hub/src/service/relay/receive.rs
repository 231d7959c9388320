//! Handing over: what waits for one device, in the order of its cursor, and what the device says about it.
//!
//! One task serves a stream. It takes requests as they come, hands over a page at a time while there is credit,
//! and sleeps when nothing waits. That a page is handed over is on disk before its first byte goes, and what was taken back until then
//! is left out: a sender who is told that nobody had a message can rely on it. The next page is read meanwhile; receipts hold none up,
//! and what the device said is answered in order, each time when it is on disk.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesOrdered;
use samverkan_proto::ids::MessageId;
use samverkan_proto::limits::{MAX_CREDIT, MAX_DEVICE_BATCH};
use samverkan_proto::reason::Refusal;
use samverkan_proto::statement::batch::VerifiedDeviceReceipt;
use samverkan_proto::v1::receive_request::Step;
use samverkan_proto::v1::receive_response::Item;
use samverkan_proto::v1::{
    Acknowledge, Acknowledged, CaughtUp, Delivery, Event, ReceiptFailure, ReceiveRequest, Start, Stop,
};
use samverkan_proto::{Fault, InvalidField};
use tonic::Streaming;

use super::Line;
use super::outbox::{Gone, Outbox, Outlet, outbox};
use crate::caller::Caller;
use crate::error;
use crate::hub::Hub;
use crate::metrics::StreamKind;
use crate::policy::ReceivePermit;
use crate::policy::receipts::may_say;
use crate::service::gate::in_our_words;
use crate::service::trace;
use crate::store::{self, StoreError, Subscription, Waiting};

/// Items read from the store at once.
const PAGE: u32 = 64;

/// Bytes read from the store at once; one item may be larger.
const PAGE_BYTES: usize = 64 << 10;

/// How often, and after what time each, a stream asks a busy store again before it gives up.
const PATIENCE: u32 = 200;
const BREATH: Duration = Duration::from_millis(10);

/// Sayings of one stream that may be on their way to disk.
const MAX_PENDING: usize = 16;

/// Pages that wait for the note that they are handed over.
const MAX_PAGES: usize = 2;

/// What is on its way to disk, and what comes of it.
type Pending<'a, T> = Pin<Box<dyn Future<Output = Result<T, End>> + Send + 'a>>;

/// A piece of what waits, once nothing in it was taken back.
struct Page {
    items: Vec<store::Item>,
    /// How many were left out of it.
    left_out: u32,
    /// The cursor behind it, when that was all.
    end: Option<u64>,
}

/// Why a stream ends.
enum End {
    /// The client is done, or gone.
    Left,
    /// It is told why.
    Refused(Refusal),
}

impl From<Gone> for End {
    fn from(Gone: Gone) -> Self {
        Self::Left
    }
}

impl From<Refusal> for End {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// Starts a stream for the device that `permit` names.
pub(super) fn start(
    hub: Arc<Hub>,
    permit: ReceivePermit,
    line: Line,
    requests: Streaming<ReceiveRequest>,
) -> Outlet {
    let (outbox, outlet) = outbox();
    let cut = line.hangup.token().clone();
    let served = async move {
        let _open = hub.metrics.stream_opened(StreamKind::Receive);
        let end = serve(&hub, permit, &line, requests, &outbox).await;
        let Err(End::Refused(refusal)) = end else { return trace::ended(None) };
        trace::ended(Some(&refusal));
        // The reader may have left meanwhile.
        let _ = outbox.end(hub.refuse(refusal)).await;
    };
    trace::serve_stream(cut, served);
    outlet
}

async fn serve(
    hub: &Hub,
    permit: ReceivePermit,
    line: &Line,
    mut requests: Streaming<ReceiveRequest>,
    outbox: &Outbox,
) -> Result<(), End> {
    let leaving = async { Err(End::Refused(Refusal::new(line.hangup.leaving().await))) };
    let work = async {
        let Some(first) = next_step(&mut requests).await? else { return Ok(()) };
        let subscription = hub.store.subscribe(permit.device());
        let mut stream = Stream::begin(hub, permit, line, outbox, subscription, first)?;
        stream.run(&mut requests).await
    };
    tokio::select! {
        biased;
        end = leaving => end,
        end = work => end,
    }
}

/// The next request; `None` when the client will send no more.
async fn next_step(requests: &mut Streaming<ReceiveRequest>) -> Result<Option<Step>, End> {
    const ABSENT: InvalidField = Fault::Truncated.in_field("step");
    match requests.message().await {
        Ok(Some(request)) => Ok(Some(request.step.ok_or(Refusal::from(ABSENT))?)),
        Ok(None) => Ok(None),
        // Bytes that can not be read are named; of a connection that broke nobody hears.
        Err(status) => Err(in_our_words(&status).map_or(End::Left, End::Refused)),
    }
}

/// A stream that has begun.
struct Stream<'a> {
    hub: &'a Hub,
    permit: ReceivePermit,
    line: &'a Line,
    outbox: &'a Outbox,
    subscription: Subscription,
    /// The newest item that was queued; 0 = none.
    cursor: u64,
    /// Items that may still be queued.
    credit: u32,
    /// Whether the client knows that nothing waits after `cursor`.
    told_empty: bool,
    /// What the device said and is on its way to disk, in order, with the answer to it.
    pending: FuturesOrdered<Pending<'a, Acknowledged>>,
    /// What goes to the device next, in order.
    pages: FuturesOrdered<Pending<'a, Page>>,
}

impl<'a> Stream<'a> {
    fn begin(
        hub: &'a Hub,
        permit: ReceivePermit,
        line: &'a Line,
        outbox: &'a Outbox,
        subscription: Subscription,
        first: Step,
    ) -> Result<Self, Refusal> {
        let Step::Start(Start { credit }) = first else {
            return Err(Fault::Truncated.in_field("start").into());
        };
        if !(1..=MAX_CREDIT).contains(&credit) {
            return Err(Fault::CountOutOfRange.in_field("credit").into());
        }
        let (pending, pages) = (FuturesOrdered::new(), FuturesOrdered::new());
        // From the first item on: what an earlier stream has sent may have been lost on the way to its disk.
        Ok(Self {
            hub,
            permit,
            line,
            outbox,
            subscription,
            cursor: 0,
            credit,
            told_empty: false,
            pending,
            pages,
        })
    }

    async fn run(&mut self, requests: &mut Streaming<ReceiveRequest>) -> Result<(), End> {
        loop {
            let room = self.pending.len() < MAX_PENDING;
            let more = self.pages.len() < MAX_PAGES && self.credit > 0 && !self.told_empty;
            // Requests come before what waits: they are few, and what they say makes the queue shorter.
            tokio::select! {
                biased;
                Some(answer) = self.pending.next(), if !self.pending.is_empty() => {
                    self.outbox.put(Item::Acknowledged(answer?)).await?;
                }
                Some(page) = self.pages.next(), if !self.pages.is_empty() => self.queue(page?).await?,
                step = next_step(requests), if room => match step? {
                    Some(Step::Acknowledge(said)) => self.acknowledge(&said)?,
                    Some(Step::Credit(more)) => self.credit = self.credit.saturating_add(more).min(MAX_CREDIT),
                    Some(Step::Start(_)) => {
                        return Err(Refusal::from(Fault::NotAscending.in_field("start")).into());
                    }
                    None => return self.finish().await,
                },
                () = self.subscription.woken(), if self.told_empty => self.told_empty = false,
                () = std::future::ready(()), if more => self.turn_page().await?,
            }
        }
    }

    /// Answers what the device said last, and queues what was on its way to it, before the stream ends.
    async fn finish(&mut self) -> Result<(), End> {
        while let Some(answer) = self.pending.next().await {
            self.outbox.put(Item::Acknowledged(answer?)).await?;
        }
        while let Some(page) = self.pages.next().await {
            self.queue(page?).await?;
        }
        Ok(())
    }

    /// Reads one page of what waits, and has it noted as handed over.
    async fn turn_page(&mut self) -> Result<(), End> {
        let (device, items) = (self.permit.device(), self.credit.min(PAGE) as usize);
        let waiting = self.hub.store.waiting(device, self.cursor, items, PAGE_BYTES).await;
        let Waiting { items, through, caught_up } = waiting.map_err(error::of_store)?;
        // No more than a page's items.
        self.credit -= items.len() as u32;
        (self.cursor, self.told_empty) = (through, caught_up);
        let page = note(self.hub, self.permit, items, caught_up.then_some(through));
        self.pages.push_back(Box::pin(page));
        Ok(())
    }

    /// Queues a page that is noted, and says so when that was all.
    async fn queue(&mut self, page: Page) -> Result<(), End> {
        self.credit = self.credit.saturating_add(page.left_out).min(MAX_CREDIT);
        for item in page.items {
            self.outbox.put(on_the_wire(item)).await?;
        }
        if let Some(cursor) = page.end {
            self.outbox.put(Item::CaughtUp(CaughtUp { cursor })).await?;
        }
        Ok(())
    }

    /// Verifies what the device says; the answer comes when it is on disk.
    fn acknowledge(&mut self, said: &Acknowledge) -> Result<(), End> {
        if said.receipts.len() > MAX_DEVICE_BATCH.into() {
            return Err(Refusal::from(Fault::CountOutOfRange.in_field("receipts")).into());
        }
        let (registry, now_ms) = (self.hub.store.registry(), self.hub.clock.now_ms());
        let caller = Caller::behind(&self.line.certificate, &registry, now_ms)?;
        let verified = may_say(&caller, &said.receipts);
        self.pending.push_back(Box::pin(take(self.hub, self.permit, verified, said.events_through)));
        Ok(())
    }
}

/// Has the store note that a page goes to the device, and leaves out what is gone by then.
async fn note(
    hub: &Hub,
    permit: ReceivePermit,
    mut items: Vec<store::Item>,
    end: Option<u64>,
) -> Result<Page, End> {
    let messages: Vec<MessageId> = items.iter().filter_map(message_id).collect();
    let before = items.len();
    if !messages.is_empty() {
        let noted = || hub.store.handed_over(permit.org(), permit.device(), messages.clone());
        let gone = patiently(noted).await.map_err(error::of_store)?;
        items.retain(|item| message_id(item).is_none_or(|id| !gone.contains(&id)));
    }
    // No more than a page's items.
    let left_out = (before - items.len()) as u32;
    Ok(Page { items, left_out, end })
}

/// Has the store take what a device says, and gives the answer to it.
async fn take(
    hub: &Hub,
    permit: ReceivePermit,
    verified: Vec<Result<VerifiedDeviceReceipt, Refusal>>,
    events_through: u64,
) -> Result<Acknowledged, End> {
    let (org, device) = (permit.org(), permit.device());
    let good: Vec<VerifiedDeviceReceipt> = verified.iter().filter_map(|v| v.as_ref().ok()).cloned().collect();
    let mut taken = Vec::new();
    if !good.is_empty() {
        let take = || hub.store.receipts(org, device, good.clone());
        taken = patiently(take).await.map_err(error::of_store)?;
    }
    if events_through > 0 {
        patiently(|| hub.store.events_taken(device, events_through)).await.map_err(error::of_store)?;
    }
    let mut taken = taken.into_iter();
    let outcomes = verified.into_iter().map(|verified| match verified {
        Ok(_) => taken.next().and_then(Result::err).map(error::of_receipt),
        Err(refusal) => Some(refusal),
    });
    let failures = (0_u32..).zip(outcomes).filter_map(|(index, refusal)| {
        let refusal = refusal?;
        hub.metrics.call_refused(&refusal);
        Some(ReceiptFailure { index, failure: Some((&refusal).into()) })
    });
    Ok(Acknowledged { failures: failures.collect() })
}

fn message_id(item: &store::Item) -> Option<MessageId> {
    match item {
        store::Item::Delivery { message_id, .. } => Some(*message_id),
        store::Item::Event { .. } | store::Item::Stop { .. } => None,
    }
}

fn on_the_wire(item: store::Item) -> Item {
    match item {
        store::Item::Delivery { cursor, header, wrap, rewrap, content, submission_receipt, .. } => {
            let submission_receipt = submission_receipt.into();
            Item::Delivery(Delivery { cursor, header, wrap, content, submission_receipt, rewrap })
        }
        store::Item::Event { cursor, receipt } => Item::Event(Event { cursor, receipt: receipt.into() }),
        store::Item::Stop { cursor, message_id, statement } => {
            let message_id = message_id.as_bytes().to_vec().into();
            Item::Stop(Stop { cursor, message_id, statement })
        }
    }
}

/// Asks a busy store again for a while: what a stream has to say should not end the stream.
async fn patiently<T, F>(mut operation: impl FnMut() -> F) -> Result<T, StoreError>
where
    F: Future<Output = Result<T, StoreError>>,
{
    for _ in 0..PATIENCE {
        match operation().await {
            Err(StoreError::Busy) => tokio::time::sleep(BREATH).await,
            done => return done,
        }
    }
    Err(StoreError::Busy)
}
