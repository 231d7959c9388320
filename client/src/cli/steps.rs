//! Shows the session's progress on stderr.

use super::change::words;
use super::interrupt::Interrupt;
use super::output::Output;
use super::progress::Progress as Bar;
use crate::msg;
use crate::session::members::Difference;
use crate::session::model::{Progress, Step};
use crate::text::{Args, MessageId};

/// Most changes of the own organisation that are told one by one; those that matter most come first.
const SHOWN: usize = 50;

/// The progress of one command.
pub(super) struct Steps<'a> {
    output: &'a mut Output,
    bar: Option<Bar>,
    interrupt: Option<Interrupt>,
}

impl<'a> Steps<'a> {
    pub(super) const fn new(output: &'a mut Output) -> Self {
        Self { output, bar: None, interrupt: None }
    }

    /// The same for work that waits for nothing and asks whether to stop.
    pub(super) const fn stoppable(output: &'a mut Output, interrupt: Interrupt) -> Self {
        Self { output, bar: None, interrupt: Some(interrupt) }
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

    fn cleaned(&mut self, number: u64) {
        self.bar = None;
        self.output.notice(msg!("attachment-cleaned"), &Args::none().number("number", number));
    }

    fn own_news(&mut self, news: &[Difference]) -> bool {
        self.bar = None;
        self.output.notice(msg!("own-changed"), &Args::none());
        for difference in news.iter().take(SHOWN) {
            let (id, args) = words(difference);
            self.output.notice(id, &args);
        }
        if let Some(more) = news.len().checked_sub(SHOWN).filter(|more| *more > 0) {
            self.output.notice(msg!("own-changed-more"), &Args::none().number("count", more as u64));
        }
        self.output.notice(msg!("own-changed-next"), &Args::none());
        true
    }

    fn is_stopped(&self) -> bool {
        self.interrupt.as_ref().is_some_and(Interrupt::is_raised)
    }
}

const fn label(step: Step) -> MessageId {
    match step {
        Step::Encrypting => msg!("step-encrypting"),
        Step::Uploading => msg!("step-uploading"),
        Step::Downloading => msg!("step-downloading"),
        Step::Opening => msg!("step-opening"),
        Step::Synchronising => msg!("step-synchronising"),
    }
}
