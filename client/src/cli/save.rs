//! `samverkan save`: an attachment in the clear, in a file that only this user can read.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use samverkan_proto::statement::safety::CaseReference;
use serde::Serialize;

use super::cloud;
use super::context::Context;
use super::output::{Output, Report};
use super::page::{Page, Tone};
use super::reference::parse_reference;
use super::steps::Steps;
use crate::error::{Code, Error, Result};
use crate::filenames;
use crate::files::{self, FileError};
use crate::msg;
use crate::session::Session;
use crate::session::model::AttachmentLine;
use crate::session::model::Silent;
use crate::text;

#[derive(Args)]
pub(super) struct Save {
    #[arg(value_name = "REF", value_parser = parse_reference)]
    reference: CaseReference,
    #[arg(long, value_name = "N")]
    attachment: Option<usize>,
    #[arg(short = 'o', long, value_name = "PATH")]
    output: Option<PathBuf>,
    #[arg(long)]
    force: bool,
}

impl Save {
    pub(super) fn run(self, context: &mut Context, output: &mut Output) -> Result<()> {
        let to_stdout = self.output.as_deref() == Some(Path::new("-"));
        if to_stdout {
            // A terminal is refused before the passphrase is asked for.
            output.binary(&[])?;
        }
        let mut session = context.session(output)?;
        session.thread(&self.reference)?.check_senders()?;
        let number = self.number(&session)?;
        let line = session.attachment_line(&self.reference, number)?;
        if to_stdout {
            session.open_attachment(&self.reference, number)?;
            return session.attachment(&self.reference, number, &mut Binary(output), &mut Silent);
        }
        let path = target(self.output, &line);
        if cloud::is_synced(&path) {
            // What is copied to somebody else's computer has left the organisation.
            session.may_leave(&self.reference)?;
        }
        cloud::warn(&path, output);
        files::stream_private(&path, self.force, |file| {
            session.open_attachment(&self.reference, number)?;
            let mut steps = Steps::stoppable(output, context.interrupt.clone());
            let mut out = Remembering { file, failed: None };
            let saved = session.attachment(&self.reference, number, &mut out, &mut steps);
            match out.failed {
                Some(kind) => Err(FileError::from_io(&path, kind.into()).into()),
                None => saved,
            }
        })?;
        output.result(&Saved::of(&self.reference, &line, path))
    }

    /// The attachment that is asked for, or the only one.
    fn number(&self, session: &Session) -> Result<usize> {
        if let Some(number) = self.attachment {
            return Ok(number);
        }
        match session.attachment_line(&self.reference, 2) {
            Ok(_) => {
                let args = text::Args::none().text("option", "--attachment");
                Err(Error::with(Code::ArgumentMissing, args))
            }
            Err(error) if error.code() == Code::AttachmentUnknown => Ok(1),
            Err(error) => Err(error),
        }
    }
}

/// Where it goes: the path that is given; inside it, if that is a folder; else here. The sender's name for it may be a person's, and
/// stays inside the seal: without a path it is called by its number.
fn target(given: Option<PathBuf>, line: &AttachmentLine) -> PathBuf {
    let name = filenames::outgoing(line.number, &line.name);
    match given {
        None => PathBuf::from(name),
        Some(folder) if folder.is_dir() => folder.join(name),
        Some(path) => path,
    }
}

/// Stdout, for bytes.
struct Binary<'a>(&'a mut Output);

impl Write for Binary<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.0.binary(bytes).map(|()| bytes.len());
        written.map_err(|error| match error.code() {
            Code::OutputClosed => io::ErrorKind::BrokenPipe.into(),
            _ => io::Error::other(error),
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A file that remembers why it could not be written.
struct Remembering<'a> {
    file: &'a mut File,
    failed: Option<io::ErrorKind>,
}

impl Write for Remembering<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes).inspect_err(|error| self.failed = Some(error.kind()))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// What was saved.
#[derive(Serialize)]
struct Saved {
    reference: String,
    attachment: usize,
    path: PathBuf,
    bytes: u64,
    media_type: String,
}

impl Saved {
    fn of(reference: &CaseReference, line: &AttachmentLine, path: PathBuf) -> Self {
        Self {
            reference: reference.to_string(),
            attachment: line.number,
            path,
            bytes: line.len,
            media_type: line.media_type.clone(),
        }
    }
}

impl Report for Saved {
    const KIND: &'static str = "saved";

    fn lines(&self, page: &mut Page<'_>) {
        let args = text::Args::none().text("path", self.path.display()).number("bytes", self.bytes);
        page.say_in(Tone::Good, msg!("save-done"), &args);
        page.say(msg!("save-is-in-the-clear"), &text::Args::none());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(name: &str) -> AttachmentLine {
        AttachmentLine { number: 1, name: name.to_owned(), media_type: String::new(), len: 1 }
    }

    #[test]
    fn bad_132_the_senders_name_chooses_neither_place_nor_name() {
        let dir = tempfile::tempdir().expect("tempdir");
        for (name, safe) in [
            ("../../.ssh/authorized_keys", "bilaga-1.bin"),
            ("/etc/passwd", "bilaga-1.bin"),
            ("..", "bilaga-1.bin"),
            ("-rf", "bilaga-1.bin"),
            ("a\u{202e}fdp.exe", "bilaga-1.exe"),
            ("Exempel Exempelsson.PDF", "bilaga-1.pdf"),
        ] {
            assert_eq!(target(None, &line(name)), Path::new(safe), "{name}");
            assert_eq!(target(Some(dir.path().to_owned()), &line(name)), dir.path().join(safe), "{name}");
        }
        assert_eq!(target(Some("här.pdf".into()), &line("../x")), Path::new("här.pdf"));
    }
}
