//! `samverkan track`: what is proven about the messages that were sent in a thread, by whom and since when.

use std::time::Duration;

use clap::Args;
use samverkan_proto::code::{RefusalReason, ReturnReason};
use samverkan_proto::statement::safety::CaseReference;
use serde::Serialize;

use super::context::Context;
use super::inbox::{fetch, warn_about};
use super::moment::{Moment, parse_duration};
use super::names::{self, Named as _, stage_words};
use super::output::{Output, Report};
use super::page::{Page, Tone};
use super::reference::parse_reference;
use super::referral::ReferralReport;
use super::steps::Steps;
use super::stopped::StopReport;
use crate::error::{Class, Code, Error, Result};
use crate::msg;
use crate::session::Session;
use crate::session::model::{self, Goal, ReferralLine, Settled, Stage, TrackStep};
use crate::text::{self, MessageId, Text};

/// How long to wait before asking a hub again that could not be reached.
const AGAIN: Duration = Duration::from_secs(5);

#[derive(Args)]
pub(super) struct Track {
    #[arg(value_name = "REF", value_parser = parse_reference)]
    reference: CaseReference,
    #[arg(long, value_name = "STATE", ignore_case = true, value_parser = names::parser::<Goal>())]
    wait: Option<Goal>,
    #[arg(long, value_name = "TIME", requires = "wait", value_parser = parse_duration)]
    timeout: Option<u64>,
    #[arg(long, conflicts_with = "wait")]
    offline: bool,
}

impl Track {
    pub(super) async fn run(self, context: &mut Context, output: &mut Output) -> Result<()> {
        let mut session = context.session(output)?;
        // An unknown reference is told before the hub is asked.
        session.track(&self.reference)?;
        let Some(goal) = self.wait else {
            let fetched = fetch(&mut session, self.offline, output).await;
            output.result(&TrackReport::of(&session.track(&self.reference)?, output.text()))?;
            return fetched.and_then(|received| warn_about(&received, output));
        };
        let limit = self.timeout.map_or(Duration::MAX, Duration::from_millis);
        let waited = tokio::time::timeout(limit, wait(&mut session, &self.reference, goal, output)).await;
        let track = session.track(&self.reference)?;
        output.result(&TrackReport::of(&track, output.text()))?;
        match waited {
            Err(_) => Err(Error::with(Code::WaitTimedOut, about(&self.reference))),
            Ok(outcome) => outcome.and_then(|()| check_end(&track, goal)),
        }
    }
}

/// Waits for a stage or a state, however often the connection breaks.
async fn wait(
    session: &mut Session,
    reference: &CaseReference,
    goal: Goal,
    output: &mut Output,
) -> Result<()> {
    loop {
        match session.wait(reference, goal, &mut Steps::new(output)).await {
            Err(error) if error.code().class() == Class::Transient => tokio::time::sleep(AGAIN).await,
            outcome => return outcome.map(drop),
        }
    }
}

/// A message that ended otherwise will never get where it was waited for, and neither does a referral.
fn check_end(track: &model::Track, goal: Goal) -> Result<()> {
    let elsewhere = |referral: &ReferralLine| match goal {
        Goal::State(state) => !referral.has_been(state),
        Goal::Stage(_) => false,
    };
    if track.steps.iter().any(|step| step.needs_action) || track.referrals.iter().any(elsewhere) {
        return Err(Error::with(Code::EndedOtherwise, about(&track.reference)));
    }
    Ok(())
}

fn about(reference: &CaseReference) -> text::Args {
    text::Args::none().text("reference", reference)
}

/// What is proven.
#[derive(Serialize)]
struct TrackReport {
    reference: String,
    overall: Option<&'static str>,
    steps: Vec<StepReport>,
    referrals: Vec<ReferralReport>,
}

/// How far one message got towards one recipient.
#[derive(Serialize)]
struct StepReport {
    message: String,
    recipient: String,
    stage: &'static str,
    /// The stable name of why it ended so.
    reason: Option<String>,
    /// What that means, in a sentence; absent unless it ended undelivered.
    why: Option<String>,
    /// What to do; absent when nothing has to be done.
    next: Option<String>,
    /// The message as which it was sent again to this recipient.
    sent_again_as: Option<String>,
    /// A person has taken it off the list.
    dismissed: bool,
    /// That it was taken back, and what became of it.
    stop: Option<StopReport>,
    history: Vec<StageReport>,
    purged_at: Option<Moment>,
    #[serde(skip)]
    reached: Stage,
}

#[derive(Serialize)]
struct StageReport {
    stage: &'static str,
    at: Moment,
    #[serde(skip)]
    reached: Stage,
}

