//! `samverkan discard`: what ended undelivered in a case is deleted if the hub never had it, and not asked about any more otherwise.

use clap::Args;
use samverkan_proto::statement::safety::CaseReference;
use serde::Serialize;

use super::context::Context;
use super::output::{Output, Report};
use super::page::{Page, Tone};
use super::reference::parse_reference;
use crate::error::Result;
use crate::msg;
use crate::text;

#[derive(Args)]
pub(super) struct Discard {
    #[arg(value_name = "REF", value_parser = parse_reference)]
    reference: CaseReference,
}

impl Discard {
    pub(super) fn run(self, context: &Context, output: &mut Output) -> Result<()> {
        let mut session = context.session(output)?;
        let discarded = session.discard(&self.reference)?;
        output.result(&DiscardReport {
            reference: self.reference.to_string(),
            deleted: discarded.deleted,
            dismissed: discarded.dismissed,
        })
    }
}

/// What was done.
#[derive(Serialize)]
struct DiscardReport {
    reference: String,
    /// Messages that the hub never had, which are deleted.
    deleted: usize,
    /// Messages that are kept with what is proven about them, and not asked about any more.
    dismissed: usize,
}

impl Report for DiscardReport {
    const KIND: &'static str = "discarded";

    fn lines(&self, page: &mut Page<'_>) {
        if self.deleted > 0 {
            let count = text::Args::none().number("count", self.deleted as u64);
            page.say_in(Tone::Good, msg!("discard-deleted"), &count);
        }
        if self.dismissed > 0 {
            let count = text::Args::none().number("count", self.dismissed as u64);
            page.say_in(Tone::Good, msg!("discard-dismissed"), &count);
        }
    }
}
