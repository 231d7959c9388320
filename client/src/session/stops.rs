//! Orders to stop that come: the sender has taken a message back, or the consent for it was withdrawn (PROTOCOL.md sections 11 and 12).
//!
//! An order counts when it is the sender's or the issuer's own statement about that very message; the hub's word alone has nothing
//! destroyed. What no person has opened is destroyed at once, content, key and attachments; of what was opened a person decides. What
//! became of it is told to the sender in a sealed answer, which the hub can not tell from any other follow-up.

use samverkan_envelope::body::{Body, Field};
use samverkan_envelope::open::LogView as _;
use samverkan_proto::code::{Kind, Roles};
use samverkan_proto::ids::{DeviceId, MessageId, OrgId, SendId};
use samverkan_proto::sign::PublicKey;
use samverkan_proto::statement::consent::UnverifiedStub;
use samverkan_proto::statement::recall::{Recall, UnverifiedRecall};
use samverkan_proto::statement::safety::CaseReference;
use samverkan_proto::statement::withdrawal::{UnverifiedWithdrawal, Withdrawal};
use samverkan_proto::v1;

use super::Session;
use super::mail::{Kept, Stop};
use super::model::{Direction, Progress, Received, StopAnswer, StopKind};
use super::send::Letter;
use crate::connect::Link;
use crate::error::{Class, Code, Error, Result};
use crate::home::ProfileLock;
use crate::secret::Secret32;
use crate::text::Args;

mod missed;

/// The form of a sealed answer to an order to stop (PROTOCOL.md section 21).
const FORM: &str = "stop-1";
const ANSWER: &str = "svk_stop_answer";
const GROUND: &str = "svk_stop_ground";

/// An order to stop whose signature holds.
#[derive(Clone, Debug)]
pub(super) struct Order {
    message: MessageId,
    by: OrgId,
    device: DeviceId,
    statement: Vec<u8>,
    what: What,
}

#[derive(Clone, Copy, Debug)]
enum What {
    Recall(Recall),
    Withdrawal(Withdrawal),
}

impl Order {
    /// What a statement says, whose signature was verified.
    fn of(message: MessageId, statement: &[u8]) -> Option<Self> {
        let (by, device, what) = if let Ok(recall) = UnverifiedRecall::parse(statement) {
            let recall = *recall.claimed();
            (recall.message_id == message).then_some((recall.org, recall.device, What::Recall(recall)))?
        } else {
            let withdrawal = *UnverifiedWithdrawal::parse(statement).ok()?.claimed();
            (withdrawal.org, withdrawal.device, What::Withdrawal(withdrawal))
        };
        Some(Self { message, by, device, statement: statement.to_vec(), what })
    }

    const fn kind(&self) -> StopKind {
        match self.what {
            What::Recall(_) => StopKind::Recall,
            What::Withdrawal(_) => StopKind::Withdrawal,
        }
    }

    /// Whether it is about this very message, and by whom it must be.
    fn fits(&self, kept: &Kept) -> bool {
        match self.what {
            What::Recall(recall) => {
                kept.header.fields().sender_org == recall.org && *kept.header.hh() == recall.hh
            }
            What::Withdrawal(withdrawal) => kept.body.consents.iter().any(|opening| {
                UnverifiedStub::parse(&opening.stub).is_ok_and(|stub| {
                    let stub = stub.claimed();
                    (stub.handle, stub.issuer_org) == (withdrawal.handle, withdrawal.org)
                })
            }),
        }
    }
}

/// What the body of a sealed answer says; `None` for any other message.
pub(super) fn answer_in(body: &Body) -> Option<StopAnswer> {
    let is_bare = body.text.is_empty() && body.subject.is_empty() && body.attachments.is_empty();
    if body.form != FORM || !is_bare || !matches!(body.kind, Kind::Notice | Kind::ConsentWithdrawal) {
        return None;
    }
    match body.fields.as_slice() {
        [answer] if answer.name == ANSWER => StopAnswer::by_names(&answer.value, ""),
        [answer, ground] if answer.name == ANSWER && ground.name == GROUND && !ground.value.is_empty() => {
            StopAnswer::by_names(&answer.value, &ground.value)
        }
        _ => None,
    }
}

impl Session {
    /// Verifies an order to stop; `None` for one that is not what it says it is, which is left alone.
    ///
    /// # Errors
    /// What synchronising fails with, when the device that signed is not known here yet.
    pub(super) async fn verify_stop(&mut self, link: &Link, stop: &v1::Stop) -> Result<Option<Order>> {
        let (by, device) = match signer_of(&stop.statement) {
            Some(signer) => signer,
            None => return Ok(None),
        };
        if self.directory.device_key(&by, &device).is_none() {
            self.synchronise(link).await?;
        }
        let order = self.directory.device_key(&by, &device).and_then(|key| verified(stop, &key));
        if order.is_none() {
            tracing::warn!("an order to stop does not hold and was left out");
        }
        Ok(order)
    }

