//! What was taken back, in words: how it stands at each recipient, what a person is asked to do, and what was gone before it came.

use serde::Serialize;

use super::moment::Moment;
use super::names::{answer_words, outcome_words};
use super::output::Output;
use super::page::{Page, Tone};
use crate::msg;
use crate::session::model::{MessageStop, Missed, StopAnswer, StopKind, StopOutcome, StopStep, TrackStep};
use crate::text::{Args, MessageId};

/// That a message was taken back, and what became of it at one recipient.
#[derive(Serialize)]
pub(super) struct StopReport {
    kind: &'static str,
    outcome: &'static str,
    /// Why it is kept, where it is.
    ground: Option<&'static str>,
    #[serde(skip)]
    step: StopStep,
}

impl StopReport {
    pub(super) fn of(step: StopStep) -> Self {
        let ground = match step.outcome {
            StopOutcome::Answered(answer) => answer.ground(),
            StopOutcome::NotSent | StopOutcome::Refused | StopOutcome::Destroyed | StopOutcome::Waiting => {
                None
            }
        };
        Self {
            kind: name(step.kind),
            outcome: step.outcome.name(),
            ground: ground.map(|ground| ground.name()),
            step,
        }
    }

    pub(super) fn lines(&self, page: &mut Page<'_>) {
        let outcome = page.text().get(outcome_words(self.step.outcome), &Args::none());
        page.say(how(self.step.kind), &Args::none().text("outcome", outcome));
    }
}

pub(super) const fn name(kind: StopKind) -> &'static str {
    match kind {
        StopKind::Recall => "RECALL",
        StopKind::Withdrawal => "WITHDRAWAL",
    }
}

const fn how(kind: StopKind) -> MessageId {
    match kind {
        StopKind::Recall => msg!("track-recalled"),
        StopKind::Withdrawal => msg!("track-withdrawn"),
    }
}

/// How it stands with one recipient of something that was taken back.
#[derive(Serialize)]
pub(super) struct RecipientReport {
    message: String,
    recipient: String,
    /// Absent for what was not taken back.
    #[serde(flatten)]
    stop: Option<StopReport>,
}

impl RecipientReport {
    pub(super) fn of(step: &TrackStep) -> Self {
        Self {
            message: step.message.to_string(),
            recipient: step.recipient.to_string(),
            stop: step.stop.map(StopReport::of),
        }
    }

    pub(super) fn lines(&self, page: &mut Page<'_>) {
        let Some(stop) = &self.stop else { return };
        let outcome = page.text().get(outcome_words(stop.step.outcome), &Args::none());
        let args = Args::none().text("recipient", &self.recipient).text("stage", outcome);
        page.say(msg!("track-recipient"), &args);
    }
}

/// How many recipients there are, and at how many of them each thing happened.
#[derive(Serialize, Default, PartialEq, Eq, Debug)]
pub(super) struct Completion {
    pub(super) recipients: u64,
    destroyed_unread: u64,
    complied: u64,
    retained: u64,
    waiting: u64,
}

impl Completion {
    pub(super) fn of(steps: &[TrackStep]) -> Self {
        let mut all = Self::default();
        for outcome in steps.iter().filter_map(|step| Some(step.stop?.outcome)) {
            all.recipients += 1;
            let counted = match outcome {
                StopOutcome::Destroyed | StopOutcome::Answered(StopAnswer::Unopened) => {
                    &mut all.destroyed_unread
                }
                StopOutcome::Answered(StopAnswer::Complied) => &mut all.complied,
                StopOutcome::Answered(StopAnswer::Retained(_)) => &mut all.retained,
                StopOutcome::NotSent
                | StopOutcome::Refused
                | StopOutcome::Waiting
                | StopOutcome::Answered(StopAnswer::Opened) => &mut all.waiting,
            };
            *counted += 1;
        }
        all
    }

