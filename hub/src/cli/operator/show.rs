//! How operators and their actions are shown.

use std::fmt;
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use samverkan_proto::code::Class;
use samverkan_proto::ids::OperatorId;
use samverkan_proto::sign::PublicKey;
use samverkan_proto::statement::log::OrganisationFields;
use samverkan_proto::statement::operator::{Deed, SignedAction};
use samverkan_proto::v1;
use serde::Serialize;

use super::super::output::safe;
use super::super::signing::{Desk, reference};
use super::super::time::rfc3339;

/// A key that was made.
#[derive(Serialize)]
pub(super) struct NewKey {
    file: PathBuf,
    pub(super) public_key: String,
    operator_id: String,
}

impl NewKey {
    pub(super) fn new(file: &Path, key: &PublicKey) -> Self {
        let Named { public_key, operator_id, .. } = Named::new("", key);
        Self { file: file.to_owned(), public_key, operator_id }
    }
}

#[derive(Serialize)]
struct Named {
    name: String,
    operator_id: String,
    public_key: String,
}

impl Named {
    fn new(name: &str, key: &PublicKey) -> Self {
        Self {
            name: name.to_owned(),
            operator_id: OperatorId::of_key(key.as_bytes()).to_string(),
            public_key: HEXLOWER.encode(key.as_bytes()),
        }
    }
}

/// Who may act, and how.
#[derive(Serialize)]
pub(super) struct Operators {
    operators: Vec<Named>,
    two_must_sign: bool,
}

impl Operators {
    pub(super) fn of(desk: &Desk) -> Self {
        let operators = desk.operators().map(|(name, key)| Named::new(name, &key)).collect();
        Self { operators, two_must_sign: desk.described.two_must_sign }
    }
}

impl fmt::Display for Operators {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.operators.is_empty() {
            return f.write_str(
                "No operators: whoever reaches the operator's socket acts unsigned. next: samverkan-hub operator new FILE",
            );
        }
        let width = self.operators.iter().map(|one| one.name.len()).max().unwrap_or(0);
        for Named { name, operator_id, public_key } in &self.operators {
            writeln!(f, "{name:<width$}  {operator_id}  {public_key}")?;
        }
        let rule = if self.two_must_sign { "Two operators sign" } else { "One operator is enough for" };
        write!(f, "{rule} what suspends, removes, or changes the operators.")
    }
}

/// What waits for a second signature, or has waited in vain.
#[derive(Serialize)]
pub(in super::super) struct Waiting {
    /// What people call it.
    pub(super) reference: String,
    action: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    about: Option<String>,
    #[serde(flatten)]
    subject: Subject,
    pub(super) signed_by: String,
    signed_by_id: String,
    signed_at: String,
    until: String,
    state: &'static str,
}

/// Whom exactly a deed is about: a name is chosen by whoever signs first.
#[derive(Serialize)]
pub(super) struct Subject {
    #[serde(skip_serializing_if = "Option::is_none")]
    org_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    operator_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    public_key: Option<String>,
    /// The classes that a policy wants agreements for; `-` for none.
    #[serde(skip_serializing_if = "Option::is_none")]
    agreement_for: Option<String>,
}

impl Subject {
    /// `known` are the operators' keys, for the one that is taken out: its statement has the id alone.
    pub(super) fn of(deed: &Deed, known: impl IntoIterator<Item = PublicKey>) -> Self {
        let (mut org_id, mut operator_id, mut public_key, mut agreement_for) = (None, None, None, None);
        match deed {
            Deed::Move { org, .. } => org_id = Some(org.to_string()),
            Deed::AddOperator { key, .. } => {
                operator_id = Some(OperatorId::of_key(key.as_bytes()));
                public_key = Some(*key);
            }
            Deed::RemoveOperator { operator, .. } => {
                operator_id = Some(*operator);
                let mut known = known.into_iter();
                public_key = known.find(|key| OperatorId::of_key(key.as_bytes()) == *operator);
            }
            Deed::SetPolicy { policy, .. } => {
                let names: Vec<_> = policy.agreement_required.iter().map(Class::name).collect();
                agreement_for = Some(if names.is_empty() { "-".to_owned() } else { names.join(", ") });
            }
            Deed::Invite { .. } | Deed::Withdraw { .. } | Deed::Require { .. } => {}
        }
        let public_key = public_key.map(|key| HEXLOWER.encode(key.as_bytes()));
        Self { org_id, operator_id: operator_id.map(|id| id.to_string()), public_key, agreement_for }
    }

