//! What a change must obey before it is journalled (PROTOCOL.md sections 5, 13 and 14).

use samverkan_proto::code::OrganisationState;
use samverkan_proto::ids::{DeviceId, OrgId, TlsKeyHash, sha256};
use samverkan_proto::limits::{EPOCHS_AHEAD, MAX_EPOCH_KEYS};
use samverkan_proto::sign::PublicKey;
use samverkan_proto::statement::agreement::SignedAgreement;
use samverkan_proto::statement::epoch_key::{Epoch, EpochKey};
use samverkan_proto::statement::log::{
    ActionFault, AgreementFault, Check, OrganisationEntry, OrganisationFields,
};
use samverkan_proto::statement::manifest::{Manifest, VerifiedManifest};
use samverkan_proto::{Fault, InvalidField};

use super::{CodeHash, HandleOwner, Invitation, Invite, KeyHolder, Organisation, Registry, Standing};

/// Why a change of the registry is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegistryRefusal {
    /// The code is unknown, used for something else, or expired; which of them is not said.
    #[error("the invite does not work")]
    InviteInvalid,
    /// An organisation or an open invite has the handle.
    #[error("the handle is taken")]
    HandleTaken,
    /// An organisation that was not removed, or an open invite, has the organisation number.
    #[error("the organisation number is taken")]
    NumberTaken,
    /// The manifest breaks the named rule.
    #[error("the manifest is refused: {0}")]
    ManifestRefused(InvalidField),
    /// The organisation's manifests take as much of the log as they may at this time.
    #[error("the organisation's share of the log is used up")]
    LogShare,
    /// The organisation has as many invites of members open as it may.
    #[error("too many invites of members are open")]
    TooManyInvites,
    /// The epoch keys are for another time, or for a week that has another key.
    #[error("the epoch key is refused")]
    EpochKeyRefused,
    /// No organisation or invite has this name.
    #[error("the organisation is not known")]
    OrganisationUnknown,
    /// The organisation's state does not allow the change.
    #[error("the organisation's state does not allow this")]
    StateConflict,
    /// The hub has operators, and none of them has signed this.
    #[error("an operator must sign this")]
    SignatureRequired,
    /// What an operator has signed does not count.
    #[error(transparent)]
    ActionRefused(ActionFault),
    /// An operator's clock is too far from the hub's, or the signature was made too long ago.
    #[error("the action was signed at another time")]
    ActionTime,
    /// What an operator has signed is another invitation than the one that came with it.
    #[error("another invitation was signed")]
    InvitationDiffers,
    /// The agreement breaks the named rule.
    #[error(transparent)]
    AgreementRefused(AgreementFault),
    /// As many actions wait for a second signature as may.
    #[error("too many actions wait for a second signature")]
    TooManyActions,
}

/// Epoch keys of one device that the device has signed.
#[derive(Clone, Debug)]
pub struct VerifiedEpochKeys {
    org: OrgId,
    device: DeviceId,
    keys: Vec<EpochKey>,
}

impl VerifiedEpochKeys {
    /// Verifies that every key is of this device and organisation and signed by it.
    ///
    /// # Errors
    /// `count_out_of_range` for more than 16, `bad_identifier` for another organisation's, otherwise as
    /// [`EpochKey::verify`].
    pub fn verify(org: OrgId, device_key: &PublicKey, keys: Vec<EpochKey>) -> Result<Self, InvalidField> {
        if keys.len() > MAX_EPOCH_KEYS.into() {
            return Err(Fault::CountOutOfRange.in_field("epoch_keys"));
        }
        for key in &keys {
            key.verify(device_key)?;
            if key.org_id() != org {
                return Err(Fault::BadIdentifier.in_field("epoch_keys.org_id"));
            }
        }
        Ok(Self { org, device: DeviceId::of_key(device_key.as_bytes()), keys })
    }

    /// Whose they are.
    pub fn device(&self) -> (OrgId, DeviceId) {
        (self.org, self.device)
    }
}

impl Registry {
    /// The open invite behind a code.
    pub(crate) fn usable_invite(&self, code: &CodeHash, now_ms: u64) -> Result<&Invite, RegistryRefusal> {
        self.invite(code)
            .map(|invite| &**invite)
            .filter(|invite| now_ms < invite.expires_ms)
            .ok_or(RegistryRefusal::InviteInvalid)
    }