    pub(super) fn lines(&self, page: &mut Page<'_>) {
        if self.recipients == 0 {
            page.say(msg!("consent-nothing-sent"), &Args::none());
            return;
        }
        let args = Args::none()
            .number("done", self.recipients - self.waiting)
            .number("recipients", self.recipients)
            .number("destroyed", self.destroyed_unread)
            .number("complied", self.complied)
            .number("retained", self.retained)
            .number("waiting", self.waiting);
        let tone = if self.waiting == 0 { Tone::Good } else { Tone::Warning };
        page.say_in(tone, msg!("consent-completion"), &args);
    }
}

/// That a message which came is to be used no more.
#[derive(Serialize)]
pub(super) struct OrderReport {
    kind: &'static str,
    answer: Option<&'static str>,
    ground: Option<&'static str>,
    #[serde(skip)]
    order: MessageStop,
}

impl OrderReport {
    pub(super) fn of(order: MessageStop) -> Self {
        Self {
            kind: name(order.kind),
            answer: order.answer.map(StopAnswer::name),
            ground: order.answer.and_then(StopAnswer::ground).map(|ground| ground.name()),
            order,
        }
    }

    pub(super) fn lines(&self, reference: &str, page: &mut Page<'_>) {
        let order = match self.order.kind {
            StopKind::Recall => msg!("show-recalled"),
            StopKind::Withdrawal => msg!("show-withdrawn"),
        };
        page.say_in(Tone::Warning, order, &Args::none());
        match self.order.answer {
            Some(answer) => {
                let words = page.text().get(answer_words(answer), &Args::none());
                page.say(msg!("show-stop-answered"), &Args::none().text("answer", words));
            }
            None => {
                page.say(msg!("show-stop-decide"), &Args::none().text("reference", reference));
            }
        }
    }
}

/// A message that was gone before this device had it.
#[derive(Serialize)]
pub(super) struct MissedReport {
    by: String,
    kind: &'static str,
    heard_at: Moment,
}

impl MissedReport {
    pub(super) fn of(missed: &Missed) -> Self {
        Self { by: missed.by.to_string(), kind: name(missed.kind), heard_at: Moment(missed.at_ms) }
    }
}

/// Tells of what was gone before it came.
pub(super) fn tell(missed: &[Missed], output: &mut Output) {
    for one in missed {
        let words = match one.kind {
            StopKind::Recall => msg!("inbox-missed-recalled"),
            StopKind::Withdrawal => msg!("inbox-missed-withdrawn"),
        };
        let args = Args::none().text("by", &one.by).text("at", Moment(one.at_ms).local(output.text()));
        output.notice(words, &args);
    }
}

#[cfg(test)]
mod tests {
    use samverkan_proto::ids::MessageId;

    use super::*;
    use crate::session::model::{RetentionGround, Stage};

    fn step(outcome: StopOutcome) -> TrackStep {
        TrackStep {
            message: MessageId::random(),
            recipient: "boj-exempel/stod".parse().expect("mailbox"),
            stage: Stage::Delivered,
            reason: None,
            settled: None,
            needs_action: false,
            stop: Some(StopStep { kind: StopKind::Withdrawal, outcome }),
            history: Vec::new(),
            purged_ms: None,
        }
    }

    #[test]
    fn every_recipient_is_counted_once() {
        let steps = [
            StopOutcome::NotSent,
            StopOutcome::Waiting,
            StopOutcome::Destroyed,
            StopOutcome::Answered(StopAnswer::Unopened),
            StopOutcome::Answered(StopAnswer::Opened),
            StopOutcome::Answered(StopAnswer::Complied),
            StopOutcome::Answered(StopAnswer::Retained(RetentionGround::LegalClaim)),
        ]
        .map(step);
        let expected =
            Completion { recipients: 7, destroyed_unread: 2, complied: 1, retained: 1, waiting: 3 };
        assert_eq!(Completion::of(&steps), expected);
        let stands = TrackStep { stop: None, ..step(StopOutcome::Waiting) };
        assert_eq!(Completion::of(&[stands]), Completion::default());
    }
}
