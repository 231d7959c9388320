//! The only writer to standard output and standard error, except the log.
//!
//! Results go to stdout, notices and errors to stderr. With `--json` a result is one document with
//! `schema_version`, and an error is one, too.

use std::io::{self, Write};

use serde::Serialize;

use super::failure::{Failure, FailureDocument};

/// The version of every document's layout.
const SCHEMA_VERSION: u32 = 1;

/// Where a command writes.
pub struct Output<'a> {
    out: Box<dyn Write + Send + 'a>,
    err: Box<dyn Write + Send + 'a>,
    json: bool,
}

#[derive(Serialize)]
struct Document<'a, T> {
    schema_version: u32,
    #[serde(flatten)]
    content: &'a T,
}

impl<'a> Output<'a> {
    /// To the process's own streams.
    pub fn standard(json: bool) -> Self {
        Self::to(anstream::stdout(), anstream::stderr(), json)
    }

    /// To any two streams.
    pub fn to(out: impl Write + Send + 'a, err: impl Write + Send + 'a, json: bool) -> Self {
        Self { out: Box::new(out), err: Box::new(err), json }
    }

    /// Writes a result: as a document for programs, or as `text` for people.
    ///
    /// # Errors
    /// What the stream said; a closed pipe among it.
    pub fn result<T: Serialize>(&mut self, content: &T, text: impl FnOnce() -> String) -> io::Result<()> {
        if self.json {
            let document = Document { schema_version: SCHEMA_VERSION, content };
            serde_json::to_writer(&mut self.out, &document)?;
            writeln!(self.out)?;
        } else {
            writeln!(self.out, "{}", text())?;
        }
        self.out.flush()
    }

    /// Writes a line beside the result, for people only.
    pub fn notice(&mut self, line: &str) {
        if !self.json {
            // Nobody is helped by a failure to write a notice.
            let _ = writeln!(self.err, "{line}");
        }
    }

    /// Writes an error. If that fails, the exit code still tells.
    pub fn failure(&mut self, failure: &Failure) {
        if self.json {
            let document =
                Document { schema_version: SCHEMA_VERSION, content: &FailureDocument::from(failure) };
            if serde_json::to_writer(&mut self.err, &document).is_ok() {
                let _ = writeln!(self.err);
            }
        } else {
            // What is wrong with a file is shown with the lines that are wrong.
            let lines: Vec<String> = failure.to_string().lines().map(safe).collect();
            let _ = writeln!(self.err, "{}", lines.join("\n"));
        }
    }
}

/// Writes the one line that a panic leaves: where, never what.
pub fn panic_line(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// `text` with everything that could steer a terminal or change the reading order made visible.
pub fn safe(text: &str) -> String {
    let steers = |c: char| {
        c.is_control()
            || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    text.chars().map(|c| if steers(c) { c.escape_unicode().to_string() } else { c.to_string() }).collect()
}

#[cfg(test)]
mod tests {
    use super::super::exit::Exit;
    use super::*;

    #[derive(Serialize)]
    struct Answer {
        answer: u8,
    }

    fn written(json: bool, write: impl FnOnce(&mut Output<'_>)) -> (String, String) {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        write(&mut Output::to(&mut out, &mut err, json));
        (String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
    }

    #[test]
    fn people_get_text_and_programs_get_documents() {
        let write = |output: &mut Output<'_>| {
            output.result(&Answer { answer: 42 }, || "forty-two".to_owned()).unwrap();
            output.notice("by the way");
        };
        assert_eq!(written(false, write), ("forty-two\n".to_owned(), "by the way\n".to_owned()));
        assert_eq!(
            written(true, write),
            ("{\"schema_version\":1,\"answer\":42}\n".to_owned(), String::new())
        );
    }

    #[test]
    fn an_error_names_its_code_the_next_step_and_the_exit() {
        let failure = Failure::new("NO_SUCH", "It is not there.", "look elsewhere", Exit::NotFound);
        let (_, text) = written(false, |output| output.failure(&failure));
        assert_eq!(text, "error [NO_SUCH] It is not there. next: look elsewhere (exit 4)\n");
        let (_, json) = written(true, |output| output.failure(&failure));
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(
            (json["error"]["code"].as_str(), json["error"]["exit"].as_u64()),
            (Some("NO_SUCH"), Some(4))
        );
    }

    #[test]
    fn terminals_can_not_be_steered() {
        let failure = Failure::new("WRONG", "one\ntwo \u{1b}[31m\u{202e}", "mend it", Exit::NotSetUp);
        let (_, text) = written(false, |output| output.failure(&failure));
        assert_eq!(text, "error [WRONG] one\ntwo \\u{1b}[31m\\u{202e} next: mend it (exit 3)\n");
        assert_eq!(safe("Jouren Åäö"), "Jouren Åäö");
        assert_eq!(safe("a\u{1b}[31m\u{202e}b\n"), "a\\u{1b}[31m\\u{202e}b\\u{a}");
    }
}
