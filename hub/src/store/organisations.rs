//! Operations on the registry: inviting, joining, publishing, and the operator's word.

use bytes::Bytes;
use ring::rand::{SecureRandom, SystemRandom};
use samverkan_proto::code::OrganisationState;
use samverkan_proto::ids::{Handle, OrgId, sha256};
use samverkan_proto::limits::{DAY_MS, INVITE_MS, MAX_PLACES};
use samverkan_proto::statement::epoch_key::EpochKey;
use samverkan_proto::statement::log::{Checkpoint, EpochKeyBatch, Leaf, OrganisationEntry, Record};
use samverkan_proto::statement::manifest::{Manifest, VerifiedManifest};

use super::draft::Draft;
use super::error::StoreError;
use super::handle::Store;
use super::journal::{Body, Room};
use super::key::{self, Due};
use super::record;
use super::writer::Committed;
use crate::policy::agreement::AgreementPermit;
use crate::policy::recover::RecoverPermit;
use crate::policy::renew::RenewPermit;
use crate::registry::{
    CodeHash, HandleOwner, Invitation, Invite, RegistryRefusal, UsedInvite, VerifiedEpochKeys, first_entry,
};

/// How long a used invite is answered again with the same certificate: as long as nobody else can renew it.
pub(super) const USED_INVITE_KEPT_MS: u64 = 30 * DAY_MS;
/// Entries of the log that are read at once.
pub const LOG_PAGE: u64 = 1024;
/// Record bytes after which a page of the log ends.
const LOG_PAGE_BYTES: usize = 1 << 20;

/// One entry of the log as it travels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEntry {
    /// Leaf data.
    pub leaf: Vec<u8>,
    /// The record beside it.
    pub record: Bytes,
}

/// What an organisation joins with.
#[derive(Debug)]
pub struct Enrolment {
    /// The one-time code.
    pub code: [u8; 16],
    /// The organisation's first manifest.
    pub manifest: VerifiedManifest,
    /// The certificate that was issued to its device, DER.
    pub certificate: Bytes,
    /// Its device's first keys, perhaps none.
    pub epoch_keys: VerifiedEpochKeys,
}

impl Store {
    /// Writes an organisation down and makes its one-time code. Gives the code, and when it stops working.
    ///
    /// # Errors
    /// [`RegistryRefusal::HandleTaken`], `NumberTaken`, `SignatureRequired`; [`StoreError::Internal`] for lists above 32 entries or without randomness.
    pub async fn invite(&self, invitation: Invitation) -> Result<([u8; 16], u64), StoreError> {
        let mut code = [0; 16];
        SystemRandom::new().fill(&mut code).map_err(|_| StoreError::Internal("no randomness"))?;
        let expires_ms = self
            .call(Room::Ordinary, move |draft| {
                draft.registry().check_unsigned()?;
                let expires_ms = invite(draft, &CodeHash::of(&code), invitation)?;
                Ok(move |_: &_| Ok(expires_ms))
            })
            .await?;
        Ok((code, expires_ms))
    }

    /// Withdraws the open invite with this handle.
    ///
    /// # Errors
    /// [`RegistryRefusal::OrganisationUnknown`] when there is none; `SignatureRequired`.
    pub async fn withdraw_invite(&self, handle: Handle) -> Result<(), StoreError> {
        self.call(Room::Reserve, move |draft| {
            draft.registry().check_unsigned()?;
            let Some(HandleOwner::Invite(code)) = draft.registry().handle_owner(&handle) else {
                return Err(RegistryRefusal::OrganisationUnknown.into());
            };
            drop_invite(draft, &code)?;
            draft.registry_changed();
            Ok(|_: &_| Ok(()))
        })
        .await
    }

    /// Registers an organisation. Gives the certificate to answer with: the first one, if the same manifest came
    /// with the same code before.
    ///
    /// # Errors
    /// [`RegistryRefusal::InviteInvalid`], `ManifestRefused`, `EpochKeyRefused`.
    pub async fn enrol(&self, enrolment: Enrolment) -> Result<Bytes, StoreError> {
        let index = self
            .call(Room::Ordinary, move |draft| {
                let certificate = enrol(draft, enrolment)?;
                Ok(move |_: &_| Ok(certificate))
            })
            .await?;
        let mut entries = self.log_entries(index).await?;
        // The index was given for an entry that is on disk.
        if entries.is_empty() { Err(StoreError::Damaged) } else { Ok(entries.swap_remove(0).record) }
    }

