//! Whether a version of an agreement may be logged (PROTOCOL.md section 13).

use samverkan_proto::Fault;
use samverkan_proto::code::{OrganisationState, Roles};
use samverkan_proto::ids::OrgId;
use samverkan_proto::limits::{AGREEMENT_OFFER_MS, MAX_AHEAD_MS};
use samverkan_proto::reason::Refusal;
use samverkan_proto::statement::agreement::{Provision, SignedAgreement};
use samverkan_proto::v1::ErrorReason;

use crate::caller::Caller;
use crate::registry::Registry;

/// The right to log one version of an agreement. Made by [`may_publish_agreement`].
#[derive(Clone, Debug)]
pub struct AgreementPermit {
    signed: SignedAgreement,
}

impl AgreementPermit {
    /// The version.
    pub fn into_agreement(self) -> SignedAgreement {
        self.signed
    }
}

/// An admin device of a party may hand in a version that follows and that enough admins have signed. `None`: it is the newest already.
///
/// # Errors
/// ORGANISATION_PENDING, ROLE_MISSING; SENDER_MISMATCH for others' agreements; AGREEMENT_REFUSED with the fault's name as its field; for
/// terms also RECIPIENT_UNKNOWN, `_SUSPENDED` and `_REMOVED` about the other party.
pub fn may_publish_agreement(
    registry: &Registry,
    caller: &Caller,
    signed: SignedAgreement,
    now_ms: u64,
) -> Result<Option<AgreementPermit>, Refusal> {
    super::active(caller)?;
    if !caller.has(Roles::ADMIN) {
        return Err(Refusal::new(ErrorReason::RoleMissing));
    }
    if !signed.agreement().has_party(&caller.org()) {
        return Err(Refusal::new(ErrorReason::SenderMismatch));
    }
    if !registry.check_agreement(&signed).map_err(crate::error::of_registry)? {
        return Ok(None);
    }
    in_time(&signed, now_ms)?;
    if let Provision::Terms(_) = signed.fields().provision {
        let mut others = signed.fields().parties().into_iter().filter(|party| *party != caller.org());
        others.try_for_each(|other| is_active(registry, &other))?;
    }
    Ok(Some(AgreementPermit { signed }))
}

/// What was offered long ago counts no more, and what is over when it comes would only fill the log.
fn in_time(signed: &SignedAgreement, now_ms: u64) -> Result<(), Refusal> {
    let fields = signed.fields();
    let oldest = now_ms.saturating_sub(AGREEMENT_OFFER_MS);
    let newest = now_ms.saturating_add(MAX_AHEAD_MS);
    let is_over = match &fields.provision {
        Provision::Terms(terms) => terms.valid_until_ms <= now_ms,
        Provision::End => false,
    };
    if (oldest..=newest).contains(&fields.issued_ms) && !is_over {
        Ok(())
    } else {
        Err(agreement_refused(Fault::BadTime.name()))
    }
}

fn is_active(registry: &Registry, org: &OrgId) -> Result<(), Refusal> {
    let reason = match registry.organisation(org).map(|found| found.state()) {
        Some(OrganisationState::Active) => return Ok(()),
        Some(OrganisationState::Suspended) => ErrorReason::RecipientSuspended,
        Some(OrganisationState::Removed) => ErrorReason::RecipientRemoved,
        Some(OrganisationState::Invited | OrganisationState::Pending) | None => ErrorReason::RecipientUnknown,
    };
    Err(Refusal::new(reason))
}

/// The refusal of an agreement that breaks a rule: its field is the fault's name (PROTOCOL.md section 17).
pub fn agreement_refused(fault: &'static str) -> Refusal {
    Refusal::in_field(ErrorReason::AgreementRefused, fault)
}
