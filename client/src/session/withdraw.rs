//! Withdrawing a consent: handle by handle, each on disk before the hub hears of it, and handed in at every contact until the hub has
//! answered. It can be stopped and taken up again at any place.

use samverkan_proto::code::WithdrawalReason;
use samverkan_proto::ids::{ConsentHandle, MessageId};
use samverkan_proto::statement::batch::UnverifiedProof;
use samverkan_proto::statement::receipt::WithdrawalReceipt;
use samverkan_proto::statement::withdrawal::Withdrawal;
use samverkan_proto::v1::WithdrawConsentRequest;

use super::mail::{Kept, Stop};
use super::model::{ConsentId, ConsentStatus, Direction, Progress, StopKind, TrackStep};
use super::stops::is_transient;
use super::{Session, call};
use crate::connect::Link;
use crate::error::{Code, Error, Result};

impl Session {
    /// Withdraws every handle of a consent. Without the hub it waits, and any later contact goes on with it. From now on nothing is sent
    /// under it from here.
    ///
    /// # Errors
    /// [`Code::ConsentUnknown`], [`Code::RoleMissing`], and what the hub refuses.
    pub async fn withdraw_consent(
        &mut self,
        id: ConsentId,
        reason: WithdrawalReason,
        progress: &mut dyn Progress,
    ) -> Result<ConsentStatus> {
        self.check_handler()?;
        self.sign_withdrawals(id, reason)?;
        match self.connect(progress).await {
            Ok(link) => {
                if let Some(error) = self.hand_in_stops(&link).await? {
                    return Err(error);
                }
            }
            Err(error) if is_transient(&error) => {}
            Err(error) => return Err(error),
        }
        self.consent_status(id)
    }

    /// A consent, whether it can still be used or not, and what became of it.
    ///
    /// # Errors
    /// [`Code::ConsentUnknown`].
    pub fn consent_status(&self, id: ConsentId) -> Result<ConsentStatus> {
        let consent = self.consents.find(id).ok_or(Error::new(Code::ConsentUnknown))?;
        let sent = consent.handles().flat_map(|handle| self.sent_under(&handle));
        let steps: Vec<TrackStep> = sent.flat_map(|id| self.steps_of(&id)).collect();
        Ok(ConsentStatus { consent: self.describe_consent(consent), withdrawn: consent.withdrawn(), steps })
    }

    /// The messages that name a handle: one, or more while one takes the place of another.
    fn sent_under(&self, handle: &ConsentHandle) -> Vec<MessageId> {
        let names =
            |kept: &&Kept| kept.direction == Direction::Out && kept.header.fields().handles.contains(handle);
        self.mail.iter().filter(names).map(Kept::id).collect()
    }

    fn steps_of(&self, id: &MessageId) -> Vec<TrackStep> {
        let Some(kept) = self.mail.get(id) else { return Vec::new() };
        let sent = self.sent_in(&self.mail.thread(&kept.body.thread_id));
        sent.iter().filter(|sent| sent.kept.id() == *id).flat_map(|sent| self.steps(sent)).collect()
    }

    /// Signs the withdrawal of every handle that was not withdrawn yet, and keeps it.
    fn sign_withdrawals(&mut self, id: ConsentId, reason: WithdrawalReason) -> Result<()> {
        let _held = self.begin()?;
        let mut consent = self.consents.find(id).cloned().ok_or(Error::new(Code::ConsentUnknown))?;
        let (org, time_ms) = (self.membership.org, self.clock.now_ms());
        let sign = |handle: ConsentHandle| {
            let withdrawal = Withdrawal { handle, org, device: self.device.device_id(), time_ms, reason };
            let signed = withdrawal.sign(&self.device).map_err(|_| Error::new(Code::ProgramDefect))?;
            Ok(signed.bytes().to_vec())
        };
        let withdrawn = consent.withdraw(sign)?;
        self.consents.put(self.keystore.contents(), consent)?;
        for (handle, statement) in withdrawn {
            for message in self.sent_under(&handle) {
                self.mail.change(self.keystore.contents(), &message, |kept| {
                    if kept.stop(StopKind::Withdrawal).is_none() {
                        kept.stops.push(Stop::new(statement.clone()));
                    }
                })?;
            }
        }
        Ok(())
    }

    /// Hands in the withdrawals that the hub does not know of yet; gives the first reason why one can not be.
    pub(super) async fn hand_in_withdrawals(&mut self, link: &Link) -> Result<Option<Error>> {
        let mut refused = None;
        for (consent, handle, statement) in self.consents.unsettled() {
            match self.hand_in_withdrawal(link, &consent, &handle, statement).await {
                Ok(()) => {}
                Err(error) if is_transient(&error) => {
                    tracing::warn!(code = error.code().as_str(), "a withdrawal waits");
                }
                Err(error) => refused = refused.or(Some(error)),
            }
        }
        Ok(refused)
    }

    async fn hand_in_withdrawal(
        &mut self,
        link: &Link,
        consent: &MessageId,
        handle: &ConsentHandle,
        statement: Vec<u8>,
    ) -> Result<()> {
        let request = WithdrawConsentRequest { withdrawal: statement.clone().into() };
        let receipt = match call::unary(link.consent().withdraw_consent(request)).await {
            Ok(answer) => answer.receipt.to_vec(),
            Err(error) if error.code() == Code::ConsentHandleUnknown => {
                return self.withdrawal_unknown(consent, handle);
            }
            Err(error) => return Err(error),
        };
        self.check_withdrawal(handle, &receipt)?;
        for message in self.sent_under(handle) {
            self.note_withdrawn(link, &message).await?;
        }
        let _held = self.begin()?;
        self.consents.settle(self.keystore.contents(), consent, handle, receipt)
    }

    /// The hub says that it knows no such handle. Of one that it was never told of, or that was over before and names no message, that is
    /// the end. Of any other it proves nothing: a hub that says so may go on serving what was sent under it, and a person must be told.
    fn withdrawal_unknown(&mut self, consent: &MessageId, handle: &ConsentHandle) -> Result<()> {
        let _held = self.begin()?;
        if !self.consents.is_registered(consent) {
            return Ok(());
        }
        let is_over = self.consents.is_over(consent, self.clock.now_ms());
        if is_over && self.sent_under(handle).is_empty() {
            return self.consents.settle(self.keystore.contents(), consent, handle, Vec::new());
        }
        Err(Error::new(Code::WithdrawalUnconfirmed))
    }

    /// The receipt is the hub's word that this handle is withdrawn. By which statement, it says as well; the first one stands.
    fn check_withdrawal(&self, handle: &ConsentHandle, proof: &[u8]) -> Result<()> {
        let wrong = || Error::new(Code::ReceiptInvalid);
        let unverified = UnverifiedProof::<WithdrawalReceipt>::parse(proof).map_err(|_| wrong())?;
        let verified = unverified.verify(self.membership.hub.pins.receipt()).map_err(|_| wrong())?;
        if verified.value().handle == *handle { Ok(()) } else { Err(wrong()) }
    }

    /// A message that never came to the hub is not known there, and stays where it is: it is not handed in any more.
    async fn note_withdrawn(&mut self, link: &Link, message: &MessageId) -> Result<()> {
        match self.note_stopped(link, message, StopKind::Withdrawal).await {
            Err(error) if error.code() == Code::MessageUnknown => Ok(()),
            noted => noted,
        }
    }
}
