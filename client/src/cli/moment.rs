//! Times and durations: RFC 3339 in UTC for programs, the local calendar for people.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Serialize, Serializer};

/// A point in time, in milliseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Moment(pub(super) u64);

impl Moment {
    fn timestamp(self) -> Timestamp {
        let ms = i64::try_from(self.0).unwrap_or(i64::MAX);
        Timestamp::from_millisecond(ms).unwrap_or(Timestamp::MAX)
    }

    /// Day and minute where this computer is.
    pub(super) fn local(self) -> String {
        self.in_zone(&TimeZone::system())
    }

    fn in_zone(self, zone: &TimeZone) -> String {
        let zoned = self.timestamp().to_zoned(zone.clone());
        zoned.strftime("%Y-%m-%d %H:%M").to_string()
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.timestamp())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_get_rfc_3339_and_people_their_calendar() {
        let moment = Moment(1_780_000_000_000);
        assert_eq!(serde_json::to_value(moment).expect("serialises"), "2026-05-28T20:26:40Z");
        let stockholm = TimeZone::get("Europe/Stockholm").expect("bundled");
        assert_eq!(moment.in_zone(&stockholm), "2026-05-28 22:26");
    }

    #[test]
    fn absurd_times_do_not_panic() {
        for ms in [0, u64::MAX, i64::MAX as u64] {
            assert!(!Moment(ms).in_zone(&TimeZone::UTC).is_empty());
            assert!(serde_json::to_value(Moment(ms)).is_ok());
        }
    }
}
