//! The protocol's named codes as values on the command line and in files.

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use samverkan_proto::code::{
    Class, ConsentHow, ConsentPurpose, LegalBasis, RevocationReason, Roles, Urgency, WithdrawalReason,
};

use crate::error::{Code, Error};
use crate::msg;
use crate::referral::{Reason as DeclineReason, State};
use crate::session::model::{Compared, Goal, RetentionGround, Stage, StopAnswer, StopOutcome};
use crate::text::{Args, MessageId};

/// A code with a name in capitals, such as `DUTY_TO_REPORT`.
pub(super) trait Named: Copy + Send + Sync + 'static {
    /// Every code that may be given.
    const ALL: &'static [Self];

    /// Its name.
    fn name(self) -> &'static str;

    /// The code with this name, in either case, with hyphens or underscores.
    fn by_name(name: &str) -> Option<Self> {
        let name = name.to_ascii_uppercase().replace('-', "_");
        Self::ALL.iter().copied().find(|code| code.name() == name)
    }
}

macro_rules! named_by_protocol {
    ($($code:ident),+) => {
        $(impl Named for $code {
            const ALL: &'static [Self] = Self::ALL;

            fn name(self) -> &'static str {
                $code::name(self)
            }
        })+
    };
}

named_by_protocol!(Class, LegalBasis, Urgency, ConsentPurpose, ConsentHow, WithdrawalReason);

impl Named for Stage {
    /// The stages that can be waited for; a message that ended otherwise ends the wait too.
    const ALL: &'static [Self] = &[Self::Accepted, Self::HandedOver, Self::Delivered, Self::Answered];

    fn name(self) -> &'static str {
        match self {
            Self::Waiting => "WAITING",
            Self::Accepted => "SUBMISSION_ACCEPTED",
            Self::HandedOver => "HANDED_OVER",
            Self::Covered => "COVERED",
            Self::Delivered => "DELIVERED",
            Self::Answered => "ANSWERED",
            Self::NotSent => "NOT_SENT",
            Self::Refused => "REFUSED",
            Self::ExpiredUndelivered => "EXPIRED_UNDELIVERED",
            Self::Returned => "RETURNED",
            Self::Undecryptable => "UNDECRYPTABLE",
            Self::Unproven => "UNPROVEN",
            Self::Recalled => "RECALLED",
            Self::Withdrawn => "WITHDRAWN",
        }
    }
}

impl Named for State {
    const ALL: &'static [Self] = Self::ALL;

    fn name(self) -> &'static str {
        Self::name(self)
    }
}

impl Named for DeclineReason {
    const ALL: &'static [Self] = Self::ALL;

    fn name(self) -> &'static str {
        Self::name(self)
    }
}

impl Named for Goal {
    /// The stages, and then the states; none has the name of another.
    const ALL: &'static [Self] = &[
        Self::Stage(Stage::Accepted),
        Self::Stage(Stage::HandedOver),
        Self::Stage(Stage::Delivered),
        Self::Stage(Stage::Answered),
        Self::State(State::Received),
        Self::State(State::InReview),
        Self::State(State::InfoRequested),
        Self::State(State::Waitlisted),
        Self::State(State::Accepted),
        Self::State(State::Declined),
        Self::State(State::ReferredOnward),
        Self::State(State::InProgress),
        Self::State(State::Completed),
        Self::State(State::Failed),
        Self::State(State::Recalled),
        Self::State(State::ConsentWithdrawn),
        Self::State(State::Expired),
        Self::State(State::EnteredInError),
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Stage(stage) => stage.name(),
            Self::State(state) => state.name(),
        }
    }
}

impl Named for Compared {
    const ALL: &'static [Self] = &Self::ALL;

    fn name(self) -> &'static str {
        match self {
            Self::ByTelephone => "BY_TELEPHONE",
            Self::InPerson => "IN_PERSON",
        }
    }
}

impl Named for RetentionGround {
    const ALL: &'static [Self] = &Self::ALL;

    fn name(self) -> &'static str {
        Self::name(self)
    }
}

/// What became of something that was taken back, in the words that people use.
pub(super) const fn outcome_words(outcome: StopOutcome) -> MessageId {
    match outcome {
        StopOutcome::NotSent => msg!("stop-not-sent"),
        StopOutcome::Refused => msg!("stop-refused"),
        StopOutcome::Destroyed => msg!("stop-destroyed"),
        StopOutcome::Waiting => msg!("stop-waiting"),
        StopOutcome::Answered(answer) => answer_words(answer),
    }
}

