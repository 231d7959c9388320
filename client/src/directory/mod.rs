//! The directory: a full copy of the hub's log, verified leaf by leaf (PROTOCOL.md section 13).
//!
//! * [`Directory`]: the copy, who is in it, and what it said at any earlier size.
//! * [`Organisation`]: one organisation's manifests, entries and epoch keys.
//! * [`find`]: who can help, searched here and never at the hub.
//! * [`sync`]: how the copy follows the hub's log.
//!
//! A log that contradicts itself or a checkpoint that was believed is a [`DirectoryError::Forked`]: both checkpoints
//! are kept as evidence and nothing is sent any more until a person has looked.

use std::path::PathBuf;

use bytes::Bytes;
use samverkan_envelope::open::LogView;
use samverkan_proto::code::OrganisationState;
use samverkan_proto::ids::{DeviceId, Handle, HubName, MailboxAddress, MailboxId, OrgId};
use samverkan_proto::sign::PublicKey;
use samverkan_proto::statement::epoch_key::Epoch;
use samverkan_proto::statement::log::{Checkpoint, Leaf, LogTree, Record};
use samverkan_proto::statement::manifest::Manifest;
use samverkan_proto::{Fault, InvalidField};

use crate::connect::HubPins;
use crate::files::FileError;

mod copy;
pub mod find;
pub(crate) mod laws;
mod organisation;
pub mod sync;
#[cfg(test)]
pub(crate) mod testlog;

use copy::{Copy, Entry};
pub use organisation::Organisation;
use organisation::Organisations;

/// A leaf or record that breaks a rule.
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
    /// The leaves do not add up to the signed checkpoint.
    #[error("the leaves do not add up to the checkpoint")]
    Root,
    /// A signed checkpoint contradicts one that was believed.
    #[error("a checkpoint contradicts an earlier one")]
    Contradiction,
}