    /// Does what an order says, while the profile is taken.
    pub(super) fn take_stop(
        &mut self,
        held: &ProfileLock,
        order: &Order,
        received: &mut Received,
    ) -> Result<()> {
        let id = order.message;
        let Some(kept) = self.mail.get(&id).filter(|kept| kept.direction == Direction::In) else {
            received.stopped += 1;
            return self.note_missed(held, order);
        };
        if !order.fits(kept) {
            tracing::warn!("an order to stop is about something else than it says");
            return Ok(());
        }
        if kept.stop(order.kind()).is_some() || kept.is_destroyed() {
            return Ok(());
        }
        received.stopped += 1;
        let (opened, trusted) = (kept.was_opened(), self.is_by_a_handler(order, kept));
        self.hold_forwards_of(&id)?;
        let mut stop = Stop { seen: opened, ..Stop::new(order.statement.clone()) };
        if !opened && trusted {
            stop.answer = Some(StopAnswer::Unopened);
            return self.destroy(held, &id, |kept| kept.stops.push(stop));
        }
        // A person decides about what was opened under a withdrawn consent, and about every order of a device that may be a thief's.
        stop.answer = (trusted && order.kind() == StopKind::Recall).then_some(StopAnswer::Opened);
        self.mail.change(self.keystore.contents(), &id, |kept| {
            kept.stops.push(stop);
            // A person must see it.
            kept.shown = false;
        })
    }

    /// Whether the device that signed an order may send for its organisation still: from the mailbox that the message came from, if it takes
    /// the message back. Nothing is destroyed for one that was revoked: whoever stole it could have mail destroyed that nobody has read.
    fn is_by_a_handler(&self, order: &Order, kept: &Kept) -> bool {
        let Some(manifest) = self.directory.newest_manifest(&order.by) else { return false };
        let may_send =
            manifest.device(&order.device).is_some_and(|device| device.roles.contains(Roles::HANDLER));
        let reads = || manifest.reads(&order.device, &kept.header.fields().sender_mailbox);
        may_send && (order.kind() == StopKind::Withdrawal || reads())
    }

    /// Destroys the content of a message, its key and its attachments; what names it stays. Without the content it is written beside the
    /// old file under a new key, which takes the old one's place in one step: at every moment one of the two opens.
    fn destroy(&mut self, held: &ProfileLock, id: &MessageId, change: impl FnOnce(&mut Kept)) -> Result<()> {
        let Some(mut kept) = self.mail.get(id).cloned() else { return Ok(()) };
        let attachments = std::mem::take(&mut kept.body.attachments);
        change(&mut kept);
        kept.erase();
        let key = Secret32::random()?;
        self.mail.put_beside(&key, &kept)?;
        self.keystore.contents_mut().put_message_key(id, &key);
        self.keystore.commit(held)?;
        self.mail.take_beside(kept)?;
        self.mail.drop_attachments(&attachments)
    }

    /// Says of what waits for a person's decision that it is destroyed, or on what ground it is kept. Gives whether the answer is with the
    /// hub; otherwise it waits, and any later contact sends it.
    ///
    /// # Errors
    /// [`Code::NothingToStop`] when nothing in the case waits for that; [`Code::CaseUnknown`]; [`Code::RoleMissing`].
    pub async fn answer_withdrawal(
        &mut self,
        reference: &CaseReference,
        answer: StopAnswer,
        progress: &mut dyn Progress,
    ) -> Result<bool> {
        self.check_handler()?;
        let held = self.begin()?;
        let asked: Vec<MessageId> = self
            .mail
            .thread(&self.thread_id(reference)?)
            .into_iter()
            .filter(|kept| waits(kept))
            .map(Kept::id)
            .collect();
        if asked.is_empty() {
            return Err(Error::with(Code::NothingToStop, Args::none().text("reference", reference)));
        }
        for id in &asked {
            let decide = |kept: &mut Kept| {
                let open = kept.stops.iter_mut().filter(|stop| stop.answer.is_none());
                open.for_each(|stop| stop.answer = Some(answer));
                kept.shown = true;
            };
            if answer.is_destroyed() {
                self.destroy(&held, id, decide)?;
            } else {
                self.mail.change(self.keystore.contents(), id, decide)?;
            }
        }
        drop(held);
        self.contact(progress).await?;
        Ok(asked.iter().all(|id| self.is_answered(id)))
    }

    fn is_answered(&self, id: &MessageId) -> bool {
        let waiting = self.mail.waiting();
        let is_sent = |stop: &Stop| stop.sealed.is_some_and(|sealed| !waiting.contains(&sealed));
        self.mail.get(id).is_some_and(|kept| kept.stops.iter().all(is_sent))
    }

