//! One organisation as the hub knows it, and its devices.

use std::sync::Arc;

use samverkan_proto::code::OrganisationState;
use samverkan_proto::ids::{DeviceId, OrgId};
use samverkan_proto::limits::DAY_MS;
use samverkan_proto::statement::log::OrganisationEntry;
use samverkan_proto::statement::manifest::Manifest;

use crate::limits::{MANIFEST_BYTES, MANIFEST_BYTES_PER_DAY, MANIFEST_RESERVE};

/// An organisation: the operator's word about it, and its own.
#[derive(Clone, Debug)]
pub struct Organisation {
    pub(super) entry: OrganisationEntry,
    pub(super) manifest: Arc<Manifest>,
    /// Where the manifest stands in the log.
    pub(super) manifest_leaf: u64,
    /// SHA-256 of the manifest with its signatures.
    pub(super) signed: [u8; 32],
    /// Bytes of all its manifests in the log, with their signatures.
    pub(super) manifest_bytes: u64,
    /// When it joined: the hub's time of its first entry in the log.
    pub(super) joined_ms: u64,
    pub(super) resumes_to: OrganisationState,
    /// The recovery kit signed the newest manifest, and left no device of the one before.
    pub(super) recovered: bool,
}

impl Organisation {
    /// The organisation.
    pub fn id(&self) -> OrgId {
        self.manifest.org_id()
    }

    /// The newest entry in the log.
    pub fn entry(&self) -> &OrganisationEntry {
        &self.entry
    }

    /// The newest manifest in the log.
    pub fn manifest(&self) -> &Arc<Manifest> {
        &self.manifest
    }

    /// The index of the newest manifest in the log.
    pub fn manifest_leaf(&self) -> u64 {
        self.manifest_leaf
    }

    /// SHA-256 of the newest manifest with its signatures, as the log records it.
    pub fn signed_hash(&self) -> &[u8; 32] {
        &self.signed
    }

    /// Where it stands.
    pub fn state(&self) -> OrganisationState {
        self.entry.fields().state
    }

    /// Where it stood before it was suspended; where it stands, if it is not.
    pub fn resumes_to(&self) -> OrganisationState {
        self.resumes_to
    }

    /// Whether it may send and receive.
    pub fn is_active(&self) -> bool {
        self.state() == OrganisationState::Active
    }

    /// Whether the recovery kit made its newest manifest.
    pub fn is_recovered(&self) -> bool {
        self.recovered
    }

    /// Whether its share of the log has room for a manifest of `len` bytes at the hub's time `now_ms`. One that is urgent has more: it cuts
    /// off whoever may have filled the rest.
    pub(super) fn has_room(&self, len: u64, is_urgent: bool, now_ms: u64) -> bool {
        let days = now_ms.saturating_sub(self.joined_ms) / DAY_MS;
        let share = MANIFEST_BYTES.saturating_add(days.saturating_mul(MANIFEST_BYTES_PER_DAY));
        let share = share.saturating_add(if is_urgent { MANIFEST_RESERVE } else { 0 });
        self.manifest_bytes.saturating_add(len) <= share
    }

    /// Whether a device may still be believed: it stands in the newest manifest.
    pub fn has_device(&self, device: &DeviceId) -> bool {
        self.manifest.device(device).is_some()
    }
}

/// A device found by the key of its certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyHolder {
    /// Its organisation.
    pub org: OrgId,
    /// The device.
    pub device: DeviceId,
    /// Whether the key still counts.
    pub standing: Standing,
}

/// Whether a TLS key that a manifest once named still counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The newest manifest names it for the device.
    Current,
    /// The device has been revoked.
    Revoked,
    /// The device has been revoked with all others of its organisation, by the recovery kit.
    Recovered,
    /// The device has another key by now.
    Replaced,
}
