//! What a device may publish about its own organisation and about itself.

use bytes::Bytes;
use samverkan_proto::code::Roles;
use samverkan_proto::ids::sha256;
use samverkan_proto::limits::{MAX_EPOCH_KEYS, MAX_STUBS};
use samverkan_proto::reason::Refusal;
use samverkan_proto::statement::Verified;
use samverkan_proto::statement::consent::{ConsentStub, UnverifiedStub};
use samverkan_proto::statement::epoch_key::EpochKey;
use samverkan_proto::statement::manifest::{SignedManifest, VerifiedManifest};
use samverkan_proto::v1::ErrorReason;
use samverkan_proto::{Fault, InvalidField};

use crate::caller::Caller;
use crate::registry::VerifiedEpochKeys;

/// What a manifest that may be published is to the hub.
#[derive(Clone, Debug)]
pub enum Publication {
    /// It follows the newest one.
    Next(Box<VerifiedManifest>),
    /// It follows the newest one, and does no more than take devices out.
    Removal(Box<VerifiedManifest>),
    /// It is the newest one, sent again.
    Known,
}

/// An admin device may replace its organisation's manifest by one that follows from it.
///
/// # Errors
/// ROLE_MISSING, SENDER_MISMATCH for another organisation's, MANIFEST_REFUSED with the fault's name as its field.
pub fn may_publish_manifest(caller: &Caller, signed: SignedManifest) -> Result<Publication, Refusal> {
    if !caller.has(Roles::ADMIN) {
        return Err(Refusal::new(ErrorReason::RoleMissing));
    }
    if signed.manifest().org_id() != caller.org() {
        return Err(Refusal::new(ErrorReason::SenderMismatch));
    }
    if sha256(signed.bytes()) == *caller.organisation().signed_hash() {
        return Ok(Publication::Known);
    }
    match signed.verify_after(caller.manifest()) {
        Ok(verified) if verified.manifest().only_takes_out_of(caller.manifest()) => {
            Ok(Publication::Removal(Box::new(verified)))
        }
        Ok(verified) => Ok(Publication::Next(Box::new(verified))),
        Err(invalid) => Err(manifest_refused(invalid)),
    }
}

/// The refusal of a manifest that breaks a rule: its field is the fault's name (PROTOCOL.md section 17).
pub fn manifest_refused(invalid: InvalidField) -> Refusal {
    Refusal::in_field(ErrorReason::ManifestRefused, invalid.fault.name())
}

/// Any device may publish epoch keys that it has signed for itself.
///
/// # Errors
/// INVALID_FIELD for what is no epoch key or wrongly signed, SENDER_MISMATCH for another device's.
pub fn may_publish_epoch_keys(caller: &Caller, keys: Vec<Bytes>) -> Result<VerifiedEpochKeys, Refusal> {
    if keys.is_empty() || keys.len() > MAX_EPOCH_KEYS.into() {
        return Err(Fault::CountOutOfRange.in_field("epoch_keys").into());
    }
    let keys = keys.into_iter().map(EpochKey::parse).collect::<Result<Vec<_>, _>>()?;
    if keys.iter().any(|key| key.org_id() != caller.org() || key.device_id() != caller.device()) {
        return Err(Refusal::new(ErrorReason::SenderMismatch));
    }
    Ok(VerifiedEpochKeys::verify(caller.org(), caller.sign_pk(), keys)?)
}

/// A handler device of an ACTIVE organisation may register consent stubs that it has signed.
///
/// # Errors
/// ORGANISATION_PENDING, ROLE_MISSING, INVALID_FIELD, SENDER_MISMATCH.
pub fn may_register_consents(
    caller: &Caller,
    stubs: &[Bytes],
) -> Result<Vec<Verified<ConsentStub>>, Refusal> {
    super::active(caller)?;
    super::handler(caller)?;
    if stubs.is_empty() || stubs.len() > MAX_STUBS {
        return Err(Fault::CountOutOfRange.in_field("stubs").into());
    }
    stubs.iter().map(|stub| may_register(caller, stub)).collect()
}

fn may_register(caller: &Caller, stub: &[u8]) -> Result<Verified<ConsentStub>, Refusal> {
    let stub = UnverifiedStub::parse(stub)?;
    let claimed = stub.claimed();
    if claimed.issuer_org != caller.org() || claimed.issuer_device != caller.device() {
        return Err(Refusal::new(ErrorReason::SenderMismatch));
    }
    Ok(stub.verify(caller.sign_pk())?)
}
