//! From a draft to what is sealed: who reads it, under which keys, and every reason why it would be refused.
//!
//! Everything here is a pure function over the directory and what is kept; nothing is sent and nothing written.

use std::collections::BTreeSet;
use std::num::NonZeroU32;

use samverkan_envelope::body::{MAX_SUBJECT, MAX_TEXT};
use samverkan_envelope::consent::ConsentRecipient;
use samverkan_envelope::seal::Target;
use samverkan_proto::admission::{Ground, Sending, Unagreed, admit};
use samverkan_proto::code::{
    Class, ConsentPurpose, LegalBasis, OrganisationKind, OrganisationState, RecipientKind, Roles,
};
use samverkan_proto::ids::{DeviceId, Handle, MailboxAddress, MailboxId, OrgId};
use samverkan_proto::limits::{MAX_BLOBS, MAX_LIFETIME_MS, MAX_TO, MAX_WRAPS};
use samverkan_proto::statement::epoch_key::Epoch;
use samverkan_proto::statement::header::Recipient;
use samverkan_proto::statement::manifest::Manifest;

use super::attach::Source;
use super::consent::{Consent, Consents};
use super::model::{Draft, Obstacle, Trust};
use super::trust;
use crate::directory::{Directory, Organisation};
use crate::error::{Code, Error, Result};
use crate::forms::law::Section;
use crate::keystore::Contents;
use crate::text::Args;

/// What composing looks at.
#[derive(Clone, Copy)]
pub(super) struct Desk<'a> {
    pub(super) directory: &'a Directory,
    pub(super) contents: &'a Contents,
    pub(super) consents: &'a Consents,
    pub(super) org: OrgId,
    pub(super) device: DeviceId,
    pub(super) now_ms: u64,
    /// Why the view of the log is too old to send anything on it.
    pub(super) stale: Option<Code>,
}

impl Obstacle {
    /// As an error that ends a command.
    #[must_use]
    pub fn to_error(&self) -> Error {
        let recipient = self.recipient.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string);
        let args = Args::none().text("recipient", recipient);
        if self.crowd.is_empty() {
            return Error::with(self.code, args);
        }
        let each = self.crowd.iter().map(|(recipient, devices)| format!("{recipient} ({devices})"));
        let each = each.collect::<Vec<_>>().join(", ");
        Error::with(self.code, args.text("recipients", each).number("max", u64::from(MAX_WRAPS)))
    }

    const fn general(code: Code) -> Self {
        Self { code, recipient: None, crowd: Vec::new() }
    }

    fn at(code: Code, recipient: &MailboxAddress) -> Self {
        Self { recipient: Some(recipient.clone()), ..Self::general(code) }
    }

    /// One message can not be sealed to all of these.
    fn crowd(crowd: Vec<(MailboxAddress, usize)>) -> Self {
        Self { crowd, ..Self::general(Code::TooManyDevices) }
    }
}

