//! Passing a referral on: within the consent, or on a ground that the own organisation may use; never round in a circle, and not for ever.
//!
//! What is passed on is the first message as it came, sealed anew as the beginning of a case between the own organisation and the next,
//! with the chain of those who had it. Its sender learns where it went by a step in the first case. That step is made from what is kept,
//! when the hub has the message and the step is missing; so neither a lost connection nor a stopped program leaves the sender without.

use samverkan_envelope::body::{Body, Field};
use samverkan_envelope::consent::{ConsentOpening, ConsentRecipient, ConsentRecord};
use samverkan_proto::code::{Class, LegalBasis};
use samverkan_proto::ids::{MailboxAddress, MailboxId, MessageId, OrgId, SendId, ThreadId};
use samverkan_proto::limits::{MAX_FORWARDS, MAX_LIFETIME_MS};
use samverkan_proto::statement::safety::CaseReference;

use super::Session;
use super::attach::{Sealed, pass_on};
use super::mail::{Kept, OutState};
use super::model::{Direction, Draft, Forwarded, Progress, Reply};
use super::referrals::first_of;
use super::send::{Answered, Letter};
use super::steps::step_message;
use crate::connect::Link;
use crate::error::{Code, Error, Result};
use crate::exit::Exit;
use crate::forms::law;
use crate::referral::chain::{self, Broken, Chain};
use crate::referral::spare::{self, Spare};
use crate::referral::wire::{self, RESERVED, Read};
use crate::referral::{Act, Mailbox, Side};
use crate::text::Args;

/// A referral that is to be passed on, checked.
struct Plan {
    first: Kept,
    to: Mailbox,
    from: MailboxId,
    basis: Option<LegalBasis>,
    body: Body,
}

impl Session {
    /// Passes a referral on to another mailbox, on the ground that it came on unless another is named, and tells its sender.
    ///
    /// # Errors
    /// As [`Session::check_step`] and [`Session::send`]; [`Code::ProtectedIdentity`]; [`Code::ForwardLoop`] and [`Code::ForwardTooLong`];
    /// [`Code::ConsentDoesNotCover`], [`Code::ConsentHandleExpired`] and [`Code::NoSpareHandle`] when it is passed on under the consent.
    pub async fn forward(
        &mut self,
        reference: &CaseReference,
        to: &MailboxAddress,
        basis: Option<LegalBasis>,
        progress: &mut dyn Progress,
    ) -> Result<Forwarded> {
        let mut link = self.contact(progress).await?;
        let held = self.begin()?;
        let plan = self.plan(reference, to, basis)?;
        // Whoever gets it will have seen it.
        self.mark_seen(&[plan.first.id()])?;
        drop(held);
        let sealed = self.seal_anew_all(&plan.first, progress)?;
        let held = self.begin()?;
        // An order to stop may have come while the profile was free.
        self.may_leave(reference)?;
        let attachments = self.place(sealed)?;
        let fields = plan.first.header.fields();
        let letter = Letter {
            to: vec![(plan.to.org, plan.to.mailbox)],
            sender: plan.from,
            basis: plan.basis,
            urgency: fields.urgency,
            answer_within_minutes: fields.answer_within_minutes,
            keep_ms: MAX_LIFETIME_MS,
            body: Body { attachments, ..plan.body },
            resends: None,
            replaces: None,
        };
        let id = self.seal_letter(&held, letter, None)?;
        drop(held);
        let sent = self.dispatch(&mut link, id, progress).await?;
        self.announce_forwards(&mut link, progress).await?;
        let is_told = self.unannounced().is_empty();
        Ok(Forwarded { sent, is_told })
    }

    /// Tells the senders of what was passed on, where they have not been told.
    ///
    /// # Errors
    /// What shows that the hub is not to be trusted. Anything else is noted, and tried again with the next contact.
    pub(super) async fn announce_forwards(
        &mut self,
        link: &mut Option<Link>,
        progress: &mut dyn Progress,
    ) -> Result<()> {
        for answered in self.unannounced() {
            let nothing = Reply { text: String::new(), attachments: Vec::new(), keep_metadata: false };
            match self.answer(link, answered, &nothing, progress).await {
                Err(error) if error.exit() == Exit::Integrity => return Err(error),
                Err(error) => {
                    tracing::warn!(
                        code = error.code().as_str(),
                        "a sender is not told yet where a case went"
                    );
                }
                Ok(_) => {}
            }
        }
        Ok(())
    }

