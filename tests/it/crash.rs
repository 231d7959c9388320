//! The hub is killed between accepting and delivering, and its index is lost or ruined: nothing that was acknowledged is.

use samverkan_proto::v1::{ErrorReason, SubmitStreamRequest, submit_stream_response::Outcome};
use samverkan_tests::hub::HubProcess;
use samverkan_tests::until::in_time;
use samverkan_tests::wire::inbox::delivered;
use samverkan_tests::wire::parcel::random_bytes;
use samverkan_tests::wire::{Inbox, Member, Parcel, Refused, refused};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use tonic::Code;

/// Messages in one round: several batches of the hub's journal.
const MESSAGES: usize = 400;

struct Federation {
    hub: HubProcess,
    sender: Member,
    recipient: Member,
}

impl Federation {
    async fn new() -> Self {
        let hub = HubProcess::start();
        let sender = Member::join(&hub, "avsandare").await;
        let recipient = Member::join(&hub, "mottagare").await;
        Self { hub, sender, recipient }
    }

    fn parcels(&self, n: usize) -> Vec<Parcel> {
        (0..n).map(|_| Parcel::new(&self.sender, &[&self.recipient])).collect()
    }

    /// Submits over one stream; returns the first receipt of each message that the hub answered for before the stream broke. The
    /// hub is killed after `kill_after` answers.
    async fn submit_and_kill(&self, parcels: &[Parcel], kill_after: usize) -> BTreeMap<[u8; 16], Vec<u8>> {
        let peer = self.sender.connect(&self.hub);
        let requests: Vec<_> =
            parcels.iter().map(|parcel| SubmitStreamRequest { message: Some(parcel.request()) }).collect();
        let call = async { peer.relay().submit_stream(tokio_stream::iter(requests)).await };
        let mut answers = in_time("a submit stream", call).await.expect("a stream").into_inner();
        let mut receipts = BTreeMap::new();
        while let Ok(Some(answer)) = in_time("an answer", answers.message()).await {
            let Some(Outcome::Receipt(receipt)) = answer.outcome else { panic!("refused: {answer:?}") };
            let message_id = answer.message_id.as_ref().try_into().expect("an id");
            receipts.insert(message_id, receipt.to_vec());
            if receipts.len() == kill_after {
                self.hub.kill9();
            }
        }
        receipts
    }

    /// Every acknowledged message has its first receipt still; every other one can be submitted again.
    async fn resubmit(&self, parcels: &[Parcel], receipts: &BTreeMap<[u8; 16], Vec<u8>>) {
        let peer = self.sender.connect(&self.hub);
        for parcel in parcels {
            let again = parcel.submit(&peer).await.expect("accepted, now or before");
            if let Some(first) = receipts.get(&parcel.header.message_id) {
                assert_eq!(&again, first, "the first receipt, byte for byte");
            }
        }
    }

    /// The recipient gets every message once, acknowledges it, and gets it never again.
    async fn everything_is_delivered_once(&self, parcels: &[Parcel]) {
        let peer = self.recipient.connect(&self.hub);
        let mut inbox = Inbox::open(&peer).await.expect("a stream");
        let deliveries = inbox.drain().await.expect("what waits").deliveries;
        let got: Vec<_> = deliveries.iter().map(|delivery| delivery.header.to_vec()).collect();
        let sent: BTreeSet<_> = parcels.iter().map(Parcel::header_bytes).collect();
        assert_eq!(got.iter().cloned().collect::<BTreeSet<_>>(), sent);
        assert_eq!(got.len(), sent.len(), "nothing comes twice on one stream");
        for some in deliveries.chunks(64) {
            let device = self.recipient.device();
            let receipts =
                some.iter().map(|delivery| delivered(delivery, self.recipient.org(), device)).collect();
            assert_eq!(inbox.acknowledge(receipts, 0).await.expect("an answer"), []);
        }
        drop(inbox);
        let mut again = Inbox::open(&peer).await.expect("a stream");
        assert_eq!(again.drain().await.expect("what waits").deliveries, []);
    }

    /// Where the index lies, a cache over the journal.
    fn index(&self) -> PathBuf {
        let index = self.hub.data_dir().join("store/index");
        assert!(index.is_dir(), "the index is elsewhere: this test would prove nothing");
        index
    }

