//! Records that only the log knows: epoch keys in batches, and the hub's own keys.

use crate::codec::{Reader, Writer, ascending};
use crate::fault::{Fault, InvalidField};
use crate::ids::{DeviceId, OrgId, sha256_of};
use crate::limits::MAX_EPOCH_KEYS;
use crate::sign::PublicKey;
use crate::statement::epoch_key::EpochKey;
use bytes::Bytes;

/// Epoch keys of one device, 1 to 16, ascending by week.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EpochKeyBatch {
    keys: Vec<EpochKey>,
    bytes: Bytes,
}

impl EpochKeyBatch {
    /// Reads the record of a leaf of type 2 and keeps its bytes. Signatures are not verified.
    ///
    /// # Errors
    /// The first fault; `bad_identifier` when the keys are not all of one device.
    pub fn parse(bytes: Bytes) -> Result<Self, InvalidField> {
        let r = &mut Reader::new(&bytes);
        let n = r.count8(1..=MAX_EPOCH_KEYS, "epoch_keys")?;
        let keys = (0..n)
            .map(|_| EpochKey::parse(bytes.slice_ref(r.take(EpochKey::LEN, "epoch_keys")?)))
            .collect::<Result<Vec<_>, _>>()?;
        ascending(&keys, EpochKey::epoch, "epoch_keys")?;
        r.finish("epoch_keys")?;
        let batch = Self { keys, bytes };
        let of_one = |key: &EpochKey| (key.org_id(), key.device_id()) == (batch.org_id(), batch.device_id());
        if batch.keys.iter().all(of_one) {
            Ok(batch)
        } else {
            Err(Fault::BadIdentifier.in_field("device_id"))
        }
    }

    /// Puts keys of one device, in any order, into one record.
    ///
    /// # Errors
    /// `count_out_of_range` for none or more than 16, `not_ascending` for a week that occurs twice,
    /// `bad_identifier` when the keys are not all of one device.
    pub fn build(mut keys: Vec<EpochKey>) -> Result<Self, InvalidField> {
        keys.sort_by_key(EpochKey::epoch);
        if keys.len() > MAX_EPOCH_KEYS.into() {
            return Err(Fault::CountOutOfRange.in_field("epoch_keys"));
        }
        let mut w = Writer::default();
        w.count8(keys.len());
        keys.iter().for_each(|key| w.put(key.bytes()));
        Self::parse(w.finish().into())
    }

    /// The keys, ascending by week.
    #[must_use]
    pub fn keys(&self) -> &[EpochKey] {
        &self.keys
    }

    /// The organisation that every key names.
    #[must_use]
    pub fn org_id(&self) -> OrgId {
        self.keys[0].org_id()
    }

    /// The device that every key names.
    #[must_use]
    pub fn device_id(&self) -> DeviceId {
        self.keys[0].device_id()
    }

    /// The record's bytes.
    #[must_use]
    pub const fn bytes(&self) -> &Bytes {
        &self.bytes
    }
}

/// The hub's three trust roots, which a client pins when it joins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HubKeys {
    /// The hub's CA certificate, DER, 1 to 65,535 bytes. Not parsed here.
    pub ca_certificate: Bytes,
    /// Signs checkpoints.
    pub log_key: PublicKey,
    /// Signs receipts.
    pub receipt_key: PublicKey,
}

impl HubKeys {
    /// Reads the record of the leaf of type 4.
    ///
    /// # Errors
    /// The first fault.
    pub fn parse(bytes: &Bytes) -> Result<Self, InvalidField> {
        let mut r = Reader::new(bytes);
        let len = r.count16(1..=u16::MAX, "ca_certificate")?;
        let ca_certificate = bytes.slice_ref(r.take(len, "ca_certificate")?);
        let log_key = PublicKey::parse(&r.array("log_key")?, "log_key")?;
        let receipt_key = PublicKey::parse(&r.array("receipt_key")?, "receipt_key")?;
        r.finish("hub_keys")?;
        Ok(Self { ca_certificate, log_key, receipt_key })
    }

    /// The record's bytes.
    ///
    /// # Errors
    /// `count_out_of_range` for a certificate that is empty or longer than 65,535 bytes.
    pub fn encode(&self) -> Result<Vec<u8>, InvalidField> {
        let len = u16::try_from(self.ca_certificate.len()).ok().filter(|len| *len > 0);
        let mut w = Writer::default();
        w.u16(len.ok_or(Fault::CountOutOfRange.in_field("ca_certificate"))?);
        w.put(&self.ca_certificate);
        w.put(self.log_key.as_bytes());
        w.put(self.receipt_key.as_bytes());
        Ok(w.finish())
    }

    /// What an invite pins: `H(CA certificate || log key || receipt key)`.
    #[must_use]
    pub fn pin(&self) -> [u8; 32] {
        sha256_of(&[&self.ca_certificate, self.log_key.as_bytes(), self.receipt_key.as_bytes()])
    }
}
