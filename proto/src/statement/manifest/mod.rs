//! An organisation's manifest: its devices, its mailboxes, who reads which, and who was revoked (PROTOCOL.md section 5).
//!
//! * [`ManifestFields`]: what it says, as plain data; [`Manifest::build`] turns it into bytes.
//! * [`Manifest`]: bytes that obey every rule for one manifest, and what they say.
//! * [`SignedManifest`]: a manifest with signatures that nobody has checked.
//! * [`VerifiedManifest`]: one that follows from its predecessor; made by verification alone.

mod layout;
mod rules;
mod signed;
#[cfg(test)]
mod tests;

pub use signed::{ManifestSignature, SignedManifest, VerifiedManifest};

use crate::code::{RevocationReason, Roles};
use crate::fault::InvalidField;
use crate::ids::{DeviceId, Handle, MailboxId, MailboxName, OrgId, OrganisationNumber, TlsKeyHash, sha256};
use crate::sign::PublicKey;
use bytes::Bytes;

/// A device of the organisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    id: DeviceId,
    sign_pk: PublicKey,
    /// Names the key of its client certificate.
    pub tls_key: TlsKeyHash,
    /// What it may do.
    pub roles: Roles,
    /// When its time in the manifest begins.
    pub added_ms: u64,
    /// When its time runs out; at most 400 days after `added_ms`.
    pub expires_ms: u64,
}

impl Device {
    /// The device that signs with `sign_pk`; its id follows from the key.
    #[must_use]
    pub fn new(
        sign_pk: PublicKey,
        tls_key: TlsKeyHash,
        roles: Roles,
        added_ms: u64,
        expires_ms: u64,
    ) -> Self {
        Self { id: DeviceId::of_key(sign_pk.as_bytes()), sign_pk, tls_key, roles, added_ms, expires_ms }
    }

    /// Its identifier, the hash of its key.
    #[must_use]
    pub const fn id(&self) -> DeviceId {
        self.id
    }

    /// The key it signs with.
    #[must_use]
    pub const fn sign_pk(&self) -> &PublicKey {
        &self.sign_pk
    }

    /// Whether it signs manifests.
    #[must_use]
    pub const fn is_admin(&self) -> bool {
        self.roles.contains(Roles::ADMIN)
    }
}

/// A mailbox and who reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mailbox {
    /// Random, never reused.
    pub id: MailboxId,
    /// Its name within the organisation.
    pub name: MailboxName,
    /// The devices that read it, 1 to 16, ascending.
    pub readers: Vec<DeviceId>,
}

/// A device that may no longer be believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// Which one.
    pub device_id: DeviceId,
    /// From when on.
    pub revoked_ms: u64,
    /// Why.
    pub reason: RevocationReason,
}

/// What a manifest says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManifestFields {
    /// 1 for the first, one more for each that follows.
    pub serial: u64,
    /// Hash of the manifest before this one; zero for serial 1.
    pub prev: [u8; 32],
    /// When it was made.
    pub issued_ms: u64,
    /// When it should have been replaced.
    pub not_after_ms: u64,
    /// The key that commits to the organisation.
    pub root_pk: PublicKey,
    /// The organisation's handle; never changes.
    pub handle: Handle,
    /// The organisation number; never changes.
    pub organisation_number: OrganisationNumber,
    /// How many admins must sign the next manifest.
    pub threshold: u8,
    /// 1 to 256 devices, ascending by id.
    pub devices: Vec<Device>,
    /// 1 to 64 mailboxes, ascending by id.
    pub mailboxes: Vec<Mailbox>,
    /// At most 1,024 revocations, ascending by device.
    pub revocations: Vec<Revocation>,
}

impl ManifestFields {
    /// The fields of the manifest that follows `previous`, with nothing else changed yet.
    #[must_use]
    pub fn following(previous: &Manifest, issued_ms: u64, not_after_ms: u64) -> Self {
        Self {
            serial: previous.serial().saturating_add(1),
            prev: previous.hash,
            issued_ms,
            not_after_ms,
            ..previous.fields.clone()
        }
    }

    /// Brings every list into its order.
    fn sort(&mut self) {
        self.devices.sort_by_key(Device::id);
        self.mailboxes.sort_by_key(|mailbox| mailbox.id);
        self.mailboxes.iter_mut().for_each(|mailbox| mailbox.readers.sort_unstable());
        self.revocations.sort_by_key(|revocation| revocation.device_id);
    }
}

/// A manifest that obeys every rule for one manifest. Says nothing about who signed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    fields: ManifestFields,
    org_id: OrgId,
    hash: [u8; 32],
    bytes: Bytes,
}

impl Manifest {
    /// Reads the bytes `manifest` of PROTOCOL.md section 5 and keeps them.
    ///
    /// # Errors
    /// The first fault, in the order of section 5.
    pub fn parse(bytes: Bytes) -> Result<Self, InvalidField> {
        let (org_id, fields) = layout::read(&bytes)?.check()?;
        Ok(Self { fields, org_id, hash: sha256(&bytes), bytes })
    }

