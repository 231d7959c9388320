//! How operators and their actions are shown.

use std::fmt;
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use samverkan_proto::ids::OperatorId;
use samverkan_proto::sign::PublicKey;
use samverkan_proto::statement::operator::{Deed, SignedAction};
use samverkan_proto::v1;
use serde::Serialize;

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
    signed_by: String,
    signed_at: String,
    until: String,
    state: &'static str,
}

impl Waiting {
    /// `None` for bytes that are no action.
    pub(in super::super) fn of(waiting: &v1::WaitingAction, desk: &Desk) -> Option<Self> {
        let action = SignedAction::parse(waiting.action.clone()).ok()?;
        let deed = &action.statement().deed;
        Some(Self {
            reference: reference(&action),
            action: deed.action_type().name(),
            about: deed.name().map(ToString::to_string),
            signed_by: desk.name_of(&action.signatures()[0].operator),
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
        write!(f, "{reference}  {action} {about}  {state}, signed by {signed_by}, until {until}")
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
