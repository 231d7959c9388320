//! The client's only clock: injected everywhere, turned by hand in tests.
//!
//! Times are milliseconds since the Unix epoch, UTC, as on the wire. Durations that protect the process itself
//! (timeouts) are not clock time: they use the runtime's timers, and [`since_boot`] where a sleeping computer's time counts.

use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::UnixTime;
use rustls::time_provider::TimeProvider;
use tokio::sync::watch;

/// How long the system's clock is left alone at most: a computer that slept, or whose clock was put right, is noticed then.
const LOOK_AGAIN: Duration = Duration::from_secs(30);

/// A clock; clones show the same time.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    System,
    Manual(Arc<watch::Sender<u64>>),
}

impl Clock {
    /// The operating system's clock.
    #[must_use]
    pub const fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands at `now_ms` until [`Clock::set`].
    #[must_use]
    pub fn manual(now_ms: u64) -> Self {
        Self(Source::Manual(Arc::new(watch::Sender::new(now_ms))))
    }

    /// Turns a manual clock, also backwards; the system's clock stays as it is.
    pub fn set(&self, now_ms: u64) {
        if let Source::Manual(time) = &self.0 {
            time.send_replace(now_ms);
        }
    }

    /// Milliseconds since the Unix epoch. A system clock set before 1970 reads as 0.
    #[must_use]
    pub fn now_ms(&self) -> u64 {
        match &self.0 {
            Source::System => system_now_ms(),
            Source::Manual(time) => *time.borrow(),
        }
    }

    /// Waits until the clock shows `at_ms` or later.
    pub async fn sleep_until(&self, at_ms: u64) {
        match &self.0 {
            Source::System => {
                while let left @ 1.. = at_ms.saturating_sub(system_now_ms()) {
                    tokio::time::sleep(LOOK_AGAIN.min(Duration::from_millis(left))).await;
                }
            }
            Source::Manual(time) => {
                // Whoever holds this clock holds the sender, so it can not be gone.
                let _ = time.subscribe().wait_for(|now_ms| *now_ms >= at_ms).await;
            }
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the one place that asks the operating system")]
fn system_now_ms() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// How long the computer has been on, the time it slept included. It never goes back, and nobody turns it.
#[must_use]
pub fn since_boot() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    // Neither part is ever negative, and the second is below a thousand million.
    Duration::new(
        u64::try_from(now.tv_sec).unwrap_or_default(),
        u32::try_from(now.tv_nsec).unwrap_or_default(),
    )
}

/// TLS checks the hub's certificate against the same clock.
impl TimeProvider for Clock {
    fn current_time(&self) -> Option<UnixTime> {
        Some(UnixTime::since_unix_epoch(Duration::from_millis(self.now_ms())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_of_a_manual_clock_turn_together() {
        let clock = Clock::manual(5);
        let clone = clock.clone();
        clock.set(3);
        assert_eq!(clone.now_ms(), 3);
    }

    #[tokio::test]
    async fn who_waits_for_a_time_goes_on_when_it_has_come() {
        let clock = Clock::manual(5);
        clock.sleep_until(5).await;
        let waiting = tokio::spawn({
            let clock = clock.clone();
            async move { clock.sleep_until(7).await }
        });
        for now_ms in [6, 4, 8] {
            assert!(!waiting.is_finished(), "not before {now_ms}");
            clock.set(now_ms);
            tokio::task::yield_now().await;
        }
        waiting.await.expect("it went on");
        Clock::system().sleep_until(0).await;
    }

    #[test]
    fn the_system_clock_is_past_the_year_2020_and_can_not_be_set() {
        let clock = Clock::system();
        clock.set(0);
        assert!(clock.now_ms() > 1_577_836_800_000);
    }
}
