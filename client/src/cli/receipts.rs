//! `samverkan receipts`: the proofs of what became of a case, shown, written to a file, or checked from one.

use std::path::{Path, PathBuf};

use clap::Args;
use samverkan_proto::statement::safety::CaseReference;
use serde::Serialize;

use super::context::Context;
use super::inbox::{fetch, warn_about};
use super::input;
use super::moment::Moment;
use super::output::{Output, Report};
use super::page::{Page, Tone};
use super::reference::parse_reference;
use crate::directory::Directory;
use crate::error::{Code, Error, Result};
use crate::files;
use crate::msg;
use crate::session::evidence::{Evidence, Evidenced, MAX_EVIDENCE_BYTES, Statement, Verdict, Witness};
use crate::session::{Session, public_directory};
use crate::text;

#[derive(Args)]
pub(super) struct Receipts {
    #[arg(value_name = "REF", value_parser = parse_reference, required_unless_present = "verify")]
    reference: Option<CaseReference>,
    #[arg(short = 'o', long, value_name = "FILE", requires = "reference")]
    output: Option<PathBuf>,
    #[arg(long, value_name = "FILE", conflicts_with_all = ["reference", "offline"])]
    verify: Option<PathBuf>,
    #[arg(long)]
    offline: bool,
}

impl Receipts {
    pub(super) async fn run(self, context: &mut Context, output: &mut Output) -> Result<()> {
        let Some(reference) = self.reference else {
            let path = self.verify.unwrap_or_default();
            return verify(&path, context, output);
        };
        let mut session = context.session(output)?;
        // An unknown reference is told before the hub is asked.
        session.evidence(&reference)?;
        let fetched = fetch(&mut session, self.offline, output).await;
        let bundle = session.evidence(&reference)?.to_json();
        match self.output {
            None => tell(&bundle, session.directory(), output)?,
            Some(path) if path == Path::new("-") => output.binary(&bundle)?,
            Some(path) => write(&bundle, path, &session, output)?,
        }
        fetched.and_then(|received| warn_about(&received, output))
    }
}

/// Checks a bundle with nothing but the hub's keys as they were pinned at join, and the log as this computer has it.
fn verify(path: &Path, context: &Context, output: &mut Output) -> Result<()> {
    let bundle = input::read_file(path, "--verify", MAX_EVIDENCE_BYTES as u64)?;
    let (_, directory) = public_directory(&context.profile()?, &context.clock)?;
    tell(&bundle, &directory, output)
}

fn tell(bundle: &[u8], directory: &Directory, output: &mut Output) -> Result<()> {
    let verdict = Evidence::verify(bundle, directory)?;
    output.result(&VerdictReport::of(&verdict))?;
    if verdict.all_hold() { Ok(()) } else { Err(Error::new(Code::EvidenceInvalid)) }
}

fn write(bundle: &[u8], path: PathBuf, session: &Session, output: &mut Output) -> Result<()> {
    let verdict = Evidence::verify(bundle, session.directory())?;
    files::create_private(&path, bundle)?;
    let statements = verdict.messages.iter().map(|message| message.statements.len()).sum();
    output.result(&Written { path, statements })
}

/// What a bundle proves.
#[derive(Serialize)]
struct VerdictReport {
    reference: String,
    all_hold: bool,
    #[serde(skip)]
    has_strangers: bool,
    messages: Vec<MessageReport>,
}

#[derive(Serialize)]
struct MessageReport {
    message: String,
    created_at: Moment,
    statements: Vec<StatementReport>,
    not_holding: usize,
}

#[derive(Serialize)]
struct StatementReport {
    what: &'static str,
    /// The hub, or an organisation's handle; absent for a key that the directory does not have.
    by: Option<String>,
    /// The device that signed; absent for the hub.
    device: Option<String>,
    /// Of the root that vouches for a key that the directory does not have.
    safety_number: Option<String>,
    at: Moment,
}

impl VerdictReport {
    fn of(verdict: &Verdict) -> Self {
        Self {
            reference: verdict.reference.to_string(),
            all_hold: verdict.all_hold(),
            has_strangers: verdict.has_strangers(),
            messages: verdict.messages.iter().map(MessageReport::of).collect(),
        }
    }
}

impl MessageReport {
    fn of(message: &Evidenced) -> Self {
        Self {
            message: message.message.to_string(),
            created_at: Moment(message.created_ms),
            statements: message.statements.iter().map(StatementReport::of).collect(),
            not_holding: message.not_holding,
        }
    }
}

impl StatementReport {
    fn of(statement: &Statement) -> Self {
        let (by, device, safety_number) = match &statement.by {
            Witness::Hub => (Some("hub".to_owned()), None, None),
            Witness::Device { handle, device } => (Some(handle.clone()), Some(device.to_string()), None),
            Witness::Stranger { safety_number, device } => {
                (None, Some(device.to_string()), Some(safety_number.to_string()))
            }
        };
        Self { what: statement.what, by, device, safety_number, at: Moment(statement.at_ms) }
    }

    fn line(&self, page: &mut Page<'_>) {
        let args = text::Args::none().text("what", self.what).text("at", self.at.local(page.text()));
        match (&self.by, &self.safety_number) {
            (None, Some(number)) => {
                let args = args.text("number", number);
                page.say_in(Tone::Warning, msg!("receipts-statement-of-a-stranger"), &args);
            }
            (by, _) => {
                let by = by.as_deref().unwrap_or_default();
                page.say(msg!("receipts-statement"), &args.text("by", by));
            }
        }
    }
}

impl Report for VerdictReport {
    const KIND: &'static str = "evidence_verdict";

    fn lines(&self, page: &mut Page<'_>) {
        page.field(msg!("label-reference"), &self.reference);
        for message in &self.messages {
            let args = text::Args::none()
                .text("message", &message.message)
                .text("at", message.created_at.local(page.text()));
            page.blank().say_in(Tone::Strong, msg!("receipts-message"), &args);
            if message.statements.is_empty() {
                page.say(msg!("receipts-none"), &text::Args::none());
            }
            for statement in &message.statements {
                statement.line(page);
            }
            if message.not_holding > 0 {
                let args = text::Args::none().number("count", message.not_holding as u64);
                page.say_in(Tone::Warning, msg!("receipts-not-holding"), &args);
            }
        }
        let (tone, id) = if self.all_hold {
            (Tone::Good, msg!("receipts-all-hold"))
        } else {
            (Tone::Warning, msg!("receipts-do-not-hold"))
        };
        page.blank().say_in(tone, id, &text::Args::none());
        if self.has_strangers {
            page.say(msg!("receipts-has-strangers"), &text::Args::none());
        }
    }
}

/// Where the bundle is.
#[derive(Serialize)]
struct Written {
    path: PathBuf,
    statements: usize,
}

impl Report for Written {
    const KIND: &'static str = "evidence_file";

    fn lines(&self, page: &mut Page<'_>) {
        let args =
            text::Args::none().text("path", self.path.display()).number("count", self.statements as u64);
        page.say_in(Tone::Good, msg!("receipts-written"), &args);
    }
}
