//! What the clients read: what waits after a start, then what comes, acknowledged in batches, until the connection breaks.

use super::ground::Ground;
use super::model::{Id, message_id};
use crate::chance::Chance;
use crate::faults::Finding;
use crate::wire::inbox::{Item, delivered};
use crate::wire::upload::Blob;
use crate::wire::{Inbox, Parcel, Peer, Refused};
use samverkan_proto::ids::sha256;
use samverkan_proto::limits::MAX_DEVICE_BATCH;
use samverkan_proto::v1::receive_request::Step;
use samverkan_proto::v1::{Acknowledge, Acknowledged, CaughtUp, Delivery, Event};
use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

/// Items after which as much credit is given again.
const CREDIT: u32 = 256;
/// Acknowledgements that are not answered yet.
const IN_FLIGHT: usize = 8;
/// One message in this many is left lying until the next life.
const LEFT: u64 = 16;

/// An acknowledgement on its way.
#[derive(Debug)]
struct Said {
    ids: Vec<Id>,
    through: u64,
}

/// A client that reads.
#[derive(Debug)]
pub(super) struct Reader {
    ground: Arc<Ground>,
    client: usize,
    peer: Peer,
    inbox: Inbox,
    /// Since credit was given.
    items: u32,
    /// Of the newest item; they ascend within a stream.
    cursor: u64,
    /// Of the newest event.
    through: u64,
    /// The events up to here were said to be taken.
    said_through: u64,
    /// Shown and not acknowledged.
    held: Vec<(Delivery, Arc<Parcel>)>,
    /// Acknowledgements that are not answered.
    saying: VecDeque<Said>,
}

impl Reader {
    /// Opens a stream.
    pub(super) async fn open(ground: Arc<Ground>, client: usize, peer: Peer) -> Result<Self, Refused> {
        let inbox = Inbox::open(&peer).await?;
        let (held, saying) = (Vec::new(), VecDeque::new());
        Ok(Self {
            ground,
            client,
            peer,
            inbox,
            items: 0,
            cursor: 0,
            through: 0,
            said_through: 0,
            held,
            saying,
        })
    }

    /// Reads what waits, and acknowledges nothing. When every message that was in doubt has been handed in again, this is where a
    /// loss is seen.
    pub(super) async fn catch_up(&mut self, settled: bool) -> Result<(), Refused> {
        let mut seen = BTreeSet::new();
        loop {
            match self.next().await? {
                Item::Delivery(delivery) => {
                    let twice = message_id(&delivery.header).is_some_and(|id| !seen.insert(id));
                    if twice {
                        self.ground.model().find(Finding::Duplicated, "shown twice on one stream");
                    }
                    self.shown(delivery);
                }
                Item::Event(event) => self.told(&event),
                Item::Stop(_) => {
                    self.ground.model().find(Finding::Silent, "an order to stop, and nothing was taken back");
                }
                Item::CaughtUp(CaughtUp { .. }) => break,
                Item::Acknowledged(_) => {
                    self.ground.model().find(Finding::Silent, "an answer to nothing");
                }
            }
        }
        if settled {
            self.ground.model().caught_up(self.client, &seen);
        }
        Ok(())
    }

    /// Acknowledges and reads until the hub is gone.
    pub(super) async fn read(mut self, mut chance: Chance) {
        // Some lie until the next life, so that messages are older than one.
        self.held.retain(|_| chance.within(0..LEFT) != 0);
        let mut flush = true;
        loop {
            let step = self.step(flush).await;
            match step {
                Ok(caught_up) => flush = caught_up,
                Err(refused) => {
                    self.ground.refused("a receive stream", &refused);
                    return;
                }
            }
        }
    }

    /// Acknowledges everything that was shown, and waits for the answers; for the end of a run.
    pub(super) async fn acknowledge_all(&mut self) -> Result<(), Refused> {
        while !self.held.is_empty() || self.through > self.said_through || !self.saying.is_empty() {
            self.step(true).await?;
        }
        Ok(())
    }

    /// Whether it was shown or told anything.
    pub(super) const fn got_anything(&self) -> bool {
        self.cursor > 0
    }

