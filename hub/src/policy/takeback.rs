//! Who may take back what was handed in: a message, or a consent.

use samverkan_proto::reason::Refusal;
use samverkan_proto::statement::Verified;
use samverkan_proto::statement::recall::{Recall, UnverifiedRecall};
use samverkan_proto::statement::withdrawal::{UnverifiedWithdrawal, Withdrawal};
use samverkan_proto::v1::ErrorReason;

use crate::caller::Caller;

/// The right of one device to take back one message. Made by [`may_recall`]; whether it reads the mailbox that the message was sent
/// from, the store decides, which has the message.
pub struct RecallPermit {
    statement: Verified<Recall>,
}

impl RecallPermit {
    /// A permit for a statement, whoever may have asked.
    #[cfg(test)]
    pub(crate) const fn for_test(statement: Verified<Recall>) -> Self {
        Self { statement }
    }

    /// What the device has signed.
    pub const fn statement(&self) -> &Verified<Recall> {
        &self.statement
    }
}

/// The right of one device to withdraw one handle. Made by [`may_withdraw`]; whether its organisation has registered the handle, the
/// store decides.
pub struct WithdrawPermit {
    statement: Verified<Withdrawal>,
}

impl WithdrawPermit {
    /// A permit for a statement, whoever may have asked.
    #[cfg(test)]
    pub(crate) const fn for_test(statement: Verified<Withdrawal>) -> Self {
        Self { statement }
    }

    /// What the device has signed.
    pub const fn statement(&self) -> &Verified<Withdrawal> {
        &self.statement
    }
}

/// Whoever may send from a mailbox may take back what was sent from it: a handler device of an ACTIVE organisation, in its own name.
///
/// # Errors
/// ORGANISATION_PENDING, ROLE_MISSING, INVALID_FIELD, SENDER_MISMATCH for another device's.
pub fn may_recall(caller: &Caller, statement: &[u8]) -> Result<RecallPermit, Refusal> {
    super::active(caller)?;
    super::handler(caller)?;
    let recall = UnverifiedRecall::parse(statement)?;
    if recall.claimed().org != caller.org() || recall.claimed().device != caller.device() {
        return Err(Refusal::new(ErrorReason::SenderMismatch));
    }
    Ok(RecallPermit { statement: recall.verify(caller.sign_pk())? })
}

/// Any handler device of an ACTIVE organisation may withdraw what its organisation has registered, in its own name.
///
/// # Errors
/// ORGANISATION_PENDING, ROLE_MISSING, INVALID_FIELD, SENDER_MISMATCH for another device's.
pub fn may_withdraw(caller: &Caller, statement: &[u8]) -> Result<WithdrawPermit, Refusal> {
    super::active(caller)?;
    super::handler(caller)?;
    let withdrawal = UnverifiedWithdrawal::parse(statement)?;
    if withdrawal.claimed().org != caller.org() || withdrawal.claimed().device != caller.device() {
        return Err(Refusal::new(ErrorReason::SenderMismatch));
    }
    Ok(WithdrawPermit { statement: withdrawal.verify(caller.sign_pk())? })
}
