//! The only writer to stdout and stderr.
//!
//! Results go to stdout: lines for people, or one JSON document a line. Notices, progress and errors go to stderr.
//! When the reader of stdout goes away (`samverkan inbox | head`), the program ends quietly. Exit codes are not
//! decided here.

use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;

use super::json;
use super::page::{Layout, Page};
use super::progress::{Display, Progress};
use crate::error::{Code, Error, Result};
use crate::msg;
use crate::text::{Args, Language, MessageId, Text};

/// Empties a terminal and goes to its upper left corner (ECMA-48, ED and CUP).
const CLEAR: &str = "\x1b[2J\x1b[H";

/// What a command has to tell: a document for programs, lines for people.
pub trait Report: Serialize {
    /// The kind of document, in the field `kind`.
    const KIND: &'static str;

    /// The same for people.
    fn lines(&self, page: &mut Page<'_>);
}

/// The form in which results are wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// Lines and tables, colour where the terminal has it.
    #[default]
    Human,
    /// `--plain`: lines only, for screen readers.
    Plain,
    /// `--json`: a JSON document a line.
    Json,
}

/// Where results, notices and errors go.
pub struct Output {
    format: Format,
    text: Arc<Text>,
    out: Sink,
    err: Sink,
}

struct Sink {
    writer: Box<dyn Write + Send>,
    terminal: bool,
    colour: bool,
}

impl Output {
    /// Writes to this process's stdout and stderr.
    #[must_use]
    pub fn stdio(format: Format, language: Language) -> Self {
        let (out, err) = (io::stdout(), io::stderr());
        let colour = |choice| choice != anstream::ColorChoice::Never;
        let sinks = (
            Sink {
                terminal: out.is_terminal(),
                colour: colour(anstream::AutoStream::choice(&out)),
                writer: Box::new(out),
            },
            Sink {
                terminal: err.is_terminal(),
                colour: colour(anstream::AutoStream::choice(&err)),
                writer: Box::new(err),
            },
        );
        Self { format, text: Arc::new(Text::of(language)), out: sinks.0, err: sinks.1 }
    }

    /// Collects what is written, for tests and for programs that embed the client.
    #[must_use]
    pub fn captured(format: Format, language: Language) -> (Self, Captured) {
        let captured = Captured::default();
        let sink =
            |buffer: &Buffer| Sink { writer: Box::new(buffer.clone()), terminal: false, colour: false };
        let output = Self {
            format,
            text: Arc::new(Text::of(language)),
            out: sink(&captured.out),
            err: sink(&captured.err),
        };
        (output, captured)
    }

    /// The form in which results are wanted.
    #[must_use]
    pub const fn format(&self) -> Format {
        self.format
    }

    /// The language in use.
    #[must_use]
    pub fn text(&self) -> &Arc<Text> {
        &self.text
    }

    /// A result, or one item of a stream of results. It is on its way when this returns.
    ///
    /// # Errors
    /// [`Code::OutputClosed`] when the reader went away, [`Code::OutputFailed`] when writing fails.
    pub fn result<R: Report>(&mut self, report: &R) -> Result<()> {
        let bytes = match self.format {
            Format::Json => json::document(R::KIND, report).map_err(|_| Error::new(Code::ProgramDefect))?,
            Format::Human | Format::Plain => {
                let layout = Layout { plain: self.format == Format::Plain, colour: self.out.colour };
                let mut page = Page::new(&self.text, layout);
                report.lines(&mut page);
                page.finish().into_bytes()
            }
        };
        self.write_out(&bytes)
    }

    /// Bytes as they are: an attachment for another program, never for a terminal.
    ///
    /// # Errors
    /// [`Code::OutputIsTerminal`], and as [`Output::result`].
    pub fn binary(&mut self, bytes: &[u8]) -> Result<()> {
        if self.out.terminal {
            return Err(Error::new(Code::OutputIsTerminal));
        }
        self.write_out(bytes)
    }

    /// Text that is made for a file or another program: completions, a manual page.
    ///
    /// # Errors
    /// As [`Output::result`].
    pub fn document(&mut self, text: &str) -> Result<()> {
        self.write_out(text.as_bytes())
    }

    /// A sentence for people, on stderr. Failing to write it is no reason to stop.
    pub fn notice(&mut self, id: MessageId, args: &Args) {
        let line = format!("{}\n", self.text.get(id, args));
        self.write_err(&line);
    }

    /// A question for a person, on stderr.
    pub fn ask(&mut self, question: &str) {
        self.write_err(&format!("{question}\n"));
    }

    /// Makes room for the next question: a screen of its own where there is one, else an empty line.
    pub fn turn_page(&mut self) {
        let whole_screen = self.format == Format::Human && self.err.terminal;
        self.write_err(if whole_screen { CLEAR } else { "\n" });
    }

    /// An error, on stderr, in the form that is wanted.
    pub fn error(&mut self, error: &Error) {
        if error.code() == Code::OutputClosed {
            return;
        }
        let explained = error.explain(&self.text);
        let line = match self.format {
            Format::Json => json::document("error", &ErrorDocument { error: &explained })
                .ok()
                .and_then(|line| String::from_utf8(line).ok())
                .unwrap_or_default(),
            Format::Human | Format::Plain => format!("{explained}\n"),
        };
        self.write_err(&line);
    }