impl Desk<'_> {
    /// Every reason why a draft would be refused, the sender's own first.
    pub(super) fn obstacles(&self, draft: &Draft) -> Vec<Obstacle> {
        let mut found: Vec<Obstacle> = self.own_obstacles(draft).into_iter().map(Obstacle::general).collect();
        found.extend(self.consent_obstacles(draft));
        for address in &draft.to {
            let codes = self.recipient_obstacles(address, draft);
            found.extend(codes.into_iter().map(|code| Obstacle::at(code, address)));
        }
        found.extend(self.crowd_obstacle(draft));
        found.extend(draft_obstacles(draft).into_iter().map(Obstacle::general));
        found
    }

    /// The mailbox a draft comes from: the one it names, or the only one that this device reads.
    pub(super) fn sender_mailbox(
        &self,
        from: Option<&MailboxAddress>,
    ) -> std::result::Result<MailboxId, Code> {
        let manifest = self.own_manifest().ok_or(Code::DeviceUnknown)?;
        let mut read = manifest.mailboxes_of(&self.device);
        match from {
            Some(address) if address.handle == manifest.fields().handle => {
                let named = manifest.mailbox_by_name(&address.name).map(|mailbox| mailbox.id);
                named.filter(|id| manifest.reads(&self.device, id)).ok_or(Code::MailboxNotOwn)
            }
            Some(_) => Err(Code::MailboxNotOwn),
            None => match (read.next(), read.next()) {
                (Some(only), None) => Ok(only.id),
                (None, _) => Err(Code::RoleMissing),
                (Some(_), Some(_)) => Err(Code::MailboxAmbiguous),
            },
        }
    }

    /// The recipients as a header lists them: each once, ascending.
    pub(super) fn recipients(&self, to: &[(OrgId, MailboxId)]) -> Option<Vec<Recipient>> {
        let mut to = to.to_vec();
        to.sort_unstable();
        to.dedup();
        let recipient = |(org, mailbox): (OrgId, MailboxId)| {
            let manifest_serial = self.directory.organisation(&org)?.manifest()?.serial();
            Some(Recipient { org, mailbox, manifest_serial, kind: RecipientKind::Primary })
        };
        to.into_iter().map(recipient).collect()
    }

    /// The devices to seal to: every reader of every recipient with a key for the week of `created_ms`, and the other
    /// readers of the own mailbox, who get a copy.
    ///
    /// # Errors
    /// [`Code::RecipientHasNoKey`] for the first recipient without any such reader; [`Code::TooManyDevices`].
    pub(super) fn targets(
        &self,
        to: &[Recipient],
        sender: MailboxId,
        created_ms: u64,
    ) -> Result<Vec<Target>> {
        let epoch = Epoch::of(created_ms);
        let (mut targets, mut crowd): (Vec<Target>, Vec<_>) = (Vec::new(), Vec::new());
        for (index, recipient) in to.iter().enumerate() {
            let readers = self.readers(&recipient.org, &recipient.mailbox, epoch, created_ms);
            let address = self.directory.address_of(&recipient.org, &recipient.mailbox);
            if readers.is_empty() {
                let nobody = Obstacle { recipient: address, ..Obstacle::general(Code::RecipientHasNoKey) };
                return Err(nobody.to_error());
            }
            crowd.extend(address.map(|address| (address, readers.len())));
            readers.into_iter().for_each(|target| add_target(&mut targets, target, 1 << index));
        }
        if targets.len() > usize::from(MAX_WRAPS) {
            return Err(Obstacle::crowd(crowd).to_error());
        }
        for target in self.readers(&self.org, &sender, epoch, created_ms) {
            // A copy is a convenience; recipients come first when there is no room.
            if targets.len() < usize::from(MAX_WRAPS) {
                add_target(&mut targets, target, 0);
            }
        }
        Ok(targets)
    }

    /// The readers of a mailbox that can be sealed to, without this device itself.
    fn readers(&self, org: &OrgId, mailbox: &MailboxId, epoch: Epoch, at_ms: u64) -> Vec<Target> {
        let Some(organisation) = self.directory.organisation(org) else { return Vec::new() };
        let Some(manifest) = organisation.manifest() else { return Vec::new() };
        let usable = manifest
            .readers(mailbox)
            .filter(|device| device.id() != self.device && at_ms < device.expires_ms);
        let key = |id: DeviceId| organisation.epoch_key(&id, epoch).cloned();
        usable.filter_map(|device| key(device.id())).map(|key| Target { key, boxes: 0 }).collect()
    }

    fn own(&self) -> Option<&Organisation> {
        self.directory.organisation(&self.org)
    }

    fn own_manifest(&self) -> Option<&Manifest> {
        self.own()?.manifest()
    }

    /// What is wrong with the sender.
    fn own_obstacles(&self, draft: &Draft) -> Vec<Code> {
        let Some(entry) = self.own().and_then(Organisation::entry) else { return vec![Code::DeviceUnknown] };
        let mut found = Vec::new();
        if self.directory.is_forked() {
            found.push(Code::LogForked);
        }
        found.extend(self.stale);
        match entry.fields().state {
            OrganisationState::Active => {}
            OrganisationState::Pending | OrganisationState::Invited => found.push(Code::OrganisationPending),
            OrganisationState::Suspended => found.push(Code::OrganisationSuspended),
            OrganisationState::Removed => found.push(Code::OrganisationRemoved),
        }
        match self.own_manifest().and_then(|manifest| manifest.device(&self.device)) {
            None => found.push(Code::DeviceRevoked),
            Some(device) if self.now_ms >= device.expires_ms => found.push(Code::DeviceExpired),
            Some(device) if !device.roles.contains(Roles::HANDLER) => found.push(Code::RoleMissing),
            Some(_) => {}
        }
        found.extend(self.sender_mailbox(draft.from.as_ref()).err());
        found.extend(check_basis(draft, entry.fields().kind).err());
        found.extend(self.check_section(draft).err());
        found
    }

    /// A section of law supports one basis, and not at all times.
    fn check_section(&self, draft: &Draft) -> std::result::Result<(), Code> {
        let fits = |section: &Section| Some(section.basis) == draft.basis && section.applies(self.now_ms);
        if draft.section.is_none_or(fits) { Ok(()) } else { Err(Code::SectionDoesNotApply) }
    }

    /// Everything that stands between a draft and one of its recipients, of which each is for itself: a suspended organisation may have no
    /// agreement either.
    fn recipient_obstacles(&self, address: &MailboxAddress, draft: &Draft) -> Vec<Code> {
        let mut found: Vec<Code> = self.check_keys(&address.handle).err().into_iter().collect();
        let Some((org, organisation)) = self.directory.by_handle(&address.handle) else {
            found.push(Code::RecipientUnknown);
            return found;
        };
        found.extend(unreachable(organisation.state()));
        let Some((_, mailbox)) = self.directory.resolve(address) else {
            found.push(Code::RecipientUnknown);
            found.dedup();
            return found;
        };
        if org == self.org && self.sender_mailbox(draft.from.as_ref()) == Ok(mailbox) {
            found.push(Code::RecipientIsSender);
            return found;
        }
        // Without its basis nobody can say whether an agreement covers a message.
        if draft.basis.is_some() {
            found.extend(self.admit(org, mailbox, draft).err().map(unagreed));
        }
        // On an old view the keys of this week may only not have come yet.
        let has_readers = !self.readers(&org, &mailbox, Epoch::of(self.now_ms), self.now_ms).is_empty();
        found.extend((!has_readers && self.stale.is_none()).then_some(Code::RecipientHasNoKey));
        found
    }

    /// Whether the hub's policy, or what the two have agreed on, lets a draft go to a mailbox: what the hub will decide, by this clock.
    fn admit(&self, org: OrgId, mailbox: MailboxId, draft: &Draft) -> std::result::Result<Ground, Unagreed> {
        let sending = Sending {
            sender: self.org,
            recipient: org,
            mailbox,
            class: draft.class,
            basis: draft.basis,
            at_ms: self.now_ms,
        };
        let agreements = self.directory.agreements().between(&self.org, &org);
        admit(&sending, agreements, self.directory.operators().policy())
    }

    /// Within how many minutes every recipient has agreed to answer such a message: the longest of their times, so that nobody is asked
    /// for more than was agreed on. `None` when one of them has agreed on none.
    pub(super) fn agreed_answer_time(&self, draft: &Draft) -> Option<NonZeroU32> {
        let agreed = |address: &MailboxAddress| {
            let (org, mailbox) = self.directory.resolve(address)?;
            match self.admit(org, mailbox, draft) {
                Ok(Ground::Agreement { answer_within_minutes }) => answer_within_minutes,
                Ok(Ground::WithinOrganisation | Ground::FollowUp | Ground::Open) | Err(_) => None,
            }
        };
        let times: Option<Vec<NonZeroU32>> = draft.to.iter().map(agreed).collect();
        times?.into_iter().max()
    }

    /// Nothing is sealed to keys that are not those compared, or that somebody with the recovery kit has put in their place, until a
    /// person has called.
    pub(super) fn check_keys(&self, handle: &Handle) -> std::result::Result<(), Code> {
        match trust::of(self.contents, self.directory, handle) {
            Trust::KeyChanged { .. } => Err(Code::KeyChanged),
            // Who has recovered the own organisation knows so.
            Trust::Recovered { .. }
                if self.directory.by_handle(handle).is_none_or(|(org, _)| org != self.org) =>
            {
                Err(Code::RecoveryUnconfirmed)
            }
            Trust::Recovered { .. } | Trust::Verified { .. } | Trust::Moved | Trust::Unverified => Ok(()),
        }
    }

    /// More devices read the recipients' mailboxes than one message can be sealed to.
    fn crowd_obstacle(&self, draft: &Draft) -> Option<Obstacle> {
        let epoch = Epoch::of(self.now_ms);
        let (mut crowd, mut devices) = (Vec::new(), BTreeSet::new());
        for address in &draft.to {
            let Some((org, mailbox)) = self.directory.resolve(address) else { continue };
            let readers = self.readers(&org, &mailbox, epoch, self.now_ms);
            crowd.push((address.clone(), readers.len()));
            // A device that reads two of the mailboxes is sealed to once.
            devices.extend(readers.iter().map(|reader| (reader.key.org_id(), reader.key.device_id())));
        }
        (devices.len() > usize::from(MAX_WRAPS)).then(|| Obstacle::crowd(crowd))
    }

    /// What is wrong with the consent that a draft is sent under.
    fn consent_obstacles(&self, draft: &Draft) -> Vec<Obstacle> {
        if draft.basis != Some(LegalBasis::Consent) {
            return Vec::new();
        }
        let Some(id) = draft.consent else { return vec![Obstacle::general(Code::ConsentMissing)] };
        let Some(consent) = self.consents.find(id) else {
            return vec![Obstacle::general(Code::ConsentUnknown)];
        };
        let mut found: Vec<Obstacle> =
            self.check_consent(consent, draft).into_iter().map(Obstacle::general).collect();
        for address in &draft.to {
            let named = self.directory.resolve(address).is_some_and(|(org, mailbox)| {
                consent.record.recipients.contains(&ConsentRecipient { org, mailbox })
            });
            if !named {
                found.push(Obstacle::at(Code::ConsentDoesNotCover, address));
            }
        }
        found
    }

    fn check_consent(&self, consent: &Consent, draft: &Draft) -> Vec<Code> {
        let purpose = match draft.class {
            Class::Referral | Class::ConcernReport => ConsentPurpose::Referral,
            Class::InformationRequest | Class::FollowUp => ConsentPurpose::InformationExchange,
        };
        let mut found = Vec::new();
        if consent.record.purpose != purpose {
            found.push(Code::ConsentDoesNotCover);
        }
        if self.now_ms >= consent.record.expires_ms {
            found.push(Code::ConsentHandleExpired);
        }
        if consent.is_withdrawn() {
            found.push(Code::ConsentWithdrawn);
        } else if !consent.has_handle() {
            found.push(Code::ConsentHandleUsed);
        }
        found
    }
}

