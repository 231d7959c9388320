//! A device that takes what comes, checks it, and acknowledges it in signed batches.

use super::board::Board;
use crate::loadgen::error::{LoadError, ensure};
use crate::wire::statement::header_hash;
use crate::wire::{Peer, now_ms};
use bytes::Bytes;
use samverkan_proto::ids::{DeviceId, MessageId, OrgId};
use samverkan_proto::limits::MAX_CREDIT;
use samverkan_proto::sign::Signer;
use samverkan_proto::statement::batch::{ProofMaker, sign_batch};
use samverkan_proto::statement::receipt::{DeviceReceipt, Verdict};
use samverkan_proto::v1::receive_request::Step;
use samverkan_proto::v1::receive_response::Item;
use samverkan_proto::v1::{Acknowledge, Acknowledged, Delivery, ReceiveRequest, ReceiveResponse, Start};
use std::collections::VecDeque;
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Streaming;

/// Receipts that one signature covers.
pub const BATCH: usize = 32;
/// Items after which the hub gets new credit.
const CREDIT: u32 = MAX_CREDIT / 4;
/// Steps that wait to be sent.
const QUEUE: usize = 64;

/// An open receive stream of one device.
#[derive(Debug)]
pub struct Subscriber {
    number: u32,
    org: OrgId,
    signer: Arc<Signer>,
    steps: mpsc::Sender<ReceiveRequest>,
    items: Streaming<ReceiveResponse>,
    /// Of the last item; items ascend.
    cursor: u64,
    /// When the hub took in the last message, in milliseconds since 1970.
    taken_in_ms: u64,
    /// Items since the last credit.
    used: u32,
    /// Signed soon.
    unsaid: Vec<DeviceReceipt>,
    /// Sizes of the batches that the hub has not answered.
    unanswered: VecDeque<usize>,
}

impl Subscriber {
    /// Opens the stream of the device whose key this is.
    ///
    /// # Errors
    /// The refusal.
    pub async fn open(number: u32, org: OrgId, signer: Arc<Signer>, peer: &Peer) -> Result<Self, LoadError> {
        let (steps, queue) = mpsc::channel(QUEUE);
        let start = ReceiveRequest { step: Some(Step::Start(Start { credit: MAX_CREDIT })) };
        steps.send(start).await.map_err(|_| LoadError::Ended)?;
        let items = peer.relay().receive(ReceiverStream::new(queue)).await?.into_inner();
        let (unsaid, unanswered) = (Vec::with_capacity(BATCH), VecDeque::new());
        Ok(Self { number, org, signer, steps, items, cursor: 0, taken_in_ms: 0, used: 0, unsaid, unanswered })
    }

    /// Takes everything of one round, and ends when the hub has answered the last acknowledgement.
    ///
    /// # Errors
    /// The refusal that ended the stream, and what [`Board::delivered`] finds.
    pub async fn round(mut self, board: Arc<Board>) -> Result<Self, LoadError> {
        let mut coming = board.letters_for(self.number);
        let mut unacknowledged = coming;
        while unacknowledged > 0 {
            let item = self.items.message().await?.ok_or(LoadError::Ended)?.item;
            match item.ok_or(LoadError::Wrong("an item says nothing"))? {
                Item::Delivery(delivery) => {
                    coming =
                        coming.checked_sub(1).ok_or(LoadError::Wrong("more deliveries than messages"))?;
                    self.take(&delivery, &board).await?;
                    if self.unsaid.len() == BATCH || coming == 0 {
                        self.acknowledge().await?;
                    }
                }
                Item::Acknowledged(Acknowledged { failures }) => {
                    ensure(failures.is_empty(), "a receipt was refused")?;
                    let batch = self.unanswered.pop_front();
                    unacknowledged -= batch.ok_or(LoadError::Wrong("more answers than acknowledgements"))?;
                }
                Item::Event(_) => return Err(LoadError::Wrong("an event for somebody who sent nothing")),
                Item::Stop(_) => {
                    return Err(LoadError::Wrong("an order to stop, and nothing was taken back"));
                }
                Item::CaughtUp(_) => {}
            }
        }
        Ok(self)
    }

    async fn take(&mut self, delivery: &Delivery, board: &Board) -> Result<(), LoadError> {
        let hh = header_hash(&delivery.header);
        let taken_in_ms = board.delivered(self.number, delivery, &hh)?;
        ensure(delivery.cursor > self.cursor, "a cursor does not ascend")?;
        ensure(taken_in_ms >= self.taken_in_ms, "messages came in another order than they were taken in")?;
        (self.cursor, self.taken_in_ms) = (delivery.cursor, taken_in_ms);
        let receipt = self.receipt(delivery, hh)?;
        self.unsaid.push(receipt);
        self.used += 1;
        if self.used == CREDIT {
            self.used = 0;
            self.step(Step::Credit(CREDIT)).await?;
        }
        Ok(())
    }

    /// What the device says; only who opened the message could make the tag, which the hub can not check.
    fn receipt(&self, delivery: &Delivery, hh: [u8; 32]) -> Result<DeviceReceipt, LoadError> {
        let message_id = MessageId::parse(&delivery.header[6..22])?;
        Ok(DeviceReceipt {
            message_id,
            hh,
            org: self.org,
            device: DeviceId::of_key(self.signer.public_key().as_bytes()),
            time_ms: now_ms(),
            verdict: Verdict::Delivered { open_tag: *message_id.as_bytes() },
        })
    }

    async fn acknowledge(&mut self) -> Result<(), LoadError> {
        let batch = sign_batch(&self.unsaid, &self.signer)?;
        let proofs = ProofMaker::new(batch.leaf_hashes, batch.key_id, batch.signature);
        let receipts = (0..)
            .zip(&self.unsaid)
            .map(|(index, receipt)| proofs.prove(receipt, index).map(Bytes::from))
            .collect::<Result<_, _>>()?;
        self.unanswered.push_back(self.unsaid.len());
        self.unsaid.clear();
        self.step(Step::Acknowledge(Acknowledge { receipts, events_through: 0 })).await
    }

    async fn step(&self, step: Step) -> Result<(), LoadError> {
        self.steps.send(ReceiveRequest { step: Some(step) }).await.map_err(|_| LoadError::Ended)
    }
}
