//! Leaf data, and how a record belongs to its leaf.

use super::{EpochKeyBatch, HubKeys, OrganisationEntry};
use crate::code::LeafType;
use crate::codec::{Reader, Writer};
use crate::fault::{Fault, InvalidField};
use crate::ids::{AgreementId, DeviceId, OrgId, sha256};
use crate::statement::agreement::SignedAgreement;
use crate::statement::manifest::SignedManifest;
use crate::statement::operator::SignedAction;
use bytes::Bytes;

/// One leaf of the log. Each names its record by the record's hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leaf {
    /// A signed manifest.
    Manifest {
        /// Whose.
        org_id: OrgId,
        /// Its serial.
        serial: u64,
        /// `H(record)`.
        record: [u8; 32],
    },
    /// Epoch keys of one device.
    EpochKeys {
        /// The device's organisation.
        org_id: OrgId,
        /// Whose.
        device_id: DeviceId,
        /// `H(record)`.
        record: [u8; 32],
    },
    /// The hub issued a client certificate.
    Certificate {
        /// The device's organisation.
        org_id: OrgId,
        /// Whose.
        device_id: DeviceId,
        /// `H(record)`.
        record: [u8; 32],
    },
    /// The hub's own keys.
    HubKeys {
        /// `H(record)`.
        record: [u8; 32],
    },
    /// The operator's entry for an organisation.
    Organisation {
        /// Which one.
        org_id: OrgId,
        /// The entry's revision.
        revision: u32,
        /// `H(record)`.
        record: [u8; 32],
    },
    /// What an operator did.
    Action {
        /// `H(record)`.
        record: [u8; 32],
    },
    /// A version of an agreement.
    Agreement {
        /// Which agreement.
        id: AgreementId,
        /// Its version.
        version: u32,
        /// `H(record)`.
        record: [u8; 32],
    },
}

/// What a leaf's record says, parsed. Signatures are not verified.
#[derive(Clone, Debug)]
pub enum Record {
    /// Of [`Leaf::Manifest`].
    Manifest(SignedManifest),
    /// Of [`Leaf::EpochKeys`].
    EpochKeys(EpochKeyBatch),
    /// Of [`Leaf::Certificate`]: DER, not parsed here.
    Certificate(Bytes),
    /// Of [`Leaf::HubKeys`].
    HubKeys(HubKeys),
    /// Of [`Leaf::Organisation`].
    Organisation(OrganisationEntry),
    /// Of [`Leaf::Action`].
    Action(SignedAction),
    /// Of [`Leaf::Agreement`].
    Agreement(SignedAgreement),
}

impl Leaf {
    /// The leaf of a manifest.
    #[must_use]
    pub fn of_manifest(signed: &SignedManifest) -> Self {
        let manifest = signed.manifest();
        Self::Manifest {
            org_id: manifest.org_id(),
            serial: manifest.serial(),
            record: sha256(signed.bytes()),
        }
    }

    /// The leaf of a device's epoch keys.
    #[must_use]
    pub fn of_epoch_keys(batch: &EpochKeyBatch) -> Self {
        Self::EpochKeys {
            org_id: batch.org_id(),
            device_id: batch.device_id(),
            record: sha256(batch.bytes()),
        }
    }

    /// The leaf of a client certificate that was issued to a device.
    #[must_use]
    pub fn of_certificate(org_id: OrgId, device_id: DeviceId, der: &[u8]) -> Self {
        Self::Certificate { org_id, device_id, record: sha256(der) }
    }

    /// The leaf of the hub's keys, from their record.
    ///
    /// # Errors
    /// `count_out_of_range` for a certificate that does not fit a record.
    pub fn of_hub_keys(keys: &HubKeys) -> Result<Self, InvalidField> {
        Ok(Self::HubKeys { record: sha256(&keys.encode()?) })
    }

    /// The leaf of an organisation entry.
    #[must_use]
    pub fn of_organisation(entry: &OrganisationEntry) -> Self {
        let fields = entry.fields();
        Self::Organisation { org_id: fields.org_id, revision: fields.revision, record: sha256(entry.bytes()) }
    }

    /// The leaf of an operator's action.
    #[must_use]
    pub fn of_action(action: &SignedAction) -> Self {
        Self::Action { record: sha256(action.bytes()) }
    }

    /// The leaf of a version of an agreement.
    #[must_use]
    pub fn of_agreement(signed: &SignedAgreement) -> Self {
        let fields = signed.fields();
        Self::Agreement { id: fields.id, version: fields.version, record: sha256(signed.bytes()) }
    }

    /// Reads leaf data.
    ///
    /// # Errors
    /// The first fault.
    pub fn parse(data: &[u8]) -> Result<Self, InvalidField> {
        let r = &mut Reader::new(data);
        let org_id = |r: &mut Reader<'_>| OrgId::parse(&r.array::<16>("org_id")?);
        let device_id = |r: &mut Reader<'_>| DeviceId::parse(&r.array::<16>("device_id")?);
        let record = |r: &mut Reader<'_>| r.array::<32>("record");
        let leaf = match LeafType::try_from(r.u8("leaf_type")?)? {
            LeafType::Manifest => {
                Self::Manifest { org_id: org_id(r)?, serial: r.u64("serial")?, record: record(r)? }
            }
            LeafType::EpochKeys => {
                Self::EpochKeys { org_id: org_id(r)?, device_id: device_id(r)?, record: record(r)? }
            }
            LeafType::Certificate => {
                Self::Certificate { org_id: org_id(r)?, device_id: device_id(r)?, record: record(r)? }
            }
            LeafType::HubKeys => Self::HubKeys { record: record(r)? },
            LeafType::Organisation => {
                Self::Organisation { org_id: org_id(r)?, revision: r.u32("revision")?, record: record(r)? }
            }
            LeafType::Action => Self::Action { record: record(r)? },
            LeafType::Agreement => {
                Self::Agreement { id: r.id("agreement_id")?, version: r.u32("version")?, record: record(r)? }
            }
        };
        r.finish("leaf")?;
        Ok(leaf)
    }

