//! Whether a message may be handed in: every rule of PROTOCOL.md section 11 that needs no store, in its order.

use samverkan_proto::admission::{Sending, admit};
use samverkan_proto::code::{LegalBasis, OrganisationKind, OrganisationState};
use samverkan_proto::ids::DeviceId;
use samverkan_proto::limits::{MAX_AGE_MS, MAX_AHEAD_MS};
use samverkan_proto::reason::Refusal;
use samverkan_proto::statement::epoch_key::Epoch;
use samverkan_proto::statement::header::{Header, HeaderFields, Recipient, Wrap};
use samverkan_proto::statement::manifest::Device;
use samverkan_proto::v1::ErrorReason;

use crate::caller::Caller;
use crate::registry::{Organisation, Registry};

/// The right to hand in the one message that it was made for. Made by [`may_submit`].
///
/// It holds for the generation of the registry that it was decided under: when that has passed, the decision is
/// made again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SubmitPermit {
    generation: u64,
    hh: [u8; 32],
}

impl SubmitPermit {
    /// The registry's generation under which it was decided.
    pub const fn generation(&self) -> u64 {
        self.generation
    }

    /// The hash of the header that it was decided for.
    pub const fn hh(&self) -> &[u8; 32] {
        &self.hh
    }

    /// Made up, for tests of what demands a permit.
    #[cfg(test)]
    pub(crate) const fn for_test(generation: u64, hh: [u8; 32]) -> Self {
        Self { generation, hh }
    }
}

/// Whether the caller is the sender that the header names; asked before an earlier receipt is shown to anybody.
///
/// # Errors
/// ORGANISATION_PENDING, SENDER_MISMATCH.
pub fn is_sender(caller: &Caller, header: &HeaderFields) -> Result<(), Refusal> {
    super::active(caller)?;
    if header.sender_org == caller.org() && header.sender_device == caller.device() {
        Ok(())
    } else {
        Err(Refusal::new(ErrorReason::SenderMismatch))
    }
}

/// Whether the caller may hand in a message with this header at this time.
///
/// # Errors
/// The first rule of PROTOCOL.md section 11 that fails.
pub fn may_submit(
    registry: &Registry,
    caller: &Caller,
    header: &Header,
    now_ms: u64,
) -> Result<SubmitPermit, Refusal> {
    let (header, hh) = (header.fields(), *header.hh());
    is_sender(caller, header)?;
    super::handler(caller)?;
    if !caller.reads(&header.sender_mailbox) {
        return Err(Refusal::new(ErrorReason::RoleMissing));
    }
    if !may_use(caller.organisation().entry().fields().kind, header.basis) {
        return Err(Refusal::new(ErrorReason::LegalBasisNotAvailable));
    }
    in_time(header, now_ms)?;
    let recipients = recipients(registry, header)?;
    is_agreed(registry, header, now_ms)?;
    if is_current(registry, caller, header, &recipients) {
        Ok(SubmitPermit { generation: registry.generation(), hh })
    } else {
        Err(Refusal::new(ErrorReason::StaleDirectory))
    }
}

/// Volunteer organisations stand outside the duties and grounds of the authorities.
const fn may_use(kind: OrganisationKind, basis: Option<LegalBasis>) -> bool {
    let open_to_all = matches!(
        basis,
        None | Some(LegalBasis::Consent | LegalBasis::VoluntaryReport | LegalBasis::VitalInterest)
    );
    open_to_all || !matches!(kind, OrganisationKind::Volunteer)
}

fn in_time(header: &HeaderFields, now_ms: u64) -> Result<(), Refusal> {
    let oldest = now_ms.saturating_sub(MAX_AGE_MS);
    let newest = now_ms.saturating_add(MAX_AHEAD_MS);
    if !(oldest..=newest).contains(&header.created_ms) {
        return Err(Refusal::new(ErrorReason::ClockOutOfRange));
    }
    if header.expires_ms <= now_ms {
        return Err(Refusal::new(ErrorReason::MessageExpired));
    }
    Ok(())
}

