//! Agreements in words, and as JSON.

use std::num::NonZeroU32;
use std::path::PathBuf;

use samverkan_proto::code::{Class, LegalBasis};
use samverkan_proto::ids::{AgreementId, OrgId};
use samverkan_proto::statement::agreement::{AgreementFields, Clause, Provision, Terms};
use samverkan_proto::statement::log::Standing;
use serde::Serialize;

use crate::cli::moment::Moment;
use crate::cli::output::{Output, Report};
use crate::cli::page::{Page, Tone};
use crate::error::Result;
use crate::files;
use crate::msg;
use crate::session::Session;
use crate::session::agreement::{Offer, Offered, Signing};
use crate::text::{Args, MessageId, Text};

/// Digits of an agreement's number that people are shown: enough to tell theirs apart.
const SHORT: usize = 8;

/// One clause.
#[derive(Serialize)]
struct ClauseRow {
    /// The mailbox; absent for every one.
    mailbox: Option<String>,
    classes: Vec<&'static str>,
    bases: Vec<&'static str>,
    answer_within_minutes: Option<NonZeroU32>,
}

impl ClauseRow {
    fn of(clause: &Clause, recipient: &OrgId, session: &Session) -> Self {
        let known = session.clause_address(recipient, clause.mailbox);
        let unknown = || clause.mailbox.map(|mailbox| mailbox.to_string());
        Self {
            mailbox: known.map(|address| address.to_string()).or_else(unknown),
            classes: clause.classes.iter().map(Class::name).collect(),
            bases: clause.bases.iter().map(LegalBasis::name).collect(),
            answer_within_minutes: clause.answer_within_minutes,
        }
    }

    fn mailbox(&self, text: &Text) -> String {
        let every = || text.get(msg!("agreement-every-mailbox"), &Args::none());
        self.mailbox.clone().unwrap_or_else(every)
    }

    fn answer(&self, text: &Text) -> Option<String> {
        self.answer_within_minutes.map(|minutes| duration(minutes.get().into(), text))
    }
}

/// A time in the largest unit that it is whole in.
fn duration(minutes: u64, text: &Text) -> String {
    let (unit, count) = match minutes {
        _ if minutes.is_multiple_of(1440) => (msg!("agreement-days"), minutes / 1440),
        _ if minutes.is_multiple_of(60) => (msg!("agreement-hours"), minutes / 60),
        _ => (msg!("agreement-minutes"), minutes),
    };
    text.get(unit, &Args::none().number("count", count))
}

/// What a version says.
#[derive(Serialize)]
pub(super) struct Version {
    /// The agreement's number; absent for one that is not made yet.
    agreement: Option<String>,
    sender: String,
    recipient: String,
    /// Absent for an end.
    valid_from: Option<Moment>,
    valid_until: Option<Moment>,
    clauses: Vec<ClauseRow>,
}

impl Version {
    fn new(
        id: Option<&AgreementId>,
        [sender, recipient]: [OrgId; 2],
        terms: Option<&Terms>,
        session: &Session,
    ) -> Self {
        let row = |clause| ClauseRow::of(clause, &recipient, session);
        Self {
            agreement: id.map(ToString::to_string),
            sender: handle(&sender, session),
            recipient: handle(&recipient, session),
            valid_from: terms.map(|terms| Moment(terms.valid_from_ms)),
            valid_until: terms.map(|terms| Moment(terms.valid_until_ms)),
            clauses: terms.map(|terms| terms.clauses.iter().map(row).collect()).unwrap_or_default(),
        }
    }

    /// Of a version that is written down.
    pub(super) fn of(fields: &AgreementFields, session: &Session) -> Self {
        let terms = match &fields.provision {
            Provision::Terms(terms) => Some(terms),
            Provision::End => None,
        };
        Self::new(Some(&fields.id), fields.parties(), terms, session)
    }

    /// Of terms that are to be offered.
    pub(super) fn of_offer(offer: &Offer, session: &Session) -> Self {
        Self::new(offer.replaces.as_ref(), [offer.sender, offer.recipient], Some(&offer.terms), session)
    }

