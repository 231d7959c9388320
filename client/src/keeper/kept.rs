//! The key while it is kept: to whom it is given, and until when. The time comes from outside.

use std::time::Duration;

use super::LONGEST;
use super::frame::{Answer, Request, Wish};
use crate::keystore::UnlockingKey;
use crate::secret::Secret32;

/// A key with its end. Times are counted from when the computer was started.
pub(super) struct Kept {
    /// None once it is forgotten; dropping it wipes it.
    key: Option<UnlockingKey>,
    /// When the passphrase was typed.
    typed: Duration,
    until: Duration,
}

impl Kept {
    /// Keeps a key that was derived just now, at most [`LONGEST`].
    pub(super) fn new(key: UnlockingKey, lasting: Duration, now: Duration) -> Self {
        Self { key: Some(key), typed: now, until: now + lasting.min(LONGEST) }
    }

    /// When it is over.
    pub(super) const fn until(&self) -> Duration {
        self.until
    }

    /// Whether nothing is kept any more.
    pub(super) const fn is_over(&self) -> bool {
        self.key.is_none()
    }

    /// Wipes the key.
    pub(super) fn forget(&mut self) {
        self.key = None;
    }

    /// Wipes the key if its time is over.
    pub(super) fn look_at(&mut self, now: Duration) {
        if now >= self.until {
            self.forget();
        }
    }

    /// What is answered now.
    pub(super) fn answer(&mut self, request: &Request, now: Duration) -> Answer {
        self.look_at(now);
        let Some(key) = &self.key else { return Answer::Forgotten };
        if request.wish == Wish::Forget {
            self.forget();
            return Answer::Forgotten;
        }
        if key.of != request.lock {
            return Answer::OtherLock;
        }
        match request.wish {
            Wish::Key => Answer::Key(self.until - now, copy(&key.key)),
            Wish::Keep(lasting) => {
                // Nobody keeps it open for ever by asking again: the passphrase is typed at least once in so many hours.
                self.until = now.saturating_add(lasting).min(self.typed + LONGEST);
                Answer::Kept(self.until.saturating_sub(now))
            }
            Wish::Status | Wish::Forget => Answer::Kept(self.until - now),
        }
    }
}

fn copy(key: &Secret32) -> Secret32 {
    Secret32::fill_with(|bytes| bytes.copy_from_slice(key.expose()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keystore::LockId;

    const LOCK: LockId = LockId::from_bytes([1; 32]);
    const START: Duration = Duration::from_secs(1000);

    fn kept(lasting: u64) -> Kept {
        let key = UnlockingKey { of: LOCK, key: Secret32::from_slice(&[5; 32]).expect("32 bytes") };
        Kept::new(key, Duration::from_secs(lasting), START)
    }

    fn ask(kept: &mut Kept, wish: Wish, at: u64) -> Answer {
        kept.answer(&Request { wish, lock: LOCK }, START + Duration::from_secs(at))
    }

    #[test]
    fn the_key_is_given_until_its_time_and_never_after() {
        let mut kept = kept(60);
        let Answer::Key(left, key) = ask(&mut kept, Wish::Key, 59) else { panic!("a second is left") };
        assert!(left == Duration::from_secs(1) && key.expose() == &[5; 32]);
        // The timer may be late, as after a sleep: what counts is the time of the question.
        assert!(matches!(ask(&mut kept, Wish::Key, 60), Answer::Forgotten));
        assert!(kept.is_over());
        assert!(matches!(ask(&mut kept, Wish::Keep(Duration::from_secs(60)), 61), Answer::Forgotten));
    }

    #[test]
    fn another_lock_gets_nothing_and_may_still_end_it() {
        let mut kept = kept(60);
        for wish in [Wish::Key, Wish::Status, Wish::Keep(Duration::from_secs(1))] {
            let request = Request { wish, lock: LockId::from_bytes([2; 32]) };
            assert!(matches!(kept.answer(&request, START), Answer::OtherLock));
        }
        assert_eq!(kept.until(), START + Duration::from_secs(60));
        let forget = Request { wish: Wish::Forget, lock: LockId::from_bytes([2; 32]) };
        assert!(matches!(kept.answer(&forget, START), Answer::Forgotten));
        assert!(kept.is_over());
    }

    #[test]
    fn it_is_prolonged_and_shortened_and_never_beyond_the_longest() {
        let mut kept = kept(60);
        let left = |answer| match answer {
            Answer::Kept(left) => left,
            _ => panic!("it is kept"),
        };
        let hours = |hours: u64| Duration::from_secs(hours * 3600);
        assert_eq!(left(ask(&mut kept, Wish::Keep(hours(2)), 30)), hours(2));
        assert_eq!(left(ask(&mut kept, Wish::Keep(hours(9)), 3600)), hours(7));
        assert_eq!(left(ask(&mut kept, Wish::Keep(Duration::MAX), 3600)), hours(7));
        assert_eq!(left(ask(&mut kept, Wish::Keep(hours(1)), 3600)), hours(1));
        assert_eq!(left(ask(&mut kept, Wish::Status, 3601)), hours(1) - Duration::from_secs(1));
        assert_eq!(Kept::new(kept.key.expect("kept"), hours(100), START).until(), START + LONGEST);
    }
}
