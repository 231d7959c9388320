//! What the log says about one organisation, in log order.

use super::{EpochKeyBatch, LogFault, OrganisationEntry};
use crate::code::OrganisationState;
use crate::ids::{DeviceId, Handle, MailboxAddress, MailboxId};
use crate::sign::PublicKey;
use crate::statement::epoch_key::{Epoch, EpochKey};
use crate::statement::manifest::{Manifest, SignedManifest, VerifiedManifest};
use crate::statement::safety::SafetyNumber;
use std::collections::{BTreeMap, BTreeSet};

/// A statement and the leaf that holds it.
#[derive(Clone, Debug)]
struct At<T> {
    leaf: u64,
    value: T,
}

/// The newest statement among the first `size` leaves.
fn newest_at<T>(list: &[At<T>], size: u64) -> Option<&T> {
    let count = list.partition_point(|at| at.leaf < size);
    list[..count].last().map(|at| &at.value)
}

/// An organisation with its whole history.
#[derive(Clone, Debug, Default)]
pub struct Organisation {
    manifests: Vec<At<VerifiedManifest>>,
    entries: Vec<At<OrganisationEntry>>,
    /// Keys of weeks that were not over when they were read; older ones are of no use.
    epoch_keys: BTreeMap<(DeviceId, Epoch), EpochKey>,
    /// The device and week of every epoch key that was ever published: no second one may come.
    published: BTreeSet<(DeviceId, Epoch)>,
}

impl Organisation {
    /// The newest manifest; every organisation in the directory has one.
    #[must_use]
    pub fn manifest(&self) -> Option<&Manifest> {
        self.manifests.last().map(|at| at.value.manifest())
    }

    /// The newest manifest among the first `size` leaves.
    #[must_use]
    pub fn manifest_at(&self, size: u64) -> Option<&Manifest> {
        newest_at(&self.manifests, size).map(VerifiedManifest::manifest)
    }

    /// How people wrote a mailbox when it last was.
    #[must_use]
    pub fn address_ever(&self, mailbox: &MailboxId) -> Option<MailboxAddress> {
        let named = |at: &At<VerifiedManifest>| {
            let manifest = at.value.manifest();
            let name = manifest.mailbox(mailbox)?.name.clone();
            Some(MailboxAddress { handle: manifest.fields().handle.clone(), name })
        };
        self.manifests.iter().rev().find_map(named)
    }

    /// The safety number of its root, which stays the same through every manifest.
    #[must_use]
    pub fn safety_number(&self) -> Option<SafetyNumber> {
        self.manifest().map(|manifest| SafetyNumber::of_root(&manifest.fields().root_pk))
    }

    /// The newest manifest above `serial` that the recovery kit signed: everything but the first that bears the root's signature.
    #[must_use]
    pub fn recovered_after(&self, serial: u64) -> Option<&Manifest> {
        let signed = self.manifests.iter().rev().map(|at| at.value.signed());
        let mut newer = signed.take_while(|signed| signed.manifest().serial() > serial.max(1));
        newer.find(|signed| signed.is_recovery()).map(SignedManifest::manifest)
    }

    /// Every manifest with its signatures, from serial 1 on.
    pub fn signed_manifests(&self) -> impl Iterator<Item = &SignedManifest> {
        self.manifests.iter().map(|at| at.value.signed())
    }

    /// The operator's newest entry.
    #[must_use]
    pub fn entry(&self) -> Option<&OrganisationEntry> {
        self.entries.last().map(|at| &at.value)
    }

    /// The operator's newest entry among the first `size` leaves.
    #[must_use]
    pub fn entry_at(&self, size: u64) -> Option<&OrganisationEntry> {
        newest_at(&self.entries, size)
    }

    /// Whether it may be written to and shown.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.state() == Some(OrganisationState::Active)
    }

    /// Where it stood before it was suspended; where it stands, if it is not.
    #[must_use]
    pub(super) fn resumes_to(&self) -> Option<OrganisationState> {
        let mut states = self.entries.iter().rev().map(|at| at.value.fields().state);
        states.find(|state| *state != OrganisationState::Suspended)
    }

    /// Where it stands, if the operator has said so.
    #[must_use]
    pub fn state(&self) -> Option<OrganisationState> {
        self.entry().map(|entry| entry.fields().state)
    }

    /// The identity key of a device that any manifest, however old, has held.
    #[must_use]
    pub fn device_key(&self, device: &DeviceId) -> Option<PublicKey> {
        // A device id is the hash of its key, so whichever manifest names it names the same key.
        let mut manifests = self.manifests.iter().rev();
        manifests.find_map(|at| at.value.manifest().device(device)).map(|device| *device.sign_pk())
    }

    /// The key of a device for a week, its signature verified.
    #[must_use]
    pub fn epoch_key(&self, device: &DeviceId, epoch: Epoch) -> Option<&EpochKey> {
        let key = self.epoch_keys.get(&(*device, epoch))?;
        key.verify(&self.device_key(device)?).ok().map(|()| key)
    }

    /// The keys that the log has for a device, ascending by week, those of past weeks left out.
    pub fn epoch_keys_of<'a>(&'a self, device: &DeviceId) -> impl Iterator<Item = &'a EpochKey> + use<'a> {
        let range = (*device, Epoch::new(0))..=(*device, Epoch::new(u32::MAX));
        self.epoch_keys.range(range).map(|(_, key)| key)
    }

    /// Takes the next manifest.
    pub(super) fn add_manifest(&mut self, leaf: u64, signed: SignedManifest) -> Result<(), LogFault> {
        let verified = match self.manifest() {
            None => signed.verify_first()?,
            Some(previous) => signed.verify_after(previous)?,
        };
        self.manifests.push(At { leaf, value: verified });
        Ok(())
    }

    /// Takes the operator's next entry, which is about the organisation of the manifests before it.
    pub(super) fn add_entry(&mut self, leaf: u64, entry: OrganisationEntry) -> Result<(), LogFault> {
        let before = self.entry().map(|entry| entry.fields().revision);
        if entry.fields().revision != before.map_or(1, |before| before.saturating_add(1)) {
            return Err(LogFault::EntryOutOfOrder);
        }
        let manifest = self.manifest().ok_or(LogFault::EntryOutOfOrder)?.fields();
        let named = (&entry.fields().handle, &entry.fields().organisation_number);
        if named != (&manifest.handle, &manifest.organisation_number) {
            return Err(LogFault::NamesDiffer);
        }
        self.entries.push(At { leaf, value: entry });
        Ok(())
    }

    /// Takes epoch keys. Keys of weeks before `oldest` are verified but not kept; `verify` is false for a copy whose
    /// root was compared with a checkpoint, where every signature was verified before.
    pub(super) fn add_epoch_keys(
        &mut self,
        batch: &EpochKeyBatch,
        oldest: Epoch,
        verify: bool,
    ) -> Result<(), LogFault> {
        let device = batch.device_id();
        let known = self.manifest().and_then(|manifest| manifest.device(&device));
        let signer = *known.ok_or(LogFault::UnknownDevice)?.sign_pk();
        for key in batch.keys() {
            if verify {
                key.verify(&signer)?;
            }
            if !self.published.insert((device, key.epoch())) {
                return Err(LogFault::EpochKeyTwice);
            }
            if key.epoch() >= oldest {
                self.epoch_keys.insert((device, key.epoch()), key.clone());
            }
        }
        Ok(())
    }

    /// The handle, which never changes.
    pub(super) fn handle(&self) -> Option<&Handle> {
        self.manifest().map(|manifest| &manifest.fields().handle)
    }
}