    /// Replaces an organisation's manifest. Gives the log's size with it. The newest again is taken again.
    ///
    /// # Errors
    /// [`RegistryRefusal::ManifestRefused`], `LogShare`.
    pub async fn publish_manifest(&self, manifest: VerifiedManifest) -> Result<u64, StoreError> {
        self.call(Room::Ordinary, move |draft| {
            replace_manifest(draft, &manifest)?;
            let size = draft.registry().log().size();
            Ok(move |_: &_| Ok(size))
        })
        .await
    }

    /// Logs a version of an agreement. Gives the log's size with it. The newest again is taken again.
    ///
    /// # Errors
    /// [`RegistryRefusal::AgreementRefused`].
    pub async fn publish_agreement(&self, permit: AgreementPermit) -> Result<u64, StoreError> {
        self.call(Room::Ordinary, move |draft| {
            let signed = permit.into_agreement();
            if draft.registry().check_agreement(&signed)? {
                let (leaf, bytes) = (Leaf::of_agreement(&signed), signed.bytes().clone());
                draft.append_leaf(leaf, &Record::Agreement(signed), bytes)?;
                draft.registry_changed();
            }
            let size = draft.registry().log().size();
            Ok(move |_: &_| Ok(size))
        })
        .await
    }

    /// The newest checkpoint, with a cosignature that is not older than an hour. Where the disk does not let the writer go on, the last
    /// one that there is: an old time is the truth then. `None` only before the hub's keys are in the log.
    pub async fn fresh_checkpoint(&self) -> Option<Checkpoint> {
        if !self.registry().log().is_behind() && !self.registry().log().is_fresh(self.clock().now_ms()) {
            // The writer alone signs, so that no larger tree has an earlier time; it does so with whatever it commits.
            let nothing = |_: &mut Draft| Ok(|_: &Committed| Ok(()));
            if let Err(error) = self.call(Room::Reserve, nothing).await {
                tracing::warn!(%error, "the log could not be cosigned");
            }
        }
        self.registry().log().checkpoint().cloned()
    }

    /// Publishes epoch keys of a device. Gives the log's size with them. Keys that are known are taken again.
    ///
    /// # Errors
    /// [`RegistryRefusal::EpochKeyRefused`].
    pub async fn publish_epoch_keys(&self, keys: VerifiedEpochKeys) -> Result<u64, StoreError> {
        self.call(Room::Ordinary, move |draft| {
            let new = draft.registry().check_epoch_keys(keys, draft.now_ms)?;
            append_epoch_keys(draft, new)?;
            let size = draft.registry().log().size();
            Ok(move |_: &_| Ok(size))
        })
        .await
    }

    /// Logs a certificate that a device got after its first. Gives the log's size with it.
    ///
    /// # Errors
    /// [`RegistryRefusal::StateConflict`] when the device, or the key, was revoked or the organisation removed meanwhile.
    pub async fn log_certificate(&self, permit: RenewPermit, certificate: Bytes) -> Result<u64, StoreError> {
        self.call(Room::Ordinary, move |draft| {
            let (org, device) = permit.device();
            draft.registry().check_certifiable(&org, &device, &permit.tls_key())?;
            let leaf = Leaf::of_certificate(org, device, &certificate);
            draft.append_leaf(leaf, &Record::Certificate(certificate.clone()), certificate)?;
            draft.registry_changed();
            let size = draft.registry().log().size();
            Ok(move |_: &_| Ok(size))
        })
        .await
    }

    /// Registers what the recovery kit signed, and logs its device's certificate.
    ///
    /// # Errors
    /// [`RegistryRefusal::ManifestRefused`] when another manifest has come in between; `EpochKeyRefused`, `LogShare`.
    pub async fn recover(&self, permit: RecoverPermit, certificate: Bytes) -> Result<(), StoreError> {
        self.call(Room::Ordinary, move |draft| {
            let (org, device) = permit.device();
            let tls_key = permit.tls_key();
            let (manifest, epoch_keys) = permit.into_parts();
            let keys = draft.registry().new_epoch_keys(epoch_keys, draft.now_ms)?;
            if let Some(manifest) = manifest {
                replace_manifest(draft, &manifest)?;
            }
            draft.registry().check_certifiable(&org, &device, &tls_key)?;
            let leaf = Leaf::of_certificate(org, device, &certificate);
            draft.append_leaf(leaf, &Record::Certificate(certificate.clone()), certificate)?;
            append_epoch_keys(draft, keys)?;
            draft.registry_changed();
            Ok(|_: &_| Ok(()))
        })
        .await
    }

