//! What clients handed in, and what the hub acknowledged of it, with the moment at which the client had the answer.

use crate::wire::Parcel;
use bytes::Bytes;
use samverkan_proto::ids::{BlobId, DeviceId, MessageId, OrgId};
use std::collections::BTreeMap;

/// An organisation with its one device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Party {
    /// The organisation.
    pub org: OrgId,
    /// Its device.
    pub device: DeviceId,
}

/// Everything about a run. Times are [`now_ns`](crate::recorder::now_ns)'s.
#[derive(Debug, Default)]
pub struct Ledger {
    /// Who takes part; all had joined and were confirmed at `joined_ns`.
    pub parties: Vec<Party>,
    /// When that was.
    pub joined_ns: u64,
    /// What was sent, by id.
    pub letters: BTreeMap<MessageId, Letter>,
    /// What was uploaded.
    pub uploads: Vec<Uploaded>,
    /// What senders heard of their messages, in the order in which each heard it.
    pub events: Vec<Heard>,
    /// Up to where they said that they keep it.
    pub taken: Vec<Taken>,
}

/// A message from one party to another.
#[derive(Debug)]
pub struct Letter {
    /// Its bytes.
    pub parcel: Parcel,
    /// Index of the party that sends it.
    pub from: usize,
    /// Index of the party that it is for.
    pub to: usize,
    /// Index of the upload that it names.
    pub upload: Option<usize>,
    /// The hub's receipt, and when the sender had it.
    pub accepted: Option<(u64, Vec<u8>)>,
    /// When it came to the recipient.
    pub seen_ns: Option<u64>,
    /// When the recipient said `DELIVERED`.
    pub said_ns: Option<u64>,
    /// When the recipient knew that the hub has that.
    pub delivered_ns: Option<u64>,
}

/// An attachment.
#[derive(Debug)]
pub struct Uploaded {
    /// Index of the party that it belongs to.
    pub by: usize,
    /// Its name.
    pub id: BlobId,
    /// Its bytes.
    pub bytes: Bytes,
    /// When the hub had said that all of it is there.
    pub done_ns: u64,
}

/// A receipt that came to a sender.
#[derive(Debug)]
pub struct Heard {
    /// Index of the party.
    pub by: usize,
    /// When.
    pub at_ns: u64,
    /// Its place in the queue.
    pub cursor: u64,
    /// Its bytes.
    pub receipt: Vec<u8>,
}

/// A sender keeps everything up to a place in its queue.
#[derive(Clone, Copy, Debug)]
pub struct Taken {
    /// Index of the party.
    pub by: usize,
    /// The place.
    pub through: u64,
    /// When it said so.
    pub said_ns: u64,
    /// When it knew that the hub has that.
    pub answered_ns: Option<u64>,
}

impl Letter {
    /// One that nobody has answered for.
    #[must_use]
    pub fn new(parcel: Parcel, from: usize, to: usize, upload: Option<usize>) -> Self {
        let (accepted, seen_ns, said_ns, delivered_ns) = (None, None, None, None);
        Self { parcel, from, to, upload, accepted, seen_ns, said_ns, delivered_ns }
    }

    /// Its identifier.
    ///
    /// # Panics
    /// Never for a header that the hub took.
    #[must_use]
    pub fn id(&self) -> MessageId {
        MessageId::parse(&self.parcel.header.message_id).expect("a random id")
    }

    /// Whether these are its bytes.
    #[must_use]
    pub fn is(&self, header: &[u8], wrap: &[u8], content: &[u8]) -> bool {
        self.parcel.header_bytes() == header && self.parcel.wraps == wrap && self.parcel.content == content
    }
}

/// Whether something had happened at a moment.
#[must_use]
pub fn by(at: Option<u64>, moment_ns: u64) -> bool {
    at.is_some_and(|at| at <= moment_ns)
}
