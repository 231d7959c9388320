//! Messages, what is said about them, and what stays of them.
//!
//! ```text
//! message      = accepted | content_hash[32] wraps_hash[32] | u32 wraps_len | header          body: wraps, content
//! accepted     = u64 hub_time_ms | u64 batch u16 leaf | u32 policy u64 log_size log_root[32]
//! hub receipt  = message_id[16] | u8 type u8 reason | org[16] mailbox[16] device[16] | u8 place | accepted
//! device rcpt  = u64 at_ms | u8 wrap | u8 sent_copy | proof
//! opened       = message_id[16] | u16 open
//! re-wrap      = u16 boxes | SVKW
//! batch        = u64 batch                                                   body: key_id[8] sig[64] n × hash[32]
//! ```
//!
//! A hub receipt is kept without the hashes that the message or its tombstone has: `place` is the wrap in type 2,
//! the mailbox's index in types 7 to 9, and 0 otherwise.

use samverkan_proto::ids::{ConsentHandle, DeviceId, MailboxId, MessageId, OrgId, sha256};
use samverkan_proto::statement::Verified;
use samverkan_proto::statement::header::Header;
use samverkan_proto::statement::receipt::{
    DeviceReceipt, HubEvent, HubReceipt, MailboxRef, Record as _, WithdrawalReceipt,
};
use samverkan_proto::statement::rewrap::{Rewrap, UnverifiedRewrap};

use crate::store::codec::Take;

/// The hashes that name a message's bytes, in a fixed order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) struct Hashes {
    pub(in crate::store) hh: [u8; 32],
    pub(in crate::store) content: [u8; 32],
    pub(in crate::store) wraps: [u8; 32],
}

impl Hashes {
    pub(in crate::store) fn put(&self, out: &mut Vec<u8>) {
        [self.hh, self.content, self.wraps].iter().for_each(|hash| out.extend_from_slice(hash));
    }

    pub(in crate::store) fn take(take: &mut Take<'_>) -> Option<Self> {
        Some(Self { hh: take.array()?, content: take.array()?, wraps: take.array()? })
    }
}

/// When a hub receipt was given, under which log, and where its signature is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) struct Given {
    pub(in crate::store) hub_time_ms: u64,
    /// The receipt batch, and the leaf in it.
    pub(in crate::store) batch: u64,
    pub(in crate::store) leaf: u16,
    pub(in crate::store) policy_version: u32,
    pub(in crate::store) log_size: u64,
    pub(in crate::store) log_root: [u8; 32],
}

impl Given {
    pub(in crate::store) fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.hub_time_ms.to_be_bytes());
        out.extend_from_slice(&self.batch.to_be_bytes());
        out.extend_from_slice(&self.leaf.to_be_bytes());
        out.extend_from_slice(&self.policy_version.to_be_bytes());
        out.extend_from_slice(&self.log_size.to_be_bytes());
        out.extend_from_slice(&self.log_root);
    }

    pub(in crate::store) fn take(take: &mut Take<'_>) -> Option<Self> {
        Some(Self {
            hub_time_ms: take.u64()?,
            batch: take.u64()?,
            leaf: u16::from_be_bytes(take.array()?),
            policy_version: take.u32()?,
            log_size: take.u64()?,
            log_root: take.array()?,
        })
    }

    /// The receipt that was given for a withdrawal.
    pub(in crate::store) fn withdrawal_receipt(
        &self,
        handle: ConsentHandle,
        withdrawal: &[u8],
    ) -> WithdrawalReceipt {
        WithdrawalReceipt {
            handle,
            withdrawal_hash: sha256(withdrawal),
            hub_time_ms: self.hub_time_ms,
            policy_version: self.policy_version,
            log_size: self.log_size,
            log_root: self.log_root,
        }
    }

    /// The receipt that was given.
    pub(in crate::store) fn receipt(&self, id: MessageId, hashes: &Hashes, event: HubEvent) -> HubReceipt {
        HubReceipt {
            message_id: id,
            hh: hashes.hh,
            content_hash: hashes.content,
            wraps_hash: hashes.wraps,
            hub_time_ms: self.hub_time_ms,
            policy_version: self.policy_version,
            log_size: self.log_size,
            log_root: self.log_root,
            event,
        }
    }
}

/// The mailbox and device that a message was sent from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) struct Sender {
    pub(in crate::store) org: OrgId,
    pub(in crate::store) mailbox: MailboxId,
    pub(in crate::store) device: DeviceId,
}