    /// Moves an organisation to another state; resuming is moving to the state before the suspension. Gives the
    /// newest entry, which is the old one when it stands there already.
    ///
    /// # Errors
    /// [`RegistryRefusal::OrganisationUnknown`], `StateConflict`, `SignatureRequired`.
    pub async fn set_state(
        &self,
        org: OrgId,
        state: OrganisationState,
    ) -> Result<OrganisationEntry, StoreError> {
        self.call(Room::Reserve, move |draft| {
            draft.registry().check_unsigned()?;
            if let Some(entry) = draft.registry().next_entry(&org, state, draft.now_ms)? {
                enter(draft, &org, entry)?;
            }
            Ok(move |committed: &Committed| {
                let organisation = committed.registry.organisation(&org);
                organisation
                    .map(|organisation| organisation.entry().clone())
                    .ok_or(StoreError::Internal("an organisation has vanished"))
            })
        })
        .await
    }

    /// The entries of the log from `from` on, at most [`LOG_PAGE`] of them and about 1 MiB; none at its end.
    ///
    /// # Errors
    /// [`StoreError::Damaged`].
    pub async fn log_entries(&self, from: u64) -> Result<Vec<LogEntry>, StoreError> {
        self.read(move |view| {
            let (mut entries, mut bytes) = (Vec::new(), 0);
            for pair in view.index.range(&key::log(from), Some(&key::log(from.saturating_add(LOG_PAGE)))) {
                let (_, read) = view.record(&pair?.0)?.ok_or(StoreError::Damaged)?;
                let (_, leaf) = record::parse_log_entry(&read.head).ok_or(StoreError::Damaged)?;
                bytes += read.body.len();
                entries.push(LogEntry { leaf: leaf.encode(), record: read.body });
                if bytes >= LOG_PAGE_BYTES {
                    break;
                }
            }
            Ok(entries)
        })
        .await
    }
}

pub(super) fn invite(draft: &mut Draft, code: &CodeHash, invitation: Invitation) -> Result<u64, StoreError> {
    if invitation.municipalities.len().max(invitation.services.len()) > MAX_PLACES.into() {
        return Err(StoreError::Internal("an invitation's list is too long"));
    }
    draft.registry().check_invitable(&invitation, draft.now_ms)?;
    if let Some(HandleOwner::Invite(expired)) = draft.registry().handle_owner(&invitation.handle) {
        drop_invite(draft, &expired)?;
    }
    let expires_ms = draft.now_ms.saturating_add(INVITE_MS);
    let invite = Invite { invitation, since_ms: draft.now_ms, expires_ms };
    let head = record::invite::encode(code, &invite);
    let pushed = draft.push(record::kind::INVITE, head, Body::empty())?;
    draft.put(key::invite(code), pushed.location.to_bytes())?;
    draft.put(key::due(expires_ms, Due::Invite, code.as_bytes()), [])?;
    draft.registry_mut().add_invite(*code, invite);
    draft.registry_changed();
    Ok(expires_ms)
}

/// Deletes an open invite everywhere.
pub(super) fn drop_invite(draft: &mut Draft, code: &CodeHash) -> Result<(), StoreError> {
    if let Some(invite) = draft.registry().invite(code) {
        let due = key::due(invite.expires_ms, Due::Invite, code.as_bytes());
        draft.delete(due)?;
    }
    draft.drop_record(key::invite(code))?;
    draft.registry_mut().remove_invite(code);
    Ok(())
}

/// An invite's time is up.
pub(super) fn expire_invite(draft: &mut Draft, code: &[u8]) -> Result<(), StoreError> {
    let code = CodeHash::from_bytes(code.try_into().map_err(|_| StoreError::Damaged)?);
    drop_invite(draft, &code)?;
    draft.registry_changed();
    Ok(())
}

/// A used invite was answered long enough.
pub(super) fn forget_used_invite(draft: &mut Draft, code: &[u8]) -> Result<(), StoreError> {
    let code = CodeHash::from_bytes(code.try_into().map_err(|_| StoreError::Damaged)?);
    draft.drop_record(key::used_invite(&code))?;
    draft.registry_mut().forget_used_invite(&code);
    draft.registry_changed();
    Ok(())
}

