//! 119: the hub's clock jumps, and comes back.
//!
//! What a device may do at a wrong time is refused by name; what was acknowledged before is there afterwards, unless its own time has
//! really come, which its sender is told.

use samverkan_proto::limits::{DAY_MS, SECOND_MS};
use samverkan_proto::v1::{CheckHubRequest, CheckHubResponse, ErrorReason};
use samverkan_tests::clocked::ClockedHub;
use samverkan_tests::until::until_async;
use samverkan_tests::wire::{Inbox, Member, Parcel, Peer, Refused, Said, now_ms};
use tonic::Code;

const HOUR_MS: u64 = 3_600 * SECOND_MS;
const YEAR_MS: u64 = 365 * DAY_MS;

/// The hub's receipt for a message whose time was over.
const EXPIRED_UNDELIVERED: u8 = 4;

struct Jumps {
    hub: ClockedHub,
    sender: Member,
    /// A connection from before every jump.
    peer: Peer,
    recipient: Member,
    /// Messages that were acknowledged.
    acknowledged: usize,
}

impl Jumps {
    async fn new() -> Self {
        let hub = ClockedHub::start();
        let sender = Member::join(&hub, "avsandare").await;
        let recipient = Member::join(&hub, "mottagare").await;
        Self { peer: sender.connect(&hub), hub, sender, recipient, acknowledged: 0 }
    }

    /// Hands a message in over a connection.
    async fn submit(&mut self, peer: &Peer) -> Result<(), Refused> {
        let submitted = Parcel::new(&self.sender, &[&self.recipient]).submit(peer).await.map(drop);
        self.acknowledged += usize::from(submitted.is_ok());
        submitted
    }

    /// The right time again: everything works, and everything that was acknowledged waits, once.
    async fn returned(&mut self) {
        self.hub.pass(now_ms() - self.hub.started_ms());
        let (old, new) = (self.peer.clone(), self.sender.connect(&self.hub));
        for peer in [old, new] {
            // The hub may have cut a connection whose certificate had ended; the next call makes a new one.
            until_async("the hub works again", || async {
                match Parcel::new(&self.sender, &[&self.recipient]).submit(&peer).await {
                    Ok(_) => Some(()),
                    Err(refused) if refused.code == Code::Unavailable || refused.code == Code::Unknown => {
                        None
                    }
                    Err(refused) => panic!("at the right time: {refused:?}"),
                }
            })
            .await;
            self.acknowledged += 1;
        }
        let recipient = self.recipient.connect(&self.hub);
        let mut inbox = Inbox::open(&recipient).await.expect("a stream");
        let waiting = inbox.drain().await.expect("what waits");
        assert_eq!(waiting.deliveries.len(), self.acknowledged);
    }
}

#[tokio::test]
async fn bad_119_an_hour_or_a_day_ahead_and_back() {
    let mut jumps = Jumps::new().await;
    for ahead in [HOUR_MS, DAY_MS] {
        let (old, new) = (jumps.peer.clone(), jumps.sender.connect(&jumps.hub));
        jumps.submit(&old).await.expect("at the right time");
        jumps.hub.pass(ahead);
        // A message may have waited in its outbox for so long, so that nothing looks wrong.
        for peer in [old, new] {
            jumps.submit(&peer).await.expect("later");
        }
        jumps.returned().await;
    }
}

#[tokio::test]
async fn bad_119_an_hour_or_a_day_or_a_year_behind() {
    let mut jumps = Jumps::new().await;
    for behind in [HOUR_MS, DAY_MS, YEAR_MS] {
        let (old, new) = (jumps.peer.clone(), jumps.sender.connect(&jumps.hub));
        jumps.submit(&old).await.expect("at the right time");
        jumps.hub.go_back(behind);
        let refused = jumps.submit(&old).await.expect_err("a message from the future");
        refused.is(Code::FailedPrecondition, ErrorReason::ClockOutOfRange, "");
        // A certificate of a later time is not valid yet; each reaches back an hour.
        let refused = jumps.submit(&new).await.expect_err("a certificate from the future");
        let expected = [Code::Unavailable, Code::Unknown].contains(&refused.code);
        assert!(expected || behind == HOUR_MS && refused.reason == "CLOCK_OUT_OF_RANGE", "{refused:?}");
        jumps.returned().await;
    }
}

/// A leap second is a second that comes twice, or a step of one.
#[tokio::test]
async fn bad_119_leap_second() {
    let mut jumps = Jumps::new().await;
    let peer = jumps.peer.clone();
    for _ in 0..3 {
        for step in [SECOND_MS - 1, SECOND_MS, 2 * SECOND_MS, SECOND_MS] {
            jumps.hub.pass(step);
            jumps.submit(&peer).await.expect("around a leap second");
        }
        jumps.hub.go_back(SECOND_MS);
        jumps.submit(&peer).await.expect("before it all");
    }
    jumps.returned().await;
}

/// A year ahead every message's own time has come, and every device's: nothing is taken any more, and senders are told what expired.
#[tokio::test]
async fn bad_119_a_year_ahead() {
    let mut jumps = Jumps::new().await;
    let (old, new) = (jumps.peer.clone(), jumps.sender.connect(&jumps.hub));
    let parcel = Parcel::new(&jumps.sender, &[&jumps.recipient]);
    parcel.submit(&old).await.expect("at the right time");
    jumps.hub.pass(YEAR_MS);
    for peer in [old, new] {
        let refused = jumps.submit(&peer).await.expect_err("a year too late");
        let known = refused.reason == "DEVICE_EXPIRED" && refused.code == Code::Unauthenticated;
        assert!(
            known || [Code::Unavailable, Code::Unknown, Code::Cancelled].contains(&refused.code),
            "{refused:?}"
        );
    }
    let operator = Peer::operator(&jumps.hub);
    until_async("the message's time is over", || async {
        let check: CheckHubResponse =
            operator.call("RegistryService/CheckHub", &CheckHubRequest {}).await.expect("an answer");
        (check.waiting_deliveries == 0).then_some(())
    })
    .await;
    jumps.returned().await;
    let peer = jumps.sender.connect(&jumps.hub);
    let mut inbox = Inbox::open(&peer).await.expect("a stream");
    let told = inbox.event().await.expect("an event");
    let message_id = parcel.header.message_id;
    assert_eq!(
        Said::of(&told.receipt),
        Said { by_hub: true, kind: EXPIRED_UNDELIVERED, reason: 0, message_id }
    );
}
