//! The outbox: what is sealed is handed in until the hub has answered.
//!
//! A retry sends the same bytes, so a stop at any step loses nothing and sends nothing twice. When the directory has changed
//! meanwhile, the message is sealed again under a new id with the same `send_id`, which the receivers show once. What the hub
//! refuses for good is marked with the reason and not handed in again: a person sends it anew or deletes it (`resend.rs`).

use samverkan_proto::InvalidField;
use samverkan_proto::code::{DeviceReceiptType, Kind};
use samverkan_proto::ids::{MailboxId, MessageId};
use samverkan_proto::statement::batch::UnverifiedProof;
use samverkan_proto::statement::receipt::{HubEvent, HubReceipt, MailboxRef, Verdict};
use samverkan_proto::statement::safety::CaseReference;

use super::mail::{Kept, OutState, add_once};
use super::model::{Direction, Progress, Sent};
use super::{Session, TRIES, TRY_AGAIN, call};
use crate::connect::Link;
use crate::error::{Class, Code, Error, Result};
use crate::exit::Exit;
use crate::home::ProfileLock;

/// How often a message is sealed again because the directory keeps changing.
const MAX_RESEALS: usize = 3;

impl Session {
    /// Sends what waits. A message that the hub refuses for good is marked and does not hold back others.
    pub(super) async fn flush_outbox(
        &mut self,
        held: &ProfileLock,
        link: &mut Link,
        progress: &mut dyn Progress,
    ) -> Result<()> {
        for id in self.mail.waiting() {
            match self.deliver(held, link, id, progress).await {
                Err(error) if error.exit() == Exit::Integrity && !is_final(&error) => return Err(error),
                Ok(_) | Err(_) => {}
            }
        }
        Ok(())
    }

    /// Hands a message in, connecting again when the connection is lost on the way.
    pub(super) async fn dispatch(
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
                    id = self.seal_again(held, &id).or_else(|error| self.give_up(&id, error))?;
                }
                Err(error) if error.code().class() == Class::Transient => return Ok((id, false)),
                Err(error) => id = self.give_up(&id, error)?,
            }
        }
        Ok((id, false))
    }

    /// Marks a message that will be refused however often it is handed in. Fails with the reason in any case.
    pub(super) fn give_up(&mut self, id: &MessageId, error: Error) -> Result<MessageId> {
        if is_final(&error) {
            let code = error.code().as_str().to_owned();
            self.mail.change(self.keystore.contents(), id, |kept| kept.state = OutState::Refused(code))?;
            self.mail.remove_outgoing(id)?;
        }
        Err(error)
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
mod tests {
    use super::*;

    #[test]
    fn only_what_is_wrong_with_the_message_ends_it() {
        let ends = [
            Code::RecipientSuspended,
            Code::RecipientHasNoKey,
            Code::ConsentHandleUsed,
            Code::ClockOutOfRange,
            Code::MessageExpired,
            Code::FileDamaged,
            Code::OrganisationSuspended,
        ];
        for code in ends {
            assert!(is_final(&Error::new(code)), "{code:?}");
        }
        let waits = [
            Code::HubUnreachable,
            Code::StaleDirectory,
            Code::DiskFull,
            Code::HubMisbehaved,
            Code::ReceiptInvalid,
            Code::LogForked,
            Code::ProfileBusy,
        ];
        for code in waits {
            assert!(!is_final(&Error::new(code)), "{code:?}");
        }
    }
}
