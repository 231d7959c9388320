//! The checkpoint that a message carries: what its sender was shown, to be held against what this device was.

use std::cell::RefCell;

use bytes::Bytes;
use samverkan_envelope::open::LogView;
use samverkan_proto::InvalidField;
use samverkan_proto::code::OrganisationState;
use samverkan_proto::ids::{DeviceId, OrgId};
use samverkan_proto::sign::PublicKey;
use samverkan_proto::statement::batch::UnverifiedProof;
use samverkan_proto::statement::log::Checkpoint;
use samverkan_proto::statement::manifest::Manifest;
use samverkan_proto::statement::receipt::HubReceipt;

use super::Session;
use crate::directory::Directory;
use crate::error::Result;

/// The directory as checks see it, which remembers the checkpoint that they came across: a message that is refused says only why.
pub(super) struct Overhearing<'a> {
    directory: &'a Directory,
    heard: RefCell<Option<Checkpoint>>,
}

impl<'a> Overhearing<'a> {
    pub(super) const fn of(directory: &'a Directory) -> Self {
        Self { directory, heard: RefCell::new(None) }
    }

    /// The hub's checkpoint that stands in the message, if it came that far.
    pub(super) fn heard(self) -> Option<Checkpoint> {
        self.heard.into_inner()
    }
}

impl LogView for Overhearing<'_> {
    fn root_at(&self, size: u64) -> Option<[u8; 32]> {
        self.directory.root_at(size)
    }

    fn organisation_state_at(&self, org: &OrgId, size: u64) -> Option<OrganisationState> {
        self.directory.organisation_state_at(org, size)
    }

    fn manifest_at(&self, org: &OrgId, size: u64) -> Option<&Manifest> {
        self.directory.manifest_at(org, size)
    }

    fn newest_manifest(&self, org: &OrgId) -> Option<&Manifest> {
        self.directory.newest_manifest(org)
    }

    fn device_key(&self, org: &OrgId, device: &DeviceId) -> Option<PublicKey> {
        self.directory.device_key(org, device)
    }

    fn verify_checkpoint(&self, note: Bytes) -> std::result::Result<Checkpoint, InvalidField> {
        let checkpoint = self.directory.verify_checkpoint(note)?;
        *self.heard.borrow_mut() = Some(checkpoint.clone());
        Ok(checkpoint)
    }
}

impl Session {
    /// Holds the log that the hub named, when it accepted a message, against this device's copy. What is no receipt of the hub is left to
    /// the checks of the message.
    ///
    /// # Errors
    /// [`Code::LogForked`](crate::error::Code::LogForked), with the evidence kept.
    pub(super) fn compare_submission(&self, proof: &[u8]) -> Result<()> {
        let Ok(unverified) = UnverifiedProof::<HubReceipt>::parse(proof) else { return Ok(()) };
        let Ok(verified) = unverified.verify(self.membership.hub.pins.receipt()) else { return Ok(()) };
        self.check_receipt_log(verified.value(), proof)
    }
}
