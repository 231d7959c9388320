//! Which device may give a message to a later one.

use samverkan_proto::reason::Refusal;
use samverkan_proto::statement::Verified;
use samverkan_proto::statement::rewrap::{Rewrap, UnverifiedRewrap};
use samverkan_proto::v1::ErrorReason;

use crate::caller::Caller;

/// The right of one device to give one message to another. Made by [`may_rewrap`]; whether both read the mailbox that the message came
/// to, the store decides, which has the message.
pub struct RewrapPermit {
    statement: Verified<Rewrap>,
}

impl RewrapPermit {
    /// A permit for a statement, whoever may have asked.
    #[cfg(test)]
    pub(crate) const fn for_test(statement: Verified<Rewrap>) -> Self {
        Self { statement }
    }

    /// What the device has signed.
    pub const fn statement(&self) -> &Verified<Rewrap> {
        &self.statement
    }
}

/// Any device of an ACTIVE organisation may give on what it signs for itself, to a device of its own organisation.
///
/// # Errors
/// ORGANISATION_PENDING, INVALID_FIELD, SENDER_MISMATCH for another device's.
pub fn may_rewrap(caller: &Caller, statement: &[u8]) -> Result<RewrapPermit, Refusal> {
    super::active(caller)?;
    let rewrap = UnverifiedRewrap::parse(statement)?;
    if rewrap.claimed().org != caller.org() || rewrap.claimed().by_device != caller.device() {
        return Err(Refusal::new(ErrorReason::SenderMismatch));
    }
    Ok(RewrapPermit { statement: rewrap.verify(caller.sign_pk())? })
}