    /// Each with what it is called.
    fn facts(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let facts = [
            ("organisation id", &self.org_id),
            ("operator id", &self.operator_id),
            ("public key", &self.public_key),
            ("agreement for", &self.agreement_for),
        ];
        facts.into_iter().filter_map(|(label, value)| Some((label, value.as_deref()?)))
    }
}

impl Waiting {
    /// `None` for bytes that are no action.
    pub(in super::super) fn of(waiting: &v1::WaitingAction, desk: &Desk) -> Option<Self> {
        let action = SignedAction::parse(waiting.action.clone()).ok()?;
        let deed = &action.statement().deed;
        let first = &action.signatures()[0].operator;
        Some(Self {
            reference: reference(&action),
            subject: Subject::of(deed, desk.operators().map(|(_, key)| key)),
            signed_by_id: first.to_string(),
            action: deed.action_type().name(),
            about: deed.name().map(ToString::to_string),
            signed_by: desk.name_of(first),
            signed_at: rfc3339(action.first_ms()),
            until: rfc3339(waiting.until_ms),
            state: if waiting.lapsed { "LAPSED" } else { "WAITING" },
        })
    }
}

impl fmt::Display for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { reference, action, signed_by, until, state, .. } = self;
        let about = self.about.as_deref().unwrap_or("-");
        write!(f, "{reference}  {action} {about}  {state}, signed by {signed_by}, until {until}")?;
        self.subject.facts().try_for_each(|(label, value)| write!(f, "\n  {label:<16} {value}"))
    }
}

/// All that the second operator's signature would be under, with where the organisation stands.
#[derive(Serialize)]
pub(super) struct Proposal {
    #[serde(flatten)]
    pub(super) waiting: Waiting,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) organisation: Option<Standing>,
}

/// Where an organisation stood when the first operator signed, and stands still.
#[derive(Serialize)]
pub(super) struct Standing {
    name: String,
    organisation_number: String,
    state: &'static str,
    since: String,
}

impl Standing {
    pub(super) fn of(entry: &OrganisationFields) -> Self {
        Self {
            name: entry.name.to_string(),
            organisation_number: entry.organisation_number.to_string(),
            state: entry.state.name(),
            since: rfc3339(entry.since_ms),
        }
    }
}

/// One fact a line.
impl fmt::Display for Proposal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Waiting { reference, action, signed_by, signed_by_id, signed_at, until, .. } = &self.waiting;
        let about = self.waiting.about.as_deref().unwrap_or("-");
        write!(f, "{action} {about}")?;
        let mut line = |label: &str, value: &str| write!(f, "\n  {label:<16} {}", safe(value));
        if let Some(Standing { name, organisation_number, state, since }) = &self.organisation {
            line("organisation", &format!("{name}, {organisation_number}, {state} since {since}"))?;
        }
        self.waiting.subject.facts().try_for_each(|(label, value)| line(label, value))?;
        line("first signature", &format!("{signed_by} ({signed_by_id}) at {signed_at}"))?;
        line("lapses", until)?;
        line("reference", reference)
    }
}

/// Everything that waits.
#[derive(Serialize)]
pub(super) struct WaitingList {
    pub(super) waiting: Vec<Waiting>,
}

impl fmt::Display for WaitingList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.waiting.is_empty() {
            return f.write_str("Nothing waits for a second signature.");
        }
        let lines: Vec<String> = self.waiting.iter().map(ToString::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

/// Something is done, and in the log.
#[derive(Serialize)]
pub(super) struct Done {
    action: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    about: Option<String>,
    state: &'static str,
}

impl Done {
    pub(super) fn of(deed: &Deed) -> Self {
        let about = deed.name().map(ToString::to_string);
        Self { action: deed.action_type().name(), about, state: "DONE" }
    }
}

impl fmt::Display for Done {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: done, and in the log.", self.action, self.about.as_deref().unwrap_or("-"))
    }
}
