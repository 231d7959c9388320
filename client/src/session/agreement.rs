//! Agreements with other organisations: offered here, signed by admins of both, and published with the last signature.

use samverkan_proto::admission::Policy;
use samverkan_proto::ids::{AgreementId, MailboxAddress, MailboxId, OrgId};
use samverkan_proto::statement::agreement::{
    Agreement, AgreementFields, Provision, Signatures, SignedAgreement, Terms,
};
use samverkan_proto::statement::log::{AgreementFault, Standing};
use samverkan_proto::statement::manifest::Manifest;
use samverkan_proto::v1::PublishAgreementRequest;
use samverkan_proto::{Fault, InvalidField};

use super::armour::Armour;
use super::model::Progress;
use super::{Session, call};
use crate::connect::Link;
use crate::error::{Code, Error, Result};
use crate::secret::{NoRandomness, random_array};
use crate::text::Args;

/// Terms that are offered.
#[derive(Clone, Debug)]
pub struct Offer {
    /// Who sends.
    pub sender: OrgId,
    /// Who receives.
    pub recipient: OrgId,
    /// What, and for how long.
    pub terms: Terms,
    /// The agreement whose next version this is; a new one, if absent.
    pub replaces: Option<AgreementId>,
}

/// What became of a version that this device has signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signing {
    /// It stands in the log: everybody goes by it from now on.
    Published(SignedAgreement),
    /// More admins have to sign it first.
    Incomplete(Offered),
}

/// A version on its way from one admin to the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offered {
    /// The version, with the signatures so far.
    pub signed: SignedAgreement,
    /// The signatures of the sender, and those of the recipient.
    pub counts: [Signatures; 2],
}

impl Offered {
    /// As text for a file.
    #[must_use]
    pub fn to_text(&self) -> String {
        Armour::Agreement.wrap(self.signed.bytes())
    }
}

impl Session {
    /// What may be sent at this hub without an agreement.
    #[must_use]
    pub const fn policy(&self) -> Policy {
        self.directory.operators().policy()
    }

    /// The agreements of the own organisation, in both directions.
    pub fn agreements(&self) -> impl Iterator<Item = &Standing> {
        let own = self.membership.org;
        self.directory.agreements().iter().filter(move |one| one.newest().agreement().has_party(&own))
    }

    /// The one of them whose identifier begins like this.
    ///
    /// # Errors
    /// [`Code::AgreementUnknown`] for none, or more than one.
    pub fn agreement_named(&self, beginning: &str) -> Result<AgreementId> {
        let beginning = beginning.to_ascii_lowercase();
        let ids = self.agreements().map(|one| one.newest().fields().id);
        let mut named = ids.filter(|id| !beginning.is_empty() && id.to_string().starts_with(&beginning));
        match (named.next(), named.next()) {
            (Some(only), None) => Ok(only),
            _ => Err(Error::new(Code::AgreementUnknown)),
        }
    }

    /// How people write where a clause lets send to; `None` for every mailbox.
    #[must_use]
    pub fn clause_address(&self, recipient: &OrgId, mailbox: Option<MailboxId>) -> Option<MailboxAddress> {
        self.directory.address_ever(recipient, &mailbox?)
    }

    /// Writes terms down and signs them for the own organisation.
    ///
    /// # Errors
    /// [`Code::AdminOnly`]; [`Code::AgreementUnknown`] for one to replace that is not there; [`Code::AgreementInvalid`] for terms that can
    /// not be; [`Code::KeyChanged`] and [`Code::RecoveryUnconfirmed`] about the other party; what the hub refuses.
    pub async fn offer_agreement(&mut self, offer: Offer, progress: &mut dyn Progress) -> Result<Signing> {
        let link = self.connect(progress).await?;
        self.check_admin()?;
        let (id, version, prev) = match offer.replaces {
            Some(id) => self.next_version(&id)?,
            None => (AgreementId::from_random(random_array()?).ok_or(NoRandomness)?, 1, [0; 32]),
        };
        let provision = Provision::Terms(offer.terms);
        let issued_ms = self.clock.now_ms();
        let (sender, recipient) = (offer.sender, offer.recipient);
        let fields = AgreementFields { id, version, prev, sender, recipient, issued_ms, provision };
        self.sign_version(&link, fields).await
    }

    /// Ends an agreement for both, which takes no more than the own admins.
    ///
    /// # Errors
    /// [`Code::AdminOnly`], [`Code::AgreementUnknown`]; [`Code::AgreementOutdated`] for one that has ended already.
    pub async fn end_agreement(&mut self, id: &AgreementId, progress: &mut dyn Progress) -> Result<Signing> {
        let link = self.connect(progress).await?;
        self.check_admin()?;
        let (id, version, prev) = self.next_version(id)?;
        let before = self.directory.agreements().get(&id).ok_or(Error::new(Code::AgreementUnknown))?;
        let [sender, recipient] = before.newest().fields().parties();
        let issued_ms = self.clock.now_ms();
        let provision = Provision::End;
        let fields = AgreementFields { id, version, prev, sender, recipient, issued_ms, provision };
        self.sign_version(&link, fields).await
    }

