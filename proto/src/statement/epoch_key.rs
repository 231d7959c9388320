//! Epoch keys: the X-Wing key of one device for one week, signed by the device (PROTOCOL.md section 5).

use crate::codec::{Reader, Writer};
use crate::fault::{Fault, InvalidField};
use crate::ids::{DeviceId, EpochKeyId, OrgId};
use crate::limits::{MAX_LIFETIME_MS, WEEK_MS, XWING_PUBLIC_LEN};
use crate::sign::{Label, PublicKey, SIGNATURE_LEN, Signature, Signer};
use crate::xwing;
use bytes::Bytes;

const MAGIC: &[u8; 4] = b"SVKE";
/// Suite 1 of PROTOCOL.md section 2.
const SUITE: u16 = 1;
/// What precedes the public key.
const PK_AT: usize = 4 + 2 + 16 + 16 + 4 + 2;

/// A week of the protocol: number `n` begins `n × 7` days after 1970-01-01T00:00:00Z, a Thursday.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch(u32);

impl Epoch {
    /// The week with this number.
    #[must_use]
    pub const fn new(number: u32) -> Self {
        Self(number)
    }

    /// The week that a time falls in; times after the last week, 82 million years from now, fall in the last.
    #[must_use]
    pub const fn of(time_ms: u64) -> Self {
        let number = time_ms / WEEK_MS;
        if number < u32::MAX as u64 { Self(number as u32) } else { Self(u32::MAX) }
    }

    /// Its number.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.0
    }

    /// The week `weeks` later.
    #[must_use]
    pub const fn later(self, weeks: u32) -> Self {
        Self(self.0.saturating_add(weeks))
    }

    /// When it begins, and its keys with it.
    #[must_use]
    pub const fn not_before_ms(self) -> u64 {
        self.0 as u64 * WEEK_MS
    }

    /// When it ends: nothing created from then on is sealed to its keys.
    #[must_use]
    pub const fn encrypt_until_ms(self) -> u64 {
        self.not_before_ms() + WEEK_MS
    }

    /// When the private halves of its keys are destroyed.
    #[must_use]
    pub const fn destroy_at_ms(self) -> u64 {
        self.encrypt_until_ms() + MAX_LIFETIME_MS
    }
}

/// An epoch key whose structure is right. Whether its device signed it, [`EpochKey::verify`] says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EpochKey {
    org_id: OrgId,
    device_id: DeviceId,
    epoch: Epoch,
    id: EpochKeyId,
    signature: Signature,
    bytes: Bytes,
}

impl EpochKey {
    /// Bytes of an epoch key.
    pub const LEN: usize = PK_AT + XWING_PUBLIC_LEN + 3 * 8 + SIGNATURE_LEN;

    /// Reads the bytes of PROTOCOL.md section 5 and keeps them.
    ///
    /// # Errors
    /// The first fault.
    pub fn parse(bytes: Bytes) -> Result<Self, InvalidField> {
        let r = &mut Reader::new(&bytes);
        r.preamble(MAGIC)?;
        let org_id = OrgId::parse(&r.array::<16>("org_id")?)?;
        let device_id = DeviceId::parse(&r.array::<16>("device_id")?)?;
        let epoch = Epoch(r.u32("epoch")?);
        if r.u16("suite")? != SUITE {
            return Err(Fault::UnknownSuite.in_field("suite"));
        }
        let pk = r.take(XWING_PUBLIC_LEN, "pk")?;
        xwing::check_public(pk, "pk")?;
        let id = EpochKeyId::of_key(pk);
        let times = [r.u64("not_before_ms")?, r.u64("encrypt_until_ms")?, r.u64("destroy_at_ms")?];
        let signature = r.array("signature")?;
        r.finish("epoch_key")?;
        if times != [epoch.not_before_ms(), epoch.encrypt_until_ms(), epoch.destroy_at_ms()] {
            return Err(Fault::BadTime.in_field("epoch"));
        }
        Ok(Self { org_id, device_id, epoch, id, signature, bytes })
    }

    /// The statement of a device of `org_id` that `pk` is its key for `epoch`.
    ///
    /// # Errors
    /// `bad_length`, `bad_key` or `low_order_key` for `pk`.
    pub fn sign(org_id: OrgId, epoch: Epoch, pk: &[u8], device: &Signer) -> Result<Self, InvalidField> {
        xwing::check_public(pk, "pk")?;
        let mut w = Writer::statement(MAGIC);
        w.put(org_id.as_bytes());
        w.put(device.device_id().as_bytes());
        w.u32(epoch.number());
        w.u16(SUITE);
        w.put(pk);
        w.u64(epoch.not_before_ms());
        w.u64(epoch.encrypt_until_ms());
        w.u64(epoch.destroy_at_ms());
        let mut bytes = w.finish();
        bytes.extend_from_slice(&device.sign(Label::EpochKey, &bytes));
        Self::parse(bytes.into())
    }

    /// Verifies that the device with `device_key` signed it.
    ///
    /// # Errors
    /// `wrong_signers` when it names another device, `bad_signature`.
    pub fn verify(&self, device_key: &PublicKey) -> Result<(), InvalidField> {
        if self.device_id != DeviceId::of_key(device_key.as_bytes()) {
            return Err(Fault::WrongSigners.in_field("signature"));
        }
        device_key.verify(Label::EpochKey, &self.bytes[..Self::LEN - SIGNATURE_LEN], &self.signature)
    }

    /// The organisation it says its device is of.
    #[must_use]
    pub const fn org_id(&self) -> OrgId {
        self.org_id
    }

    /// The device.
    #[must_use]
    pub const fn device_id(&self) -> DeviceId {
        self.device_id
    }

    /// The week.
    #[must_use]
    pub const fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// The key's identifier.
    #[must_use]
    pub const fn id(&self) -> EpochKeyId {
        self.id
    }

    /// The X-Wing public key, 1,216 bytes.
    #[must_use]
    pub fn pk(&self) -> &[u8] {
        &self.bytes[PK_AT..PK_AT + XWING_PUBLIC_LEN]
    }

    /// The bytes as they travel.
    #[must_use]
    pub const fn bytes(&self) -> &Bytes {
        &self.bytes
    }
}

#[cfg(test)]
mod tests;