/// Why nothing reaches an organisation in this state.
const fn unreachable(state: Option<OrganisationState>) -> Option<Code> {
    match state {
        Some(OrganisationState::Active) => None,
        Some(OrganisationState::Suspended) => Some(Code::RecipientSuspended),
        Some(OrganisationState::Removed) => Some(Code::RecipientRemoved),
        Some(OrganisationState::Pending | OrganisationState::Invited) | None => Some(Code::RecipientUnknown),
    }
}

/// The code with the spelling of the hub's.
const fn unagreed(lack: Unagreed) -> Code {
    match lack {
        Unagreed::Missing => Code::AgreementMissing,
        Unagreed::DoesNotCover => Code::AgreementDoesNotCover,
        Unagreed::Ended => Code::AgreementEnded,
        Unagreed::Expired => Code::AgreementExpired,
        Unagreed::NotYetValid => Code::AgreementNotYetValid,
    }
}

fn add_target(targets: &mut Vec<Target>, target: Target, bit: u16) {
    let same = |known: &&mut Target| {
        (known.key.org_id(), known.key.device_id()) == (target.key.org_id(), target.key.device_id())
    };
    match targets.iter_mut().find(same) {
        Some(known) => known.boxes |= bit,
        None => targets.push(Target { boxes: bit, ..target }),
    }
}