impl TrackReport {
    fn of(track: &model::Track, text: &Text) -> Self {
        let reference = track.reference.to_string();
        let steps = track.steps.iter().map(|step| StepReport::of(step, &reference, text)).collect();
        let referrals = track.referrals.iter().map(ReferralReport::of).collect();
        Self { reference, overall: track.overall.map(|stage| stage.name()), steps, referrals }
    }
}

impl StepReport {
    fn of(step: &TrackStep, reference: &str, text: &Text) -> Self {
        // By stage and not by time: the hub's clock and a device's differ, and nothing is delivered before it was fetched.
        let mut history = step.history.clone();
        history.sort_by_key(|(stage, _)| *stage);
        let stage = |(stage, at_ms): &(Stage, u64)| StageReport {
            stage: stage.name(),
            at: Moment(*at_ms),
            reached: *stage,
        };
        let args = text::Args::none().text("reference", reference).text("recipient", &step.recipient);
        let next = next_step(step.stage).filter(|_| step.needs_action);
        Self {
            message: step.message.to_string(),
            recipient: step.recipient.to_string(),
            stage: step.stage.name(),
            reason: step.reason.clone(),
            why: why(step, text),
            next: next.map(|id| text.get(id, &args)),
            sent_again_as: match step.settled {
                Some(Settled::SentAgain(message)) => Some(message.to_string()),
                Some(Settled::Dismissed) | None => None,
            },
            dismissed: step.settled == Some(Settled::Dismissed),
            stop: step.stop.map(StopReport::of),
            history: history.iter().map(stage).collect(),
            purged_at: step.purged_ms.map(Moment),
            reached: step.stage,
        }
    }

    fn lines(&self, page: &mut Page<'_>) {
        let tone = if self.next.is_some() { Tone::Warning } else { Tone::Strong };
        let words = page.text().get(stage_words(self.reached), &text::Args::none());
        let args = text::Args::none().text("recipient", &self.recipient).text("stage", words);
        page.say_in(tone, msg!("track-recipient"), &args);
        for stage in &self.history {
            let words = page.text().get(stage_words(stage.reached), &text::Args::none());
            let args = text::Args::none().text("stage", words).text("at", stage.at.local(page.text()));
            page.say(msg!("track-stage"), &args);
        }
        if let Some(purged) = self.purged_at {
            page.say(msg!("track-purged"), &text::Args::none().text("at", purged.local(page.text())));
        }
        if let Some(stop) = &self.stop {
            stop.lines(page);
        }
        if let Some(why) = &self.why {
            page.block(why);
        }
        if self.sent_again_as.is_some() {
            page.say(msg!("track-sent-again"), &text::Args::none());
        } else if self.dismissed {
            page.say(msg!("track-dismissed"), &text::Args::none());
        }
        if let Some(next) = &self.next {
            page.block(next);
        }
    }
}

/// What an end means, in a sentence.
fn why(step: &TrackStep, text: &Text) -> Option<String> {
    let reason = step.reason.as_deref();
    let id = match step.stage {
        Stage::NotSent => {
            let code = reason.and_then(Code::from_name)?;
            let args = text::Args::none().text("recipient", &step.recipient).text("field", "-");
            return Some(Error::with(code, args).explain(text).message);
        }
        Stage::Refused => match reason.and_then(refusal_by_name) {
            Some(RefusalReason::SchemaTooNew) => msg!("why-schema-too-new"),
            Some(RefusalReason::ContentMismatch) => msg!("why-content-mismatch"),
            Some(RefusalReason::ConsentMismatch) => msg!("why-consent-mismatch"),
            Some(RefusalReason::Expired) => msg!("why-opened-too-late"),
            Some(RefusalReason::SenderNotValid) => msg!("why-sender-not-valid"),
            None => return None,
        },
        Stage::ExpiredUndelivered => msg!("why-expired"),
        Stage::Returned => match reason.and_then(return_by_name) {
            Some(ReturnReason::Suspended) => msg!("why-suspended"),
            Some(ReturnReason::Removed) => msg!("why-removed"),
            None => return None,
        },
        Stage::Undecryptable => msg!("why-undecryptable"),
        Stage::Unproven => msg!("why-unproven"),
        Stage::Waiting
        | Stage::Accepted
        | Stage::HandedOver
        | Stage::Covered
        | Stage::Delivered
        | Stage::Answered
        | Stage::Recalled
        | Stage::Withdrawn => return None,
    };
    Some(text.get(id, &text::Args::none()))
}

fn refusal_by_name(name: &str) -> Option<RefusalReason> {
    RefusalReason::ALL.iter().copied().find(|reason| reason.name() == name)
}

fn return_by_name(name: &str) -> Option<ReturnReason> {
    ReturnReason::ALL.iter().copied().find(|reason| reason.name() == name)
}

