//! Sending: compose, seal, keep. What is sealed is on disk before the hub hears of it; `outbox.rs` hands it in.

use std::num::NonZeroU32;

use samverkan_envelope::body::{Attachment, Body, Field};
use samverkan_envelope::seal::{Draft as SealDraft, SealRandom, SealedMessage};
use samverkan_envelope::secret::MessageSecret;
use samverkan_proto::code::{Class, Kind, LegalBasis, Urgency};
use samverkan_proto::ids::{MailboxAddress, MailboxId, MessageId, OrgId, SendId, ThreadId};
use samverkan_proto::limits::MAX_LIFETIME_MS;
use samverkan_proto::statement::receipt::MailboxRef;
use samverkan_proto::statement::safety::CaseReference;
use samverkan_proto::{Fault, InvalidField};

use super::attach::{Beside, Sealed, Source, tidy};
use super::mail::{Kept, OutState, SealedHashes};
use super::model::{Direction, Draft, Obstacle, Progress, Reply, Sent};
use super::{Session, trust};
use crate::connect::Link;
use crate::error::{Code, Error, Result};
use crate::forms::law::{self, Section};
use crate::home::ProfileLock;
use crate::referral::{spare, wire};
use crate::secret::{NoRandomness, Secret32};
use crate::text::Args;

/// What is sealed, whatever it is and whoever it goes to.
pub(super) struct Letter {
    pub(super) to: Vec<(OrgId, MailboxId)>,
    pub(super) sender: MailboxId,
    pub(super) basis: Option<LegalBasis>,
    pub(super) urgency: Urgency,
    pub(super) answer_within_minutes: Option<NonZeroU32>,
    pub(super) keep_ms: u64,
    pub(super) body: Body,
    /// The message that ended undelivered and that this one sends again.
    pub(super) resends: Option<MessageId>,
    /// The message that this one is sealed in place of, and that nobody has.
    pub(super) replaces: Option<MessageId>,
}

impl Letter {
    /// A follow-up without attachments to one mailbox, of which no person thinks.
    pub(super) fn routine(to: (OrgId, MailboxId), sender: MailboxId, body: Body) -> Self {
        Self {
            to: vec![to],
            sender,
            basis: None,
            urgency: Urgency::Routine,
            answer_within_minutes: None,
            keep_ms: MAX_LIFETIME_MS,
            body,
            resends: None,
            replaces: None,
        }
    }

    /// With the same sender, recipients and terms as a message that was sealed before.
    pub(super) fn like(old: &Kept, body: Body) -> Self {
        let fields = old.header.fields();
        Self {
            to: fields.to.iter().map(|to| (to.org, to.mailbox)).collect(),
            sender: fields.sender_mailbox,
            basis: fields.basis,
            urgency: fields.urgency,
            answer_within_minutes: fields.answer_within_minutes,
            keep_ms: fields.expires_ms - fields.created_ms,
            body,
            resends: None,
            replaces: None,
        }
    }
}

impl Session {
    /// Every reason why a draft would be refused; no personal data is needed to ask.
    #[must_use]
    pub fn obstacles(&self, draft: &Draft) -> Vec<Obstacle> {
        self.desk().obstacles(draft)
    }

    /// Seals a message and hands it in. If the hub can not be reached it waits in the outbox, and any later contact
    /// with the hub sends it.
    ///
    /// # Errors
    /// The first obstacle; what the form does not take; what the hub refuses for good, in which case what was written is kept, marked with the reason, and is sent
    /// again or discarded by a person.
    pub async fn send(&mut self, draft: Draft, progress: &mut dyn Progress) -> Result<Sent> {
        let mut link = self.contact(progress).await?;
        drop(self.begin()?);
        if let Some(obstacle) = self.obstacles(&draft).first() {
            return Err(obstacle.to_error());
        }
        draft.check_answers()?;
        let sealed =
            self.seal_attachments(&draft.attachments, Beside::of(draft.keep_metadata), progress).await?;
        let held = self.begin()?;
        let attachments = self.place(sealed)?;
        let desk = self.desk();
        let letter = Letter {
            to: self.resolve_all(&draft.to)?,
            sender: desk.sender_mailbox(draft.from.as_ref()).map_err(Error::new)?,
            basis: draft.basis,
            urgency: draft.urgency,
            answer_within_minutes: draft.answer_within_minutes.or_else(|| desk.agreed_answer_time(&draft)),
            keep_ms: draft.keep_ms.unwrap_or(MAX_LIFETIME_MS),
            body: self.first_body(&draft, attachments),
            resends: None,
            replaces: None,
        };
        let id = self.seal_letter(&held, letter, draft.consent)?;
        drop(held);
        self.dispatch(&mut link, id, progress).await
    }