/// The organisation of each recipient, all of them ACTIVE.
fn recipients<'a>(registry: &'a Registry, header: &HeaderFields) -> Result<Vec<&'a Organisation>, Refusal> {
    let reachable = |to: &Recipient| {
        let organisation = registry.organisation(&to.org).ok_or(ErrorReason::RecipientUnknown)?;
        match organisation.state() {
            OrganisationState::Active => Ok(&**organisation),
            OrganisationState::Suspended => Err(ErrorReason::RecipientSuspended),
            OrganisationState::Removed => Err(ErrorReason::RecipientRemoved),
            // Not confirmed by the operator: not to be found, and so not to be written to.
            OrganisationState::Invited | OrganisationState::Pending => Err(ErrorReason::RecipientUnknown),
        }
    };
    header.to.iter().map(|to| reachable(to).map_err(Refusal::new)).collect()
}

/// Whether the hub's policy, or what sender and recipient have agreed on, lets it go to each of its recipients, alternates included.
fn is_agreed(registry: &Registry, header: &HeaderFields, now_ms: u64) -> Result<(), Refusal> {
    let policy = registry.operators().policy();
    let may_go = |to: &Recipient| {
        let sending = Sending {
            sender: header.sender_org,
            recipient: to.org,
            mailbox: to.mailbox,
            class: header.class,
            basis: header.basis,
            at_ms: now_ms,
        };
        let agreements = registry.agreements().between(&header.sender_org, &to.org);
        admit(&sending, agreements, policy).map(drop).map_err(|lack| Refusal::new(lack.reason()))
    };
    header.to.iter().try_for_each(may_go)
}

/// Whether the sender sealed to exactly those whom the newest directory names. `recipients` fit `header.to`.
fn is_current(
    registry: &Registry,
    caller: &Caller,
    header: &HeaderFields,
    recipients: &[&Organisation],
) -> bool {
    let week = Epoch::of(header.created_ms);
    let to = || header.to.iter().zip(recipients);
    to().all(|(to, organisation)| {
        organisation.manifest().serial() == to.manifest_serial
            && organisation.manifest().mailbox(&to.mailbox).is_some()
    }) && header.wraps.iter().all(|wrap| {
        registry.epoch_key(&wrap.device, week) == Some(wrap.epoch_key)
            && reads_its_boxes(caller, header, recipients, wrap)
    }) && to().enumerate().all(|(index, (to, organisation))| {
        let must_have = |reader: &&Device| {
            reader.id() != header.sender_device
                && reader.expires_ms > header.created_ms
                && registry.epoch_key(&reader.id(), week).is_some()
        };
        let mut readers = organisation.manifest().readers(&to.mailbox).filter(must_have);
        readers.all(|reader| is_wrapped(header, to, index, reader.id()))
    })
}

/// Whether a wrapped device stands in its organisation's newest manifest and reads exactly the mailboxes its
/// `boxes` say; none, for a copy within the sender's own organisation.
fn reads_its_boxes(
    caller: &Caller,
    header: &HeaderFields,
    recipients: &[&Organisation],
    wrap: &Wrap,
) -> bool {
    if wrap.is_sent_copy() && wrap.org == caller.org() {
        let own = caller.manifest();
        let reads_one = header.to.iter().any(|to| to.org == wrap.org && own.reads(&wrap.device, &to.mailbox));
        return own.device(&wrap.device).is_some() && !reads_one;
    }
    header.to.iter().zip(recipients).enumerate().all(|(index, (to, organisation))| {
        let reads = to.org == wrap.org && organisation.manifest().reads(&wrap.device, &to.mailbox);
        reads == wrap.reads(index)
    })
}

fn is_wrapped(header: &HeaderFields, to: &Recipient, index: usize, reader: DeviceId) -> bool {
    header.readers(index).any(|wrap| wrap.org == to.org && wrap.device == reader)
}
