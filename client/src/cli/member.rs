//! `samverkan member`: the devices of the own organisation, who comes and who goes.

use clap::{Args, Subcommand};
use samverkan_proto::ids::MailboxName;
use secrecy::zeroize::Zeroizing;
use serde::{Serialize, Serializer};
use std::path::PathBuf;

use super::change::{Changed, confirm};
use super::console::Question;
use super::context::Context;
use super::join::parse_mailbox;
use super::key::role_names;
use super::member_changes::{Role, Withdraw};
use super::moment::Moment;
use super::names::{self, Named as _};
use super::output::{Output, Report};
use super::page::{Page, Tone};
use super::steps::Steps;
use crate::error::{Code, Error, Result};
use crate::msg;
use crate::session::Session;
use crate::session::members::{Applicant, Applicants, HandOver, Label, Removal, Roster, Terms};
use crate::text;

const WHO: Question = Question { text: msg!("ask-applicant"), option: "NUMBER" };
const APPROVE: Question = Question { text: msg!("ask-approve"), option: "--yes" };
const REMOVE: Question = Question { text: msg!("ask-remove"), option: "--yes" };

#[derive(Args)]
pub(super) struct Member {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    List(List),
    Invite(Invite),
    Approve(Approve),
    Remove(Remove),
    Role(Role),
    Withdraw(Withdraw),
    Label(LabelDevice),
}

#[derive(Args)]
struct List {
    #[arg(long)]
    refresh: bool,
}

#[derive(Args)]
struct Invite {
    #[arg(long, value_name = "ROLE", ignore_case = true, required = true, value_parser = names::parser::<names::Role>())]
    role: Vec<names::Role>,
    #[arg(long, value_name = "NAME", value_parser = parse_mailbox)]
    mailbox: Vec<MailboxName>,
    #[arg(long, value_name = "TEXT")]
    label: Option<String>,
}

#[derive(Args)]
struct Approve {
    #[arg(value_name = "NUMBER")]
    number: Option<usize>,
    #[arg(long)]
    yes: bool,
    #[arg(long, value_name = "PATH")]
    proposal: Option<PathBuf>,
}

#[derive(Args)]
struct Remove {
    #[arg(value_name = "DEVICE")]
    device: String,
    #[arg(long, value_name = "REASON", ignore_case = true, default_value = "LEFT", value_parser = names::parser::<names::Reason>())]
    reason: names::Reason,
    #[arg(long)]
    with_mailboxes: bool,
    #[arg(long)]
    yes: bool,
    #[arg(long, value_name = "PATH")]
    proposal: Option<PathBuf>,
}

#[derive(Args)]
struct LabelDevice {
    #[arg(value_name = "DEVICE")]
    device: String,
    #[arg(value_name = "TEXT")]
    text: String,
}

impl Member {
    pub(super) async fn run(self, context: &mut Context, output: &mut Output) -> Result<()> {
        match self.action {
            Action::List(list) => {
                let mut session = context.session(output)?;
                super::change::refresh(&mut session, list.refresh, output).await?;
                output.result(&Members::of(&session.roster()?))
            }
            Action::Invite(invite) => invite.run(context, output).await,
            Action::Approve(approve) => approve.run(context, output).await,
            Action::Remove(remove) => remove.run(context, output).await,
            Action::Role(role) => role.run(context, output).await,
            Action::Withdraw(withdraw) => withdraw.run(context, output).await,
            Action::Label(label) => {
                let mut session = context.session(output)?;
                let device = session.member_named(&label.device)?;
                session.set_label(&device, &Label::parse(&label.text)?)?;
                output.result(&Members::of(&session.roster()?))
            }
        }
    }
}

impl Invite {
    async fn run(self, context: &mut Context, output: &mut Output) -> Result<()> {
        let label = self.label.as_deref().map(Label::parse).transpose()?;
        let mut session = context.session(output)?;
        // Who may not do this learns it before the hub is asked.
        let mailboxes = self.mailbox.iter().map(|name| session.mailbox_named(name)).collect::<Result<_>>()?;
        let label = label.map(|label| label.as_str().to_owned());
        let terms = Terms { roles: names::Role::together(&self.role), mailboxes, label };
        let invitation = session.invite_member(terms, &mut Steps::new(output)).await?;
        output.result(&Invited {
            invite: invitation.invite.encode(),
            expires_at: Moment(invitation.expires_ms),
        })
    }
}