    /// What is wrong with an answer that a person gave, who is asked again; on stderr, without the end of the command that an error is.
    pub fn complaint(&mut self, error: &Error) {
        let explained = error.explain(&self.text);
        self.write_err(&format!(
            "{} {}\n",
            explained.message,
            self.text.get(msg!("ask-again"), &Args::none().text("next", explained.next))
        ));
    }

    /// Starts showing progress towards `total` units on stderr.
    #[must_use]
    pub fn progress(&self, label: MessageId, total: u64) -> Progress {
        let display = match self.format {
            Format::Json => Display::Hidden,
            Format::Plain => Display::Lines,
            Format::Human if self.err.terminal => Display::Bar,
            Format::Human => Display::Hidden,
        };
        Progress::new(self.text.get(label, &Args::none()), total, display)
    }

    /// Shows that `units` more are done.
    pub fn advance(&mut self, progress: &mut Progress, units: u64) {
        if let Some(line) = progress.advance(units) {
            self.write_err(&format!("{line}\n"));
        }
    }

    fn write_out(&mut self, bytes: &[u8]) -> Result<()> {
        let written = self.out.writer.write_all(bytes).and_then(|()| self.out.writer.flush());
        written.map_err(|error| match error.kind() {
            io::ErrorKind::BrokenPipe => Error::new(Code::OutputClosed),
            kind => Error::with(Code::OutputFailed, Args::none().because(&kind)),
        })
    }

    fn write_err(&mut self, line: &str) {
        // There is nowhere left to say that stderr can not be written.
        let _ = self.err.writer.write_all(line.as_bytes()).and_then(|()| self.err.writer.flush());
    }
}

#[derive(Serialize)]
struct ErrorDocument<'a> {
    error: &'a crate::error::Explained,
}

/// The last words of a panic. They go to stderr whatever form is wanted.
pub(crate) fn panic_line(line: &str) {
    // A panic while panicking would abort; a stderr that can not be written is passed over.
    let _ = writeln!(io::stderr(), "{line}");
}

#[derive(Clone, Default)]
struct Buffer(Arc<Mutex<Vec<u8>>>);

impl Buffer {
    fn text(&self) -> String {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What an [`Output`] wrote.
#[derive(Clone, Default)]
pub struct Captured {
    out: Buffer,
    err: Buffer,
}

impl Captured {
    /// What went to stdout.
    #[must_use]
    pub fn stdout(&self) -> String {
        self.out.text()
    }

    /// What went to stderr.
    #[must_use]
    pub fn stderr(&self) -> String {
        self.err.text()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize)]
    struct Greeting {
        name: &'static str,
    }

    impl Report for Greeting {
        const KIND: &'static str = "greeting";

        fn lines(&self, page: &mut Page<'_>) {
            page.line(self.name);
        }
    }

    struct Failing(io::ErrorKind);

    impl Write for Failing {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn captured(format: Format) -> (Output, Captured) {
        Output::captured(format, Language::English)
    }

    fn failing(kind: io::ErrorKind) -> Output {
        let (mut output, _) = captured(Format::Human);
        output.out.writer = Box::new(Failing(kind));
        output
    }

    #[test]
    fn results_go_to_stdout_and_notices_and_errors_to_stderr() {
        let (mut output, captured) = captured(Format::Human);
        output.result(&Greeting { name: "hej" }).expect("written");
        output.notice(MessageId::named("a-notice"), &Args::none());
        output.error(&Error::new(Code::WrongPassphrase));
        assert_eq!(captured.stdout(), "hej\n");
        assert!(
            captured.stderr().starts_with("a-notice\nerror [WRONG_PASSPHRASE] "),
            "{}",
            captured.stderr()
        );
    }

    #[test]
    fn as_json_every_line_is_a_document() {
        let (mut output, captured) = captured(Format::Json);
        output.result(&Greeting { name: "ett\n\u{202e}" }).expect("written");
        output.result(&Greeting { name: "två" }).expect("written");
        output.error(&Error::new(Code::WrongPassphrase));
        let parse = |line: &str| serde_json::from_str::<serde_json::Value>(line).expect("JSON");
        let lines: Vec<_> = captured.stdout().lines().map(parse).collect();
        assert_eq!(lines.len(), 2);
        assert!(lines.iter().all(|line| line["schema_version"] == 1 && line["kind"] == "greeting"));
        let error = parse(&captured.stderr());
        assert_eq!(error["error"]["code"], "WRONG_PASSPHRASE");
        assert_eq!(error["schema_version"], 1);
    }

    #[test]
    fn a_reader_that_went_away_ends_the_program_quietly() {
        let mut output = failing(io::ErrorKind::BrokenPipe);
        let error = output.result(&Greeting { name: "hej" }).expect_err("nobody reads");
        assert_eq!((error.code(), error.exit().code()), (Code::OutputClosed, 0));
        let (mut quiet, captured) = captured(Format::Human);
        quiet.error(&error);
        assert_eq!(captured.stderr(), "");
    }

    #[test]
    fn a_full_disk_under_stdout_is_an_error() {
        let error = failing(io::ErrorKind::StorageFull).document("x").expect_err("full");
        assert_eq!(error.code(), Code::OutputFailed);
    }

    #[test]
    fn binary_data_never_reaches_a_terminal() {
        let (mut output, captured) = captured(Format::Human);
        output.binary(b"\x00\x01").expect("a pipe is fine");
        output.out.terminal = true;
        assert_eq!(output.binary(b"\x00\x01").expect_err("refused").code(), Code::OutputIsTerminal);
        assert_eq!(captured.stdout(), "\0\u{1}");
    }
}
