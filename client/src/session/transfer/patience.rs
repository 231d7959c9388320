//! How long a transfer that gets nowhere is tried again: a few times with longer and longer pauses.

use std::time::Duration;

use tokio::time::Instant;

use crate::error::Code;

/// Tries in a row that get nowhere.
const TRIES: u32 = 6;
/// The first pause; each one after it is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(8);
/// How long all that may take. A hub that does not know yet that an earlier connection is dead holds its upload for a
/// minute, and refuses another one meanwhile.
const LIMIT: Duration = Duration::from_secs(75);

/// What is left of it since the transfer last got further.
pub(super) struct Patience {
    since: Instant,
    tries: u32,
}

impl Patience {
    pub(super) const fn new(now: Instant) -> Self {
        Self { since: now, tries: 0 }
    }

    /// How long to wait before the next try, if there is to be one.
    pub(super) fn pause_after(&mut self, code: Code, now: Instant) -> Option<Duration> {
        let pause = LONGEST_PAUSE.min(FIRST_PAUSE * 2u32.saturating_pow(self.tries));
        self.tries = self.tries.saturating_add(1);
        let enough = self.tries >= TRIES && code != Code::UploadInProgress;
        let late = now.duration_since(self.since) + pause > LIMIT;
        (may_pass(code) && !enough && !late).then_some(pause)
    }
}

/// Whether the same may go well in a moment.
pub(super) const fn may_pass(code: Code) -> bool {
    connection_is_over(code)
        || matches!(
            code,
            // The last two say that the hub has less than it said a moment ago.
            Code::Busy
                | Code::RateLimited
                | Code::UploadInProgress
                | Code::BlobMissing
                | Code::OffsetOutOfRange
        )
}

/// Whether it can only go well over another connection.
pub(super) const fn connection_is_over(code: Code) -> bool {
    matches!(code, Code::HubUnreachable | Code::Draining)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pauses until patience is lost, when every try fails at once.
    fn pauses(code: Code) -> Vec<Duration> {
        let mut now = Instant::now();
        let mut patience = Patience::new(now);
        let mut pauses = Vec::new();
        while let Some(pause) = patience.pause_after(code, now) {
            pauses.push(pause);
            now += pause;
        }
        pauses
    }

    #[test]
    fn pauses_grow_and_end() {
        let lost = pauses(Code::HubUnreachable);
        assert_eq!(lost, [250, 500, 1000, 2000, 4000].map(Duration::from_millis));
        let busy = pauses(Code::UploadInProgress);
        let waited: Duration = busy.iter().sum();
        assert!(waited > Duration::from_secs(60) && waited <= LIMIT, "{waited:?}");
        assert!(busy.iter().all(|pause| *pause <= LONGEST_PAUSE));
    }

    #[test]
    fn slow_failures_are_not_repeated_for_long() {
        let now = Instant::now();
        let mut patience = Patience::new(now);
        assert!(patience.pause_after(Code::HubUnreachable, now).is_some());
        assert_eq!(patience.pause_after(Code::HubUnreachable, now + LIMIT), None);
    }

    #[test]
    fn what_does_not_pass_is_not_tried_again() {
        for code in [Code::QuotaExceeded, Code::OrganisationSuspended, Code::HubMisbehaved, Code::DiskFull] {
            assert!(pauses(code).is_empty(), "{}", code.as_str());
        }
    }
}
