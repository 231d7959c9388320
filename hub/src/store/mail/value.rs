//! What the index says about messages. Every value begins with the location of the record it stands for.

use samverkan_proto::ids::DeviceId;

use super::super::codec::Take;
use crate::mail::Marks;
use crate::store::journal::Location;
use crate::store::record::mail::{Hashes, Sender};

/// What every receipt about a message needs: whom it is for, and the bytes it is about.
#[derive(Clone, Copy)]
pub(in crate::store) struct About {
    pub(in crate::store) sender: Sender,
    pub(in crate::store) hashes: Hashes,
}

/// A stored message, behind `m` and its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::store) struct MessageValue {
    pub(in crate::store) location: Location,
    /// The message's cursor.
    pub(in crate::store) seq: u64,
    pub(in crate::store) expires_ms: u64,
    /// When the time for further readers lapses; 0 until every group is delivered or returned.
    pub(in crate::store) lapse_ms: u64,
    pub(in crate::store) hashes: Hashes,
    pub(in crate::store) sender: Sender,
    pub(in crate::store) marks: Marks,
    /// Later devices that it was re-wrapped for. Their wraps follow those of the header, in the order in which they came.
    pub(in crate::store) rewraps: u8,
}

impl MessageValue {
    pub(in crate::store) const fn about(&self) -> About {
        About { sender: self.sender, hashes: self.hashes }
    }

    pub(in crate::store) fn encode(&self) -> Vec<u8> {
        let mut value = Vec::with_capacity(272);
        value.extend_from_slice(&self.location.to_bytes());
        value.extend_from_slice(&self.seq.to_be_bytes());
        value.extend_from_slice(&self.expires_ms.to_be_bytes());
        value.extend_from_slice(&self.lapse_ms.to_be_bytes());
        self.hashes.put(&mut value);
        self.sender.put(&mut value);
        value.extend_from_slice(&self.marks.to_bytes());
        // Left out when there are none, as there are of nearly every message.
        value.extend((self.rewraps > 0).then_some(self.rewraps));
        value
    }

    pub(in crate::store) fn parse(value: &[u8]) -> Option<Self> {
        let mut take = Take::new(value);
        Some(Self {
            location: Location::from_bytes(&take.array()?),
            seq: take.u64()?,
            expires_ms: take.u64()?,
            lapse_ms: take.u64()?,
            hashes: Hashes::take(&mut take)?,
            sender: Sender::take(&mut take)?,
            marks: Marks::from_bytes(take.bytes(Marks::LEN)?).ok()?,
            rewraps: match take.rest() {
                [] => 0,
                [rewraps] if *rewraps > 0 => *rewraps,
                _ => return None,
            },
        })
    }
}

/// What stays of a message after its purge, behind `t` and its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::store) struct TombstoneValue {
    pub(in crate::store) location: Location,
    pub(in crate::store) hashes: Hashes,
    pub(in crate::store) sender: Sender,
    pub(in crate::store) marks: Marks,
}

impl TombstoneValue {
    pub(in crate::store) const fn about(&self) -> About {
        About { sender: self.sender, hashes: self.hashes }
    }

    pub(in crate::store) fn encode(&self) -> Vec<u8> {
        let mut value = self.location.to_bytes().to_vec();
        self.hashes.put(&mut value);
        self.sender.put(&mut value);
        value.extend_from_slice(&self.marks.to_bytes());
        value
    }

    pub(in crate::store) fn parse(value: &[u8]) -> Option<Self> {
        let mut take = Take::new(value);
        Some(Self {
            location: Location::from_bytes(&take.array()?),
            hashes: Hashes::take(&mut take)?,
            sender: Sender::take(&mut take)?,
            marks: Marks::from_bytes(take.rest()).ok()?,
        })
    }
}

/// A fact about a message, behind `r`, the message's id and the fact's own sequence number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) struct FactValue {
    pub(in crate::store) location: Location,
    pub(in crate::store) fact: Fact,
    pub(in crate::store) at_ms: u64,
}