    /// Answers in a thread: a reply to what came last, or more about what was sent.
    ///
    /// # Errors
    /// [`Code::CaseUnknown`], and as [`Session::send`].
    pub async fn reply(
        &mut self,
        reference: &CaseReference,
        reply: Reply,
        progress: &mut dyn Progress,
    ) -> Result<Sent> {
        let mut link = self.contact(progress).await?;
        drop(self.begin()?);
        let answered = self.answered(reference)?;
        self.answer(&mut link, answered, &reply, progress).await
    }

    /// Sends what belongs in a thread, with the receipt that says that there is an answer.
    pub(super) async fn answer(
        &mut self,
        link: &mut Option<Link>,
        answered: Answered,
        reply: &Reply,
        progress: &mut dyn Progress,
    ) -> Result<Sent> {
        for (org, _) in &answered.to {
            if let Some(handle) = trust::lost_handle(self.keystore.contents(), &self.directory, org) {
                return Err(Error::with(Code::KeyChanged, Args::none().text("recipient", handle)));
            }
        }
        let draft = self.reply_draft(&answered, reply);
        if let Some(obstacle) = self.obstacles(&draft).first() {
            return Err(obstacle.to_error());
        }
        let sealed =
            self.seal_attachments(&draft.attachments, Beside::of(draft.keep_metadata), progress).await?;
        let held = self.begin()?;
        let attachments = self.place(sealed)?;
        let body = Body {
            kind: answered.kind,
            thread_id: answered.thread,
            in_reply_to: answered.message,
            form: if answered.step.is_empty() { String::new() } else { wire::FORM.to_owned() },
            fields: answered.step,
            ..self.first_body(&draft, attachments)
        };
        let letter = Letter {
            to: answered.to,
            sender: answered.from,
            basis: None,
            urgency: Urgency::Routine,
            answer_within_minutes: None,
            keep_ms: MAX_LIFETIME_MS,
            body,
            resends: None,
            replaces: None,
        };
        let id = self.seal_letter(&held, letter, None)?;
        drop(held);
        let sent = self.dispatch(link, id, progress).await?;
        if let (Some(link), true) = (link, sent.accepted) {
            // The receipt that says so goes out at once if it can, else with the next contact.
            self.settle_pending(link).await?;
        }
        Ok(sent)
    }

    /// Seals the same content under a new id for the directory as it is now, and forgets the old one, which nobody has.
    pub(super) fn seal_again(&mut self, held: &ProfileLock, id: &MessageId) -> Result<MessageId> {
        let old = self.mail.get(id).cloned().ok_or(Error::new(Code::ProgramDefect))?;
        let body = Body { checkpoint: self.checkpoint(), ..old.body.clone() };
        let letter = Letter { resends: old.resends, replaces: Some(*id), ..Letter::like(&old, body) };
        let new = self.seal_letter(held, letter, None)?;
        self.forget(held, id)?;
        Ok(new)
    }

    /// Deletes a message, its key first.
    pub(super) fn forget(&mut self, held: &ProfileLock, id: &MessageId) -> Result<()> {
        self.keystore.contents_mut().remove_message_key(id);
        self.keystore.commit(held)?;
        self.mail.forget(id)
    }

    /// Forgets every message that another one was sealed in place of, while the profile is taken: whoever sealed it was stopped before
    /// this was done, and both would be sent.
    pub(super) fn finish_replacing(&mut self, held: &ProfileLock) -> Result<()> {
        for id in self.mail.replaced() {
            self.forget(held, &id)?;
        }
        Ok(())
    }