    /// Adds this device's signature to a version that another admin, here or there, has signed.
    ///
    /// # Errors
    /// [`Code::AgreementFileInvalid`] for what is no agreement of the own organisation; [`Code::AgreementOutdated`] when another version stands by
    /// now; [`Code::ProposalSigned`] when this device has signed it before; and as [`Session::offer_agreement`].
    pub async fn sign_agreement(&mut self, text: &str, progress: &mut dyn Progress) -> Result<Signing> {
        let link = self.connect(progress).await?;
        self.check_admin()?;
        self.check_fresh()?;
        let offered = self.offered(text)?.signed;
        self.check_other_party(offered.agreement())?;
        let signed = offered.countersign(self.membership.org, &self.device).map_err(refused)?;
        self.publish_or_pass_on(&link, signed).await
    }

    /// What a file offers, if it may follow what stands in the log.
    ///
    /// # Errors
    /// As [`Session::sign_agreement`].
    pub fn offered(&self, text: &str) -> Result<Offered> {
        let invalid = || Error::new(Code::AgreementFileInvalid);
        let bytes = Armour::Agreement.unwrap(text).ok_or_else(invalid)?;
        let signed = SignedAgreement::parse(bytes.into()).map_err(|_| invalid())?;
        if !signed.agreement().has_party(&self.membership.org) {
            return Err(invalid());
        }
        self.directory.agreements().follows(&signed).map_err(out_of_order)?;
        let parties = self.parties(&signed)?;
        signed.verify_given(parties).map_err(|_| invalid())?;
        Ok(Offered { counts: parties.map(|party| signed.count(party)), signed })
    }

    fn next_version(&self, id: &AgreementId) -> Result<(AgreementId, u32, [u8; 32])> {
        let own = self.agreements().find(|one| one.newest().fields().id == *id);
        let newest = own.ok_or(Error::new(Code::AgreementUnknown))?.newest();
        let version = newest.fields().version.checked_add(1).ok_or(Error::new(Code::AgreementUnknown))?;
        Ok((*id, version, newest.agreement().hash()))
    }

    async fn sign_version(&mut self, link: &Link, fields: AgreementFields) -> Result<Signing> {
        self.check_fresh()?;
        let agreement = Agreement::build(fields).map_err(refused)?;
        self.check_other_party(&agreement)?;
        let signed = SignedAgreement::sign(&agreement, self.membership.org, &self.device).map_err(refused)?;
        self.directory.agreements().follows(&signed).map_err(out_of_order)?;
        self.publish_or_pass_on(link, signed).await
    }

    /// Nothing is agreed on with somebody whose keys are not those that were compared.
    fn check_other_party(&self, agreement: &Agreement) -> Result<()> {
        let own = self.membership.org;
        for party in agreement.fields().parties().into_iter().filter(|party| *party != own) {
            let manifest = self.directory.organisation(&party).and_then(|found| found.manifest());
            let handle = &manifest.ok_or(Error::new(Code::OrganisationUnknown))?.fields().handle;
            self.desk()
                .check_keys(handle)
                .map_err(|code| Error::with(code, Args::none().text("recipient", handle)))?;
        }
        Ok(())
    }

    fn parties(&self, signed: &SignedAgreement) -> Result<[&Manifest; 2]> {
        let [sender, recipient] = signed.fields().parties();
        let manifest = |org: &OrgId| {
            let found = self.directory.organisation(org).and_then(|found| found.manifest());
            found.ok_or(Error::new(Code::OrganisationUnknown))
        };
        Ok([manifest(&sender)?, manifest(&recipient)?])
    }

    async fn publish_or_pass_on(&mut self, link: &Link, signed: SignedAgreement) -> Result<Signing> {
        let parties = self.parties(&signed)?;
        if signed.verify(parties).is_err() {
            let counts = parties.map(|party| signed.count(party));
            return if counts.iter().any(|count| count.given > count.needed) {
                Err(Error::new(Code::SignersMissing))
            } else {
                Ok(Signing::Incomplete(Offered { signed, counts }))
            };
        }
        let request = PublishAgreementRequest { agreement: signed.bytes().clone() };
        call::unary(link.directory().publish_agreement(request)).await?;
        self.synchronise(link).await?;
        Ok(Signing::Published(signed))
    }
}

/// A version that does not follow what stands in the log.
fn out_of_order(fault: AgreementFault) -> Error {
    match fault {
        AgreementFault::OutOfOrder | AgreementFault::NotInForce => Error::new(Code::AgreementOutdated),
        AgreementFault::Parties
        | AgreementFault::Signature(_)
        | AgreementFault::PartiesChanged
        | AgreementFault::TooMany => {
            Error::with(Code::AgreementRefused, Args::none().text("field", fault.name()))
        }
    }
}

/// A version that can not be written, or not signed by this device.
fn refused(invalid: InvalidField) -> Error {
    match invalid.fault {
        Fault::NotAscending if invalid.field == "agreement.signatures" => Error::new(Code::ProposalSigned),
        fault => Error::with(Code::AgreementInvalid, Args::none().text("field", fault.name())),
    }
}

#[cfg(test)]
mod tests;
