//! The outbox: what is sealed is handed in until the hub has answered.
//!
//! A retry sends the same bytes, so a stop at any step loses nothing and sends nothing twice. When the directory has changed
//! meanwhile, the message is sealed again under a new id with the same `send_id`, which the receivers show once. What the hub
//! refuses for good is marked with the reason and not handed in again: a person sends it anew or deletes it (`resend.rs`).

use samverkan_envelope::body::Attachment;
use samverkan_proto::InvalidField;
use samverkan_proto::code::{Class as VisibleClass, DeviceReceiptType};
use samverkan_proto::ids::{MailboxId, MessageId, SendId};
use samverkan_proto::statement::batch::UnverifiedProof;
use samverkan_proto::statement::receipt::{HubEvent, HubReceipt, MailboxRef, Verdict};
use samverkan_proto::statement::safety::CaseReference;
use samverkan_proto::v1::{GetMessageStatusRequest, SubmitRequest};

use super::mail::{Kept, OutState, add_once};
use super::model::{Direction, Progress, Sent};
use super::stages::Said;
use super::{Session, TRIES, TRY_AGAIN, call};
use crate::connect::Link;
use crate::error::{Class, Code, Error, Result};
use crate::exit::Exit;
use crate::text::Args;

/// How often a message is sealed again because the directory keeps changing.
const MAX_RESEALS: usize = 3;

impl Session {
    /// Seals again what nobody can open any more, and sends what waits. A message that the hub refuses for good is marked and does not hold back others. Neither does one about
    /// which the hub gives an answer that can not be trusted: it waits on, and why is given, to be told when everything else is done.
    ///
    /// # Errors
    /// [`Code::LogForked`], after which nothing goes on.
    pub(super) async fn flush_outbox(
        &mut self,
        link: &mut Link,
        progress: &mut dyn Progress,
    ) -> Result<Option<Error>> {
        self.reseal_unreadable()?;
        let mut doubt = None;
        for id in self.mail.waiting() {
            let found = doubt_of(self.deliver(link, id, progress).await)?;
            doubt = doubt.or(found);
        }
        Ok(doubt)
    }

    /// Hands a message in, connecting again when the connection is lost on the way.
    pub(super) async fn dispatch(
        &mut self,
        link: &mut Option<Link>,
        id: MessageId,
        progress: &mut dyn Progress,
    ) -> Result<Sent> {
        let (mut message, mut accepted) = (id, false);
        for _ in 0..TRIES {
            let Some(open) = link else { break };
            (message, accepted) = self.deliver(open, message, progress).await?;
            if accepted {
                break;
            }
            tokio::time::sleep(TRY_AGAIN).await;
            *link = if_trusted(self.connect(progress).await)?;
        }
        let thread = self.mail.get(&message).map(|kept| kept.body.thread_id);
        let reference = CaseReference::of_thread(&thread.ok_or(Error::new(Code::ProgramDefect))?);
        Ok(Sent { reference, message, accepted })
    }

    /// Hands a message in; gives the id it went under, and whether the hub has accepted it. Another process may do the same at the
    /// same time: the hub answers both alike, and whoever comes first writes the answer down.
    async fn deliver(
        &mut self,
        link: &mut Link,
        id: MessageId,
        progress: &mut dyn Progress,
    ) -> Result<(MessageId, bool)> {
        self.check_fresh()?;
        let sending = self.mail.get(&id).ok_or(Error::new(Code::ProgramDefect))?.body.send_id;
        let mut id = id;
        for _ in 0..=MAX_RESEALS {
            let submission = match self.look_up(id, &sending)? {
                Turn::Settled(id) => return Ok((id, true)),
                Turn::Submit(submission) => submission,
            };
            id = submission.id;
            match self.submit(link, *submission, progress).await {
                Ok(receipt) => {
                    let _held = self.begin()?;
                    self.accept(&id, &receipt)?;
                    return Ok((id, true));
                }
                Err(error) if error.code() == Code::StaleDirectory => {
                    self.synchronise(link).await?;
                    id = self.replace_stale(id)?;
                }
                Err(error) if error.code() == Code::MessageGone => {
                    return self.take_first_answer(link, id, error).await;
                }
                Err(error) if error.code().class() == Class::Transient => return Ok((id, false)),
                Err(error) => return Err(self.give_up(&id, error)?),
            }
        }
        Ok((id, false))
    }

