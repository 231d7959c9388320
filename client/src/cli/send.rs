//! `samverkan send`: a message to one or more mailboxes, sealed here.

use std::num::NonZeroU32;
use std::path::PathBuf;

use clap::Args;
use samverkan_proto::code::{Class, LegalBasis, Urgency};
use samverkan_proto::ids::MailboxAddress;

use super::context::Context;
use super::input;
use super::moment::parse_duration;
use super::names;
use super::output::Output;
use super::reference::{parse_mailbox, parse_reference};
use super::steps::Steps;
use crate::error::{Class as ErrorClass, Code, Error, Result};
use crate::forms::law::{self, Section};
use crate::forms::{self, Form};
use crate::msg;
use crate::session::Session;
use crate::session::model::{ConsentId, Draft};
use crate::text;
use samverkan_proto::statement::safety::CaseReference;

mod answering;
mod file;
mod questions;
mod report;
mod wizard;

pub(super) use report::SentReport;
use wizard::Wizard;

const MINUTE_MS: u64 = 60_000;

#[derive(Args, Default)]
pub(super) struct Send {
    #[arg(long, value_name = "MAILBOX", value_parser = parse_mailbox)]
    to: Vec<MailboxAddress>,
    #[arg(long, value_name = "MAILBOX", value_parser = parse_mailbox)]
    from: Option<MailboxAddress>,
    #[arg(long, value_name = "CLASS", ignore_case = true, value_parser = names::parser::<Class>())]
    class: Option<Class>,
    #[arg(long, value_name = "BASIS", ignore_case = true, value_parser = names::parser::<LegalBasis>())]
    basis: Option<LegalBasis>,
    #[arg(long, value_name = "CODE", value_parser = parse_section)]
    section: Option<&'static Section>,
    #[arg(long, value_name = "FORM", value_parser = parse_form)]
    form: Option<&'static Form>,
    #[arg(long, value_name = "URGENCY", ignore_case = true, value_parser = names::parser::<Urgency>())]
    urgency: Option<Urgency>,
    #[arg(long, value_name = "TIME", value_parser = parse_minutes)]
    answer_within: Option<NonZeroU32>,
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    keep: Option<u64>,
    #[arg(long, value_name = "REF", value_parser = parse_reference)]
    consent: Option<CaseReference>,
    #[arg(long, value_name = "FILE", num_args = 1..)]
    attach: Vec<PathBuf>,
    #[arg(long)]
    keep_metadata: bool,
    #[arg(long, value_name = "FILE")]
    from_file: Option<PathBuf>,
    #[arg(long, value_name = "FILE")]
    text_file: Option<PathBuf>,
    #[arg(long, value_name = "FILE")]
    subject_file: Option<PathBuf>,
    #[arg(long)]
    dry_run: bool,
}

/// Whole minutes, rounded up, of a duration such as `2h`.
pub(super) fn parse_minutes(text: &str) -> Result<NonZeroU32> {
    let minutes = parse_duration(text)?.div_ceil(MINUTE_MS);
    let minutes = u32::try_from(minutes).ok().and_then(NonZeroU32::new);
    minutes.ok_or_else(|| Error::new(Code::DurationInvalid))
}

/// A form by its name and version.
fn parse_form(name: &str) -> Result<&'static Form> {
    let known = || forms::all().iter().map(|form| form.name.as_str()).collect::<Vec<_>>().join(", ");
    let unknown =
        || Error::with(Code::FormUnknown, text::Args::none().text("form", name).text("known", known()));
    forms::find(name).ok_or_else(unknown)
}

/// A section of law by its code.
fn parse_section(code: &str) -> Result<&'static Section> {
    let known = || law::all().iter().map(|section| section.code.as_str()).collect::<Vec<_>>().join(", ");
    let args = || text::Args::none().text("section", code).text("known", known());
    law::find(code).ok_or_else(|| Error::with(Code::SectionUnknown, args()))
}

