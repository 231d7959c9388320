//! Taking back what was sent. The statement is on disk before the hub hears of it, and handed in at every contact until the hub has
//! answered; a message that is taken back while it waits here is never handed in.

use samverkan_proto::code::Kind;
use samverkan_proto::ids::MessageId;
use samverkan_proto::statement::batch::UnverifiedProof;
use samverkan_proto::statement::recall::Recall;
use samverkan_proto::statement::receipt::{HubEvent, HubReceipt};
use samverkan_proto::statement::safety::CaseReference;
use samverkan_proto::v1::{GetMessageStatusRequest, RecallRequest};

use super::mail::{Kept, OutState, Stop};
use super::model::{Direction, Progress, Recalled, StopKind};
use super::stops::is_transient;
use super::{Session, call, stops};
use crate::connect::Link;
use crate::error::{Code, Error, Result};
use crate::text::Args;

impl Session {
    /// Takes back everything that was sent from here in a case. Without the hub it waits, and any later contact takes it back.
    ///
    /// # Errors
    /// [`Code::NothingToRecall`] when nothing was sent from here, or all of it was taken back before; [`Code::CaseUnknown`];
    /// [`Code::RoleMissing`]; what the hub refuses.
    pub async fn recall(
        &mut self,
        reference: &CaseReference,
        progress: &mut dyn Progress,
    ) -> Result<Recalled> {
        self.check_handler()?;
        let recalled = self.sign_recalls(reference)?;
        match self.connect(progress).await {
            Ok(link) => {
                if let Some(error) = self.hand_in_stops(&link).await? {
                    return Err(error);
                }
            }
            Err(error) if is_transient(&error) => {}
            Err(error) => return Err(error),
        }
        let deleted = recalled.iter().filter(|id| self.mail.get(id).is_none()).count();
        let kept: Vec<&Kept> = recalled.iter().filter_map(|id| self.mail.get(id)).collect();
        let taken = kept.iter().all(|kept| kept.stop(StopKind::Recall).is_some_and(|stop| stop.taken));
        let thread = self.thread_id(reference).map(|thread| self.mail.thread(&thread)).unwrap_or_default();
        let sent = self.sent_in(&thread);
        let ours = sent.iter().filter(|sent| recalled.contains(&sent.kept.id()));
        Ok(Recalled { steps: ours.flat_map(|sent| self.steps(sent)).collect(), taken, deleted })
    }

    /// Signs a recall for everything that was sent in a case and not taken back yet, and keeps it.
    fn sign_recalls(&mut self, reference: &CaseReference) -> Result<Vec<MessageId>> {
        let _held = self.begin()?;
        let thread = self.mail.thread(&self.thread_id(reference)?);
        let sent: Vec<(MessageId, [u8; 32])> = thread
            .into_iter()
            .filter(|kept| may_be_recalled(kept))
            .map(|kept| (kept.id(), *kept.header.hh()))
            .collect();
        if sent.is_empty() {
            return Err(Error::with(Code::NothingToRecall, Args::none().text("reference", reference)));
        }
        for (message_id, hh) in &sent {
            let recall = Recall {
                message_id: *message_id,
                hh: *hh,
                org: self.membership.org,
                device: self.device.device_id(),
                time_ms: self.clock.now_ms(),
            };
            let signed = recall.sign(&self.device).map_err(|_| Error::new(Code::ProgramDefect))?;
            let stop = Stop::new(signed.bytes().to_vec());
            self.mail.change(self.keystore.contents(), message_id, |kept| {
                // One that the hub refused before is tried anew.
                kept.stops.retain(|stop| stop.kind() != StopKind::Recall);
                kept.stops.push(stop);
            })?;
        }
        Ok(sent.into_iter().map(|(id, _)| id).collect())
    }

    /// Hands in the recalls that the hub does not know of yet; gives the first reason why one is given up.
    pub(super) async fn hand_in_recalls(&mut self, link: &Link) -> Result<Option<Error>> {
        let waits = |kept: &&Kept| {
            let recall = kept.stop(StopKind::Recall);
            let is_open = |recall: &Stop| !recall.taken && recall.refused.is_none();
            kept.direction == Direction::Out && recall.is_some_and(is_open)
        };
        let waiting: Vec<MessageId> = self.mail.iter().filter(waits).map(Kept::id).collect();
        let mut refused = None;
        for id in waiting {
            match self.hand_in_recall(link, &id).await {
                Ok(()) => {}
                Err(error) if is_transient(&error) => {
                    tracing::warn!(code = error.code().as_str(), "a recall waits");
                }
                Err(error) => refused = refused.or(Some(error)),
            }
        }
        Ok(refused)
    }

