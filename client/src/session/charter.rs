//! The organisation's next manifest: made from the newest, signed by this device, published when enough admins have
//! signed it, and handed over as a proposal when they have not.

mod difference;

use bytes::Bytes;
use samverkan_proto::code::Roles;
use samverkan_proto::limits::MAX_DEVICE_MS;
use samverkan_proto::statement::manifest::{Manifest, ManifestFields, ManifestSignature, SignedManifest};
use samverkan_proto::v1::PublishManifestRequest;
use samverkan_proto::{Fault, InvalidField};

pub use difference::Difference;
pub(super) use difference::between as differences;

use super::armour::Armour;
use super::model::Progress;
use super::{Session, call};
use crate::connect::Link;
use crate::error::{Code, Error, Result};
use crate::text::Args;

/// What became of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// It stands in the log: everybody goes by it from now on.
    Published {
        /// The manifest's serial.
        serial: u64,
    },
    /// More admins have to sign it first.
    Proposed(Box<Proposal>),
}

/// A manifest that too few admins have signed yet, on its way from one admin to the next. It is no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    signed: SignedManifest,
    /// How many signatures it needs.
    pub needed: u8,
}

impl Proposal {
    /// The manifest's serial.
    #[must_use]
    pub const fn serial(&self) -> u64 {
        self.signed.manifest().serial()
    }

    /// How many admins have signed it.
    #[must_use]
    pub fn signatures(&self) -> usize {
        self.signed.signatures().len()
    }

    /// As text for a file.
    #[must_use]
    pub fn to_text(&self) -> String {
        Armour::Proposal.wrap(self.signed.bytes())
    }

    /// Reads what [`Proposal::to_text`] wrote; the signatures are not verified yet.
    fn parse(text: &str) -> Option<SignedManifest> {
        SignedManifest::parse(Armour::Proposal.unwrap(text)?.into()).ok()
    }
}

impl Session {
    /// Refuses whoever may not change the organisation, before anything is asked or sent.
    pub(super) fn check_admin(&self) -> Result<()> {
        match self.own_device() {
            Some(device) if device.roles.contains(Roles::ADMIN) => Ok(()),
            Some(_) => Err(Error::new(Code::AdminOnly)),
            None => Err(Error::new(Code::DeviceRevoked)),
        }
    }

    /// Refuses whoever may only read, before anything is asked or typed. A device that its own copy of the log does not
    /// name is told so when it connects.
    ///
    /// # Errors
    /// [`Code::RoleMissing`].
    pub fn check_handler(&self) -> Result<()> {
        match self.own_device() {
            Some(device) if !device.roles.contains(Roles::HANDLER) => Err(Error::new(Code::RoleMissing)),
            Some(_) | None => Ok(()),
        }
    }

    /// Makes the next manifest by `edit`, signs it, and publishes it if one signature is enough.
    pub(super) async fn change(
        &mut self,
        link: &Link,
        edit: impl FnOnce(&mut ManifestFields) -> Result<()>,
    ) -> Result<Change> {
        self.check_admin()?;
        self.check_fresh()?;
        let newest = self.newest_manifest()?.clone();
        let now_ms = self.clock.now_ms();
        let mut fields = ManifestFields::following(&newest, now_ms, now_ms.saturating_add(MAX_DEVICE_MS));
        edit(&mut fields)?;
        let manifest = Manifest::build(fields).map_err(refused)?;
        let signature = ManifestSignature::by_admin(&manifest, &newest, &self.device).map_err(refused)?;
        let signed = SignedManifest::assemble(&manifest, vec![signature]).map_err(refused)?;
        self.publish_or_propose(link, &newest, signed).await
    }

    /// Adds this device's signature to a proposal that another admin made.
    ///
    /// # Errors
    /// [`Code::ProposalInvalid`] for what is no proposal of this organisation; [`Code::ProposalOutdated`] when the
    /// manifest has changed since; [`Code::ProposalSigned`] when this device has signed it before.
    pub async fn cosign(&mut self, proposal: &str, progress: &mut dyn Progress) -> Result<Change> {
        let link = self.connect(progress).await?;
        self.check_admin()?;
        self.check_fresh()?;
        let newest = self.newest_manifest()?.clone();
        let proposed = self.read_proposal(proposal)?;
        let own = ManifestSignature::by_admin(proposed.manifest(), &newest, &self.device).map_err(refused)?;
        let mut signatures = proposed.signatures().to_vec();
        if signatures.iter().any(|signature| signature.signer == own.signer) {
            return Err(Error::new(Code::ProposalSigned));
        }
        signatures.push(own);
        let signed = SignedManifest::assemble(proposed.manifest(), signatures).map_err(refused)?;
        self.publish_or_propose(&link, &newest, signed).await
    }

    /// What a proposal would change, if it may follow the newest manifest.
    ///
    /// # Errors
    /// As [`Session::cosign`].
    pub fn proposed(&self, proposal: &str) -> Result<Vec<Difference>> {
        let signed = self.read_proposal(proposal)?;
        Ok(difference::between(self.newest_manifest()?, signed.manifest()))
    }

    fn read_proposal(&self, text: &str) -> Result<SignedManifest> {
        let signed = Proposal::parse(text).ok_or(Error::new(Code::ProposalInvalid))?;
        let newest = self.newest_manifest()?;
        if signed.manifest().org_id() != newest.org_id() {
            return Err(Error::new(Code::ProposalInvalid));
        }
        // Every signature is looked at by whoever adds the last one; what does not follow is refused now.
        match signed.clone().verify_after(newest) {
            Ok(_) => Ok(signed),
            Err(invalid) => match invalid.fault {
                Fault::WrongSigners => Ok(signed),
                Fault::WrongChain => Err(Error::new(Code::ProposalOutdated)),
                _ => Err(Error::new(Code::ProposalInvalid)),
            },
        }
    }

    async fn publish_or_propose(
        &mut self,
        link: &Link,
        newest: &Manifest,
        signed: SignedManifest,
    ) -> Result<Change> {
        let needed = newest.fields().threshold;
        if signed.signatures().len() < usize::from(needed) {
            return Ok(Change::Proposed(Box::new(Proposal { signed, needed })));
        }
        let verified = signed.verify_after(newest).map_err(refused)?;
        let signed_manifest: Bytes = verified.signed().bytes().clone();
        let request = PublishManifestRequest { signed_manifest };
        call::unary(link.directory().publish_manifest(request)).await?;
        let serial = verified.manifest().serial();
        self.synchronise(link).await?;
        self.note_own_change(serial)?;
        Ok(Change::Published { serial })
    }

    /// The manifest that everybody goes by.
    pub(super) fn newest_manifest(&self) -> Result<&Manifest> {
        self.own_manifest().ok_or(Error::new(Code::DeviceUnknown))
    }
}

/// A manifest that may not be. What people can cause by what they ask for was refused before in words of its own.
fn refused(invalid: InvalidField) -> Error {
    match invalid.fault {
        Fault::CountOutOfRange => {
            Error::with(Code::TooManyInManifest, Args::none().text("field", invalid.field))
        }
        Fault::WrongSigners => Error::new(Code::SignersMissing),
        _ => Error::with(Code::ManifestRefused, Args::none().text("field", invalid.fault.name())),
    }
}

#[cfg(test)]
mod tests;
