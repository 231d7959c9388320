//! Who may do what in which state: the table of PROTOCOL.md section 21, as one pure function.

use samverkan_proto::code::Class;

use super::step::Act;
use super::words::{Side, State};

/// Why a step has no effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Denied {
    /// It is the other side's to take.
    NotTheirs,
    /// Not in the state in which the referral was.
    NotNow(State),
    /// A concern report can not be decided about: it is dealt with, or handed over.
    NeverDecided,
    /// Its side has taken as many as count.
    TooMany,
}

impl Denied {
    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotTheirs => "NOT_THEIRS",
            Self::NotNow(_) => "NOT_NOW",
            Self::NeverDecided => "NEVER_DECIDED",
            Self::TooMany => "TOO_MANY",
        }
    }
}

/// The state that a step leads to from `state`, in a case that began with a message of `class`.
///
/// # Errors
/// Why it leads nowhere.
pub fn next(class: Class, state: State, by: Side, act: &Act) -> Result<State, Denied> {
    if !is_theirs(by, act) {
        return Err(Denied::NotTheirs);
    }
    if class == Class::ConcernReport && is_decision(act) {
        return Err(Denied::NeverDecided);
    }
    target(class, state, act).ok_or(Denied::NotNow(state))
}

/// Whether it is a way of saying no to a concern report, or of saying that one could.
const fn is_decision(act: &Act) -> bool {
    matches!(act, Act::Accept { .. } | Act::Decline { .. } | Act::Waitlist | Act::Fail { .. })
}

const fn is_theirs(by: Side, act: &Act) -> bool {
    let is_senders = matches!(act, Act::Supply | Act::Recall | Act::WithdrawConsent | Act::Mistake);
    match by {
        Side::Sender => is_senders || matches!(act, Act::Reopen),
        Side::Recipient => !is_senders,
    }
}

fn target(class: Class, state: State, act: &Act) -> Option<State> {
    let is_report = class == Class::ConcernReport;
    // Nobody takes on a concern report by a decision of their own: work on it begins at once.
    let is_taken_on = if is_report { state.is_undecided() } else { state == State::Accepted };
    let is_under_way = matches!(state, State::Accepted | State::InProgress);
    let (may, to) = match act {
        Act::Review => (matches!(state, State::Sent | State::Received), State::InReview),
        Act::Accept { .. } => (state.is_undecided(), State::Accepted),
        Act::Decline { .. } => (state.is_undecided(), State::Declined),
        Act::Ask => (state.is_undecided(), State::InfoRequested),
        Act::Waitlist => (state.is_undecided() && state != State::Waitlisted, State::Waitlisted),
        Act::Start => (is_taken_on, State::InProgress),
        Act::Complete => (is_under_way, State::Completed),
        Act::Fail { .. } => (is_under_way, State::Failed),
        Act::Forward { .. } => {
            (state.is_undecided() || is_report && state == State::InProgress, State::ReferredOnward)
        }
        Act::Supply => (state == State::InfoRequested, State::InReview),
        Act::Reopen => (matches!(state, State::Declined | State::Completed | State::Failed), State::InReview),
        Act::Recall => (state.is_open(), State::Recalled),
        Act::WithdrawConsent => (!state.is_taken_back(), State::ConsentWithdrawn),
        Act::Mistake => (!state.is_taken_back(), State::EnteredInError),
    };
    may.then_some(to)
}