impl Approve {
    async fn run(self, context: &mut Context, output: &mut Output) -> Result<()> {
        let mut session = context.session(output)?;
        let waiting = session.applicants(&mut Steps::new(output)).await?;
        if waiting.forged > 0 {
            return Err(Error::new(Code::MemberRequestForged));
        }
        if waiting.own.is_empty() && self.number.is_none() {
            return output.result(&Requests::of(&waiting, &session)?);
        }
        let applicant = self.choose(&waiting, &session, context, output)?;
        output.notice(msg!("member-to-be-signed"), &text::Args::none());
        for line in about(&applicant, &session)? {
            output.notice(msg!("plain-line"), &text::Args::none().text("line", line));
        }
        confirm(APPROVE, self.yes, &mut context.console, output)?;
        let change = session.approve(&applicant, &mut Steps::new(output)).await?;
        let device = Some(applicant.device.to_string());
        output.result(&Changed::new(msg!("member-approved"), change, self.proposal, device)?)
    }

    /// The request that is meant: by its number, the only one, or the one that a person picks.
    fn choose(
        &self,
        waiting: &Applicants,
        session: &Session,
        context: &mut Context,
        output: &mut Output,
    ) -> Result<Applicant> {
        let unknown = || Error::new(Code::MemberRequestUnknown);
        let place = match (self.number, waiting.own.as_slice()) {
            (Some(number), _) => number.checked_sub(1).ok_or_else(unknown)?,
            (None, [_]) => 0,
            (None, several) => {
                let lines = several.iter().map(|one| Ok(about(one, session)?.join("; ")));
                let lines = lines.collect::<Result<Vec<_>>>()?;
                context.console.choice(output, WHO, &lines, 0)?
            }
        };
        waiting.own.get(place).cloned().ok_or_else(unknown)
    }
}

/// What a person is told of a request before signing.
fn about(applicant: &Applicant, session: &Session) -> Result<Vec<String>> {
    let row = Request::of(1, applicant, session)?;
    let named = row.label.iter().map(|label| format!("\u{201c}{label}\u{201d}"));
    let rest = [row.device.clone(), row.roles.join(", "), row.mailboxes.join(", ")];
    Ok(named.chain(rest).filter(|text| !text.is_empty()).collect())
}

impl Remove {
    async fn run(self, context: &mut Context, output: &mut Output) -> Result<()> {
        let mut session = context.session(output)?;
        super::change::refresh(&mut session, true, output).await?;
        let device = session.member_named(&self.device)?;
        let left = session.hand_over(&device)?;
        output.notice(msg!("member-to-be-removed"), &text::Args::none().text("device", device));
        confirm(REMOVE, self.yes, &mut context.console, output)?;
        let removal = Removal {
            device,
            reason: self.reason.into(),
            since_ms: None,
            with_mailboxes: self.with_mailboxes,
        };
        let change = session.remove_member(&removal, &mut Steps::new(output)).await?;
        let id = Some(device.to_string());
        let change = Changed::new(msg!("member-removed"), change, self.proposal, id)?;
        output.result(&Removed { change, reason: self.reason.name(), hand_over: Left::of(&left) })
    }
}

/// The invite of a member, which the person who gets it joins with.
#[derive(Serialize)]
struct Invited {
    #[serde(serialize_with = "in_plain")]
    invite: Zeroizing<String>,
    expires_at: Moment,
}

/// It is made to be shown, once; nothing of it stays in memory.
fn in_plain<S: Serializer>(
    invite: &Zeroizing<String>,
    serializer: S,
) -> std::result::Result<S::Ok, S::Error> {
    serializer.serialize_str(invite)
}

impl Report for Invited {
    const KIND: &'static str = "member_invite";

    fn lines(&self, page: &mut Page<'_>) {
        page.line(&self.invite);
        let until = text::Args::none().text("until", self.expires_at.local(page.text()));
        page.blank().say(msg!("member-invite-next"), &until);
    }
}

/// Everybody in the own organisation.
#[derive(Serialize)]
struct Members {
    serial: u64,
    /// How many admins must sign a change.
    threshold: u8,
    members: Vec<One>,
}

/// One device of it.
#[derive(Serialize)]
struct One {
    device: String,
    label: Option<String>,
    /// It is this device.
    own: bool,
    roles: Vec<&'static str>,
    mailboxes: Vec<String>,
    added_at: Moment,
    expires_at: Moment,
}

impl Members {
    fn of(roster: &Roster) -> Self {
        let one = |device: &crate::session::members::RosterDevice| One {
            device: device.id.to_string(),
            label: device.label.clone(),
            own: device.own,
            roles: role_names(device.roles),
            mailboxes: device.mailboxes.iter().map(ToString::to_string).collect(),
            added_at: Moment(device.added_ms),
            expires_at: Moment(device.expires_ms),
        };
        let members = roster.devices.iter().map(one).collect();
        Self { serial: roster.serial, threshold: roster.threshold, members }
    }
}

impl Report for Members {
    const KIND: &'static str = "members";

