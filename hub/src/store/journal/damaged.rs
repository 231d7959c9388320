//! What was found damaged: each place counted once, however often it is read.

use std::collections::HashSet;

use super::recover::JournalReport;

/// Places that are remembered. Beyond them a place that is read again counts again.
const REMEMBERED: usize = 10_000;

/// The damaged places that are known.
#[derive(Debug, Default)]
pub(super) struct Damaged {
    /// Segment and offset.
    places: HashSet<(u32, u32)>,
    /// Those that are counted only.
    more: u64,
}

impl Damaged {
    /// Takes over what the opening found.
    pub(super) fn begin(&mut self, report: &JournalReport) {
        self.places.extend(report.damage.iter().map(|damage| (damage.segment, damage.offset)));
        self.more += report.damages.saturating_sub(report.damage.len() as u64);
    }

    /// Counts a place; gives whether it is new.
    pub(super) fn note(&mut self, segment: u32, offset: u32) -> bool {
        if self.places.len() < REMEMBERED {
            return self.places.insert((segment, offset));
        }
        let new = !self.places.contains(&(segment, offset));
        self.more += u64::from(new);
        new
    }

    /// How many there are.
    pub(super) fn count(&self) -> u64 {
        self.places.len() as u64 + self.more
    }
}

#[cfg(test)]
mod tests {
    use super::super::recover::{Damage, DamageKind};
    use super::*;

    #[test]
    fn a_place_counts_once_also_when_the_opening_had_found_it() {
        let found = Damage { segment: 1, offset: 64, bytes: 10, kind: DamageKind::Body };
        let report = JournalReport { damage: vec![found], damages: 3, ..JournalReport::default() };
        let mut damaged = Damaged::default();
        damaged.begin(&report);
        assert_eq!(damaged.count(), 3);
        assert!(!damaged.note(1, 64), "known from the opening");
        assert!(damaged.note(1, 65) && !damaged.note(1, 65));
        assert_eq!(damaged.count(), 4);
    }

    #[test]
    fn beyond_what_is_remembered_it_goes_on_counting() {
        let mut damaged = Damaged::default();
        for offset in 0..REMEMBERED as u32 + 2 {
            assert!(damaged.note(1, offset));
        }
        assert_eq!(damaged.count(), REMEMBERED as u64 + 2);
    }
}