    /// Says what there is to say, all of it when `flush`, and takes one item. Gives whether nothing more waits.
    async fn step(&mut self, flush: bool) -> Result<bool, Refused> {
        let enough = self.held.len() >= MAX_DEVICE_BATCH.into();
        let anything = !self.held.is_empty() || self.through > self.said_through;
        if (enough || flush && anything) && self.saying.len() < IN_FLIGHT {
            self.say().await?;
        }
        match self.next().await? {
            Item::Delivery(delivery) => self.shown(delivery),
            Item::Event(event) => self.told(&event),
            Item::Stop(_) => {
                self.ground.model().find(Finding::Silent, "an order to stop, and nothing was taken back");
            }
            Item::Acknowledged(answer) => {
                self.answered(&answer);
                return Ok(self.saying.is_empty());
            }
            Item::CaughtUp(_) => return Ok(true),
        }
        Ok(false)
    }

    async fn next(&mut self) -> Result<Item, Refused> {
        let item = self.inbox.next().await?;
        let Some(item) = item else {
            return Err(Refused {
                reason: "ENDED_WITHOUT_A_WORD".to_owned(),
                ..Refused::from(tonic::Status::unknown(""))
            });
        };
        if let Item::Delivery(Delivery { cursor, .. }) | Item::Event(Event { cursor, .. }) = &item {
            if *cursor <= self.cursor {
                self.ground.model().find(Finding::Silent, "the cursors of a stream do not ascend");
            }
            self.cursor = *cursor;
            self.items += 1;
            if self.items == CREDIT {
                self.items = 0;
                self.inbox.send(Step::Credit(CREDIT)).await;
            }
        }
        Ok(item)
    }

    fn shown(&mut self, delivery: Delivery) {
        let parcel = self.ground.model().delivery(self.client, &delivery);
        if let Some(parcel) = parcel {
            if !self.ground.federation.is_accepted(&parcel, &delivery.submission_receipt) {
                self.ground.model().find(Finding::Silent, "a delivery's receipt is not the hub's word");
            }
            self.held.push((delivery, parcel));
        }
    }

    fn told(&mut self, event: &Event) {
        self.ground.model().event(self.client, event.cursor, &event.receipt);
        self.through = event.cursor;
    }

    async fn say(&mut self) -> Result<(), Refused> {
        let batch = self.held.len().min(MAX_DEVICE_BATCH.into());
        let batch: Vec<_> = self.held.drain(..batch).collect();
        let (org, device) =
            (self.ground.federation.org(self.client), self.ground.federation.device(self.client));
        let (mut ids, mut receipts) = (Vec::new(), Vec::new());
        for (delivery, parcel) in batch {
            self.fetch_attachments(&parcel).await?;
            ids.push(parcel.header.message_id);
            receipts.push(delivered(&delivery, org, device).into());
        }
        self.ground.model().saying(self.client, &ids);
        self.said_through = self.through;
        self.saying.push_back(Said { ids, through: self.through });
        self.inbox.send(Step::Acknowledge(Acknowledge { receipts, events_through: self.through })).await;
        Ok(())
    }

    /// A client says that it has a message when it has its attachments too.
    async fn fetch_attachments(&self, parcel: &Parcel) -> Result<(), Refused> {
        for named in &parcel.header.blobs {
            let blob = Blob { bytes: bytes::Bytes::new(), id: named.id };
            let bytes = blob.download(&self.peer, parcel.header.message_id, 0, 0).await?;
            if sha256(&bytes) != named.id {
                self.ground.model().find(Finding::Silent, "an attachment has other bytes");
            }
        }
        Ok(())
    }

    fn answered(&mut self, answer: &Acknowledged) {
        let mut model = self.ground.model();
        let Some(said) = self.saying.pop_front() else {
            return model.find(Finding::Silent, "an answer to nothing");
        };
        for failure in &answer.failures {
            model.find(Finding::Silent, format!("an acknowledgement was refused: {failure:?}"));
        }
        model.heard(self.client, &said.ids);
        model.events_taken(self.client, said.through);
    }
}
