//! `samverkan sent`: the threads that began here, and what must be done about those that did not arrive.

use clap::Args;
use serde::Serialize;

use super::compromise::{self, Told};
use super::context::Context;
use super::inbox::{fetch, warn_about, warn_about_damage};
use super::output::{Output, Report};
use super::page::{Page, Tone};
use super::thread::{self, ThreadReport};
use crate::error::Result;
use crate::msg;
use crate::session::model::ThreadLine;
use crate::text::{self, MessageId};

#[derive(Args)]
pub(super) struct Sent {
    #[arg(long)]
    unanswered: bool,
    #[arg(long)]
    offline: bool,
}

impl Sent {
    pub(super) async fn run(self, context: &mut Context, output: &mut Output) -> Result<()> {
        let mut session = context.session(output)?;
        let fetched = fetch(&mut session, self.offline, output).await;
        let now_ms = context.clock.now_ms();
        // What did not arrive can not be answered, but it is never left out.
        let wanted = |line: &ThreadLine| !self.unanswered || !line.answered || line.needs_action;
        let threads = session.sent().into_iter().filter(wanted);
        let threads: Vec<ThreadReport> = threads.map(|line| ThreadReport::of(&line, now_ms)).collect();
        warn_about_damage(&session, output);
        let none = if self.unanswered { msg!("sent-none-unanswered") } else { msg!("sent-empty") };
        let compromised = compromise::tell(&mut session, output)?;
        output.result(&SentThreads { threads, compromised, none })?;
        fetched.and_then(|received| warn_about(&received, output))
    }
}

/// The threads that began here.
#[derive(Serialize)]
struct SentThreads {
    threads: Vec<ThreadReport>,
    /// Devices of others that were reported to be in other hands since this was asked last.
    compromised: Vec<Told>,
    /// What to say when there are none.
    #[serde(skip)]
    none: MessageId,
}

impl Report for SentThreads {
    const KIND: &'static str = "sent_threads";

    fn lines(&self, page: &mut Page<'_>) {
        if self.threads.is_empty() {
            page.say(self.none, &text::Args::none());
            return;
        }
        thread::table(&self.threads, page);
        page.blank();
        if let Some(first) = self.threads.iter().find(|thread| thread.needs_action) {
            let args = text::Args::none().text("reference", &first.reference);
            page.say_in(Tone::Warning, msg!("sent-not-arrived"), &args);
        }
        page.say_in(Tone::Neutral, msg!("sent-is-not-helped"), &text::Args::none());
    }
}
