//! The rules between the fields of one manifest, and between a manifest and its predecessor, in the order of PROTOCOL.md section 5.

use super::layout::{Raw, RawDevice};
use super::{Device, Manifest, ManifestFields, ManifestSignature, Revocation};
use crate::code::{RevocationReason, Roles};
use crate::fault::{Fault, InvalidField};
use crate::ids::{DeviceId, OrgId};
use crate::limits::{MAX_DEVICE_MS, MAX_DEVICES_EVER};
use crate::sign::PublicKey;
use std::collections::BTreeSet;

type Checked = Result<(), InvalidField>;

fn require(holds: bool, fault: Fault, field: &'static str) -> Checked {
    if holds { Ok(()) } else { Err(fault.in_field(field)) }
}

impl Raw {
    /// Applies the rules for one manifest.
    pub(super) fn check(self) -> Result<(OrgId, ManifestFields), InvalidField> {
        self.check_ids()?;
        let org_id = self.org_id;
        let fields = self.with_keys()?;
        check_tls_keys(&fields)?;
        check_times(&fields)?;
        check_names(&fields)?;
        check_references(&fields)?;
        check_threshold(&fields)?;
        check_place(&fields)?;
        Ok((org_id, fields))
    }

    fn check_ids(&self) -> Checked {
        require(self.org_id == OrgId::of_root(&self.root_pk), Fault::BadIdentifier, "org_id")?;
        let hashed = |device: &RawDevice| device.id == DeviceId::of_key(&device.sign_pk);
        require(self.devices.iter().all(hashed), Fault::BadIdentifier, "device_id")
    }

    /// The same with every key checked.
    fn with_keys(self) -> Result<ManifestFields, InvalidField> {
        let root_pk = PublicKey::parse(&self.root_pk, "root_pk")?;
        let device = |raw: RawDevice| {
            let sign_pk = PublicKey::parse(&raw.sign_pk, "sign_pk")?;
            Ok(Device::new(sign_pk, raw.tls_key, raw.roles, raw.added_ms, raw.expires_ms))
        };
        Ok(ManifestFields {
            serial: self.serial,
            prev: self.prev,
            issued_ms: self.issued_ms,
            not_after_ms: self.not_after_ms,
            root_pk,
            handle: self.handle,
            organisation_number: self.organisation_number,
            threshold: self.threshold,
            devices: self.devices.into_iter().map(device).collect::<Result<_, InvalidField>>()?,
            mailboxes: self.mailboxes,
            revocations: self.revocations,
        })
    }
}

/// A connection's key must name one device.
fn check_tls_keys(fields: &ManifestFields) -> Checked {
    let keys: BTreeSet<_> = fields.devices.iter().map(|device| device.tls_key).collect();
    require(keys.len() == fields.devices.len(), Fault::BadKey, "tls_spki_sha256")
}

fn check_times(fields: &ManifestFields) -> Checked {
    require(fields.issued_ms < fields.not_after_ms, Fault::BadTime, "not_after_ms")?;
    let lives = |device: &Device| {
        let life = device.expires_ms.checked_sub(device.added_ms);
        life.is_some_and(|life| (1..=MAX_DEVICE_MS).contains(&life))
    };
    require(fields.devices.iter().all(lives), Fault::BadTime, "expires_ms")
}

fn check_names(fields: &ManifestFields) -> Checked {
    let names: BTreeSet<_> = fields.mailboxes.iter().map(|mailbox| &mailbox.name).collect();
    require(names.len() == fields.mailboxes.len(), Fault::BadText, "mailbox_name")
}

fn check_references(fields: &ManifestFields) -> Checked {
    let device = |id: &DeviceId| {
        let at = fields.devices.binary_search_by_key(id, Device::id).ok()?;
        fields.devices.get(at)
    };
    let reads = |id: &DeviceId| device(id).is_some_and(|found| found.roles.contains(Roles::READER));
    let readable = fields.mailboxes.iter().flat_map(|mailbox| &mailbox.readers).all(reads);
    require(readable, Fault::UnknownDevice, "readers")?;
    let gone = fields.revocations.iter().all(|revocation| device(&revocation.device_id).is_none());
    require(gone, Fault::UnknownDevice, "revocations")
}

