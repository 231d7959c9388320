//! What the recovery kit may do: begin an organisation's devices anew.

use samverkan_proto::code::OrganisationState;
use samverkan_proto::ids::{DeviceId, OrgId, TlsKeyHash, sha256};
use samverkan_proto::reason::Refusal;
use samverkan_proto::statement::epoch_key::EpochKey;
use samverkan_proto::statement::manifest::{SignedManifest, VerifiedManifest};
use samverkan_proto::v1::ErrorReason;
use samverkan_proto::{Fault, InvalidField};

use super::publish::manifest_refused;
use crate::ca::VerifiedRequest;
use crate::registry::{Registry, VerifiedEpochKeys};

/// The right of one new device to its organisation's place. Made by [`may_recover`].
#[derive(Debug)]
pub struct RecoverPermit {
    org: OrgId,
    device: DeviceId,
    tls_key: TlsKeyHash,
    /// None when it is the newest manifest already.
    manifest: Option<Box<VerifiedManifest>>,
    epoch_keys: VerifiedEpochKeys,
}

impl RecoverPermit {
    /// The new device, and its organisation.
    pub const fn device(&self) -> (OrgId, DeviceId) {
        (self.org, self.device)
    }

    /// The key that the certificate is for.
    pub const fn tls_key(&self) -> TlsKeyHash {
        self.tls_key
    }

    /// The manifest that is to be the newest, and the device's keys.
    pub fn into_parts(self) -> (Option<Box<VerifiedManifest>>, VerifiedEpochKeys) {
        (self.manifest, self.epoch_keys)
    }
}

/// A manifest that exactly the root has signed, and that leaves none of the devices before it, gives its device a certificate. Nobody
/// has to show one: the root outlives every device. An organisation that the operator has suspended can not be recovered, so that a thief
/// with the kit can be stopped.
///
/// # Errors
/// ORGANISATION_UNKNOWN, ORGANISATION_SUSPENDED, ORGANISATION_REMOVED, MANIFEST_REFUSED with the fault's name as its field, INVALID_FIELD.
pub fn may_recover(
    registry: &Registry,
    signed: SignedManifest,
    request: &VerifiedRequest,
    epoch_keys: Vec<EpochKey>,
) -> Result<RecoverPermit, Refusal> {
    let org = signed.manifest().org_id();
    let organisation = registry.organisation(&org).ok_or(Refusal::new(ErrorReason::OrganisationUnknown))?;
    match organisation.state() {
        OrganisationState::Pending | OrganisationState::Active => {}
        OrganisationState::Suspended => return Err(Refusal::new(ErrorReason::OrganisationSuspended)),
        OrganisationState::Removed => return Err(Refusal::new(ErrorReason::OrganisationRemoved)),
        OrganisationState::Invited => return Err(Refusal::new(ErrorReason::OrganisationUnknown)),
    }
    let known = sha256(signed.bytes()) == *organisation.signed_hash() && organisation.is_recovered();
    let recovers = signed.is_recovery();
    let found = signed.manifest().device_by_tls_key(&request.tls_key());
    let device = found.ok_or(InvalidField::new("certificate_request", Fault::UnknownDevice))?.clone();
    let manifest = if known {
        None
    } else {
        let verified = signed.verify_after(organisation.manifest()).map_err(manifest_refused)?;
        if !recovers {
            // Admins publish what they sign from a device that they have; the kit is for when there is none.
            let fault = Fault::WrongSigners.in_field("signers");
            return Err(manifest_refused(fault));
        }
        Some(Box::new(verified))
    };
    let epoch_keys = VerifiedEpochKeys::verify(org, device.sign_pk(), epoch_keys)?;
    Ok(RecoverPermit { org, device: device.id(), tls_key: device.tls_key, manifest, epoch_keys })
}