    /// What is to be done about a message now, whatever another process has done about it meanwhile.
    fn look_up(&mut self, id: MessageId, sending: &SendId) -> Result<Turn> {
        let _held = self.begin()?;
        let gone = || Error::new(Code::MessageUnknown);
        let kept = self.mail.get(&id).or_else(|| self.mail.newest_sending(sending)).ok_or_else(gone)?;
        match &kept.state {
            OutState::Settled => Ok(Turn::Settled(kept.id())),
            OutState::Refused(code) => Err(Error::new(Code::from_name(code).unwrap_or(Code::HubMisbehaved))),
            OutState::Waiting if !kept.stops.is_empty() => Err(stopped(kept)),
            OutState::Waiting => {
                let (id, attachments) = (kept.id(), kept.body.attachments.clone());
                if kept.unsubmitted {
                    // On disk before a byte leaves: what may be with the hub can be taken back there alone.
                    self.mail.change(self.keystore.contents(), &id, |kept| kept.unsubmitted = false)?;
                }
                match self.mail.outgoing(self.keystore.contents(), &id) {
                    Ok(outgoing) => {
                        let request = outgoing.request();
                        Ok(Turn::Submit(Box::new(Submission { id, request, attachments })))
                    }
                    Err(error) => Err(self.mark(&id, error)?),
                }
            }
        }
    }

    async fn submit(
        &self,
        link: &mut Link,
        submission: Submission,
        progress: &mut dyn Progress,
    ) -> Result<Vec<u8>> {
        for attachment in &submission.attachments {
            self.upload(link, attachment, progress).await?;
        }
        Ok(call::unary(link.relay().submit(submission.request)).await?.receipt.to_vec())
    }

    /// The hub took these very bytes before and has them no longer: its answer was lost, and the recipients were quick. It still has
    /// the receipt that it answered with.
    async fn take_first_answer(
        &mut self,
        link: &Link,
        id: MessageId,
        gone: Error,
    ) -> Result<(MessageId, bool)> {
        let request = GetMessageStatusRequest { message_id: id.as_bytes().to_vec().into() };
        let receipts = match call::unary(link.relay().get_message_status(request)).await {
            Ok(status) => status.receipts,
            Err(error) if error.code().class() == Class::Transient => return Ok((id, false)),
            Err(_) => Vec::new(),
        };
        let _held = self.begin()?;
        let Some(kept) = self.mail.get(&id) else { return Err(gone) };
        match receipts.iter().find(|receipt| self.check_acceptance(kept, receipt).is_ok()) {
            Some(receipt) => self.accept(&id, receipt).map(|()| (id, true)),
            // So long ago that nobody knows what became of it.
            None => Err(self.mark(&id, gone)?),
        }
    }

    /// Seals a message again unless another process has done so; gives the message that is to be handed in now.
    fn replace_stale(&mut self, id: MessageId) -> Result<MessageId> {
        let held = self.begin()?;
        match self.mail.get(&id) {
            Some(kept) if !kept.stops.is_empty() => Err(stopped(kept)),
            Some(kept) if kept.state == OutState::Waiting => match self.seal_again(&held, &id) {
                Ok(new) => Ok(new),
                Err(error) => Err(self.mark(&id, error)?),
            },
            // Whatever took its place is found by what it says.
            Some(_) | None => Ok(id),
        }
    }

    /// Takes the profile, and marks a message that will be refused however often it is handed in; gives the reason back.
    pub(super) fn give_up(&mut self, id: &MessageId, error: Error) -> Result<Error> {
        let _held = self.begin()?;
        self.mark(id, error)
    }

    /// The same when the profile is taken already.
    fn mark(&mut self, id: &MessageId, error: Error) -> Result<Error> {
        let waits = self.mail.get(id).is_some_and(|kept| kept.state == OutState::Waiting);
        if waits && is_final(&error) {
            // A reason that is kept is explained later, when nobody knows the path any more.
            let code = if error.code() == Code::FileMissing { Code::FileDamaged } else { error.code() };
            let code = code.as_str().to_owned();
            self.mail.change(self.keystore.contents(), id, |kept| kept.state = OutState::Refused(code))?;
            self.mail.remove_outgoing(id)?;
        }
        Ok(error)
    }

