//! What is proven about a message that was sent: per recipient, by whom, when.

use samverkan_proto::ids::{MailboxId, OrgId};
use samverkan_proto::statement::batch::ReceiptProof;
use samverkan_proto::statement::header::HeaderFields;
use samverkan_proto::statement::receipt::{DeviceReceipt, HubEvent, HubReceipt, MailboxRef, Verdict};
use samverkan_proto::statement::safety::CaseReference;

use super::Session;
use super::mail::{Kept, OutState};
use super::model::{Direction, Progress, Stage, Track, TrackStep};
use super::receipts;
use crate::error::{Code, Error, Result};

impl Session {
    /// What is proven about each message of a thread that was sent from here.
    ///
    /// # Errors
    /// [`Code::CaseUnknown`] or [`Code::CaseAmbiguous`].
    pub fn track(&self, reference: &CaseReference) -> Result<Track> {
        let messages = self.mail.thread(&self.thread_id(reference)?);
        let sent = messages.into_iter().filter(|kept| kept.direction == Direction::Out);
        Ok(Track { reference: *reference, steps: sent.flat_map(|kept| steps(self, kept)).collect() })
    }

    /// Receives until every message sent in a thread has reached a stage, or has ended otherwise. The caller sets the
    /// time limit, by dropping the future.
    ///
    /// # Errors
    /// [`Code::CaseUnknown`], and whatever receiving fails with for good.
    pub async fn wait(
        &mut self,
        reference: &CaseReference,
        stage: Stage,
        progress: &mut dyn Progress,
    ) -> Result<Track> {
        loop {
            let track = self.track(reference)?;
            if track.steps.is_empty() {
                return Err(Error::new(Code::CaseUnknown));
            }
            if track.steps.iter().all(|step| step.stage >= stage) {
                return Ok(track);
            }
            self.receive_more(progress).await?;
        }
    }
}

/// The stages of one message, a step for each recipient.
pub(super) fn steps(session: &Session, kept: &Kept) -> Vec<TrackStep> {
    let fields = kept.header.fields();
    let recipients = fields.to.iter().enumerate();
    let step = |(index, to): (usize, &samverkan_proto::statement::header::Recipient)| {
        let mut history = History::new(kept);
        for proof in &kept.receipts {
            match ReceiptProof::parse(proof) {
                Ok(ReceiptProof::Hub(receipt)) => history.hub(receipt.claimed(), fields, index),
                Ok(ReceiptProof::Device(receipt)) => history.device(receipt.claimed(), fields, index),
                // Only receipts that were parsed and verified are kept.
                Err(_) => {}
            }
        }
        history.answers(session, kept, &to.org, &to.mailbox);
        Some(TrackStep {
            message: kept.id(),
            recipient: session.address(&to.org, &to.mailbox)?,
            stage: history.stage(),
            history: history.reached,
            purged_ms: history.purged_ms,
        })
    };
    recipients.filter_map(step).collect()
}

/// How far a message got towards the recipient that is least far.
pub(super) fn least_stage(steps: &[TrackStep]) -> Option<Stage> {
    steps.iter().map(|step| step.stage).min()
}

struct History {
    reached: Vec<(Stage, u64)>,
    purged_ms: Option<u64>,
}

impl History {
    fn new(kept: &Kept) -> Self {
        let waits = matches!(kept.state, OutState::Waiting | OutState::Refused(_));
        let reached = if waits || kept.receipts.is_empty() {
            vec![(Stage::Waiting, kept.created_ms())]
        } else {
            Vec::new()
        };
        Self { reached, purged_ms: None }
    }

    /// Each stage counts from when it was first reached.
    fn reach(&mut self, stage: Stage, at_ms: u64) {
        match self.reached.iter_mut().find(|(known, _)| *known == stage) {
            Some((_, first)) => *first = at_ms.min(*first),
            None => self.reached.push((stage, at_ms)),
        }
    }

    fn hub(&mut self, receipt: &HubReceipt, fields: &HeaderFields, index: usize) {
        let at_ms = receipt.hub_time_ms;
        let Some(to) = fields.to.get(index) else { return };
        let own = MailboxRef { org: to.org, mailbox: to.mailbox };
        match receipt.event {
            HubEvent::SubmissionAccepted { .. } => self.reach(Stage::Accepted, at_ms),
            HubEvent::HandedOver { recipient, .. } if recipient == own => {
                self.reach(Stage::HandedOver, at_ms)
            }
            HubEvent::Returned { recipient, .. } if recipient == own => self.reach(Stage::Returned, at_ms),
            HubEvent::Undecryptable { recipient } if recipient == own => {
                self.reach(Stage::Undecryptable, at_ms)
            }
            HubEvent::Refused { recipient, .. } if recipient == own => self.reach(Stage::Refused, at_ms),
            HubEvent::ExpiredUndelivered => {
                // It says that some recipient did not get it; one that did is not concerned.
                if !self.has(Stage::Delivered) {
                    self.reach(Stage::ExpiredUndelivered, at_ms);
                }
            }
            HubEvent::Purged(_) => self.purged_ms = Some(at_ms),
            HubEvent::HandedOver { .. }
            | HubEvent::Returned { .. }
            | HubEvent::Undecryptable { .. }
            | HubEvent::Refused { .. }
            | HubEvent::Expiring
            | HubEvent::Shredded
            | HubEvent::Recalled { .. } => {}
        }
    }

    fn device(&mut self, receipt: &DeviceReceipt, fields: &HeaderFields, index: usize) {
        let reads_it =
            receipts::reads(fields, &receipt.org, &receipt.device).is_some_and(|read| read.contains(&index));
        match receipt.verdict {
            Verdict::Delivered { .. } if reads_it => self.reach(Stage::Delivered, receipt.time_ms),
            // That an answer exists counts when the answer itself is here; one device's failure is not the mailbox's.
            Verdict::Delivered { .. }
            | Verdict::CannotDecrypt(_)
            | Verdict::Refused { .. }
            | Verdict::Answered { .. } => {}
        }
    }

    /// A verified, sealed answer from the recipient is here.
    fn answers(&mut self, session: &Session, kept: &Kept, org: &OrgId, mailbox: &MailboxId) {
        let answers = session.mail.iter().filter(|other| {
            let fields = other.header.fields();
            other.direction == Direction::In
                && other.body.in_reply_to == Some(kept.id())
                && (&fields.sender_org, &fields.sender_mailbox) == (org, mailbox)
        });
        for answer in answers {
            self.reach(Stage::Answered, answer.created_ms());
        }
    }

    fn has(&self, stage: Stage) -> bool {
        self.reached.iter().any(|(known, _)| *known == stage)
    }

    /// The furthest stage; an end does not undo that it was delivered.
    fn stage(&self) -> Stage {
        let furthest = |list: &[Stage]| list.iter().copied().find(|stage| self.has(*stage));
        let order = [
            Stage::Answered,
            Stage::Delivered,
            Stage::Refused,
            Stage::Undecryptable,
            Stage::Returned,
            Stage::ExpiredUndelivered,
            Stage::HandedOver,
            Stage::Accepted,
        ];
        furthest(&order).unwrap_or(Stage::Waiting)
    }
}