    /// Of an agreement that is to be ended.
    pub(super) fn of_end(id: &AgreementId, session: &Session) -> Self {
        let standing = session.agreements().find(|one| one.newest().fields().id == *id);
        let parties = standing.map_or([session.org(); 2], |one| one.newest().fields().parties());
        Self::new(Some(id), parties, None, session)
    }

    /// Says all of it before it is signed.
    pub(super) fn tell(&self, output: &mut Output) {
        output.notice(msg!("agreement-says"), &Args::none());
        let parties = Args::none().text("sender", &self.sender).text("recipient", &self.recipient);
        let (Some(from), Some(until)) = (self.valid_from, self.valid_until) else {
            let id = self.agreement.as_deref().unwrap_or_default();
            return output.notice(msg!("agreement-ends"), &parties.text("id", short(id)));
        };
        let local = |moment: Moment| moment.local(output.text());
        let parties = parties.text("from", local(from)).text("until", local(until));
        output.notice(msg!("agreement-parties"), &parties);
        for clause in &self.clauses {
            let args = Args::none()
                .text("mailbox", clause.mailbox(output.text()))
                .text("classes", clause.classes.join(", "))
                .text("bases", clause.bases.join(", "));
            match clause.answer(output.text()) {
                Some(time) => output.notice(msg!("agreement-clause-answer"), &args.text("time", time)),
                None => output.notice(msg!("agreement-clause"), &args),
            }
        }
    }
}

fn handle(org: &OrgId, session: &Session) -> String {
    let manifest = session.directory().organisation(org).and_then(|found| found.manifest());
    manifest.map_or_else(|| org.to_string(), |manifest| manifest.fields().handle.to_string())
}

/// What people write of an agreement's number.
fn short(id: &str) -> &str {
    id.get(..SHORT).unwrap_or(id)
}

/// What became of a signature.
#[derive(Serialize)]
pub(super) struct Signed {
    agreement: String,
    version: u32,
    /// Whether everybody goes by it now.
    published: bool,
    ended: bool,
    /// The file for the next admin.
    proposal: Option<PathBuf>,
    /// How many have signed for each party; empty when it stands.
    signatures: Vec<PartySignatures>,
}

#[derive(Serialize)]
struct PartySignatures {
    organisation: String,
    given: usize,
    needed: usize,
}

impl Signed {
    /// What is to be told, and for a version that others must sign the file for them, which is written here.
    ///
    /// # Errors
    /// Those of the file.
    pub(super) fn new(signing: Signing, path: Option<PathBuf>, session: &Session) -> Result<Self> {
        let (fields, proposal, signatures) = match &signing {
            Signing::Published(signed) => (signed.fields(), None, Vec::new()),
            Signing::Incomplete(offered) => {
                let fields = offered.signed.fields();
                let name = || {
                    let id = fields.id.to_string();
                    format!("samverkan-agreement-{}-{}.txt", short(&id), fields.version).into()
                };
                let path = path.filter(|path| path.as_os_str() != "-").unwrap_or_else(name);
                files::replace_private(&path, offered.to_text().as_bytes())?;
                (fields, Some(path), parties(offered, session))
            }
        };
        Ok(Self {
            agreement: fields.id.to_string(),
            version: fields.version,
            published: proposal.is_none(),
            ended: fields.provision == Provision::End,
            proposal,
            signatures,
        })
    }
}

fn parties(offered: &Offered, session: &Session) -> Vec<PartySignatures> {
    let all = offered.signed.fields().parties().into_iter().zip(offered.counts);
    let party = |(org, count): (OrgId, samverkan_proto::statement::agreement::Signatures)| PartySignatures {
        organisation: handle(&org, session),
        given: count.given,
        needed: count.needed,
    };
    all.map(party).collect()
}

impl Report for Signed {
    const KIND: &'static str = "agreement_signed";

    fn lines(&self, page: &mut Page<'_>) {
        let args = Args::none().text("id", short(&self.agreement)).number("version", u64::from(self.version));
        if let (Some(path), [sender, recipient]) = (&self.proposal, &self.signatures[..]) {
            let args = Args::none()
                .text("path", path.display())
                .text("sender", &sender.organisation)
                .number("sender_given", sender.given as u64)
                .number("sender_needed", sender.needed as u64)
                .text("recipient", &recipient.organisation)
                .number("recipient_given", recipient.given as u64)
                .number("recipient_needed", recipient.needed as u64);
            page.say_in(Tone::Warning, msg!("agreement-incomplete"), &args);
        } else if self.ended {
            page.say_in(Tone::Good, msg!("agreement-ended-now"), &args);
        } else {
            page.say_in(Tone::Good, msg!("agreement-published"), &args);
        }
    }
}