    /// The leaf data, 33 to 65 bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut w = Writer::default();
        w.u8(self.leaf_type().code());
        match self {
            Self::Manifest { org_id, serial, .. } => {
                w.put(org_id.as_bytes());
                w.u64(*serial);
            }
            Self::EpochKeys { org_id, device_id, .. } | Self::Certificate { org_id, device_id, .. } => {
                w.put(org_id.as_bytes());
                w.put(device_id.as_bytes());
            }
            Self::HubKeys { .. } | Self::Action { .. } => {}
            Self::Organisation { org_id, revision, .. } => {
                w.put(org_id.as_bytes());
                w.u32(*revision);
            }
            Self::Agreement { id, version, .. } => {
                w.put(id.as_bytes());
                w.u32(*version);
            }
        }
        w.put(self.record_hash());
        w.finish()
    }

    /// Its code point.
    #[must_use]
    pub const fn leaf_type(&self) -> LeafType {
        match self {
            Self::Manifest { .. } => LeafType::Manifest,
            Self::EpochKeys { .. } => LeafType::EpochKeys,
            Self::Certificate { .. } => LeafType::Certificate,
            Self::HubKeys { .. } => LeafType::HubKeys,
            Self::Organisation { .. } => LeafType::Organisation,
            Self::Action { .. } => LeafType::Action,
            Self::Agreement { .. } => LeafType::Agreement,
        }
    }

    /// `H(record)`.
    #[must_use]
    pub const fn record_hash(&self) -> &[u8; 32] {
        match self {
            Self::Manifest { record, .. }
            | Self::EpochKeys { record, .. }
            | Self::Certificate { record, .. }
            | Self::HubKeys { record }
            | Self::Action { record }
            | Self::Agreement { record, .. }
            | Self::Organisation { record, .. } => record,
        }
    }

    /// Checks that `record` is this leaf's, and parses it.
    ///
    /// # Errors
    /// `hash_mismatch` for other bytes, the record's own fault, `bad_identifier` or `wrong_chain` when the record is of another
    /// organisation, device, serial or revision than the leaf says.
    pub fn open(&self, record: &Bytes) -> Result<Record, InvalidField> {
        if sha256(record) != *self.record_hash() {
            return Err(Fault::HashMismatch.in_field("record"));
        }
        let (parsed, said) = match self {
            Self::Manifest { .. } => {
                let signed = SignedManifest::parse(record.clone())?;
                let said = Self::of_manifest(&signed);
                (Record::Manifest(signed), said)
            }
            Self::EpochKeys { .. } => {
                let batch = EpochKeyBatch::parse(record.clone())?;
                let said = Self::of_epoch_keys(&batch);
                (Record::EpochKeys(batch), said)
            }
            Self::Certificate { .. } => (Record::Certificate(record.clone()), *self),
            Self::HubKeys { .. } => (Record::HubKeys(HubKeys::parse(record)?), *self),
            Self::Organisation { .. } => {
                let entry = OrganisationEntry::parse(record.clone())?;
                let said = Self::of_organisation(&entry);
                (Record::Organisation(entry), said)
            }
            Self::Action { .. } => (Record::Action(SignedAction::parse(record.clone())?), *self),
            Self::Agreement { .. } => {
                let signed = SignedAgreement::parse(record.clone())?;
                let said = Self::of_agreement(&signed);
                (Record::Agreement(signed), said)
            }
        };
        self.require_same_subject(&said)?;
        Ok(parsed)
    }

    /// `said` is the leaf that the record would have.
    fn require_same_subject(&self, said: &Self) -> Result<(), InvalidField> {
        let agreement = |leaf: &Self| match leaf {
            Self::Agreement { id, .. } => Some(*id),
            _ => None,
        };
        if self == said {
            Ok(())
        } else if self.subject() != said.subject() || agreement(self) != agreement(said) {
            Err(Fault::BadIdentifier.in_field("record"))
        } else {
            Err(Fault::WrongChain.in_field("record"))
        }
    }

    /// Whom it is about.
    #[must_use]
    pub const fn subject(&self) -> (Option<OrgId>, Option<DeviceId>) {
        match self {
            Self::Manifest { org_id, .. } | Self::Organisation { org_id, .. } => (Some(*org_id), None),
            Self::EpochKeys { org_id, device_id, .. } | Self::Certificate { org_id, device_id, .. } => {
                (Some(*org_id), Some(*device_id))
            }
            // Actions and agreements name organisations in their records, and obey rules of their own.
            Self::HubKeys { .. } | Self::Action { .. } | Self::Agreement { .. } => (None, None),
        }
    }
}
