//! The directory: a full copy of the hub's log, verified leaf by leaf (PROTOCOL.md section 13).
//!
//! * [`Directory`]: the copy, who is in it, and what it said at any earlier size.
//! * [`Organisation`]: one organisation's manifests, entries and epoch keys, as the fold over the log has them.
//! * [`find`]: who can help, searched here and never at the hub.
//! * [`sync`]: how the copy follows the hub's log.
//! * `views`: when the hub called which size its newest, so that it can not call an older one that later on.
//! * `returned`: what is given back to a hub that has lost the end of its log.
//! * [`evidence`]: what is kept of a log that contradicts itself, for others to see.
//!
//! A log that contradicts itself or a checkpoint that was believed is a [`DirectoryError::Forked`]: what proves it is kept,
//! and nothing is sent any more until a person has looked. A log that only grows old contradicts nothing: the copy may be read,
//! and [`Directory::is_fresh`] says that nothing may be sent on it.

use std::path::PathBuf;

use bytes::Bytes;
use samverkan_envelope::open::LogView;
use samverkan_proto::code::OrganisationState;
use samverkan_proto::ids::{DeviceId, Handle, HubName, MailboxAddress, MailboxId, OrgId};
use samverkan_proto::limits::{MAX_AHEAD_MS, MAX_VIEW_AGE_MS};
use samverkan_proto::sign::PublicKey;
use samverkan_proto::statement::epoch_key::Epoch;
use samverkan_proto::statement::log::audit::{self, AuditError, Audited};
use samverkan_proto::statement::log::{Action, Agreements, Check, Checkpoint, LogFold, Operators};
use samverkan_proto::statement::manifest::Manifest;
use samverkan_proto::statement::receipt::HubReceipt;
use samverkan_proto::{Fault, InvalidField};

use crate::connect::HubPins;
use crate::files::FileError;

mod copy;
pub mod evidence;
pub mod find;
pub(crate) mod laws;
mod returned;
pub mod sync;
#[cfg(test)]
pub(crate) mod testlog;
mod views;

use copy::{Copy, Entry};
use evidence::{Against, Finding};
pub use samverkan_proto::statement::log::{LogFault, Organisation};
use views::Views;

/// Why there is no directory to work with.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// The hub showed a log that contradicts itself. Never to be passed over.
    #[error("the log is forked: {0}")]
    Forked(LogFault),
    /// Evidence of a forked log was kept, and nobody has looked yet.
    #[error("evidence of a forked log is kept")]
    EvidenceKept,
    /// The checkpoint is of a time that has not come.
    #[error("the hub's checkpoint is of a time that has not come")]
    FromTheFuture {
        /// How far ahead it is, in milliseconds.
        by_ms: u64,
    },
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
    fold: LogFold,
    checkpoint: Option<Checkpoint>,
    views: Views,
}

