//! `samverkan inbox`: the threads that others began, and a word when something that was sent did not arrive.

use clap::Args;
use serde::Serialize;

use super::compromise::{self, Told};
use super::context::Context;
use super::output::{Output, Report};
use super::page::Page;
use super::steps::Steps;
use super::stopped::{self, MissedReport};
use super::thread::{self, ThreadReport, is_overdue};
use crate::error::{Class, Result};
use crate::msg;
use crate::session::Session;
use crate::session::model::{Received, ThreadLine};
use crate::text::{self, MessageId};

#[derive(Args)]
pub(super) struct Inbox {
    #[arg(long, conflicts_with_all = ["waiting", "overdue"])]
    new: bool,
    #[arg(long, conflicts_with = "overdue")]
    waiting: bool,
    #[arg(long)]
    overdue: bool,
    #[arg(long)]
    offline: bool,
}

impl Inbox {
    pub(super) async fn run(self, context: &mut Context, output: &mut Output) -> Result<()> {
        let mut session = context.session(output)?;
        let fetched = fetch(&mut session, self.offline, output).await;
        let now_ms = context.clock.now_ms();
        let wanted = |line: &ThreadLine| {
            (!self.new || line.unread)
                && (!self.waiting || !line.answered)
                && (!self.overdue || is_overdue(line, now_ms))
        };
        let threads = session.inbox().into_iter().filter(wanted);
        let threads = threads.map(|line| ThreadReport::of(&line, now_ms)).collect();
        warn_about_damage(&session, output);
        let cases_to_act_on = session.cases_to_act_on();
        let compromised = compromise::tell(&mut session, output)?;
        let missed = session.missed();
        stopped::tell(&missed, output);
        let missed = missed.iter().map(MissedReport::of).collect();
        output.result(&InboxReport { threads, cases_to_act_on, compromised, missed, none: self.none() })?;
        if cases_to_act_on > 0 {
            let count = text::Args::none().number("count", cases_to_act_on as u64);
            output.notice(msg!("inbox-not-arrived"), &count);
        }
        fetched.and_then(|received| warn_about(&received, output))
    }
}

impl Inbox {
    /// What to say when there is none of what was asked for.
    fn none(&self) -> MessageId {
        match (self.new, self.waiting, self.overdue) {
            (true, _, _) => msg!("inbox-none-new"),
            (_, true, _) => msg!("inbox-none-waiting"),
            (_, _, true) => msg!("inbox-none-overdue"),
            _ => msg!("inbox-empty"),
        }
    }
}

/// Takes what waits at the hub. What is here is shown whether that works or not, so a failure is kept for the end;
/// but one that means the hub is not to be trusted ends the command by its exit code too.
pub(super) async fn fetch(session: &mut Session, offline: bool, output: &mut Output) -> Result<Received> {
    if offline {
        return Ok(Received::default());
    }
    let outcome = session.receive(&mut Steps::new(output)).await;
    if outcome.as_ref().is_err_and(|error| error.code().class() == Class::Transient) {
        output.notice(msg!("inbox-is-a-copy"), &text::Args::none());
    }
    outcome
}

/// Tells what came and is not shown. A message that can not be trusted ends the command with one and the same error
/// whatever is wrong with it, so that nobody learns from the program where a forgery fails.
pub(super) fn warn_about(received: &Received, output: &mut Output) -> Result<()> {
    if received.held > 0 {
        let count = text::Args::none().number("count", received.held as u64);
        output.notice(msg!("inbox-held"), &count);
    }
    if received.left_out > 0 {
        let count = text::Args::none().number("count", received.left_out as u64);
        output.notice(msg!("inbox-left-out"), &count);
    }
    if received.elsewhere {
        output.notice(msg!("inbox-elsewhere"), &text::Args::none());
    }
    received.check()
}

pub(super) fn warn_about_damage(session: &Session, output: &mut Output) {
    let damaged = session.damaged_messages() as u64;
    if damaged > 0 {
        output.notice(msg!("inbox-damaged"), &text::Args::none().number("count", damaged));
    }
}

/// The threads that others began.
#[derive(Serialize)]
struct InboxReport {
    threads: Vec<ThreadReport>,
    /// How many cases hold something that was sent from here and ended undelivered.
    cases_to_act_on: usize,
    /// Devices of others that were reported to be in other hands since this was asked last.
    compromised: Vec<Told>,
    /// Messages that were gone before this device had them.
    missed: Vec<MissedReport>,
    #[serde(skip)]
    none: MessageId,
}

impl Report for InboxReport {
    const KIND: &'static str = "inbox";

    fn lines(&self, page: &mut Page<'_>) {
        if self.threads.is_empty() {
            page.say(self.none, &text::Args::none());
            return;
        }
        thread::table(&self.threads, page);
    }
}
