//! What lives in each segment.

use std::collections::{BTreeMap, HashSet};

use super::Location;
use crate::store::codec::Take;

/// The account of one segment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Use {
    /// Bytes of record frames that have not been released, and of damage.
    live_bytes: u64,
    /// Offsets of the released records.
    released: HashSet<u32>,
    /// Number of releases written in this segment, by the older segment they speak of. As long as that one exists
    /// they are needed: without them its dead records would come back.
    speaks_of: BTreeMap<u32, u32>,
    /// A record in it can not be copied, so it stays until it is empty.
    stuck: bool,
}

impl Use {
    fn bytes(&self) -> u64 {
        let needed: u64 = self.speaks_of.values().map(|count| u64::from(*count)).sum();
        self.live_bytes + needed * Location::LEN as u64
    }
}

/// The account of all segments that exist.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Live {
    segments: BTreeMap<u32, Use>,
}

impl Live {
    /// Takes a segment into account.
    pub(super) fn open(&mut self, segment: u32) {
        self.segments.entry(segment).or_default();
    }

    /// A record was found or appended. It comes before any release of it.
    pub(super) fn add(&mut self, location: Location) {
        self.add_bytes(location.segment, u64::from(location.len));
    }

    /// Damaged bytes were found. They count as living, so that a release of what stood there can not make the
    /// account too small and take the segment away from under its neighbours.
    pub(super) fn add_damage(&mut self, segment: u32, bytes: u64) {
        self.add_bytes(segment, bytes);
        self.mark_stuck(segment);
    }

    fn add_bytes(&mut self, segment: u32, bytes: u64) {
        if let Some(account) = self.segments.get_mut(&segment) {
            account.live_bytes += bytes;
        }
    }

    /// A batch in segment `by` released `location`. Saying it twice changes nothing.
    pub(super) fn release(&mut self, by: u32, location: Location) {
        let Some(account) = self.segments.get_mut(&location.segment) else { return };
        if account.released.insert(location.offset) {
            account.live_bytes = account.live_bytes.saturating_sub(u64::from(location.len));
        }
        if by != location.segment
            && let Some(speaker) = self.segments.get_mut(&by)
        {
            *speaker.speaks_of.entry(location.segment).or_default() += 1;
        }
    }

    /// Whether the record is dead, or its segment is gone.
    pub(super) fn is_released(&self, location: Location) -> bool {
        self.segments.get(&location.segment).is_none_or(|account| account.released.contains(&location.offset))
    }

    /// Whether the segment exists.
    pub(super) fn exists(&self, segment: u32) -> bool {
        self.segments.contains_key(&segment)
    }

    /// A segment has been unlinked; nobody needs to speak of it any more.
    pub(super) fn remove(&mut self, segment: u32) {
        self.segments.remove(&segment);
        for account in self.segments.values_mut() {
            account.speaks_of.remove(&segment);
        }
    }

    /// The segments in which nothing lives, except `open`.
    pub(super) fn empty(&self, open: u32) -> Vec<u32> {
        let empty =
            |(segment, account): (&u32, &Use)| (*segment != open && account.bytes() == 0).then_some(*segment);
        self.segments.iter().filter_map(empty).collect()
    }

    /// The segment with the least living bytes below `limit`, except `open` and those that are stuck.
    pub(super) fn sparsest(&self, open: u32, limit: u64) -> Option<u32> {
        let candidates =
            self.segments.iter().filter(|(segment, account)| **segment != open && !account.stuck);
        let (segment, account) = candidates.min_by_key(|(_, account)| account.bytes())?;
        (account.bytes() < limit).then_some(*segment)
    }

    /// The releases of `segment` have been said again elsewhere.
    pub(super) fn forget_releases(&mut self, segment: u32) {
        if let Some(account) = self.segments.get_mut(&segment) {
            account.speaks_of.clear();
        }
    }

    /// Marks a segment whose rest can not be copied.
    pub(super) fn mark_stuck(&mut self, segment: u32) {
        if let Some(account) = self.segments.get_mut(&segment) {
            account.stuck = true;
        }
    }

    /// Living bytes over all segments.
    pub(super) fn live_bytes(&self) -> u64 {
        self.segments.values().map(|account| account.live_bytes).sum()
    }

    /// Writes the account for the next clean start.
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&(self.segments.len() as u32).to_be_bytes());
        for (segment, account) in &self.segments {
            out.extend_from_slice(&segment.to_be_bytes());
            out.extend_from_slice(&account.live_bytes.to_be_bytes());
            out.extend_from_slice(&(account.released.len() as u32).to_be_bytes());
            for offset in &account.released {
                out.extend_from_slice(&offset.to_be_bytes());
            }
            out.extend_from_slice(&(account.speaks_of.len() as u32).to_be_bytes());
            for (target, count) in &account.speaks_of {
                out.extend_from_slice(&target.to_be_bytes());
                out.extend_from_slice(&count.to_be_bytes());
            }
            out.push(u8::from(account.stuck));
        }
    }

    /// Reads what [`Live::encode`] wrote.
    pub(super) fn decode(take: &mut Take<'_>) -> Option<Self> {
        let mut live = Self::default();
        for _ in 0..take.u32()? {
            let segment = take.u32()?;
            let mut account = Use { live_bytes: take.u64()?, ..Use::default() };
            for _ in 0..take.u32()? {
                account.released.insert(take.u32()?);
            }
            for _ in 0..take.u32()? {
                account.speaks_of.insert(take.u32()?, take.u32()?);
            }
            account.stuck = take.u8()? == 1;
            live.segments.insert(segment, account);
        }
        Some(live)
    }

    /// The segments in the account.
    pub(super) fn segments(&self) -> impl Iterator<Item = u32> {
        self.segments.keys().copied()
    }
}
