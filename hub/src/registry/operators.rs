//! Operators with keys of their own, and what of theirs waits for a second signature.

use std::sync::Arc;

use samverkan_proto::ids::OperatorId;
use samverkan_proto::limits::{MAX_AHEAD_MS, MAX_WAITING_ACTIONS, SECOND_SIGNATURE_MS};
use samverkan_proto::statement::log::{ActionFault, Check, Operators, Subject, Verdict};
use samverkan_proto::statement::operator::{Deed, SignedAction};

use super::{Registry, RegistryRefusal};
use crate::limits::{COUNTERSIGN_MS, WAITING_PER_OPERATOR};

/// When a second signature comes too late for an action, milliseconds since 1970.
pub(crate) fn lapses_ms(action: &SignedAction) -> u64 {
    action.first_ms().saturating_add(SECOND_SIGNATURE_MS)
}

impl Registry {
    /// Who may act for the hub, as the log says it.
    pub fn operators(&self) -> &Operators {
        &self.operators
    }

    /// What waits for a second signature, and what has waited in vain and is still shown; the oldest first.
    pub fn waiting_actions(&self) -> Vec<&SignedAction> {
        let mut waiting: Vec<&SignedAction> = self.waiting_actions.values().collect();
        waiting.sort_by_key(|action| action.first_ms());
        waiting
    }

    /// The action with this statement, if it waits or has waited.
    pub(crate) fn waiting_action(&self, statement: &[u8; 32]) -> Option<&SignedAction> {
        self.waiting_actions.get(statement)
    }

    /// Whether something may be done that nobody has signed.
    ///
    /// # Errors
    /// [`RegistryRefusal::SignatureRequired`] where there are operators.
    pub(crate) fn check_unsigned(&self) -> Result<(), RegistryRefusal> {
        if self.operators.is_empty() { Ok(()) } else { Err(RegistryRefusal::SignatureRequired) }
    }

    /// What becomes of an action that comes at this time.
    ///
    /// # Errors
    /// [`RegistryRefusal::ActionRefused`], `ActionTime`.
    pub(crate) fn judge(&self, action: &SignedAction, now_ms: u64) -> Result<Verdict, RegistryRefusal> {
        // By the hub's clock too: a second signature that comes late is not saved by a date that its maker chose.
        let too_late = action.signatures().len() > 1 && now_ms > lapses_ms(action);
        if too_late || action.last_ms().abs_diff(now_ms) > MAX_AHEAD_MS {
            return Err(RegistryRefusal::ActionTime);
        }
        let organisation = match &action.statement().deed {
            Deed::Move { org, .. } => self.organisation(org),
            _ => None,
        };
        let subject =
            organisation.map(|found| Subject { entry: found.entry(), resumes_to: found.resumes_to() });
        self.operators
            .judge(&self.pin, action, subject, Check::Everything)
            .map_err(RegistryRefusal::ActionRefused)
    }

    /// What waits already at this time and does the same, for `newcomer` to sign: its own, or one that another operator can still be
    /// found for. Nobody can keep the others from a deed by having signed it first.
    pub(crate) fn same_deed(&self, deed: &Deed, newcomer: &OperatorId, now_ms: u64) -> Option<&SignedAction> {
        let serves = |action: &&SignedAction| {
            let first = &action.signatures()[0];
            let is_signable = self.operators.get(&first.operator).is_some()
                && first.signed_ms <= now_ms
                && now_ms.saturating_add(COUNTERSIGN_MS) <= lapses_ms(action);
            action.statement().deed == *deed
                && (is_signable || (first.operator == *newcomer && now_ms <= lapses_ms(action)))
        };
        let mut waiting = self.waiting_actions.values();
        waiting.find(serves)
    }

    /// What waits with the first signature of an operator.
    pub(crate) fn begun_by(&self, operator: &OperatorId) -> Vec<SignedAction> {
        let begun = |action: &&SignedAction| action.signatures()[0].operator == *operator;
        self.waiting_actions.values().filter(begun).cloned().collect()
    }

    /// Whether one more action may wait that this operator was the first to sign; if another has to go for it, the oldest of those that
    /// have waited in vain: of the operator's own, where it has as many as one may have.
    ///
    /// # Errors
    /// [`RegistryRefusal::TooManyActions`].
    pub(crate) fn room_to_wait(
        &self,
        first: &OperatorId,
        now_ms: u64,
    ) -> Result<Option<SignedAction>, RegistryRefusal> {
        let waiting = self.waiting_actions();
        let is_own = |action: &SignedAction| action.signatures()[0].operator == *first;
        let is_full = waiting.iter().filter(|action| is_own(action)).count() >= WAITING_PER_OPERATOR;
        if waiting.len() < MAX_WAITING_ACTIONS && !is_full {
            return Ok(None);
        }
        let lapsed =
            waiting.into_iter().find(|action| lapses_ms(action) < now_ms && (!is_full || is_own(action)));
        lapsed.cloned().map(Some).ok_or(RegistryRefusal::TooManyActions)
    }

    /// An action waits from now on.
    pub(crate) fn add_waiting_action(&mut self, action: SignedAction) {
        Arc::make_mut(&mut self.waiting_actions).insert(action.statement().hash(), action);
    }

    /// An action is done, or has waited long enough.
    pub(crate) fn forget_waiting_action(&mut self, statement: &[u8; 32]) {
        Arc::make_mut(&mut self.waiting_actions).remove(statement);
    }
}

impl RegistryRefusal {
    /// The field of an action that is at fault.
    pub(crate) const fn action_field(fault: ActionFault) -> &'static str {
        match fault {
            ActionFault::Signature(invalid) => invalid.field,
            ActionFault::Signatures => "action.signatures",
            ActionFault::Repeated => "action.nonce",
            ActionFault::OutOfDate => "action.before",
            ActionFault::NotPossible | ActionFault::NotDone => "action.type",
        }
    }
}