    /// Whether a new invite may have this handle and this organisation number. An expired invite holds neither; an organisation that
    /// was removed holds its handle alone, since nobody can come back under the same keys.
    pub(crate) fn check_invitable(
        &self,
        invitation: &Invitation,
        now_ms: u64,
    ) -> Result<(), RegistryRefusal> {
        match self.handle_owner(&invitation.handle) {
            None => {}
            Some(HandleOwner::Invite(code)) if self.usable_invite(&code, now_ms).is_err() => {}
            Some(_) => return Err(RegistryRefusal::HandleTaken),
        }
        let joined = self.organisations().any(|organisation| {
            let fields = organisation.entry.fields();
            fields.organisation_number == invitation.number && fields.state != OrganisationState::Removed
        });
        let invited = self
            .invites
            .iter()
            .any(|(_, invite)| invite.invitation.number == invitation.number && now_ms < invite.expires_ms);
        if joined || invited { Err(RegistryRefusal::NumberTaken) } else { Ok(()) }
    }

    /// Whether an organisation may join with this manifest.
    pub(crate) fn check_first(
        &self,
        manifest: &VerifiedManifest,
        invite: &Invite,
    ) -> Result<(), RegistryRefusal> {
        let fields = manifest.manifest().fields();
        let refuse = |fault: Fault, field| Err(RegistryRefusal::ManifestRefused(fault.in_field(field)));
        if fields.handle != invite.invitation.handle {
            return refuse(Fault::BadText, "handle");
        }
        if fields.organisation_number != invite.invitation.number {
            return refuse(Fault::BadOrganisationNumber, "organisation_number");
        }
        if self.organisation(&manifest.manifest().org_id()).is_some() {
            return refuse(Fault::WrongChain, "org_id");
        }
        self.check_keys(manifest.manifest())
    }

    /// Whether a manifest may replace the organisation's newest. `Ok(false)`: it is the newest already.
    pub(crate) fn check_next(
        &self,
        manifest: &VerifiedManifest,
        now_ms: u64,
    ) -> Result<bool, RegistryRefusal> {
        let new = manifest.manifest();
        let current = self.organisation(&new.org_id()).ok_or(RegistryRefusal::OrganisationUnknown)?;
        if current.signed == sha256(manifest.signed().bytes()) {
            return Ok(false);
        }
        self.check_not_removed(&new.org_id())?;
        // It was verified against the newest manifest of an earlier snapshot; another may have come in between.
        let follows = current.manifest.serial().checked_add(1) == Some(new.serial())
            && new.fields().prev == *current.manifest.hash();
        if !follows {
            return Err(RegistryRefusal::ManifestRefused(Fault::WrongChain.in_field("prev")));
        }
        self.check_keys(new)?;
        let is_urgent = manifest.signed().is_recovery() || new.only_takes_out_of(&current.manifest);
        if !current.has_room(manifest.signed().bytes().len() as u64, is_urgent, now_ms) {
            return Err(RegistryRefusal::LogShare);
        }
        Ok(true)
    }

    /// Nothing follows a removal in the log. The caller was let in, but the operator's word may have come in between.
    fn check_not_removed(&self, org: &OrgId) -> Result<(), RegistryRefusal> {
        let removed = |organisation: &Organisation| organisation.state() == OrganisationState::Removed;
        if self.organisation(org).is_some_and(|organisation| removed(organisation)) {
            return Err(RegistryRefusal::StateConflict);
        }
        Ok(())
    }

    /// Whether a certificate may be logged for this key: its device, or the operator's word, may have changed since the
    /// permit was made.
    pub(crate) fn check_certifiable(
        &self,
        org: &OrgId,
        device: &DeviceId,
        key: &TlsKeyHash,
    ) -> Result<(), RegistryRefusal> {
        self.check_not_removed(org)?;
        let current = KeyHolder { org: *org, device: *device, standing: Standing::Current };
        if self.key_holder(key) == Some(current) { Ok(()) } else { Err(RegistryRefusal::StateConflict) }
    }

    /// Whether a version of an agreement may follow. `Ok(false)`: it is the newest already. What was decided before may not hold any more:
    /// another version, another manifest or the operator's word may have come in between.
    pub(crate) fn check_agreement(&self, signed: &SignedAgreement) -> Result<bool, RegistryRefusal> {
        let known = self.agreements.get(&signed.fields().id);
        if known.is_some_and(|known| known.newest().bytes() == signed.bytes()) {
            return Ok(false);
        }
        let refuse = RegistryRefusal::AgreementRefused;
        let party = |org: &OrgId| {
            let party = self.organisation(org).filter(|party| party.state() != OrganisationState::Removed);
            party.ok_or(refuse(AgreementFault::Parties))
        };
        let [sender, recipient] = signed.fields().parties();
        let (sender, recipient) = (party(&sender)?, party(&recipient)?);
        let parties = [&**sender.manifest(), &**recipient.manifest()];
        self.agreements.judge(signed, parties, Check::Everything).map_err(refuse)?;
        Ok(true)
    }

