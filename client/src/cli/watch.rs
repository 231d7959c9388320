//! `samverkan watch`: says that something happened, in fixed words without names and counts, until it is stopped.

use clap::Args;
use serde::Serialize;
use tokio::sync::Notify;

use super::context::Context;
use super::output::{Output, Report};
use super::page::Page;
use crate::error::{Code, Error, Result};
use crate::msg;
use crate::session::model::{Notice, Silent};
use crate::text;

#[derive(Args)]
pub(super) struct Watch {}

impl Watch {
    pub(super) async fn run(self, context: &mut Context, output: &mut Output) -> Result<()> {
        let mut session = context.session(output)?;
        context.interrupt.make_it_the_end().map_err(|_| Error::new(Code::ProgramDefect))?;
        output.notice(msg!("watch-begins"), &text::Args::none());
        let (failed, mut failure, mut silent) = (Notify::new(), None, Silent);
        let mut tell = |notice| {
            if let Err(error) = output.result(&Happened::of(notice)) {
                failure.get_or_insert(error);
                failed.notify_one();
            }
        };
        tokio::select! {
            outcome = session.watch(&mut silent, &mut tell, context.interrupt.raised()) => outcome?,
            () = failed.notified() => {}
        }
        failure.map_or(Ok(()), Err)
    }
}

/// One line of the stream.
#[derive(Serialize)]
struct Happened {
    notice: &'static str,
    #[serde(skip)]
    which: Notice,
}

impl Happened {
    const fn of(notice: Notice) -> Self {
        let name = match notice {
            Notice::Arrived => "arrived",
            Notice::Receipt => "receipt",
            Notice::Refused => "refused",
            Notice::OwnChanged => "own_changed",
        };
        Self { notice: name, which: notice }
    }
}

impl Report for Happened {
    const KIND: &'static str = "notice";

    fn lines(&self, page: &mut Page<'_>) {
        let words = match self.which {
            Notice::Arrived => msg!("watch-arrived"),
            Notice::Receipt => msg!("watch-receipt"),
            Notice::Refused => msg!("watch-refused"),
            Notice::OwnChanged => msg!("watch-own-changed"),
        };
        page.say(words, &text::Args::none());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::output::Format;
    use crate::text::Language;

    #[test]
    fn lines_hold_no_name_and_no_number() {
        for format in [Format::Human, Format::Json] {
            for notice in [Notice::Arrived, Notice::Receipt, Notice::Refused, Notice::OwnChanged] {
                let (mut output, captured) = Output::captured(format, Language::English);
                output.result(&Happened::of(notice)).expect("written");
                let line = captured.stdout().replace("\"schema_version\":1,", "");
                assert_eq!(line.lines().count(), 1);
                assert!(!line.contains(|c: char| c.is_ascii_digit() || c == '/'), "{line}");
            }
        }
    }
}
