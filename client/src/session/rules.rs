//! What a message asks of whoever opens it: how the person may be contacted, accepted before anything else is shown, and whether the
//! case may leave this organisation.

use samverkan_proto::ids::MessageId;
use samverkan_proto::statement::safety::CaseReference;

use super::Session;
use super::mail::Kept;
use super::model::{ContactRule, Direction, StopKind};
use crate::error::{Code, Error, Result};
use crate::forms::contact;
use crate::text::Args;

impl Session {
    /// The contact rules of a case that nobody at this device has accepted, oldest first. There is nothing else of their messages in them.
    ///
    /// # Errors
    /// [`Code::CaseUnknown`], [`Code::CaseAmbiguous`]; [`Code::KeyChanged`] when the sender is not who was compared.
    pub fn contact_rules(&self, reference: &CaseReference) -> Result<Vec<ContactRule>> {
        let waiting: Vec<MessageId> = self
            .mail
            .thread(&self.thread_id(reference)?)
            .into_iter()
            .filter(|kept| waits(kept))
            .map(Kept::id)
            .collect();
        let thread = self.whole_thread(reference)?;
        if !waiting.is_empty() {
            thread.check_senders()?;
        }
        let rules = thread.messages.into_iter().filter(|message| waiting.contains(&message.id));
        let of_rule = |(name, _): &(String, String)| contact::is_of_rule(name);
        Ok(rules
            .map(|message| ContactRule {
                message: message.id,
                from: message.from,
                form: message.form,
                answers: message.fields.into_iter().filter(of_rule).collect(),
            })
            .collect())
    }

    /// Writes down, sealed, that a person has accepted these rules.
    ///
    /// # Errors
    /// When it can not be kept.
    pub fn accept_contact_rules(&mut self, rules: &[ContactRule]) -> Result<()> {
        let _held = self.begin()?;
        for rule in rules {
            self.mail.change(self.keystore.contents(), &rule.message, |kept| kept.rule_accepted = true)?;
        }
        Ok(())
    }

    /// Whether anything of a case may be passed on, exported, or put where others get it. Asked by every command that does so.
    ///
    /// # Errors
    /// [`Code::ProtectedIdentity`] when any message of the case says that the personal data are protected, or that nobody has asked;
    /// [`Code::MessageStopped`] when something in it was taken back, or the consent withdrawn that it came or went under;
    /// [`Code::CaseUnknown`], [`Code::CaseAmbiguous`].
    pub fn may_leave(&self, reference: &CaseReference) -> Result<()> {
        self.check_not_stopped(reference)?;
        let messages = self.mail.thread(&self.thread_id(reference)?);
        let refuse = |code| Err(Error::with(code, Args::none().text("reference", reference)));
        // Who has taken back what the person agreed to is bound by it as those are who were told.
        if messages.iter().any(|kept| kept.stop(StopKind::Withdrawal).is_some()) {
            return refuse(Code::MessageStopped);
        }
        if messages.into_iter().any(is_protected) {
            return refuse(Code::ProtectedIdentity);
        }
        Ok(())
    }

    /// Refuses to open a case with a contact rule that nobody has accepted.
    pub(super) fn check_rules_accepted(&self, reference: &CaseReference) -> Result<()> {
        let messages = self.mail.thread(&self.thread_id(reference)?);
        if messages.into_iter().any(waits) {
            return Err(Error::with(Code::ContactRuleNotAccepted, Args::none().text("reference", reference)));
        }
        Ok(())
    }
}

/// Whether a message came with a contact rule that nobody has accepted.
pub(super) fn waits(kept: &Kept) -> bool {
    let names = kept.body.fields.iter().map(|field| field.name.as_str());
    kept.direction == Direction::In && !kept.rule_accepted && contact::has_rule(names)
}

fn is_protected(kept: &Kept) -> bool {
    contact::is_protected(kept.body.fields.iter().map(|field| (field.name.as_str(), field.value.as_str())))
}

#[cfg(test)]
mod tests {
    use crate::error::Code;
    use crate::session::mail::Stop;
    use crate::session::office::{Silent, referral, two_offices};

    #[tokio::test]
    async fn what_a_person_took_back_leaves_neither_side() {
        let (_, mut one, _) = two_offices();
        let sent = one.session.send(referral(), &mut Silent).await.expect("sealed");
        for (statement, refused) in [(&b"SVKX"[..], None), (b"SVKD", Some(Code::MessageStopped))] {
            let stop = Stop::new(statement.to_vec());
            let session = &mut one.session;
            session
                .mail
                .change(session.keystore.contents(), &sent.message, |kept| kept.stops = vec![stop])
                .expect("kept");
            let may_leave = session.may_leave(&sent.reference);
            assert_eq!(may_leave.err().map(|error| error.code()), refused);
        }
    }
}
