//! The text and the attachments of a message in a case, from options and files.
//!
//! `--from-file` takes a JSON object with `text`, `attachments` (a list of paths) and `keep_metadata`, so that no file's name has to stand on the command
//! line; an option wins over the file.

use std::path::PathBuf;

use clap::Args;

use super::console::{Console, Question};
use super::fields::Fields;
use super::input;
use super::output::Output;
use crate::error::{Code, Error, Result};
use crate::msg;
use crate::session::model::Reply;

/// Asks for the text.
pub(super) const TEXT: Question = Question { text: msg!("ask-text"), option: "--text-file" };

#[derive(Args, Default)]
pub(super) struct Letter {
    #[arg(long, value_name = "FILE")]
    text_file: Option<PathBuf>,
    #[arg(long, value_name = "FILE", num_args = 1..)]
    attach: Vec<PathBuf>,
    #[arg(long)]
    keep_metadata: bool,
    #[arg(long, value_name = "FILE")]
    from_file: Option<PathBuf>,
}

/// A message as far as it is composed.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Unfinished {
    text: Option<String>,
    attachments: Vec<PathBuf>,
    keep_metadata: bool,
}

impl Letter {
    /// What the options and the file say, with every attachment looked at.
    ///
    /// # Errors
    /// What the files are refused for.
    pub(super) fn gather(self, console: &mut Console, output: &Output) -> Result<Unfinished> {
        let unfinished = self.read(console)?;
        input::check_attachments(&unfinished.attachments, unfinished.keep_metadata, output.text())?;
        Ok(unfinished)
    }

    fn read(self, console: &mut Console) -> Result<Unfinished> {
        let inputs = [&self.from_file, &self.text_file];
        if inputs.into_iter().flatten().filter(|path| path.as_os_str() == "-").count() > 1 {
            return Err(Error::new(Code::StdinTwice));
        }
        let mut unfinished = match &self.from_file {
            Some(path) => parse(&input::read_text(path, "--from-file", console)?)?,
            None => Unfinished::default(),
        };
        if let Some(path) = &self.text_file {
            unfinished.text = Some(input::read_text(path, TEXT.option, console)?);
        }
        if !self.attach.is_empty() {
            unfinished.attachments = self.attach;
        }
        unfinished.keep_metadata |= self.keep_metadata;
        Ok(unfinished)
    }
}

impl Unfinished {
    /// The message; the person is asked for a text that is missing.
    ///
    /// # Errors
    /// As [`Console::paragraph`].
    pub(super) fn ask(self, console: &mut Console, output: &mut Output, question: Question) -> Result<Reply> {
        let text = match self.text {
            Some(text) => text,
            None => console.paragraph(output, question)?,
        };
        Ok(Reply { text, attachments: self.attachments, keep_metadata: self.keep_metadata })
    }

    /// The message, which needs no text.
    pub(super) fn finish(self) -> Reply {
        Reply {
            text: self.text.unwrap_or_default(),
            attachments: self.attachments,
            keep_metadata: self.keep_metadata,
        }
    }
}

fn parse(json: &str) -> Result<Unfinished> {
    let mut fields = Fields::parse(json)?;
    let unfinished = Unfinished {
        text: fields.take("text")?,
        attachments: fields.take("attachments")?.unwrap_or_default(),
        keep_metadata: fields.take("keep_metadata")?.unwrap_or_default(),
    };
    fields.nothing_left()?;
    Ok(unfinished)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::console::Style;

    fn letter(from_file: Option<&str>, text_file: Option<&str>, attach: &[&str]) -> Letter {
        Letter {
            text_file: text_file.map(PathBuf::from),
            attach: attach.iter().map(PathBuf::from).collect(),
            keep_metadata: false,
            from_file: from_file.map(PathBuf::from),
        }
    }

    fn gathered(letter: Letter, stdin: &str) -> Result<Unfinished> {
        letter.read(&mut Console::scripted(stdin.as_bytes().to_vec(), Style::Nobody))
    }

    #[test]
    fn the_file_names_what_the_command_line_need_not() {
        let json = r#"{"text":"hej","attachments":["rapport.pdf"]}"#;
        let whole = Unfinished {
            text: Some("hej".to_owned()),
            attachments: vec!["rapport.pdf".into()],
            keep_metadata: false,
        };
        assert_eq!(gathered(letter(Some("-"), None, &[]), json), Ok(whole));
        let attached = gathered(letter(Some("-"), None, &["b.pdf"]), json).expect("valid");
        assert_eq!(attached.attachments, [PathBuf::from("b.pdf")], "an option wins");
        let twice = gathered(letter(Some("-"), Some("-"), &[]), json).expect_err("one stdin");
        assert_eq!(twice.code(), Code::StdinTwice);
    }

    #[test]
    fn a_field_that_is_not_known_is_refused() {
        let error = gathered(letter(Some("-"), None, &[]), r#"{"texts":"hej"}"#).expect_err("refused");
        assert_eq!(
            error,
            Error::with(
                Code::FieldUnknown,
                crate::text::Args::none().text("known", "text, attachments, keep_metadata")
            )
        );
        let error = gathered(letter(Some("-"), None, &[]), r#"{"text":["hej"]}"#).expect_err("refused");
        assert_eq!(error, Error::with(Code::FieldInvalid, crate::text::Args::none().text("field", "text")));
    }
}
