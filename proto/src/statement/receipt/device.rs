//! Device receipts (SVKR).

use super::Record;
use crate::code::{CannotDecryptReason, DeviceReceiptType, RefusalReason};
use crate::codec::{Reader, Writer};
use crate::fault::InvalidField;
use crate::ids::{DeviceId, MailboxId, MessageId, OrgId};
use crate::limits::MAX_DEVICE_BATCH;
use crate::sign::PublicKey;

/// What a device says became of a message that was handed to it.
///
/// `open_tag` proves to the sender, who chose the message key, that the device opened the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Type 1: the message and all its attachments are verified and on disk.
    Delivered {
        /// The proof of opening for type 1.
        open_tag: [u8; 16],
    },
    /// Type 2: it can not be opened.
    CannotDecrypt(CannotDecryptReason),
    /// Type 3: it was opened, and a rule refuses it.
    Refused {
        /// The rule.
        reason: RefusalReason,
        /// The proof of opening for type 3.
        open_tag: [u8; 16],
    },
    /// Type 4: a sealed answer exists.
    Answered {
        /// The proof of opening for type 4.
        open_tag: [u8; 16],
        /// The mailbox that answers.
        mailbox: MailboxId,
        /// Names the answering message to those who hold this message's key.
        answer_ref: [u8; 32],
    },
}

impl Verdict {
    /// Its code point.
    #[must_use]
    pub const fn receipt_type(&self) -> DeviceReceiptType {
        match self {
            Self::Delivered { .. } => DeviceReceiptType::Delivered,
            Self::CannotDecrypt(_) => DeviceReceiptType::CannotDecrypt,
            Self::Refused { .. } => DeviceReceiptType::Refused,
            Self::Answered { .. } => DeviceReceiptType::Answered,
        }
    }

    /// The proof of opening; a device that can not decrypt has none.
    #[must_use]
    pub const fn open_tag(&self) -> Option<&[u8; 16]> {
        match self {
            Self::Delivered { open_tag }
            | Self::Refused { open_tag, .. }
            | Self::Answered { open_tag, .. } => Some(open_tag),
            Self::CannotDecrypt(_) => None,
        }
    }

    const fn reason_code(&self) -> u8 {
        match self {
            Self::Delivered { .. } | Self::Answered { .. } => 0,
            Self::CannotDecrypt(reason) => reason.code(),
            Self::Refused { reason, .. } => reason.code(),
        }
    }
}

/// What one device says about one message. Fields that its type does not use have no place here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeviceReceipt {
    /// The message.
    pub message_id: MessageId,
    /// The hash of its header.
    pub hh: [u8; 32],
    /// The device's organisation.
    pub org: OrgId,
    /// The device, which also signs.
    pub device: DeviceId,
    /// When the device came to its verdict, in milliseconds since 1970, by its own clock.
    pub time_ms: u64,
    /// What it says.
    pub verdict: Verdict,
}

const REASON: &str = "receipt.reason";
const MAILBOX: &str = "receipt.mailbox";
const TIME: &str = "receipt.time_ms";
const OPEN_TAG: &str = "receipt.open_tag";
const ANSWER_REF: &str = "receipt.ref";

/// Type and reason, which stand first and say which of the later fields are used.
enum Head {
    Delivered,
    CannotDecrypt(CannotDecryptReason),
    Refused(RefusalReason),
    Answered,
}

impl Head {
    fn read(r: &mut Reader<'_>) -> Result<Self, InvalidField> {
        Ok(match r.code("receipt.type")? {
            DeviceReceiptType::Delivered => r.zero(1, REASON).map(|()| Self::Delivered)?,
            DeviceReceiptType::CannotDecrypt => Self::CannotDecrypt(r.code(REASON)?),
            DeviceReceiptType::Refused => Self::Refused(r.code(REASON)?),
            DeviceReceiptType::Answered => r.zero(1, REASON).map(|()| Self::Answered)?,
        })
    }

    /// Everything from `mailbox` on: the time and the verdict.
    fn read_rest(self, r: &mut Reader<'_>) -> Result<(u64, Verdict), InvalidField> {
        let (time_ms, verdict) = match self {
            Self::Delivered => (read_time_alone(r)?, Verdict::Delivered { open_tag: r.array(OPEN_TAG)? }),
            Self::CannotDecrypt(reason) => {
                let time_ms = read_time_alone(r)?;
                r.zero(16, OPEN_TAG)?;
                (time_ms, Verdict::CannotDecrypt(reason))
            }
            Self::Refused(reason) => {
                (read_time_alone(r)?, Verdict::Refused { reason, open_tag: r.array(OPEN_TAG)? })
            }
            Self::Answered => {
                let mailbox = r.id(MAILBOX)?;
                let time_ms = r.u64(TIME)?;
                let open_tag = r.array(OPEN_TAG)?;
                let answer_ref = r.array(ANSWER_REF)?;
                return Ok((time_ms, Verdict::Answered { open_tag, mailbox, answer_ref }));
            }
        };
        r.zero(32, ANSWER_REF)?;
        Ok((time_ms, verdict))
    }
}

/// The time, after the mailbox that only an answer names.
fn read_time_alone(r: &mut Reader<'_>) -> Result<u64, InvalidField> {
    r.zero(MailboxId::LEN, MAILBOX)?;
    r.u64(TIME)
}

impl Record for DeviceReceipt {
    const MAGIC: &'static [u8; 4] = b"SVKR";
    const LEN: usize = 160;
    const MAX_BATCH: u16 = MAX_DEVICE_BATCH;

    fn parse(bytes: &[u8]) -> Result<Self, InvalidField> {
        let mut r = Reader::new(bytes);
        r.preamble(Self::MAGIC)?;
        let head = Head::read(&mut r)?;
        let message_id = r.id("receipt.message_id")?;
        let hh = r.array("receipt.hh")?;
        let org = r.id("receipt.org")?;
        let device = r.id("receipt.device")?;
        let (time_ms, verdict) = head.read_rest(&mut r)?;
        r.finish("receipt")?;
        Ok(Self { message_id, hh, org, device, time_ms, verdict })
    }

    fn encode(&self) -> Vec<u8> {
        let mut w = Writer::statement(Self::MAGIC);
        w.u8(self.verdict.receipt_type().code());
        w.u8(self.verdict.reason_code());
        w.put(self.message_id.as_bytes());
        w.put(&self.hh);
        w.put(self.org.as_bytes());
        w.put(self.device.as_bytes());
        match &self.verdict {
            Verdict::Answered { mailbox, .. } => w.put(mailbox.as_bytes()),
            _ => w.zero(MailboxId::LEN),
        }
        w.u64(self.time_ms);
        w.put(self.verdict.open_tag().unwrap_or(&[0; 16]));
        match &self.verdict {
            Verdict::Answered { answer_ref, .. } => w.put(answer_ref),
            _ => w.zero(32),
        }
        w.finish()
    }

    fn may_be_signed_by(&self, key: &PublicKey) -> bool {
        self.device == DeviceId::of_key(key.as_bytes())
    }
}
