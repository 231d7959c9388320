//! A receive stream, item by item.

use super::statement::{RawReceipt, prove_alone};
use super::{Device, Peer, Refused, now_ms};
use crate::until::in_time;
use samverkan_proto::v1::{
    Acknowledge, Acknowledged, CaughtUp, Delivery, Event, ReceiptFailure, ReceiveRequest, ReceiveResponse,
    Start, Stop, receive_request::Step, receive_response,
};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Streaming;

pub use receive_response::Item;

/// Requests that wait to be sent; a test never has as many.
const QUEUE: usize = 64;
/// Credit that no test uses up.
const CREDIT: u32 = 1024;

/// An open receive stream. Dropping it ends the stream.
#[derive(Debug)]
pub struct Inbox {
    steps: mpsc::Sender<ReceiveRequest>,
    answers: Streaming<ReceiveResponse>,
}

impl Inbox {
    /// Opens a stream, with credit for everything a test sends.
    ///
    /// # Errors
    /// The refusal, when the hub gives it at once.
    pub async fn open(peer: &Peer) -> Result<Self, Refused> {
        Self::open_with(peer, Some(Step::Start(Start { credit: CREDIT }))).await
    }

    /// Opens a stream whose first step is any, or none.
    ///
    /// # Errors
    /// The refusal, when the hub gives it at once.
    ///
    /// # Panics
    /// When no answer comes.
    pub async fn open_with(peer: &Peer, first: Option<Step>) -> Result<Self, Refused> {
        let (steps, queue) = mpsc::channel(QUEUE);
        steps.try_send(ReceiveRequest { step: first }).expect("the queue is empty");
        let call = async move { peer.relay().receive(ReceiverStream::new(queue)).await };
        let answers = in_time("a receive stream", call).await?.into_inner();
        Ok(Self { steps, answers })
    }

    /// Sends a step. A stream that has ended does not take it; its refusal comes from [`Inbox::next`].
    pub async fn send(&self, step: Step) {
        // The reader of the queue is gone when the stream has ended.
        let _ = self.steps.send(ReceiveRequest { step: Some(step) }).await;
    }

    /// The next item; `None` when the hub has ended the stream without saying why.
    ///
    /// # Errors
    /// The refusal that ended the stream.
    ///
    /// # Panics
    /// When nothing comes, or an item that says nothing.
    pub async fn next(&mut self) -> Result<Option<Item>, Refused> {
        let message = in_time("an item of a receive stream", self.answers.message()).await?;
        Ok(message.map(|message| message.item.expect("every item says something")))
    }

    /// Everything that waits, until the hub says that nothing more does.
    ///
    /// # Errors
    /// The refusal that ended the stream.
    ///
    /// # Panics
    /// When the stream ends before that.
    pub async fn drain(&mut self) -> Result<Waiting, Refused> {
        let mut waiting = Waiting::default();
        loop {
            match self.next().await?.expect("the stream says when it is caught up") {
                Item::Delivery(delivery) => waiting.deliveries.push(delivery),
                Item::Event(event) => waiting.events.push(event),
                Item::Stop(stop) => waiting.stops.push(stop),
                Item::Acknowledged(acknowledged) => waiting.acknowledged.push(acknowledged),
                Item::CaughtUp(CaughtUp { cursor }) => {
                    waiting.cursor = cursor;
                    return Ok(waiting);
                }
            }
        }
    }

    /// The next delivery, past anything else.
    ///
    /// # Errors
    /// The refusal that ended the stream.
    ///
    /// # Panics
    /// When the stream ends before that.
    pub async fn delivery(&mut self) -> Result<Delivery, Refused> {
        loop {
            if let Item::Delivery(delivery) = self.next().await?.expect("a delivery comes") {
                return Ok(delivery);
            }
        }
    }

    /// The next event, past anything else.
    ///
    /// # Errors
    /// The refusal that ended the stream.
    ///
    /// # Panics
    /// When the stream ends before that.
    pub async fn event(&mut self) -> Result<Event, Refused> {
        loop {
            if let Item::Event(event) = self.next().await?.expect("an event comes") {
                return Ok(event);
            }
        }
    }

    /// Hands in receipts and waits until they are on disk; what comes meanwhile is dropped.
    ///
    /// # Errors
    /// The refusal that ended the stream.
    ///
    /// # Panics
    /// When the stream ends before that.
    pub async fn acknowledge(
        &mut self,
        receipts: Vec<Vec<u8>>,
        events_through: u64,
    ) -> Result<Vec<ReceiptFailure>, Refused> {
        let receipts = receipts.into_iter().map(Into::into).collect();
        self.send(Step::Acknowledge(Acknowledge { receipts, events_through })).await;
        loop {
            let item = self.next().await?.expect("an acknowledgement is answered");
            if let Item::Acknowledged(Acknowledged { failures }) = item {
                return Ok(failures);
            }
        }
    }
}

/// What waited.
#[derive(Clone, Debug, Default)]
pub struct Waiting {
    /// Messages, in order.
    pub deliveries: Vec<Delivery>,
    /// Receipts about own messages, in order.
    pub events: Vec<Event>,
    /// Orders to stop, in order.
    pub stops: Vec<Stop>,
    /// Answers to acknowledgements, in order.
    pub acknowledged: Vec<Acknowledged>,
    /// Of the last item.
    pub cursor: u64,
}

/// The proof in which `device` says that it has stored this delivery: type 1, in a batch of its own.
#[must_use]
pub fn delivered(delivery: &Delivery, org: [u8; 16], device: &Device) -> Vec<u8> {
    said(delivery, org, device, (1, 0))
}

/// The proof of a receipt of any type and reason about this delivery.
#[must_use]
pub fn said(delivery: &Delivery, org: [u8; 16], device: &Device, kind_and_reason: (u8, u8)) -> Vec<u8> {
    let receipt = RawReceipt::about(&delivery.header, org, device.id(), kind_and_reason, now_ms());
    prove_alone(&receipt.encode(), &device.signer)
}
