//! `samverkan org`: the organisations of the hub, and whether they are who they say.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use samverkan_proto::ids::Handle;
use samverkan_proto::statement::safety::SafetyNumber;
use serde::Serialize;

use super::change::{Changed, confirm, refresh, words};
use super::console::{Console, Question};
use super::context::{Context, View};
use super::input::read_text;
use super::moment::Moment;
use super::names;
use super::organisation::{Organisation, TrustMark};
use super::output::{Output, Report};
use super::page::{Page, Tone};
use super::steps::Steps;
use crate::error::{Code, Error, Result};
use crate::msg;
use crate::session::Session;
use crate::session::model::{Compared, Comparison, Trust};
use crate::text;

const SAME: Question = Question { text: msg!("ask-same"), option: "--number" };
const RECOVERED: Question = Question { text: msg!("ask-recovered"), option: "--after-recovery" };
const HOW: Question = Question { text: msg!("ask-how"), option: "--how" };
const SIGN: Question = Question { text: msg!("ask-cosign"), option: "--yes" };

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
    Threshold(Threshold),
    Cosign(Cosign),
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
    #[arg(long, value_name = "HOW", value_parser = names::parser::<Compared>())]
    how: Option<Compared>,
    #[arg(long)]
    new_keys: bool,
    #[arg(long)]
    after_recovery: bool,
}

#[derive(Args)]
struct Threshold {
    #[arg(value_name = "ADMINS")]
    admins: u8,
    #[arg(long, value_name = "PATH")]
    proposal: Option<PathBuf>,
}

#[derive(Args)]
struct Cosign {
    #[arg(value_name = "PROPOSAL")]
    proposal: PathBuf,
    #[arg(long)]
    yes: bool,
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
            Action::Threshold(threshold) => {
                let mut session = context.session(output)?;
                let change = session.set_threshold(threshold.admins, &mut Steps::new(output)).await?;
                output.result(&Changed::new(msg!("threshold-set"), change, threshold.proposal, None)?)
            }
            Action::Cosign(cosign) => cosign.run(context, output).await,
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
            Some(TrustMark::Recovered) => {
                Err(Error::with(Code::RecoveryUnconfirmed, text::Args::none().text("recipient", &handle)))
            }
            Some(TrustMark::Verified | TrustMark::Moved | TrustMark::Unverified) | None => Ok(()),
        }
    }
}

impl Verify {
    async fn run(self, context: &mut Context, output: &mut Output) -> Result<()> {
        let mut session = context.session(output)?;
        self.check_changed(&session)?;
        let serial = newest_serial(&session, &self.handle)?;
        let of_recovery = self.ask_about_recovery(&session, &mut context.console, output)?;
        let number = match self.number {
            Some(number) => number,
            None => compare(&session, &self.handle, &mut context.console, output)?,
        };
        let how = match self.how {
            Some(how) => how,
            None => ask_how(&mut context.console, output)?,
        };
        let comparison = Comparison { number, how, serial, of_new_keys: self.new_keys, of_recovery };
        session.verify_organisation(&self.handle, &comparison)?;
        output.result(&One::named(&View::Session(Box::new(session)), &self.handle)?)
    }

    /// Other keys than those compared are a stop before the first question.
    fn check_changed(&self, session: &Session) -> Result<()> {
        match session.trust(&self.handle) {
            Trust::KeyChanged { handle } if !self.new_keys => {
                Err(Error::with(Code::KeyChanged, text::Args::none().text("recipient", handle)))
            }
            _ => Ok(()),
        }
    }

    /// A thief with the kit has the same number: what counts is whether it was they, and only they can say so.
    fn ask_about_recovery(
        &self,
        session: &Session,
        console: &mut Console,
        output: &mut Output,
    ) -> Result<bool> {
        let Trust::Recovered { at_ms, compared_ms } = session.trust(&self.handle) else { return Ok(false) };
        let at =
            text::Args::none().text("handle", &self.handle).text("date", Moment(at_ms).local(output.text()));
        match compared_ms {
            Some(before) => {
                output.notice(
                    msg!("verify-recovered"),
                    &at.text("before", Moment(before).local(output.text())),
                );
            }
            None => output.notice(msg!("verify-recovered-new"), &at),
        }
        if self.after_recovery {
            return Ok(true);
        }
        let answers = [msg!("answer-not-they"), msg!("answer-they-did")];
        let answers = answers.map(|id| output.text().get(id, &text::Args::none()));
        match console.choice(output, RECOVERED, &answers, 0)? {
            1 => Ok(true),
            _ => {
                let named = text::Args::none().text("recipient", &self.handle);
                Err(Error::with(Code::RecoveryUnconfirmed, named))
            }
        }
    }
}

