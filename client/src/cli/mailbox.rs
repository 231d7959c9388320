//! `samverkan mailbox`: the mailboxes of the own organisation, and which devices read them.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use samverkan_proto::ids::{DeviceId, MailboxName};
use serde::Serialize;

use super::change::{Changed, refresh};
use super::context::Context;
use super::join::parse_mailbox;
use super::output::{Output, Report};
use super::page::Page;
use super::steps::Steps;
use crate::error::Result;
use crate::msg;
use crate::session::Session;
use crate::session::members::Roster;

#[derive(Args)]
pub(super) struct Mailbox {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    List(List),
    Add(Add),
    Assign(Assign),
}

#[derive(Args)]
struct List {
    #[arg(long)]
    refresh: bool,
}

#[derive(Args)]
struct Add {
    #[arg(value_name = "NAME", value_parser = parse_mailbox)]
    name: MailboxName,
    #[arg(long, value_name = "DEVICE")]
    reader: Vec<String>,
    #[arg(long, value_name = "PATH")]
    proposal: Option<PathBuf>,
}

#[derive(Args)]
struct Assign {
    #[arg(value_name = "NAME", value_parser = parse_mailbox)]
    name: MailboxName,
    #[arg(value_name = "DEVICE", required = true)]
    device: Vec<String>,
    #[arg(long)]
    remove: bool,
    #[arg(long, value_name = "PATH")]
    proposal: Option<PathBuf>,
}

impl Mailbox {
    pub(super) async fn run(self, context: &mut Context, output: &mut Output) -> Result<()> {
        let mut session = context.session(output)?;
        match self.action {
            Action::List(list) => {
                refresh(&mut session, list.refresh, output).await?;
                output.result(&Mailboxes::of(&session.roster()?))
            }
            Action::Add(add) => {
                refresh(&mut session, true, output).await?;
                let readers = match add.reader.as_slice() {
                    [] => session.own_device().map(|device| device.id()).into_iter().collect(),
                    named => devices(&session, named)?,
                };
                let change = session.add_mailbox(&add.name, &readers, &mut Steps::new(output)).await?;
                output.result(&Changed::new(msg!("mailbox-added"), change, add.proposal, None)?)
            }
            Action::Assign(assign) => {
                refresh(&mut session, true, output).await?;
                let readers = devices(&session, &assign.device)?;
                let steps = &mut Steps::new(output);
                let change = if assign.remove {
                    session.unassign_mailbox(&assign.name, &readers, steps).await?
                } else {
                    session.assign_mailbox(&assign.name, &readers, steps).await?
                };
                output.result(&Changed::new(msg!("mailbox-assigned"), change, assign.proposal, None)?)
            }
        }
    }
}

fn devices(session: &Session, names: &[String]) -> Result<Vec<DeviceId>> {
    names.iter().map(|name| session.member_named(name)).collect()
}

/// Every mailbox of the own organisation.
#[derive(Serialize)]
struct Mailboxes {
    mailboxes: Vec<One>,
}

/// One of them.
#[derive(Serialize)]
struct One {
    mailbox: String,
    readers: Vec<Reader>,
}

/// A device that reads it.
#[derive(Serialize)]
struct Reader {
    device: String,
    label: Option<String>,
}

impl Mailboxes {
    fn of(roster: &Roster) -> Self {
        let reader = |id: &DeviceId| {
            let device = roster.devices.iter().find(|device| device.id == *id);
            Reader { device: id.to_string(), label: device.and_then(|device| device.label.clone()) }
        };
        let one = |mailbox: &crate::session::members::RosterMailbox| One {
            mailbox: mailbox.name.to_string(),
            readers: mailbox.readers.iter().map(reader).collect(),
        };
        Self { mailboxes: roster.mailboxes.iter().map(one).collect() }
    }
}

impl Report for Mailboxes {
    const KIND: &'static str = "mailboxes";

    fn lines(&self, page: &mut Page<'_>) {
        let named = |reader: &Reader| reader.label.clone().unwrap_or_else(|| reader.device.clone());
        let row = |one: &One| {
            vec![one.mailbox.clone(), one.readers.iter().map(named).collect::<Vec<_>>().join(", ")]
        };
        let rows: Vec<Vec<String>> = self.mailboxes.iter().map(row).collect();
        page.table(&[msg!("column-mailbox"), msg!("column-readers")], &rows);
    }
}