/// A message as far as it is composed. What is missing is asked for.
#[derive(Clone, Default)]
struct Unfinished {
    to: Vec<MailboxAddress>,
    from: Option<MailboxAddress>,
    class: Option<Class>,
    basis: Option<LegalBasis>,
    urgency: Option<Urgency>,
    answer_within: Option<NonZeroU32>,
    keep_ms: Option<u64>,
    consent: Option<CaseReference>,
    section: Option<&'static Section>,
    form: Option<&'static Form>,
    subject: Option<String>,
    text: Option<String>,
    fields: Vec<(String, String)>,
    /// The optional parts of the form that are filled in.
    opened: Vec<&'static str>,
    attachments: Vec<PathBuf>,
    keep_metadata: Option<bool>,
}

impl Send {
    pub(super) async fn run(self, context: &mut Context, output: &mut Output) -> Result<()> {
        let dry_run = self.dry_run;
        let mut unfinished = self.gather(context)?;
        let keep_metadata = unfinished.keep_metadata.unwrap_or_default();
        input::check_attachments(&unfinished.attachments, keep_metadata, output.text())?;
        let mut session = context.session(output)?;
        if dry_run {
            return check(&mut session, unfinished, output).await;
        }
        session.check_handler()?;
        let mut asked = false;
        if unfinished.is_missing_something() && context.console.has_person() {
            refresh_if_possible(&mut session, output).await?;
            let wizard = Wizard::new(unfinished, context.clock.now_ms());
            unfinished = wizard.run(&session, &mut context.console, output)?;
            asked = true;
        }
        let draft = unfinished.finish()?;
        let to = draft.to.clone();
        let sent = session.send(draft, &mut Steps::new(output)).await?;
        if !asked {
            // Nobody was there to be told before; who the recipients are is known for certain now.
            questions::tell_trust(&to, &session, output);
        }
        SentReport::of(&sent).tell(output)
    }

    /// What the options and the file say; an option wins over the file.
    fn gather(self, context: &mut Context) -> Result<Unfinished> {
        let inputs = [&self.from_file, &self.text_file, &self.subject_file];
        let from_stdin = inputs.into_iter().flatten().filter(|path| path.as_os_str() == "-").count();
        if from_stdin > 1 {
            return Err(Error::new(Code::StdinTwice));
        }
        let console = &mut context.console;
        let mut unfinished = match &self.from_file {
            Some(path) => file::parse(&input::read_text(path, "--from-file", console)?)?,
            None => Unfinished::default(),
        };
        if let Some(path) = &self.text_file {
            unfinished.text = Some(input::read_text(path, "--text-file", console)?);
        }
        if let Some(path) = &self.subject_file {
            unfinished.subject = Some(input::read_text(path, "--subject-file", console)?);
        }
        unfinished.override_with(self);
        Ok(unfinished)
    }
}

impl Unfinished {
    fn override_with(&mut self, options: Send) {
        if !options.to.is_empty() {
            self.to = options.to;
        }
        if !options.attach.is_empty() {
            self.attachments = options.attach;
        }
        self.keep_metadata = options.keep_metadata.then_some(true).or(self.keep_metadata);
        self.from = options.from.or(self.from.take());
        self.class = options.class.or(self.class);
        self.basis = options.basis.or(self.basis);
        self.urgency = options.urgency.or(self.urgency);
        self.answer_within = options.answer_within.or(self.answer_within);
        self.keep_ms = options.keep.or(self.keep_ms);
        self.consent = options.consent.or(self.consent);
        self.section = options.section.or(self.section);
        self.form = options.form.or(self.form);
    }

    fn is_missing_something(&self) -> bool {
        let lacks = self.form.is_some_and(|form| !form.lacking(&self.fields).is_empty());
        self.to.is_empty() || self.class.is_none() || self.basis_is_missing() || !self.has_content() || lacks
    }

    /// Whether anything is there of what is sealed.
    fn has_content(&self) -> bool {
        self.subject.is_some() || self.text.is_some() || !self.fields.is_empty()
    }

