//! The hub's receipt for a withdrawal (SVKS of type 10), and whatever a hub signs in one batch.

use super::{HubReceipt, Record};
use crate::codec::{Reader, Writer};
use crate::fault::{Fault, InvalidField};
use crate::ids::{ConsentHandle, DeviceId, MailboxId, OrgId, sha256};
use crate::limits::MAX_HUB_BATCH;
use crate::sign::PublicKey;

/// The code point of the type. It stands in no table of hub receipts: those are about messages, and this one is about a handle.
const TYPE: u8 = 10;
/// Where the type stands.
const TYPE_AT: usize = 6;

/// The hub's word that a handle is withdrawn from now on, and the log it answers for at that time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WithdrawalReceipt {
    /// The handle; stands where other hub receipts have the message's id.
    pub handle: ConsentHandle,
    /// SHA-256 of the whole SVKD, signature included; stands where others have the hash of the header.
    pub withdrawal_hash: [u8; 32],
    /// When, in milliseconds since 1970, by the hub's clock.
    pub hub_time_ms: u64,
    /// The version of the hub's policy that was in force.
    pub policy_version: u32,
    /// The number of leaves of the log at that time.
    pub log_size: u64,
    /// The log's root at that size.
    pub log_root: [u8; 32],
}

impl WithdrawalReceipt {
    /// Whether it is about this very statement.
    #[must_use]
    pub fn is_about(&self, handle: &ConsentHandle, withdrawal: &[u8]) -> bool {
        self.handle == *handle && self.withdrawal_hash == sha256(withdrawal)
    }
}

impl Record for WithdrawalReceipt {
    const MAGIC: &'static [u8; 4] = HubReceipt::MAGIC;
    const LEN: usize = HubReceipt::LEN;
    const MAX_BATCH: u16 = MAX_HUB_BATCH;

    fn parse(bytes: &[u8]) -> Result<Self, InvalidField> {
        let mut r = Reader::new(bytes);
        r.preamble(Self::MAGIC)?;
        if r.u8("receipt.type")? != TYPE {
            return Err(Fault::UnknownCode.in_field("receipt.type"));
        }
        r.zero(1, "receipt.reason")?;
        let handle = r.id("receipt.handle")?;
        let withdrawal_hash = r.array("receipt.withdrawal_hash")?;
        r.zero(32, "receipt.content_hash")?;
        r.zero(32, "receipt.wraps_hash")?;
        r.zero(OrgId::LEN, "receipt.org")?;
        r.zero(MailboxId::LEN, "receipt.mailbox")?;
        r.zero(DeviceId::LEN, "receipt.device")?;
        let receipt = Self {
            handle,
            withdrawal_hash,
            hub_time_ms: r.u64("receipt.hub_time_ms")?,
            policy_version: r.u32("receipt.policy_version")?,
            log_size: r.u64("receipt.log_size")?,
            log_root: r.array("receipt.log_root")?,
        };
        r.finish("receipt")?;
        Ok(receipt)
    }

    fn encode(&self) -> Vec<u8> {
        let mut w = Writer::statement(Self::MAGIC);
        w.u8(TYPE);
        w.u8(0);
        w.put(self.handle.as_bytes());
        w.put(&self.withdrawal_hash);
        w.put(&[0; 2 * 32 + OrgId::LEN + MailboxId::LEN + DeviceId::LEN]);
        w.u64(self.hub_time_ms);
        w.u32(self.policy_version);
        w.u64(self.log_size);
        w.put(&self.log_root);
        w.finish()
    }

    fn may_be_signed_by(&self, _key: &PublicKey) -> bool {
        true
    }
}

/// Whatever a hub gives a receipt for: one signature covers both kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HubRecord {
    /// About a message.
    Message(HubReceipt),
    /// About a consent's handle.
    Withdrawal(WithdrawalReceipt),
}

impl Record for HubRecord {
    const MAGIC: &'static [u8; 4] = HubReceipt::MAGIC;
    const LEN: usize = HubReceipt::LEN;
    const MAX_BATCH: u16 = MAX_HUB_BATCH;

    fn parse(bytes: &[u8]) -> Result<Self, InvalidField> {
        if bytes.get(TYPE_AT) == Some(&TYPE) {
            WithdrawalReceipt::parse(bytes).map(Self::Withdrawal)
        } else {
            HubReceipt::parse(bytes).map(Self::Message)
        }
    }

    fn encode(&self) -> Vec<u8> {
        match self {
            Self::Message(receipt) => receipt.encode(),
            Self::Withdrawal(receipt) => receipt.encode(),
        }
    }

    fn may_be_signed_by(&self, key: &PublicKey) -> bool {
        match self {
            Self::Message(receipt) => receipt.may_be_signed_by(key),
            Self::Withdrawal(receipt) => receipt.may_be_signed_by(key),
        }
    }
}
