//! `samverkan reply`: an answer in a thread, and the receipt that says there is one.
//!
//! `--from-file` takes a JSON object with `text` and `attachments` (a list of paths), so that no file's name has to stand on the command
//! line; an option wins over the file.

use std::path::PathBuf;

use clap::Args;
use samverkan_proto::statement::safety::CaseReference;

use super::console::{Console, Question};
use super::context::Context;
use super::fields::Fields;
use super::input;
use super::output::Output;
use super::reference::parse_reference;
use super::send::SentReport;
use super::steps::Steps;
use crate::error::{Code, Error, Result};
use crate::msg;
use crate::session::model;

const TEXT: Question = Question { text: msg!("ask-text"), option: "--text-file" };

#[derive(Args)]
pub(super) struct Reply {
    #[arg(value_name = "REF", value_parser = parse_reference)]
    reference: CaseReference,
    #[arg(long, value_name = "FILE")]
    text_file: Option<PathBuf>,
    #[arg(long, value_name = "FILE", num_args = 1..)]
    attach: Vec<PathBuf>,
    #[arg(long, value_name = "FILE")]
    from_file: Option<PathBuf>,
}

/// An answer as far as it is composed.
#[derive(Debug, Default, PartialEq)]
struct Unfinished {
    text: Option<String>,
    attachments: Vec<PathBuf>,
}

impl Reply {
    pub(super) async fn run(self, context: &mut Context, output: &mut Output) -> Result<()> {
        let reference = self.reference;
        let Unfinished { text, attachments } = self.gather(&mut context.console)?;
        input::check_attachments(&attachments, output.text())?;
        let mut session = context.session(output)?;
        // A wrong reference is told before anything is written.
        session.thread(&reference)?;
        session.check_handler()?;
        let text = match text {
            Some(text) => text,
            None => context.console.paragraph(output, TEXT)?,
        };
        let reply = model::Reply { text, attachments };
        let sent = session.reply(&reference, reply, &mut Steps::new(output)).await?;
        SentReport::of(&sent).tell(output)
    }

    /// What the options and the file say.
    fn gather(self, console: &mut Console) -> Result<Unfinished> {
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
        Ok(unfinished)
    }
}

fn parse(json: &str) -> Result<Unfinished> {
    let mut fields = Fields::parse(json)?;
    let unfinished = Unfinished {
        text: fields.take("text")?,
        attachments: fields.take("attachments")?.unwrap_or_default(),
    };
    fields.nothing_left()?;
    Ok(unfinished)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::console::Style;

    fn reply(from_file: Option<&str>, text_file: Option<&str>, attach: &[&str]) -> Reply {
        Reply {
            reference: "222-222-2".parse().expect("a reference"),
            text_file: text_file.map(PathBuf::from),
            attach: attach.iter().map(PathBuf::from).collect(),
            from_file: from_file.map(PathBuf::from),
        }
    }

    fn gathered(reply: Reply, stdin: &str) -> Result<Unfinished> {
        reply.gather(&mut Console::scripted(stdin.as_bytes().to_vec(), Style::Nobody))
    }

    #[test]
    fn the_file_names_what_the_command_line_need_not() {
        let json = r#"{"text":"hej","attachments":["rapport.pdf"]}"#;
        let whole = Unfinished { text: Some("hej".to_owned()), attachments: vec!["rapport.pdf".into()] };
        assert_eq!(gathered(reply(Some("-"), None, &[]), json), Ok(whole));
        let attached = gathered(reply(Some("-"), None, &["b.pdf"]), json).expect("valid");
        assert_eq!(attached.attachments, [PathBuf::from("b.pdf")], "an option wins");
        let twice = gathered(reply(Some("-"), Some("-"), &[]), json).expect_err("one stdin");
        assert_eq!(twice.code(), Code::StdinTwice);
    }

    #[test]
    fn a_field_that_is_not_known_is_refused() {
        let error = gathered(reply(Some("-"), None, &[]), r#"{"texts":"hej"}"#).expect_err("refused");
        assert_eq!(
            error,
            Error::with(Code::FieldUnknown, crate::text::Args::none().text("known", "text, attachments"))
        );
        let error = gathered(reply(Some("-"), None, &[]), r#"{"text":["hej"]}"#).expect_err("refused");
        assert_eq!(error, Error::with(Code::FieldInvalid, crate::text::Args::none().text("field", "text")));
    }
}