fn check_threshold(fields: &ManifestFields) -> Checked {
    let admins = fields.devices.iter().filter(|device| device.is_admin()).count();
    require((1..=admins).contains(&fields.threshold.into()), Fault::WrongSigners, "threshold")
}

fn check_place(fields: &ManifestFields) -> Checked {
    require(fields.serial >= 1, Fault::WrongChain, "serial")?;
    require((fields.serial == 1) == (fields.prev == [0; 32]), Fault::WrongChain, "prev")
}

/// `next` continues the chain of `previous`, and changes only what it may. The root has room that the admins do not have.
pub(super) fn check_succession(next: &Manifest, previous: &Manifest, by_root: bool) -> Checked {
    let (new, old) = (next.fields(), previous.fields());
    require(old.serial.checked_add(1) == Some(new.serial), Fault::WrongChain, "serial")?;
    require(new.prev == *previous.hash(), Fault::WrongChain, "prev")?;
    // With the root, org_id is unchanged: it is the root's hash.
    require(new.root_pk == old.root_pk, Fault::ImmutableChanged, "root_pk")?;
    require(new.handle == old.handle, Fault::ImmutableChanged, "handle")?;
    let same_number = new.organisation_number == old.organisation_number;
    require(same_number, Fault::ImmutableChanged, "organisation_number")?;
    let stands =
        |was: &Revocation| next.revocation(&was.device_id).is_some_and(|is| is == was || is_worse(is, was));
    require(old.revocations.iter().all(stands), Fault::RevocationChanged, "revocations")?;
    let was_there = |is: &Revocation| {
        previous.revocation(&is.device_id).is_some() || previous.device(&is.device_id).is_some()
    };
    require(new.revocations.iter().all(was_there), Fault::RevocationChanged, "revocations")?;
    let accounted = |was: &Device| next.device(&was.id()).is_some() || next.revocation(&was.id()).is_some();
    require(old.devices.iter().all(accounted), Fault::RevocationChanged, "devices")?;
    let ever = |fields: &ManifestFields| fields.devices.len() + fields.revocations.len();
    let has_room = by_root || ever(new) <= MAX_DEVICES_EVER.max(ever(old));
    require(has_room, Fault::CountOutOfRange, "revocations")
}

/// It is found out later that a device was in other hands, and since when. Nothing else about a revocation changes: a thief could have
/// revoked the device that the people then learn to be stolen.
fn is_worse(is: &Revocation, was: &Revocation) -> bool {
    is.reason == RevocationReason::Compromised && is.revoked_ms <= was.revoked_ms
}

/// The keys that must have signed `next`, in the order of `signatures`: the root alone, if nothing goes before or no device of what does
/// is left, or `threshold` admins of `previous` that `next` does not revoke.
pub(super) fn required_keys<'a>(
    next: &'a Manifest,
    previous: Option<&'a Manifest>,
    signatures: &[ManifestSignature],
) -> Result<Vec<&'a PublicKey>, InvalidField> {
    let wrong = Fault::WrongSigners.in_field("signers");
    if let [ManifestSignature { signer: 0, .. }] = signatures {
        // Else a stolen kit would put the thief's device beside those of the people, who go on as if nothing had happened.
        let anew = previous.is_none_or(|previous| next.begins_anew_after(previous));
        return if anew { Ok(vec![&next.fields().root_pk]) } else { Err(wrong) };
    }
    let previous = previous.ok_or(wrong)?;
    if signatures.len() != usize::from(previous.fields().threshold) {
        return Err(wrong);
    }
    let admins: Vec<&Device> = previous.admins().collect();
    let key = |signature: &ManifestSignature| {
        let place = usize::from(signature.signer).checked_sub(1)?;
        let admin = admins.get(place).filter(|admin| next.revocation(&admin.id()).is_none())?;
        Some(admin.sign_pk())
    };
    signatures.iter().map(|signature| key(signature).ok_or(wrong)).collect()
}