/// What the person is shown now, and no more than that, is what gets confirmed.
fn newest_serial(session: &Session, handle: &Handle) -> Result<u64> {
    let found = session.directory().by_handle(handle).and_then(|(_, found)| found.manifest());
    Ok(found.ok_or(Error::with(Code::OrganisationUnknown, text::Args::none()))?.serial())
}

/// Shows the number as the directory has it, and asks whether it is what was heard.
fn compare(
    session: &Session,
    handle: &Handle,
    console: &mut Console,
    output: &mut Output,
) -> Result<SafetyNumber> {
    let unknown = || Error::with(Code::OrganisationUnknown, text::Args::none());
    let (_, organisation) = session.directory().by_handle(handle).ok_or_else(unknown)?;
    let number = organisation.safety_number().ok_or_else(unknown)?;
    let name = organisation.entry().map(|entry| entry.fields().name.to_string()).unwrap_or_default();
    output.notice(msg!("verify-digits"), &text::Args::none().text("name", name).text("handle", handle));
    output.notice(msg!("verify-number"), &text::Args::none().text("number", number));
    let answers = [msg!("answer-other-digits"), msg!("answer-same-digits")];
    let answers = answers.map(|id| output.text().get(id, &text::Args::none()));
    match console.choice(output, SAME, &answers, 0)? {
        1 => Ok(number),
        _ => Err(Error::new(Code::SafetyNumberWrong)),
    }
}

fn ask_how(console: &mut Console, output: &mut Output) -> Result<Compared> {
    let answers = [msg!("answer-by-telephone"), msg!("answer-in-person"), msg!("answer-worthless")];
    let answers = answers.map(|id| output.text().get(id, &text::Args::none()));
    match console.choice(output, HOW, &answers, 2)? {
        0 => Ok(Compared::ByTelephone),
        1 => Ok(Compared::InPerson),
        _ => Err(Error::new(Code::ComparisonWorthless)),
    }
}

impl Cosign {
    async fn run(self, context: &mut Context, output: &mut Output) -> Result<()> {
        let text = read_text(&self.proposal, "PROPOSAL", &mut context.console)?;
        let mut session = context.session(output)?;
        refresh(&mut session, true, output).await?;
        let differences = session.proposed(&text)?;
        output.notice(msg!("proposal-says"), &text::Args::none());
        for difference in &differences {
            let (words, args) = words(difference);
            output.notice(words, &args);
        }
        confirm(SIGN, self.yes, &mut context.console, output)?;
        let change = session.cosign(&text, &mut Steps::new(output)).await?;
        output.result(&Changed::new(msg!("proposal-published"), change, Some(self.proposal), None)?)
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
        let since = text::Args::none()
            .text("state", organisation.state)
            .text("since", organisation.since(page.text()));
        let state = page.text().get(msg!("org-state"), &since);
        page.field(msg!("label-name"), &organisation.name);
        page.field(msg!("label-handle"), &organisation.handle);
        page.field(msg!("label-kind"), organisation.kind);
        page.field(msg!("label-state"), &state);
        let words = organisation.compared(page.text());
        let recovered = organisation.recovered_at.map_or_else(String::new, |at| at.local(page.text()));
        let details = [
            (msg!("label-places"), organisation.places()),
            (msg!("label-services"), organisation.services()),
            (msg!("label-mailboxes"), organisation.mailboxes.join(", ")),
            (msg!("label-safety-number"), organisation.safety_number.clone().unwrap_or_default()),
            (msg!("label-compared"), words),
            (msg!("label-recovered"), recovered.clone()),
        ];
        for (label, value) in details.into_iter().filter(|(_, value)| !value.is_empty()) {
            page.field(label, &value);
        }
        let advice = match organisation.trust {
            Some(TrustMark::Unverified) => msg!("org-compare"),
            Some(TrustMark::Moved) => msg!("org-moved"),
            Some(TrustMark::Recovered) => msg!("org-recovered"),
            Some(TrustMark::Verified | TrustMark::KeyChanged) | None => return,
        };
        page.blank().say_in(Tone::Warning, advice, &text::Args::none().text("date", recovered));
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
