//! Hub receipts (SVKS).

use super::Record;
use crate::code::{HubReceiptType, PurgeReason, RefusalReason, ReturnReason};
use crate::codec::{Reader, Writer};
use crate::fault::InvalidField;
use crate::ids::{DeviceId, MailboxId, MessageId, OrgId};
use crate::limits::MAX_HUB_BATCH;
use crate::sign::PublicKey;

/// A mailbox and whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MailboxRef {
    /// The organisation.
    pub org: OrgId,
    /// Its mailbox.
    pub mailbox: MailboxId,
}

/// What happened to a message at the hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HubEvent {
    /// Type 1: the message is on disk.
    SubmissionAccepted {
        /// The mailbox it was sent from.
        sender: MailboxRef,
        /// The device that handed it in.
        device: DeviceId,
    },
    /// Type 2: the bytes went to a device of a recipient mailbox.
    HandedOver {
        /// The mailbox.
        recipient: MailboxRef,
        /// The device.
        device: DeviceId,
    },
    /// Type 3: it will be removed unread. Not issued by this version.
    Expiring,
    /// Type 4: its time was up before every group had it.
    ExpiredUndelivered,
    /// Type 5: the hub serves it no longer.
    Purged(PurgeReason),
    /// Type 6: the key it was stored under is destroyed. Not issued by this version.
    Shredded,
    /// Type 7: the recipient was suspended or removed before delivery.
    Returned {
        /// The recipient.
        recipient: MailboxRef,
        /// Which of the two.
        reason: ReturnReason,
    },
    /// Type 8: no reader can open it.
    Undecryptable {
        /// The mailbox whose readers these are.
        recipient: MailboxRef,
    },
    /// Type 9: no reader took it, and at least one refused it by a rule.
    Refused {
        /// The mailbox whose readers these are.
        recipient: MailboxRef,
        /// The rule named last.
        reason: RefusalReason,
    },
    /// Type 11: the sender took it back.
    Recalled {
        /// The recaller's organisation.
        org: OrgId,
        /// The recaller's device.
        device: DeviceId,
    },
}

impl HubEvent {
    /// Its code point.
    #[must_use]
    pub const fn receipt_type(&self) -> HubReceiptType {
        match self {
            Self::SubmissionAccepted { .. } => HubReceiptType::SubmissionAccepted,
            Self::HandedOver { .. } => HubReceiptType::HandedOver,
            Self::Expiring => HubReceiptType::Expiring,
            Self::ExpiredUndelivered => HubReceiptType::ExpiredUndelivered,
            Self::Purged(_) => HubReceiptType::Purged,
            Self::Shredded => HubReceiptType::Shredded,
            Self::Returned { .. } => HubReceiptType::Returned,
            Self::Undecryptable { .. } => HubReceiptType::Undecryptable,
            Self::Refused { .. } => HubReceiptType::Refused,
            Self::Recalled { .. } => HubReceiptType::Recalled,
        }
    }

    const fn reason_code(&self) -> u8 {
        match self {
            Self::Purged(reason) => reason.code(),
            Self::Returned { reason, .. } => reason.code(),
            Self::Refused { reason, .. } => reason.code(),
            _ => 0,
        }
    }

    /// Organisation, mailbox and device as they are written: zero where the type does not use them.
    const fn parties(&self) -> [&[u8; 16]; 3] {
        match self {
            Self::SubmissionAccepted { sender: MailboxRef { org, mailbox }, device }
            | Self::HandedOver { recipient: MailboxRef { org, mailbox }, device } => {
                [org.as_bytes(), mailbox.as_bytes(), device.as_bytes()]
            }
            Self::Returned { recipient: MailboxRef { org, mailbox }, .. }
            | Self::Undecryptable { recipient: MailboxRef { org, mailbox } }
            | Self::Refused { recipient: MailboxRef { org, mailbox }, .. } => {
                [org.as_bytes(), mailbox.as_bytes(), &[0; 16]]
            }
            Self::Recalled { org, device } => [org.as_bytes(), &[0; 16], device.as_bytes()],
            Self::Expiring | Self::ExpiredUndelivered | Self::Purged(_) | Self::Shredded => [&[0; 16]; 3],
        }
    }
}

/// What the hub says about one message, and the log it answers for at that time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HubReceipt {
    /// The message.
    pub message_id: MessageId,
    /// The hash of its header.
    pub hh: [u8; 32],
    /// SHA-256 of its sealed content.
    pub content_hash: [u8; 32],
    /// [`super::wraps_hash`] of the wraps that were handed in.
    pub wraps_hash: [u8; 32],
    /// When, in milliseconds since 1970, by the hub's clock.
    pub hub_time_ms: u64,
    /// The version of the hub's policy that was in force.
    pub policy_version: u32,
    /// The number of leaves of the log at that time.
    pub log_size: u64,
    /// The log's root at that size.
    pub log_root: [u8; 32],
    /// What happened.
    pub event: HubEvent,
}

const REASON: &str = "receipt.reason";
const ORG: &str = "receipt.org";
const MAILBOX: &str = "receipt.mailbox";
const DEVICE: &str = "receipt.device";

