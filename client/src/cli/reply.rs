//! `samverkan reply`: an answer in a thread, and the receipt that says there is one. Who was asked with `ask` supplies by it what was
//! asked for.

use clap::Args;
use samverkan_proto::statement::safety::CaseReference;

use super::context::Context;
use super::letter::{Letter, TEXT};
use super::output::Output;
use super::reference::parse_reference;
use super::send::SentReport;
use super::steps::Steps;
use crate::error::Result;

#[derive(Args)]
pub(super) struct Reply {
    #[arg(value_name = "REF", value_parser = parse_reference)]
    reference: CaseReference,
    #[command(flatten)]
    letter: Letter,
}

impl Reply {
    pub(super) async fn run(self, context: &mut Context, output: &mut Output) -> Result<()> {
        let unfinished = self.letter.gather(&mut context.console, output)?;
        let mut session = context.session(output)?;
        // A wrong reference is told before anything is written.
        session.thread(&self.reference)?;
        session.check_handler()?;
        let reply = unfinished.ask(&mut context.console, output, TEXT)?;
        let sent = session.reply(&self.reference, reply, &mut Steps::new(output)).await?;
        SentReport::of(&sent).tell(output)
    }
}
