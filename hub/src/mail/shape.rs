//! What the header says for good.

use std::ops::Range;

use samverkan_proto::ids::{DeviceId, OrgId};
use samverkan_proto::statement::header::HeaderFields;
use samverkan_proto::statement::receipt::MailboxRef;

/// Groups and readers of one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Every recipient mailbox, in header order.
    pub to: Vec<MailboxRef>,
    /// Each group: a primary and its alternates, as indices into `to`.
    pub groups: Vec<Range<usize>>,
    /// Every wrapped device, in header order; at most 64.
    pub wraps: Vec<WrapShape>,
}

/// One wrapped device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WrapShape {
    /// Its organisation.
    pub org: OrgId,
    /// The device.
    pub device: DeviceId,
    /// Bit k: it reads `to[k]`. Zero marks a sent copy.
    pub boxes: u16,
}

impl Shape {
    /// The shape of a parsed header.
    #[must_use]
    pub fn of(header: &HeaderFields) -> Self {
        let wrap = |wrap: &samverkan_proto::statement::header::Wrap| WrapShape {
            org: wrap.org,
            device: wrap.device,
            boxes: wrap.boxes,
        };
        Self {
            to: header.to.iter().map(|to| MailboxRef { org: to.org, mailbox: to.mailbox }).collect(),
            groups: header.groups().collect(),
            wraps: header.wraps.iter().map(wrap).collect(),
        }
    }

    /// The wraps, as a bitmap, of every device that reads one of the mailboxes in `boxes`.
    #[must_use]
    pub fn readers(&self, boxes: u16) -> u64 {
        self.bitmap(|wrap| wrap.boxes & boxes != 0)
    }

    /// The wraps, as a bitmap, that satisfy `keep`.
    pub(super) fn bitmap(&self, keep: impl Fn(&WrapShape) -> bool) -> u64 {
        self.wraps
            .iter()
            .enumerate()
            .filter(|(_, wrap)| keep(wrap))
            .fold(0, |map, (index, _)| map | 1 << index)
    }

    /// The mailboxes of an organisation, as a bitmap over `to`.
    pub(super) fn mailboxes_of(&self, org: &OrgId) -> u16 {
        self.to
            .iter()
            .enumerate()
            .filter(|(_, to)| to.org == *org)
            .fold(0, |map, (index, _)| map | 1 << index)
    }
}

/// The bits of a range of indices.
pub(super) fn bits(range: &Range<usize>) -> u16 {
    range.clone().fold(0, |map, index| map | 1 << index)
}
