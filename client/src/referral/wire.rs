//! A step as the fields of a sealed body (PROTOCOL.md section 21), read strictly: what is not written exactly so is not understood, and
//! changes nothing.

use std::collections::BTreeSet;

use jiff::civil::Date;
use samverkan_envelope::body::{Body, Field};
use samverkan_proto::code::Kind;
use samverkan_proto::ids::{MailboxId, OrgId, SendId};
use samverkan_proto::limits::MAX_STEPS_SEEN;

use super::step::{Act, Mailbox, Step};
use super::words::{Reason, Side};

/// The form of a body that says a step.
pub const FORM: &str = "step-1";
/// What every reserved field begins with. No form has a field of its own that does.
pub const RESERVED: &str = "svk_";

const STEP: &str = "svk_step";
const AFTER: &str = "svk_after";
const REASON: &str = "svk_reason";
const SUGGEST: &str = "svk_suggest";
const ONWARD: &str = "svk_onward";
const CONTACT_BY: &str = "svk_contact_by";

/// What a message of a case is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Read {
    /// No step: text and attachments alone.
    Plain,
    /// A step.
    Step(Step),
    /// A step that this version does not know, or that is not written as it should be.
    NotUnderstood,
}

/// Reads what somebody on this side of the referral has sent.
#[must_use]
pub fn read(body: &Body, by: Side) -> Read {
    if body.form != FORM {
        let claims =
            matches!(body.kind, Kind::Decision | Kind::Feedback | Kind::Outcome | Kind::ConsentWithdrawal);
        return if claims { Read::NotUnderstood } else { Read::Plain };
    }
    parse(&body.fields, body.kind, body.send_id, by).map_or(Read::NotUnderstood, Read::Step)
}

/// The fields that say a step, ascending by name.
#[must_use]
pub fn write(act: &Act, after: &BTreeSet<SendId>) -> Vec<Field> {
    let mut fields = Vec::new();
    let mut put = |name: &str, value: String| fields.push(Field { name: name.to_owned(), value });
    if !after.is_empty() {
        put(AFTER, after.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "));
    }
    match act {
        Act::Accept { contact_by: Some(day) } => put(CONTACT_BY, day.to_string()),
        Act::Decline { suggest: Some(mailbox), .. } => put(SUGGEST, write_mailbox(mailbox)),
        Act::Forward { to } => put(ONWARD, write_mailbox(to)),
        _ => {}
    }
    if let Some(reason) = act.reason() {
        put(REASON, reason.name().to_owned());
    }
    put(STEP, act.name().to_owned());
    fields.sort_by(|one, other| one.name.cmp(&other.name));
    fields
}

/// The step, if the fields are exactly those that [`write`] makes of it, and the kind is the step's.
fn parse(fields: &[Field], kind: Kind, id: SendId, by: Side) -> Option<Step> {
    let value = |name: &str| fields.iter().find(|field| field.name == name).map(|field| field.value.as_str());
    let after = value(AFTER).map_or(Some(BTreeSet::new()), read_ids)?;
    let act = read_act(value(STEP)?, value)?;
    let is_exact = act.kind() == kind && write(&act, &after) == fields;
    is_exact.then_some(Step { id, by, after, act })
}

fn read_act<'a>(name: &str, value: impl Fn(&str) -> Option<&'a str>) -> Option<Act> {
    let reason = || Reason::from_name(value(REASON)?);
    Some(match name {
        "review" => Act::Review,
        "accept" => Act::Accept { contact_by: optional(value(CONTACT_BY), |day| day.parse::<Date>().ok())? },
        "decline" => Act::Decline { reason: reason()?, suggest: optional(value(SUGGEST), read_mailbox)? },
        "ask" => Act::Ask,
        "supply" => Act::Supply,
        "waitlist" => Act::Waitlist,
        "start" => Act::Start,
        "complete" => Act::Complete,
        "fail" => Act::Fail { reason: reason()? },
        "forward" => Act::Forward { to: read_mailbox(value(ONWARD)?)? },
        "reopen" => Act::Reopen,
        "recall" => Act::Recall,
        "withdraw-consent" => Act::WithdrawConsent,
        "entered-in-error" => Act::Mistake,
        _ => return None,
    })
}

/// Nothing for an absent field, and no step for one that can not be read.
fn optional<T>(value: Option<&str>, read: impl Fn(&str) -> Option<T>) -> Option<Option<T>> {
    value.map_or(Some(None), |value| read(value).map(Some))
}

fn read_ids(text: &str) -> Option<BTreeSet<SendId>> {
    let ids: BTreeSet<SendId> = text.split(' ').map(|id| id.parse().ok()).collect::<Option<_>>()?;
    (ids.len() <= MAX_STEPS_SEEN).then_some(ids)
}

/// Two ids as they stand in a field: the organisation's and the mailbox's, with a slash between.
fn write_mailbox(mailbox: &Mailbox) -> String {
    format!("{}/{}", mailbox.org, mailbox.mailbox)
}

fn read_mailbox(text: &str) -> Option<Mailbox> {
    let (org, mailbox) = text.split_once('/')?;
    Some(Mailbox { org: org.parse::<OrgId>().ok()?, mailbox: mailbox.parse::<MailboxId>().ok()? })
}
