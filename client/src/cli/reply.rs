//! `samverkan reply`: an answer in a thread, and the receipt that says there is one.

use std::path::PathBuf;

use clap::Args;
use samverkan_proto::statement::safety::CaseReference;

use super::console::Question;
use super::context::Context;
use super::input;
use super::output::Output;
use super::reference::parse_reference;
use super::send::SentReport;
use super::steps::Steps;
use crate::error::Result;
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
}

impl Reply {
    pub(super) async fn run(self, context: &mut Context, output: &mut Output) -> Result<()> {
        input::check_attachments(&self.attach, output.text())?;
        let given = self.text_file.as_deref();
        let given =
            given.map(|path| input::read_text(path, TEXT.option, &mut context.console)).transpose()?;
        let mut session = context.session(output)?;
        // A wrong reference is told before anything is written.
        session.thread(&self.reference)?;
        let text = match given {
            Some(text) => text,
            None => context.console.paragraph(output, TEXT)?,
        };
        let reply = model::Reply { text, attachments: self.attach };
        let sent = session.reply(&self.reference, reply, &mut Steps::new(output)).await?;
        SentReport::of(&sent).tell(output)
    }
}