/// Registers the organisation and gives the index of its certificate in the log.
fn enrol(draft: &mut Draft, enrolment: Enrolment) -> Result<u64, StoreError> {
    let Enrolment { code, manifest, certificate, epoch_keys } = enrolment;
    let code = CodeHash::of(&code);
    let hash = sha256(manifest.signed().bytes());
    if let Some(used) = draft.registry().used_invite(&code) {
        let same = used.manifest == hash;
        return if same { Ok(used.certificate) } else { Err(RegistryRefusal::InviteInvalid.into()) };
    }
    let invite = draft.registry().usable_invite(&code, draft.now_ms)?.clone();
    draft.registry().check_first(&manifest, &invite)?;
    let (org, device) = epoch_keys.device();
    if org != manifest.manifest().org_id() || manifest.manifest().device(&device).is_none() {
        return Err(RegistryRefusal::EpochKeyRefused.into());
    }
    let keys = draft.registry().new_epoch_keys(epoch_keys, draft.now_ms)?;
    let entry = first_entry(&manifest, &invite, draft.now_ms).map_err(RegistryRefusal::ManifestRefused)?;

    let signed = manifest.signed().clone();
    let bytes = signed.bytes().clone();
    draft.append_leaf(Leaf::of_manifest(&signed), &Record::Manifest(signed), bytes)?;
    append_entry(draft, entry)?;
    let leaf = Leaf::of_certificate(org, device, &certificate);
    let index = draft.append_leaf(leaf, &Record::Certificate(certificate.clone()), certificate)?;
    append_epoch_keys(draft, keys)?;

    drop_invite(draft, &code)?;
    let used = UsedInvite { manifest: hash, certificate: index, used_ms: draft.now_ms };
    let head = record::invite::encode_used(&code, &used);
    let pushed = draft.push(record::kind::USED_INVITE, head, Body::empty())?;
    draft.put(key::used_invite(&code), pushed.location.to_bytes())?;
    let forget = used.used_ms.saturating_add(USED_INVITE_KEPT_MS);
    draft.put(key::due(forget, Due::UsedInvite, code.as_bytes()), [])?;
    draft.registry_mut().use_invite(code, used);
    draft.registry_changed();
    Ok(index)
}

/// Puts a manifest in the place of its organisation's newest, unless it is that already.
fn replace_manifest(draft: &mut Draft, manifest: &VerifiedManifest) -> Result<(), StoreError> {
    if draft.registry().check_next(manifest, draft.now_ms)? {
        sweep_changed(draft, manifest.manifest());
        let signed = manifest.signed().clone();
        let (leaf, bytes) = (Leaf::of_manifest(&signed), signed.bytes().clone());
        draft.append_leaf(leaf, &Record::Manifest(signed), bytes)?;
        draft.registry_changed();
    }
    Ok(())
}

/// Has the queues looked through of devices that are gone, or read other mailboxes than before.
pub(super) fn sweep_changed(draft: &mut Draft, next: &Manifest) {
    let org = next.org_id();
    let Some(before) = draft.registry().organisation(&org).cloned() else { return };
    for device in before.manifest().devices() {
        let id = device.id();
        let stays = before.manifest().mailboxes_of(&id).all(|mailbox| next.reads(&id, &mailbox.id));
        if !stays || next.device(&id).is_none() {
            draft.sweep(org, id);
        }
    }
}

/// Has the queues of an organisation looked through that may not receive any more.
pub(super) fn sweep_cut(draft: &mut Draft, org: &OrgId) {
    let Some(organisation) = draft.registry().organisation(org).cloned() else { return };
    if matches!(organisation.state(), OrganisationState::Suspended | OrganisationState::Removed) {
        for device in organisation.manifest().devices() {
            draft.sweep(*org, device.id());
        }
    }
}

/// Lets an organisation stand where a new entry says, with all that follows from it.
pub(super) fn enter(draft: &mut Draft, org: &OrgId, entry: OrganisationEntry) -> Result<(), StoreError> {
    append_entry(draft, entry)?;
    draft.registry_changed();
    sweep_cut(draft, org);
    Ok(())
}

fn append_entry(draft: &mut Draft, entry: OrganisationEntry) -> Result<(), StoreError> {
    let (leaf, bytes) = (Leaf::of_organisation(&entry), entry.bytes().clone());
    draft.append_leaf(leaf, &Record::Organisation(entry), bytes).map(drop)
}

fn append_epoch_keys(draft: &mut Draft, keys: Vec<EpochKey>) -> Result<(), StoreError> {
    if keys.is_empty() {
        return Ok(());
    }
    let batch = EpochKeyBatch::build(keys).map_err(|_| RegistryRefusal::EpochKeyRefused)?;
    let (leaf, bytes) = (Leaf::of_epoch_keys(&batch), batch.bytes().clone());
    draft.append_leaf(leaf, &Record::EpochKeys(batch), bytes)?;
    draft.registry_changed();
    Ok(())
}
