//! Who is calling: the only place where a request becomes an authenticated identity.
//!
//! The chain is: verified client certificate → hash of its key → the device that an organisation's newest manifest
//! names by that hash → the organisation's state. Each call walks it anew, so that what the registry forgets is
//! refused on the next call; nothing a request says about its sender is looked at. There is no anonymous
//! [`Caller`]: calls that need none (greeting and joining) do not ask for one.

use std::sync::Arc;

use http::Extensions;
use samverkan_proto::code::{OrganisationState, Roles};
use samverkan_proto::ids::{DeviceId, MailboxId, OrgId, TlsKeyHash};
use samverkan_proto::reason::Refusal;
use samverkan_proto::sign::PublicKey;
use samverkan_proto::statement::manifest::{Device, Manifest};
use samverkan_proto::v1::ErrorReason;

use crate::registry::{Organisation, Registry, Standing};
use crate::server::{Peer, PeerCertificate};

/// An authenticated device of an organisation that is PENDING or ACTIVE, as one snapshot of the registry knows it.
#[derive(Clone, Debug)]
pub struct Caller {
    organisation: Arc<Organisation>,
    device: Device,
    generation: u64,
}

impl Caller {
    /// The caller behind a request with these extensions.
    ///
    /// # Errors
    /// CERTIFICATE_REQUIRED, DEVICE_UNKNOWN, DEVICE_REVOKED, ORGANISATION_RECOVERED, DEVICE_EXPIRED, ORGANISATION_SUSPENDED or
    /// ORGANISATION_REMOVED.
    pub fn of(extensions: &Extensions, registry: &Registry, now_ms: u64) -> Result<Self, Refusal> {
        let Some(Peer::Device(certificate)) = extensions.get() else {
            return Err(Refusal::new(ErrorReason::CertificateRequired));
        };
        Self::behind(certificate, registry, now_ms)
    }

    /// The caller behind a certificate, for streams that ask again.
    ///
    /// # Errors
    /// As [`Caller::of`].
    pub fn behind(certificate: &PeerCertificate, registry: &Registry, now_ms: u64) -> Result<Self, Refusal> {
        let (organisation, device) = device_of(&certificate.key(), registry).map_err(Refusal::new)?;
        if certificate.not_after_ms() <= now_ms || device.expires_ms <= now_ms {
            return Err(Refusal::new(ErrorReason::DeviceExpired));
        }
        match organisation.state() {
            OrganisationState::Pending | OrganisationState::Active => {
                Ok(Self { organisation, device, generation: registry.generation() })
            }
            OrganisationState::Suspended => Err(Refusal::new(ErrorReason::OrganisationSuspended)),
            OrganisationState::Removed => Err(Refusal::new(ErrorReason::OrganisationRemoved)),
            // An invited organisation has no manifest, so nobody can call in its name.
            OrganisationState::Invited => Err(Refusal::new(ErrorReason::DeviceUnknown)),
        }
    }

    /// Its organisation.
    pub fn org(&self) -> OrgId {
        self.organisation.id()
    }

    /// The device itself.
    pub fn device(&self) -> DeviceId {
        self.device.id()
    }

    /// The key the device signs statements with.
    pub fn sign_pk(&self) -> &PublicKey {
        self.device.sign_pk()
    }

    /// All that the hub knows about its organisation.
    pub fn organisation(&self) -> &Organisation {
        &self.organisation
    }

    /// Its organisation's newest manifest.
    pub fn manifest(&self) -> &Manifest {
        self.organisation.manifest()
    }

    /// The generation of the registry that knew it.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Whether the device has a role.
    pub fn has(&self, role: Roles) -> bool {
        self.device.roles.contains(role)
    }

    /// Whether the device reads a mailbox.
    pub fn reads(&self, mailbox: &MailboxId) -> bool {
        self.manifest().reads(&self.device.id(), mailbox)
    }

    /// Whether the operator has confirmed its organisation.
    pub fn is_active(&self) -> bool {
        self.organisation.is_active()
    }
}

fn device_of(key: &TlsKeyHash, registry: &Registry) -> Result<(Arc<Organisation>, Device), ErrorReason> {
    let holder = registry.key_holder(key).ok_or(ErrorReason::DeviceUnknown)?;
    match holder.standing {
        Standing::Current => {}
        Standing::Revoked => return Err(ErrorReason::DeviceRevoked),
        Standing::Recovered => return Err(ErrorReason::OrganisationRecovered),
        Standing::Replaced => return Err(ErrorReason::DeviceUnknown),
    }
    let organisation = registry.organisation(&holder.org).ok_or(ErrorReason::DeviceUnknown)?;
    let device = organisation.manifest().device(&holder.device).ok_or(ErrorReason::DeviceUnknown)?;
    Ok((Arc::clone(organisation), device.clone()))
}

#[cfg(test)]
mod tests;
