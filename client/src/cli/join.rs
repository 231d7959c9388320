//! `samverkan join`: from an invitation to an organisation with keys, a certificate and a recovery kit; or, with the
//! invitation of an admin, to a further device of an organisation that is there.

use std::fs::File;
use std::io::Read as _;
use std::path::PathBuf;

use clap::Args;
use samverkan_proto::ids::{Handle, MailboxName};
use samverkan_proto::statement::invite::Invite;
use samverkan_proto::statement::member::MemberInvite;
use serde::Serialize;

mod enlist;

use super::cloud;
use super::console::{Console, Question};
use super::context::Context;
use super::output::{Output, Report};
use super::page::{Page, Tone};
use crate::error::{Code, Error, Result};
use crate::files::FileError;
use crate::keystore::Keystore;
use crate::msg;
use crate::session::HubFacts;
use crate::session::join::{self, Invited, JoinDraft, Joined};
use crate::text;
use enlist::Enlisting;

/// The most that is read of a file with an invitation: the invitation, and blank lines round it.
const MAX_INVITE_FILE: u64 = 4 << 10;
const MAILBOX: Question = Question { text: msg!("ask-mailbox-name"), option: "--mailbox" };
const KIT: Question = Question { text: msg!("ask-kit"), option: "--kit" };
const KIT_COPY: Question = Question { text: msg!("ask-kit-copy"), option: "--kit-copy" };
const OURS: Question = Question { text: msg!("ask-join"), option: "--handle" };

/// What an invitation is for.
enum Invitation {
    /// To found an organisation on the hub.
    Organisation(Box<Invite>),
    /// To become a member of one.
    Member(Box<MemberInvite>),
}

#[derive(Args)]
pub(super) struct Join {
    #[arg(value_name = "INVITE")]
    invite: Option<String>,
    #[arg(long, value_name = "HANDLE", value_parser = parse_handle)]
    handle: Option<Handle>,
    #[arg(long, value_name = "NAME", value_parser = parse_mailbox)]
    mailbox: Option<MailboxName>,
    #[arg(long, value_name = "PATH")]
    kit: Option<PathBuf>,
    #[arg(long, value_name = "PATH")]
    kit_copy: Option<PathBuf>,
}

fn parse_handle(handle: &str) -> Result<Handle> {
    handle.parse().map_err(|_| OURS.invalid())
}

pub(super) fn parse_mailbox(name: &str) -> Result<MailboxName> {
    name.parse().map_err(|_| Error::new(Code::MailboxNameInvalid))
}

impl Join {
    pub(super) async fn run(self, context: &mut Context, output: &mut Output) -> Result<()> {
        refuse_members(context)?;
        let handle = self.handle.clone();
        let invite = match &self.invite {
            Some(given) => read_invite(given, &mut context.console)?,
            None => return Enlisting { invite: None, handle }.run(context, output).await,
        };
        let invite = match invite {
            Invitation::Member(invite) => {
                return Enlisting { invite: Some(*invite), handle }.run(context, output).await;
            }
            Invitation::Organisation(invite) => *invite,
        };
        let draft = self.draft(invite, &mut context.console, output)?;
        if handle.is_none() && !context.console.has_person() {
            return Err(OURS.unanswered());
        }
        for kit in &draft.kits {
            cloud::warn(kit, output);
        }
        let profile = context.home()?.open_or_create(&context.profile_name()?)?;
        // An unfinished try has a keystore already, and goes on with its passphrase.
        let passphrase = if Keystore::exists(&profile) {
            context.passphrase().read(output.text())?
        } else {
            context.new_passphrase(output)?
        };
        output.notice(msg!("join-making-keys"), &text::Args::none());
        let words = output.text().clone();
        let console = &mut context.console;
        let mut confirm = |invited: &Invited| confirm(invited, handle.as_ref(), console, output);
        let joined = join::join(&profile, &passphrase, &draft, &words, &context.clock, &mut confirm).await?;
        output.result(&Welcome::new(&joined, &draft))
    }

