//! The open `Receive` call: items down, acknowledgements and credit up.

use std::collections::VecDeque;
use std::time::Duration;

use samverkan_proto::v1::receive_request::Step as Up;
use samverkan_proto::v1::receive_response::Item;
use samverkan_proto::v1::{Acknowledge, ReceiptFailure, ReceiveRequest, ReceiveResponse, Start};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Streaming;

use super::call::{misbehaved, unary, within};
use crate::connect::{CALL_TIMEOUT, Link};
use crate::error::{Code, Error, Result};
use crate::msg;
use crate::text::Args;

/// Requests that wait for the network.
const REQUESTS_AHEAD: usize = 8;

/// What came, or did not.
pub(super) enum Next {
    /// An item.
    Item(Item),
    /// Nothing, for as long as was asked for.
    Quiet,
}

/// One `Receive` call.
pub(super) struct Inflow {
    up: mpsc::Sender<ReceiveRequest>,
    down: Streaming<ReceiveResponse>,
    early: Early,
}

/// Items that came while an acknowledgement was waited for.
struct Early {
    items: VecDeque<Item>,
    /// The most of them that an honest hub sends: the credit, with the word that this was all before, between and after.
    bound: usize,
}

impl Early {
    const fn with_credit(credit: u32) -> Self {
        Self { items: VecDeque::new(), bound: 2 * credit as usize + 1 }
    }

    /// Puts an item behind the others; gives false when it is more than was asked for. That this was all is worth knowing once.
    fn put(&mut self, item: Item) -> bool {
        let is_repeated = |last: &Item| matches!((last, &item), (Item::CaughtUp(_), Item::CaughtUp(_)));
        if self.items.back().is_some_and(is_repeated) {
            return true;
        }
        let fits = self.items.len() < self.bound;
        if fits {
            self.items.push_back(item);
        }
        fits
    }
}

impl Inflow {
    /// Starts from the beginning: what was acknowledged is not sent again, and what was not has to be.
    pub(super) async fn open(link: &Link, credit: u32) -> Result<Self> {
        let (up, requests) = mpsc::channel(REQUESTS_AHEAD);
        let start = Up::Start(Start { credit });
        up.send(ReceiveRequest { step: Some(start) }).await.map_err(|_| ended())?;
        let down = unary(link.relay().receive(ReceiverStream::new(requests))).await?;
        Ok(Self { up, down, early: Early::with_credit(credit) })
    }

    /// The next item, waiting at most `patience`; without it, for ever.
    pub(super) async fn next(&mut self, patience: Option<Duration>) -> Result<Next> {
        if let Some(item) = self.early.items.pop_front() {
            return Ok(Next::Item(item));
        }
        match patience {
            None => self.read().await.map(Next::Item),
            Some(patience) => match timeout(patience, self.read()).await {
                Ok(item) => item.map(Next::Item),
                Err(_) => Ok(Next::Quiet),
            },
        }
    }

    /// Lets the hub send so many items more.
    pub(super) async fn credit(&mut self, items: u32) -> Result<()> {
        self.send(Up::Credit(items)).await
    }

    /// Hands receipts and the position of events in, and waits until they are on the hub's disk.
    pub(super) async fn acknowledge(&mut self, acknowledge: Acknowledge) -> Result<Vec<ReceiptFailure>> {
        self.send(Up::Acknowledge(acknowledge)).await?;
        loop {
            match timeout(CALL_TIMEOUT, self.read()).await.map_err(|_| ended())?? {
                Item::Acknowledged(answer) => return Ok(answer.failures),
                early => {
                    if !self.early.put(early) {
                        return Err(misbehaved(msg!("cause-unasked")));
                    }
                }
            }
        }
    }

    async fn send(&mut self, step: Up) -> Result<()> {
        within(self.up.send(ReceiveRequest { step: Some(step) })).await?.map_err(|_| ended())
    }

    async fn read(&mut self) -> Result<Item> {
        let answer = self.down.message().await.map_err(|status| Error::from(&status))?;
        answer.and_then(|answer| answer.item).ok_or_else(ended)
    }
}

fn ended() -> Error {
    Error::with(Code::HubUnreachable, Args::none().because(&msg!("cause-connection-ended")))
}

#[cfg(test)]
mod tests {
    use samverkan_proto::v1::{CaughtUp, Event};

    use super::*;

    #[test]
    fn what_comes_early_is_bounded_and_the_end_of_the_queue_is_told_once() {
        let caught_up = || Item::CaughtUp(CaughtUp { cursor: 1 });
        let event = || Item::Event(Event::default());
        let mut early = Early::with_credit(2);
        for _ in 0..2 {
            assert!((0..3).all(|_| early.put(caught_up())), "as often as it is said");
            assert!(early.put(event()));
        }
        assert!(early.put(caught_up()));
        assert_eq!(early.items.len(), early.bound);
        assert!(!early.put(event()), "there was credit for two");
        assert_eq!(early.items.len(), early.bound);
    }
}
