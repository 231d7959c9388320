//! Opening (PROTOCOL.md section 7): fourteen checks, in their order, as a chain of types that only the check before makes.
//!
//! [`Received`] (1) → [`Unwrapped`] (2–5) → [`Accepted`] (6) → [`Verified`] (7–14). What a check must know of the log it asks a
//! [`LogView`], and of earlier messages a [`Memory`]; nothing here reads a clock or a store. A [`Refusal`] says one thing to everybody, and the fault to the own log.

mod consent;
mod log;
mod memory;
mod refusal;
mod verify;

pub use log::LogView;
pub use memory::Memory;
pub use refusal::{OpenError, Refusal};
pub use verify::{Accepted, Verified};

use crate::context;
use crate::seal::{CONTENT_NONCE, padded_len};
use crate::secret::MessageSecret;
use crate::suite::{self, EpochSecret};
use samverkan_proto::ids::{DeviceId, EpochKeyId, OrgId};
use samverkan_proto::limits::{BODY_PREFIX, MAX_BODY, TAG_LEN, WRAP_LEN, XWING_ENC_LEN};
use samverkan_proto::sign::Signature;
use samverkan_proto::statement::epoch_key::Epoch;
use samverkan_proto::statement::header::{Header, Wrap};
use samverkan_proto::statement::rewrap::{Rewrap, UnverifiedRewrap};
use samverkan_proto::{Fault, InvalidField, xwing};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

/// A message whose bytes have the right form. Nothing of it is authentic.
pub struct Received<'a> {
    header: Header,
    wrap: &'a [u8; WRAP_LEN],
    content: &'a [u8],
    /// By which a colleague gave it to this device, if the header does not name it.
    rewrap: Option<UnverifiedRewrap>,
}

/// The device that opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalDevice {
    /// Its organisation.
    pub org: OrgId,
    /// Itself.
    pub device: DeviceId,
}

/// The private half of one of the device's epoch keys, and its week.
#[derive(Clone, Copy)]
pub struct HeldKey<'a> {
    /// The private half.
    pub secret: &'a EpochSecret,
    /// The week that the key was published for.
    pub epoch: Epoch,
}

/// A message that opened for this device. Who sealed it, and when, is not known yet.
pub struct Unwrapped {
    pub(crate) header: Header,
    pub(crate) device: LocalDevice,
    /// This device's entry in the header.
    pub(crate) wrap: Wrap,
    pub(crate) secret: MessageSecret,
    pub(crate) content_hash: [u8; 32],
    pub(crate) plain: Plain,
    /// By which it came to this device, when the header does not name it; its signature is verified with the log.
    pub(crate) rewrap: Option<UnverifiedRewrap>,
}

/// `u32 body_len | sig[64] | body | zeros`, found well formed.
pub(crate) struct Plain {
    bytes: Zeroizing<Vec<u8>>,
    body_len: usize,
}

impl<'a> Received<'a> {
    /// Check 1: header, own wrap and content have their forms.
    ///
    /// # Errors
    /// A fault of section 6, or `bad_length`.
    pub fn parse(header: &[u8], wrap: &'a [u8], content: &'a [u8]) -> Result<Self, Refusal> {
        let header = Header::parse(header).map_err(Refusal::unopened)?;
        let wrap = wrap.try_into().map_err(|_| Refusal::unopened(Fault::BadLength.in_field("wrap")))?;
        if content.len() as u64 != u64::from(header.fields().content_len) {
            return Err(Refusal::unopened(Fault::BadLength.in_field("content")));
        }
        Ok(Self { header, wrap, content, rewrap: None })
    }

    /// The same for a message that a colleague gave to this device: `rewrap` is the statement that says so (SVKW).
    ///
    /// # Errors
    /// A fault of section 6, of the statement, or `bad_length`.
    pub fn parse_rewrapped(header: &[u8], rewrap: &'a [u8], content: &'a [u8]) -> Result<Self, Refusal> {
        let statement = UnverifiedRewrap::parse(rewrap).map_err(Refusal::unopened)?;
        let wrap = rewrap.get(Rewrap::WRAP_AT..Rewrap::WRAP_AT + WRAP_LEN).unwrap_or_default();
        let received = Self::parse(header, wrap, content)?;
        Ok(Self { rewrap: Some(statement), ..received })
    }

    /// What the message says of itself, to find its keys.
    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// The epoch key that the device needs; `None` when nothing is for the device.
    #[must_use]
    pub fn own_key(&self, device: LocalDevice) -> Option<EpochKeyId> {
        self.own_wrap(device).ok().map(|wrap| wrap.epoch_key)
    }