    fn draft(self, invite: Invite, console: &mut Console, output: &mut Output) -> Result<JoinDraft> {
        let mailbox = match self.mailbox {
            Some(name) => name,
            None => console.parsed(output, MAILBOX, "inkorg", parse_mailbox)?,
        };
        let mut path = |given: Option<PathBuf>, question, default| match given {
            Some(path) => Ok(path),
            None => console.line(output, question, default).map(PathBuf::from),
        };
        let kits = [
            path(self.kit, KIT, "samverkan-recovery-kit-1.txt")?,
            path(self.kit_copy, KIT_COPY, "samverkan-recovery-kit-2.txt")?,
        ];
        if kits[0] == kits[1] {
            return Err(Error::new(Code::KitCopiesSame));
        }
        Ok(JoinDraft { invite, mailbox, kits })
    }
}

/// Whoever has joined already is told so before the first question. A profile that can not be looked at is looked at again later.
fn refuse_members(context: &Context) -> Result<()> {
    match context.profile().and_then(|profile| HubFacts::read(&profile)) {
        Ok(_) => Err(Error::new(Code::AlreadyJoined)),
        Err(_) => Ok(()),
    }
}

/// Whether the invitation is for the person's own organisation: the one they named, or the one they say yes to.
fn confirm(
    invited: &Invited,
    named: Option<&Handle>,
    console: &mut Console,
    output: &mut Output,
) -> Result<()> {
    let about = text::Args::none()
        .text("organisation", &invited.organisation)
        .text("number", &invited.number)
        .text("handle", &invited.handle)
        .text("hub", &invited.hub);
    if let Some(named) = named {
        return if *named == invited.handle { Ok(()) } else { Err(Error::with(Code::InviteForOther, about)) };
    }
    output.notice(msg!("join-invited"), &about);
    let answers = [msg!("answer-not-ours"), msg!("answer-ours")];
    let answers = answers.map(|id| output.text().get(id, &text::Args::none()));
    match console.choice(output, OURS, &answers, 0)? {
        1 => Ok(()),
        _ => Err(Error::new(Code::Interrupted)),
    }
}

/// The invitation itself, a file that holds it, or `-` for stdin.
fn read_invite(given: &str, console: &mut Console) -> Result<Invitation> {
    let malformed = || Error::new(Code::InviteMalformed);
    let written = if given == "-" {
        console.read_all()?
    } else if given.starts_with("svki") || MemberInvite::has_prefix(given) {
        given.as_bytes().to_vec()
    } else {
        read_file(given).map_err(|error| if error.is_missing() { malformed() } else { error.into() })?
    };
    let written = str::from_utf8(&written).map_err(|_| malformed())?.trim();
    let parsed = if MemberInvite::has_prefix(written) {
        MemberInvite::parse(written).map(|invite| Invitation::Member(Box::new(invite)))
    } else {
        Invite::parse(written).map(|invite| Invitation::Organisation(Box::new(invite)))
    };
    parsed.map_err(|_| malformed())
}

fn read_file(path: &str) -> std::result::Result<Vec<u8>, FileError> {
    let fail = |error| FileError::from_io(path.as_ref(), error);
    let mut bytes = Vec::new();
    File::open(path).map_err(fail)?.take(MAX_INVITE_FILE).read_to_end(&mut bytes).map_err(fail)?;
    Ok(bytes)
}

/// What joining resulted in.
#[derive(Serialize)]
struct Welcome {
    organisation: String,
    mailbox: String,
    safety_number: String,
    hub: String,
    test_hub: bool,
    recovery_kits: [PathBuf; 2],
}

impl Welcome {
    fn new(joined: &Joined, draft: &JoinDraft) -> Self {
        Self {
            organisation: joined.organisation.clone(),
            mailbox: joined.mailbox.to_string(),
            safety_number: joined.safety_number.to_string(),
            hub: joined.hub.clone(),
            test_hub: joined.test_hub,
            recovery_kits: draft.kits.clone(),
        }
    }
}

impl Report for Welcome {
    const KIND: &'static str = "joined";

    fn lines(&self, page: &mut Page<'_>) {
        let none = text::Args::none();
        let about = text::Args::none().text("organisation", &self.organisation).text("hub", &self.hub);
        page.say_in(Tone::Good, msg!("join-done"), &about);
        if self.test_hub {
            page.say_in(Tone::Warning, msg!("test-hub"), &none);
        }
        page.blank().field(msg!("label-mailbox"), &self.mailbox);
        page.field(msg!("label-safety-number"), &self.safety_number).blank();
        page.say(msg!("join-kits"), &none);
        for kit in &self.recovery_kits {
            page.line(&format!("  {}", kit.display()));
        }
        page.blank().say(msg!("join-next"), &none);
    }
}

#[cfg(test)]
mod tests;