    /// Takes the hub's receipt for a message, while the profile is taken: from now on the hub is responsible.
    pub(super) fn accept(&mut self, id: &MessageId, proof: &[u8]) -> Result<()> {
        let kept = self.mail.get(id).ok_or(Error::new(Code::ProgramDefect))?;
        self.check_acceptance(kept, proof)?;
        let answers = kept.body.in_reply_to.filter(|_| kept.header.fields().class == VisibleClass::FollowUp);
        let (hh, sender) = (*kept.header.hh(), kept.header.fields().sender_mailbox);
        // Owed before the answer is settled: once it is, nobody looks at it again.
        if let Some(answered) = answers {
            self.owe_answer_receipt(&answered, &hh, sender)?;
        }
        let contents = self.keystore.contents();
        self.mail.change(contents, id, |kept| {
            kept.state = OutState::Settled;
            add_once(&mut kept.receipts, proof.to_vec().into());
        })?;
        self.mail.remove_outgoing(id)
    }

    /// The receipt is the hub's word for exactly this message, by a log that this device knows.
    fn check_acceptance(&self, kept: &Kept, proof: &[u8]) -> Result<()> {
        let wrong = |_: InvalidField| Error::new(Code::ReceiptInvalid);
        let unverified = UnverifiedProof::<HubReceipt>::parse(proof).map_err(wrong)?;
        let verified = unverified.verify(self.membership.hub.pins.receipt()).map_err(wrong)?;
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
        self.check_receipt_log(receipt, proof)
    }

    /// Notes, once, that the sender of `answered` is to be told of an answer.
    fn owe_answer_receipt(&mut self, answered: &MessageId, hh: &[u8; 32], mailbox: MailboxId) -> Result<()> {
        let Some(kept) = self.mail.get(answered).filter(|kept| kept.direction == Direction::In) else {
            return Ok(());
        };
        let answer_ref = kept.secret.answer_ref(hh);
        if kept.pending.iter().chain(&kept.given).any(|proof| tells_of(proof, &answer_ref)) {
            return Ok(());
        }
        let verdict = Verdict::Answered {
            open_tag: kept.secret.open_tag(&self.device.device_id(), DeviceReceiptType::Answered),
            mailbox,
            answer_ref,
        };
        let proof = self.sign_receipts(&[self.receipt_for(&kept.header, verdict)])?.remove(0);
        let contents = self.keystore.contents();
        self.mail.change(contents, answered, |kept| kept.pending.push(proof))
    }
}

/// A message that was taken back while it waited goes nowhere any more.
fn stopped(kept: &Kept) -> Error {
    let reference = CaseReference::of_thread(&kept.body.thread_id);
    Error::with(Code::MessageStopped, Args::none().text("reference", reference))
}

/// Whether a receipt of this device tells of this answer.
fn tells_of(proof: &[u8], answer: &[u8; 32]) -> bool {
    let Some(Said::Device(receipt)) = Said::read(proof) else { return false };
    matches!(receipt.verdict, Verdict::Answered { answer_ref, .. } if answer_ref == *answer)
}

/// What is to be told of how handing in ended, once everything else is done.
fn doubt_of<T>(handed_in: Result<T>) -> Result<Option<Error>> {
    match handed_in {
        Err(error) if error.code() == Code::LogForked => Err(error),
        Err(error) if error.exit() == Exit::Integrity && !is_final(&error) => Ok(Some(error)),
        Ok(_) | Err(_) => Ok(None),
    }
}

/// A new connection, or none when there is none to be had now: what is sealed waits then, and is not lost. A hub that can not be
/// trusted is told of all the same.
fn if_trusted<T>(connected: Result<T>) -> Result<Option<T>> {
    match connected {
        Ok(link) => Ok(Some(link)),
        Err(error) if error.exit() == Exit::Integrity => Err(error),
        Err(_) => Ok(None),
    }
}

/// What is to be done about a message that waits.
enum Turn {
    /// Another process has handed it in, perhaps under this other id.
    Settled(MessageId),
    /// It is to be handed in.
    Submit(Box<Submission>),
}

/// What is handed in, always the same for one id.
struct Submission {
    id: MessageId,
    request: SubmitRequest,
    attachments: Vec<Attachment>,
}

/// Whether the same message will fail the same way. A hub that can not be trusted, and a disk that does not work, say
/// nothing about the message: it goes on waiting.
fn is_final(error: &Error) -> bool {
    match error.code() {
        // The sealed bytes are lost or damaged; what was written is kept apart from them and can be sealed anew.
        Code::FileMissing | Code::FileDamaged => true,
        Code::DiskFull
        | Code::FileUnusable
        | Code::FileUnsafe
        | Code::FileExposed
        | Code::HomeUnusable
        | Code::NoRandomness
        | Code::ProgramDefect => false,
        code => code.class() != Class::Transient && code.exit() != Exit::Integrity,
    }
}

#[cfg(test)]
mod tests;