    /// Seals the answers that are owed, into the outbox; gives how many. What hinders one hinders no other, and is tried again at the next
    /// contact. A device that may not send has nothing to say.
    pub(super) fn seal_stop_answers(&mut self) -> Result<usize> {
        if self.staleness().is_some() || self.check_handler().is_err() || self.owed_answers().is_empty() {
            return Ok(0);
        }
        let held = self.begin()?;
        let mut sealed = 0;
        for (id, kind, answer) in self.owed_answers() {
            match self.seal_stop_answer(&held, &id, kind, answer) {
                Ok(()) => sealed += 1,
                Err(error) => tracing::warn!(
                    code = error.code().as_str(),
                    "an answer to an order to stop can not be sealed now"
                ),
            }
        }
        Ok(sealed)
    }

    fn owed_answers(&self) -> Vec<(MessageId, StopKind, StopAnswer)> {
        let came = self.mail.iter().filter(|kept| kept.direction == Direction::In);
        let owed = |kept: &Kept| {
            let owed = kept.stops.iter().filter(|stop| stop.sealed.is_none());
            owed.filter_map(|stop| Some((kept.id(), stop.kind(), stop.answer?))).collect::<Vec<_>>()
        };
        came.flat_map(owed).collect()
    }

    fn seal_stop_answer(
        &mut self,
        held: &ProfileLock,
        id: &MessageId,
        kind: StopKind,
        answer: StopAnswer,
    ) -> Result<()> {
        let kept = self.mail.get(id).ok_or(Error::new(Code::ProgramDefect))?;
        let fields = kept.header.fields();
        let (to, sender) = ((fields.sender_org, fields.sender_mailbox), self.answering_mailbox(kept)?);
        let body = Body {
            kind: match kind {
                StopKind::Recall => Kind::Notice,
                StopKind::Withdrawal => Kind::ConsentWithdrawal,
            },
            send_id: SendId::random(),
            thread_id: kept.body.thread_id,
            in_reply_to: Some(*id),
            form: FORM.to_owned(),
            fields: fields_of(answer),
            subject: String::new(),
            text: String::new(),
            attachments: Vec::new(),
            consents: Vec::new(),
            checkpoint: self.checkpoint(),
        };
        let sealed = self.seal_letter(held, Letter::routine(to, sender, body), None)?;
        self.mail.change(self.keystore.contents(), id, |kept| {
            let stop = kept.stops.iter_mut().find(|stop| stop.kind() == kind);
            stop.into_iter().for_each(|stop| stop.sealed = Some(sealed));
        })
    }

    /// Refuses what would carry something of a thread further that is to be used no more: forwarding, exporting, saving.
    ///
    /// # Errors
    /// [`Code::MessageStopped`], [`Code::CaseUnknown`].
    pub fn check_not_stopped(&self, reference: &CaseReference) -> Result<()> {
        let stopped = self.mail.thread(&self.thread_id(reference)?).into_iter().any(Kept::is_stopped);
        if stopped {
            return Err(Error::with(Code::MessageStopped, Args::none().text("reference", reference)));
        }
        Ok(())
    }

    /// Hands in whatever was taken back here and the hub does not know of yet; gives the first reason why something can not be.
    pub(super) async fn hand_in_stops(&mut self, link: &Link) -> Result<Option<Error>> {
        let recalls = self.hand_in_recalls(link).await?;
        let withdrawals = self.hand_in_withdrawals(link).await?;
        Ok(recalls.or(withdrawals))
    }
}

/// Whether a person has to decide about a message that came.
pub(super) fn waits(kept: &Kept) -> bool {
    kept.direction == Direction::In && kept.stops.iter().any(|stop| stop.answer.is_none())
}

fn fields_of(answer: StopAnswer) -> Vec<Field> {
    let field = |name: &str, value: &str| Field { name: name.to_owned(), value: value.to_owned() };
    let ground = answer.ground().map(|ground| field(GROUND, ground.name()));
    std::iter::once(field(ANSWER, answer.name())).chain(ground).collect()
}

/// Who claims to have signed an order.
fn signer_of(statement: &[u8]) -> Option<(OrgId, DeviceId)> {
    if let Ok(recall) = UnverifiedRecall::parse(statement) {
        return Some((recall.claimed().org, recall.claimed().device));
    }
    let withdrawal = UnverifiedWithdrawal::parse(statement).ok()?;
    Some((withdrawal.claimed().org, withdrawal.claimed().device))
}

fn verified(stop: &v1::Stop, key: &PublicKey) -> Option<Order> {
    let message = MessageId::parse(&stop.message_id).ok()?;
    let holds = match UnverifiedRecall::parse(&stop.statement) {
        Ok(recall) => recall.verify(key).is_ok(),
        Err(_) => UnverifiedWithdrawal::parse(&stop.statement).ok()?.verify(key).is_ok(),
    };
    holds.then(|| Order::of(message, &stop.statement)).flatten()
}

/// Whether asking again may help.
pub(super) fn is_transient(error: &Error) -> bool {
    error.code().class() == Class::Transient
}

#[cfg(test)]
mod tests;
