//! A manifest (PROTOCOL.md section 5) whose every field can be wrong, and any signatures on it.

use super::bytes::{Put as _, count};
use samverkan_proto::sign::{Label, Signer};

/// One device.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are those of PROTOCOL.md section 5")]
pub struct RawDevice {
    pub device_id: [u8; 16],
    pub sign_pk: [u8; 32],
    pub tls_spki_sha256: [u8; 32],
    pub roles: u8,
    pub added_ms: u64,
    pub expires_ms: u64,
}

/// One mailbox.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are those of PROTOCOL.md section 5")]
pub struct RawMailbox {
    pub mailbox_id: [u8; 16],
    pub name: String,
    pub readers: Vec<[u8; 16]>,
}

/// One revocation.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are those of PROTOCOL.md section 5")]
pub struct RawRevocation {
    pub device_id: [u8; 16],
    pub revoked_ms: u64,
    pub reason: u8,
}

/// A manifest, field by field.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "the names are those of PROTOCOL.md section 5")]
pub struct RawManifest {
    pub org_id: [u8; 16],
    pub serial: u64,
    pub prev: [u8; 32],
    pub issued_ms: u64,
    pub not_after_ms: u64,
    pub root_pk: [u8; 32],
    pub handle: String,
    pub orgnr: String,
    pub threshold: u8,
    pub devices: Vec<RawDevice>,
    pub mailboxes: Vec<RawMailbox>,
    pub revocations: Vec<RawRevocation>,
}

impl RawManifest {
    /// Sorts every list as the rules ask.
    pub fn sort(&mut self) {
        self.devices.sort_by_key(|device| device.device_id);
        self.mailboxes.sort_by_key(|mailbox| mailbox.mailbox_id);
        self.mailboxes.iter_mut().for_each(|mailbox| mailbox.readers.sort_unstable());
        self.revocations.sort_by_key(|revocation| revocation.device_id);
    }

    /// The bytes, whatever they are worth.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut w = b"SVKM\0\x01".to_vec();
        w.put(&self.org_id);
        w.u64(self.serial);
        w.put(&self.prev);
        w.u64(self.issued_ms);
        w.u64(self.not_after_ms);
        w.put(&self.root_pk);
        w.text8(&self.handle);
        w.text8(&self.orgnr);
        w.u8(self.threshold);
        w.u16(count(self.devices.len()));
        for device in &self.devices {
            w.put(&device.device_id);
            w.put(&device.sign_pk);
            w.put(&device.tls_spki_sha256);
            w.u8(device.roles);
            w.u64(device.added_ms);
            w.u64(device.expires_ms);
        }
        w.u16(count(self.mailboxes.len()));
        for mailbox in &self.mailboxes {
            w.put(&mailbox.mailbox_id);
            w.text8(&mailbox.name);
            w.u16(count(mailbox.readers.len()));
            mailbox.readers.iter().for_each(|reader| w.put(reader));
        }
        w.u16(count(self.revocations.len()));
        for revocation in &self.revocations {
            w.put(&revocation.device_id);
            w.u64(revocation.revoked_ms);
            w.u8(revocation.reason);
        }
        w
    }

    /// A `SignedManifest`: the bytes under the given signers, in the given order.
    #[must_use]
    pub fn signed_by(&self, signers: &[(u8, &Signer)]) -> Vec<u8> {
        sign(&self.encode(), signers)
    }
}

/// A `SignedManifest` of any bytes.
///
/// # Panics
/// For more than 255 signers.
#[must_use]
pub fn sign(manifest: &[u8], signers: &[(u8, &Signer)]) -> Vec<u8> {
    let mut w = Vec::new();
    w.u32(count(manifest.len()));
    w.put(manifest);
    w.u8(count(signers.len()));
    for (place, signer) in signers {
        w.u8(*place);
        w.put(&signer.sign(Label::Manifest, manifest));
    }
    w
}
