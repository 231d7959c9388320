//! What somebody did with a referral, and what its author had seen by then.

use std::collections::BTreeSet;

use jiff::civil::Date;
use samverkan_proto::code::Kind;
use samverkan_proto::ids::{MailboxId, OrgId, SendId};

use super::words::{Reason, Side};

/// A mailbox by its ids: its name may change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mailbox {
    /// Whose it is.
    pub org: OrgId,
    /// Which one.
    pub mailbox: MailboxId,
}

/// What can be done with a referral.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Act {
    /// A person looks at it.
    Review,
    /// It is taken.
    Accept {
        /// The day by which the person is contacted.
        contact_by: Option<Date>,
    },
    /// It is not taken.
    Decline {
        /// Why.
        reason: Reason,
        /// Who may be asked instead.
        suggest: Option<Mailbox>,
    },
    /// The recipient needs to know more; the text says what.
    Ask,
    /// The sender's answer to what was asked.
    Supply,
    /// It will be taken later.
    Waitlist,
    /// The person was contacted for the first time.
    Start,
    /// It is done.
    Complete,
    /// It ended without help.
    Fail {
        /// Why.
        reason: Reason,
    },
    /// It was passed on; the other mailbox has a referral of its own.
    Forward {
        /// To whom.
        to: Mailbox,
    },
    /// What was ended is taken up again.
    Reopen,
    /// The sender takes it back.
    Recall,
    /// The person took the consent back.
    WithdrawConsent,
    /// The sender says that it should never have been sent.
    Mistake,
}

impl Act {
    /// The stable name of what is done, whatever its details.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Review => "review",
            Self::Accept { .. } => "accept",
            Self::Decline { .. } => "decline",
            Self::Ask => "ask",
            Self::Supply => "supply",
            Self::Waitlist => "waitlist",
            Self::Start => "start",
            Self::Complete => "complete",
            Self::Fail { .. } => "fail",
            Self::Forward { .. } => "forward",
            Self::Reopen => "reopen",
            Self::Recall => "recall",
            Self::WithdrawConsent => "withdraw-consent",
            Self::Mistake => "entered-in-error",
        }
    }

    /// The kind of the sealed message that says so. A concern report takes no message of kind DECISION, so handing it over is a NOTICE.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Accept { .. } | Self::Decline { .. } | Self::Waitlist => Kind::Decision,
            Self::Review | Self::Ask | Self::Start => Kind::Feedback,
            Self::Complete | Self::Fail { .. } => Kind::Outcome,
            Self::Supply => Kind::Supplement,
            Self::WithdrawConsent => Kind::ConsentWithdrawal,
            Self::Forward { .. } | Self::Reopen | Self::Recall | Self::Mistake => Kind::Notice,
        }
    }

    /// Of steps whose authors had not seen each other's, the lower counts first: what protects the person, then what helps, then what
    /// turns away.
    pub(super) const fn rank(&self) -> u8 {
        match self {
            Self::WithdrawConsent => 0,
            Self::Mistake => 1,
            Self::Recall => 2,
            Self::Complete => 3,
            Self::Fail { .. } => 4,
            Self::Start => 5,
            Self::Accept { .. } => 6,
            Self::Forward { .. } => 7,
            Self::Decline { .. } => 8,
            Self::Waitlist => 9,
            Self::Ask => 10,
            Self::Supply => 11,
            Self::Reopen => 12,
            Self::Review => 13,
        }
    }

    /// Why, where there is a reason.
    #[must_use]
    pub const fn reason(&self) -> Option<Reason> {
        match self {
            Self::Decline { reason, .. } | Self::Fail { reason } => Some(*reason),
            _ => None,
        }
    }

    /// The other mailbox that it names: whom to ask instead, or to whom it was passed on.
    #[must_use]
    pub const fn other(&self) -> Option<Mailbox> {
        match self {
            Self::Decline { suggest, .. } => *suggest,
            Self::Forward { to } => Some(*to),
            _ => None,
        }
    }
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Step {
    /// The `send_id` of the message that says so: the same however often it is sealed.
    pub id: SendId,
    /// Who took it.
    pub by: Side,
    /// The newest steps that its author had seen.
    pub after: BTreeSet<SendId>,
    /// What was done.
    pub act: Act,
}
