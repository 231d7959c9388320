//! Consent handles: registered beforehand, used up by the message that names them, and remembered for a while after their end.

use samverkan_proto::ids::ConsentHandle;
use samverkan_proto::limits::MAX_UNUSED_HANDLES_PER_ORG;
use samverkan_proto::statement::Verified;
use samverkan_proto::statement::consent::ConsentStub;

use super::draft::Draft;
use super::error::StoreError;
use super::handle::Store;
use super::journal::{Body, Room};
use super::key;
use super::record;
use super::record::consent::Consent;

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
        draft.put(key::consent(&consent.handle), consent.value(pushed.location, false))?;
        draft.put(consent.forgetting(), [])?;
        draft.count(key::unused_consents(&consent.issuer), 1)?;
    }
    Ok(())
}

fn load(draft: &Draft, handle: &ConsentHandle) -> Result<Option<(bool, Consent)>, StoreError> {
    let Some(value) = draft.get(&key::consent(handle))? else { return Ok(None) };
    let (_, used, consent) = Consent::parse_value(&value).ok_or(StoreError::Damaged)?;
    Ok(Some((used, consent)))
}

/// Whether a message may name this handle.
pub(super) fn check(draft: &Draft, handle: &ConsentHandle) -> Result<(), StoreError> {
    match load(draft, handle)? {
        None => Err(StoreError::HandleUnknown),
        Some((_, consent)) if consent.expires_ms <= draft.now_ms => Err(StoreError::HandleExpired),
        Some((true, _)) => Err(StoreError::HandleUsed),
        Some((false, _)) => Ok(()),
    }
}

/// Uses a handle up. From now on the hub knows only that it was used.
pub(super) fn use_up(draft: &mut Draft, handle: &ConsentHandle) -> Result<(), StoreError> {
    let consent_key = key::consent(handle);
    let Some(value) = draft.get(&consent_key)? else { return Err(StoreError::HandleUnknown) };
    let (stub, _, consent) = Consent::parse_value(&value).ok_or(StoreError::Damaged)?;
    let pushed = draft.push(record::kind::USED_CONSENT, consent.encode(), Body::empty())?;
    draft.release(stub)?;
    draft.put(consent_key, consent.value(pushed.location, true))?;
    draft.count(key::unused_consents(&consent.issuer), -1)
}

/// Forgets a handle whose time was up long ago, used or not.
pub(super) fn forget(draft: &mut Draft, handle: &[u8]) -> Result<(), StoreError> {
    let handle = ConsentHandle::parse(handle).map_err(|_| StoreError::Damaged)?;
    if let Some((false, consent)) = load(draft, &handle)? {
        draft.count(key::unused_consents(&consent.issuer), -1)?;
    }
    draft.drop_record(key::consent(&handle))
}
