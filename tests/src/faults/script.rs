//! A run that is the same every time: two organisations, one operation after the other, each of which may be refused.

use super::ledger::{Ledger, Letter, Party, Taken, Uploaded};
use crate::recorder::now_ns;
use crate::site::Site;
use crate::wire::inbox::delivered;
use crate::wire::{Blob, Inbox, Member, Parcel, Peer, Refused};
use samverkan_proto::ids::{BlobId, DeviceId, MessageId, OrgId};
use samverkan_proto::padding::padded;
use samverkan_proto::statement::header::Header;

/// Refusals in a row after which the hub is taken to be gone.
const PATIENCE: usize = 12;

/// The two organisations.
#[derive(Debug)]
pub struct Script {
    members: [Member; 2],
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Played {
    /// What was acknowledged.
    pub ledger: Ledger,
    /// When each operation that succeeded had begun.
    pub done: Vec<u64>,
    /// Refusals, without those of a hub that is gone.
    pub refused: Vec<Refused>,
}

impl Script {
    /// Lets the two join.
    ///
    /// # Panics
    /// When they are refused.
    pub async fn new(site: &Site) -> Self {
        Self { members: [Member::join(site, "enhet").await, Member::join(site, "enhet").await] }
    }

    /// Plays so many operations, or until the hub is gone.
    ///
    /// # Panics
    /// When the hub serves other bytes than were handed in.
    pub async fn play(&self, site: &Site, operations: usize) -> Played {
        let party = |member: &Member| Party {
            org: OrgId::parse(&member.org()).expect("it has joined"),
            device: DeviceId::parse(&member.device().id()).expect("it has joined"),
        };
        let parties = self.members.iter().map(party).collect();
        let ledger = Ledger { parties, joined_ns: 0, ..Ledger::default() };
        let mut run = Run {
            members: &self.members,
            peers: self.members.each_ref().map(|member| member.connect(site)),
            played: Played { ledger, ..Played::default() },
        };
        let mut in_a_row = 0;
        for number in 0..operations {
            let begun_ns = now_ns();
            match run.operation(number).await {
                Ok(()) => {
                    run.played.done.push(begun_ns);
                    in_a_row = 0;
                }
                Err(refused) => {
                    in_a_row += 1;
                    // What a call says whose connection, or whose hub, has gone away.
                    if !matches!(refused.code, tonic::Code::Unavailable | tonic::Code::Unknown) {
                        run.played.refused.push(refused);
                    } else if in_a_row >= PATIENCE {
                        break;
                    }
                }
            }
        }
        run.played
    }
}

struct Run<'a> {
    members: &'a [Member; 2],
    peers: [Peer; 2],
    played: Played,
}

impl Run<'_> {
    async fn operation(&mut self, number: usize) -> Result<(), Refused> {
        let from = number % 2;
        match number % 10 {
            4 | 9 => self.read(1 - from).await,
            7 => self.upload_and_send(from, number).await,
            _ => self.send(from, None, 2000 + 900 * (number as u64 % 13)).await,
        }
    }

    async fn send(&mut self, from: usize, upload: Option<usize>, len: u64) -> Result<(), Refused> {
        let to = 1 - from;
        let mut parcel = Parcel::new(&self.members[from], &[&self.members[to]]);
        parcel.header.content_len = u32::try_from(padded(len) + 16).expect("a small message");
        parcel.fill();
        if let Some(upload) = upload.map(|at| &self.played.ledger.uploads[at]) {
            parcel.attach(*upload.id.as_bytes(), upload.bytes.len() as u64);
        }
        let letter = Letter::new(parcel.clone(), from, to, upload);
        let id = letter.id();
        self.played.ledger.letters.insert(id, letter);
        let receipt = parcel.submit(&self.peers[from]).await?;
        self.letter(&id).accepted = Some((now_ns(), receipt));
        Ok(())
    }

    async fn upload_and_send(&mut self, from: usize, number: usize) -> Result<(), Refused> {
        let blob = Blob::random(5_000 + 700 * (number as u64 % 11));
        blob.upload(&self.peers[from]).await?;
        let id = BlobId::parse(&blob.id).expect("a digest");
        let upload = Uploaded { by: from, id, bytes: blob.bytes, done_ns: now_ns() };
        self.played.ledger.uploads.push(upload);
        self.send(from, Some(self.played.ledger.uploads.len() - 1), 3000).await
    }

    /// Reads what waits, and acknowledges two messages of three and all events.
    async fn read(&mut self, by: usize) -> Result<(), Refused> {
        let mut inbox = Inbox::open(&self.peers[by]).await?;
        let waiting = inbox.drain().await?;
        let (mut ids, mut receipts) = (Vec::new(), Vec::new());
        let (org, device) = (self.members[by].org(), self.members[by].device());
        for (at, delivery) in waiting.deliveries.iter().enumerate() {
            let id = Header::parse(&delivery.header).expect("a header").fields().message_id;
            let said_ns = now_ns();
            let letter = self.letter(&id);
            assert!(letter.to == by && letter.is(&delivery.header, &delivery.wrap, &delivery.content));
            if at % 3 != 2 {
                letter.said_ns = Some(said_ns);
                receipts.push(delivered(delivery, org, device));
                ids.push(id);
            }
        }
        let through = waiting.events.last().map_or(0, |event| event.cursor);
        self.played.ledger.taken.push(Taken { by, through, said_ns: now_ns(), answered_ns: None });
        let failures = inbox.acknowledge(receipts, through).await?;
        assert!(failures.is_empty(), "receipts about what came are taken: {failures:?}");
        for id in ids {
            self.letter(&id).delivered_ns = Some(now_ns());
        }
        if let Some(taken) = self.played.ledger.taken.last_mut() {
            taken.answered_ns = Some(now_ns());
        }
        Ok(())
    }

    fn letter(&mut self, id: &MessageId) -> &mut Letter {
        self.played.ledger.letters.get_mut(id).expect("it was sent")
    }
}
