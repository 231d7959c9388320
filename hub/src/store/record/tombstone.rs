//! What stays of a message when its bytes are gone: enough to answer a retry, to take a late receipt, and to prove
//! what was said.
//!
//! ```text
//! tombstone = message_id[16] | hashes[96] | sender[48] | accepted | u64 purged_ms | marks
//!           | u8 n_to × { org[16] mailbox[16] u8 kind } | u8 n_wrap × { org[16] device[16] u16 boxes }
//! ```

use samverkan_proto::ids::{DeviceId, MailboxId, MessageId, OrgId};
use samverkan_proto::statement::receipt::MailboxRef;

use super::mail::{Given, Hashes, Sender};
use crate::mail::{Marks, Shape, WrapShape};
use crate::store::codec::Take;

/// The head of a tombstone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::store) struct Tombstone {
    pub(in crate::store) message_id: MessageId,
    pub(in crate::store) hashes: Hashes,
    pub(in crate::store) sender: Sender,
    pub(in crate::store) accepted: Given,
    pub(in crate::store) purged_ms: u64,
    pub(in crate::store) marks: Marks,
    pub(in crate::store) shape: Shape,
}

impl Tombstone {
    pub(in crate::store) fn encode(&self) -> Vec<u8> {
        let mut head = self.message_id.as_bytes().to_vec();
        self.hashes.put(&mut head);
        self.sender.put(&mut head);
        self.accepted.put(&mut head);
        head.extend_from_slice(&self.purged_ms.to_be_bytes());
        head.extend_from_slice(&self.marks.to_bytes());
        // A header has at most 16 recipients and 64 wraps.
        head.push(self.shape.to.len() as u8);
        for (index, to) in self.shape.to.iter().enumerate() {
            head.extend_from_slice(to.org.as_bytes());
            head.extend_from_slice(to.mailbox.as_bytes());
            head.push(u8::from(!self.shape.groups.iter().any(|group| group.start == index)));
        }
        head.push(self.shape.wraps.len() as u8);
        for wrap in &self.shape.wraps {
            head.extend_from_slice(wrap.org.as_bytes());
            head.extend_from_slice(wrap.device.as_bytes());
            head.extend_from_slice(&wrap.boxes.to_be_bytes());
        }
        head
    }

    pub(in crate::store) fn parse(head: &[u8]) -> Option<Self> {
        let mut take = Take::new(head);
        let message_id = MessageId::parse(take.bytes(16)?).ok()?;
        let (hashes, sender) = (Hashes::take(&mut take)?, Sender::take(&mut take)?);
        let (accepted, purged_ms) = (Given::take(&mut take)?, take.u64()?);
        let marks = Marks::from_bytes(take.bytes(Marks::LEN)?).ok()?;
        let shape = take_shape(&mut take)?;
        let tombstone = Self { message_id, hashes, sender, accepted, purged_ms, marks, shape };
        take.is_empty().then_some(tombstone)
    }
}

fn take_shape(take: &mut Take<'_>) -> Option<Shape> {
    let (mut to, mut groups) = (Vec::new(), Vec::new());
    for index in 0..usize::from(take.u8()?) {
        let org = OrgId::parse(take.bytes(16)?).ok()?;
        to.push(MailboxRef { org, mailbox: MailboxId::parse(take.bytes(16)?).ok()? });
        match (take.u8()?, groups.last_mut()) {
            (0, _) => groups.push(index..index + 1),
            (1, Some(group)) => group.end = index + 1,
            _ => return None,
        }
    }
    let wraps = (0..take.u8()?).map(|_| take_wrap(take)).collect::<Option<_>>()?;
    Some(Shape { to, groups, wraps })
}

fn take_wrap(take: &mut Take<'_>) -> Option<WrapShape> {
    Some(WrapShape {
        org: OrgId::parse(take.bytes(16)?).ok()?,
        device: DeviceId::parse(take.bytes(16)?).ok()?,
        boxes: u16::from_be_bytes(take.array()?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tombstone_is_read_as_it_was_written() {
        let org = OrgId::parse(&[1; 16]).unwrap();
        let to = |n: u8| MailboxRef { org, mailbox: MailboxId::parse(&[n; 16]).unwrap() };
        let device = DeviceId::parse(&[9; 16]).unwrap();
        let given =
            Given { hub_time_ms: 1, batch: 2, leaf: 3, policy_version: 4, log_size: 5, log_root: [6; 32] };
        let tombstone = Tombstone {
            message_id: MessageId::random(),
            hashes: Hashes { hh: [1; 32], content: [2; 32], wraps: [3; 32] },
            sender: Sender { org, mailbox: to(1).mailbox, device },
            accepted: given,
            purged_ms: 7,
            marks: Marks { delivered: 5, purged: true, ..Marks::default() },
            shape: Shape {
                to: vec![to(1), to(2), to(3)],
                groups: vec![0..2, 2..3],
                wraps: vec![WrapShape { org, device, boxes: 0b101 }],
            },
        };
        let head = tombstone.encode();
        assert_eq!(Tombstone::parse(&head), Some(tombstone));
        assert!((0..head.len()).all(|len| Tombstone::parse(&head[..len]).is_none()));
    }
}