    /// Holds what was passed on of a message and has not left yet: an order to stop that message has come. A person is told that it was not
    /// sent, and why. The caller has taken the profile.
    pub(super) fn hold_forwards_of(&mut self, id: &MessageId) -> Result<()> {
        let is_waiting = |kept: &&Kept| kept.state == OutState::Waiting && origin_of(kept) == Some(*id);
        let waiting: Vec<MessageId> = self.mail.iter().filter(is_waiting).map(Kept::id).collect();
        for forward in waiting {
            let code = Code::MessageStopped.as_str().to_owned();
            let hold = |kept: &mut Kept| kept.state = OutState::Refused(code);
            self.mail.change(self.keystore.contents(), &forward, hold)?;
            self.mail.remove_outgoing(&forward)?;
        }
        Ok(())
    }

    /// Refuses to send again what was passed on of a message that is stopped.
    pub(super) fn check_origin(&self, kept: &Kept) -> Result<()> {
        match origin_of(kept).and_then(|id| self.mail.get(&id)) {
            Some(origin) if origin.is_stopped() => {
                let reference = CaseReference::of_thread(&origin.body.thread_id);
                Err(Error::with(Code::MessageStopped, Args::none().text("reference", reference)))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// What the senders of passed-on cases are still to be told: the hub has what was passed on by this device, and no step says so.
    fn unannounced(&self) -> Vec<Answered> {
        let own = self.device.device_id();
        let forwards = self.mail.iter().filter(|kept| {
            let fields = kept.header.fields();
            kept.direction == Direction::Out
                && kept.state == OutState::Settled
                && fields.class != Class::FollowUp
                && fields.sender_device == own
        });
        forwards.filter_map(|forward| self.announcement(forward)).collect()
    }

    fn announcement(&self, forward: &Kept) -> Option<Answered> {
        let came =
            self.mail.get(&forward.body.in_reply_to?).filter(|came| came.direction == Direction::In)?;
        let messages = self.mail.thread(&came.body.thread_id);
        let first = first_of(&messages)?;
        let to = forward.header.fields().to.first()?;
        let act = Act::Forward { to: Mailbox { org: to.org, mailbox: to.mailbox } };
        let says_so = |kept: &&Kept| matches!(wire::read(&kept.body, Side::Recipient), Read::Step(step) if step.act == act);
        if messages.iter().copied().any(|kept| says_so(&kept)) {
            return None;
        }
        let (_, parties) = self.own_parties(first).ok()?;
        let (party, from) = parties.into_iter().next()?;
        let referral = self.fold_referral(&party, first, &messages, &self.sent_in(&messages));
        Some(step_message(&party, from, Side::Recipient, first, &messages, &referral, &act))
    }

    /// Everything that is checked before anything is sealed.
    fn plan(
        &self,
        reference: &CaseReference,
        to: &MailboxAddress,
        basis: Option<LegalBasis>,
    ) -> Result<Plan> {
        let named = self.mailbox(to)?;
        self.check_step(reference, &Act::Forward { to: named })?;
        self.check_rules_accepted(reference)?;
        self.may_leave(reference)?;
        let messages = self.mail.thread(&self.thread_id(reference)?);
        let first = first_of(&messages).ok_or(Error::new(Code::CaseUnknown))?;
        let (_, parties) = self.own_parties(first)?;
        let from = parties.first().ok_or(Error::new(Code::RoleMissing))?.1;
        let basis = basis.or(first.header.fields().basis);
        let mut body = self.first_body_again(first, basis);
        body.fields.push(self.chain_field(first, &named, to)?);
        if basis == Some(LegalBasis::Consent) {
            let (opening, left) = self.consent_to_pass_on(first, &named, to, from)?;
            body.consents.push(opening);
            body.fields.extend(spare::write(&left));
        }
        self.check_obstacles(first, to, from, basis, &body)?;
        Ok(Plan { first: first.clone(), to: named, from, basis, body })
    }

    /// What came first, as the beginning of another case. The section of law belongs to the basis.
    fn first_body_again(&self, first: &Kept, basis: Option<LegalBasis>) -> Body {
        let same_basis = basis == first.header.fields().basis;
        let goes_on =
            |field: &&Field| !field.name.starts_with(RESERVED) || same_basis && field.name == law::FIELD;
        Body {
            send_id: SendId::random(),
            thread_id: ThreadId::random(),
            in_reply_to: Some(first.id()),
            fields: first.body.fields.iter().filter(goes_on).cloned().collect(),
            attachments: Vec::new(),
            consents: Vec::new(),
            checkpoint: self.checkpoint(),
            ..first.body.clone()
        }
    }

    fn chain_field(&self, first: &Kept, to: &Mailbox, address: &MailboxAddress) -> Result<Field> {
        let sender = first.header.fields().sender_org;
        let came = chain_of(first).unwrap_or_else(|| Chain::begun_by(sender));
        let chain = came.passed_on(self.membership.org, &to.org).map_err(|broken| {
            let args = Args::none().text("recipient", address).number("max", MAX_FORWARDS as u64);
            match broken {
                Broken::Loop => Error::with(Code::ForwardLoop, args),
                Broken::TooLong => Error::with(Code::ForwardTooLong, args),
            }
        })?;
        Ok(Field { name: chain::FIELD.to_owned(), value: chain.write() })
    }

    /// The opening of a spare handle for somebody whom the consent names, and the spares that are left for whoever gets it.
    fn consent_to_pass_on(
        &self,
        first: &Kept,
        to: &Mailbox,
        address: &MailboxAddress,
        from: MailboxId,
    ) -> Result<(ConsentOpening, Vec<Spare>)> {
        let args = || Args::none().text("recipient", address);
        let opening = first.body.consents.first().ok_or_else(|| Error::with(Code::ConsentMissing, args()))?;
        let record =
            ConsentRecord::decode(&opening.record).map_err(|_| Error::with(Code::ConsentInvalid, args()))?;
        let recipient = ConsentRecipient { org: to.org, mailbox: to.mailbox };
        if record.recipients.binary_search(&recipient).is_err() {
            return Err(Error::with(Code::ConsentDoesNotCover, args()));
        }
        if self.clock.now_ms() >= record.expires_ms {
            return Err(Error::with(Code::ConsentHandleExpired, args()));
        }
        let receivers = &first.header.fields().to;
        let is_own = |place: &usize| {
            receivers.get(*place).is_some_and(|to| (to.org, to.mailbox) == (self.membership.org, from))
        };
        let place = (0..receivers.len()).find(is_own).unwrap_or_default();
        let own = spare::share(&spare::read(&first.body.fields), place, receivers.len());
        let mut free = own.into_iter().filter(|spare| !self.was_named(spare));
        let next = free.next().ok_or_else(|| Error::with(Code::NoSpareHandle, args()))?;
        let opening = ConsentOpening { stub: next.stub, salt: next.salt, record: opening.record.clone() };
        Ok((opening, free.collect()))
    }

    /// Whether a message from here has named a handle.
    fn was_named(&self, spare: &Spare) -> bool {
        let sent = self.mail.iter().filter(|kept| kept.direction == Direction::Out);
        sent.flat_map(|kept| &kept.body.consents).any(|opening| opening.stub == spare.stub)
    }

    fn check_obstacles(
        &self,
        first: &Kept,
        to: &MailboxAddress,
        from: MailboxId,
        basis: Option<LegalBasis>,
        body: &Body,
    ) -> Result<()> {
        let fields = first.header.fields();
        let draft = Draft {
            to: vec![to.clone()],
            from: self.address(&self.membership.org, &from),
            class: fields.class,
            basis,
            urgency: fields.urgency,
            answer_within_minutes: fields.answer_within_minutes,
            keep_ms: None,
            consent: None,
            section: None,
            form: None,
            subject: String::new(),
            text: String::new(),
            fields: Vec::new(),
            attachments: Vec::new(),
            keep_metadata: false,
        };
        // The consent is another organisation's, and stands in the message.
        let is_met = |code| code == Code::ConsentMissing && !body.consents.is_empty();
        let obstacles = self.obstacles(&draft);
        obstacles.iter().find(|obstacle| !is_met(obstacle.code)).map_or(Ok(()), |found| Err(found.to_error()))
    }

    /// The attachments that came first, sealed anew.
    fn seal_anew_all(&self, first: &Kept, progress: &mut dyn Progress) -> Result<Vec<Sealed>> {
        let folder = self.mail.blobs();
        let attachments = first.body.attachments.iter();
        attachments
            .map(|attachment| {
                pass_on(&self.mail.blob_path(&attachment.blob_id), attachment, folder, progress)
            })
            .collect()
    }
}

/// The message of which one that was sent from here is what was passed on.
fn origin_of(kept: &Kept) -> Option<MessageId> {
    let begins_a_case = kept.direction == Direction::Out && kept.header.fields().class != Class::FollowUp;
    kept.body.in_reply_to.filter(|_| begins_a_case)
}

/// Through whose hands a case came, if it was passed on.
pub(super) fn chain_of(first: &Kept) -> Option<Chain> {
    let field = first.body.fields.iter().find(|field| field.name == chain::FIELD)?;
    Chain::read(&field.value)
}

/// Whether a message says that it was passed on in a way in which it can not have been.
pub(super) fn has_broken_chain(body: &Body, from: &OrgId, own: &OrgId) -> bool {
    let field = body.fields.iter().find(|field| field.name == chain::FIELD);
    field.is_some_and(|field| Chain::read(&field.value).is_none_or(|chain| !chain.holds(from, own)))
}