/// Why there is no directory to work with.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// The hub showed a log that contradicts itself. Never to be passed over.
    #[error("the log is forked: {0}")]
    Forked(LogFault),
    /// Evidence of a forked log was kept, and nobody has looked yet.
    #[error("evidence of a forked log is kept")]
    EvidenceKept,
    /// The hub's answer is no synchronisation.
    #[error("the hub's answer is not a synchronisation")]
    BadAnswer,
    /// The call failed.
    #[error("the hub refused to synchronise")]
    Call(#[source] Box<tonic::Status>),
    /// Nothing came for too long.
    #[error("the hub did not go on in time")]
    TimedOut,
    /// The copy could not be read or written.
    #[error(transparent)]
    File(#[from] FileError),
}

/// The verified copy of the log.
pub struct Directory {
    copy: Copy,
    copy_bytes: u64,
    hub: HubName,
    pins: HubPins,
    tree: LogTree,
    organisations: Organisations,
    checkpoint: Option<Checkpoint>,
}

impl Directory {
    /// Reads the copy in `folder` (empty before the first synchronisation). `now_ms` decides which epoch keys are of
    /// use. A copy that is damaged, but was not forked, starts anew; its checkpoint is still held against the hub.
    ///
    /// # Errors
    /// [`DirectoryError::File`].
    pub fn load(folder: PathBuf, hub: HubName, pins: HubPins, now_ms: u64) -> Result<Self, DirectoryError> {
        let copy = Copy::in_folder(folder);
        let mut directory = Self {
            copy,
            copy_bytes: 0,
            hub,
            pins,
            tree: LogTree::new(),
            organisations: Organisations::default(),
            checkpoint: None,
        };
        let note = directory.copy.checkpoint()?;
        let Some(checkpoint) = note.and_then(|note| directory.verify(note).ok()) else {
            return Ok(directory);
        };
        let entries = directory.copy.entries(checkpoint.head().size)?;
        if directory.read_back(&entries, &checkpoint, Epoch::of(now_ms)).is_err() {
            directory.tree = LogTree::new();
            directory.organisations = Organisations::default();
        } else {
            directory.copy_bytes = copy::bytes_of(&entries);
        }
        directory.checkpoint = Some(checkpoint);
        Ok(directory)
    }

    /// The hub's keys, as they were pinned at join.
    #[must_use]
    pub const fn pins(&self) -> &HubPins {
        &self.pins
    }

    /// How many leaves the copy has.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.tree.size()
    }

    /// The newest verified checkpoint, to be sealed into messages; `None` before the first synchronisation.
    #[must_use]
    pub const fn checkpoint(&self) -> Option<&Checkpoint> {
        self.checkpoint.as_ref()
    }

    /// An organisation.
    #[must_use]
    pub fn organisation(&self, id: &OrgId) -> Option<&Organisation> {
        self.organisations.get(id)
    }

    /// The organisation with a handle.
    #[must_use]
    pub fn by_handle(&self, handle: &Handle) -> Option<(OrgId, &Organisation)> {
        let id = self.organisations.id_of(handle)?;
        Some((id, self.organisations.get(&id)?))
    }

    /// The mailbox that people write as `handle/name`.
    #[must_use]
    pub fn resolve(&self, address: &MailboxAddress) -> Option<(OrgId, MailboxId)> {
        let (id, organisation) = self.by_handle(&address.handle)?;
        Some((id, organisation.manifest()?.mailbox_by_name(&address.name)?.id))
    }

    /// How people write a mailbox; `None` if the newest manifest has no such mailbox.
    #[must_use]
    pub fn address_of(&self, org: &OrgId, mailbox: &MailboxId) -> Option<MailboxAddress> {
        let manifest = self.organisation(org)?.manifest()?;
        let name = manifest.mailbox(mailbox)?.name.clone();
        Some(MailboxAddress { handle: manifest.fields().handle.clone(), name })
    }

    /// The same, or how people wrote it when the mailbox last was.
    #[must_use]
    pub fn address_ever(&self, org: &OrgId, mailbox: &MailboxId) -> Option<MailboxAddress> {
        self.organisation(org)?.address_ever(mailbox)
    }

    /// Every organisation, ascending by id.
    pub fn organisations(&self) -> impl Iterator<Item = (&OrgId, &Organisation)> {
        self.organisations.iter()
    }

    /// Whether another process has changed the copy on disk.
    ///
    /// # Errors
    /// [`DirectoryError::File`].
    pub fn is_behind_disk(&self) -> Result<bool, DirectoryError> {
        let own = self.checkpoint.as_ref().map(Checkpoint::note);
        Ok(self.copy.checkpoint()?.as_ref() != own)
    }

    /// Whether evidence of a forked log is kept: what was believed before may be read, and nothing new is believed.
    #[must_use]
    pub fn is_forked(&self) -> bool {
        self.copy.has_evidence()
    }

    /// Compares a signed checkpoint from elsewhere, such as `Hello`, with this copy. A larger tree says nothing yet.
    ///
    /// # Errors
    /// [`DirectoryError::Forked`], with the evidence kept; [`DirectoryError::EvidenceKept`] from then on.
    pub fn compare(&self, note: Bytes) -> Result<(), DirectoryError> {
        if self.is_forked() {
            return Err(DirectoryError::EvidenceKept);
        }
        let checkpoint = self.verify(note).map_err(|fault| DirectoryError::Forked(fault.into()))?;
        match self.tree.check(&checkpoint) {
            Err(fault) if fault.fault == Fault::CheckpointForked => Err(self.forked(&checkpoint)),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    fn verify(&self, note: Bytes) -> Result<Checkpoint, InvalidField> {
        Checkpoint::verify(note, &self.hub, self.pins.log())
    }

    /// Applies entries whose signatures were verified when they came.
    fn read_back(
        &mut self,
        entries: &[Entry],
        checkpoint: &Checkpoint,
        oldest: Epoch,
    ) -> Result<(), LogFault> {
        for entry in entries {
            self.apply(entry, oldest, false)?;
        }
        let same = self.tree.head() == checkpoint.head();
        if same { Ok(()) } else { Err(LogFault::Root) }
    }

    /// Appends one leaf and what its record says.
    fn apply(&mut self, entry: &Entry, oldest: Epoch, verify: bool) -> Result<(), LogFault> {
        let index = self.tree.append(&entry.leaf);
        let leaf = Leaf::parse(&entry.leaf)?;
        let record = leaf.open(&entry.record)?;
        if (index == 0) != matches!(record, Record::HubKeys(_)) {
            return Err(LogFault::HubKeys);
        }
        self.check_subject(&leaf)?;
        match record {
            Record::HubKeys(keys) if keys.pin() == self.pins.digest() => Ok(()),
            Record::HubKeys(_) => Err(LogFault::HubKeys),
            Record::Manifest(signed) => {
                let id = signed.manifest().org_id();
                self.organisations.change(id, |organisation| organisation.add_manifest(index, signed))
            }
            Record::Organisation(entry) => {
                let id = entry.fields().org_id;
                self.organisations.change(id, |organisation| organisation.add_entry(index, entry))
            }
            Record::EpochKeys(batch) => {
                let add =
                    |organisation: &mut Organisation| organisation.add_epoch_keys(&batch, oldest, verify);
                self.organisations.change(batch.org_id(), add)
            }
            // Certificates are public so that their issue can be audited; nothing here rests on them.
            Record::EpochKeysGone | Record::Certificate(_) => Ok(()),
        }
    }

    /// Nothing follows the removal of an organisation, and keys and certificates are of devices that it has.
    fn check_subject(&self, leaf: &Leaf) -> Result<(), LogFault> {
        let (Some(org), device) = leaf.subject() else { return Ok(()) };
        let organisation = self.organisations.get(&org);
        if organisation.and_then(Organisation::state) == Some(OrganisationState::Removed) {
            return Err(LogFault::AfterRemoval);
        }
        let manifest = organisation.and_then(Organisation::manifest);
        let has = |device| manifest.is_some_and(|manifest| manifest.device(&device).is_some());
        if device.is_none_or(has) { Ok(()) } else { Err(LogFault::UnknownDevice) }
    }

    fn forked(&self, contradicting: &Checkpoint) -> DirectoryError {
        let believed = self.checkpoint.as_ref().map_or(&[][..], |checkpoint| checkpoint.note());
        match self.copy.keep_evidence(believed, contradicting.note()) {
            Ok(_) => DirectoryError::Forked(LogFault::Contradiction),
            Err(error) => error.into(),
        }
    }
}

impl LogView for Directory {
    fn root_at(&self, size: u64) -> Option<[u8; 32]> {
        self.tree.root_at(size)
    }

    fn organisation_state_at(&self, org: &OrgId, size: u64) -> Option<OrganisationState> {
        self.organisation(org)?.entry_at(size).map(|entry| entry.fields().state)
    }

    fn manifest_at(&self, org: &OrgId, size: u64) -> Option<&Manifest> {
        self.organisation(org)?.manifest_at(size)
    }

    fn newest_manifest(&self, org: &OrgId) -> Option<&Manifest> {
        self.organisation(org)?.manifest()
    }

    fn device_key(&self, org: &OrgId, device: &DeviceId) -> Option<PublicKey> {
        self.organisation(org)?.device_key(device)
    }

    fn verify_checkpoint(&self, note: Bytes) -> Result<Checkpoint, InvalidField> {
        self.verify(note)
    }
}

#[cfg(test)]
mod tests;
