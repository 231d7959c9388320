//! The manifest's bytes.

use super::{Mailbox, ManifestFields, Revocation};
use crate::code::{RevocationReason, Roles};
use crate::codec::{Reader, Writer, ascending};
use crate::fault::{Fault, InvalidField};
use crate::ids::{DeviceId, Handle, MailboxId, OrgId, OrganisationNumber, TlsKeyHash};
use crate::limits::{MAX_DEVICES, MAX_MAILBOXES, MAX_READERS, MAX_REVOCATIONS};

const MAGIC: &[u8; 4] = b"SVKM";

/// A device as it stands in the bytes: neither id nor key are checked against each other.
pub(super) struct RawDevice {
    pub(super) id: DeviceId,
    pub(super) sign_pk: [u8; 32],
    pub(super) tls_key: TlsKeyHash,
    pub(super) roles: Roles,
    pub(super) added_ms: u64,
    pub(super) expires_ms: u64,
}

/// A manifest whose fields are in shape, before the rules between them.
pub(super) struct Raw {
    pub(super) org_id: OrgId,
    pub(super) serial: u64,
    pub(super) prev: [u8; 32],
    pub(super) issued_ms: u64,
    pub(super) not_after_ms: u64,
    pub(super) root_pk: [u8; 32],
    pub(super) handle: Handle,
    pub(super) organisation_number: OrganisationNumber,
    pub(super) threshold: u8,
    pub(super) devices: Vec<RawDevice>,
    pub(super) mailboxes: Vec<Mailbox>,
    pub(super) revocations: Vec<Revocation>,
}

/// Reads every field, and refuses what follows the last.
pub(super) fn read(bytes: &[u8]) -> Result<Raw, InvalidField> {
    let r = &mut Reader::new(bytes);
    r.preamble(MAGIC)?;
    let raw = Raw {
        org_id: OrgId::parse(&r.array::<16>("org_id")?)?,
        serial: r.u64("serial")?,
        prev: r.array("prev")?,
        issued_ms: r.u64("issued_ms")?,
        not_after_ms: r.u64("not_after_ms")?,
        root_pk: r.array("root_pk")?,
        handle: r.text8("handle")?.parse()?,
        organisation_number: r.text8("organisation_number")?.parse()?,
        threshold: r.u8("threshold")?,
        devices: read_devices(r)?,
        mailboxes: read_mailboxes(r)?,
        revocations: read_revocations(r)?,
    };
    r.finish("manifest")?;
    Ok(raw)
}

fn read_devices(r: &mut Reader<'_>) -> Result<Vec<RawDevice>, InvalidField> {
    let n = r.count16(1..=MAX_DEVICES, "devices")?;
    let devices = (0..n).map(|_| read_device(r)).collect::<Result<Vec<_>, _>>()?;
    ascending(&devices, |device| device.id, "devices")?;
    Ok(devices)
}

fn read_device(r: &mut Reader<'_>) -> Result<RawDevice, InvalidField> {
    Ok(RawDevice {
        id: DeviceId::parse(&r.array::<16>("device_id")?)?,
        sign_pk: r.array("sign_pk")?,
        tls_key: TlsKeyHash::parse(&r.array::<32>("tls_spki_sha256")?)?,
        roles: r.u8("roles")?.try_into()?,
        added_ms: r.u64("added_ms")?,
        expires_ms: r.u64("expires_ms")?,
    })
}

fn read_mailboxes(r: &mut Reader<'_>) -> Result<Vec<Mailbox>, InvalidField> {
    let n = r.count16(1..=MAX_MAILBOXES, "mailboxes")?;
    let mailboxes = (0..n).map(|_| read_mailbox(r)).collect::<Result<Vec<_>, _>>()?;
    ascending(&mailboxes, |mailbox| mailbox.id, "mailboxes")?;
    Ok(mailboxes)
}

fn read_mailbox(r: &mut Reader<'_>) -> Result<Mailbox, InvalidField> {
    let id = MailboxId::parse(&r.array::<16>("mailbox_id")?)?;
    let name = r.text8("mailbox_name")?.parse()?;
    let n = r.count16(1..=MAX_READERS, "readers")?;
    let readers = (0..n)
        .map(|_| DeviceId::parse(&r.array::<16>("readers")?))
        .collect::<Result<Vec<_>, InvalidField>>()?;
    ascending(&readers, |reader| *reader, "readers")?;
    Ok(Mailbox { id, name, readers })
}

fn read_revocations(r: &mut Reader<'_>) -> Result<Vec<Revocation>, InvalidField> {
    let n = r.count16(0..=MAX_REVOCATIONS, "revocations")?;
    let revocations = (0..n).map(|_| read_revocation(r)).collect::<Result<Vec<_>, _>>()?;
    ascending(&revocations, |revocation| revocation.device_id, "revocations")?;
    Ok(revocations)
}

fn read_revocation(r: &mut Reader<'_>) -> Result<Revocation, InvalidField> {
    Ok(Revocation {
        device_id: DeviceId::parse(&r.array::<16>("device_id")?)?,
        revoked_ms: r.u64("revoked_ms")?,
        reason: RevocationReason::try_from(r.u8("revocation_reason")?)?,
    })
}

/// Refuses lists that do not fit their count, before they are written.
fn check_counts(fields: &ManifestFields) -> Result<(), InvalidField> {
    let fits = |len: usize, most: u16, field| {
        if len <= most.into() { Ok(()) } else { Err(Fault::CountOutOfRange.in_field(field)) }
    };
    fits(fields.devices.len(), MAX_DEVICES, "devices")?;
    fits(fields.mailboxes.len(), MAX_MAILBOXES, "mailboxes")?;
    fields.mailboxes.iter().try_for_each(|mailbox| fits(mailbox.readers.len(), MAX_READERS, "readers"))?;
    fits(fields.revocations.len(), MAX_REVOCATIONS, "revocations")
}

/// Writes the fields as they are; the caller reads them back to check them.
pub(super) fn write(fields: &ManifestFields) -> Result<Vec<u8>, InvalidField> {
    check_counts(fields)?;
    let mut w = Writer::statement(MAGIC);
    w.put(OrgId::of_root(fields.root_pk.as_bytes()).as_bytes());
    w.u64(fields.serial);
    w.put(&fields.prev);
    w.u64(fields.issued_ms);
    w.u64(fields.not_after_ms);
    w.put(fields.root_pk.as_bytes());
    w.text8(fields.handle.as_str());
    w.text8(fields.organisation_number.as_str());
    w.u8(fields.threshold);
    w.count16(fields.devices.len());
    for device in &fields.devices {
        w.put(device.id().as_bytes());
        w.put(device.sign_pk().as_bytes());
        w.put(device.tls_key.as_bytes());
        w.u8(device.roles.bits());
        w.u64(device.added_ms);
        w.u64(device.expires_ms);
    }
    w.count16(fields.mailboxes.len());
    for mailbox in &fields.mailboxes {
        w.put(mailbox.id.as_bytes());
        w.text8(mailbox.name.as_str());
        w.count16(mailbox.readers.len());
        mailbox.readers.iter().for_each(|reader| w.put(reader.as_bytes()));
    }
    w.count16(fields.revocations.len());
    for revocation in &fields.revocations {
        w.put(revocation.device_id.as_bytes());
        w.u64(revocation.revoked_ms);
        w.u8(revocation.reason.code());
    }
    Ok(w.finish())
}
