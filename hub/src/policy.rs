//! Who may do what: pure functions of the registry, the caller, the request and the time.
//!
//! Each returns a permit that the store demands, or the first [`Refusal`] in the order that PROTOCOL.md gives;
//! there is no other way to a permit than through its function. Nothing here does I/O or reads a clock.
//!
//! * [`may_submit`]: hand in a message (PROTOCOL.md section 11).
//! * [`publish`]: manifests, epoch keys and consent stubs.
//! * [`agreement`]: what organisations agree on, and hand in.
//! * [`receipts`]: what a device says about messages.
//! * [`renew`]: a device's next certificate; [`rewrap`]: a message for a colleague's later device.
//! * [`takeback`]: a message or a consent that is taken back.
//! * [`recover`]: what the recovery kit may do; [`returned`]: what a restored hub takes back of its log.
//! * The rest is here: receiving, attachments, status, the directory and members.

pub mod agreement;
pub mod publish;
pub mod receipts;
pub mod recover;
pub mod renew;
pub mod returned;
pub mod rewrap;
mod submit;
pub mod takeback;

#[cfg(test)]
pub(crate) mod world;

use samverkan_proto::code::Roles;
use samverkan_proto::ids::{DeviceId, MailboxId, OrgId};
use samverkan_proto::reason::Refusal;
use samverkan_proto::v1::ErrorReason;

use crate::caller::Caller;

pub use submit::{SubmitPermit, is_sender, may_submit};

/// The right of one device to take what waits for it. Made by [`may_receive`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReceivePermit {
    org: OrgId,
    device: DeviceId,
}

impl ReceivePermit {
    /// The device's organisation.
    pub const fn org(&self) -> OrgId {
        self.org
    }

    /// The device.
    pub const fn device(&self) -> DeviceId {
        self.device
    }
}

/// The right to take members into an organisation. Made by [`may_admit`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AdmitPermit {
    org: OrgId,
}

impl AdmitPermit {
    /// Made up, for tests of what demands a permit.
    #[cfg(test)]
    pub(crate) const fn for_test(org: OrgId) -> Self {
        Self { org }
    }

    /// The organisation.
    pub const fn org(&self) -> OrgId {
        self.org
    }
}

/// The right of an organisation to store attachments. Made by [`may_upload`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UploadPermit {
    org: OrgId,
}

impl UploadPermit {
    /// Whose share it counts against.
    pub const fn org(&self) -> OrgId {
        self.org
    }
}

/// Any device of an ACTIVE organisation may take what waits for it.
///
/// # Errors
/// ORGANISATION_PENDING.
pub fn may_receive(caller: &Caller) -> Result<ReceivePermit, Refusal> {
    active(caller)?;
    Ok(ReceivePermit { org: caller.org(), device: caller.device() })
}

/// A handler device of an ACTIVE organisation may upload.
///
/// # Errors
/// ORGANISATION_PENDING, ROLE_MISSING.
pub fn may_upload(caller: &Caller) -> Result<UploadPermit, Refusal> {
    active(caller)?;
    handler(caller)?;
    Ok(UploadPermit { org: caller.org() })
}

/// A device that reads the sender's mailbox may see a message's status; for everybody else there is no such message.
///
/// # Errors
/// ORGANISATION_PENDING, MESSAGE_UNKNOWN.
pub fn may_see_status(caller: &Caller, org: OrgId, mailbox: MailboxId) -> Result<(), Refusal> {
    active(caller)?;
    if caller.org() == org && caller.reads(&mailbox) {
        Ok(())
    } else {
        Err(Refusal::new(ErrorReason::MessageUnknown))
    }
}

/// An admin device may invite members and see who asks.
///
/// # Errors
/// ROLE_MISSING.
pub fn may_admit(caller: &Caller) -> Result<AdmitPermit, Refusal> {
    if caller.has(Roles::ADMIN) {
        Ok(AdmitPermit { org: caller.org() })
    } else {
        Err(Refusal::new(ErrorReason::RoleMissing))
    }
}

fn active(caller: &Caller) -> Result<(), Refusal> {
    if caller.is_active() { Ok(()) } else { Err(Refusal::new(ErrorReason::OrganisationPending)) }
}

fn handler(caller: &Caller) -> Result<(), Refusal> {
    if caller.has(Roles::HANDLER) { Ok(()) } else { Err(Refusal::new(ErrorReason::RoleMissing)) }
}

#[cfg(test)]
mod tests;
