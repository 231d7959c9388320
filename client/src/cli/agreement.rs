//! `samverkan agreement`: what organisations may send each other, signed by admins of both.

use std::num::NonZeroU32;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use samverkan_proto::code::{Class, Classes, LegalBasis};
use samverkan_proto::ids::{Handle, MailboxAddress, MailboxId, OrgId};
use samverkan_proto::statement::agreement::{Clause, Terms};

use super::change::{confirm, refresh};
use super::console::Question;
use super::context::Context;
use super::input::read_text;
use super::moment::{parse_beginning_of_day, parse_end_of_day};
use super::names::{self, Named};
use super::output::Output;
use super::send::parse_minutes;
use super::steps::Steps;
use crate::error::{Code, Error, Result};
use crate::msg;
use crate::session::Session;
use crate::session::agreement::Offer;
use crate::text;

mod report;

use report::{All, Signed, Version};

const SIGN: Question = Question { text: msg!("ask-agreement"), option: "--yes" };

#[derive(Args)]
pub(super) struct Agreement {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    Propose(Propose),
    Sign(Sign),
    List(List),
    End(End),
}

#[derive(Args)]
struct Propose {
    #[arg(long, value_name = "ORGANISATION[/MAILBOX]", required = true, value_parser = parse_target)]
    to: Vec<Target>,
    #[arg(long, value_name = "ORGANISATION", value_parser = parse_handle)]
    from: Option<Handle>,
    #[arg(long, value_name = "CLASS", ignore_case = true, required = true, value_parser = names::parser::<Begins>())]
    class: Vec<Begins>,
    #[arg(long, value_name = "BASIS", ignore_case = true, required = true, value_parser = names::parser::<LegalBasis>())]
    basis: Vec<LegalBasis>,
    #[arg(long, value_name = "TIME", value_parser = parse_minutes)]
    answer_within: Option<NonZeroU32>,
    #[arg(long, value_name = "DATE", value_parser = parse_beginning_of_day)]
    valid_from: Option<u64>,
    #[arg(long, value_name = "DATE", value_parser = parse_end_of_day)]
    valid_until: u64,
    #[arg(long, value_name = "AGREEMENT")]
    replaces: Option<String>,
    #[arg(long, value_name = "PATH")]
    proposal: Option<PathBuf>,
    #[arg(long)]
    yes: bool,
}

#[derive(Args)]
struct Sign {
    #[arg(value_name = "PROPOSAL")]
    proposal: PathBuf,
    #[arg(long)]
    yes: bool,
}

#[derive(Args)]
struct List {
    #[arg(long)]
    all: bool,
    #[arg(long)]
    refresh: bool,
}

#[derive(Args)]
struct End {
    #[arg(value_name = "AGREEMENT")]
    agreement: String,
    #[arg(long, value_name = "PATH")]
    proposal: Option<PathBuf>,
    #[arg(long)]
    yes: bool,
}

/// A class that begins something, which alone can need an agreement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Begins(Class);

impl Named for Begins {
    const ALL: &'static [Self] =
        &[Self(Class::Referral), Self(Class::ConcernReport), Self(Class::InformationRequest)];

    fn name(self) -> &'static str {
        self.0.name()
    }
}

/// An organisation, or one of its mailboxes.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Target {
    Everywhere(Handle),
    Mailbox(MailboxAddress),
}

impl Target {
    const fn handle(&self) -> &Handle {
        match self {
            Self::Everywhere(handle) => handle,
            Self::Mailbox(address) => &address.handle,
        }
    }
}

fn parse_target(target: &str) -> Result<Target> {
    if target.contains('/') {
        return super::reference::parse_mailbox(target).map(Target::Mailbox);
    }
    parse_handle(target).map(Target::Everywhere)
}

fn parse_handle(handle: &str) -> Result<Handle> {
    let args = text::Args::none().text("option", "ORGANISATION").text("allowed", "none");
    handle.parse().map_err(|_| Error::with(Code::ArgumentInvalid, args))
}

impl Agreement {
    pub(super) async fn run(self, context: &mut Context, output: &mut Output) -> Result<()> {
        match self.action {
            Action::Propose(propose) => propose.run(context, output).await,
            Action::Sign(sign) => sign.run(context, output).await,
            Action::List(list) => list.run(context, output).await,
            Action::End(end) => end.run(context, output).await,
        }
    }
}