/// How an agreement stands now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum State {
    InForce,
    NotYetValid,
    Expired,
    Ended,
}

impl State {
    fn of(standing: &Standing, now_ms: u64) -> Self {
        let terms = standing.terms();
        if standing.is_ended() {
            Self::Ended
        } else if now_ms >= terms.valid_until_ms {
            Self::Expired
        } else if now_ms < terms.valid_from_ms {
            Self::NotYetValid
        } else {
            Self::InForce
        }
    }

    const fn is_over(self) -> bool {
        matches!(self, Self::Expired | Self::Ended)
    }

    const fn words(self) -> MessageId {
        match self {
            Self::InForce => msg!("agreement-in-force"),
            Self::NotYetValid => msg!("agreement-not-yet"),
            Self::Expired => msg!("agreement-run-out"),
            Self::Ended => msg!("agreement-was-ended"),
        }
    }
}

#[derive(Serialize)]
struct Row {
    version: u32,
    state: State,
    #[serde(flatten)]
    terms: Version,
}

/// The agreements of the own organisation, and what the hub asks for.
#[derive(Serialize)]
pub(super) struct All {
    /// The classes that are sent on an agreement alone.
    agreement_required: Vec<&'static str>,
    agreements: Vec<Row>,
}

impl All {
    /// Those in force or to come; `also_over`: and those that are over.
    pub(super) fn of(session: &Session, also_over: bool, now_ms: u64) -> Self {
        let row = |standing: &Standing| {
            let fields = standing.newest().fields();
            let terms = Version::new(Some(&fields.id), fields.parties(), Some(standing.terms()), session);
            Row { version: fields.version, state: State::of(standing, now_ms), terms }
        };
        let rows = session.agreements().map(row).filter(|row| also_over || !row.state.is_over());
        let required = session.policy().agreement_required;
        Self { agreement_required: required.iter().map(Class::name).collect(), agreements: rows.collect() }
    }
}

impl Report for All {
    const KIND: &'static str = "agreements";

    fn lines(&self, page: &mut Page<'_>) {
        if self.agreement_required.is_empty() {
            page.say(msg!("agreement-policy-open"), &Args::none());
        } else {
            let classes = Args::none().text("classes", self.agreement_required.join(", "));
            page.say(msg!("agreement-policy"), &classes);
        }
        if self.agreements.is_empty() {
            page.say(msg!("agreement-none"), &Args::none());
            return;
        }
        let headings = [
            msg!("column-agreement"),
            msg!("column-state"),
            msg!("column-sends"),
            msg!("column-receives"),
            msg!("column-what"),
            msg!("column-basis"),
            msg!("column-answer"),
            msg!("column-from"),
            msg!("column-until"),
        ];
        let text = page.text();
        let rows: Vec<Vec<String>> = self.agreements.iter().flat_map(|row| row.lines(text)).collect();
        page.blank().table(&headings, &rows);
    }
}

impl Row {
    /// One line a clause.
    fn lines(&self, text: &Text) -> Vec<Vec<String>> {
        let Version { agreement, sender, recipient, valid_from, valid_until, clauses } = &self.terms;
        let local = |moment: &Option<Moment>| moment.map(|moment| moment.local(text)).unwrap_or_default();
        let line = |clause: &ClauseRow| {
            vec![
                short(agreement.as_deref().unwrap_or_default()).to_owned(),
                text.get(self.state.words(), &Args::none()),
                sender.clone(),
                clause.mailbox.clone().unwrap_or_else(|| recipient.clone()),
                clause.classes.join(", "),
                clause.bases.join(", "),
                clause.answer(text).unwrap_or_default(),
                local(valid_from),
                local(valid_until),
            ]
        };
        clauses.iter().map(line).collect()
    }
}