/// Type and reason, which stand first and say which of the later fields are used.
enum Head {
    SubmissionAccepted,
    HandedOver,
    Returned(ReturnReason),
    Undecryptable,
    Refused(RefusalReason),
    Recalled,
    /// A type that names nobody.
    Nobody(HubEvent),
}

impl Head {
    fn read(r: &mut Reader<'_>) -> Result<Self, InvalidField> {
        let head = match r.code("receipt.type")? {
            HubReceiptType::Purged => return Ok(Self::Nobody(HubEvent::Purged(r.code(REASON)?))),
            HubReceiptType::Returned => return Ok(Self::Returned(r.code(REASON)?)),
            HubReceiptType::Refused => return Ok(Self::Refused(r.code(REASON)?)),
            HubReceiptType::SubmissionAccepted => Self::SubmissionAccepted,
            HubReceiptType::HandedOver => Self::HandedOver,
            HubReceiptType::Undecryptable => Self::Undecryptable,
            HubReceiptType::Recalled => Self::Recalled,
            HubReceiptType::Expiring => Self::Nobody(HubEvent::Expiring),
            HubReceiptType::ExpiredUndelivered => Self::Nobody(HubEvent::ExpiredUndelivered),
            HubReceiptType::Shredded => Self::Nobody(HubEvent::Shredded),
        };
        r.zero(1, REASON)?;
        Ok(head)
    }

    /// Organisation, mailbox and device, as far as the type uses them.
    fn read_parties(self, r: &mut Reader<'_>) -> Result<HubEvent, InvalidField> {
        Ok(match self {
            Self::SubmissionAccepted => {
                HubEvent::SubmissionAccepted { sender: read_mailbox(r)?, device: r.id(DEVICE)? }
            }
            Self::HandedOver => HubEvent::HandedOver { recipient: read_mailbox(r)?, device: r.id(DEVICE)? },
            Self::Returned(reason) => HubEvent::Returned { recipient: read_mailbox_alone(r)?, reason },
            Self::Undecryptable => HubEvent::Undecryptable { recipient: read_mailbox_alone(r)? },
            Self::Refused(reason) => HubEvent::Refused { recipient: read_mailbox_alone(r)?, reason },
            Self::Recalled => {
                let org = r.id(ORG)?;
                r.zero(MailboxId::LEN, MAILBOX)?;
                HubEvent::Recalled { org, device: r.id(DEVICE)? }
            }
            Self::Nobody(event) => {
                r.zero(OrgId::LEN, ORG)?;
                r.zero(MailboxId::LEN, MAILBOX)?;
                r.zero(DeviceId::LEN, DEVICE)?;
                event
            }
        })
    }
}

fn read_mailbox(r: &mut Reader<'_>) -> Result<MailboxRef, InvalidField> {
    Ok(MailboxRef { org: r.id(ORG)?, mailbox: r.id(MAILBOX)? })
}

fn read_mailbox_alone(r: &mut Reader<'_>) -> Result<MailboxRef, InvalidField> {
    let mailbox = read_mailbox(r)?;
    r.zero(DeviceId::LEN, DEVICE)?;
    Ok(mailbox)
}

impl Record for HubReceipt {
    const MAGIC: &'static [u8; 4] = b"SVKS";
    const LEN: usize = 220;
    const MAX_BATCH: u16 = MAX_HUB_BATCH;

    fn parse(bytes: &[u8]) -> Result<Self, InvalidField> {
        let mut r = Reader::new(bytes);
        r.preamble(Self::MAGIC)?;
        let head = Head::read(&mut r)?;
        let message_id = r.id("receipt.message_id")?;
        let hh = r.array("receipt.hh")?;
        let content_hash = r.array("receipt.content_hash")?;
        let wraps_hash = r.array("receipt.wraps_hash")?;
        let event = head.read_parties(&mut r)?;
        let receipt = Self {
            message_id,
            hh,
            content_hash,
            wraps_hash,
            hub_time_ms: r.u64("receipt.hub_time_ms")?,
            policy_version: r.u32("receipt.policy_version")?,
            log_size: r.u64("receipt.log_size")?,
            log_root: r.array("receipt.log_root")?,
            event,
        };
        r.finish("receipt")?;
        Ok(receipt)
    }

    fn encode(&self) -> Vec<u8> {
        let mut w = Writer::statement(Self::MAGIC);
        w.u8(self.event.receipt_type().code());
        w.u8(self.event.reason_code());
        w.put(self.message_id.as_bytes());
        w.put(&self.hh);
        w.put(&self.content_hash);
        w.put(&self.wraps_hash);
        for party in self.event.parties() {
            w.put(party);
        }
        w.u64(self.hub_time_ms);
        w.u32(self.policy_version);
        w.u64(self.log_size);
        w.put(&self.log_root);
        w.finish()
    }

    /// The hub's receipt key is the one its hub keys in the log name; the receipt itself says nothing of it.
    fn may_be_signed_by(&self, _key: &PublicKey) -> bool {
        true
    }
}
