//! Referrals and their steps in words and documents, for `show`, `track` and every command that takes a step.

use serde::Serialize;

use super::moment::Moment;
use super::page::{Page, Tone};
use crate::msg;
use crate::referral::{Effect, Reason, Side, State};
use crate::session::model::{MessageStep, ReferralLine, StepLine};
use crate::text::{Args, MessageId, Text};

/// One referral of a case.
#[derive(Serialize)]
pub(super) struct ReferralReport {
    recipients: Vec<String>,
    state: &'static str,
    reason: Option<&'static str>,
    /// The mailbox that may be asked instead, or to which it was passed on.
    other: Option<String>,
    answered: bool,
    history: Vec<StepReport>,
    #[serde(skip)]
    words: State,
}

/// One step.
#[derive(Serialize)]
pub(super) struct StepReport {
    message: String,
    at: Moment,
    by: &'static str,
    step: &'static str,
    reason: Option<&'static str>,
    contact_by: Option<String>,
    other: Option<String>,
    /// The state that it led to; absent when it is without effect.
    led_to: Option<&'static str>,
    /// Why it is without effect.
    without_effect: Option<&'static str>,
    #[serde(skip)]
    why: Option<Reason>,
    #[serde(skip)]
    side: Side,
}

/// What a message of a case does.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum MessageStepReport {
    Known(Box<StepReport>),
    NotUnderstood { not_understood: bool },
}

impl ReferralReport {
    pub(super) fn of(line: &ReferralLine) -> Self {
        Self {
            recipients: line.recipients.iter().map(ToString::to_string).collect(),
            state: line.state.name(),
            reason: line.reason.map(Reason::name),
            other: line.other.as_ref().map(ToString::to_string),
            answered: line.answered,
            history: line.history.iter().map(StepReport::of).collect(),
            words: line.state,
        }
    }

    /// Whether anybody has taken a step.
    pub(super) fn has_history(&self) -> bool {
        !self.history.is_empty()
    }

    /// What it has come to, on one line.
    pub(super) fn line(&self, page: &mut Page<'_>) {
        let state = page.text().get(state_words(self.words), &Args::none());
        let args = Args::none().text("recipients", self.recipients.join(", ")).text("state", state);
        page.say_in(Tone::Strong, msg!("referral-line"), &args);
    }

    /// The same, and how it came to that.
    pub(super) fn lines(&self, page: &mut Page<'_>) {
        self.line(page);
        self.history.iter().for_each(|step| step.lines(page));
    }
}

impl StepReport {
    fn of(line: &StepLine) -> Self {
        let (led_to, without_effect) = match line.effect {
            Effect::Led(state) => (Some(state.name()), None),
            Effect::None(denied) => (None, Some(denied.name())),
        };
        Self {
            message: line.message.to_string(),
            at: Moment(line.at_ms),
            by: line.by.name(),
            step: line.act,
            reason: line.reason.map(Reason::name),
            contact_by: line.contact_by.map(|day| day.to_string()),
            other: line.other.as_ref().map(ToString::to_string),
            led_to,
            without_effect,
            why: line.reason,
            side: line.by,
        }
    }

    fn lines(&self, page: &mut Page<'_>) {
        let args = Args::none().text("at", self.at.local(page.text())).text("step", self.words(page.text()));
        page.say(msg!("referral-step"), &args);
    }

    /// Who did what, why, and whether it counts, in one sentence.
    fn words(&self, text: &Text) -> String {
        let side = match self.side {
            Side::Sender => msg!("side-sender"),
            Side::Recipient => msg!("side-recipient"),
        };
        let mut words = text.get(
            msg!("step-words"),
            &Args::none().text("side", text.get(side, &Args::none())).text("step", self.step),
        );
        let mut add = |id, args: &Args| words.push_str(&text.get(id, args));
        if let Some(reason) = self.why {
            add(
                msg!("step-reason"),
                &Args::none().text("reason", text.get(reason_words(reason), &Args::none())),
            );
        }
        if let Some(day) = &self.contact_by {
            add(msg!("step-contact-by"), &Args::none().text("day", day));
        }
        if let Some(other) = &self.other {
            add(msg!("step-other"), &Args::none().text("mailbox", other).text("step", self.step));
        }
        if self.without_effect.is_some() {
            add(msg!("step-without-effect"), &Args::none());
        }
        words
    }
}

impl MessageStepReport {
    pub(super) fn of(step: &MessageStep) -> Self {
        match step {
            MessageStep::Known(line) => Self::Known(Box::new(StepReport::of(line))),
            MessageStep::NotUnderstood => Self::NotUnderstood { not_understood: true },
        }
    }

    pub(super) fn lines(&self, page: &mut Page<'_>) {
        match self {
            Self::Known(step) => {
                let words = step.words(page.text());
                page.say_in(Tone::Strong, msg!("show-step"), &Args::none().text("step", words));
            }
            Self::NotUnderstood { .. } => {
                page.say_in(Tone::Warning, msg!("show-step-not-understood"), &Args::none());
            }
        }
    }
}

/// A state in the words that people use.
pub(super) const fn state_words(state: State) -> MessageId {
    match state {
        State::Sent => msg!("state-sent"),
        State::Received => msg!("state-received"),
        State::InReview => msg!("state-in-review"),
        State::InfoRequested => msg!("state-info-requested"),
        State::Waitlisted => msg!("state-waitlisted"),
        State::Accepted => msg!("state-accepted"),
        State::Declined => msg!("state-declined"),
        State::ReferredOnward => msg!("state-referred-onward"),
        State::InProgress => msg!("state-in-progress"),
        State::Completed => msg!("state-completed"),
        State::Failed => msg!("state-failed"),
        State::Recalled => msg!("state-recalled"),
        State::ConsentWithdrawn => msg!("state-consent-withdrawn"),
        State::Expired => msg!("state-expired"),
        State::EnteredInError => msg!("state-entered-in-error"),
    }
}

/// A reason in the words that people use.
pub(super) const fn reason_words(reason: Reason) -> MessageId {
    match reason {
        Reason::NoCapacity => msg!("reason-no-capacity"),
        Reason::NotEligible => msg!("reason-not-eligible"),
        Reason::OutOfArea => msg!("reason-out-of-area"),
        Reason::ServiceNotProvided => msg!("reason-service-not-provided"),
        Reason::AlreadyKnown => msg!("reason-already-known"),
        Reason::MissingInformation => msg!("reason-missing-information"),
        Reason::ConflictOfInterest => msg!("reason-conflict-of-interest"),
        Reason::UnsafeToContact => msg!("reason-unsafe-to-contact"),
        Reason::CouldNotContact => msg!("reason-could-not-contact"),
        Reason::PersonDeclined => msg!("reason-person-declined"),
        Reason::Duplicate => msg!("reason-duplicate"),
        Reason::LanguageNotAvailable => msg!("reason-language-not-available"),
        Reason::WrongRecipient => msg!("reason-wrong-recipient"),
        Reason::Other => msg!("reason-other"),
    }
}
