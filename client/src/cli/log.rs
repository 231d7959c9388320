//! `samverkan log`: the hub's log, checked from its first leaf on, and written down for others; and what its operators have signed.

mod actions;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use data_encoding::HEXLOWER;
use samverkan_proto::statement::log::audit::{self, AuditError, Audited};
use serde::Serialize;

use super::context::Context;
use super::input;
use super::moment::Moment;
use super::output::{Output, Report};
use super::page::{Page, Tone};
use crate::directory::Directory;
use crate::directory::evidence::{LogEvidence, Proven};
use crate::error::{Code, Error, Result};
use crate::files;
use crate::msg;
use crate::session::{HubFacts, public_directory};
use crate::text;

/// The largest file that is read: a country's log for some years.
const MAX_LOG_FILE: u64 = 4 << 30;

#[derive(Args)]
pub(super) struct Log {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    Verify(Verify),
    Export(Export),
    Actions(Actions),
}

#[derive(Args)]
struct Actions {}

#[derive(Args)]
struct Verify {
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
}

#[derive(Args)]
struct Export {
    #[arg(short = 'o', long, value_name = "FILE")]
    output: PathBuf,
}

impl Log {
    pub(super) fn run(self, context: &Context, output: &mut Output) -> Result<()> {
        let (hub, directory) = public_directory(&context.profile()?, &context.clock)?;
        match self.action {
            Action::Verify(Verify { file: None }) => verify_own(&directory, output),
            Action::Verify(Verify { file: Some(path) }) => {
                verify_file(&path, &hub, &directory, context.clock.now_ms(), output)
            }
            Action::Export(Export { output: path }) => export(path, &directory, output),
            Action::Actions(Actions {}) => actions::run(&directory, output),
        }
    }
}

/// Checks the copy on this computer.
fn verify_own(directory: &Directory, output: &mut Output) -> Result<()> {
    output.result(&Good::of(&directory.audit().map_err(invalid)?))?;
    if directory.is_forked() {
        let why = text::Args::none().because(&msg!("cause-evidence-kept"));
        return Err(Error::with(Code::LogForked, why));
    }
    Ok(())
}

/// Checks an exported log, or evidence against the hub, with nothing but the hub's keys as they were pinned at join.
fn verify_file(
    path: &Path,
    hub: &HubFacts,
    directory: &Directory,
    now_ms: u64,
    output: &mut Output,
) -> Result<()> {
    let bytes = input::read_file(path, "FILE", MAX_LOG_FILE)?;
    if let Some(evidence) = LogEvidence::read(&bytes) {
        let proven = evidence.judge(&hub.name, directory.pins()).ok_or(Error::new(Code::EvidenceInvalid))?;
        return output.result(&EvidenceReport::of(&evidence, proven));
    }
    let pin = directory.pins().digest();
    let audited = audit::verify(&mut bytes.as_slice(), Some(&pin)).map_err(invalid)?;
    // The same hub has signed both, so neither may contradict the other.
    directory.compare(audited.checkpoint.note().clone(), now_ms)?;
    output.result(&Good::of(&audited))
}

fn export(path: PathBuf, directory: &Directory, output: &mut Output) -> Result<()> {
    let file = directory.export()?.ok_or_else(|| invalid(AuditError::NoKeys))?;
    if path == Path::new("-") {
        return output.binary(&file);
    }
    files::create_private(&path, &file)?;
    output.result(&Written { path, leaves: directory.size() })
}

fn invalid(error: AuditError) -> Error {
    Error::with(Code::LogInvalid, text::Args::none().because(&error))
}

/// A log in which nothing is wrong.
#[derive(Serialize)]
struct Good {
    hub: String,
    leaves: u64,
    root: String,
    organisations: u64,
    /// When the hub said that this was its newest log; absent if it did not.
    cosigned_at: Option<Moment>,
}

impl Good {
    fn of(audited: &Audited) -> Self {
        let head = audited.checkpoint.head();
        Self {
            hub: audited.hub.to_string(),
            leaves: head.size,
            root: HEXLOWER.encode(&head.root),
            organisations: audited.organisations,
            cosigned_at: audited.checkpoint.cosigned_ms().map(Moment),
        }
    }
}

impl Report for Good {
    const KIND: &'static str = "log_audit";

    fn lines(&self, page: &mut Page<'_>) {
        let args = text::Args::none()
            .text("hub", &self.hub)
            .number("leaves", self.leaves)
            .number("organisations", self.organisations);
        page.say_in(Tone::Good, msg!("log-good"), &args);
        if let Some(at) = self.cosigned_at {
            page.say(msg!("log-newest-at"), &text::Args::none().text("at", at.local(page.text())));
        }
    }
}

/// What a file of evidence proves.
#[derive(Serialize)]
struct EvidenceReport {
    proven: &'static str,
    fault: String,
    found_at: Moment,
    #[serde(skip)]
    what: Proven,
}

impl EvidenceReport {
    fn of(evidence: &LogEvidence, what: Proven) -> Self {
        let (fault, found_at) = (evidence.fault().to_owned(), Moment(evidence.found_ms()));
        Self { proven: what.name(), fault, found_at, what }
    }
}

impl Report for EvidenceReport {
    const KIND: &'static str = "log_evidence_verdict";

    fn lines(&self, page: &mut Page<'_>) {
        let id = match self.what {
            Proven::Forked => msg!("log-proven-forked"),
            Proven::StoodStill => msg!("log-proven-stood-still"),
            Proven::EntrySigned => msg!("log-proven-entry"),
            Proven::SignedOnly => msg!("log-proven-signed-only"),
        };
        page.say_in(Tone::Warning, id, &text::Args::none());
        let args = text::Args::none().text("fault", &self.fault).text("at", self.found_at.local(page.text()));
        page.say(msg!("log-found"), &args);
    }
}

/// Where the log is.
#[derive(Serialize)]
struct Written {
    path: PathBuf,
    leaves: u64,
}

impl Report for Written {
    const KIND: &'static str = "log_file";

    fn lines(&self, page: &mut Page<'_>) {
        let args = text::Args::none().text("path", self.path.display()).number("leaves", self.leaves);
        page.say_in(Tone::Good, msg!("log-written"), &args);
    }
}
