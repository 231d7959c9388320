//! Shows the session's progress on stderr.

use super::output::Output;
use super::progress::Progress as Bar;
use crate::msg;
use crate::session::model::{Progress, Step};
use crate::text::MessageId;

/// The progress of one command.
pub(super) struct Steps<'a> {
    output: &'a mut Output,
    bar: Option<Bar>,
}

impl<'a> Steps<'a> {
    pub(super) const fn new(output: &'a mut Output) -> Self {
        Self { output, bar: None }
    }
}

impl Progress for Steps<'_> {
    fn begin(&mut self, step: Step, total: u64) {
        // The bar of the step before goes away first.
        self.bar = None;
        self.bar = Some(self.output.progress(label(step), total));
    }

    fn advance(&mut self, bytes: u64) {
        if let Some(bar) = &mut self.bar {
            self.output.advance(bar, bytes);
        }
    }
}

/// For a command whose stream is all there is to see.
pub(super) struct Silent;

impl Progress for Silent {
    fn begin(&mut self, _: Step, _: u64) {}

    fn advance(&mut self, _: u64) {}
}

const fn label(step: Step) -> MessageId {
    match step {
        Step::Encrypting => msg!("step-encrypting"),
        Step::Uploading => msg!("step-uploading"),
        Step::Downloading => msg!("step-downloading"),
        Step::Synchronising => msg!("step-synchronising"),
    }
}