    fn lines(&self, page: &mut Page<'_>) {
        let own = page.text().get(msg!("word-this-device"), &text::Args::none());
        let row = |one: &One| {
            let label = one.label.clone().unwrap_or_default();
            let named = if one.own { format!("{label} ({own})").trim_start().to_owned() } else { label };
            vec![
                one.device.clone(),
                named,
                one.roles.join(", "),
                one.mailboxes.join(", "),
                one.added_at.local(page.text()),
                one.expires_at.local(page.text()),
            ]
        };
        let rows: Vec<Vec<String>> = self.members.iter().map(row).collect();
        let headings = [
            msg!("column-device"),
            msg!("column-label"),
            msg!("column-roles"),
            msg!("column-mailboxes"),
            msg!("column-added"),
            msg!("column-expires"),
        ];
        page.table(&headings, &rows);
        if self.threshold > 1 {
            page.blank().say(
                msg!("member-threshold"),
                &text::Args::none().number("threshold", u64::from(self.threshold)),
            );
        }
    }
}

/// Who waits for an admin.
#[derive(Serialize)]
struct Requests {
    requests: Vec<Request>,
    /// How many were invited by another device, which alone can approve them.
    elsewhere: usize,
}

/// One request.
#[derive(Serialize)]
struct Request {
    number: usize,
    device: String,
    label: Option<String>,
    roles: Vec<&'static str>,
    mailboxes: Vec<String>,
    expires_at: Moment,
}

impl Requests {
    fn of(waiting: &Applicants, session: &Session) -> Result<Self> {
        let requests = (1..).zip(&waiting.own).map(|(number, one)| Request::of(number, one, session));
        Ok(Self { requests: requests.collect::<Result<_>>()?, elsewhere: waiting.elsewhere })
    }
}

impl Request {
    fn of(number: usize, applicant: &Applicant, session: &Session) -> Result<Self> {
        let roster = session.roster()?;
        let read = roster.mailboxes.iter().filter(|mailbox| applicant.terms.mailboxes.contains(&mailbox.id));
        Ok(Self {
            number,
            device: applicant.device.to_string(),
            label: applicant.terms.label.clone(),
            roles: role_names(applicant.terms.roles),
            mailboxes: read.map(|mailbox| mailbox.name.to_string()).collect(),
            expires_at: Moment(applicant.expires_ms),
        })
    }
}

impl Report for Requests {
    const KIND: &'static str = "membership_requests";

    fn lines(&self, page: &mut Page<'_>) {
        page.say(msg!("member-nobody-waits"), &text::Args::none());
        if self.elsewhere > 0 {
            let count = text::Args::none().number("count", self.elsewhere as u64);
            page.say(msg!("member-invited-elsewhere"), &count);
        }
    }
}

/// A device was taken out.
#[derive(Serialize)]
struct Removed {
    #[serde(flatten)]
    change: Changed,
    reason: &'static str,
    hand_over: Left,
}

/// What a colleague has to take over.
#[derive(Serialize)]
struct Left {
    unanswered: Vec<String>,
    begun: Vec<String>,
    orphaned: Vec<String>,
    unseen: Vec<String>,
}

impl Left {
    fn of(left: &HandOver) -> Self {
        let references = |list: &[samverkan_proto::statement::safety::CaseReference]| {
            list.iter().map(ToString::to_string).collect()
        };
        let names = |list: &[MailboxName]| list.iter().map(ToString::to_string).collect();
        Self {
            unanswered: references(&left.unanswered),
            begun: references(&left.begun),
            orphaned: names(&left.orphaned),
            unseen: names(&left.unseen),
        }
    }
}

impl Report for Removed {
    const KIND: &'static str = "member_removed";

    fn lines(&self, page: &mut Page<'_>) {
        self.change.lines(page);
        let none = text::Args::none();
        let lists = [
            (msg!("hand-over-unanswered"), &self.hand_over.unanswered),
            (msg!("hand-over-begun"), &self.hand_over.begun),
            (msg!("hand-over-orphaned"), &self.hand_over.orphaned),
            (msg!("hand-over-unseen"), &self.hand_over.unseen),
        ];
        for (heading, list) in lists.into_iter().filter(|(_, list)| !list.is_empty()) {
            page.blank().say_in(Tone::Warning, heading, &none);
            list.iter().for_each(|one| {
                page.line(&format!("  {one}"));
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use samverkan_proto::code::Roles;

    use super::names::Role;

    #[test]
    fn a_handler_reads_and_an_admin_alone_does_not() {
        assert!(Role::together(&[Role::Handler]).contains(Roles::READER));
        assert_eq!(Role::together(&[Role::Admin]), Roles::ADMIN);
        assert_eq!(Role::together(&[Role::Admin, Role::Handler]), Roles::ALL);
        assert_eq!(Role::together(&[Role::Reader, Role::Reader]), Roles::READER);
    }
}