impl Propose {
    async fn run(self, context: &mut Context, output: &mut Output) -> Result<()> {
        let mut session = context.session(output)?;
        refresh(&mut session, true, output).await?;
        let now_ms = context.clock.now_ms();
        let offer = self.offer(&session, now_ms)?;
        Version::of_offer(&offer, &session).tell(output);
        confirm(SIGN, self.yes, &mut context.console, output)?;
        let signing = session.offer_agreement(offer, &mut Steps::new(output)).await?;
        output.result(&Signed::new(signing, self.proposal, &session)?)
    }

    /// The terms that the command line states: the same for each mailbox that it names.
    fn offer(&self, session: &Session, now_ms: u64) -> Result<Offer> {
        let sender = match &self.from {
            Some(handle) => organisation(session, handle)?,
            None => session.org(),
        };
        let first = self.to.first().map(Target::handle).ok_or(Error::new(Code::RecipientMissing))?;
        let recipient = organisation(session, first)?;
        let (classes, bases) = (
            self.class.iter().map(|class| class.0).collect::<Classes>(),
            self.basis.iter().copied().collect(),
        );
        let clause = |target: &Target| {
            let mailbox = mailbox(session, target, recipient)?;
            Ok(Clause { mailbox, classes, bases, answer_within_minutes: self.answer_within })
        };
        let terms = Terms {
            valid_from_ms: self.valid_from.unwrap_or(now_ms),
            // What is agreed on is over with the first moment of the next day.
            valid_until_ms: self.valid_until.saturating_add(1),
            clauses: self.to.iter().map(clause).collect::<Result<_>>()?,
        };
        let replaces = self.replaces.as_deref().map(|named| session.agreement_named(named)).transpose()?;
        if ![sender, recipient].contains(&session.org()) {
            return Err(Error::with(Code::AgreementInvalid, text::Args::none().text("field", "--to")));
        }
        Ok(Offer { sender, recipient, terms, replaces })
    }
}

fn organisation(session: &Session, handle: &Handle) -> Result<OrgId> {
    let found = session.directory().by_handle(handle).map(|(id, _)| id);
    found.ok_or(Error::new(Code::OrganisationUnknown))
}

/// Which mailbox of the recipient a target names; `None` for every one.
fn mailbox(session: &Session, target: &Target, recipient: OrgId) -> Result<Option<MailboxId>> {
    let unknown =
        || Error::with(Code::RecipientUnknown, text::Args::none().text("recipient", target.handle()));
    match target {
        Target::Everywhere(handle) if organisation(session, handle)? == recipient => Ok(None),
        Target::Everywhere(_) => Err(unknown()),
        Target::Mailbox(address) => {
            let (org, mailbox) = session.directory().resolve(address).ok_or_else(unknown)?;
            if org == recipient { Ok(Some(mailbox)) } else { Err(unknown()) }
        }
    }
}

impl Sign {
    async fn run(self, context: &mut Context, output: &mut Output) -> Result<()> {
        let text = read_text(&self.proposal, "PROPOSAL", &mut context.console)?;
        let mut session = context.session(output)?;
        refresh(&mut session, true, output).await?;
        let offered = session.offered(&text)?;
        Version::of(offered.signed.fields(), &session).tell(output);
        confirm(SIGN, self.yes, &mut context.console, output)?;
        let signing = session.sign_agreement(&text, &mut Steps::new(output)).await?;
        output.result(&Signed::new(signing, Some(self.proposal), &session)?)
    }
}

impl List {
    async fn run(self, context: &mut Context, output: &mut Output) -> Result<()> {
        let mut session = context.session(output)?;
        if self.refresh {
            refresh(&mut session, true, output).await?;
        }
        output.result(&All::of(&session, self.all, context.clock.now_ms()))
    }
}

impl End {
    async fn run(self, context: &mut Context, output: &mut Output) -> Result<()> {
        let mut session = context.session(output)?;
        refresh(&mut session, true, output).await?;
        let id = session.agreement_named(&self.agreement)?;
        Version::of_end(&id, &session).tell(output);
        confirm(SIGN, self.yes, &mut context.console, output)?;
        let signing = session.end_agreement(&id, &mut Steps::new(output)).await?;
        output.result(&Signed::new(signing, self.proposal, &session)?)
    }
}
