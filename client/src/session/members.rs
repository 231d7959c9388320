//! The organisation's devices and mailboxes, as its admins change them.
//!
//! * `invites.rs`: the invites that this device has made.
//! * `roster.rs`: who is in the organisation, and what this device calls them.
//! * `change.rs`: removing members, mailboxes, the threshold.
//! * `exposure.rs`: what a device that is in other hands could read.
//! * `withdrawal.rs`: taking invites back.

mod change;
mod exposure;
mod invites;
mod roster;
mod withdrawal;

use samverkan_proto::code::Roles;
use samverkan_proto::ids::{DeviceId, MailboxId, MailboxName};
use samverkan_proto::limits::{INVITE_MS, MAX_DEVICE_MS, MAX_READERS};
use samverkan_proto::statement::manifest::{Device, ManifestFields};
use samverkan_proto::statement::member::{MemberInvite, MemberSecret, Membership, UnverifiedMembership};
use samverkan_proto::v1;

pub use super::charter::{Change, Difference, Proposal};
pub use change::{HandOver, Removal};
pub use exposure::{Access, ExposedMessage, Exposure, MAX_CHANGES, SignedChange};
use invites::OpenInvite;
pub use invites::Terms;
pub use roster::{Label, Roster, RosterDevice, RosterMailbox};
pub use withdrawal::InviteLine;

use super::model::Progress;
use super::{Session, call};
use crate::connect::Link;
use crate::error::{Code, Error, Result};
use crate::secret::random_array;
use crate::text::Args;

/// An invite for a person.
pub struct Invitation {
    /// What the person joins with; as secret as a key.
    pub invite: MemberInvite,
    /// When it stops working, in milliseconds.
    pub expires_ms: u64,
}

/// A device that asks for membership, and whose request was made with an invite of this device.
#[derive(Clone, Debug)]
pub struct Applicant {
    /// The device.
    pub device: DeviceId,
    /// What it becomes when it is approved.
    pub terms: Terms,
    /// Until when it waits, in milliseconds.
    pub expires_ms: u64,
    membership: Membership,
    code_hash: [u8; 32],
}

/// Who waits for an admin.
#[derive(Clone, Debug, Default)]
pub struct Applicants {
    /// Those whom this device invited, ascending by device.
    pub own: Vec<Applicant>,
    /// How many were invited by other devices, which alone can approve them.
    pub elsewhere: usize,
    /// How many came with an invite of this device, and were not made with its secret: somebody has put other keys in
    /// their place.
    pub forged: usize,
}

impl Session {
    /// Makes an invite for a person who is to become a member.
    ///
    /// # Errors
    /// [`Code::AdminOnly`], [`Code::MailboxUnknown`], [`Code::MailboxFull`], [`Code::RolesContradict`] for mailboxes
    /// without the role to read them.
    pub async fn invite_member(&mut self, terms: Terms, progress: &mut dyn Progress) -> Result<Invitation> {
        let link = self.connect(progress).await?;
        self.check_admin()?;
        self.check_terms(&terms)?;
        let secret = MemberSecret::new(random_array()?);
        let expires_ms = self.clock.now_ms().saturating_add(INVITE_MS);
        let mut open = OpenInvite { secret, terms, expires_ms };
        // Kept before the hub hears of it, so that nobody can come with an invite that this device has forgotten.
        self.keep_invite(&open)?;
        let code = open.secret.hub_code().expose().to_vec().into();
        open.expires_ms =
            call::unary(link.membership().invite_member(v1::InviteMemberRequest { code })).await?.expires_ms;
        self.keep_invite(&open)?;
        let hub = &self.membership.hub;
        let invite = MemberInvite::new(
            hub.pins.digest(),
            self.membership.org,
            open.secret.clone(),
            hub.address.clone(),
        );
        Ok(Invitation { invite, expires_ms: open.expires_ms })
    }

    /// Who waits for an admin's word. What the hub hands over is held against the secrets of this device's invites.
    ///
    /// # Errors
    /// [`Code::AdminOnly`], and what connecting fails with.
    pub async fn applicants(&mut self, progress: &mut dyn Progress) -> Result<Applicants> {
        let link = self.connect(progress).await?;
        self.check_admin()?;
        self.ask_for_applicants(&link).await
    }

    /// Takes a device in: signs it into the next manifest, with its roles and mailboxes.
    ///
    /// # Errors
    /// [`Code::MemberRequestUnknown`] when the request is gone; otherwise as [`Session::invite_member`].
    pub async fn approve(&mut self, applicant: &Applicant, progress: &mut dyn Progress) -> Result<Change> {
        let link = self.connect(progress).await?;
        self.check_admin()?;
        let waiting = self.ask_for_applicants(&link).await?;
        let still = waiting.own.iter().find(|one| one.membership == applicant.membership);
        let applicant = still.ok_or(Error::new(Code::MemberRequestUnknown))?;
        self.check_terms(&applicant.terms)?;
        self.keep_label(applicant)?;
        let now_ms = self.clock.now_ms();
        let change = self.change(&link, |fields| enter(fields, applicant, now_ms)).await?;
        // A proposal may come to nothing, and is then made again from the same request.
        if let Change::Published { .. } = change {
            self.forget_invite(applicant)?;
        }
        Ok(change)
    }

