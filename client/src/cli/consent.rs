//! `samverkan consent`: what a person agreed to, written down before anything is sent under it.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use samverkan_proto::code::{ConsentHow, ConsentPurpose};
use samverkan_proto::ids::MailboxAddress;
use samverkan_proto::statement::safety::CaseReference;
use serde::Serialize;

use super::console::{Console, Question};
use super::context::Context;
use super::fields::Fields;
use super::inbox::{fetch, warn_about};
use super::input;
use super::moment::{Moment, parse_end_of_day};
use super::names;
use super::output::{Output, Report};
use super::page::{Page, Tone};
use super::reference::{parse_mailbox, parse_reference};
use super::steps::Steps;
use crate::error::{Class, Code, Error, Result};
use crate::msg;
use crate::session::model::{ConsentDraft, ConsentId, RecordedConsent};
use crate::text::{self, MessageId};
use stop::{Comply, Retain, StatusReport, Withdraw};

const TO: Question = Question { text: msg!("ask-consent-to"), option: "--to" };
const CATEGORIES: Question = Question { text: msg!("ask-consent-categories"), option: "--category" };
const UNTIL: Question = Question { text: msg!("ask-consent-until"), option: "--until" };
const HOW: Question = Question { text: msg!("ask-consent-how"), option: "--how" };
const EVIDENCE: Question = Question { text: msg!("ask-consent-evidence"), option: "--evidence-file" };

#[derive(Args)]
pub(super) struct Consent {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    Record(Record),
    Refuse(Refuse),
    Show(Show),
    Withdraw(Withdraw),
    Comply(Comply),
    Retain(Retain),
}

#[derive(Args, Default)]
struct Record {
    #[arg(long, value_name = "MAILBOX", value_parser = parse_mailbox)]
    to: Vec<MailboxAddress>,
    #[arg(long, value_name = "PURPOSE", ignore_case = true, value_parser = names::parser::<ConsentPurpose>())]
    purpose: Option<ConsentPurpose>,
    #[arg(long, value_name = "WORD")]
    category: Vec<String>,
    #[arg(long, value_name = "DAY", value_parser = parse_end_of_day)]
    until: Option<u64>,
    #[arg(long, value_name = "HOW", ignore_case = true, value_parser = names::parser::<ConsentHow>())]
    how: Option<ConsentHow>,
    #[arg(long, value_name = "N")]
    messages: Option<u8>,
    #[arg(long, value_name = "FILE")]
    evidence_file: Option<PathBuf>,
    #[arg(long, value_name = "FILE")]
    from_file: Option<PathBuf>,
}

#[derive(Args)]
struct Refuse {}

#[derive(Args)]
struct Show {
    #[arg(value_name = "REF", value_parser = parse_reference)]
    consent: Option<CaseReference>,
}

impl Consent {
    pub(super) async fn run(self, context: &mut Context, output: &mut Output) -> Result<()> {
        match self.action {
            Action::Record(record) => record.run(context, output).await,
            Action::Refuse(Refuse {}) => {
                let refused = context.session(output)?.count_refusal()?;
                output.result(&Refused { refused })
            }
            Action::Show(show) => show.run(context, output).await,
            Action::Withdraw(withdraw) => withdraw.run(context, output).await,
            Action::Comply(comply) => comply.run(context, output).await,
            Action::Retain(retain) => retain.run(context, output).await,
        }
    }
}

impl Show {
    async fn run(self, context: &mut Context, output: &mut Output) -> Result<()> {
        let mut session = context.session(output)?;
        let Some(consent) = self.consent.map(ConsentId) else {
            let consents = session.consents().iter().map(ConsentReport::of).collect();
            return output.result(&List { consents, refused: session.refusals() });
        };
        // An unknown one is told before the hub is asked.
        session.consent_status(consent)?;
        let fetched = fetch(&mut session, false, output).await;
        output.result(&StatusReport::of(&session.consent_status(consent)?))?;
        match fetched {
            Err(error) if error.code().class() == Class::Transient => Ok(()),
            fetched => fetched.and_then(|received| warn_about(&received, output)),
        }
    }
}

/// A consent as far as it is written down.
#[derive(Default)]
struct Unfinished {
    to: Vec<MailboxAddress>,
    purpose: Option<ConsentPurpose>,
    categories: Vec<String>,
    until_ms: Option<u64>,
    how: Option<ConsentHow>,
    messages: Option<u8>,
    evidence: Option<String>,
}

impl Record {
    async fn run(self, context: &mut Context, output: &mut Output) -> Result<()> {
        let mut unfinished = self.gather(&mut context.console)?;
        let mut session = context.session(output)?;
        session.check_handler()?;
        if context.console.has_person() {
            unfinished.ask(&mut context.console, output)?;
        }
        let draft = unfinished.finish()?;
        let recorded = session.record_consent(&draft, &mut Steps::new(output)).await?;
        output.result(&ConsentReport::of(&recorded))
    }

    fn gather(self, console: &mut Console) -> Result<Unfinished> {
        let is_stdin = |path: &Option<PathBuf>| path.as_ref().is_some_and(|path| path.as_os_str() == "-");
        if is_stdin(&self.evidence_file) && is_stdin(&self.from_file) {
            return Err(Error::new(Code::StdinTwice));
        }
        let mut unfinished = match &self.from_file {
            Some(path) => parse_file(&input::read_text(path, "--from-file", console)?)?,
            None => Unfinished::default(),
        };
        if let Some(path) = &self.evidence_file {
            unfinished.evidence = Some(input::read_text(path, EVIDENCE.option, console)?);
        }
        if !self.to.is_empty() {
            unfinished.to = self.to;
        }
        if !self.category.is_empty() {
            unfinished.categories = self.category;
        }
        unfinished.purpose = self.purpose.or(unfinished.purpose);
        unfinished.until_ms = self.until.or(unfinished.until_ms);
        unfinished.how = self.how.or(unfinished.how);
        unfinished.messages = self.messages.or(unfinished.messages);
        Ok(unfinished)
    }
}

