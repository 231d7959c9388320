//! Sending: seal, keep in the outbox, upload, submit, check the receipt.
//!
//! What is sealed is on disk before the hub hears of it, and a retry sends the same bytes, so a stop at any step
//! loses nothing and sends nothing twice. When the directory has changed meanwhile, the message is sealed again under
//! a new id with the same `send_id`, which the receivers show once.

use std::num::NonZeroU32;

use samverkan_envelope::body::{Attachment, Body, Field};
use samverkan_envelope::seal::{Draft as SealDraft, SealRandom, SealedMessage};
use samverkan_envelope::secret::MessageSecret;
use samverkan_proto::code::{Class, DeviceReceiptType, Kind, LegalBasis, Urgency};
use samverkan_proto::ids::{MailboxId, MessageId, OrgId, SendId, ThreadId};
use samverkan_proto::limits::MAX_LIFETIME_MS;
use samverkan_proto::statement::batch::UnverifiedProof;
use samverkan_proto::statement::receipt::{HubEvent, HubReceipt, MailboxRef, Verdict};
use samverkan_proto::statement::safety::CaseReference;
use samverkan_proto::{Fault, InvalidField};

use super::attach::{Source, tidy};
use super::mail::{Kept, OutState, SealedHashes, add_once};
use super::model::{Direction, Draft, Obstacle, Progress, Reply, Sent};
use super::{Session, TRIES, TRY_AGAIN, call};
use crate::connect::Link;
use crate::error::{self, Code, Error, Result};
use crate::home::ProfileLock;
use crate::secret::{NoRandomness, Secret32};
use crate::text::Args;

/// How often a message is sealed again because the directory keeps changing.
const MAX_RESEALS: usize = 3;

/// What is sealed, whatever it is and whoever it goes to.
struct Letter {
    to: Vec<(OrgId, MailboxId)>,
    sender: MailboxId,
    basis: Option<LegalBasis>,
    urgency: Urgency,
    answer_within_minutes: Option<NonZeroU32>,
    keep_ms: u64,
    body: Body,
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
    /// The first obstacle; what the hub refuses for good, in which case the sealed message stays in the outbox, marked,
    /// and is not sent again by itself.
    pub async fn send(&mut self, draft: Draft, progress: &mut dyn Progress) -> Result<Sent> {
        let held = self.begin()?;
        let mut link = self.contact(&held, progress).await?;
        if let Some(obstacle) = self.obstacles(&draft).first() {
            return Err(obstacle.to_error());
        }
        let attachments = self.seal_attachments(&draft.attachments, progress).await?;
        let desk = self.desk();
        let letter = Letter {
            to: draft.to.iter().filter_map(|address| self.directory.resolve(address)).collect(),
            sender: desk.sender_mailbox(draft.from.as_ref()).map_err(Error::new)?,
            basis: draft.basis,
            urgency: draft.urgency,
            answer_within_minutes: draft.answer_within_minutes,
            keep_ms: draft.keep_ms.unwrap_or(MAX_LIFETIME_MS),
            body: self.first_body(&draft, attachments),
        };
        let id = self.seal_letter(&held, letter, draft.consent)?;
        self.dispatch(&held, &mut link, id, progress).await
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
        let held = self.begin()?;
        let mut link = self.contact(&held, progress).await?;
        let answered = self.answered(reference)?;
        let draft = self.reply_draft(&answered, &reply);
        if let Some(obstacle) = self.obstacles(&draft).first() {
            return Err(obstacle.to_error());
        }
        let attachments = self.seal_attachments(&draft.attachments, progress).await?;
        let body = Body {
            kind: answered.kind,
            thread_id: answered.thread,
            in_reply_to: Some(answered.message),
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
        };
        let id = self.seal_letter(&held, letter, None)?;
        let sent = self.dispatch(&held, &mut link, id, progress).await?;
        if let (Some(link), true) = (link, sent.accepted) {
            // The receipt that says so goes out at once if it can, else with the next contact.
            self.settle_pending(&link).await?;
        }
        Ok(sent)
    }

    /// Sends what waits. A message that the hub refuses for good is marked and does not hold back others.
    pub(super) async fn flush_outbox(
        &mut self,
        held: &ProfileLock,
        link: &mut Link,
        progress: &mut dyn Progress,
    ) -> Result<()> {
        for id in self.mail.waiting() {
            match self.deliver(held, link, id, progress).await {
                Err(error) if error.exit() == crate::exit::Exit::Integrity => return Err(error),
                Ok(_) | Err(_) => {}
            }
        }
        Ok(())
    }

