//! Devices that read a message and that its header does not name: they came to the mailbox later, and a colleague gave it to them
//! (PROTOCOL.md section 11). Who sent it learns of one by what the device or the hub says of it, and holds that against the log.

use samverkan_proto::ids::{DeviceId, OrgId};
use samverkan_proto::statement::header::HeaderFields;

use super::stages::Said;
use crate::directory::Directory;

/// A device that the header of a message does not name, and the mailboxes of the message that it may have read it for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LaterReader {
    pub(super) org: OrgId,
    pub(super) device: DeviceId,
    /// Bit k: it has read `to[k]` when or after the message was sealed, and a device that the message was sealed to reads it as well.
    pub(super) boxes: u16,
}

impl LaterReader {
    /// The device as a later reader of a message; `None` for one that the header names, and for one that the log does not have as a reader
    /// of any of its mailboxes.
    pub(super) fn find(
        directory: &Directory,
        fields: &HeaderFields,
        org: OrgId,
        device: DeviceId,
    ) -> Option<Self> {
        if fields.wrap_index(&org, &device).is_some() {
            return None;
        }
        let organisation = directory.organisation(&org)?;
        let reads = |index: usize| {
            let to = fields.to.get(index).filter(|to| to.org == org)?;
            let giver = fields.wraps.iter().any(|wrap| wrap.org == org && wrap.reads(index));
            let mut since = organisation.signed_manifests().map(|signed| signed.manifest());
            let read = since.any(|manifest| {
                manifest.serial() >= to.manifest_serial && manifest.reads(&device, &to.mailbox)
            });
            (giver && read).then_some(1u16 << index)
        };
        let boxes = (0..fields.to.len()).filter_map(reads).fold(0, |boxes, bit| boxes | bit);
        (boxes != 0).then_some(Self { org, device, boxes })
    }

    /// The later readers that what is known of a message speaks of, each once.
    pub(super) fn spoken_of(directory: &Directory, fields: &HeaderFields, said: &[Said]) -> Vec<Self> {
        let mut found: Vec<Self> = Vec::new();
        for said in said {
            let Some((org, device)) = said.reader() else { continue };
            if found.iter().all(|known| (known.org, known.device) != (org, device)) {
                found.extend(Self::find(directory, fields, org, device));
            }
        }
        found
    }

    /// Whether it reads `to[index]`.
    pub(super) const fn reads(&self, index: usize) -> bool {
        index < 16 && self.boxes >> index & 1 == 1
    }
}
