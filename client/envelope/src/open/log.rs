//! What a receiver asks its own copy of the log.

use bytes::Bytes;
use samverkan_proto::InvalidField;
use samverkan_proto::code::OrganisationState;
use samverkan_proto::ids::{DeviceId, OrgId};
use samverkan_proto::sign::PublicKey;
use samverkan_proto::statement::log::Checkpoint;
use samverkan_proto::statement::manifest::Manifest;

/// A receiver's verified copy of the transparency log. "At `size`" means: by the first `size` leaves alone.
pub trait LogView {
    /// The root of the first `size` leaves; `None` when the copy has fewer.
    fn root_at(&self, size: u64) -> Option<[u8; 32]>;

    /// Where the newest entry at `size` says that an organisation stands; `None` without an entry.
    fn organisation_state_at(&self, org: &OrgId, size: u64) -> Option<OrganisationState>;

    /// The newest manifest of an organisation at `size`.
    fn manifest_at(&self, org: &OrgId, size: u64) -> Option<&Manifest>;

    /// The newest manifest of an organisation in the whole copy.
    fn newest_manifest(&self, org: &OrgId) -> Option<&Manifest>;

    /// The identity key of a device that any manifest of the organisation, however old, has held.
    fn device_key(&self, org: &OrgId, device: &DeviceId) -> Option<PublicKey>;

    /// Verifies that a signed note is a checkpoint of this log: its origin and its key.
    ///
    /// # Errors
    /// `bad_checkpoint`, `wrong_signers` or `bad_signature`.
    fn verify_checkpoint(&self, note: Bytes) -> Result<Checkpoint, InvalidField>;
}
