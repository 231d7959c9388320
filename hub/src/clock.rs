//! The hub's only clock: injected everywhere, turned by hand in tests and on test hubs.
//!
//! Times are milliseconds since the Unix epoch, UTC, as on the wire. Durations that protect the process itself
//! (handshake timeouts, keep-alives) are not clock time: they use the runtime's timers.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::UnixTime;
use rustls::time_provider::TimeProvider;
use tokio::sync::watch;

/// The longest single nap of [`Clock::sleep_until`], so that a stepped system clock is noticed.
const NAP: Duration = Duration::from_secs(30);

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
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands at `now_ms` until its hands are turned.
    pub fn manual(now_ms: u64) -> (Self, Hands) {
        let time = Arc::new(watch::Sender::new(now_ms));
        (Self(Source::Manual(Arc::clone(&time))), Hands(time))
    }

    /// Milliseconds since the Unix epoch. A system clock set before 1970 reads as 0.
    pub fn now_ms(&self) -> u64 {
        match &self.0 {
            Source::System => system_now_ms(),
            Source::Manual(time) => *time.borrow(),
        }
    }

    /// Returns once the clock shows `deadline_ms` or later; at once if it already does.
    pub async fn sleep_until(&self, deadline_ms: u64) {
        self.sleep_within(0..deadline_ms).await;
    }

    /// Returns once the clock shows a time outside of `span_ms`, on either side: clocks are set back, too.
    pub async fn sleep_within(&self, span_ms: Range<u64>) {
        match &self.0 {
            Source::System => loop {
                let now_ms = system_now_ms();
                if !span_ms.contains(&now_ms) {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(span_ms.end - now_ms).min(NAP)).await;
            },
            Source::Manual(time) => {
                // This task's own clone of the sender keeps the channel open, so waiting can not fail.
                let _ = time.subscribe().wait_for(|now| !span_ms.contains(now)).await;
            }
        }
    }
}

/// TLS checks certificate validity against the same clock.
impl TimeProvider for Clock {
    fn current_time(&self) -> Option<UnixTime> {
        Some(UnixTime::since_unix_epoch(Duration::from_millis(self.now_ms())))
    }
}

/// Turns a manual [`Clock`], and wakes whoever sleeps on it.
#[derive(Clone, Debug)]
pub struct Hands(Arc<watch::Sender<u64>>);

impl Hands {
    /// Sets the time; also backwards, as real clocks are.
    pub fn set(&self, now_ms: u64) {
        self.0.send_replace(now_ms);
    }

    /// Moves the time forward by `by`.
    pub fn advance(&self, by: Duration) {
        let by = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        self.0.send_modify(|now| *now = now.saturating_add(by));
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the system clock")]
fn system_now_ms() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_turned_clock_wakes_its_sleepers_in_time() {
        let (clock, hands) = Clock::manual(1_000);
        let sleeper = tokio::spawn({
            let clock = clock.clone();
            async move {
                clock.sleep_until(2_000).await;
                clock.now_ms()
            }
        });
        hands.advance(Duration::from_millis(999));
        tokio::task::yield_now().await;
        assert!(!sleeper.is_finished());
        hands.advance(Duration::from_millis(1));
        assert_eq!(sleeper.await.unwrap(), 2_000);
    }

    #[tokio::test]
    async fn a_clock_that_is_set_back_wakes_those_who_ask_for_that() {
        let (clock, hands) = Clock::manual(1_000);
        let sleeper = tokio::spawn({
            let clock = clock.clone();
            async move { clock.sleep_within(1_000..2_000).await }
        });
        hands.set(1_999);
        tokio::task::yield_now().await;
        assert!(!sleeper.is_finished());
        hands.set(999);
        sleeper.await.unwrap();
        Clock::system().sleep_within(1..2).await;
    }

    #[tokio::test]
    async fn a_deadline_in_the_past_does_not_sleep() {
        Clock::system().sleep_until(1).await;
        Clock::manual(7).0.sleep_until(7).await;
    }

    #[test]
    fn a_manual_clock_can_go_back_and_never_overflows() {
        let (clock, hands) = Clock::manual(u64::MAX - 1);
        hands.advance(Duration::MAX);
        assert_eq!(clock.now_ms(), u64::MAX);
        hands.set(5);
        assert_eq!(clock.now_ms(), 5);
        assert_eq!(clock.current_time().map(|t| t.as_secs()), Some(0));
    }

    #[test]
    fn the_system_clock_is_past_2024() {
        assert!(Clock::system().now_ms() > 1_704_067_200_000);
    }
}