fn parse_file(json: &str) -> Result<Unfinished> {
    let mut fields = Fields::parse(json)?;
    let unfinished = Unfinished {
        to: fields.each("to", parse_mailbox)?,
        purpose: fields.named("purpose")?,
        categories: fields.take("categories")?.unwrap_or_default(),
        until_ms: fields.one("until", parse_end_of_day)?,
        how: fields.named("how")?,
        messages: fields.take("messages")?,
        evidence: fields.take("evidence")?,
    };
    fields.nothing_left()?;
    Ok(unfinished)
}

impl Unfinished {
    fn ask(&mut self, console: &mut Console, output: &mut Output) -> Result<()> {
        if self.to.is_empty() {
            let each = |typed: &str| typed.split_whitespace().map(parse_mailbox).collect::<Result<_>>();
            self.to = console.parsed(output, TO, "", each)?;
        }
        if self.categories.is_empty() {
            let typed = console.line(output, CATEGORIES, "contact situation")?;
            self.categories = typed.split_whitespace().map(str::to_owned).collect();
        }
        if self.until_ms.is_none() {
            self.until_ms = Some(console.parsed(output, UNTIL, "", parse_end_of_day)?);
        }
        if self.how.is_none() {
            let hows = [
                (ConsentHow::Verbally, msg!("how-verbally")),
                (ConsentHow::InWriting, msg!("how-in-writing")),
                (ConsentHow::Electronically, msg!("how-electronically")),
            ];
            let words = |(_, id): &(ConsentHow, MessageId)| output.text().get(*id, &text::Args::none());
            let lines: Vec<String> = hows.iter().map(words).collect();
            let picked = console.choice(output, HOW, &lines, 0)?;
            self.how = hows.get(picked).map(|(how, _)| *how);
        }
        if self.evidence.is_none() {
            self.evidence = Some(console.line(output, EVIDENCE, "")?);
        }
        Ok(())
    }

    fn finish(self) -> Result<ConsentDraft> {
        let missing = |question: Question| {
            Error::with(Code::ArgumentMissing, text::Args::none().text("option", question.option))
        };
        if self.to.is_empty() {
            return Err(missing(TO));
        }
        if self.categories.is_empty() {
            return Err(missing(CATEGORIES));
        }
        // One message to each recipient, unless more are foreseen.
        let each_once = u8::try_from(self.to.len()).map_err(|_| Error::new(Code::TooManyRecipients))?;
        Ok(ConsentDraft {
            purpose: self.purpose.unwrap_or(ConsentPurpose::Referral),
            recipients: self.to,
            categories: self.categories,
            expires_ms: self.until_ms.ok_or_else(|| missing(UNTIL))?,
            how: self.how.ok_or_else(|| missing(HOW))?,
            evidence: self.evidence.unwrap_or_default(),
            handles: self.messages.unwrap_or(each_once),
        })
    }
}

/// A recorded consent. Its name says nothing to others.
#[derive(Serialize)]
struct ConsentReport {
    consent: String,
    purpose: &'static str,
    recipients: Vec<String>,
    expires_at: Moment,
    messages_left: u8,
}

impl ConsentReport {
    fn of(recorded: &RecordedConsent) -> Self {
        Self {
            consent: recorded.id.0.to_string(),
            purpose: recorded.purpose.name(),
            recipients: recorded.recipients.iter().map(ToString::to_string).collect(),
            expires_at: Moment(recorded.expires_ms),
            messages_left: recorded.handles_left,
        }
    }
}

impl Report for ConsentReport {
    const KIND: &'static str = "consent";

    fn lines(&self, page: &mut Page<'_>) {
        let args = text::Args::none()
            .text("consent", &self.consent)
            .text("until", self.expires_at.local(page.text()))
            .number("count", self.messages_left);
        page.say_in(Tone::Good, msg!("consent-recorded"), &args);
        page.say(msg!("consent-next"), &args);
    }
}

/// A person said no.
#[derive(Serialize)]
struct Refused {
    /// How many did so far.
    refused: u64,
}

impl Report for Refused {
    const KIND: &'static str = "consent_refused";

    fn lines(&self, page: &mut Page<'_>) {
        page.say(msg!("consent-refused"), &text::Args::none().number("count", self.refused));
    }
}

/// The consents that can be used.
#[derive(Serialize)]
struct List {
    consents: Vec<ConsentReport>,
    /// How many persons said no.
    refused: u64,
}

impl Report for List {
    const KIND: &'static str = "consents";

    fn lines(&self, page: &mut Page<'_>) {
        if self.consents.is_empty() {
            page.say(msg!("consent-none"), &text::Args::none());
            return;
        }
        let row = |consent: &ConsentReport| {
            vec![
                consent.consent.clone(),
                consent.purpose.to_owned(),
                consent.recipients.join(", "),
                consent.expires_at.local(page.text()),
                consent.messages_left.to_string(),
            ]
        };
        let rows: Vec<Vec<String>> = self.consents.iter().map(row).collect();
        let headings = [
            msg!("column-consent"),
            msg!("column-purpose"),
            msg!("column-recipients"),
            msg!("column-until"),
            msg!("column-messages-left"),
        ];
        page.table(&headings, &rows);
    }
}

mod stop;

#[cfg(test)]
mod tests;
