//! What a person does about messages that ended undelivered: send them again, or take them off the list. What nobody can open any more
//! goes the same way by itself (`reseal.rs`).
//!
//! A message is sealed anew, to the devices and keys of today, under a new id and with the same `send_id`, so whoever has it already
//! shows it once. It goes to those alone who did not get it. One that the hub never took is replaced; one that it did take is kept
//! with everything that is proven about it, and the new one names it.

use samverkan_envelope::body::Body;
use samverkan_proto::code::LegalBasis;
use samverkan_proto::ids::{MailboxId, MessageId, OrgId};
use samverkan_proto::statement::safety::CaseReference;

use super::Session;
use super::mail::{Kept, OutState};
use super::model::{ConsentId, Discarded, Draft, Progress, Sent};
use super::send::Letter;
use crate::error::{Code, Error, Result};
use crate::home::ProfileLock;
use crate::text::Args;

/// A message that ended undelivered.
pub(super) struct Undelivered {
    id: MessageId,
    /// The hub has never had it.
    never_sent: bool,
    /// The recipients that did not get it, as indices into `to`.
    recipients: Vec<usize>,
}

impl Undelivered {
    /// One that the hub took.
    pub(super) const fn at_the_hub(id: MessageId, recipients: Vec<usize>) -> Self {
        Self { id, never_sent: false, recipients }
    }
}

/// How long a message lives that is sealed anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lifetime {
    /// As long as the first was to live: a person wants it sent again.
    Anew,
    /// To the end of the first: nobody was asked.
    OfTheOld,
}

impl Session {
    /// Sends again what ended undelivered in a case, to those who did not get it. A message on the basis of consent needs a handle that
    /// was not used: of the consent it was first sent under, or of `consent`.
    ///
    /// # Errors
    /// [`Code::NothingUndelivered`], [`Code::CaseUnknown`], and as [`Session::send`]: then nothing has changed for the message at fault.
    pub async fn resend(
        &mut self,
        reference: &CaseReference,
        consent: Option<ConsentId>,
        progress: &mut dyn Progress,
    ) -> Result<Vec<Sent>> {
        let mut link = self.contact(progress).await?;
        let held = self.begin()?;
        let undelivered = self.undelivered(reference)?;
        let sealed = undelivered.iter().map(|one| self.seal_anew(&held, one, consent, Lifetime::Anew));
        let sealed = sealed.collect::<Result<Vec<_>>>()?;
        drop(held);
        let mut all = Vec::new();
        for id in sealed {
            all.push(self.dispatch(&mut link, id, progress).await?);
        }
        Ok(all)
    }

    /// Takes what ended undelivered in a case off the list: deletes what the hub never had, and marks the rest as dealt with.
    ///
    /// # Errors
    /// [`Code::NothingUndelivered`], [`Code::CaseUnknown`], and when it can not be written.
    pub fn discard(&mut self, reference: &CaseReference) -> Result<Discarded> {
        let held = self.begin()?;
        let mut discarded = Discarded::default();
        for Undelivered { id, never_sent, recipients } in self.undelivered(reference)? {
            if never_sent {
                self.forget(&held, &id)?;
                discarded.deleted += 1;
                continue;
            }
            let bits = recipients.iter().fold(0, |bits, index| bits | 1 << index);
            self.mail.change(self.keystore.contents(), &id, |kept| kept.dismissed |= bits)?;
            discarded.dismissed += 1;
        }
        Ok(discarded)
    }

    /// What ended undelivered in a case and was not dealt with; never nothing.
    fn undelivered(&self, reference: &CaseReference) -> Result<Vec<Undelivered>> {
        let messages = self.mail.thread(&self.thread_id(reference)?);
        let sent = self.sent_in(&messages).into_iter().map(|sent| Undelivered {
            id: sent.kept.id(),
            never_sent: sent.was_never_sent(),
            recipients: sent.recipients_to_act_on(),
        });
        let found: Vec<_> = sent.filter(|undelivered| !undelivered.recipients.is_empty()).collect();
        if found.is_empty() {
            let named = Args::none().text("reference", reference);
            return Err(Error::with(Code::NothingUndelivered, named));
        }
        Ok(found)
    }

    /// Seals a message again for today's directory and those recipients who did not get it.
    pub(super) fn seal_anew(
        &mut self,
        held: &ProfileLock,
        undelivered: &Undelivered,
        consent: Option<ConsentId>,
        lifetime: Lifetime,
    ) -> Result<MessageId> {
        let old = self.mail.get(&undelivered.id).cloned().ok_or(Error::new(Code::ProgramDefect))?;
        self.check_origin(&old)?;
        if undelivered.never_sent {
            self.release_handle(&old)?;
        }
        let consent = consent.or_else(|| self.consents.of_openings(&old.body.consents));
        let body = Body { checkpoint: self.checkpoint(), consents: Vec::new(), ..old.body.clone() };
        let mut letter = Letter::like(&old, body);
        if lifetime == Lifetime::OfTheOld {
            letter.keep_ms = old.header.fields().expires_ms.saturating_sub(self.clock.now_ms()).max(1);
        }
        letter.to =
            undelivered.recipients.iter().filter_map(|index| letter.to.get(*index).copied()).collect();
        if undelivered.never_sent {
            (letter.resends, letter.replaces) = (old.resends, Some(old.id()));
        } else {
            letter.resends = Some(old.id());
        }
        let draft = self.draft_like(&old, &letter.to, consent)?;
        if let Some(obstacle) = self.obstacles(&draft).first() {
            return Err(obstacle.to_error());
        }
        let new = self.seal_letter(held, letter, consent)?;
        if undelivered.never_sent {
            self.forget(held, &old.id())?;
        }
        Ok(new)
    }

    /// A handle that the hub was never given to keep can be used for another message.
    fn release_handle(&mut self, old: &Kept) -> Result<()> {
        let OutState::Refused(code) = &old.state else { return Ok(()) };
        let at_fault = [
            Code::ConsentHandleUsed,
            Code::ConsentHandleUnknown,
            Code::ConsentHandleExpired,
            Code::ConsentWithdrawn,
        ];
        if at_fault.iter().any(|fault| fault.as_str() == code) {
            return Ok(());
        }
        self.consents.release(self.keystore.contents(), &old.body.consents)
    }

    /// A message as a draft without its content, to be checked for obstacles like any other.
    fn draft_like(&self, old: &Kept, to: &[(OrgId, MailboxId)], consent: Option<ConsentId>) -> Result<Draft> {
        let fields = old.header.fields();
        let address = |(org, mailbox): &(OrgId, MailboxId)| {
            self.address(org, mailbox).ok_or(Error::new(Code::RecipientUnknown))
        };
        Ok(Draft {
            to: to.iter().map(address).collect::<Result<_>>()?,
            from: Some(address(&(fields.sender_org, fields.sender_mailbox))?),
            class: fields.class,
            basis: fields.basis,
            urgency: fields.urgency,
            answer_within_minutes: fields.answer_within_minutes,
            keep_ms: None,
            consent: consent.filter(|_| fields.basis == Some(LegalBasis::Consent)),
            section: None,
            form: None,
            subject: String::new(),
            text: String::new(),
            fields: Vec::new(),
            attachments: Vec::new(),
            keep_metadata: false,
        })
    }
}

#[cfg(test)]
mod tests;