/// What somebody said to an order to stop, in the words that people use.
pub(super) const fn answer_words(answer: StopAnswer) -> MessageId {
    match answer {
        StopAnswer::Unopened => msg!("stop-unopened"),
        StopAnswer::Opened => msg!("stop-opened"),
        StopAnswer::Complied => msg!("stop-complied"),
        StopAnswer::Retained(RetentionGround::DutyToDocument) => msg!("stop-retained-document"),
        StopAnswer::Retained(RetentionGround::PublicRecord) => msg!("stop-retained-record"),
        StopAnswer::Retained(RetentionGround::LegalClaim) => msg!("stop-retained-claim"),
        StopAnswer::Retained(RetentionGround::VitalInterest) => msg!("stop-retained-vital"),
    }
}

/// What a person is invited to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Signs for the organisation: members and mailboxes.
    Admin,
    /// Reads and sends.
    Handler,
    /// Reads.
    Reader,
}

impl Role {
    /// Several of them as a manifest has them. Who sends for a mailbox reads it.
    pub(super) fn together(roles: &[Self]) -> Roles {
        let bits = |role: &Self| match role {
            Self::Admin => Roles::ADMIN,
            Self::Handler => Roles::HANDLER | Roles::READER,
            Self::Reader => Roles::READER,
        };
        roles.iter().map(bits).reduce(|one, other| one | other).unwrap_or(Roles::READER)
    }
}

impl Named for Role {
    const ALL: &'static [Self] = &[Self::Admin, Self::Handler, Self::Reader];

    fn name(self) -> &'static str {
        match self {
            Self::Admin => "ADMIN",
            Self::Handler => "HANDLER",
            Self::Reader => "READER",
        }
    }
}

/// Why a device goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    /// Nobody knows where it is.
    Lost,
    /// Somebody else has its keys.
    Compromised,
    /// The person left.
    Left,
    /// Another device has taken its place.
    Replaced,
}

impl From<Reason> for RevocationReason {
    fn from(reason: Reason) -> Self {
        match reason {
            Reason::Lost => Self::Lost,
            Reason::Compromised => Self::Compromised,
            Reason::Left => Self::MemberLeft,
            Reason::Replaced => Self::Replaced,
        }
    }
}

impl From<RevocationReason> for Reason {
    fn from(reason: RevocationReason) -> Self {
        match reason {
            RevocationReason::Lost => Self::Lost,
            RevocationReason::Compromised => Self::Compromised,
            RevocationReason::MemberLeft => Self::Left,
            RevocationReason::Replaced => Self::Replaced,
        }
    }
}

impl Named for Reason {
    const ALL: &'static [Self] = &[Self::Lost, Self::Compromised, Self::Left, Self::Replaced];

    fn name(self) -> &'static str {
        match self {
            Self::Lost => "LOST",
            Self::Compromised => "COMPROMISED",
            Self::Left => "LEFT",
            Self::Replaced => "REPLACED",
        }
    }
}

/// A stage in the words that people use: sent, fetched, delivered and answered are four things.
pub(super) const fn stage_words(stage: Stage) -> MessageId {
    match stage {
        Stage::Waiting => msg!("stage-waiting"),
        Stage::Accepted => msg!("stage-accepted"),
        Stage::HandedOver => msg!("stage-handed-over"),
        Stage::Covered => msg!("stage-covered"),
        Stage::Delivered => msg!("stage-delivered"),
        Stage::Answered => msg!("stage-answered"),
        Stage::NotSent => msg!("stage-not-sent"),
        Stage::Refused => msg!("stage-refused"),
        Stage::ExpiredUndelivered => msg!("stage-expired"),
        Stage::Returned => msg!("stage-returned"),
        Stage::Undecryptable => msg!("stage-undecryptable"),
        Stage::Unproven => msg!("stage-unproven"),
        Stage::Recalled => msg!("stage-recalled"),
        Stage::Withdrawn => msg!("stage-withdrawn"),
    }
}

/// Reads a code on the command line.
pub(super) fn parser<T: Named>() -> impl TypedValueParser<Value = T> {
    let value = |code: &T| {
        let name = code.name();
        PossibleValue::new(name).aliases([name.to_lowercase(), name.to_lowercase().replace('_', "-")])
    };
    PossibleValuesParser::new(T::ALL.iter().map(value))
        .try_map(|name| T::by_name(&name).ok_or_else(|| Error::with(Code::ArgumentInvalid, Args::none())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_any_spelling() {
        for name in ["DUTY_TO_REPORT", "duty_to_report", "duty-to-report"] {
            assert_eq!(LegalBasis::by_name(name), Some(LegalBasis::DutyToReport));
        }
        assert_eq!(LegalBasis::by_name("duty"), None);
        assert_eq!(Stage::by_name("delivered"), Some(Stage::Delivered));
        assert_eq!(Stage::by_name("REFUSED"), None);
    }
}
