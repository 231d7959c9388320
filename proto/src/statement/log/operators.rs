//! Who may act for the hub, as the log says it, and what of their actions counts (PROTOCOL.md section 13).
//!
//! The hub decides by this before it acts, and every client by the same when it reads the log. Nothing here reads a clock.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Check, OrganisationEntry};
use crate::admission::Policy;
use crate::code::OrganisationState;
use crate::fault::InvalidField;
use crate::ids::{Handle, OperatorId, OrgId, sha256};
use crate::limits::{MAX_AHEAD_MS, MAX_OPERATORS};
use crate::sign::PublicKey;
use crate::statement::operator::{Deed, SignedAction, Step};

/// Why an action does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ActionFault {
    /// It is for another hub, or a signature does not hold, or is not an operator's.
    #[error("an operator's action is not well signed: {0}")]
    Signature(InvalidField),
    /// It has fewer signatures than it needs, or more.
    #[error("an operator's action has not the number of signatures that it needs")]
    Signatures,
    /// The same statement stood in the log before.
    #[error("an operator's action is there twice")]
    Repeated,
    /// It was signed for another state of what it is about.
    #[error("an operator's action was signed for another state")]
    OutOfDate,
    /// The state does not allow it.
    #[error("an operator's action is not possible in this state")]
    NotPossible,
    /// The entry that follows an action says something else, or is missing, or stands without one.
    #[error("an entry does not do what an operator has signed")]
    NotDone,
}

/// An operator of the hub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operator {
    /// What it is called: a function, never a person.
    pub name: Handle,
    /// The key that it signs with.
    pub key: PublicKey,
}

/// Whether an action may be done now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Everybody who must has signed. An organisation moves to this state.
    Done(Option<(OrgId, OrganisationState)>),
    /// A second operator must sign the same statement.
    Waits,
}

/// What the log says of an organisation when somebody wants to move it.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// Its newest entry.
    pub entry: &'a OrganisationEntry,
    /// Where it stood before it was suspended; where it stands, if it is not.
    pub resumes_to: OrganisationState,
}

/// The operators' keys, and the rule that they have set. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Operators {
    by_id: Arc<BTreeMap<OperatorId, Operator>>,
    two: bool,
    last_change: [u8; 32],
    policy: Policy,
    last_policy: [u8; 32],
    /// The statements that stand in the log: none counts twice.
    statements: Arc<BTreeSet<[u8; 32]>>,
}

impl Operators {
    /// Whether there is none: nothing has to be signed then.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// Everybody, by id.
    pub fn iter(&self) -> impl Iterator<Item = (&OperatorId, &Operator)> {
        self.by_id.iter()
    }

    /// One of them.
    #[must_use]
    pub fn get(&self, id: &OperatorId) -> Option<&Operator> {
        self.by_id.get(id)
    }

    /// Whether two must sign what is grave.
    #[must_use]
    pub const fn two_must_sign(&self) -> bool {
        self.two
    }

    /// The hash of the record that changed the operators last; zero before the first.
    #[must_use]
    pub const fn last_change(&self) -> &[u8; 32] {
        &self.last_change
    }

    /// What may be sent without an agreement, as they have set it; everything, before they have.
    #[must_use]
    pub const fn policy(&self) -> Policy {
        self.policy
    }

    /// The hash of the record that set the policy last; zero before the first.
    #[must_use]
    pub const fn last_policy(&self) -> &[u8; 32] {
        &self.last_policy
    }

    /// Whether this statement stands in the log.
    #[must_use]
    pub fn has_done(&self, action: &SignedAction) -> bool {
        self.statements.contains(&action.statement().hash())
    }

    /// How many must sign this.
    #[must_use]
    pub fn needed(&self, deed: &Deed) -> usize {
        if self.two && deed.is_grave() { 2 } else { 1 }
    }

    /// What becomes of an action at the hub whose keys have this pin. `subject` is the organisation that a [`Deed::Move`] names.
    ///
    /// # Errors
    /// [`ActionFault`].
    pub fn judge(
        &self,
        pin: &[u8; 32],
        action: &SignedAction,
        subject: Option<Subject<'_>>,
        check: Check,
    ) -> Result<Verdict, ActionFault> {
        if check == Check::Everything {
            let own = |id: &OperatorId| self.founder(action, id);
            let key_of = |id: &OperatorId| self.get(id).map(|operator| operator.key).or_else(|| own(id));
            action.verify(pin, key_of).map_err(ActionFault::Signature)?;
        }
        if self.has_done(action) {
            return Err(ActionFault::Repeated);
        }
        let moved = self.allows(&action.statement().deed, subject)?;
        match action.signatures().len().cmp(&self.needed(&action.statement().deed)) {
            std::cmp::Ordering::Less => Ok(Verdict::Waits),
            std::cmp::Ordering::Equal => Ok(Verdict::Done(moved)),
            std::cmp::Ordering::Greater => Err(ActionFault::Signatures),
        }
    }

