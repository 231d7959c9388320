//! `samverkan member role` and `samverkan member withdraw`: what a device may do from now on, and invitations that are taken back.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::change::{Changed, refresh};
use super::console::Question;
use super::context::Context;
use super::key::role_names;
use super::moment::Moment;
use super::names;
use super::output::{Output, Report};
use super::page::{Page, Tone};
use super::steps::Steps;
use crate::error::{Code, Error, Result};
use crate::msg;
use crate::session::Session;
use crate::session::members::InviteLine;
use crate::text;

const WHICH: Question = Question { text: msg!("ask-invite"), option: "NUMBER" };

#[derive(Args)]
pub(super) struct Role {
    #[arg(value_name = "DEVICE")]
    device: String,
    #[arg(long, value_name = "ROLE", ignore_case = true, required = true, value_parser = names::parser::<names::Role>())]
    role: Vec<names::Role>,
    #[arg(long, value_name = "PATH")]
    proposal: Option<PathBuf>,
}

#[derive(Args)]
pub(super) struct Withdraw {
    #[arg(value_name = "NUMBER")]
    number: Option<usize>,
}

impl Role {
    pub(super) async fn run(self, context: &mut Context, output: &mut Output) -> Result<()> {
        let mut session = context.session(output)?;
        refresh(&mut session, true, output).await?;
        let device = session.member_named(&self.device)?;
        let roles = names::Role::together(&self.role);
        let change = session.set_roles(&device, roles, &mut Steps::new(output)).await?;
        let device = Some(device.to_string());
        output.result(&Changed::new(msg!("member-role-changed"), change, self.proposal, device)?)
    }
}

impl Withdraw {
    pub(super) async fn run(self, context: &mut Context, output: &mut Output) -> Result<()> {
        let mut session = context.session(output)?;
        let invites = session.invites()?;
        let unknown = || Error::new(Code::MemberRequestUnknown);
        let place = match (self.number, invites.as_slice()) {
            (Some(number), _) => number.checked_sub(1).ok_or_else(unknown)?,
            (None, [] | [_]) => 0,
            (None, several) => {
                let lines = several.iter().map(|one| Ok(Row::of(one, &session)?.words(output.text())));
                let lines = lines.collect::<Result<Vec<_>>>()?;
                context.console.choice(output, WHICH, &lines, 0)?
            }
        };
        let invite = invites.get(place).ok_or_else(unknown)?;
        let row = Row::of(invite, &session)?;
        session.withdraw_invite(invite, &mut Steps::new(output)).await?;
        output.result(&Withdrawn { invite: row })
    }
}

/// An invitation was taken back.
#[derive(Serialize)]
struct Withdrawn {
    invite: Row,
}

/// What an invitation was for.
#[derive(Serialize)]
struct Row {
    label: Option<String>,
    roles: Vec<&'static str>,
    mailboxes: Vec<String>,
    expires_at: Moment,
}

impl Row {
    fn of(invite: &InviteLine, session: &Session) -> Result<Self> {
        let roster = session.roster()?;
        let read = roster.mailboxes.iter().filter(|mailbox| invite.terms.mailboxes.contains(&mailbox.id));
        Ok(Self {
            label: invite.terms.label.clone(),
            roles: role_names(invite.terms.roles),
            mailboxes: read.map(|mailbox| mailbox.name.to_string()).collect(),
            expires_at: Moment(invite.expires_ms),
        })
    }

    fn words(&self, text: &text::Text) -> String {
        let label = self.label.clone().unwrap_or_default();
        let all = [label, self.roles.join(", "), self.mailboxes.join(", "), self.expires_at.local(text)];
        all.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("; ")
    }
}

impl Report for Withdrawn {
    const KIND: &'static str = "member_invite_withdrawn";

    fn lines(&self, page: &mut Page<'_>) {
        let invite = text::Args::none().text("invite", self.invite.words(page.text()));
        page.say_in(Tone::Good, msg!("member-invite-withdrawn"), &invite);
    }
}