    /// Hands a message in, connecting again when the connection is lost on the way.
    async fn dispatch(
        &mut self,
        held: &ProfileLock,
        link: &mut Option<Link>,
        id: MessageId,
        progress: &mut dyn Progress,
    ) -> Result<Sent> {
        let (mut message, mut accepted) = (id, false);
        for _ in 0..TRIES {
            let Some(open) = link else { break };
            (message, accepted) = self.deliver(held, open, message, progress).await?;
            if accepted {
                break;
            }
            tokio::time::sleep(TRY_AGAIN).await;
            *link = self.connect(held, progress).await.ok();
        }
        let thread = self.mail.get(&message).map(|kept| kept.body.thread_id);
        let reference = CaseReference::of_thread(&thread.ok_or(Error::new(Code::ProgramDefect))?);
        Ok(Sent { reference, message, accepted })
    }

    /// Hands a message in; gives the id it went under, and whether the hub has accepted it.
    async fn deliver(
        &mut self,
        held: &ProfileLock,
        link: &mut Link,
        id: MessageId,
        progress: &mut dyn Progress,
    ) -> Result<(MessageId, bool)> {
        let mut id = id;
        for _ in 0..=MAX_RESEALS {
            match self.submit(link, &id, progress).await {
                Ok(receipt) => {
                    self.accept(&id, &receipt)?;
                    return Ok((id, true));
                }
                Err(error) if error.code() == Code::StaleDirectory => {
                    self.directory.synchronise(link, self.clock.now_ms()).await?;
                    id = self.seal_again(held, &id)?;
                }
                Err(error) if error.code().class() == error::Class::Transient => return Ok((id, false)),
                Err(error) => {
                    let code = error.code().as_str().to_owned();
                    let contents = self.keystore.contents();
                    self.mail.change(contents, &id, |kept| kept.state = OutState::Refused(code))?;
                    return Err(error);
                }
            }
        }
        Ok((id, false))
    }

    async fn submit(&self, link: &mut Link, id: &MessageId, progress: &mut dyn Progress) -> Result<Vec<u8>> {
        let kept = self.mail.get(id).ok_or(Error::new(Code::ProgramDefect))?;
        for attachment in &kept.body.attachments {
            self.upload(link, attachment, progress).await?;
        }
        let outgoing = self.mail.outgoing(self.keystore.contents(), id)?;
        Ok(call::unary(link.relay().submit(outgoing.request())).await?.receipt.to_vec())
    }

    /// Takes the hub's receipt for a message: from now on the hub is responsible.
    pub(super) fn accept(&mut self, id: &MessageId, proof: &[u8]) -> Result<()> {
        let kept = self.mail.get(id).ok_or(Error::new(Code::ProgramDefect))?;
        self.check_acceptance(kept, proof)?;
        let answers = kept.body.in_reply_to.filter(|_| kept.body.kind == Kind::Reply);
        let (hh, sender) = (*kept.header.hh(), kept.header.fields().sender_mailbox);
        let contents = self.keystore.contents();
        self.mail.change(contents, id, |kept| {
            kept.state = OutState::Settled;
            add_once(&mut kept.receipts, proof.to_vec().into());
        })?;
        self.mail.remove_outgoing(id)?;
        match answers {
            Some(answered) => self.owe_answer_receipt(&answered, &hh, sender),
            None => Ok(()),
        }
    }

    /// The receipt is the hub's word for exactly this message, by a log that this device knows.
    fn check_acceptance(&self, kept: &Kept, proof: &[u8]) -> Result<()> {
        let wrong = |_: InvalidField| Error::new(Code::ReceiptInvalid);
        let proof = UnverifiedProof::<HubReceipt>::parse(proof).map_err(wrong)?;
        let verified = proof.verify(self.membership.hub.pins.receipt()).map_err(wrong)?;
        let (receipt, fields) = (verified.value(), kept.header.fields());
        let event = HubEvent::SubmissionAccepted {
            sender: MailboxRef { org: fields.sender_org, mailbox: fields.sender_mailbox },
            device: fields.sender_device,
        };
        let is_ours = receipt.event == event
            && receipt.message_id == fields.message_id
            && receipt.hh == *kept.header.hh()
            && receipt.content_hash == kept.content_hash
            && receipt.wraps_hash == kept.wraps_hash;
        if !is_ours {
            return Err(Error::new(Code::ReceiptInvalid));
        }
        self.check_receipt_log(receipt)
    }

    /// Notes that the sender of `answered` is to be told of an answer.
    fn owe_answer_receipt(&mut self, answered: &MessageId, hh: &[u8; 32], mailbox: MailboxId) -> Result<()> {
        let Some(kept) = self.mail.get(answered).filter(|kept| kept.direction == Direction::In) else {
            return Ok(());
        };
        let verdict = Verdict::Answered {
            open_tag: kept.secret.open_tag(&self.device.device_id(), DeviceReceiptType::Answered),
            mailbox,
            answer_ref: kept.secret.answer_ref(hh),
        };
        let proof = self.sign_receipts(&[self.receipt_for(&kept.header, verdict)])?.remove(0);
        let contents = self.keystore.contents();
        self.mail.change(contents, answered, |kept| kept.pending.push(proof))
    }

