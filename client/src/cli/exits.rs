//! Which exit codes a command can end with, for its help.

use super::page::Page;
use crate::exit::Exit;
use crate::msg;
use crate::text::{Args, MessageId, Text};

/// Made for any computer, set up or not.
const ANYWHERE: &[Exit] = &[Exit::Done, Exit::Unexpected, Exit::Usage, Exit::NotSetUp];
/// Anything that can happen but for a wait that ends too late.
const WITH_THE_HUB: &[Exit] = &[
    Exit::Done,
    Exit::Unexpected,
    Exit::Usage,
    Exit::NotSetUp,
    Exit::NotFound,
    Exit::Locked,
    Exit::Refused,
    Exit::HubUnreachable,
    Exit::Conflict,
    Exit::Integrity,
    Exit::Interrupted,
];

/// The exit codes of the command with this path.
pub(super) fn of(path: &[&str]) -> &'static [Exit] {
    match path {
        ["completions" | "man" | "profile", ..] => ANYWHERE,
        ["help"] => &[Exit::Done, Exit::Usage, Exit::NotFound],
        [] | ["track"] => &Exit::ALL,
        _ => WITH_THE_HUB,
    }
}

/// What an exit code means.
pub(super) const fn meaning(exit: Exit) -> MessageId {
    match exit {
        Exit::Done => msg!("exit-done"),
        Exit::Unexpected => msg!("exit-unexpected"),
        Exit::Usage => msg!("exit-usage"),
        Exit::NotSetUp => msg!("exit-not-set-up"),
        Exit::NotFound => msg!("exit-not-found"),
        Exit::Locked => msg!("exit-locked"),
        Exit::Refused => msg!("exit-refused"),
        Exit::HubUnreachable => msg!("exit-hub-unreachable"),
        Exit::Conflict => msg!("exit-conflict"),
        Exit::Integrity => msg!("exit-integrity"),
        Exit::WaitTimedOut => msg!("exit-wait-timed-out"),
        Exit::Interrupted => msg!("exit-interrupted"),
    }
}

/// One line an exit code: the number and what it means.
pub(super) fn lines(exits: &[Exit], text: &Text) -> Vec<String> {
    let line = |exit: &Exit| format!("{:>3}  {}", exit.code(), text.get(meaning(*exit), &Args::none()));
    exits.iter().map(line).collect()
}

/// Puts those lines on a page.
pub(super) fn list(exits: &[Exit], page: &mut Page<'_>) {
    for line in lines(exits, page.text()) {
        page.line(&line);
    }
}