    /// No key that another organisation's manifest ever named.
    fn check_keys(&self, manifest: &Manifest) -> Result<(), RegistryRefusal> {
        let org = manifest.org_id();
        for device in manifest.devices() {
            if self.org_of(&device.id()).is_some_and(|owner| owner != org) {
                return Err(RegistryRefusal::ManifestRefused(Fault::BadKey.in_field("sign_pk")));
            }
            if self.key_holder(&device.tls_key).is_some_and(|holder| holder.org != org) {
                return Err(RegistryRefusal::ManifestRefused(Fault::BadKey.in_field("tls_spki_sha256")));
            }
        }
        Ok(())
    }

    /// The keys among `keys` that are new; those that are known already count as published.
    pub(crate) fn check_epoch_keys(
        &self,
        keys: VerifiedEpochKeys,
        now_ms: u64,
    ) -> Result<Vec<EpochKey>, RegistryRefusal> {
        let (org, device) = keys.device();
        self.check_not_removed(&org)?;
        if !self.is_current(&org, &device) {
            return Err(RegistryRefusal::EpochKeyRefused);
        }
        self.new_epoch_keys(keys, now_ms)
    }

    /// The same for a device whose manifest is being registered.
    pub(crate) fn new_epoch_keys(
        &self,
        keys: VerifiedEpochKeys,
        now_ms: u64,
    ) -> Result<Vec<EpochKey>, RegistryRefusal> {
        let this_week = Epoch::of(now_ms);
        let mut new: Vec<EpochKey> = Vec::new();
        for key in keys.keys {
            match self.epoch_key(&keys.device, key.epoch()) {
                Some(known) if known == key.id() => continue,
                Some(_) => return Err(RegistryRefusal::EpochKeyRefused),
                None => {}
            }
            let in_time = this_week <= key.epoch() && key.epoch() <= this_week.later(EPOCHS_AHEAD);
            if !in_time || new.iter().any(|other| other.epoch() == key.epoch()) {
                return Err(RegistryRefusal::EpochKeyRefused);
            }
            new.push(key);
        }
        Ok(new)
    }

    /// The entry that moves an organisation to `state`; `None` when it stands there already. Resuming is a move
    /// to the state before the suspension.
    pub(crate) fn next_entry(
        &self,
        id: &OrgId,
        state: OrganisationState,
        now_ms: u64,
    ) -> Result<Option<OrganisationEntry>, RegistryRefusal> {
        let organisation = self.organisation(id).ok_or(RegistryRefusal::OrganisationUnknown)?;
        if organisation.state() == state {
            return Ok(None);
        }
        if !may_move(organisation, state) {
            return Err(RegistryRefusal::StateConflict);
        }
        let fields = organisation.entry.fields();
        let revision = fields.revision.checked_add(1).ok_or(RegistryRefusal::StateConflict)?;
        let fields = OrganisationFields { revision, state, since_ms: now_ms, ..fields.clone() };
        // Only lists that were checked before are in it, so this can not fail.
        OrganisationEntry::build(fields).map(Some).map_err(|_| RegistryRefusal::StateConflict)
    }
}

fn may_move(organisation: &Organisation, to: OrganisationState) -> bool {
    use OrganisationState::{Active, Invited, Pending, Removed, Suspended};
    match (organisation.state(), to) {
        (Invited | Removed, _) | (_, Invited) => false,
        (_, Removed) | (Pending, Active) | (Pending | Active, Suspended) => true,
        (Suspended, to) => to == organisation.resumes_to(),
        (Pending | Active, _) => false,
    }
}

/// The first entry of an organisation that has joined.
pub(crate) fn first_entry(
    manifest: &VerifiedManifest,
    invite: &Invite,
    now_ms: u64,
) -> Result<OrganisationEntry, InvalidField> {
    let invitation = &invite.invitation;
    OrganisationEntry::build(OrganisationFields {
        org_id: manifest.manifest().org_id(),
        revision: 1,
        state: OrganisationState::Pending,
        kind: invitation.kind,
        since_ms: now_ms,
        handle: invitation.handle.clone(),
        organisation_number: invitation.number.clone(),
        name: invitation.name.clone(),
        municipalities: invitation.municipalities.clone(),
        services: invitation.services.clone(),
    })
}
