//! Invites of members: a code that an admin has told the hub, and what became of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use samverkan_proto::code::OrganisationState;
use samverkan_proto::ids::OrgId;
use samverkan_proto::limits::{DAY_MS, MAX_MEMBER_INVITES};
use samverkan_proto::statement::member::{Membership, UnverifiedMembership};

use super::{CodeHash, Registry, RegistryRefusal};

/// How long a request that was approved waits for its device, after its invite's end, and how long a certificate is
/// given again to whoever repeats the request.
const KEPT_MS: u64 = 30 * DAY_MS;

/// An invite of a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberInvite {
    /// When its code stops working, milliseconds since 1970.
    pub expires_ms: u64,
    /// How far it has come.
    pub step: MemberStep,
}

/// How far an invite of a member has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MemberStep {
    /// Nobody has used the code.
    Open,
    /// This request waits until a manifest names its device.
    Requested(UnverifiedMembership),
    /// The device has its certificate.
    Issued {
        /// What was asked for.
        request: UnverifiedMembership,
        /// Index in the log of the certificate.
        certificate: u64,
        /// When it was issued, milliseconds since 1970.
        issued_ms: u64,
    },
}

/// What a code and a request come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    /// The request is new: it is to be kept.
    New,
    /// It is kept, and no manifest names its device yet.
    Waiting,
    /// The newest manifest names its device, which has no certificate yet.
    Named,
    /// It was answered with the certificate at this index of the log.
    Issued(u64),
}

impl MemberInvite {
    /// Whether it counts among those that an organisation may have open.
    pub(crate) fn is_open(&self) -> bool {
        !matches!(self.step, MemberStep::Issued { .. })
    }
}

impl Registry {
    /// The invite of a member with this code, used or not.
    pub fn member_invite(&self, org: &OrgId, code: &CodeHash) -> Option<&MemberInvite> {
        self.member_invites.get(org)?.get(code)
    }

    /// The requests for membership in an organisation that wait for an admin at this time, each with its code.
    pub fn membership_requests<'a>(
        &'a self,
        org: &OrgId,
        now_ms: u64,
    ) -> impl Iterator<Item = (&'a CodeHash, &'a UnverifiedMembership)> + use<'a> {
        let invites = self.member_invites.get(org).into_iter().flat_map(|invites| invites.iter());
        invites.filter(move |(_, invite)| now_ms < invite.expires_ms).filter_map(|(code, invite)| {
            match &invite.step {
                MemberStep::Requested(request) if !self.names(request.claimed()) => Some((code, request)),
                MemberStep::Open | MemberStep::Requested(_) | MemberStep::Issued { .. } => None,
            }
        })
    }

    /// Whether the organisation's newest manifest names this device with this TLS key.
    pub(crate) fn names(&self, membership: &Membership) -> bool {
        self.organisation(&membership.org)
            .and_then(|organisation| organisation.manifest().device(&membership.device_id()))
            .is_some_and(|device| device.tls_key == membership.tls_key)
    }

    /// The end of the invite that an admin may have made with this code: of the one that it has made before, or of a
    /// new one, for which `None` is given.
    ///
    /// # Errors
    /// [`RegistryRefusal::TooManyInvites`]; `InviteInvalid` for a code that was used.
    pub(crate) fn may_invite_member(
        &self,
        org: &OrgId,
        code: &CodeHash,
    ) -> Result<Option<u64>, RegistryRefusal> {
        match self.member_invite(org, code) {
            Some(MemberInvite { expires_ms, step: MemberStep::Open }) => return Ok(Some(*expires_ms)),
            Some(_) => return Err(RegistryRefusal::InviteInvalid),
            None => {}
        }
        let open = self
            .member_invites
            .get(org)
            .map_or(0, |invites| invites.values().filter(|invite| invite.is_open()).count());
        if open < MAX_MEMBER_INVITES { Ok(None) } else { Err(RegistryRefusal::TooManyInvites) }
    }

    /// Whether an invite may be taken back: it is open, and no manifest names the device that came with it.
    ///
    /// # Errors
    /// [`RegistryRefusal::InviteInvalid`] when it has done its work. Nothing to take back is no error.
    pub(crate) fn may_withdraw_invite(&self, org: &OrgId, code: &CodeHash) -> Result<bool, RegistryRefusal> {
        let Some(invite) = self.member_invite(org, code) else { return Ok(false) };
        let is_named = match &invite.step {
            MemberStep::Requested(request) => {
                let device = request.claimed().device_id();
                self.organisation(org).is_some_and(|organisation| organisation.has_device(&device))
            }
            MemberStep::Open | MemberStep::Issued { .. } => false,
        };
        if invite.is_open() && !is_named { Ok(true) } else { Err(RegistryRefusal::InviteInvalid) }
    }

    /// What a code and a request come to at this time.
    ///
    /// # Errors
    /// [`RegistryRefusal::InviteInvalid`]: the code is unknown in that organisation, expired, or was used for another
    /// request; which of them is not said.
    pub(crate) fn admission(
        &self,
        code: &CodeHash,
        request: &UnverifiedMembership,
        now_ms: u64,
    ) -> Result<Admission, RegistryRefusal> {
        let org = request.claimed().org;
        let invite = self.member_invite(&org, code).ok_or(RegistryRefusal::InviteInvalid)?;
        let removed = self.organisation(&org).is_none_or(|found| found.state() == OrganisationState::Removed);
        if removed || self.forgotten_ms(invite) <= now_ms {
            return Err(RegistryRefusal::InviteInvalid);
        }
        match &invite.step {
            MemberStep::Open => Ok(Admission::New),
            MemberStep::Requested(kept) | MemberStep::Issued { request: kept, .. } if kept != request => {
                Err(RegistryRefusal::InviteInvalid)
            }
            MemberStep::Requested(kept) if self.names(kept.claimed()) => Ok(Admission::Named),
            MemberStep::Requested(_) => Ok(Admission::Waiting),
            MemberStep::Issued { certificate, .. } => Ok(Admission::Issued(*certificate)),
        }
    }

    /// When nothing of an invite need be kept any more, milliseconds since 1970.
    pub(crate) fn forgotten_ms(&self, invite: &MemberInvite) -> u64 {
        match &invite.step {
            MemberStep::Requested(request) if self.names(request.claimed()) => {
                invite.expires_ms.saturating_add(KEPT_MS)
            }
            MemberStep::Open | MemberStep::Requested(_) => invite.expires_ms,
            MemberStep::Issued { issued_ms, .. } => issued_ms.saturating_add(KEPT_MS),
        }
    }

    /// An invite of a member was made, or has come further.
    pub(crate) fn set_member_invite(&mut self, org: OrgId, code: CodeHash, invite: MemberInvite) {
        let mut invites = self.member_invites_of(&org);
        invites.insert(code, invite);
        self.member_invites.insert(org, Arc::new(invites));
    }

    /// An invite of a member need not be known any more.
    pub(crate) fn forget_member_invite(&mut self, org: &OrgId, code: &CodeHash) {
        let mut invites = self.member_invites_of(org);
        invites.remove(code);
        if invites.is_empty() {
            self.member_invites.remove(org);
        } else {
            self.member_invites.insert(*org, Arc::new(invites));
        }
    }

    fn member_invites_of(&self, org: &OrgId) -> BTreeMap<CodeHash, MemberInvite> {
        self.member_invites.get(org).map(|invites| (**invites).clone()).unwrap_or_default()
    }
}
