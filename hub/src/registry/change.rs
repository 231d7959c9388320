//! The fold: what each journalled fact does to the registry.
//!
//! Facts that come from the journal were checked by `rules.rs` before they were written, so nothing is refused
//! here. The store calls these with the facts in the order of the log.

use std::sync::Arc;

use samverkan_proto::code::OrganisationState;
use samverkan_proto::ids::{DeviceId, sha256};
use samverkan_proto::statement::epoch_key::EpochKey;
use samverkan_proto::statement::log::{Checkpoint, Leaf, OrganisationEntry, Record};
use samverkan_proto::statement::manifest::{Manifest, SignedManifest};

use super::{
    Claim, CodeHash, FirstManifest, HandleOwner, Invite, KeyHolder, Organisation, Registry, Standing,
    UsedInvite,
};

/// Weeks of epoch keys kept behind a device's newest: eight ahead, the one before the current, and one to spare.
const WEEKS_KEPT: u32 = 10;

impl Registry {
    /// Says that something has changed.
    pub(crate) fn bump(&mut self) {
        self.generation += 1;
    }

    /// A leaf with its record was appended to the log.
    pub(crate) fn append(&mut self, leaf: Leaf, record: &Record) {
        self.log.push(leaf);
        match record {
            Record::Manifest(signed) => self.manifest(signed),
            Record::EpochKeys(batch) => self.epoch_keys_of(batch.device_id(), batch.keys()),
            Record::Organisation(entry) => self.entry(entry),
            Record::HubKeys(keys) => self.pin = keys.pin(),
            Record::Action(action) => self.operators.apply(action),
            Record::Agreement(signed) => self.agreements.apply(signed),
            Record::Certificate(_) => {}
        }
    }

    /// The hub has signed the log as it is now.
    pub(crate) fn sign_log(&mut self, checkpoint: Checkpoint) {
        self.log.sign(checkpoint);
    }

    /// A member has shown that the log is not the signed one, or it is so again.
    pub(crate) fn set_claim(&mut self, claim: Option<Claim>) {
        self.log.set_claim(claim);
    }

    /// An invite was made.
    pub(crate) fn add_invite(&mut self, code: CodeHash, invite: Invite) {
        let handle = invite.invitation.handle.clone();
        Arc::make_mut(&mut self.handles).insert(handle, HandleOwner::Invite(code));
        self.invites.insert(code, Arc::new(invite));
    }

    /// An invite was withdrawn, or has expired.
    pub(crate) fn remove_invite(&mut self, code: &CodeHash) {
        let Some(invite) = self.invites.remove(code) else { return };
        let handle = &invite.invitation.handle;
        if self.handles.get(handle) == Some(&HandleOwner::Invite(*code)) {
            Arc::make_mut(&mut self.handles).remove(handle);
        }
    }

    /// An invite was used. The organisation's first manifest has taken its handle over.
    pub(crate) fn use_invite(&mut self, code: CodeHash, used: UsedInvite) {
        self.remove_invite(&code);
        self.used_invites.insert(code, used);
    }

    /// A used invite need not be answered any more.
    pub(crate) fn forget_used_invite(&mut self, code: &CodeHash) {
        self.used_invites.remove(code);
    }

    fn manifest(&mut self, signed: &SignedManifest) {
        let manifest = Arc::new(signed.manifest().clone());
        let (id, hash, len) = (manifest.org_id(), sha256(signed.bytes()), signed.bytes().len() as u64);
        let before = self.organisations.get(&id).cloned();
        // Its leaf is the one that was appended last.
        let leaf = self.log.size().saturating_sub(1);
        let recovered = signed.is_recovery();
        self.name_devices(&manifest, before.as_ref().map(|before| &*before.manifest), recovered);
        let organisation = match before {
            Some(before) => Organisation {
                manifest,
                signed: hash,
                manifest_bytes: before.manifest_bytes.saturating_add(len),
                manifest_leaf: leaf,
                recovered,
                ..(*before).clone()
            },
            // The entry follows in the same batch; until then the manifest can not be acted upon.
            None => {
                let handle = manifest.fields().handle.clone();
                Arc::make_mut(&mut self.handles).insert(handle, HandleOwner::Organisation(id));
                self.waiting.insert(id, FirstManifest { manifest, signed: hash, len, leaf });
                return;
            }
        };
        self.organisations.insert(id, Arc::new(organisation));
    }

    fn name_devices(&mut self, manifest: &Manifest, before: Option<&Manifest>, recovered: bool) {
        let org = manifest.org_id();
        for old in before.iter().flat_map(|before| before.devices()) {
            let standing = match manifest.device(&old.id()) {
                Some(device) if device.tls_key == old.tls_key => continue,
                Some(_) => Standing::Replaced,
                None if recovered => Standing::Recovered,
                None => Standing::Revoked,
            };
            self.tls_keys.insert(old.tls_key, KeyHolder { org, device: old.id(), standing });
            if matches!(standing, Standing::Revoked | Standing::Recovered) {
                self.epoch_keys.remove(&old.id());
            }
        }
        for device in manifest.devices() {
            let holder = KeyHolder { org, device: device.id(), standing: Standing::Current };
            self.tls_keys.insert(device.tls_key, holder);
            self.devices.insert(device.id(), org);
        }
    }

    fn epoch_keys_of(&mut self, device: DeviceId, keys: &[EpochKey]) {
        let mut known = self.epoch_keys.get(&device).map(|keys| (**keys).clone()).unwrap_or_default();
        known.extend(keys.iter().map(|key| (key.epoch(), key.id())));
        if let Some((newest, _)) = known.last_key_value() {
            let oldest = newest.number().saturating_sub(WEEKS_KEPT);
            known.retain(|epoch, _| epoch.number() >= oldest);
        }
        self.epoch_keys.insert(device, Arc::new(known));
    }

    fn entry(&mut self, entry: &OrganisationEntry) {
        let id = entry.fields().org_id;
        let state = entry.fields().state;
        let entry = entry.clone();
        let organisation = match (self.organisations.get(&id), self.waiting.remove(&id)) {
            (Some(before), _) => {
                let suspended = state == OrganisationState::Suspended;
                let resumes_to = if suspended { before.resumes_to } else { state };
                Organisation { entry, resumes_to, ..(**before).clone() }
            }
            (None, Some(FirstManifest { manifest, signed, len, leaf })) => {
                let joined_ms = entry.fields().since_ms;
                let resumes_to = state;
                Organisation {
                    entry,
                    manifest,
                    manifest_leaf: leaf,
                    signed,
                    manifest_bytes: len,
                    joined_ms,
                    resumes_to,
                    recovered: false,
                }
            }
            // An entry without a manifest is never written.
            (None, None) => return,
        };
        self.organisations.insert(id, Arc::new(organisation));
    }
}
