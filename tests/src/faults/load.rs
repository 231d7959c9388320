//! Real load on a hub: a few organisations that write to each other over TLS, with every way of handing in and acknowledging.

use super::ledger::{Heard, Ledger, Letter, Party, Taken, Uploaded};
use crate::chance::Chance;
use crate::recorder::now_ns;
use crate::site::Site;
use crate::until::until_async;
use crate::wire::inbox::delivered;
use crate::wire::{Blob, Inbox, Item, Member, Parcel, Peer};
use samverkan_proto::ids::{BlobId, DeviceId, MessageId, OrgId};
use samverkan_proto::padding::padded;
use samverkan_proto::v1::receive_request::Step;
use samverkan_proto::v1::{Acknowledge, Delivery, SubmitStreamRequest, submit_stream_response::Outcome};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Messages that are handed in over one stream before its answers are read.
const STREAMED: usize = 8;
/// Receipts in one acknowledgement.
const ACKNOWLEDGED: usize = 6;
/// The largest attachment, in bytes.
const ATTACHMENT: u64 = 40_000;

/// The organisations, and what was acknowledged to them.
#[derive(Clone, Debug)]
pub struct Load {
    members: Arc<Vec<Member>>,
    ledger: Arc<Mutex<Ledger>>,
}

impl Load {
    /// Lets `parties` organisations join a hub.
    ///
    /// # Panics
    /// When one is refused.
    pub async fn join(site: &Site, parties: usize) -> Self {
        let mut members = Vec::new();
        for _ in 0..parties {
            members.push(Member::join(site, "enhet").await);
        }
        let party = |member: &Member| Party {
            org: OrgId::parse(&member.org()).expect("it has joined"),
            device: DeviceId::parse(&member.device().id()).expect("it has joined"),
        };
        let ledger =
            Ledger { parties: members.iter().map(party).collect(), joined_ns: now_ns(), ..Ledger::default() };
        Self { members: Arc::new(members), ledger: Arc::new(Mutex::new(ledger)) }
    }

    /// What was acknowledged so far.
    pub fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets every organisation send `messages`, half over a stream, and read what comes to it, until all of it has come.
    ///
    /// # Panics
    /// When the hub refuses anything, or serves other bytes than were handed in.
    pub async fn run(&self, site: &Site, messages: usize, chance: &Chance) {
        let done = CancellationToken::new();
        let (mut readers, mut senders) = (JoinSet::new(), JoinSet::new());
        for at in 0..self.members.len() {
            let peer = self.members[at].connect(site);
            readers.spawn(self.clone().read(at, peer.clone(), chance.fork("read", at as u64), done.clone()));
            senders.spawn(self.clone().send(at, peer, messages, chance.fork("send", at as u64)));
        }
        while let Some(ended) = senders.join_next().await {
            ended.expect("a sender does not panic");
        }
        until_async("everything has come", || async {
            self.ledger().letters.values().all(|letter| letter.seen_ns.is_some()).then_some(())
        })
        .await;
        done.cancel();
        while let Some(ended) = readers.join_next().await {
            ended.expect("a reader does not panic");
        }
    }

    async fn send(self, from: usize, peer: Peer, messages: usize, mut chance: Chance) {
        let mut left = messages;
        while left > 0 {
            let streamed = chance.percent(50);
            let count = if streamed { STREAMED.min(left) } else { 1 };
            let mut parcels = Vec::new();
            for _ in 0..count {
                parcels.push(self.prepare(from, &peer, &mut chance).await);
            }
            left -= count;
            if streamed {
                self.hand_in_streamed(&peer, parcels).await;
            } else {
                for parcel in parcels {
                    let receipt = parcel.submit(&peer).await.expect("accepted");
                    self.accepted(&parcel.header.message_id, receipt);
                }
            }
        }
    }

    /// A message that the ledger knows, with its attachment uploaded if it has one.
    async fn prepare(&self, from: usize, peer: &Peer, chance: &mut Chance) -> Parcel {
        let to = (from + 1 + chance.within(0..self.members.len() as u64 - 1) as usize) % self.members.len();
        let mut parcel = Parcel::new(&self.members[from], &[&self.members[to]]);
        let content = padded(chance.within(1_500..16_000)) + 16;
        parcel.header.content_len = u32::try_from(content).expect("a small message");
        parcel.fill();
        let mut upload = None;
        if chance.percent(8) {
            let blob = Blob::random(chance.within(1..ATTACHMENT));
            blob.upload(peer).await.expect("taken");
            let done_ns = now_ns();
            parcel.attach(blob.id, blob.len());
            let mut ledger = self.ledger();
            let id = BlobId::parse(&blob.id).expect("a digest");
            ledger.uploads.push(Uploaded { by: from, id, bytes: blob.bytes, done_ns });
            upload = Some(ledger.uploads.len() - 1);
        }
        let letter = Letter::new(parcel.clone(), from, to, upload);
        self.ledger().letters.insert(letter.id(), letter);
        parcel
    }

