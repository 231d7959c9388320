//! `samverkan track`: what is proven about the messages that were sent in a thread, by whom and since when.

use std::time::Duration;

use clap::Args;
use samverkan_proto::statement::safety::CaseReference;
use serde::Serialize;

use super::context::Context;
use super::inbox::{ended_otherwise, fetch, warn_about};
use super::moment::{Moment, parse_duration};
use super::names::{self, Named as _, stage_words};
use super::output::{Output, Report};
use super::page::{Page, Tone};
use super::reference::parse_reference;
use super::steps::Steps;
use crate::error::{Class, Code, Error, Result};
use crate::msg;
use crate::session::Session;
use crate::session::model::{self, Stage, TrackStep};
use crate::text;

/// How long to wait before asking a hub again that could not be reached.
const AGAIN: Duration = Duration::from_secs(5);

#[derive(Args)]
pub(super) struct Track {
    #[arg(value_name = "REF", value_parser = parse_reference)]
    reference: CaseReference,
    #[arg(long, value_name = "STATE", ignore_case = true, value_parser = names::parser::<Stage>())]
    wait: Option<Stage>,
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
        let Some(stage) = self.wait else {
            let fetched = fetch(&mut session, self.offline, output).await;
            output.result(&TrackReport::of(&session.track(&self.reference)?))?;
            return fetched.and_then(|received| warn_about(&received, output));
        };
        let limit = self.timeout.map_or(Duration::MAX, Duration::from_millis);
        let waited = tokio::time::timeout(limit, wait(&mut session, &self.reference, stage, output)).await;
        let track = session.track(&self.reference)?;
        output.result(&TrackReport::of(&track))?;
        match waited {
            Err(_) => Err(Error::with(Code::WaitTimedOut, about(&self.reference))),
            Ok(outcome) => outcome.and_then(|()| check_end(&track)),
        }
    }
}

/// Waits for a stage, however often the connection breaks.
async fn wait(
    session: &mut Session,
    reference: &CaseReference,
    stage: Stage,
    output: &mut Output,
) -> Result<()> {
    loop {
        match session.wait(reference, stage, &mut Steps::new(output)).await {
            Err(error) if error.code().class() == Class::Transient => tokio::time::sleep(AGAIN).await,
            outcome => return outcome.map(drop),
        }
    }
}

/// A message that ended otherwise will never get where it was waited for.
fn check_end(track: &model::Track) -> Result<()> {
    if track.steps.iter().any(|step| ended_otherwise(step.stage)) {
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
    steps: Vec<StepReport>,
}

/// How far one message got towards one recipient.
#[derive(Serialize)]
struct StepReport {
    message: String,
    recipient: String,
    stage: &'static str,
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
    fn of(track: &model::Track) -> Self {
        let steps = track.steps.iter().map(StepReport::of).collect();
        Self { reference: track.reference.to_string(), steps }
    }
}

impl StepReport {
    fn of(step: &TrackStep) -> Self {
        // By stage and not by time: the hub's clock and a device's differ, and nothing is delivered before it was fetched.
        let mut history = step.history.clone();
        history.sort_by_key(|(stage, _)| *stage);
        let stage = |(stage, at_ms): &(Stage, u64)| StageReport {
            stage: stage.name(),
            at: Moment(*at_ms),
            reached: *stage,
        };
        Self {
            message: step.message.to_string(),
            recipient: step.recipient.to_string(),
            stage: step.stage.name(),
            history: history.iter().map(stage).collect(),
            purged_at: step.purged_ms.map(Moment),
            reached: step.stage,
        }
    }

    fn lines(&self, page: &mut Page<'_>) {
        let tone = if ended_otherwise(self.reached) { Tone::Warning } else { Tone::Strong };
        let words = page.text().get(stage_words(self.reached), &text::Args::none());
        let args = text::Args::none().text("recipient", &self.recipient).text("stage", words);
        page.say_in(tone, msg!("track-recipient"), &args);
        for stage in &self.history {
            let words = page.text().get(stage_words(stage.reached), &text::Args::none());
            let args = text::Args::none().text("stage", words).text("at", stage.at.local());
            page.say(msg!("track-stage"), &args);
        }
        if let Some(purged) = self.purged_at {
            page.say(msg!("track-purged"), &text::Args::none().text("at", purged.local()));
        }
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
    }
}

#[cfg(test)]
mod tests {
    use samverkan_proto::ids::MessageId;

    use super::*;

    fn track(stage: Stage) -> model::Track {
        let step = TrackStep {
            message: MessageId::random(),
            recipient: "boj-exempel/stod".parse().expect("mailbox"),
            stage,
            history: vec![(stage, 1_000), (Stage::Accepted, 2_000)],
            purged_ms: None,
        };
        model::Track { reference: "222-222-2".parse().expect("reference"), steps: vec![step] }
    }

    #[test]
    fn a_message_that_ended_otherwise_is_a_conflict_for_who_waits() {
        for stage in [Stage::Accepted, Stage::HandedOver, Stage::Delivered, Stage::Answered] {
            check_end(&track(stage)).expect("may still come, or has come");
        }
        for stage in [Stage::Refused, Stage::ExpiredUndelivered, Stage::Returned, Stage::Undecryptable] {
            assert_eq!(check_end(&track(stage)).expect_err("ended").code(), Code::EndedOtherwise);
        }
    }

    #[test]
    fn history_is_in_the_order_of_the_stages_though_clocks_differ() {
        let json = serde_json::to_value(TrackReport::of(&track(Stage::Delivered))).expect("serialises");
        let history = &json["steps"][0]["history"];
        assert_eq!(history[0]["stage"], "SUBMISSION_ACCEPTED");
        assert_eq!(history[1]["stage"], "DELIVERED");
        assert_eq!(history[1]["at"], "1970-01-01T00:00:01Z");
    }
}
