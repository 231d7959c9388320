//! `samverkan key report-compromise`: a device that is in other hands is taken out at once, and what it could read is listed. And what
//! people are told, once, of such devices of others.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use samverkan_proto::code::RevocationReason;
use samverkan_proto::statement::safety::CaseReference;
use serde::Serialize;

use super::change::{Changed, confirm, refresh};
use super::console::Question;
use super::context::Context;
use super::moment::{Moment, parse_past};
use super::output::{Output, Report};
use super::page::{Page, Tone};
use super::steps::Steps;
use crate::error::Result;
use crate::msg;
use crate::session::members::{Access, ExposedMessage, Exposure, Removal, SignedChange};
use crate::session::model::{Direction, Silent};
use crate::session::{Compromise, Session};
use crate::text;

/// How long what waits is fetched.
const FETCH_AT_MOST: Duration = Duration::from_secs(20);
const REPORT: Question = Question { text: msg!("ask-report"), option: "--yes" };

#[derive(Args)]
pub(super) struct ReportCompromise {
    #[arg(value_name = "DEVICE")]
    device: Option<String>,
    #[arg(long, value_name = "TIME", required = true)]
    since: String,
    #[arg(long)]
    with_mailboxes: bool,
    #[arg(long)]
    yes: bool,
    #[arg(long, value_name = "PATH")]
    proposal: Option<PathBuf>,
}

impl ReportCompromise {
    pub(super) async fn run(self, context: &mut Context, output: &mut Output) -> Result<()> {
        let since_ms = parse_past(&self.since, context.clock.now_ms())?;
        let mut session = context.session(output)?;
        refresh(&mut session, true, output).await?;
        let own = session.own_device().map(|device| device.id());
        let device = match (&self.device, own) {
            // Which only another admin can report: the answer says so, and what to do when there is none.
            (None, Some(own)) => own,
            (named, _) => session.device_named(named.as_deref().unwrap_or_default())?,
        };
        // What it sent is believed until the report, and refused from then on: this is the time to learn of it.
        fetch(&mut session).await;
        let about =
            text::Args::none().text("device", device).text("since", Moment(since_ms).local(output.text()));
        output.notice(msg!("compromise-to-be-reported"), &about);
        confirm(REPORT, self.yes, &mut context.console, output)?;
        let removal = Removal {
            device,
            reason: RevocationReason::Compromised,
            since_ms: Some(since_ms),
            with_mailboxes: self.with_mailboxes,
        };
        let change = session.remove_member(&removal, &mut Steps::new(output)).await?;
        let complete = fetch(&mut session).await;
        let exposure = session.exposure(&device)?;
        let change =
            Changed::new(msg!("compromise-reported"), change, self.proposal, Some(device.to_string()))?;
        output.result(&Reported::of(change, since_ms, &exposure, complete))
    }
}

/// Takes what waits, so that the list has it too, for a few seconds: what is large must not keep the device from being cut off. What
/// hinders it does not hinder the list, which says so.
async fn fetch(session: &mut Session) -> bool {
    let received = tokio::time::timeout(FETCH_AT_MOST, session.receive(&mut Silent)).await;
    received.is_ok_and(|received| received.is_ok())
}

/// A device of a partner that was reported, and the cases that it is about here.
#[derive(Serialize)]
pub(super) struct Told {
    organisation: String,
    device: String,
    since: Moment,
    readable: Vec<String>,
    doubtful: Vec<String>,
}

/// Tells of reports that nobody was told of, and writes down that somebody was.
pub(super) fn tell(session: &mut Session, output: &mut Output) -> Result<Vec<Told>> {
    let reports = session.compromises();
    let told: Vec<Told> = reports.iter().map(Told::of).collect();
    for one in &told {
        let since = one.since.local(output.text());
        let about = |references: &[String]| {
            let args = text::Args::none().text("handle", &one.organisation).text("since", &since);
            args.text("references", references.join(", "))
        };
        for (words, references) in [
            (msg!("compromise-told-readable"), &one.readable),
            (msg!("compromise-told-doubtful"), &one.doubtful),
        ] {
            if !references.is_empty() {
                output.notice(words, &about(references));
            }
        }
    }
    session.mark_told(&reports)?;
    Ok(told)
}

impl Told {
    fn of(report: &Compromise) -> Self {
        let references = |list: &[CaseReference]| list.iter().map(ToString::to_string).collect();
        Self {
            organisation: report.handle.to_string(),
            device: report.device.to_string(),
            since: Moment(report.since_ms),
            readable: references(&report.readable),
            doubtful: references(&report.doubtful),
        }
    }
}

/// A device was reported, and what it could read.
#[derive(Serialize)]
struct Reported {
    #[serde(flatten)]
    change: Changed,
    since: Moment,
    /// Whether everything that waits at the hub for this device was fetched for the list.
    complete: bool,
    /// The messages that it could read, oldest first.
    readable: Vec<Readable>,
    /// Mailboxes that it has read and this device does not.
    unseen: Vec<String>,
    /// The organisation's entries that it signed, newest first, whenever they say that was.
    signed_changes: Vec<Signed>,
    /// How many older ones are left out.
    older_changes: u64,
}

