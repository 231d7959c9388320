//! A case as it leaves Samverkan: for the authority's own archive, another system, or paper.
//!
//! * [`Case`]: everything that an export holds, free of what only this device knows; it is the JSON export as it stands
//! * [`fhir`]: the same as a FHIR R4 Bundle
//!
//! Pure: no session, no files, no words for people. What may be exported at all is decided in `session/archive.rs`.

use serde::Serialize;

use crate::referral::{Reason, State};

pub mod fhir;

/// A case. Times are RFC 3339 in UTC, mailboxes are written `organisation/function`, and names in capitals are the protocol's.
#[derive(Clone, Debug, Serialize)]
pub struct Case {
    /// The reference that people call it by.
    pub reference: String,
    /// The class of its first message.
    pub class: &'static str,
    /// The urgency of its first message.
    pub urgency: &'static str,
    /// When it was exported.
    pub exported_at: String,
    /// What has come of it, one entry a group of recipients; nothing when it is no referral.
    pub referrals: Vec<Referral>,
    /// What the persons concerned agreed to, as far as it is sealed into the messages.
    pub consents: Vec<Consent>,
    /// Its messages, oldest first.
    pub messages: Vec<Letter>,
}

/// What goes on between the sender and one group of recipients.
#[derive(Clone, Debug, Serialize)]
pub struct Referral {
    /// The mailboxes of the group: the primary, then those that stand in for it.
    pub recipients: Vec<String>,
    /// What it has come to.
    #[serde(serialize_with = "state_name")]
    pub state: State,
    /// Why, where the step that led there gives a reason.
    #[serde(serialize_with = "reason_name")]
    pub reason: Option<Reason>,
    /// The mailbox that may be asked instead, or to which it was passed on.
    pub other: Option<String>,
    /// How it came to that.
    pub history: Vec<Step>,
}

/// A step of a referral.
#[derive(Clone, Debug, Serialize)]
pub struct Step {
    /// The message that says so.
    pub message: String,
    /// When, by its author's clock.
    pub at: String,
    /// Who took it: `sender` or `recipient`.
    pub by: &'static str,
    /// What was done.
    pub step: &'static str,
    /// Why.
    #[serde(serialize_with = "reason_name")]
    pub reason: Option<Reason>,
    /// What it led to; absent for a step without effect.
    pub led_to: Option<&'static str>,
}

/// What a person agreed to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Consent {
    /// What the passing-on is for.
    pub purpose: &'static str,
    /// Who may be told.
    pub recipients: Vec<String>,
    /// What may be told.
    pub categories: Vec<String>,
    /// When it was given.
    pub given_at: String,
    /// Until when it holds.
    pub until: String,
    /// How it was given.
    pub how: &'static str,
    /// What shows that it was given.
    pub evidence: String,
}

/// One message.
#[derive(Clone, Debug, Serialize)]
pub struct Letter {
    /// Its id, 32 hexadecimal digits.
    pub message: String,
    /// What it is.
    pub kind: &'static str,
    /// Who sent it.
    pub from: String,
    /// Whom it went to.
    pub to: Vec<String>,
    /// The legal basis; absent for a follow-up.
    pub basis: Option<&'static str>,
    /// The code of the section of law that its sender names.
    pub section: Option<String>,
    /// When it was created, by its author's clock.
    pub created_at: String,
    /// What it is about.
    pub subject: String,
    /// The text.
    pub text: String,
    /// The form that its fields are of; absent without one.
    pub form: Option<String>,
    /// What was filled in.
    pub fields: Vec<Answer>,
    /// What came with it; the files themselves are not part of an export.
    pub attachments: Vec<Attachment>,
}

/// A field that was filled in.
#[derive(Clone, Debug, Serialize)]
pub struct Answer {
    /// The field's name in its form.
    pub name: String,
    /// The answer, with the form's codes.
    pub value: String,
}

/// A file that came with a message.
#[derive(Clone, Debug, Serialize)]
pub struct Attachment {
    /// Its number in the case, from 1: `samverkan save` writes it.
    pub number: usize,
    /// The sender's name for it.
    pub name: String,
    /// The sender's word on what it is.
    pub media_type: String,
    /// Its length.
    pub bytes: u64,
}

fn state_name<S: serde::Serializer>(state: &State, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(state.name())
}

fn reason_name<S: serde::Serializer>(reason: &Option<Reason>, serializer: S) -> Result<S::Ok, S::Error> {
    reason.map(Reason::name).serialize(serializer)
}