/// What a person can do about an end.
const fn next_step(stage: Stage) -> Option<MessageId> {
    match stage {
        Stage::NotSent => Some(msg!("next-not-sent")),
        Stage::Returned => Some(msg!("next-returned")),
        Stage::Refused | Stage::ExpiredUndelivered | Stage::Undecryptable | Stage::Unproven => {
            Some(msg!("next-call-and-resend"))
        }
        Stage::Waiting
        | Stage::Accepted
        | Stage::HandedOver
        | Stage::Covered
        | Stage::Delivered
        | Stage::Answered
        | Stage::Recalled
        | Stage::Withdrawn => None,
    }
}

impl Report for TrackReport {
    const KIND: &'static str = "track";

    fn lines(&self, page: &mut Page<'_>) {
        if self.steps.is_empty() {
            page.say(msg!("track-nothing-sent"), &text::Args::none());
        }
        for step in &self.steps {
            step.lines(page);
        }
        // A case in which nobody has taken a step has come no further than its messages.
        for referral in self.referrals.iter().filter(|referral| referral.has_history()) {
            referral.lines(page);
        }
    }
}

#[cfg(test)]
mod tests {
    use samverkan_proto::ids::MessageId;

    use super::*;

    use crate::text::Language;

    fn track(stage: Stage) -> model::Track {
        let step = TrackStep {
            message: MessageId::random(),
            recipient: "boj-exempel/stod".parse().expect("mailbox"),
            stage,
            reason: None,
            settled: None,
            needs_action: stage.is_undelivered_end(),
            stop: None,
            history: vec![(stage, 1_000), (Stage::Accepted, 2_000)],
            purged_ms: None,
        };
        model::Track {
            reference: "222-222-2".parse().expect("reference"),
            steps: vec![step],
            overall: Some(stage),
            referrals: Vec::new(),
        }
    }

    fn report(track: &model::Track) -> TrackReport {
        TrackReport::of(track, &Text::of(Language::English))
    }

    const ENDS: [Stage; 6] = [
        Stage::NotSent,
        Stage::Refused,
        Stage::ExpiredUndelivered,
        Stage::Returned,
        Stage::Undecryptable,
        Stage::Unproven,
    ];

    #[test]
    fn a_message_that_ended_otherwise_is_a_conflict_for_who_waits() {
        for stage in [Stage::Accepted, Stage::HandedOver, Stage::Delivered, Stage::Answered] {
            check_end(&track(stage), Goal::Stage(Stage::Answered)).expect("may still come, or has come");
        }
        for stage in ENDS {
            assert_eq!(
                check_end(&track(stage), Goal::Stage(Stage::Answered)).expect_err("ended").code(),
                Code::EndedOtherwise
            );
        }
    }

    #[test]
    fn every_bad_end_says_why_and_what_to_do_until_somebody_has() {
        let reasons = |stage| match stage {
            Stage::NotSent => vec!["RECIPIENT_SUSPENDED", "CONSENT_HANDLE_USED", "MESSAGE_EXPIRED"],
            Stage::Refused => RefusalReason::ALL.iter().map(|reason| reason.name()).collect(),
            Stage::Returned => vec!["SUSPENDED", "REMOVED"],
            _ => vec!["-"],
        };
        for stage in ENDS {
            for reason in reasons(stage) {
                let mut track = track(stage);
                track.steps[0].reason = Some(reason.to_owned());
                let step = &report(&track).steps[0];
                assert!(step.why.as_ref().is_some_and(|why| why.ends_with('.')), "{stage:?} {reason}");
                let next = step.next.as_ref().expect("a next step");
                assert!(
                    next.contains("samverkan resend 222-222-2") || next.contains("samverkan discard"),
                    "{next}"
                );
            }
        }
        for settled in [Settled::Dismissed, Settled::SentAgain(MessageId::random())] {
            let mut track = track(Stage::Refused);
            (track.steps[0].settled, track.steps[0].needs_action) = (Some(settled), false);
            assert!(report(&track).steps[0].next.is_none());
        }
        assert!(report(&track(Stage::Delivered)).steps[0].next.is_none());
    }

    #[test]
    fn history_is_in_the_order_of_the_stages_though_clocks_differ() {
        let json = serde_json::to_value(report(&track(Stage::Delivered))).expect("serialises");
        let history = &json["steps"][0]["history"];
        assert_eq!(history[0]["stage"], "SUBMISSION_ACCEPTED");
        assert_eq!(history[1]["stage"], "DELIVERED");
        assert_eq!(history[1]["at"], "1970-01-01T00:00:01Z");
        assert_eq!(json["overall"], "DELIVERED");
    }
}