    /// Checks 2 to 5: the wrap is this device's, and opens the content. `held` finds an epoch key of the device.
    ///
    /// # Errors
    /// `not_a_recipient`, `key_destroyed`, `bad_time`, `low_order_key`, `wrap_failed`, `commit_mismatch`, `content_failed` or
    /// `bad_padding`.
    pub fn unwrap<'k>(
        self,
        device: LocalDevice,
        held: impl FnOnce(&EpochKeyId) -> Option<HeldKey<'k>>,
    ) -> Result<Unwrapped, Refusal> {
        let wrap = self.own_wrap(device).map_err(Refusal::unopened)?;
        let secret = self.open_wrap(&wrap, held).map_err(Refusal::unopened)?;
        let plain = self.open_content(&secret).map_err(Refusal::unopened)?;
        let content_hash = samverkan_proto::ids::sha256(self.content);
        Ok(Unwrapped { header: self.header, device, wrap, secret, content_hash, plain, rewrap: self.rewrap })
    }

    fn own_wrap(&self, own: LocalDevice) -> Result<Wrap, InvalidField> {
        let fields = self.header.fields();
        if let Some(rewrap) = &self.rewrap {
            return self.given_wrap(own, rewrap.claimed());
        }
        fields
            .wrap_index(&own.org, &own.device)
            .and_then(|index| fields.wraps.get(index).copied())
            .ok_or(Fault::NotARecipient.in_field("header.wraps"))
    }

    /// The wrap that a colleague made, with the mailboxes that the message came to the colleague for.
    fn given_wrap(&self, own: LocalDevice, rewrap: &Rewrap) -> Result<Wrap, InvalidField> {
        let fields = self.header.fields();
        let is_own = rewrap.org == own.org && rewrap.to_device == own.device;
        let is_this = rewrap.message_id == fields.message_id && rewrap.hh == *self.header.hh();
        let by = fields.wrap_index(&own.org, &rewrap.by_device).and_then(|index| fields.wraps.get(index));
        match by {
            Some(by) if is_own && is_this && by.boxes != 0 => {
                Ok(Wrap { org: own.org, device: own.device, epoch_key: rewrap.to_epoch_key, boxes: by.boxes })
            }
            _ => Err(Fault::NotARecipient.in_field("rewrap")),
        }
    }

    /// What this device's wrap is bound to. A later device's key is of a later week than the message.
    fn check_week(&self, key: &HeldKey<'_>) -> Result<(), InvalidField> {
        if self.rewrap.is_some() || key.epoch == Epoch::of(self.header.fields().created_ms) {
            Ok(())
        } else {
            Err(Fault::BadTime.in_field("header.wraps.epoch_key_id"))
        }
    }

    fn open_base(&self, wrap: &Wrap, key: &HeldKey<'_>) -> Result<Zeroizing<[u8; 32]>, suite::Failed> {
        let hh = self.header.hh();
        match self.rewrap.as_ref().map(|rewrap| rewrap.claimed().by_device) {
            None => {
                suite::open_base(self.wrap, key.secret, &context::wrap(hh, &wrap.device, &wrap.epoch_key))
            }
            Some(by) => {
                let info = context::rewrap(hh, &by, &wrap.device, &wrap.epoch_key);
                suite::open_base(self.wrap, key.secret, &info)
            }
        }
    }

    fn open_wrap<'k>(
        &self,
        wrap: &Wrap,
        held: impl FnOnce(&EpochKeyId) -> Option<HeldKey<'k>>,
    ) -> Result<MessageSecret, InvalidField> {
        let key = held(&wrap.epoch_key).ok_or(Fault::KeyDestroyed.in_field("header.wraps.epoch_key_id"))?;
        let fields = self.header.fields();
        self.check_week(&key)?;
        xwing::check_enc(&self.wrap[..XWING_ENC_LEN], "wrap.enc")?;
        let cek = self.open_base(wrap, &key).map_err(|_| Fault::WrapFailed.in_field("wrap"))?;
        let secret = MessageSecret::new(fields.message_id, cek);
        if bool::from(secret.commitment().ct_eq(&fields.key_commit)) {
            Ok(secret)
        } else {
            Err(Fault::CommitMismatch.in_field("header.key_commit"))
        }
    }

    fn open_content(&self, secret: &MessageSecret) -> Result<Plain, InvalidField> {
        let hh = self.header.hh();
        let mut bytes = Zeroizing::new(self.content.to_vec());
        secret
            .content_key(hh)
            .open(CONTENT_NONCE, hh, &mut bytes)
            .map_err(|_| Fault::ContentFailed.in_field("content"))?;
        bytes.truncate(self.content.len() - TAG_LEN);
        Plain::parse(bytes).ok_or(Fault::BadPadding.in_field("content"))
    }
}

impl Plain {
    fn parse(bytes: Zeroizing<Vec<u8>>) -> Option<Self> {
        let body_len = usize::try_from(u32::from_be_bytes(*bytes.first_chunk()?)).ok()?;
        let fits = body_len <= MAX_BODY && bytes.len() == padded_len(body_len);
        let padding = bytes.get(BODY_PREFIX.checked_add(body_len)?..)?;
        (fits && padding.iter().all(|byte| *byte == 0)).then_some(Self { bytes, body_len })
    }

    pub(crate) fn signature(&self) -> &Signature {
        self.bytes[4..].first_chunk().expect("the plaintext is at least 4,096 bytes")
    }

    pub(crate) fn body(&self) -> &[u8] {
        &self.bytes[BODY_PREFIX..BODY_PREFIX + self.body_len]
    }
}
