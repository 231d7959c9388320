//! A case as it may leave Samverkan, and whether it may at all.

use jiff::Timestamp;
use samverkan_envelope::consent::{ConsentRecipient, ConsentRecord};
use samverkan_proto::statement::safety::CaseReference;

use super::Session;
use super::mail::Kept;
use super::model::{AttachmentLine, Message, ReferralLine, StepLine, Thread};
use crate::error::{Code, Error, Result};
use crate::export::{Answer, Attachment, Case, Consent, Letter, Referral, Step};
use crate::referral::{Effect, State};
use crate::text::Args;

impl Session {
    /// A case with its messages and what has come of it, to be kept or used elsewhere.
    ///
    /// # Errors
    /// [`Code::ProtectedIdentity`] and [`Code::ConsentIsWithdrawn`] when it must stay where it is; as [`Session::thread`] and
    /// [`Thread::check_senders`].
    pub fn archive(&mut self, reference: &CaseReference) -> Result<Case> {
        // What may not be exported is not seen by the attempt.
        self.may_be_exported(reference, &self.thread(reference)?)?;
        let thread = self.open_thread(reference)?;
        self.may_be_exported(reference, &thread)?;
        Ok(Case {
            reference: reference.to_string(),
            class: thread.line.class.name(),
            urgency: thread.line.urgency.name(),
            exported_at: rfc3339(self.clock.now_ms()),
            referrals: thread.referrals.iter().map(referral).collect(),
            consents: self.consents_of(reference)?,
            messages: thread.messages.iter().map(letter).collect(),
        })
    }

    /// The one place that says what can not be exported: protected personal data, and what was told under a consent that the person took
    /// back.
    fn may_be_exported(&self, reference: &CaseReference, thread: &Thread) -> Result<()> {
        self.may_leave(reference)?;
        let withdrawn = |referral: &ReferralLine| referral.state == State::ConsentWithdrawn;
        match thread.referrals.iter().any(withdrawn) {
            true => Err(Error::with(Code::ConsentIsWithdrawn, Args::none().text("reference", reference))),
            false => Ok(()),
        }
    }

    /// What was agreed to, each once, as the messages of a case hold it.
    fn consents_of(&self, reference: &CaseReference) -> Result<Vec<Consent>> {
        let mut found: Vec<Consent> = Vec::new();
        let records = |kept: &Kept| {
            let openings = kept.body.consents.iter();
            openings.filter_map(|opening| ConsentRecord::decode(&opening.record).ok()).collect::<Vec<_>>()
        };
        for record in self.mail.thread(&self.thread_id(reference)?).into_iter().flat_map(records) {
            let consent = self.consent(record);
            if !found.contains(&consent) {
                found.push(consent);
            }
        }
        Ok(found)
    }

    fn consent(&self, record: ConsentRecord) -> Consent {
        let address = |to: &ConsentRecipient| self.address(&to.org, &to.mailbox);
        Consent {
            purpose: record.purpose.name(),
            recipients: record.recipients.iter().filter_map(address).map(|to| to.to_string()).collect(),
            categories: record.categories,
            given_at: rfc3339(record.given_ms),
            until: rfc3339(record.expires_ms),
            how: record.how.name(),
            evidence: record.evidence,
        }
    }
}

fn referral(line: &ReferralLine) -> Referral {
    Referral {
        recipients: line.recipients.iter().map(ToString::to_string).collect(),
        state: line.state,
        reason: line.reason,
        other: line.other.as_ref().map(ToString::to_string),
        history: line.history.iter().map(step).collect(),
    }
}

fn step(line: &StepLine) -> Step {
    Step {
        message: line.message.to_string(),
        at: rfc3339(line.at_ms),
        by: line.by.name(),
        step: line.act,
        reason: line.reason,
        led_to: match line.effect {
            Effect::Led(state) => Some(state.name()),
            Effect::None(_) => None,
        },
    }
}

fn letter(message: &Message) -> Letter {
    let answer = |(name, value): &(String, String)| Answer { name: name.clone(), value: value.clone() };
    Letter {
        message: message.id.to_string(),
        kind: message.kind.name(),
        from: message.from.to_string(),
        to: message.to.iter().map(ToString::to_string).collect(),
        basis: message.basis.map(|basis| basis.name()),
        section: message.section.clone(),
        created_at: rfc3339(message.created_ms),
        subject: message.subject.clone(),
        text: message.text.clone(),
        form: Some(message.form.clone()).filter(|form| !form.is_empty()),
        fields: message.fields.iter().map(answer).collect(),
        attachments: message.attachments.iter().map(attachment).collect(),
    }
}

fn attachment(line: &AttachmentLine) -> Attachment {
    let AttachmentLine { number, name, media_type, len } = line.clone();
    Attachment { number, name, media_type, bytes: len }
}

/// Milliseconds since 1970 as RFC 3339 in UTC; the last moment of the calendar for a time beyond it.
fn rfc3339(ms: u64) -> String {
    let at = i64::try_from(ms).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
    at.unwrap_or(Timestamp::MAX).to_string()
}
