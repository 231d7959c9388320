//! A referral of a case, for people: what it has come to, and how.

use jiff::civil::Date;
use samverkan_proto::ids::{MailboxAddress, MessageId};

use super::{Sent, Stage};
use crate::referral::{Effect, Reason, Side, State};

/// What goes on between the sender of a case and one group of its recipients.
#[derive(Clone, Debug)]
pub struct ReferralLine {
    /// The mailboxes of the group: the primary, then those that stand in for it.
    pub recipients: Vec<MailboxAddress>,
    /// What it has come to.
    pub state: State,
    /// Why, where the step that led there gives a reason.
    pub reason: Option<Reason>,
    /// Another mailbox that this step names: whom to ask instead, or to whom the case was passed on.
    pub other: Option<MailboxAddress>,
    /// The recipient has answered, by a step or in words, and nothing waits for it.
    pub answered: bool,
    /// Every step, in the order in which they count.
    pub history: Vec<StepLine>,
}

impl ReferralLine {
    /// Whether it is in a state, or once was.
    #[must_use]
    pub fn has_been(&self, state: State) -> bool {
        let led = |step: &StepLine| step.effect == Effect::Led(state);
        let arrived = state == State::Received && !matches!(self.state, State::Sent | State::Expired);
        self.state == state || arrived || self.history.iter().any(led)
    }
}

/// One step.
#[derive(Clone, Debug)]
pub struct StepLine {
    /// The message that says so.
    pub message: MessageId,
    /// When that was sealed, by its author's clock.
    pub at_ms: u64,
    /// Who took it.
    pub by: Side,
    /// The stable name of what was done.
    pub act: &'static str,
    /// Why.
    pub reason: Option<Reason>,
    /// The day by which the person is contacted.
    pub contact_by: Option<Date>,
    /// Another mailbox that it names.
    pub other: Option<MailboxAddress>,
    /// What it did.
    pub effect: Effect,
}

/// What a message of a case does beside what its text says.
#[derive(Clone, Debug)]
pub enum MessageStep {
    /// A step.
    Known(Box<StepLine>),
    /// Something that this version does not understand. The referral is as it was.
    NotUnderstood,
}

/// What became of a referral that was passed on.
#[derive(Clone, Debug)]
pub struct Forwarded {
    /// The case with the next recipient.
    pub sent: Sent,
    /// Nobody is left who is to be told where a case went; otherwise the next contact with the hub tells.
    pub is_told: bool,
}

/// What can be waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// Every message got this far.
    Stage(Stage),
    /// Every referral of the case came to this.
    State(State),
}

impl From<Stage> for Goal {
    fn from(stage: Stage) -> Self {
        Self::Stage(stage)
    }
}