/// What a fact is, as far as a rebuild must know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum Fact {
    /// A hub receipt of this type and reason, about a wrap (type 2) or a mailbox (types 7 to 9), in a receipt batch.
    Hub { kind: u8, reason: u8, place: u8, batch: u64 },
    /// A receipt of this type and reason from the device of a wrap. For a copy within the sender's organisation it
    /// clears that copy's queue and nobody is told.
    Device { kind: u8, reason: u8, wrap: u8, sent_copy: bool },
    /// Mailboxes that may be handed the message from now on; the fact's number is the cursor of their readers.
    Opened { open: u16 },
    /// A later device that it was re-wrapped for, and the mailboxes that the device reads it for; the fact's number is its cursor.
    Rewrapped { device: DeviceId, boxes: u16 },
    /// An order to stop for the devices of these wraps, because a consent was withdrawn or the message recalled; the fact's number is the
    /// order's cursor.
    Stop { withdrawn: bool, wraps: u64 },
}

impl FactValue {
    pub(in crate::store) fn encode(&self) -> Vec<u8> {
        let mut value = self.location.to_bytes().to_vec();
        let (fields, batch) = match self.fact {
            Fact::Rewrapped { device, boxes } => {
                let [high, low] = boxes.to_be_bytes();
                value.extend_from_slice(&[4, high, low, 0]);
                value.extend_from_slice(device.as_bytes());
                return value;
            }
            Fact::Hub { kind, reason, place, batch } => ([0, kind, reason, place], batch),
            Fact::Device { kind, reason, wrap, sent_copy } => {
                ([1 + u8::from(sent_copy), kind, reason, wrap], 0)
            }
            Fact::Opened { open } => {
                let [high, low] = open.to_be_bytes();
                ([3, high, low, 0], 0)
            }
            Fact::Stop { withdrawn, wraps } => ([5, u8::from(withdrawn), 0, 0], wraps),
        };
        value.extend_from_slice(&fields);
        value.extend_from_slice(&self.at_ms.to_be_bytes());
        value.extend_from_slice(&batch.to_be_bytes());
        value
    }

    pub(in crate::store) fn parse(value: &[u8]) -> Option<Self> {
        let mut take = Take::new(value);
        let location = Location::from_bytes(&take.array()?);
        let fields = take.array()?;
        if let [4, high, low, _] = fields {
            let device = DeviceId::parse(take.bytes(16)?).ok()?;
            let fact = Fact::Rewrapped { device, boxes: u16::from_be_bytes([high, low]) };
            // When it came is of no use to anybody.
            return take.is_empty().then_some(Self { location, fact, at_ms: 0 });
        }
        // What stands in the place of the batch in an order to stop are its wraps.
        let (at_ms, batch) = (take.u64()?, take.u64()?);
        let fact = match fields {
            [0, kind, reason, place] => Fact::Hub { kind, reason, place, batch },
            [tag @ (1 | 2), kind, reason, wrap] => Fact::Device { kind, reason, wrap, sent_copy: tag == 2 },
            [3, high, low, _] => Fact::Opened { open: u16::from_be_bytes([high, low]) },
            [5, withdrawn @ (0 | 1), 0, 0] => Fact::Stop { withdrawn: withdrawn == 1, wraps: batch },
            _ => return None,
        };
        take.is_empty().then_some(Self { location, fact, at_ms })
    }

    /// Whether the sender's mailbox is told of it.
    pub(in crate::store) fn is_event(&self) -> bool {
        matches!(self.fact, Fact::Hub { .. } | Fact::Device { sent_copy: false, .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_read_as_they_were_written() {
        let location = Location { segment: 1, offset: 2, len: 3 };
        for fact in [
            Fact::Hub { kind: 7, reason: 2, place: 15, batch: 99 },
            Fact::Device { kind: 3, reason: 5, wrap: 63, sent_copy: false },
            Fact::Device { kind: 1, reason: 0, wrap: 0, sent_copy: true },
            Fact::Opened { open: 0x8001 },
            Fact::Rewrapped { device: DeviceId::parse(&[9; 16]).unwrap(), boxes: 0x8001 },
            Fact::Stop { withdrawn: true, wraps: 1 << 63 | 1 },
            Fact::Stop { withdrawn: false, wraps: 0 },
        ] {
            let at_ms = if matches!(fact, Fact::Rewrapped { .. }) { 0 } else { 7 };
            let value = FactValue { location, fact, at_ms };
            assert_eq!(FactValue::parse(&value.encode()), Some(value));
        }
        assert_eq!(FactValue::parse(&[9; 32]), None);
    }
}
