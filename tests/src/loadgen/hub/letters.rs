//! Messages made ahead of the clock, by several threads.

use super::board::{Expected, id_of};
use crate::wire::bytes::random;
use crate::wire::parcel::random_bytes;
use crate::wire::statement::header_hash;
use crate::wire::{Member, Parcel, RawHeader, now_ms};
use bytes::Bytes;
use samverkan_proto::ids::sha256;
use samverkan_proto::limits::WRAP_LEN;
use samverkan_proto::statement::receipt::wraps_hash;
use samverkan_proto::v1::SubmitRequest;

/// Threads that make letters.
const THREADS: usize = 2;

/// A message that only has to be sent.
#[derive(Clone, Debug)]
pub struct Letter {
    /// Its place in the round.
    pub index: usize,
    /// What is submitted.
    pub request: SubmitRequest,
}

/// A round's letters.
#[derive(Debug)]
pub struct Letters {
    /// The place of the first.
    pub first: usize,
    /// For each sender what it sends, in order.
    pub by_sender: Vec<Vec<Letter>>,
    /// What is to arrive, by place.
    pub expected: Vec<Expected>,
    /// Bytes that are submitted.
    pub bytes: u64,
}

/// Headers from every sender to every subscriber, of which each letter has its own copy.
#[derive(Debug)]
pub struct Templates {
    senders: usize,
    /// By sender, then by subscriber.
    headers: Vec<RawHeader>,
}

impl Templates {
    /// Those of these members.
    #[must_use]
    pub fn new(senders: &[Member], subscribers: &[Member]) -> Self {
        let pairs = senders.iter().flat_map(|from| subscribers.iter().map(move |to| (from, to)));
        let headers = pairs.map(|(from, to)| Parcel::new(from, &[to]).header).collect();
        Self { senders: senders.len(), headers }
    }

    fn subscribers(&self) -> usize {
        self.headers.len() / self.senders
    }

    /// Makes `n` letters with places from `first` on, from all senders to all subscribers in turn.
    ///
    /// # Panics
    /// When the system has no randomness, or for more letters than a `u32` counts.
    #[must_use]
    pub fn letters(&self, first: usize, n: usize) -> Letters {
        let (share, end) = (n.div_ceil(THREADS).max(1), first + n);
        let made: Vec<(Letter, Expected)> = std::thread::scope(|scope| {
            let threads: Vec<_> = (first..end)
                .step_by(share)
                .map(|from| scope.spawn(move || self.some(from..end.min(from + share))))
                .collect();
            threads.into_iter().flat_map(|thread| thread.join().expect("making letters works")).collect()
        });
        let (by_sender, expected) = (vec![Vec::new(); self.senders], Vec::with_capacity(n));
        let mut letters = Letters { first, by_sender, expected, bytes: 0 };
        for (letter, expected) in made {
            let SubmitRequest { header, wraps, content } = &letter.request;
            letters.bytes += (header.len() + wraps.len() + content.len()) as u64;
            letters.by_sender[letter.index % self.senders].push(letter);
            letters.expected.push(expected);
        }
        letters
    }

    fn some(&self, indices: std::ops::Range<usize>) -> Vec<(Letter, Expected)> {
        let created_ms = now_ms();
        indices.map(|index| self.one(index, created_ms)).collect()
    }

    fn one(&self, index: usize, created_ms: u64) -> (Letter, Expected) {
        // Every sender writes to every subscriber, whatever the two numbers have in common.
        let sender = index % self.senders;
        let subscriber = (index / self.senders) % self.subscribers();
        let place = u32::try_from(index).expect("a round has fewer letters");
        let mut header = self.headers[sender * self.subscribers() + subscriber].clone();
        header.message_id = id_of(place, random());
        header.key_commit = random();
        header.created_ms = created_ms;
        header.expires_ms = created_ms + 7 * 86_400_000;
        let encoded = header.encode();
        let (header_end, wrap_end) = (encoded.len(), encoded.len() + WRAP_LEN);
        let mut bytes = encoded;
        bytes.extend(random_bytes(WRAP_LEN + header.content_len as usize));
        // One allocation for all three parts.
        let bytes = Bytes::from(bytes);
        let request = SubmitRequest {
            header: bytes.slice(..header_end),
            wraps: bytes.slice(header_end..wrap_end),
            content: bytes.slice(wrap_end..),
        };
        let expected = Expected {
            subscriber: subscriber as u32,
            hh: header_hash(&request.header),
            content: sha256(&request.content),
            wraps: wraps_hash(&request.wraps),
        };
        (Letter { index, request }, expected)
    }
}
