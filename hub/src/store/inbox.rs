//! Who has the writer's attention next.
//!
//! Somebody waits in front of a screen for a message to be taken in; nobody does for what devices say of messages they have, or for what time
//! asks for. Those come in heaps, so they stand aside while others are there, and each batch does a share of them.

use std::collections::VecDeque;

use tokio::sync::mpsc;

use super::writer::{Job, Order, Turn};

/// Jobs that stand aside, at most: what comes at once at a quiet time. Beyond that they take their turn with the others, so that nobody
/// waits long for what devices say, and what the writer remembers of their messages is still there.
const ASIDE: usize = 64;
/// Changes to the store that those aside may make in a batch in which nobody else makes more.
pub(super) const SHARE: usize = 256;

/// Where the writer's orders come from.
pub(super) struct Inbox {
    orders: mpsc::Receiver<Order>,
    aside: VecDeque<Job>,
    closed: bool,
}

impl Inbox {
    /// Nobody stands aside yet.
    pub(super) const fn new(orders: mpsc::Receiver<Order>) -> Self {
        Self { orders, aside: VecDeque::new(), closed: false }
    }

    /// Whether there is nothing to do, and may be something later.
    pub(super) fn is_idle(&self) -> bool {
        self.orders.is_empty() && self.aside.is_empty() && !self.orders.is_closed()
    }

    /// The next order that does not stand aside, if it is there.
    pub(super) fn hurried(&mut self) -> Option<Order> {
        while !self.closed {
            match self.orders.try_recv().ok()? {
                Order::Work(job) if job.turn == Turn::Aside && self.aside.len() < ASIDE => {
                    self.aside.push_back(job);
                }
                order => return Some(order),
            }
        }
        None
    }

    /// The first of those that stand aside.
    pub(super) fn aside(&mut self) -> Option<Job> {
        self.aside.pop_front()
    }

    /// Whatever is there, the hurried first.
    fn next_there(&mut self) -> Option<Order> {
        self.hurried().or_else(|| self.aside().map(Order::Work))
    }

    /// The next order, for which a thread waits; `None` when nobody can send any.
    pub(super) fn wait(&mut self) -> Option<Order> {
        self.next_there().or_else(|| self.orders.blocking_recv())
    }

    /// The next order, for which a task waits; `None` when nobody can send any.
    pub(super) async fn next(&mut self) -> Option<Order> {
        match self.next_there() {
            None => self.orders.recv().await,
            there => there,
        }
    }

    /// Takes no further orders. Those aside are still to be done: they came before.
    pub(super) fn close(&mut self) {
        self.closed = true;
        self.orders.close();
    }
}

#[cfg(test)]
mod tests {
    use super::super::journal::Room;
    use super::*;

    fn job(turn: Turn, room: Room) -> Order {
        Order::Work(Job { turn, room, run: Box::new(|_| Box::new(|_| ())) })
    }

    /// Jobs are told apart by their room.
    fn room_of(order: Option<Order>) -> Option<Room> {
        match order {
            Some(Order::Work(job)) => Some(job.room),
            _ => None,
        }
    }

    #[test]
    fn the_hurried_go_first_and_nobody_is_lost() {
        let (send, orders) = mpsc::channel(2 * ASIDE + 2);
        let mut inbox = Inbox::new(orders);
        for _ in 0..=ASIDE {
            assert!(send.try_send(job(Turn::Aside, Room::Reserve)).is_ok());
        }
        assert!(send.try_send(job(Turn::Hurried, Room::Ordinary)).is_ok());
        assert_eq!(room_of(inbox.hurried()), Some(Room::Reserve), "no more stand aside than may");
        assert_eq!(room_of(inbox.hurried()), Some(Room::Ordinary));
        assert!(inbox.hurried().is_none());
        assert!(!inbox.is_idle());
        let aside = std::iter::from_fn(|| inbox.aside()).count();
        assert_eq!(aside, ASIDE);
        assert!(inbox.is_idle());
    }

    #[test]
    fn a_closed_one_gives_what_stands_aside_and_nothing_newer() {
        let (send, orders) = mpsc::channel(4);
        let mut inbox = Inbox::new(orders);
        assert!(send.try_send(job(Turn::Aside, Room::Reserve)).is_ok());
        assert!(send.try_send(job(Turn::Hurried, Room::Ordinary)).is_ok());
        assert_eq!(room_of(inbox.wait()), Some(Room::Ordinary));
        assert!(send.try_send(job(Turn::Hurried, Room::Ordinary)).is_ok());
        inbox.close();
        assert!(inbox.hurried().is_none());
        assert!(inbox.aside().is_some());
        assert!(inbox.aside().is_none());
    }
}
