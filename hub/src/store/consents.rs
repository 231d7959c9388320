//! Consent handles: registered beforehand, used up by the message that names them, perhaps withdrawn, and remembered for a while after
//! their end.

use samverkan_proto::ids::{ConsentHandle, MessageId};
use samverkan_proto::limits::MAX_UNUSED_HANDLES_PER_ORG;
use samverkan_proto::statement::Verified;
use samverkan_proto::statement::consent::ConsentStub;
use samverkan_proto::statement::withdrawal::Withdrawal;

use super::draft::Draft;
use super::error::StoreError;
use super::handle::Store;
use super::journal::{Body, Location, Room};
use super::key;
use super::mail::stop;
use super::record;
use super::record::consent::{Consent, ConsentState, WithdrawnConsent};
use super::view::View;
use crate::policy::takeback::WithdrawPermit;

impl Store {
    /// Registers consents: all of them, or none. The same again are taken again while their time lasts.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when a handle was registered with other bytes, `HandleExpired` when one has expired,
    /// `Quota` when the organisation has too many unused handles.
    pub async fn register_consents(&self, stubs: Vec<Verified<ConsentStub>>) -> Result<(), StoreError> {
        self.call(Room::Ordinary, move |draft| {
            register(draft, &stubs)?;
            Ok(|_: &_| Ok(()))
        })
        .await
    }

    /// Withdraws a handle, and gives the receipt of its first withdrawal with the proof. Once this is answered no message is taken under it,
    /// and the one that was is handed to nobody any more.
    ///
    /// # Errors
    /// [`StoreError::HandleUnknown`]; `NotIssuer` for a handle that another organisation has registered.
    pub async fn withdraw_consent(&self, permit: WithdrawPermit) -> Result<Vec<u8>, StoreError> {
        let handle = permit.statement().value().handle;
        self.call(Room::Reserve, move |draft| {
            withdraw(draft, permit.statement())?;
            Ok(|_: &_| Ok(()))
        })
        .await?;
        self.read(move |view| view.withdrawal_receipt(&handle)?.ok_or(StoreError::HandleUnknown)).await
    }
}

fn register(draft: &mut Draft, stubs: &[Verified<ConsentStub>]) -> Result<(), StoreError> {
    let mut new: Vec<(Consent, &[u8])> = Vec::new();
    for stub in stubs {
        let consent = Consent::of_stub(stub.bytes()).ok_or(StoreError::Internal("a stub does not parse"))?;
        let known = load(draft, &consent.handle)?.map(|(_, known)| known);
        let known = known.or(new.iter().map(|(new, _)| *new).find(|new| new.handle == consent.handle));
        match known {
            Some(known) if known.digest != consent.digest => return Err(StoreError::Conflict),
            // Whether or not it was known in time, so that the answer does not depend on how long it is remembered.
            _ if consent.expires_ms <= draft.now_ms => return Err(StoreError::HandleExpired),
            Some(_) => {}
            None => new.push((consent, stub.bytes())),
        }
    }
    let Some((first, _)) = new.first() else { return Ok(()) };
    let unused_key = key::unused_consents(&first.issuer);
    if draft.counter(&unused_key)? + new.len() as u64 > MAX_UNUSED_HANDLES_PER_ORG {
        return Err(StoreError::Quota);
    }
    for (consent, bytes) in &new {
        let pushed = draft.push(record::kind::CONSENT, bytes.to_vec(), Body::empty())?;
        draft.put(key::consent(&consent.handle), consent.value(pushed.location))?;
        draft.put(consent.forgetting(), [])?;
        draft.count(key::unused_consents(&consent.issuer), 1)?;
    }
    Ok(())
}

fn load(draft: &Draft, handle: &ConsentHandle) -> Result<Option<(Location, Consent)>, StoreError> {
    let Some(value) = draft.get(&key::consent(handle))? else { return Ok(None) };
    Consent::parse_value(&value).ok_or(StoreError::Damaged).map(Some)
}

/// Whether a message may name this handle.
pub(super) fn check(draft: &Draft, handle: &ConsentHandle) -> Result<(), StoreError> {
    let Some((_, consent)) = load(draft, handle)? else { return Err(StoreError::HandleUnknown) };
    match consent.state {
        // Whatever else is true of it, this is what the sender must know.
        ConsentState::Withdrawn { .. } => Err(StoreError::HandleWithdrawn),
        _ if consent.expires_ms <= draft.now_ms => Err(StoreError::HandleExpired),
        ConsentState::Used(_) => Err(StoreError::HandleUsed),
        ConsentState::Unused => Ok(()),
    }
}

/// Uses a handle up. From now on the hub knows that it was used, and by which message, so that a withdrawal finds it.
pub(super) fn use_up(
    draft: &mut Draft,
    handle: &ConsentHandle,
    message: MessageId,
) -> Result<(), StoreError> {
    let (stub, consent) = load(draft, handle)?.ok_or(StoreError::HandleUnknown)?;
    let used = Consent { state: ConsentState::Used(message), ..consent };
    let pushed = draft.push(record::kind::USED_CONSENT, used.encode_used(), Body::empty())?;
    draft.release(stub)?;
    draft.put(key::consent(handle), used.value(pushed.location))?;
    draft.count(key::unused_consents(&consent.issuer), -1)
}

fn withdraw(draft: &mut Draft, statement: &Verified<Withdrawal>) -> Result<(), StoreError> {
    let Withdrawal { handle, org, .. } = *statement.value();
    let (before, consent) = load(draft, &handle)?.ok_or(StoreError::HandleUnknown)?;
    if consent.issuer != org {
        return Err(StoreError::NotIssuer);
    }
    if matches!(consent.state, ConsentState::Withdrawn { .. }) {
        return Ok(());
    }
    if let Some(message) = consent.state.used_by() {
        stop::withdraw(draft, &message, statement)?;
    } else {
        draft.count(key::unused_consents(&org), -1)?;
    }
    let given = draft.give_for_withdrawal(handle, statement.bytes());
    let withdrawn = WithdrawnConsent::new(consent, given, statement.bytes());
    let pushed = draft.push(record::kind::WITHDRAWN_CONSENT, withdrawn.encode(), Body::empty())?;
    draft.release(before)?;
    draft.put(key::consent(&handle), withdrawn.consent.value(pushed.location))
}

/// Forgets a handle whose time was up long ago, whatever became of it.
pub(super) fn forget(draft: &mut Draft, handle: &[u8]) -> Result<(), StoreError> {
    let handle = ConsentHandle::parse(handle).map_err(|_| StoreError::Damaged)?;
    let Some((_, consent)) = load(draft, &handle)? else { return Ok(()) };
    match consent.state {
        ConsentState::Unused => draft.count(key::unused_consents(&consent.issuer), -1)?,
        ConsentState::Used(_) => {}
        ConsentState::Withdrawn { batch, .. } => draft.drop_receipt(batch)?,
    }
    draft.drop_record(key::consent(&handle))
}

impl View {
    /// The receipt for the first withdrawal of a handle, with its proof.
    fn withdrawal_receipt(&self, handle: &ConsentHandle) -> Result<Option<Vec<u8>>, StoreError> {
        let Some((_, record)) = self.head(&key::consent(handle))? else { return Ok(None) };
        if record.kind != record::kind::WITHDRAWN_CONSENT {
            return Ok(None);
        }
        let withdrawn = WithdrawnConsent::parse(&record.head).ok_or(StoreError::Damaged)?;
        self.proof(&withdrawn.receipt(), &withdrawn.given).map(Some)
    }
}