impl Sender {
    pub(in crate::store) fn of(header: &Header) -> Self {
        let fields = header.fields();
        Self { org: fields.sender_org, mailbox: fields.sender_mailbox, device: fields.sender_device }
    }

    pub(in crate::store) fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.org.as_bytes());
        out.extend_from_slice(self.mailbox.as_bytes());
        out.extend_from_slice(self.device.as_bytes());
    }

    pub(in crate::store) fn take(take: &mut Take<'_>) -> Option<Self> {
        Some(Self {
            org: OrgId::parse(take.bytes(16)?).ok()?,
            mailbox: MailboxId::parse(take.bytes(16)?).ok()?,
            device: DeviceId::parse(take.bytes(16)?).ok()?,
        })
    }

    /// What the submission receipt says of it.
    pub(in crate::store) fn accepted(&self) -> HubEvent {
        let sender = MailboxRef { org: self.org, mailbox: self.mailbox };
        HubEvent::SubmissionAccepted { sender, device: self.device }
    }
}

/// The head of a message.
#[derive(Clone, Debug)]
pub(in crate::store) struct MessageHead {
    pub(in crate::store) accepted: Given,
    pub(in crate::store) content_hash: [u8; 32],
    pub(in crate::store) wraps_hash: [u8; 32],
    pub(in crate::store) wraps_len: u32,
    pub(in crate::store) header: Header,
}

impl MessageHead {
    pub(in crate::store) fn encode(&self) -> Vec<u8> {
        let mut head = Vec::with_capacity(144 + self.header.bytes().len());
        self.accepted.put(&mut head);
        head.extend_from_slice(&self.content_hash);
        head.extend_from_slice(&self.wraps_hash);
        head.extend_from_slice(&self.wraps_len.to_be_bytes());
        head.extend_from_slice(self.header.bytes());
        head
    }

    pub(in crate::store) fn parse(head: &[u8]) -> Option<Self> {
        let mut take = Take::new(head);
        Some(Self {
            accepted: Given::take(&mut take)?,
            content_hash: take.array()?,
            wraps_hash: take.array()?,
            wraps_len: take.u32()?,
            header: Header::parse(take.rest()).ok()?,
        })
    }

    /// Length of what stands before the header.
    pub(in crate::store) const BEFORE_HEADER: usize = 62 + 32 + 32 + 4;

    pub(in crate::store) fn hashes(&self) -> Hashes {
        Hashes { hh: *self.header.hh(), content: self.content_hash, wraps: self.wraps_hash }
    }
}

/// The head of a hub receipt of types 2 to 11, but for 10.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::store) struct HubReceiptHead {
    pub(in crate::store) message_id: MessageId,
    pub(in crate::store) event: HubEvent,
    pub(in crate::store) place: u8,
    pub(in crate::store) given: Given,
}

impl HubReceiptHead {
    pub(in crate::store) fn encode(&self) -> Vec<u8> {
        // The parties stand in the head as they stand in the receipt, so that there is one way to write them.
        let zero = Hashes { hh: [0; 32], content: [0; 32], wraps: [0; 32] };
        let receipt = self.given.receipt(self.message_id, &zero, self.event).encode();
        let mut head = self.message_id.as_bytes().to_vec();
        head.extend_from_slice(&receipt[TYPE_AT..TYPE_AT + 2]);
        head.extend_from_slice(&receipt[PARTIES_AT..PARTIES_AT + 48]);
        head.push(self.place);
        self.given.put(&mut head);
        head
    }

    pub(in crate::store) fn parse(head: &[u8]) -> Option<Self> {
        let mut take = Take::new(head);
        let message_id = MessageId::parse(take.bytes(16)?).ok()?;
        let (kind, parties, place) = (take.bytes(2)?, take.bytes(48)?, take.u8()?);
        let given = Given::take(&mut take)?;
        // Any receipt will do to carry type and parties through their only parser.
        let zero = Hashes { hh: [0; 32], content: [0; 32], wraps: [0; 32] };
        let mut receipt = given.receipt(message_id, &zero, HubEvent::ExpiredUndelivered).encode();
        receipt[TYPE_AT..TYPE_AT + 2].copy_from_slice(kind);
        receipt[PARTIES_AT..PARTIES_AT + 48].copy_from_slice(parties);
        let event = HubReceipt::parse(&receipt).ok()?.event;
        take.is_empty().then_some(Self { message_id, event, place, given })
    }
}

/// Where type and parties stand in a hub receipt (PROTOCOL.md section 10).
const TYPE_AT: usize = 6;
const PARTIES_AT: usize = 8 + 16 + 3 * 32;