    async fn hand_in_streamed(&self, peer: &Peer, parcels: Vec<Parcel>) {
        let requests: Vec<_> =
            parcels.iter().map(|parcel| SubmitStreamRequest { message: Some(parcel.request()) }).collect();
        let answers = peer.relay().submit_stream(tokio_stream::iter(requests)).await;
        let mut answers = answers.expect("a stream").into_inner();
        while let Some(answer) = answers.message().await.expect("an answer") {
            let Some(Outcome::Receipt(receipt)) = answer.outcome else { panic!("refused: {answer:?}") };
            self.accepted(&answer.message_id, receipt.to_vec());
        }
    }

    fn accepted(&self, id: &[u8], receipt: Vec<u8>) {
        let at = now_ns();
        let id = MessageId::parse(id).expect("an id");
        let mut ledger = self.ledger();
        let letter = ledger.letters.get_mut(&id).expect("an answer about what was handed in");
        assert!(letter.accepted.is_none(), "answered twice");
        letter.accepted = Some((at, receipt));
    }

    async fn read(self, by: usize, peer: Peer, mut chance: Chance, done: CancellationToken) {
        let mut inbox = Inbox::open(&peer).await.expect("a stream");
        let mut reader = Reader::default();
        loop {
            let item = tokio::select! {
                item = inbox.next() => item.expect("the stream goes on").expect("the stream goes on"),
                () = done.cancelled(), if reader.unanswered.is_empty() => return,
            };
            match item {
                Item::Delivery(delivery) => self.came(by, &delivery, &mut reader, &mut chance),
                Item::Event(event) => {
                    let (at_ns, receipt) = (now_ns(), event.receipt.to_vec());
                    self.ledger().events.push(Heard { by, at_ns, cursor: event.cursor, receipt });
                    reader.heard = event.cursor;
                }
                Item::Acknowledged(answer) => {
                    assert_eq!(answer.failures, [], "every receipt is taken");
                    self.answered(&reader.unanswered.pop_front().expect("an answer to something"));
                }
                Item::Stop(_) => panic!("an order to stop, and nothing was taken back"),
                Item::CaughtUp(_) => {}
            }
            if reader.receipts.len() >= ACKNOWLEDGED || (!reader.receipts.is_empty() && chance.percent(20)) {
                self.acknowledge(by, &inbox, &mut reader, &mut chance).await;
            }
        }
    }

    fn came(&self, by: usize, delivery: &Delivery, reader: &mut Reader, chance: &mut Chance) {
        let header = samverkan_proto::statement::header::Header::parse(&delivery.header);
        let id = header.expect("a header").fields().message_id;
        let mut ledger = self.ledger();
        let letter = ledger.letters.get_mut(&id).expect("what comes was sent");
        assert!(letter.to == by && letter.is(&delivery.header, &delivery.wrap, &delivery.content));
        letter.seen_ns.get_or_insert(now_ns());
        if letter.said_ns.is_none() && chance.percent(70) {
            let member = &self.members[by];
            reader.receipts.push((id, delivered(delivery, member.org(), member.device())));
        }
    }

    async fn acknowledge(&self, by: usize, inbox: &Inbox, reader: &mut Reader, chance: &mut Chance) {
        let through = if chance.percent(50) { reader.heard } else { 0 };
        let (ids, receipts): (Vec<_>, Vec<_>) = std::mem::take(&mut reader.receipts).into_iter().unzip();
        let taken = {
            let (mut ledger, said_ns) = (self.ledger(), now_ns());
            for id in &ids {
                ledger.letters.get_mut(id).expect("it came").said_ns = Some(said_ns);
            }
            ledger.taken.push(Taken { by, through, said_ns, answered_ns: None });
            ledger.taken.len() - 1
        };
        reader.unanswered.push_back((ids, taken));
        let receipts = receipts.into_iter().map(Into::into).collect();
        inbox.send(Step::Acknowledge(Acknowledge { receipts, events_through: through })).await;
    }

    fn answered(&self, (ids, taken): &(Vec<MessageId>, usize)) {
        let (mut ledger, at) = (self.ledger(), now_ns());
        for id in ids {
            ledger.letters.get_mut(id).expect("it came").delivered_ns = Some(at);
        }
        ledger.taken[*taken].answered_ns = Some(at);
    }
}

/// What a reader has on its way.
#[derive(Debug, Default)]
struct Reader {
    receipts: Vec<(MessageId, Vec<u8>)>,
    unanswered: VecDeque<(Vec<MessageId>, usize)>,
    heard: u64,
}