/// The class needs a basis, and the sender's kind must have it (PROTOCOL.md section 11).
fn check_basis(draft: &Draft, kind: OrganisationKind) -> std::result::Result<(), Code> {
    match (draft.class, draft.basis) {
        (Class::FollowUp, None) => Ok(()),
        (Class::FollowUp, Some(_)) => Err(Code::BasisNotAllowed),
        (Class::Referral | Class::ConcernReport | Class::InformationRequest, None) => Err(Code::BasisMissing),
        (Class::Referral | Class::ConcernReport | Class::InformationRequest, Some(basis)) => match basis {
            LegalBasis::Consent | LegalBasis::VoluntaryReport | LegalBasis::VitalInterest => Ok(()),
            LegalBasis::DutyToReport | LegalBasis::DutyToDisclose | LegalBasis::SecrecyActGround => {
                if kind == OrganisationKind::Volunteer { Err(Code::LegalBasisNotAvailable) } else { Ok(()) }
            }
        },
    }
}

/// What is wrong with a draft whoever sends it.
fn draft_obstacles(draft: &Draft) -> Vec<Code> {
    let mut found = Vec::new();
    if draft.to.is_empty() {
        found.push(Code::RecipientMissing);
    }
    if draft.form.is_some_and(|form| !form.classes.contains(&draft.class)) {
        found.push(Code::FormNotForClass);
    }
    if draft.to.len() > usize::from(MAX_TO) {
        found.push(Code::TooManyRecipients);
    }
    if draft.keep_ms.is_some_and(|keep_ms| keep_ms == 0 || keep_ms > MAX_LIFETIME_MS) {
        found.push(Code::KeepTooLong);
    }
    if draft.subject.len() > MAX_SUBJECT || draft.text.len() > MAX_TEXT {
        found.push(Code::MessageTooLarge);
    }
    if draft.attachments.len() > usize::from(MAX_BLOBS) {
        found.push(Code::TooManyAttachments);
    }
    let unusable = draft.attachments.iter().filter_map(|path| Source::open(path).err());
    found.extend(unusable.map(|error| error.code()));
    found
}