    /// The key of the first operator, who takes itself in.
    fn founder(&self, action: &SignedAction, id: &OperatorId) -> Option<PublicKey> {
        match &action.statement().deed {
            Deed::AddOperator { key, .. } if self.is_empty() => {
                (OperatorId::of_key(key.as_bytes()) == *id).then_some(*key)
            }
            _ => None,
        }
    }

    /// Whether the state of things allows it, and where an organisation then moves.
    fn allows(
        &self,
        deed: &Deed,
        subject: Option<Subject<'_>>,
    ) -> Result<Option<(OrgId, OrganisationState)>, ActionFault> {
        let possible = |yes: bool| if yes { Ok(None) } else { Err(ActionFault::NotPossible) };
        match deed {
            Deed::Invite { .. } | Deed::Withdraw { .. } => possible(!self.is_empty()),
            Deed::Move { step, org, handle, before } => {
                let subject = subject.filter(|_| !self.is_empty()).ok_or(ActionFault::NotPossible)?;
                let fields = subject.entry.fields();
                if (fields.org_id, &fields.handle) != (*org, handle) {
                    return Err(ActionFault::NotPossible);
                }
                if sha256(subject.entry.bytes()) != *before {
                    return Err(ActionFault::OutOfDate);
                }
                moved(*step, subject).map(|state| Some((*org, state))).ok_or(ActionFault::NotPossible)
            }
            Deed::AddOperator { name, key, before } => {
                self.is_current(before)?;
                let known = self.get(&OperatorId::of_key(key.as_bytes())).is_some()
                    || self.by_id.values().any(|operator| operator.name == *name);
                possible(!known && self.by_id.len() < MAX_OPERATORS)
            }
            Deed::RemoveOperator { name, operator, before } => {
                self.is_current(before)?;
                let named = self.get(operator).is_some_and(|operator| operator.name == *name);
                // With none left, nothing would have to be signed any more.
                possible(named && self.by_id.len() > if self.two { 2 } else { 1 })
            }
            Deed::SetPolicy { policy, before } => {
                if *before != self.last_policy {
                    return Err(ActionFault::OutOfDate);
                }
                possible(!self.is_empty() && *policy != self.policy)
            }
            Deed::Require { two, before } => {
                self.is_current(before)?;
                possible(*two != self.two && self.by_id.len() >= if *two { 2 } else { 1 })
            }
        }
    }

    fn is_current(&self, before: &[u8; 32]) -> Result<(), ActionFault> {
        if *before == self.last_change { Ok(()) } else { Err(ActionFault::OutOfDate) }
    }

    /// An action that was judged as done stands in the log.
    pub fn apply(&mut self, action: &SignedAction) {
        Arc::make_mut(&mut self.statements).insert(action.statement().hash());
        match &action.statement().deed {
            Deed::Invite { .. } | Deed::Withdraw { .. } | Deed::Move { .. } => return,
            Deed::AddOperator { name, key, .. } => {
                let operator = Operator { name: name.clone(), key: *key };
                Arc::make_mut(&mut self.by_id).insert(OperatorId::of_key(key.as_bytes()), operator);
            }
            Deed::RemoveOperator { operator, .. } => {
                Arc::make_mut(&mut self.by_id).remove(operator);
            }
            Deed::Require { two, .. } => self.two = *two,
            Deed::SetPolicy { policy, .. } => {
                (self.policy, self.last_policy) = (*policy, sha256(action.bytes()));
                return;
            }
        }
        self.last_change = sha256(action.bytes());
    }
}

/// Where a step leads from here, if it may be taken.
fn moved(step: Step, subject: Subject<'_>) -> Option<OrganisationState> {
    use OrganisationState::{Active, Pending, Removed, Suspended};
    match (step, subject.entry.fields().state) {
        (Step::Confirm, Pending) => Some(Active),
        (Step::Suspend, Pending | Active) => Some(Suspended),
        (Step::Resume, Suspended) => Some(subject.resumes_to),
        (Step::Remove, state) if state != Removed => Some(Removed),
        _ => None,
    }
}

/// Whether an entry does what was signed, and nothing else, when it was signed.
///
/// # Errors
/// [`ActionFault::NotDone`].
pub(super) fn check_entry(
    before: &OrganisationEntry,
    after: &OrganisationEntry,
    state: OrganisationState,
    signed_ms: u64,
) -> Result<(), ActionFault> {
    let (old, new) = (before.fields(), after.fields());
    let mut expected = old.clone();
    (expected.revision, expected.state, expected.since_ms) = (new.revision, state, new.since_ms);
    let in_time = new.since_ms.abs_diff(signed_ms) <= MAX_AHEAD_MS;
    if *new == expected && in_time { Ok(()) } else { Err(ActionFault::NotDone) }
}

#[cfg(test)]
mod tests;