    /// Seals the same content under a new id for the directory as it is now, and forgets the old one.
    pub(super) fn seal_again(&mut self, held: &ProfileLock, id: &MessageId) -> Result<MessageId> {
        let old = self.mail.get(id).cloned().ok_or(Error::new(Code::ProgramDefect))?;
        let fields = old.header.fields();
        let letter = Letter {
            to: fields.to.iter().map(|to| (to.org, to.mailbox)).collect(),
            sender: fields.sender_mailbox,
            basis: fields.basis,
            urgency: fields.urgency,
            answer_within_minutes: fields.answer_within_minutes,
            keep_ms: fields.expires_ms - fields.created_ms,
            body: Body { checkpoint: self.checkpoint(), ..old.body.clone() },
        };
        let new = self.seal_letter(held, letter, None)?;
        self.keystore.contents_mut().remove_message_key(id);
        self.keystore.commit(held)?;
        self.mail.forget(id)?;
        Ok(new)
    }

    /// Seals a letter and keeps it, opened and sealed, before anybody hears of it.
    fn seal_letter(
        &mut self,
        held: &ProfileLock,
        letter: Letter,
        consent: Option<super::model::ConsentId>,
    ) -> Result<MessageId> {
        let (message_id, created_ms) = (MessageId::random(), self.clock.now_ms());
        let desk = self.desk();
        let to = desk.recipients(&letter.to).ok_or(Error::new(Code::RecipientUnknown))?;
        let devices = desk.targets(&to, letter.sender, created_ms)?;
        let mut body = letter.body;
        if let Some(consent) = consent.filter(|_| letter.basis == Some(LegalBasis::Consent)) {
            body.consents.push(self.consents.take(self.keystore.contents(), consent, message_id)?);
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
        self.keep_sealed(held, &sealed, secret, body)?;
        Ok(message_id)
    }

    /// Puts a sealed message and what it says on disk, its key first.
    fn keep_sealed(
        &mut self,
        held: &ProfileLock,
        sealed: &SealedMessage,
        secret: MessageSecret,
        body: Body,
    ) -> Result<()> {
        let (hashes, key) = (SealedHashes::of(sealed), Secret32::random()?);
        self.keystore.contents_mut().put_message_key(secret.message_id(), &key);
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
        };
        self.mail.put(self.keystore.contents(), kept)
    }

    /// Seals files and puts them in their places, all or none. The caller keeps the message before it waits for
    /// anything, so that no sealed file is without one when somebody stops the command.
    async fn seal_attachments(
        &self,
        paths: &[std::path::PathBuf],
        progress: &mut dyn Progress,
    ) -> Result<Vec<Attachment>> {
        // Every file is opened before the first is sealed, so that a missing one is found at once.
        let sources = paths.iter().map(|path| Source::open(path)).collect::<Result<Vec<_>>>()?;
        let folder = self.mail.blobs();
        if !sources.is_empty() {
            tidy(folder, |id| self.mail.names_blob(id), self.clock.now_ms())?;
        }
        let mut sealed = Vec::with_capacity(sources.len());
        for source in sources {
            sealed.push(source.seal(folder, progress).await?);
        }
        sealed.into_iter().map(|sealed| sealed.place(folder)).collect()
    }

    /// The content of a message that begins a thread.
    fn first_body(&self, draft: &Draft, attachments: Vec<Attachment>) -> Body {
        let field = |(name, value): &(String, String)| Field { name: name.clone(), value: value.clone() };
        Body {
            kind: kind_of(draft.class),
            send_id: SendId::random(),
            thread_id: ThreadId::random(),
            in_reply_to: None,
            form: String::new(),
            fields: draft.fields.iter().map(field).collect(),
            subject: draft.subject.clone(),
            text: draft.text.clone(),
            attachments,
            consents: Vec::new(),
            checkpoint: self.checkpoint(),
        }
    }

    fn checkpoint(&self) -> Vec<u8> {
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
        Ok(Answered { thread, message: newest.id(), kind, to, from })
    }

    /// The own mailbox that a message came to and that this device still reads.
    fn answering_mailbox(&self, kept: &Kept) -> Result<MailboxId> {
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
            subject: String::new(),
            text: reply.text.clone(),
            fields: Vec::new(),
            attachments: reply.attachments.clone(),
        }
    }
}

/// Where a reply belongs.
struct Answered {
    thread: ThreadId,
    message: MessageId,
    kind: Kind,
    to: Vec<(OrgId, MailboxId)>,
    from: MailboxId,
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
