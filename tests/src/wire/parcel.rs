//! A message as the hub sees it.

use super::header::{RawBlob, RawHeader, RawRecipient, RawWrap};
use super::member::Member;
use super::statement::{epoch_of, header_hash};
use super::{Peer, Refused, now_ms};
use samverkan_proto::limits::WRAP_LEN;
use samverkan_proto::v1::{SubmitRequest, SubmitResponse};

/// Header, wraps and content. The latter two are random unless they were really sealed: the hub can not tell.
#[derive(Clone, Debug)]
pub struct Parcel {
    /// The header, to be made wrong at will.
    pub header: RawHeader,
    /// The wraps, one after the other.
    pub wraps: Vec<u8>,
    /// The content.
    pub content: Vec<u8>,
}

impl Parcel {
    /// A message from the first device of `sender` to the first mailbox of each of `to`, each a group of its own.
    ///
    /// # Panics
    /// When a reader has no key for this week.
    #[must_use]
    pub fn new(sender: &Member, to: &[&Member]) -> Self {
        let mut header = RawHeader::new(now_ms());
        header.sender_org = sender.org();
        header.sender_mailbox = sender.mailbox();
        header.sender_device = sender.device().id();
        let mut parcel = Self { header, wraps: Vec::new(), content: Vec::new() };
        let mut members = to.to_vec();
        members.sort_by_key(|member| (member.org(), member.mailbox()));
        members.into_iter().for_each(|member| parcel.address_to(member));
        parcel.header.sort();
        parcel.fill();
        parcel
    }

    fn address_to(&mut self, member: &Member) {
        let boxes = 1 << self.header.to.len();
        let (org, mailbox) = (member.org(), member.mailbox());
        self.header.to.push(RawRecipient { org, mailbox, serial: member.manifest.serial, kind: 0 });
        let epoch = epoch_of(self.header.created_ms);
        let readers = &member.manifest.mailboxes[0].readers;
        for device in member.devices.iter().filter(|device| readers.contains(&device.id())) {
            let epoch_key = device.epoch_keys[&epoch].id;
            self.header.wraps.push(RawWrap { org, device: device.id(), epoch_key, boxes });
        }
    }

    /// Names an attachment.
    pub fn attach(&mut self, id: [u8; 32], len: u64) {
        self.header.blobs.push(RawBlob { id, len });
        self.header.sort();
    }

    /// Puts random bytes of the announced lengths behind the header.
    pub fn fill(&mut self) {
        self.wraps = random_bytes(self.header.wraps.len() * WRAP_LEN);
        self.content = random_bytes(self.header.content_len as usize);
    }

    /// The header's bytes.
    #[must_use]
    pub fn header_bytes(&self) -> Vec<u8> {
        self.header.encode()
    }

    /// `hh`.
    #[must_use]
    pub fn header_hash(&self) -> [u8; 32] {
        header_hash(&self.header_bytes())
    }

    /// The request that submits it.
    #[must_use]
    pub fn request(&self) -> SubmitRequest {
        SubmitRequest {
            header: self.header_bytes().into(),
            wraps: self.wraps.clone().into(),
            content: self.content.clone().into(),
        }
    }

    /// Submits it and returns the receipt's proof.
    ///
    /// # Errors
    /// The refusal.
    pub async fn submit(&self, peer: &Peer) -> Result<Vec<u8>, Refused> {
        let answer: SubmitResponse = peer.call("RelayService/Submit", &self.request()).await?;
        Ok(answer.receipt.to_vec())
    }
}

/// `len` random bytes.
///
/// # Panics
/// When the system has no randomness.
#[must_use]
pub fn random_bytes(len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    ring::rand::SecureRandom::fill(&ring::rand::SystemRandom::new(), &mut bytes).expect("randomness");
    bytes
}