/// One entry that the device signed.
#[derive(Serialize)]
struct Signed {
    serial: u64,
    /// The time in the entry, which its signer chose.
    claimed_at: Moment,
}

/// One message of the list.
#[derive(Serialize)]
struct Readable {
    message: String,
    reference: String,
    direction: &'static str,
    with: Vec<String>,
    accepted_at: Moment,
    /// How the device came by it: SENT, SEALED_TO or MAY_BE_GIVEN.
    access: &'static str,
    /// Whether the hub took it when the device was in other hands.
    after: bool,
}

impl Reported {
    fn of(change: Changed, since_ms: u64, exposure: &Exposure, complete: bool) -> Self {
        Self {
            change,
            since: Moment(since_ms),
            complete,
            readable: exposure.messages.iter().map(|message| Readable::of(message, since_ms)).collect(),
            unseen: exposure.unseen.iter().map(ToString::to_string).collect(),
            signed_changes: exposure.changes.iter().map(Signed::of).collect(),
            older_changes: exposure.older_changes,
        }
    }
}

impl Signed {
    const fn of(change: &SignedChange) -> Self {
        Self { serial: change.serial, claimed_at: Moment(change.claimed_ms) }
    }

    fn cells(&self, text: &text::Text) -> Vec<String> {
        vec![self.serial.to_string(), self.claimed_at.local(text)]
    }
}

impl Readable {
    fn of(message: &ExposedMessage, since_ms: u64) -> Self {
        Self {
            message: message.id.to_string(),
            reference: message.reference.to_string(),
            direction: match message.direction {
                Direction::In => "in",
                Direction::Out => "out",
            },
            with: message.with.iter().map(ToString::to_string).collect(),
            accepted_at: Moment(message.at_ms),
            access: match message.access {
                Access::Sent => "SENT",
                Access::SealedTo => "SEALED_TO",
                Access::MayBeGiven => "MAY_BE_GIVEN",
            },
            after: message.at_ms >= since_ms,
        }
    }

    fn cells(&self, text: &text::Text) -> Vec<String> {
        vec![
            self.reference.clone(),
            self.message.clone(),
            self.with.join(", "),
            self.accepted_at.local(text),
            self.access.to_owned(),
        ]
    }
}

impl Report for Reported {
    const KIND: &'static str = "compromise_reported";

    fn lines(&self, page: &mut Page<'_>) {
        let none = text::Args::none();
        self.change.lines(page);
        page.blank();
        if self.readable.is_empty() {
            page.say(msg!("compromise-nothing-readable"), &none);
        } else {
            let count = text::Args::none().number("count", self.readable.len() as u64);
            page.say_in(Tone::Warning, msg!("compromise-readable"), &count);
            let headings = [
                msg!("column-reference"),
                msg!("column-message"),
                msg!("column-with"),
                msg!("column-at"),
                msg!("column-access"),
            ];
            let rows: Vec<Vec<String>> = self.readable.iter().map(|one| one.cells(page.text())).collect();
            page.table(&headings, &rows);
        }
        if !self.complete {
            page.blank().say_in(Tone::Warning, msg!("compromise-incomplete"), &none);
        }
        if !self.unseen.is_empty() {
            let mailboxes = text::Args::none().text("mailboxes", self.unseen.join(", "));
            page.blank().say_in(Tone::Warning, msg!("compromise-unseen"), &mailboxes);
        }
        self.signed_lines(page);
        page.blank().say(msg!("compromise-next"), &none);
    }
}

impl Reported {
    fn signed_lines(&self, page: &mut Page<'_>) {
        if self.signed_changes.is_empty() {
            return;
        }
        page.blank().say_in(Tone::Warning, msg!("compromise-signed"), &text::Args::none());
        let rows: Vec<Vec<String>> = self.signed_changes.iter().map(|one| one.cells(page.text())).collect();
        page.table(&[msg!("column-entry"), msg!("column-claimed")], &rows);
        if self.older_changes > 0 {
            let count = text::Args::none().number("count", self.older_changes);
            page.say(msg!("compromise-signed-older"), &count);
        }
    }
}

#[cfg(test)]
mod tests {
    use samverkan_proto::ids::MessageId;

    use super::*;

    #[test]
    fn what_came_at_the_very_time_counts_as_after_it() {
        let at = |at_ms| {
            let message = ExposedMessage {
                id: MessageId::random(),
                reference: "5YJ-YV4-U".parse().expect("a reference"),
                direction: Direction::In,
                with: Vec::new(),
                at_ms,
                access: Access::SealedTo,
            };
            Readable::of(&message, 1000).after
        };
        assert_eq!([at(999), at(1000), at(1001)], [false, true, true]);
    }
}