    /// Writes the fields, their lists in any order, and checks them by the same rules.
    ///
    /// # Errors
    /// The first fault, as [`Manifest::parse`] would name it.
    pub fn build(mut fields: ManifestFields) -> Result<Self, InvalidField> {
        fields.sort();
        Self::parse(layout::write(&fields)?.into())
    }

    /// The bytes that are hashed and signed.
    #[must_use]
    pub const fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// `H(bytes)`, which the next manifest names as `prev`.
    #[must_use]
    pub const fn hash(&self) -> &[u8; 32] {
        &self.hash
    }

    /// Everything it says.
    #[must_use]
    pub const fn fields(&self) -> &ManifestFields {
        &self.fields
    }

    /// The organisation.
    #[must_use]
    pub const fn org_id(&self) -> OrgId {
        self.org_id
    }

    /// Its place in the chain, from 1.
    #[must_use]
    pub const fn serial(&self) -> u64 {
        self.fields.serial
    }

    /// Every device, ascending by id.
    #[must_use]
    pub fn devices(&self) -> &[Device] {
        &self.fields.devices
    }

    /// Every mailbox, ascending by id.
    #[must_use]
    pub fn mailboxes(&self) -> &[Mailbox] {
        &self.fields.mailboxes
    }

    /// The device with this id.
    #[must_use]
    pub fn device(&self, id: &DeviceId) -> Option<&Device> {
        let at = self.fields.devices.binary_search_by_key(id, Device::id).ok()?;
        self.fields.devices.get(at)
    }

    /// The device whose client certificate has this key.
    #[must_use]
    pub fn device_by_tls_key(&self, key: &TlsKeyHash) -> Option<&Device> {
        self.fields.devices.iter().find(|device| device.tls_key == *key)
    }

    /// The mailbox with this id.
    #[must_use]
    pub fn mailbox(&self, id: &MailboxId) -> Option<&Mailbox> {
        let at = self.fields.mailboxes.binary_search_by_key(id, |mailbox| mailbox.id).ok()?;
        self.fields.mailboxes.get(at)
    }

    /// The mailbox with this name.
    #[must_use]
    pub fn mailbox_by_name(&self, name: &MailboxName) -> Option<&Mailbox> {
        self.fields.mailboxes.iter().find(|mailbox| mailbox.name == *name)
    }

    /// The devices that read a mailbox, ascending by id; none for a mailbox that does not exist.
    pub fn readers<'a>(&'a self, id: &MailboxId) -> impl Iterator<Item = &'a Device> {
        let readers = self.mailbox(id).map_or(&[][..], |mailbox| &mailbox.readers);
        readers.iter().filter_map(|reader| self.device(reader))
    }

    /// Whether a device reads a mailbox.
    #[must_use]
    pub fn reads(&self, device: &DeviceId, mailbox: &MailboxId) -> bool {
        self.mailbox(mailbox).is_some_and(|mailbox| mailbox.readers.binary_search(device).is_ok())
    }

    /// The mailboxes that a device reads, ascending by id.
    pub fn mailboxes_of<'a>(&'a self, device: &DeviceId) -> impl Iterator<Item = &'a Mailbox> {
        let device = *device;
        self.fields.mailboxes.iter().filter(move |mailbox| mailbox.readers.binary_search(&device).is_ok())
    }

    /// The admin devices, ascending by id: signer `i ≥ 1` of the next manifest is the i-th of them.
    pub fn admins(&self) -> impl Iterator<Item = &Device> {
        self.fields.devices.iter().filter(|device| device.is_admin())
    }

    /// Whether no device of `previous` is left: the only change that the root may sign (PROTOCOL.md section 5).
    #[must_use]
    pub fn begins_anew_after(&self, previous: &Self) -> bool {
        previous.devices().iter().all(|was| self.device(&was.id()).is_none())
    }

    /// Whether it does no more than take devices out of what they could do in `previous`: no device is new or changed, no mailbox is new
    /// or has another reader.
    #[must_use]
    pub fn only_takes_out_of(&self, previous: &Self) -> bool {
        let was_device = |device: &Device| previous.device(&device.id()) == Some(device);
        let was_mailbox = |mailbox: &Mailbox| {
            previous.mailbox(&mailbox.id).is_some_and(|was| {
                was.name == mailbox.name && mailbox.readers.iter().all(|reader| was.readers.contains(reader))
            })
        };
        self.fields.revocations != previous.fields.revocations
            && self.devices().iter().all(was_device)
            && self.mailboxes().iter().all(was_mailbox)
    }

    /// The revocation of a device.
    #[must_use]
    pub fn revocation(&self, id: &DeviceId) -> Option<&Revocation> {
        let revocations = &self.fields.revocations;
        let at = revocations.binary_search_by_key(id, |revocation| revocation.device_id).ok()?;
        revocations.get(at)
    }
}
