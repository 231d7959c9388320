//! The tree of commands.

use clap::{CommandFactory as _, Parser, Subcommand};

use super::context::Context;
use super::globals::Globals;
use super::output::Output;
use super::{
    agreement, ask, completions, consent, course, decide, discard, doctor, export, find, forward, help,
    inbox, join, key, log, mailbox, man, member, org, profile, recall, receipts, recover, reply, resend,
    save, send, sent, show, track, unlock, watch, wording,
};
use crate::error::Result;
use crate::referral::Act;
use crate::text::Text;

/// The name of the program on the command line.
pub(super) const PROGRAM: &str = "samverkan";

// Help is in the Fluent files, not in doc comments: see `wording`.
#[derive(Parser)]
#[command(
    name = PROGRAM,
    version,
    subcommand_required = true,
    arg_required_else_help = false,
    disable_help_subcommand = true,
    disable_help_flag = true,
    disable_version_flag = true
)]
pub(super) struct Cli {
    #[arg(short = 'V', long, action = clap::ArgAction::Version)]
    version: Option<bool>,
    #[command(flatten)]
    pub(super) globals: Globals,
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Subcommand)]
pub(super) enum Command {
    Join(join::Join),
    Recover(recover::Recover),
    Find(find::Find),
    Send(send::Send),
    Inbox(inbox::Inbox),
    Show(show::Show),
    Save(save::Save),
    Reply(reply::Reply),
    Review(course::Course),
    Accept(decide::Accept),
    Decline(decide::Decline),
    Waitlist(decide::Waitlist),
    Ask(ask::Ask),
    Forward(forward::Forward),
    Start(course::Course),
    Close(course::Close),
    Reopen(course::Course),
    Sent(sent::Sent),
    Track(track::Track),
    Resend(resend::Resend),
    Discard(discard::Discard),
    Recall(recall::Recall),
    Receipts(receipts::Receipts),
    Export(export::Export),
    Watch(watch::Watch),
    Consent(consent::Consent),
    Agreement(agreement::Agreement),
    Org(org::Org),
    Member(member::Member),
    Mailbox(mailbox::Mailbox),
    Key(key::Key),
    Log(log::Log),
    Unlock(unlock::Unlock),
    Lock(unlock::Lock),
    Doctor(doctor::Doctor),
    Profile(profile::Profile),
    Completions(completions::Completions),
    Man(man::Man),
    Help(help::Help),
}

impl Command {
    /// Does what the command line says.
    pub(super) async fn run(self, context: &mut Context, output: &mut Output) -> Result<()> {
        match self {
            Self::Join(command) => command.run(context, output).await,
            Self::Recover(command) => command.run(context, output).await,
            Self::Find(command) => command.run(context, output).await,
            Self::Send(command) => command.run(context, output).await,
            Self::Inbox(command) => command.run(context, output).await,
            Self::Show(command) => command.run(context, output),
            Self::Save(command) => command.run(context, output),
            Self::Reply(command) => command.run(context, output).await,
            Self::Review(command) => command.run(Act::Review, context, output).await,
            Self::Accept(command) => command.run(context, output).await,
            Self::Decline(command) => command.run(context, output).await,
            Self::Waitlist(command) => command.run(context, output).await,
            Self::Ask(command) => command.run(context, output).await,
            Self::Forward(command) => command.run(context, output).await,
            Self::Start(command) => command.run(Act::Start, context, output).await,
            Self::Close(command) => command.run(context, output).await,
            Self::Reopen(command) => command.run(Act::Reopen, context, output).await,
            Self::Sent(command) => command.run(context, output).await,
            Self::Track(command) => command.run(context, output).await,
            Self::Resend(command) => command.run(context, output).await,
            Self::Discard(command) => command.run(context, output),
            Self::Recall(command) => command.run(context, output).await,
            Self::Receipts(command) => command.run(context, output).await,
            Self::Export(command) => command.run(context, output),
            Self::Watch(command) => command.run(context, output).await,
            Self::Consent(command) => command.run(context, output).await,
            Self::Agreement(command) => command.run(context, output).await,
            Self::Org(command) => command.run(context, output).await,
            Self::Member(command) => command.run(context, output).await,
            Self::Mailbox(command) => command.run(context, output).await,
            Self::Key(command) => command.run(context, output).await,
            Self::Unlock(command) => command.run(context, output),
            Self::Lock(command) => command.run(context, output),
            Self::Log(command) => command.run(context, output),
            Self::Doctor(command) => command.run(context, output).await,
            Self::Profile(command) => command.run(context, output),
            Self::Completions(command) => command.run(output),
            Self::Man(command) => command.run(output),
            Self::Help(command) => command.run(output),
        }
    }
}

/// The whole tree, with its help in the language of `text`.
pub(super) fn tree(text: &Text) -> clap::Command {
    wording::dress(Cli::command(), text)
}

/// Calls `visit` with every command and its path below the program, such as `["org", "show"]`.
pub(super) fn walk(tree: &clap::Command, visit: &mut impl FnMut(&[&str], &clap::Command)) {
    fn step<'a>(
        path: &mut Vec<&'a str>,
        command: &'a clap::Command,
        visit: &mut impl FnMut(&[&str], &clap::Command),
    ) {
        visit(path, command);
        for sub in command.get_subcommands() {
            path.push(sub.get_name());
            step(path, sub, visit);
            path.pop();
        }
    }
    step(&mut Vec::new(), tree, visit);
}

#[cfg(test)]
mod tests;