    fn basis_is_missing(&self) -> bool {
        self.basis.is_none() && self.class != Some(Class::FollowUp)
    }

    /// The draft with nothing about a person in it.
    fn envelope(&self) -> Draft {
        Draft {
            to: self.to.clone(),
            from: self.from.clone(),
            class: self.class.unwrap_or(Class::Referral),
            basis: self.basis,
            urgency: self.urgency.unwrap_or(Urgency::Routine),
            answer_within_minutes: self.answer_within,
            keep_ms: self.keep_ms,
            consent: self.consent.map(ConsentId),
            section: self.section,
            form: self.form,
            subject: String::new(),
            text: String::new(),
            fields: Vec::new(),
            attachments: self.attachments.clone(),
            keep_metadata: self.keep_metadata.unwrap_or_default(),
        }
    }

    fn finish(self) -> Result<Draft> {
        let missing = |option| Error::with(Code::ArgumentMissing, text::Args::none().text("option", option));
        if self.class.is_none() {
            return Err(missing("--class"));
        }
        if self.text.is_none() && self.subject.is_none() && self.fields.is_empty() {
            return Err(missing("--text-file"));
        }
        let subject = self.subject.clone().unwrap_or_default();
        if subject.contains(['\n', '\r']) {
            return Err(Error::with(Code::MessageInvalid, text::Args::none().text("field", "subject")));
        }
        let envelope = self.envelope();
        Ok(Draft { subject, text: self.text.unwrap_or_default(), fields: self.fields, ..envelope })
    }
}

/// Brings the directory up to date; a hub that can not be reached is no reason to stop, for the message can wait.
async fn refresh_if_possible(session: &mut Session, output: &mut Output) -> Result<()> {
    match session.refresh(&mut Steps::new(output)).await {
        Err(error) if error.code().class() == ErrorClass::Transient => {
            output.notice(msg!("directory-is-a-copy"), &text::Args::none());
            Ok(())
        }
        outcome => outcome,
    }
}

fn refuse_early(session: &Session, unfinished: &Unfinished) -> Result<()> {
    match session.obstacles(&unfinished.envelope()).first() {
        Some(obstacle) => Err(obstacle.to_error()),
        None => Ok(()),
    }
}

/// The same as soon as recipient, class and basis are known. A consent is still to be asked for then, and is no reason to stop.
fn refuse_known(session: &Session, unfinished: &Unfinished) -> Result<()> {
    if unfinished.to.is_empty() || unfinished.class.is_none() || unfinished.basis_is_missing() {
        return Ok(());
    }
    let obstacles = session.obstacles(&unfinished.envelope());
    let first = obstacles.iter().find(|obstacle| obstacle.code != Code::ConsentMissing);
    first.map_or(Ok(()), |obstacle| Err(obstacle.to_error()))
}

/// `--dry-run`: every reason why it would be refused, and nothing is sent.
async fn check(session: &mut Session, unfinished: Unfinished, output: &mut Output) -> Result<()> {
    refresh_if_possible(session, output).await?;
    if unfinished.class.is_none() {
        let option = text::Args::none().text("option", "--class");
        return Err(Error::with(Code::ArgumentMissing, option));
    }
    let mut reasons: Vec<report::Reason> =
        session.obstacles(&unfinished.envelope()).iter().map(report::Reason::from).collect();
    // Whether the form is filled in is asked only when somebody has begun to.
    if let (Some(form), false) = (unfinished.form, unfinished.fields.is_empty()) {
        let flaws = form.flaws(&unfinished.fields);
        reasons.extend(flaws.iter().map(|flaw| report::Reason::general(form.error_of(flaw))));
    }
    output.result(&report::DryRun::of(&reasons, output.text()))?;
    reasons.into_iter().next().map_or(Ok(()), |reason| Err(reason.error))
}

#[cfg(test)]
mod tests;
