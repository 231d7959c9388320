//! Times and durations: RFC 3339 in UTC for programs, the local calendar for people.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Span, SpanRelativeTo, Timestamp, Unit};
use serde::{Serialize, Serializer};

use crate::error::{Code, Error, Result};
use crate::msg;
use crate::text::{Args, Text};

/// A point in time, in milliseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Moment(pub(super) u64);

impl Moment {
    fn timestamp(self) -> Timestamp {
        let ms = i64::try_from(self.0).unwrap_or(i64::MAX);
        Timestamp::from_millisecond(ms).unwrap_or(Timestamp::MAX)
    }

    /// Day and minute where this computer is, as the language writes them.
    pub(super) fn local(self, text: &Text) -> String {
        self.in_zone(&TimeZone::system(), text)
    }

    fn in_zone(self, zone: &TimeZone, text: &Text) -> String {
        let zoned = self.timestamp().to_zoned(zone.clone());
        let part = |format| zoned.strftime(format).to_string();
        let args = Args::none().text("date", part("%Y-%m-%d"));
        text.get(msg!("moment"), &args.text("hour", part("%H")).text("minute", part("%M")))
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_str(&self.timestamp())
    }
}

/// A duration such as `30m`, `12h`, `2d` or `1w`, in milliseconds; at least one millisecond.
///
/// # Errors
/// [`Code::DurationInvalid`].
pub(super) fn parse_duration(text: &str) -> Result<u64> {
    let invalid = || Error::new(Code::DurationInvalid);
    let span: Span = text.parse().map_err(|_| invalid())?;
    let whole_days = SpanRelativeTo::days_are_24_hours();
    let ms = span.total((Unit::Millisecond, whole_days)).map_err(|_| invalid())?;
    // Ten thousand years fit into an f64 of milliseconds without rounding.
    let within = (1.0..=MAX_DURATION_MS).contains(&ms);
    if within { Ok(ms as u64) } else { Err(invalid()) }
}

/// Longer than anything may last: a hundred years.
const MAX_DURATION_MS: f64 = 100.0 * 366.0 * 86_400_000.0;

/// The end of a day such as `2027-01-31` where this computer is, in milliseconds.
///
/// # Errors
/// [`Code::DateInvalid`].
pub(super) fn parse_end_of_day(text: &str) -> Result<u64> {
    end_of_day(text, TimeZone::system()).ok_or_else(|| Error::with(Code::DateInvalid, Args::none()))
}

/// A day such as `2027-01-31`.
///
/// # Errors
/// [`Code::DateInvalid`].
pub(super) fn parse_day(text: &str) -> Result<Date> {
    text.parse().map_err(|_| Error::with(Code::DateInvalid, Args::none()))
}

fn end_of_day(text: &str, zone: TimeZone) -> Option<u64> {
    let day: Date = text.parse().ok()?;
    let end = day.tomorrow().ok()?.to_zoned(zone).ok()?.timestamp().as_millisecond();
    u64::try_from(end).ok()?.checked_sub(1)
}

/// The beginning of a day such as `2027-01-31` where this computer is, in milliseconds.
///
/// # Errors
/// [`Code::DateInvalid`].
pub(super) fn parse_beginning_of_day(text: &str) -> Result<u64> {
    let begins = |day: Date| day.to_zoned(TimeZone::system()).ok().map(|zoned| zoned.timestamp());
    let found = text.parse().ok().and_then(begins).map(|begins| begins.as_millisecond());
    found.and_then(|ms| u64::try_from(ms).ok()).ok_or_else(|| Error::with(Code::DateInvalid, Args::none()))
}

/// A point in time that has passed, in milliseconds: the beginning of a day, a minute where this computer is, or RFC 3339.
///
/// # Errors
/// [`Code::TimeInvalid`].
pub(super) fn parse_past(text: &str, now_ms: u64) -> Result<u64> {
    let found = point_in_time(text, TimeZone::system());
    found.filter(|at_ms| *at_ms <= now_ms).ok_or_else(|| Error::new(Code::TimeInvalid))
}

fn point_in_time(text: &str, zone: TimeZone) -> Option<u64> {
    let there = text.parse::<Timestamp>().ok();
    let here = || text.parse::<DateTime>().ok()?.to_zoned(zone).ok().map(|zoned| zoned.timestamp());
    u64::try_from(there.or_else(here)?.as_millisecond()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Language;

    #[test]
    fn programs_get_rfc_3339_and_people_their_calendar() {
        let moment = Moment(1_780_000_000_000);
        assert_eq!(serde_json::to_value(moment).expect("serialises"), "2026-05-28T20:26:40Z");
        let stockholm = TimeZone::get("Europe/Stockholm").expect("bundled");
        let written = |language| moment.in_zone(&stockholm, &Text::of(language));
        assert_eq!(written(Language::English), "2026-05-28 22:26");
        assert_eq!(written(Language::Swedish), "2026-05-28 kl. 22.26");
    }

    #[test]
    fn absurd_times_do_not_panic() {
        for ms in [0, u64::MAX, i64::MAX as u64] {
            assert!(!Moment(ms).in_zone(&TimeZone::UTC, &Text::of(Language::English)).is_empty());
            assert!(serde_json::to_value(Moment(ms)).is_ok());
        }
    }

    #[test]
    fn durations_have_a_unit_and_are_not_nothing() {
        let table = [("30m", 1_800_000), ("12h", 43_200_000), ("2d", 172_800_000), ("1w", 604_800_000)];
        for (text, ms) in table {
            assert_eq!(parse_duration(text).expect("valid"), ms, "{text}");
        }
        for bad in ["", "2", "-2d", "0d", "2 fortnights", "9999999999d", "P", "two days", "1y", "300y"] {
            assert_eq!(parse_duration(bad).expect_err("refused").code(), Code::DurationInvalid, "{bad}");
        }
    }

    #[test]
    fn a_time_that_has_passed_is_a_day_a_minute_here_or_a_time_anywhere() {
        let stockholm = || TimeZone::get("Europe/Stockholm").expect("bundled");
        for (text, ms) in [
            ("2026-05-28", 1_779_919_200_000),
            ("2026-05-28 22:26", 1_779_999_960_000),
            ("2026-05-28T22:26:40", 1_780_000_000_000),
            ("2026-05-28T20:26:40Z", 1_780_000_000_000),
            ("2026-05-28T20:26:40+00:00", 1_780_000_000_000),
        ] {
            assert_eq!(point_in_time(text, stockholm()), Some(ms), "{text}");
        }
        for bad in ["", "yesterday", "2026-13-01", "28/5", "1969-12-31T00:00:00Z"] {
            assert_eq!(parse_past(bad, u64::MAX).expect_err(bad).code(), Code::TimeInvalid);
        }
        let now_ms = 1_780_000_000_000;
        assert_eq!(parse_past("2026-05-28T20:26:40Z", now_ms).expect("now"), now_ms);
        let ahead = parse_past("2026-05-28T20:26:41Z", now_ms).expect_err("it has not come");
        assert_eq!(ahead.code(), Code::TimeInvalid);
    }

    #[test]
    fn a_day_ends_a_millisecond_before_the_next() {
        let stockholm = TimeZone::get("Europe/Stockholm").expect("bundled");
        assert_eq!(end_of_day("2026-05-28", stockholm), Some(1_780_005_599_999));
        assert_eq!(end_of_day("1969-05-28", TimeZone::UTC), None);
        for bad in ["", "tomorrow", "2026-13-01", "28/5"] {
            assert_eq!(parse_end_of_day(bad).expect_err("refused").code(), Code::DateInvalid);
        }
    }
}
