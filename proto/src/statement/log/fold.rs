//! The log as it is read from its first leaf on: every rule of PROTOCOL.md section 13, and who is in it.

use std::collections::BTreeMap;

use super::agreements::{AgreementFault, Agreements};
use super::history::Organisation;
use super::operators::{self, ActionFault, Operators, Subject, Verdict};
use super::{Leaf, LogTree, OrganisationEntry, Record};
use crate::code::OrganisationState;
use crate::fault::InvalidField;
use crate::ids::{Handle, OrgId};
use crate::statement::agreement::SignedAgreement;
use crate::statement::epoch_key::Epoch;
use crate::statement::operator::{Deed, SignedAction};
use bytes::Bytes;

/// Why a log is not believed: a leaf or record that breaks a rule, or another word of the hub that contradicts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LogFault {
    /// A rule of the statement itself.
    #[error("{0}")]
    Statement(#[from] InvalidField),
    /// The hub's keys stand somewhere else than in leaf 0, or are not the pinned ones.
    #[error("the log does not begin with the hub's keys")]
    HubKeys,
    /// A device that the organisation's newest manifest does not name.
    #[error("an epoch key or certificate of an unknown device")]
    UnknownDevice,
    /// Two keys of one device for one week.
    #[error("two epoch keys for one week")]
    EpochKeyTwice,
    /// An entry without a manifest before it, or whose revision does not follow the entry before it.
    #[error("the operator's entries are out of order")]
    EntryOutOfOrder,
    /// Something of an organisation that was removed.
    #[error("a removed organisation goes on")]
    AfterRemoval,
    /// The entry and the manifest name the organisation differently.
    #[error("the operator and the organisation disagree on its name")]
    NamesDiffer,
    /// Two organisations have one handle.
    #[error("two organisations have the same handle")]
    HandleTwice,
    /// An operator's action that does not count, or an entry that should have one.
    #[error("{0}")]
    Action(#[from] ActionFault),
    /// An agreement that does not count.
    #[error("{0}")]
    Agreement(#[from] AgreementFault),
    /// The leaves do not add up to the signed checkpoint.
    #[error("the leaves do not add up to the checkpoint")]
    Root,
    /// A signed checkpoint contradicts one that was believed.
    #[error("a checkpoint contradicts an earlier one")]
    Contradiction,
    /// A receipt names another log than this one.
    #[error("a receipt names another log")]
    Receipt,
    /// The hub said that a log was its newest after it had signed a larger one.
    #[error("the hub showed an old state of its log as the newest")]
    StoodStill,
    /// The hub's log is shorter than what it signed.
    #[error("the hub's log is shorter than the one that it signed")]
    CutBack,
}

/// Whether signatures in records are verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// They are.
    Everything,
    /// They were when the entry came, and the root over all entries is compared with a checkpoint from then.
    VerifiedBefore,
}

/// What an operator did, as the log has it.
#[derive(Clone, Debug)]
pub struct Action {
    /// The index of its leaf.
    pub leaf: u64,
    /// What was signed, and by whom.
    pub signed: SignedAction,
    /// What those who signed were called then, in the order of the signatures.
    pub names: Vec<Handle>,
}

/// What must stand in the next leaf: an entry that does what was signed.
#[derive(Debug)]
struct Announced {
    org: OrgId,
    state: OrganisationState,
    signed_ms: u64,
}

/// A log that keeps the rules so far.
#[derive(Debug)]
pub struct LogFold {
    pin: [u8; 32],
    tree: LogTree,
    by_id: BTreeMap<OrgId, Organisation>,
    by_handle: BTreeMap<Handle, OrgId>,
    operators: Operators,
    agreements: Agreements,
    actions: Vec<Action>,
    announced: Option<Announced>,
}

impl LogFold {
    /// An empty log of the hub whose keys have this pin (PROTOCOL.md section 14).
    #[must_use]
    pub fn new(pin: [u8; 32]) -> Self {
        Self {
            pin,
            tree: LogTree::new(),
            by_id: BTreeMap::new(),
            by_handle: BTreeMap::new(),
            operators: Operators::default(),
            agreements: Agreements::default(),
            actions: Vec::new(),
            announced: None,
        }
    }

    /// The tree over the leaves so far.
    #[must_use]
    pub const fn tree(&self) -> &LogTree {
        &self.tree
    }

    /// An organisation.
    #[must_use]
    pub fn organisation(&self, id: &OrgId) -> Option<&Organisation> {
        self.by_id.get(id)
    }

    /// The organisation with a handle.
    #[must_use]
    pub fn by_handle(&self, handle: &Handle) -> Option<(OrgId, &Organisation)> {
        let id = *self.by_handle.get(handle)?;
        Some((id, self.by_id.get(&id)?))
    }

    /// Every organisation, ascending by id.
    pub fn organisations(&self) -> impl Iterator<Item = (&OrgId, &Organisation)> {
        self.by_id.iter()
    }

    /// The hub's operators.
    #[must_use]
    pub const fn operators(&self) -> &Operators {
        &self.operators
    }

    /// What organisations may send each other.
    #[must_use]
    pub const fn agreements(&self) -> &Agreements {
        &self.agreements
    }

    /// Everything that operators have signed, in log order.
    #[must_use]
    pub fn actions(&self) -> &[Action] {
        &self.actions
    }

    /// Appends leaf data alone, for proofs about a tree whose records are not looked at any more.
    pub fn append_unread(&mut self, leaf: &[u8]) {
        self.tree.append(leaf);
    }

    /// Appends one leaf and what its record says. Epoch keys of weeks before `oldest` are not kept.
    ///
    /// # Errors
    /// The first rule that is broken. The leaf stands in the tree then, and nothing of its record is believed: the fold is of no further use.
    pub fn append(
        &mut self,
        data: &[u8],
        record: &Bytes,
        oldest: Epoch,
        check: Check,
    ) -> Result<(), LogFault> {
        let index = self.tree.append(data);
        let leaf = Leaf::parse(data)?;
        let record = leaf.open(record)?;
        if (index == 0) != matches!(record, Record::HubKeys(_)) {
            return Err(LogFault::HubKeys);
        }
        self.check_subject(&leaf)?;
        let announced = self.announced.take();
        if announced.is_some() && !matches!(record, Record::Organisation(_)) {
            return Err(ActionFault::NotDone.into());
        }
        match record {
            Record::HubKeys(keys) if keys.pin() == self.pin => Ok(()),
            Record::HubKeys(_) => Err(LogFault::HubKeys),
            Record::Manifest(signed) => {
                let id = signed.manifest().org_id();
                self.change(id, |organisation| organisation.add_manifest(index, signed))
            }
            Record::Organisation(entry) => {
                self.check_signed(&entry, announced.as_ref())?;
                let id = entry.fields().org_id;
                self.change(id, |organisation| organisation.add_entry(index, entry))
            }
            Record::Action(signed) => self.add_action(index, signed, check),
            Record::Agreement(signed) => self.add_agreement(signed, check),
            Record::EpochKeys(batch) => {
                let verify = check == Check::Everything;
                self.change(batch.org_id(), |organisation| {
                    organisation.add_epoch_keys(&batch, oldest, verify)
                })
            }
            // Certificates are public so that their issue can be audited; nothing here rests on them.
            Record::Certificate(_) => Ok(()),
        }
    }

    /// Takes an action that counts. What it does to an organisation must stand in the next leaf.
    fn add_action(&mut self, leaf: u64, signed: SignedAction, check: Check) -> Result<(), LogFault> {
        let org = match &signed.statement().deed {
            Deed::Move { org, .. } => self.by_id.get(org),
            _ => None,
        };
        let subject =
            org.and_then(|org| Some(Subject { entry: org.entry()?, resumes_to: org.resumes_to()? }));
        match self.operators.judge(&self.pin, &signed, subject, check)? {
            Verdict::Waits => return Err(ActionFault::Signatures.into()),
            Verdict::Done(moved) => {
                let signed_ms = signed.last_ms();
                self.announced = moved.map(|(org, state)| Announced { org, state, signed_ms });
            }
        }
        // The first operator takes itself in, under the name that it gives itself.
        let name = |one| self.operators.get(one).map(|operator| &operator.name);
        let names =
            signed.signatures().iter().map(|one| name(&one.operator).or(signed.statement().deed.name()));
        let names = names.flatten().cloned().collect();
        self.operators.apply(&signed);
        self.actions.push(Action { leaf, signed, names });
        Ok(())
    }

    /// Takes a version that follows. Its parties have joined, and none of them was removed.
    fn add_agreement(&mut self, signed: SignedAgreement, check: Check) -> Result<(), LogFault> {
        let manifest = |org: &OrgId| {
            let party = self.by_id.get(org)?;
            party.state().filter(|state| *state != OrganisationState::Removed).and(party.manifest())
        };
        let [sender, recipient] = signed.fields().parties();
        let parties = manifest(&sender).zip(manifest(&recipient)).ok_or(AgreementFault::Parties)?;
        self.agreements.judge(&signed, parties.into(), check)?;
        self.agreements.apply(&signed);
        Ok(())
    }

    /// Where there are operators, no organisation moves without them: an entry does what the leaf before it says, or is the first of an
    /// organisation that has joined, which is PENDING.
    fn check_signed(&self, entry: &OrganisationEntry, announced: Option<&Announced>) -> Result<(), LogFault> {
        let before = self.by_id.get(&entry.fields().org_id).and_then(Organisation::entry);
        match (announced, before) {
            (Some(Announced { org, state, signed_ms }), Some(before)) if *org == entry.fields().org_id => {
                Ok(operators::check_entry(before, entry, *state, *signed_ms)?)
            }
            (Some(_), _) => Err(ActionFault::NotDone.into()),
            (None, _) if self.operators.is_empty() => Ok(()),
            (None, None) if entry.fields().state == OrganisationState::Pending => Ok(()),
            (None, _) => Err(ActionFault::NotDone.into()),
        }
    }

    /// Nothing follows the removal of an organisation, and keys and certificates are of devices that it has.
    fn check_subject(&self, leaf: &Leaf) -> Result<(), LogFault> {
        let (Some(org), device) = leaf.subject() else { return Ok(()) };
        let organisation = self.by_id.get(&org);
        if organisation.and_then(Organisation::state) == Some(OrganisationState::Removed) {
            return Err(LogFault::AfterRemoval);
        }
        let manifest = organisation.and_then(Organisation::manifest);
        let has = |device| manifest.is_some_and(|manifest| manifest.device(&device).is_some());
        if device.is_none_or(has) { Ok(()) } else { Err(LogFault::UnknownDevice) }
    }

    /// Changes an organisation, making it if it is new, and sees that no other has its handle.
    fn change(
        &mut self,
        id: OrgId,
        change: impl FnOnce(&mut Organisation) -> Result<(), LogFault>,
    ) -> Result<(), LogFault> {
        let organisation = self.by_id.entry(id).or_default();
        change(organisation)?;
        let Some(handle) = organisation.handle() else { return Ok(()) };
        if *self.by_handle.entry(handle.clone()).or_insert(id) == id {
            Ok(())
        } else {
            Err(LogFault::HandleTwice)
        }
    }
}
