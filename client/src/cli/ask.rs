//! `samverkan ask`: a question to the sender of a referral, which waits until it is answered.

use clap::Args;
use samverkan_proto::statement::safety::CaseReference;

use super::console::Question;
use super::context::Context;
use super::letter::{Letter, TEXT};
use super::output::Output;
use super::reference::parse_reference;
use super::step::{session_for, take};
use crate::error::Result;
use crate::msg;
use crate::referral::Act;

const QUESTION: Question = Question { text: msg!("ask-question"), option: TEXT.option };

#[derive(Args)]
pub(super) struct Ask {
    #[arg(value_name = "REF", value_parser = parse_reference)]
    reference: CaseReference,
    #[command(flatten)]
    letter: Letter,
}

impl Ask {
    pub(super) async fn run(self, context: &mut Context, output: &mut Output) -> Result<()> {
        let unfinished = self.letter.gather(&mut context.console, output)?;
        let mut session = session_for(context, output, &self.reference, &Act::Ask)?;
        let said = unfinished.ask(&mut context.console, output, QUESTION)?;
        take(&mut session, &self.reference, Act::Ask, &said, output).await
    }
}
