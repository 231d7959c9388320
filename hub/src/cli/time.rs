//! Times for people and programs: RFC 3339, UTC.

use jiff::Timestamp;

/// Milliseconds since the Unix epoch as `2026-08-15T07:00:00Z`, to the second that has begun; `-` for a time beyond the calendar.
pub(super) fn rfc3339(ms: u64) -> String {
    i64::try_from(ms / 1_000)
        .ok()
        .and_then(|seconds| Timestamp::from_second(seconds).ok())
        .map_or_else(|| "-".to_owned(), |time| time.to_string())
}

/// Whole days from `now_ms` until `then_ms`; 0 if it has passed.
pub(super) const fn days_until(then_ms: u64, now_ms: u64) -> u64 {
    then_ms.saturating_sub(now_ms) / samverkan_proto::limits::DAY_MS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_readable_and_absurd_ones_do_not_panic() {
        assert_eq!(rfc3339(1_700_000_000_000), "2023-11-14T22:13:20Z");
        assert_eq!(rfc3339(1_700_000_000_999), "2023-11-14T22:13:20Z");
        assert_eq!(rfc3339(u64::MAX), "-");
        assert_eq!((days_until(86_400_000 * 3, 86_400_000), days_until(0, 1)), (2, 0));
    }
}
