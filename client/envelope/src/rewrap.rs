//! Giving a message to a colleague's later device (PROTOCOL.md sections 7 and 11): its key is sealed anew, its content stays.

use crate::context;
use crate::secret::MessageSecret;
use crate::suite::{self, NoRandomness};
use samverkan_proto::ids::OrgId;
use samverkan_proto::sign::Signer;
use samverkan_proto::statement::Verified;
use samverkan_proto::statement::epoch_key::EpochKey;
use samverkan_proto::statement::header::Header;
use samverkan_proto::statement::rewrap::Rewrap;
use samverkan_proto::{Fault, InvalidField};

/// Why a message was not re-wrapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RewrapError {
    /// The system gave no random numbers.
    #[error(transparent)]
    Random(#[from] NoRandomness),
    /// The key is one that HPKE does not take, or the device is the one that gives.
    #[error(transparent)]
    Invalid(#[from] InvalidField),
}

/// Seals the key of a message that this device has opened to a colleague's key. `signer` is this device's identity key, `org` the
/// organisation of both.
///
/// # Errors
/// [`RewrapError`].
pub fn rewrap(
    secret: &MessageSecret,
    header: &Header,
    org: OrgId,
    signer: &Signer,
    to: &EpochKey,
) -> Result<Verified<Rewrap>, RewrapError> {
    let (by_device, to_device) = (signer.device_id(), to.device_id());
    let info = context::rewrap(header.hh(), &by_device, &to_device, &to.id());
    let sealed = suite::seal_base(to.pk(), &info, secret.expose_cek(), &*suite::random()?)
        .map_err(|_| Fault::BadKey.in_field("rewrap.to_epoch_key_id"))?;
    let rewrap = Rewrap {
        message_id: header.fields().message_id,
        hh: *header.hh(),
        org,
        by_device,
        to_device,
        to_epoch_key: to.id(),
        wrap: Box::new(sealed),
    };
    Ok(rewrap.sign(signer)?)
}