    fn rebuilds(&self) -> usize {
        self.hub.log().lines().filter(|line| line.contains("index rebuilt")).count()
    }
}

fn fill_with_garbage(folder: &Path) {
    let mut files = 0;
    for entry in fs::read_dir(folder).expect("the index can be listed") {
        let path = entry.expect("an entry").path();
        if path.is_file() {
            let len = path.metadata().expect("a file has a length").len().clamp(64, 1 << 20);
            fs::write(&path, random_bytes(len as usize)).expect("garbage can be written");
            files += 1;
        }
    }
    assert!(files > 0, "there was something to ruin");
}

#[tokio::test]
async fn a_killed_hub_delivers_everything_once() {
    let federation = Federation::new().await;
    let parcels = federation.parcels(MESSAGES);
    let receipts = federation.submit_and_kill(&parcels, MESSAGES / 2).await;
    assert!(receipts.len() >= MESSAGES / 2);
    federation.hub.restart();
    federation.resubmit(&parcels, &receipts).await;
    federation.everything_is_delivered_once(&parcels).await;
}

/// Kills the hub when it has answered for everything, does this to its index, and starts it again.
async fn is_rebuilt_after(ruin: impl FnOnce(&Path)) {
    let federation = Federation::new().await;
    let parcels = federation.parcels(MESSAGES);
    let receipts = federation.submit_and_kill(&parcels, MESSAGES).await;
    assert_eq!(receipts.len(), MESSAGES);
    let before = federation.rebuilds();
    ruin(&federation.index());
    federation.hub.restart();
    assert_eq!(federation.rebuilds(), before + 1, "the log says so");
    federation.resubmit(&parcels, &receipts).await;
    federation.everything_is_delivered_once(&parcels).await;
}

#[tokio::test]
async fn an_index_that_is_lost_is_rebuilt() {
    is_rebuilt_after(|index| fs::remove_dir_all(index).expect("the index can be removed")).await;
}

#[tokio::test]
async fn an_index_full_of_garbage_is_rebuilt() {
    is_rebuilt_after(fill_with_garbage).await;
}

#[tokio::test]
async fn an_index_that_is_ruined_after_a_clean_stop_is_rebuilt() {
    let federation = Federation::new().await;
    let parcels = federation.parcels(10);
    let peer = federation.sender.connect(&federation.hub);
    for parcel in &parcels {
        parcel.submit(&peer).await.expect("accepted");
    }
    assert!(federation.hub.terminate().success(), "a clean stop");
    fill_with_garbage(&federation.index());
    federation.hub.restart();
    federation.everything_is_delivered_once(&parcels).await;
}

#[tokio::test]
async fn what_was_delivered_before_the_crash_is_not_delivered_again() {
    let federation = Federation::new().await;
    let parcels = federation.parcels(20);
    let peer = federation.sender.connect(&federation.hub);
    for parcel in &parcels {
        parcel.submit(&peer).await.expect("accepted");
    }
    federation.everything_is_delivered_once(&parcels).await;
    federation.hub.kill9();
    fs::remove_dir_all(federation.index()).expect("the index can be removed");
    federation.hub.restart();
    let recipient = federation.recipient.connect(&federation.hub);
    let mut inbox = Inbox::open(&recipient).await.expect("a stream");
    assert_eq!(inbox.drain().await.expect("what waits").deliveries, []);
    for parcel in &parcels {
        let refusal =
            refused("delivered and purged", parcel.submit(&federation.sender.connect(&federation.hub)).await);
        refusal.is(Code::NotFound, ErrorReason::MessageGone, "");
    }
}

#[tokio::test]
async fn a_stopping_hub_says_so_to_open_streams() {
    let federation = Federation::new().await;
    let recipient = federation.recipient.connect(&federation.hub);
    let mut inbox = Inbox::open(&recipient).await.expect("a stream");
    inbox.drain().await.expect("the stream runs");
    let ended = async {
        loop {
            match inbox.next().await {
                Ok(Some(_)) => {}
                Ok(None) => panic!("ended without saying why"),
                Err(refused) => return refused,
            }
        }
    };
    federation.hub.ask_to_stop();
    let refused: Refused = ended.await;
    refused.is(Code::Unavailable, ErrorReason::Draining, "");
    assert!(federation.hub.terminate().success(), "a clean stop");
}
