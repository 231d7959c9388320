//! Who is who: organisations, their devices and keys, invites and the log, as one immutable snapshot.
//!
//! A [`Registry`] is a fold over what the store has journalled: the log's entries and the invites. The store's
//! writer makes a new snapshot for each change and publishes it when the change is on disk; everybody else reads.
//! Nothing here does I/O or reads a clock.
//!
//! | file | owns |
//! |---|---|
//! | `mod.rs` | the snapshot and all that may be asked of it |
//! | `organisation.rs`, `invite.rs`, `membership.rs`, `operators.rs`, `log.rs` | what it holds |
//! | `change.rs` | the fold: what each journalled fact does to it |
//! | `rules.rs` | what a change must obey before it is journalled |
//! | `sharded.rs` | maps that are cheap to copy |

mod change;
mod invite;
mod log;
mod membership;
mod operators;
mod organisation;
mod rules;
mod sharded;

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::sync::Arc;

use samverkan_proto::ids::{DeviceId, EpochKeyId, Handle, OrgId, TlsKeyHash};
use samverkan_proto::statement::epoch_key::Epoch;
use samverkan_proto::statement::log::{Agreements, Operators};
use samverkan_proto::statement::manifest::Manifest;
use samverkan_proto::statement::operator::SignedAction;

pub use invite::{CodeHash, Invitation, Invite, UsedInvite};
pub use log::{Claim, Log};
pub(crate) use membership::Admission;
pub use membership::{MemberInvite, MemberStep};
pub(crate) use operators::lapses_ms;
pub use organisation::{KeyHolder, Organisation, Standing};
pub(crate) use rules::first_entry;
pub use rules::{RegistryRefusal, VerifiedEpochKeys};

use sharded::Sharded;

/// Who has a handle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HandleOwner {
    /// An organisation, in whatever state; for good.
    Organisation(OrgId),
    /// An invite that was not used.
    Invite(CodeHash),
}

/// A first manifest, with the hash and the length of its signed form.
#[derive(Clone, Debug)]
struct FirstManifest {
    manifest: Arc<Manifest>,
    signed: [u8; 32],
    len: u64,
    leaf: u64,
}

/// One state of everything the hub knows about organisations. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Registry {
    generation: u64,
    organisations: Sharded<OrgId, Arc<Organisation>>,
    handles: Arc<BTreeMap<Handle, HandleOwner>>,
    /// Every TLS key that a manifest ever named.
    tls_keys: Sharded<TlsKeyHash, KeyHolder>,
    /// Every device that a manifest ever named, with its organisation.
    devices: Sharded<DeviceId, OrgId>,
    epoch_keys: Sharded<DeviceId, Arc<BTreeMap<Epoch, EpochKeyId>>>,
    /// First manifests whose organisation entry has not come yet: it follows in the same batch.
    waiting: HashMap<OrgId, FirstManifest>,
    invites: Sharded<CodeHash, Arc<Invite>>,
    used_invites: Sharded<CodeHash, UsedInvite>,
    /// What admins have told of the members they invited, a small map for each organisation.
    member_invites: Sharded<OrgId, Arc<BTreeMap<CodeHash, MemberInvite>>>,
    /// The pin of the hub's keys, which operators' actions name.
    pin: [u8; 32],
    operators: Operators,
    agreements: Agreements,
    /// Actions that wait for a second signature, or have waited in vain, by the hash of their statement.
    waiting_actions: Arc<BTreeMap<[u8; 32], SignedAction>>,
    log: Log,
}

impl Registry {
    /// Grows with every change. A decision made under one generation does not hold under the next.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// An organisation by its id.
    pub fn organisation(&self, id: &OrgId) -> Option<&Arc<Organisation>> {
        self.organisations.get(id)
    }

    /// An organisation by its handle, in whatever state.
    pub fn by_handle(&self, handle: &Handle) -> Option<&Arc<Organisation>> {
        match self.handles.get(handle)? {
            HandleOwner::Organisation(id) => self.organisation(id),
            HandleOwner::Invite(_) => None,
        }
    }

    /// Organisations and open invites in the order of their handles, from after `after` on.
    pub fn handles_after(&self, after: Option<&Handle>) -> impl Iterator<Item = (&Handle, HandleOwner)> {
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        self.handles.range((start, Bound::Unbounded)).map(|(handle, owner)| (handle, *owner))
    }

    /// Who has a handle.
    pub fn handle_owner(&self, handle: &Handle) -> Option<HandleOwner> {
        self.handles.get(handle).copied()
    }

    /// Number of organisations, in whatever state.
    pub fn organisation_count(&self) -> usize {
        self.organisations.len()
    }

    /// Every organisation, in no particular order.
    pub fn organisations(&self) -> impl Iterator<Item = &Arc<Organisation>> {
        self.organisations.iter().map(|(_, organisation)| organisation)
    }

    /// The device whose certificate has, or once had, this key.
    pub fn key_holder(&self, key: &TlsKeyHash) -> Option<KeyHolder> {
        self.tls_keys.get(key).copied()
    }

    /// The organisation whose manifest names, or once named, this device.
    pub fn org_of(&self, device: &DeviceId) -> Option<OrgId> {
        self.devices.get(device).copied()
    }

    /// Every device that a manifest names, or once named, with its organisation.
    pub fn devices(&self) -> impl Iterator<Item = (&DeviceId, &OrgId)> {
        self.devices.iter()
    }

    /// Whether the device stands in the newest manifest of this organisation.
    pub fn is_current(&self, org: &OrgId, device: &DeviceId) -> bool {
        self.organisation(org).is_some_and(|organisation| organisation.has_device(device))
    }

    /// A device's key for one week. Keys of weeks long past are forgotten.
    pub fn epoch_key(&self, device: &DeviceId, epoch: Epoch) -> Option<EpochKeyId> {
        self.epoch_keys.get(device)?.get(&epoch).copied()
    }

    /// The invite with this code, used or not by its time alone: the caller compares `expires_ms`.
    pub fn invite(&self, code: &CodeHash) -> Option<&Arc<Invite>> {
        self.invites.get(code)
    }

    /// What a used code was used for.
    pub fn used_invite(&self, code: &CodeHash) -> Option<UsedInvite> {
        self.used_invites.get(code).copied()
    }

    /// What organisations may send each other, as the log says it.
    pub fn agreements(&self) -> &Agreements {
        &self.agreements
    }

    /// The log.
    pub fn log(&self) -> &Log {
        &self.log
    }
}
