//! `samverkan org`: the organisations of the hub, and whether they are who they say.

use clap::{Args, Subcommand};
use samverkan_proto::ids::Handle;
use samverkan_proto::statement::safety::SafetyNumber;
use serde::Serialize;

use super::console::Question;
use super::context::{Context, View};
use super::organisation::{Organisation, TrustMark};
use super::output::{Output, Report};
use super::page::{Page, Tone};
use crate::error::{Code, Error, Result};
use crate::msg;
use crate::text;

const NUMBER: Question = Question { text: msg!("ask-safety-number"), option: "--number" };

#[derive(Args)]
pub(super) struct Org {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    List(List),
    Show(Show),
    Verify(Verify),
}

#[derive(Args)]
struct List {
    #[arg(long)]
    refresh: bool,
}

#[derive(Args)]
struct Show {
    #[arg(value_name = "HANDLE", value_parser = parse_handle)]
    handle: Option<Handle>,
    #[arg(long)]
    refresh: bool,
}

#[derive(Args)]
struct Verify {
    #[arg(value_name = "HANDLE", value_parser = parse_handle)]
    handle: Handle,
    #[arg(long, value_name = "NUMBER", value_parser = parse_number)]
    number: Option<SafetyNumber>,
}

fn parse_handle(handle: &str) -> Result<Handle> {
    let args = text::Args::none().text("option", "HANDLE").text("allowed", "none");
    handle.parse().map_err(|_| Error::with(Code::ArgumentInvalid, args))
}

fn parse_number(number: &str) -> Result<SafetyNumber> {
    number.parse().map_err(|_| Error::new(Code::SafetyNumberMalformed))
}

impl Org {
    pub(super) async fn run(self, context: &mut Context, output: &mut Output) -> Result<()> {
        match self.action {
            Action::List(list) => {
                let view = context.directory(list.refresh, output).await?;
                output.result(&All::in_view(&view))
            }
            Action::Show(show) => show.run(context, output).await,
            Action::Verify(verify) => verify.run(context, output).await,
        }
    }
}

impl Show {
    async fn run(self, context: &mut Context, output: &mut Output) -> Result<()> {
        // Which one is the own organisation stands in the keystore alone.
        let view = match &self.handle {
            Some(_) => context.directory(self.refresh, output).await?,
            None => context.unlocked_directory(self.refresh, output).await?,
        };
        let own = view.session().map(|session| session.membership().handle.clone());
        let handle = self.handle.or(own).ok_or(Error::new(Code::OrganisationUnknown))?;
        let shown = One::named(&view, &handle)?;
        output.result(&shown)?;
        match shown.organisation.trust {
            Some(TrustMark::KeyChanged) => {
                Err(Error::with(Code::KeyChanged, text::Args::none().text("recipient", &handle)))
            }
            Some(TrustMark::Verified | TrustMark::Unverified) | None => Ok(()),
        }
    }
}

impl Verify {
    async fn run(self, context: &mut Context, output: &mut Output) -> Result<()> {
        let mut session = context.session(output)?;
        let number = match self.number {
            Some(number) => number,
            None => context.console.parsed(output, NUMBER, "", parse_number)?,
        };
        session.verify_organisation(&self.handle, &number)?;
        output.result(&One::named(&View::Session(Box::new(session)), &self.handle)?)
    }
}

/// One organisation.
#[derive(Serialize)]
struct One {
    #[serde(flatten)]
    organisation: Organisation,
}

impl One {
    fn named(view: &View, handle: &Handle) -> Result<Self> {
        let unknown = || Error::new(Code::OrganisationUnknown);
        let (id, _) = view.directory().by_handle(handle).ok_or_else(unknown)?;
        Ok(Self { organisation: Organisation::of(view, &id).ok_or_else(unknown)? })
    }
}

impl Report for One {
    const KIND: &'static str = "organisation";

    fn lines(&self, page: &mut Page<'_>) {
        let organisation = &self.organisation;
        let since = text::Args::none().text("state", organisation.state).text("since", organisation.since());
        let state = page.text().get(msg!("org-state"), &since);
        page.field(msg!("label-name"), &organisation.name);
        page.field(msg!("label-handle"), &organisation.handle);
        page.field(msg!("label-kind"), organisation.kind);
        page.field(msg!("label-state"), &state);
        let words = organisation.trust_words(page.text());
        let details = [
            (msg!("label-places"), organisation.places()),
            (msg!("label-services"), organisation.services()),
            (msg!("label-mailboxes"), organisation.mailboxes.join(", ")),
            (msg!("label-safety-number"), organisation.safety_number.clone().unwrap_or_default()),
            (msg!("label-compared"), words),
        ];
        for (label, value) in details.into_iter().filter(|(_, value)| !value.is_empty()) {
            page.field(label, &value);
        }
        if organisation.trust == Some(TrustMark::Unverified) {
            page.blank().say_in(Tone::Warning, msg!("org-compare"), &text::Args::none());
        }
    }
}

/// Every organisation that the operator has written down, suspended ones too.
#[derive(Serialize)]
struct All {
    organisations: Vec<Organisation>,
}

impl All {
    fn in_view(view: &View) -> Self {
        let ids = view.directory().organisations().map(|(id, _)| id);
        let mut organisations: Vec<Organisation> = ids.filter_map(|id| Organisation::of(view, id)).collect();
        organisations.sort_by(|one, other| one.handle.cmp(&other.handle));
        Self { organisations }
    }
}

impl Report for All {
    const KIND: &'static str = "organisations";

    fn lines(&self, page: &mut Page<'_>) {
        let row = |organisation: &Organisation| {
            vec![
                organisation.handle.clone(),
                organisation.name.clone(),
                organisation.kind.to_owned(),
                organisation.state.to_owned(),
                organisation.trust_words(page.text()),
            ]
        };
        let rows: Vec<Vec<String>> = self.organisations.iter().map(row).collect();
        let headings = [
            msg!("column-handle"),
            msg!("column-name"),
            msg!("column-kind"),
            msg!("column-state"),
            msg!("column-compared"),
        ];
        page.table(&headings, &rows);
    }
}
