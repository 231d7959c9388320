//! `samverkan export`: a case in the clear, for the authority's own archive, another system, or paper.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use samverkan_proto::statement::safety::CaseReference;
use serde::Serialize;

use super::cloud;
use super::context::Context;
use super::json;
use super::moment::Moment;
use super::output::{Output, Report};
use super::page::{Layout, Page, Tone};
use super::reference::parse_reference;
use super::show::Opened;
use crate::error::{Code, Error, Result};
use crate::export::fhir;
use crate::files;
use crate::msg;
use crate::session::Session;
use crate::text;

#[derive(Args)]
pub(super) struct Export {
    #[arg(value_name = "REF", value_parser = parse_reference)]
    reference: CaseReference,
    #[arg(long, value_enum)]
    format: Form,
    #[arg(short = 'o', long, value_name = "PATH")]
    output: PathBuf,
}

/// What it is exported as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Form {
    /// A document of ours.
    Json,
    /// A FHIR R4 Bundle.
    Fhir,
    /// Plain text to print.
    Print,
}

impl Form {
    const fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Fhir => "fhir",
            Self::Print => "print",
        }
    }

    /// What a file of it ends in.
    const fn ending(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Fhir => "fhir.json",
            Self::Print => "txt",
        }
    }
}

impl Export {
    pub(super) fn run(self, context: &mut Context, output: &mut Output) -> Result<()> {
        let mut session = context.session(output)?;
        let content = self.content(&mut session, context.clock.now_ms(), output)?;
        if self.output == Path::new("-") {
            return output.document(&content);
        }
        let path = self.target();
        cloud::warn(&path, output);
        files::create_private(&path, content.as_bytes())?;
        let (reference, format) = (self.reference.to_string(), self.format.name());
        output.result(&Exported { reference, format, path, bytes: content.len() as u64 })
    }

    /// The export as text. Nothing in it acts on a terminal.
    fn content(&self, session: &mut Session, now_ms: u64, output: &Output) -> Result<String> {
        let case = session.archive(&self.reference)?;
        let written = match self.format {
            Form::Json => json::document("case", &case),
            Form::Fhir => json::foreign(&fhir::bundle(&case)),
            Form::Print => {
                let mut page = Page::new(output.text(), Layout { plain: true, colour: false });
                let args = text::Args::none().text("reference", self.reference);
                let args = args.text("at", Moment(now_ms).local(output.text()));
                page.say(msg!("export-title"), &args).blank();
                Opened::of(&session.thread(&self.reference)?, now_ms).lines(&mut page);
                return Ok(page.finish());
            }
        };
        let bytes = written.map_err(|_| Error::new(Code::ProgramDefect))?;
        String::from_utf8(bytes).map_err(|_| Error::new(Code::ProgramDefect))
    }

    /// The path that is given; inside it, if that is a folder, a name that says nothing but the reference.
    fn target(&self) -> PathBuf {
        match self.output.is_dir() {
            true => self.output.join(format!("{}.{}", self.reference, self.format.ending())),
            false => self.output.clone(),
        }
    }
}

/// What was exported.
#[derive(Serialize)]
struct Exported {
    reference: String,
    format: &'static str,
    path: PathBuf,
    bytes: u64,
}

impl Report for Exported {
    const KIND: &'static str = "exported";

    fn lines(&self, page: &mut Page<'_>) {
        let args = text::Args::none().text("path", self.path.display()).number("bytes", self.bytes);
        page.say_in(Tone::Good, msg!("save-done"), &args);
        page.say(msg!("save-is-in-the-clear"), &text::Args::none());
    }
}