    /// Seals a letter and keeps it, opened and sealed, before anybody hears of it.
    pub(super) fn seal_letter(
        &mut self,
        held: &ProfileLock,
        letter: Letter,
        consent: Option<super::model::ConsentId>,
    ) -> Result<MessageId> {
        let (message_id, created_ms) = (MessageId::random(), self.clock.now_ms());
        let before = (letter.resends, letter.replaces);
        let desk = self.desk();
        // Asked once more where it is sealed: what waited in the outbox is sealed again by itself when the directory has changed.
        for (org, mailbox) in &letter.to {
            let address = self.address(org, mailbox).ok_or(Error::new(Code::RecipientUnknown))?;
            desk.check_keys(&address.handle)
                .map_err(|code| Error::with(code, Args::none().text("recipient", &address)))?;
        }
        let to = desk.recipients(&letter.to).ok_or(Error::new(Code::RecipientUnknown))?;
        let devices = desk.targets(&to, letter.sender, created_ms)?;
        let mut body = letter.body;
        if let Some(consent) = consent.filter(|_| letter.basis == Some(LegalBasis::Consent)) {
            let contents = self.keystore.contents();
            body.consents.push(self.consents.take(contents, consent, message_id)?);
            // What is sent again has those that were sealed in at first.
            if !spare::are_in(&body.fields) {
                let spares = self.consents.take_spares(contents, consent, message_id, to.len())?;
                body.fields.extend(spare::write(&spares));
            }
        }
        body.sort();
        let random = SealRandom::generate(devices.len()).map_err(|_| NoRandomness)?;
        let draft = SealDraft {
            message_id,
            sender_org: self.membership.org,
            sender_mailbox: letter.sender,
            basis: letter.basis,
            urgency: letter.urgency,
            answer_within_minutes: letter.answer_within_minutes,
            created_ms,
            expires_ms: created_ms + letter.keep_ms,
            to,
            devices,
            body: body.clone(),
        };
        let (sealed, secret) = draft.seal(&self.device, random).map_err(refused_by_format)?;
        self.keep_sealed(held, &sealed, secret, body, before)?;
        Ok(message_id)
    }

    /// Puts a sealed message and what it says on disk, its key first. `before` are the message that it sends again, and the one that
    /// it takes the place of.
    fn keep_sealed(
        &mut self,
        held: &ProfileLock,
        sealed: &SealedMessage,
        secret: MessageSecret,
        body: Body,
        (resends, replaces): (Option<MessageId>, Option<MessageId>),
    ) -> Result<()> {
        let (hashes, key) = (SealedHashes::of(sealed), Secret32::random()?);
        self.keystore.contents_mut().put_message_key(secret.message_id(), &key);
        for to in &sealed.header().fields().to {
            trust::meet(self.keystore.contents_mut(), &self.directory, &to.org)?;
        }
        self.keystore.commit(held)?;
        self.mail.put_outgoing(&key, sealed)?;
        let kept = Kept {
            direction: Direction::Out,
            header: sealed.header().clone(),
            body,
            secret,
            content_hash: hashes.content,
            wraps_hash: hashes.wraps,
            shown: true,
            state: OutState::Waiting,
            receipts: Vec::new(),
            given: Vec::new(),
            pending: Vec::new(),
            resends,
            replaces,
            given_on: Vec::new(),
            dismissed: 0,
            rule_accepted: false,
            unsubmitted: true,
            stops: Vec::new(),
        };
        self.mail.put(self.keystore.contents(), kept)
    }

    /// Seals files; they have no place and no name yet.
    async fn seal_attachments(
        &self,
        paths: &[std::path::PathBuf],
        beside: Beside,
        progress: &mut dyn Progress,
    ) -> Result<Vec<Sealed>> {
        // Every file is opened before the first is sealed, so that a missing one is found at once.
        let sources = paths.iter().map(|path| Source::open(path)).collect::<Result<Vec<_>>>()?;
        let folder = self.mail.blobs();
        if !sources.is_empty() {
            tidy(folder, |id| self.mail.names_blob(id), self.clock.now_ms())?;
        }
        let mut sealed = Vec::with_capacity(sources.len());
        for (number, source) in (1u64..).zip(sources) {
            let one = source.seal(folder, beside, progress).await?;
            if one.is_cleaned() {
                progress.cleaned(number);
            }
            sealed.push(one);
        }
        Ok(sealed)
    }

    /// The mailboxes that these addresses name now. The directory may have changed since the obstacles were looked for, and whoever is
    /// gone from it must not be left out without a word.
    fn resolve_all(&self, to: &[MailboxAddress]) -> Result<Vec<(OrgId, MailboxId)>> {
        let unknown = |address| Error::with(Code::RecipientUnknown, Args::none().text("recipient", address));
        to.iter().map(|address| self.directory.resolve(address).ok_or_else(|| unknown(address))).collect()
    }

    /// Puts sealed files in their places, all or none. The caller has taken the profile, and keeps the message before it waits for
    /// anything, so that no sealed file is without one when somebody stops the command.
    pub(super) fn place(&self, sealed: Vec<Sealed>) -> Result<Vec<Attachment>> {
        sealed.into_iter().map(|sealed| sealed.place(self.mail.blobs())).collect()
    }