    async fn hand_in_recall(&mut self, link: &Link, id: &MessageId) -> Result<()> {
        let Some(statement) =
            self.mail.get(id).and_then(|kept| Some(kept.stop(StopKind::Recall)?.statement.clone()))
        else {
            return Ok(());
        };
        match call::unary(link.relay().recall(RecallRequest { recall: statement.into() })).await {
            Ok(answer) => {
                self.check_recall(id, &answer.receipt)?;
                self.note_stopped(link, id, StopKind::Recall).await
            }
            Err(error) if is_transient(&error) => Err(error),
            Err(error) => self.give_up_recall(id, error),
        }
    }

    /// The receipt is the hub's word that this very message was taken back by the own organisation.
    fn check_recall(&self, id: &MessageId, proof: &[u8]) -> Result<()> {
        let wrong = || Error::new(Code::ReceiptInvalid);
        let kept = self.mail.get(id).ok_or_else(wrong)?;
        let unverified = UnverifiedProof::<HubReceipt>::parse(proof).map_err(|_| wrong())?;
        let verified = unverified.verify(self.membership.hub.pins.receipt()).map_err(|_| wrong())?;
        let receipt = verified.value();
        let is_recall = matches!(receipt.event, HubEvent::Recalled { org, .. } if org == self.membership.org);
        if is_recall && receipt.message_id == *id && receipt.hh == *kept.header.hh() {
            self.check_receipt_log(receipt, proof)
        } else {
            Err(wrong())
        }
    }

    /// Why the hub does not take a recall is written down beside it, and the message held all the same: somebody wanted it back. One that
    /// never left this computer is deleted. One that did leave may still come to the hub, so its recall is repeated while that can be.
    pub(super) fn give_up_recall(&mut self, id: &MessageId, error: Error) -> Result<()> {
        let held = self.begin()?;
        let Some(kept) = self.mail.get(id) else { return Ok(()) };
        let was_taken = kept.state == OutState::Settled;
        if error.code() == Code::MessageUnknown && !was_taken {
            if kept.unsubmitted {
                return self.forget(&held, id);
            }
            if self.clock.now_ms() < kept.header.fields().expires_ms {
                return Ok(());
            }
        }
        let code = error.code().as_str().to_owned();
        self.mail.change(self.keystore.contents(), id, |kept| {
            let stop = kept.stops.iter_mut().find(|stop| stop.kind() == StopKind::Recall);
            if let Some(stop) = stop {
                stop.refused = Some(code);
            }
        })?;
        Err(error)
    }

    /// Writes down that the hub has stopped a message, with everything that it says about it.
    pub(super) async fn note_stopped(&mut self, link: &Link, id: &MessageId, kind: StopKind) -> Result<()> {
        let request = GetMessageStatusRequest { message_id: id.as_bytes().to_vec().into() };
        let status = call::unary(link.relay().get_message_status(request)).await?;
        let _held = self.begin()?;
        if self.mail.get(id).is_some_and(|kept| kept.state == OutState::Waiting) {
            // The answer to handing it in was lost.
            for receipt in &status.receipts {
                if self.accept(id, receipt).is_ok() {
                    break;
                }
            }
        }
        for receipt in status.receipts {
            self.take_event(receipt)?;
        }
        self.mail.change(self.keystore.contents(), id, |kept| {
            let stop = kept.stops.iter_mut().find(|stop| stop.kind() == kind);
            stop.into_iter().for_each(|stop| stop.taken = true);
        })
    }
}

/// Whether a message was sent from here, says something, and was not taken back. What answers an order to stop is no content.
fn may_be_recalled(kept: &Kept) -> bool {
    let is_answer = matches!(kept.body.kind, Kind::Notice | Kind::ConsentWithdrawal)
        && stops::answer_in(&kept.body).is_some();
    let stands = kept.stop(StopKind::Recall).is_some_and(|recall| recall.refused.is_none());
    kept.direction == Direction::Out && !stands && !is_answer
}