/// The head of a device receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::store) struct DeviceReceiptHead {
    pub(in crate::store) at_ms: u64,
    pub(in crate::store) wrap: u8,
    pub(in crate::store) sent_copy: bool,
    pub(in crate::store) receipt: DeviceReceipt,
    pub(in crate::store) proof: Vec<u8>,
}

impl DeviceReceiptHead {
    pub(in crate::store) fn encode(&self) -> Vec<u8> {
        let mut head = self.at_ms.to_be_bytes().to_vec();
        head.extend_from_slice(&[self.wrap, u8::from(self.sent_copy)]);
        head.extend_from_slice(&self.proof);
        head
    }

    pub(in crate::store) fn parse(head: &[u8]) -> Option<Self> {
        let mut take = Take::new(head);
        let (at_ms, wrap) = (take.u64()?, take.u8()?);
        let sent_copy = match take.u8()? {
            0 => false,
            1 => true,
            _ => return None,
        };
        let receipt = DeviceReceipt::parse(take.rest().get(..DeviceReceipt::LEN)?).ok()?;
        Some(Self { at_ms, wrap, sent_copy, receipt, proof: take.rest().to_vec() })
    }
}

/// The head of the mark that mailboxes may be handed the message from now on.
pub(in crate::store) fn encode_opened(id: &MessageId, open: u16) -> Vec<u8> {
    [id.as_bytes().as_slice(), &open.to_be_bytes()].concat()
}

/// Reads the mark that mailboxes may be handed the message from now on.
pub(in crate::store) fn parse_opened(head: &[u8]) -> Option<(MessageId, u16)> {
    let (id, open) = head.split_first_chunk::<16>()?;
    Some((MessageId::parse(id).ok()?, u16::from_be_bytes(open.try_into().ok()?)))
}

#[cfg(test)]
mod tests {
    use samverkan_proto::code::{PurgeReason, RefusalReason, ReturnReason};

    use super::*;

    #[test]
    fn every_kind_of_hub_receipt_is_the_same_after_it_was_stored() {
        let recipient =
            MailboxRef { org: OrgId::parse(&[1; 16]).unwrap(), mailbox: MailboxId::parse(&[2; 16]).unwrap() };
        let given =
            Given { hub_time_ms: 1, batch: 2, leaf: 3, policy_version: 4, log_size: 5, log_root: [6; 32] };
        let message_id = MessageId::random();
        for event in [
            HubEvent::HandedOver { recipient, device: DeviceId::parse(&[3; 16]).unwrap() },
            HubEvent::ExpiredUndelivered,
            HubEvent::Purged(PurgeReason::Lapsed),
            HubEvent::Returned { recipient, reason: ReturnReason::Removed },
            HubEvent::Undecryptable { recipient },
            HubEvent::Refused { recipient, reason: RefusalReason::SchemaTooNew },
            HubEvent::Recalled { org: recipient.org, device: DeviceId::parse(&[3; 16]).unwrap() },
        ] {
            let head = HubReceiptHead { message_id, event, place: 7, given };
            assert_eq!(HubReceiptHead::parse(&head.encode()), Some(head));
        }
    }
}

/// The head of a re-wrap: for which mailboxes of the message, and the statement as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::store) struct RewrapHead {
    pub(in crate::store) message_id: MessageId,
    pub(in crate::store) org: OrgId,
    pub(in crate::store) by_device: DeviceId,
    pub(in crate::store) device: DeviceId,
    pub(in crate::store) boxes: u16,
    statement: Box<[u8]>,
}

impl RewrapHead {
    /// Bytes before the statement.
    pub(in crate::store) const BEFORE_STATEMENT: usize = 2;

    pub(in crate::store) fn new(rewrap: &Verified<Rewrap>, boxes: u16) -> Self {
        let Rewrap { message_id, org, by_device, to_device, .. } = *rewrap.value();
        Self { message_id, org, by_device, device: to_device, boxes, statement: rewrap.bytes().into() }
    }

    pub(in crate::store) fn encode(&self) -> Vec<u8> {
        [self.boxes.to_be_bytes().as_slice(), &self.statement].concat()
    }

    pub(in crate::store) fn parse(head: &[u8]) -> Option<Self> {
        let (boxes, statement) = head.split_first_chunk()?;
        // Its signature was verified before it was written.
        let rewrap = UnverifiedRewrap::parse(statement).ok()?;
        let Rewrap { message_id, org, by_device, to_device, .. } = *rewrap.claimed();
        Some(Self {
            message_id,
            org,
            by_device,
            device: to_device,
            boxes: u16::from_be_bytes(*boxes),
            statement: statement.into(),
        })
    }
}
