//! What a revocation or a suspension does to the messages that wait: a piece of a device's queue at a time, so that
//! nobody waits long behind it.
//!
//! A sweep is nowhere written down. Whoever opens the store after an unclean stop derives it again from the registry
//! and the queues.

use samverkan_proto::code::{OrganisationState, ReturnReason};
use samverkan_proto::ids::{DeviceId, MessageId, OrgId};

use super::draft::Draft;
use super::error::StoreError;
use super::key;
use super::mail::letter::{Cause, Letter};
use crate::mail::{Event, WrapShape};
use crate::registry::Registry;

/// Messages that one batch looks at.
const PIECE: usize = 64;

/// A device whose queue must be looked through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sweep {
    org: OrgId,
    device: DeviceId,
    after: u64,
}

impl Sweep {
    pub(super) fn new(org: OrgId, device: DeviceId) -> Self {
        Self { org, device, after: 0 }
    }

    /// Looks through a piece of the queue; gives what is left to do.
    pub(super) fn step(mut self, draft: &mut Draft) -> Result<Option<Self>, StoreError> {
        if !draft.registry().is_current(&self.org, &self.device) {
            drop_events(draft, &self.device)?;
        }
        let start = key::delivery(&self.device, self.after.saturating_add(1));
        let end = key::delivery(&self.device, u64::MAX);
        let piece = draft.range(&start, &end).take(PIECE).collect::<Result<Vec<_>, _>>()?;
        for (key, value) in &piece {
            self.after = key::cursor(key).ok_or(StoreError::Damaged)?;
            let id = value.first_chunk::<16>().and_then(|id| MessageId::parse(id).ok());
            match self.look(draft, id.ok_or(StoreError::Damaged)?) {
                // A message whose head is damaged waits for its expiry.
                Ok(()) | Err(StoreError::Damaged) => {}
                Err(error) => return Err(error),
            }
        }
        Ok((piece.len() == PIECE).then_some(self))
    }

    fn look(&self, draft: &mut Draft, id: MessageId) -> Result<(), StoreError> {
        let Some(letter) = Letter::load(draft, id)? else { return Ok(()) };
        let own = |wrap: &&WrapShape| wrap.org == self.org && wrap.device == self.device;
        let Some(wrap) = letter.shape().wraps.iter().rfind(own).copied() else { return Ok(()) };
        if let Some(event) = self.event(draft.registry(), &letter, &wrap) {
            // Neither event contradicts anything.
            let _ = letter.happen(draft, event, Cause::Hub)?;
        }
        Ok(())
    }

    fn event(&self, registry: &Registry, letter: &Letter, wrap: &WrapShape) -> Option<Event> {
        let (org, device) = (self.org, self.device);
        let organisation = registry.organisation(&org)?;
        let reads = |index: usize| {
            wrap.boxes >> index & 1 == 1
                && organisation.manifest().reads(&device, &letter.shape().to[index].mailbox)
        };
        let reads_any = wrap.boxes == 0 || (0..letter.shape().to.len()).any(reads);
        if !organisation.has_device(&device) || !reads_any {
            return Some(Event::DeviceGone { org, device });
        }
        match organisation.state() {
            OrganisationState::Suspended => {
                Some(Event::OrganisationCut { org, reason: ReturnReason::Suspended })
            }
            OrganisationState::Removed => Some(Event::OrganisationCut { org, reason: ReturnReason::Removed }),
            OrganisationState::Invited | OrganisationState::Pending | OrganisationState::Active => None,
        }
    }
}

/// A revoked device gets no news any more.
fn drop_events(draft: &mut Draft, device: &DeviceId) -> Result<(), StoreError> {
    let keys = draft.prefix(&key::events(device)).map(|pair| pair.map(|(key, _)| key));
    for key in keys.collect::<Result<Vec<_>, _>>()? {
        draft.delete(key)?;
    }
    Ok(())
}

/// Whether something may have happened to a device, so that not everything that is put before it may wait for it.
pub(super) fn may_be_needed(registry: &Registry, org: &OrgId, device: &DeviceId) -> bool {
    registry.organisation(org).is_some_and(|organisation| {
        let unchanged = organisation.manifest().serial() == 1;
        !(organisation.is_active() && unchanged && organisation.has_device(device))
    })
}

/// Every queue that may have to be looked through, when nobody knows what was done before.
pub(super) fn all(registry: &Registry) -> Vec<Sweep> {
    let mut sweeps: Vec<_> = registry
        .devices()
        .filter(|(device, org)| may_be_needed(registry, org, device))
        .map(|(device, org)| Sweep::new(*org, *device))
        .collect();
    sweeps.sort_by_key(|sweep| (sweep.org, sweep.device));
    sweeps
}