impl Directory {
    /// Reads the copy in `folder` (empty before the first synchronisation). `now_ms` decides which epoch keys are of
    /// use. A copy that is damaged, but was not forked, starts anew; its checkpoint is still held against the hub.
    ///
    /// # Errors
    /// [`DirectoryError::File`].
    pub fn load(folder: PathBuf, hub: HubName, pins: HubPins, now_ms: u64) -> Result<Self, DirectoryError> {
        let copy = Copy::in_folder(folder);
        let (views, fold) = (copy.views(), LogFold::new(pins.digest()));
        let mut directory = Self { copy, copy_bytes: 0, hub, fold, pins, checkpoint: None, views };
        let note = directory.copy.checkpoint()?;
        let Some(checkpoint) = note.and_then(|note| directory.verify(note).ok()) else {
            return Ok(directory);
        };
        let entries = directory.copy.entries(checkpoint.head().size)?;
        if directory.read_back(&entries, &checkpoint, Epoch::of(now_ms)).is_err() {
            directory.fold = LogFold::new(directory.pins.digest());
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
        self.fold.tree().size()
    }

    /// The newest verified checkpoint, to be sealed into messages; `None` before the first synchronisation.
    #[must_use]
    pub const fn checkpoint(&self) -> Option<&Checkpoint> {
        self.checkpoint.as_ref()
    }

    /// The same, as far as the copy has its leaves: what a hub that was restored may be shown, since it waits for the leaves of what it
    /// was shown. A copy that was damaged has a checkpoint and can not return them.
    #[must_use]
    pub fn returnable(&self) -> Option<&Checkpoint> {
        self.checkpoint.as_ref().filter(|believed| believed.head().size == self.size())
    }

    /// An organisation.
    #[must_use]
    pub fn organisation(&self, id: &OrgId) -> Option<&Organisation> {
        self.fold.organisation(id)
    }

    /// The organisation with a handle.
    #[must_use]
    pub fn by_handle(&self, handle: &Handle) -> Option<(OrgId, &Organisation)> {
        self.fold.by_handle(handle)
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
        self.fold.organisations()
    }

    /// What organisations may send each other.
    #[must_use]
    pub const fn agreements(&self) -> &Agreements {
        self.fold.agreements()
    }

    /// Who may act for the hub.
    #[must_use]
    pub const fn operators(&self) -> &Operators {
        self.fold.operators()
    }

    /// What they have done, in log order. Every signature was verified when the leaf came.
    #[must_use]
    pub fn actions(&self) -> &[Action] {
        self.fold.actions()
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

    /// Where the evidence is, once there is some.
    #[must_use]
    pub fn evidence(&self) -> Option<PathBuf> {
        self.is_forked().then(|| self.copy.evidence())
    }

    /// When the hub last said that this was its newest log, in milliseconds since 1970; `None` if it never did.
    #[must_use]
    pub fn cosigned_ms(&self) -> Option<u64> {
        self.checkpoint.as_ref()?.cosigned_ms()
    }

    /// Whether something may be sent on what this copy says: the hub called it the newest no longer than a day ago.
    #[must_use]
    pub fn is_fresh(&self, now_ms: u64) -> bool {
        let is_recent = |at_ms: u64| at_ms.saturating_add(MAX_VIEW_AGE_MS) >= now_ms;
        self.cosigned_ms().is_some_and(is_recent)
    }

    /// Compares a signed checkpoint from elsewhere, such as `Hello`, with this copy. A larger tree says nothing yet.
    ///
    /// # Errors
    /// [`DirectoryError::Forked`], with the evidence kept; [`DirectoryError::EvidenceKept`] from then on.
    pub fn compare(&self, note: Bytes, now_ms: u64) -> Result<(), DirectoryError> {
        if self.is_forked() {
            return Err(DirectoryError::EvidenceKept);
        }
        let checkpoint = self.verify(note).map_err(|fault| DirectoryError::Forked(fault.into()))?;
        self.compare_checkpoint(&checkpoint, now_ms)
    }

    /// The same with a checkpoint that was verified.
    ///
    /// # Errors
    /// As [`Directory::compare`].
    pub fn compare_checkpoint(&self, checkpoint: &Checkpoint, now_ms: u64) -> Result<(), DirectoryError> {
        let fault = match self.fold.tree().check(checkpoint) {
            Err(found) if found.fault == Fault::CheckpointForked => LogFault::Contradiction,
            _ if self.stood_still(checkpoint, now_ms) => LogFault::StoodStill,
            Ok(()) | Err(_) => return self.compare_views(checkpoint, now_ms),
        };
        Err(self.forked(fault, &Against::Checkpoint(checkpoint), now_ms))
    }

    /// Holds a checkpoint's time against everything that the hub said in the last weeks.
    fn compare_views(&self, checkpoint: &Checkpoint, now_ms: u64) -> Result<(), DirectoryError> {
        let at_ms = checkpoint.cosigned_ms().filter(|_| !is_ahead(checkpoint, now_ms));
        let said = at_ms.and_then(|at_ms| self.views.contradicting(checkpoint.head().size, at_ms, now_ms));
        let Some(said) = said.and_then(|note| self.verify(note).ok()) else { return Ok(()) };
        // The file is only this computer's word: what it says is looked at again in what the hub has signed.
        if !said.stood_still(checkpoint) {
            return Ok(());
        }
        Err(self.forked_from(Some(&said), LogFault::StoodStill, &Against::Checkpoint(checkpoint), now_ms))
    }

    /// Compares the log that a receipt of the hub names with this copy. `proof` is the receipt with its proof, as it came.
    ///
    /// # Errors
    /// As [`Directory::compare`].
    pub fn compare_receipt(
        &self,
        receipt: &HubReceipt,
        proof: &[u8],
        now_ms: u64,
    ) -> Result<(), DirectoryError> {
        let believed = self.checkpoint.as_ref().filter(|believed| !is_ahead(believed, now_ms));
        let fault = match self.fold.tree().root_at(receipt.log_size) {
            Some(root) if root != receipt.log_root => LogFault::Receipt,
            _ if believed.is_some_and(|believed| evidence::is_later_than_larger(believed, receipt)) => {
                LogFault::StoodStill
            }
            Some(_) | None => {
                let said = self.views.smaller_after(receipt.log_size, receipt.hub_time_ms, now_ms);
                let said = said.and_then(|note| self.verify(note).ok());
                let Some(said) = said.filter(|said| evidence::is_later_than_larger(said, receipt)) else {
                    return Ok(());
                };
                let against = Against::Receipt(receipt, proof);
                return Err(self.forked_from(Some(&said), LogFault::StoodStill, &against, now_ms));
            }
        };
        Err(self.forked(fault, &Against::Receipt(receipt, proof), now_ms))
    }

    /// Whether the times of what was believed and of `other` contradict each other. A time that has not come yet proves nothing: somebody's
    /// clock was wrong.
    fn stood_still(&self, other: &Checkpoint, now_ms: u64) -> bool {
        let believed = self.checkpoint.as_ref().filter(|believed| !is_ahead(believed, now_ms));
        !is_ahead(other, now_ms) && believed.is_some_and(|believed| believed.stood_still(other))
    }

    /// Checks the copy on disk from its first leaf on, signatures included, as if it had just come.
    ///
    /// # Errors
    /// [`AuditError`]; [`AuditError::NoKeys`] before the first synchronisation.
    pub fn audit(&self) -> Result<Audited, AuditError> {
        let note = self.copy.checkpoint().map_err(unreadable)?.ok_or(AuditError::NoKeys)?;
        let size = self.checkpoint.as_ref().map_or(0, |checkpoint| checkpoint.head().size);
        let entries = self.copy.entries(size).map_err(unreadable)?;
        let entries = entries.into_iter().map(|entry| Ok((entry.leaf, entry.record)));
        audit::verify_entries(note, entries, Some(&self.pins.digest()))
    }

    /// The copy as one file that anybody can check (PROTOCOL.md section 13); `None` before the first synchronisation.
    ///
    /// # Errors
    /// [`DirectoryError::File`].
    pub fn export(&self) -> Result<Option<Vec<u8>>, DirectoryError> {
        let Some(checkpoint) = &self.checkpoint else { return Ok(None) };
        let mut out = Vec::new();
        let entries = self.copy.entries(checkpoint.head().size)?;
        let written = audit::write_head(&mut out, checkpoint).and_then(|()| {
            entries.iter().try_for_each(|entry| audit::write_entry(&mut out, &entry.leaf, &entry.record))
        });
        written.expect("memory takes what is written to it");
        Ok(Some(out))
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
            self.apply(entry, oldest, Check::VerifiedBefore)?;
        }
        let same = self.fold.tree().head() == checkpoint.head();
        if same { Ok(()) } else { Err(LogFault::Root) }
    }

    fn apply(&mut self, entry: &Entry, oldest: Epoch, check: Check) -> Result<(), LogFault> {
        self.fold.append(&entry.leaf, &entry.record, oldest, check)
    }

    /// Keeps what proves it.
    fn forked(&self, fault: LogFault, against: &Against<'_>, now_ms: u64) -> DirectoryError {
        self.forked_from(self.checkpoint.as_ref(), fault, against, now_ms)
    }

    /// The same when what is contradicted is not the newest that was believed.
    fn forked_from(
        &self,
        believed: Option<&Checkpoint>,
        fault: LogFault,
        against: &Against<'_>,
        now_ms: u64,
    ) -> DirectoryError {
        let finding =
            Finding { hub: &self.hub, pins: &self.pins, found_ms: now_ms, believed, tree: self.fold.tree() };
        match self.copy.keep_evidence(&finding.evidence(fault, against)) {
            Ok(()) => DirectoryError::Forked(fault),
            Err(error) => error.into(),
        }
    }
}

fn unreadable(error: FileError) -> AuditError {
    AuditError::Io(std::io::Error::other(error))
}

/// How far a checkpoint's time is ahead, if that is more than ten minutes.
fn ahead_by(checkpoint: &Checkpoint, now_ms: u64) -> Option<u64> {
    let by_ms = checkpoint.cosigned_ms()?.checked_sub(now_ms)?;
    (by_ms > MAX_AHEAD_MS).then_some(by_ms)
}

fn is_ahead(checkpoint: &Checkpoint, now_ms: u64) -> bool {
    ahead_by(checkpoint, now_ms).is_some()
}

impl LogView for Directory {
    fn root_at(&self, size: u64) -> Option<[u8; 32]> {
        self.fold.tree().root_at(size)
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