    /// Refuses terms that no manifest could hold.
    fn check_terms(&self, terms: &Terms) -> Result<()> {
        if !terms.mailboxes.is_empty() && !terms.roles.contains(Roles::READER) {
            return Err(Error::new(Code::RolesContradict));
        }
        let manifest = self.newest_manifest()?;
        for id in &terms.mailboxes {
            let mailbox = manifest.mailbox(id).ok_or(Error::new(Code::MailboxUnknown))?;
            if mailbox.readers.len() >= usize::from(MAX_READERS) {
                return Err(Error::with(Code::MailboxFull, Args::none().text("mailbox", &mailbox.name)));
            }
        }
        Ok(())
    }

    /// The mailbox of this name.
    ///
    /// # Errors
    /// [`Code::MailboxUnknown`].
    pub fn mailbox_named(&self, name: &MailboxName) -> Result<MailboxId> {
        let found = self.newest_manifest()?.mailbox_by_name(name);
        found.map(|mailbox| mailbox.id).ok_or(Error::new(Code::MailboxUnknown))
    }

    async fn ask_for_applicants(&mut self, link: &Link) -> Result<Applicants> {
        let request = v1::ListMembershipRequestsRequest {};
        let answer = call::unary(link.membership().list_membership_requests(request)).await?;
        let open = self.open_invites()?;
        let (mut found, org) = (Applicants::default(), self.membership.org);
        for waiting in &answer.requests {
            let Some(invite) = open.iter().find(|invite| invite.code_hash() == *waiting.code_hash) else {
                found.elsewhere += 1;
                continue;
            };
            let verified = UnverifiedMembership::parse(&waiting.request)
                .and_then(|request| request.verify(&invite.secret))
                .ok()
                .filter(|verified| verified.value().org == org);
            match verified {
                Some(verified) => found.own.push(Applicant {
                    device: verified.value().device_id(),
                    terms: invite.terms.clone(),
                    expires_ms: invite.expires_ms,
                    membership: *verified.value(),
                    code_hash: invite.code_hash(),
                }),
                None => found.forged += 1,
            }
        }
        found.own.sort_by_key(|applicant| applicant.device);
        Ok(found)
    }

    fn keep_invite(&mut self, invite: &OpenInvite) -> Result<()> {
        let held = self.begin()?;
        invite.put(self.keystore.contents_mut())?;
        Ok(self.keystore.commit(&held)?)
    }

    /// The invites that still work; what is over is forgotten.
    fn open_invites(&mut self) -> Result<Vec<OpenInvite>> {
        let held = self.begin()?;
        let now_ms = self.clock.now_ms();
        let (open, over): (Vec<_>, Vec<_>) = invites::open(self.keystore.contents())?
            .into_iter()
            .partition(|invite| now_ms < invite.expires_ms);
        if !over.is_empty() {
            over.iter().for_each(|invite| invite.remove(self.keystore.contents_mut()));
            self.keystore.commit(&held)?;
        }
        Ok(open)
    }

    /// What the admin called the invite is what the device is called on this computer.
    fn keep_label(&mut self, applicant: &Applicant) -> Result<()> {
        let Some(label) = &applicant.terms.label else { return Ok(()) };
        let held = self.begin()?;
        roster::put_label(self.keystore.contents_mut(), &applicant.device, label)?;
        Ok(self.keystore.commit(&held)?)
    }

    /// An invite works once.
    fn forget_invite(&mut self, applicant: &Applicant) -> Result<()> {
        let held = self.begin()?;
        let open = invites::open(self.keystore.contents())?;
        let used = open.iter().find(|invite| invite.code_hash() == applicant.code_hash);
        used.into_iter().for_each(|invite| invite.remove(self.keystore.contents_mut()));
        Ok(self.keystore.commit(&held)?)
    }
}

/// Puts an applicant into the manifest.
fn enter(fields: &mut ManifestFields, applicant: &Applicant, now_ms: u64) -> Result<()> {
    let Membership { device_pk, tls_key, .. } = applicant.membership;
    let expires_ms = now_ms.saturating_add(MAX_DEVICE_MS);
    fields.devices.push(Device::new(device_pk, tls_key, applicant.terms.roles, now_ms, expires_ms));
    for mailbox in &mut fields.mailboxes {
        if applicant.terms.mailboxes.contains(&mailbox.id) {
            mailbox.readers.push(applicant.device);
        }
    }
    Ok(())
}
