//! Which device may have its next certificate.

use bytes::Bytes;
use samverkan_proto::code::OrganisationState;
use samverkan_proto::ids::{DeviceId, OrgId, TlsKeyHash, sha256};
use samverkan_proto::reason::Refusal;
use samverkan_proto::sign::PublicKey;
use samverkan_proto::statement::renewal::UnverifiedRenewal;
use samverkan_proto::v1::ErrorReason;
use samverkan_proto::{Fault, InvalidField};

use crate::ca::VerifiedRequest;
use crate::error;
use crate::registry::{Organisation, Registry};

/// The right of one device to a certificate for one key. Made by [`may_renew`].
pub struct RenewPermit {
    org: OrgId,
    device: DeviceId,
    request: VerifiedRequest,
    statement: Bytes,
}

impl RenewPermit {
    /// The device, and its organisation.
    pub const fn device(&self) -> (OrgId, DeviceId) {
        (self.org, self.device)
    }

    /// The request, for the key that the newest manifest names.
    pub const fn request(&self) -> &VerifiedRequest {
        &self.request
    }

    /// The key.
    pub fn tls_key(&self) -> TlsKeyHash {
        self.request.tls_key()
    }

    /// The signed statement.
    pub const fn statement(&self) -> &Bytes {
        &self.statement
    }
}

/// A device that its organisation's newest manifest names, unrevoked and within its time, may have a certificate for the
/// TLS key that stands there, whatever became of the one before: its identity key signs, and no certificate is asked for. The
/// caller has found the nonce good.
///
/// # Errors
/// DEVICE_UNKNOWN, DEVICE_REVOKED, DEVICE_EXPIRED, ORGANISATION_SUSPENDED, ORGANISATION_REMOVED, INVALID_FIELD.
pub fn may_renew(
    registry: &Registry,
    renewal: UnverifiedRenewal,
    certificate_request: &[u8],
    now_ms: u64,
) -> Result<RenewPermit, Refusal> {
    let claimed = *renewal.claimed();
    let (key, tls_key) = standing(registry, claimed.org, claimed.device, now_ms).map_err(Refusal::new)?;
    let verified = renewal.verify(&key)?;
    if claimed.csr_hash != sha256(certificate_request) {
        return Err(InvalidField::new("renewal.csr_hash", Fault::HashMismatch).into());
    }
    let request = VerifiedRequest::parse(certificate_request).map_err(error::of_request)?;
    if request.tls_key() != tls_key {
        return Err(InvalidField::new("certificate_request", Fault::UnknownDevice).into());
    }
    let statement = Bytes::copy_from_slice(verified.bytes());
    Ok(RenewPermit { org: claimed.org, device: claimed.device, request, statement })
}

/// The keys of a device that may be given a certificate now.
///
/// # Errors
/// DEVICE_UNKNOWN, DEVICE_REVOKED, DEVICE_EXPIRED, ORGANISATION_SUSPENDED, ORGANISATION_REMOVED.
pub(crate) fn standing(
    registry: &Registry,
    org: OrgId,
    device: DeviceId,
    now_ms: u64,
) -> Result<(PublicKey, TlsKeyHash), ErrorReason> {
    let known = registry.org_of(&device).filter(|found| *found == org);
    let organisation: &Organisation =
        known.and_then(|org| registry.organisation(&org)).ok_or(ErrorReason::DeviceUnknown)?;
    match organisation.state() {
        OrganisationState::Pending | OrganisationState::Active => {}
        OrganisationState::Suspended => return Err(ErrorReason::OrganisationSuspended),
        OrganisationState::Removed => return Err(ErrorReason::OrganisationRemoved),
        OrganisationState::Invited => return Err(ErrorReason::DeviceUnknown),
    }
    // Whoever stood in a manifest and does not any more was revoked.
    let manifest = organisation.manifest();
    let device = manifest.device(&device).ok_or(ErrorReason::DeviceRevoked)?;
    if device.expires_ms.min(manifest.fields().not_after_ms) <= now_ms {
        return Err(ErrorReason::DeviceExpired);
    }
    Ok((*device.sign_pk(), device.tls_key))
}