    /// The content of a message that begins a thread.
    fn first_body(&self, draft: &Draft, attachments: Vec<Attachment>) -> Body {
        let field = |(name, value): &(String, String)| Field { name: name.clone(), value: value.clone() };
        let section = |section: &Section| Field { name: law::FIELD.to_owned(), value: section.code.clone() };
        Body {
            kind: kind_of(draft.class),
            send_id: SendId::random(),
            thread_id: ThreadId::random(),
            in_reply_to: None,
            form: draft.form.map(|form| form.name.clone()).unwrap_or_default(),
            fields: draft.fields.iter().map(field).chain(draft.section.map(section)).collect(),
            subject: draft.subject.clone(),
            text: draft.text.clone(),
            attachments,
            consents: Vec::new(),
            checkpoint: self.checkpoint(),
        }
    }

    pub(super) fn checkpoint(&self) -> Vec<u8> {
        self.directory.checkpoint().map(|checkpoint| checkpoint.note().to_vec()).unwrap_or_default()
    }

    /// What a reply in a thread answers, and where it goes.
    fn answered(&self, reference: &CaseReference) -> Result<Answered> {
        let thread = self.thread_id(reference)?;
        let messages = self.mail.thread(&thread);
        let came = messages.iter().rev().find(|kept| kept.direction == Direction::In);
        let newest = came.or(messages.last()).ok_or(Error::new(Code::CaseUnknown))?;
        let fields = newest.header.fields();
        let (kind, to, from) = match newest.direction {
            Direction::In => {
                let to = vec![(fields.sender_org, fields.sender_mailbox)];
                (Kind::Reply, to, self.answering_mailbox(newest)?)
            }
            Direction::Out => {
                let to = fields.to.iter().map(|to| (to.org, to.mailbox)).collect();
                (Kind::Supplement, to, fields.sender_mailbox)
            }
        };
        let asked = to.first().map(|(org, mailbox)| MailboxRef { org: *org, mailbox: *mailbox });
        let supplies = asked.filter(|_| newest.direction == Direction::In);
        let supply = supplies.and_then(|asked| self.supply_of(&messages, &asked));
        let (kind, step) = supply.map_or((kind, Vec::new()), |(act, fields)| (act.kind(), fields));
        Ok(Answered { thread, message: Some(newest.id()), kind, to, from, step })
    }

    /// The own mailbox that a message came to and that this device still reads.
    pub(super) fn answering_mailbox(&self, kept: &Kept) -> Result<MailboxId> {
        let manifest = self.own_manifest().ok_or(Error::new(Code::DeviceUnknown))?;
        let own = self.device.device_id();
        let to = kept.header.fields().to.iter().filter(|to| to.org == self.membership.org);
        let mut readable = to.map(|to| to.mailbox).filter(|mailbox| manifest.reads(&own, mailbox));
        readable.next().ok_or(Error::new(Code::RoleMissing))
    }

    /// The reply as a draft, to be checked for obstacles like any other.
    fn reply_draft(&self, answered: &Answered, reply: &Reply) -> Draft {
        let address = |(org, mailbox): &(OrgId, MailboxId)| self.directory.address_of(org, mailbox);
        Draft {
            to: answered.to.iter().filter_map(address).collect(),
            from: address(&(self.membership.org, answered.from)),
            class: Class::FollowUp,
            basis: None,
            urgency: Urgency::Routine,
            answer_within_minutes: None,
            keep_ms: None,
            consent: None,
            section: None,
            form: None,
            subject: String::new(),
            text: reply.text.clone(),
            fields: Vec::new(),
            attachments: reply.attachments.clone(),
            keep_metadata: reply.keep_metadata,
        }
    }
}

/// Where a message in a thread belongs.
pub(super) struct Answered {
    pub(super) thread: ThreadId,
    /// What it answers.
    pub(super) message: Option<MessageId>,
    pub(super) kind: Kind,
    pub(super) to: Vec<(OrgId, MailboxId)>,
    pub(super) from: MailboxId,
    /// The fields that say a step; none in words alone.
    pub(super) step: Vec<Field>,
}

/// The kind of a message that begins a thread.
const fn kind_of(class: Class) -> Kind {
    match class {
        Class::Referral => Kind::Referral,
        Class::ConcernReport => Kind::ConcernReport,
        Class::InformationRequest => Kind::InformationRequest,
        Class::FollowUp => Kind::Supplement,
    }
}

/// The content breaks a rule of the format.
fn refused_by_format(invalid: InvalidField) -> Error {
    let code = match invalid.fault {
        Fault::BadLength | Fault::CountOutOfRange => Code::MessageTooLarge,
        _ => Code::MessageInvalid,
    };
    Error::with(code, Args::none().text("field", invalid.field))
}
