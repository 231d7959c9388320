//! Taking back an invite that nobody was approved for.

use samverkan_proto::v1::WithdrawMemberInviteRequest;

use super::Terms;
use super::invites::OpenInvite;
use crate::error::{Code, Error, Result};
use crate::session::model::Progress;
use crate::session::{Session, call};

/// An invite of this device that still works.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InviteLine {
    /// What the person is to become.
    pub terms: Terms,
    /// When it stops working, in milliseconds.
    pub expires_ms: u64,
    code_hash: [u8; 32],
}

impl InviteLine {
    fn of(invite: &OpenInvite) -> Self {
        Self { terms: invite.terms.clone(), expires_ms: invite.expires_ms, code_hash: invite.code_hash() }
    }
}

impl Session {
    /// The invites of this device that still work, the one that ends first first.
    ///
    /// # Errors
    /// Those of the keystore.
    pub fn invites(&mut self) -> Result<Vec<InviteLine>> {
        let mut lines: Vec<_> = self.open_invites()?.iter().map(InviteLine::of).collect();
        lines.sort_by_key(|line| (line.expires_ms, line.code_hash));
        Ok(lines)
    }

    /// Takes an invite back: nobody comes in with it any more, and whoever asked with it waits no more.
    ///
    /// # Errors
    /// [`Code::AdminOnly`]; [`Code::InviteInvalid`] when its person is a member already; what connecting fails with.
    pub async fn withdraw_invite(&mut self, invite: &InviteLine, progress: &mut dyn Progress) -> Result<()> {
        let link = self.connect(progress).await?;
        self.check_admin()?;
        // First at the hub: an invite that this device has forgotten, and the hub has not, could still be used up.
        let request = WithdrawMemberInviteRequest { code_hash: invite.code_hash.to_vec().into() };
        call::unary(link.membership().withdraw_member_invite(request)).await?;
        let held = self.begin()?;
        let open = super::invites::open(self.keystore.contents())?;
        let gone = open.iter().find(|open| open.code_hash() == invite.code_hash);
        let gone = gone.ok_or(Error::new(Code::MemberRequestUnknown))?;
        gone.remove(self.keystore.contents_mut());
        Ok(self.keystore.commit(&held)?)
    }
}
