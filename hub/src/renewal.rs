//! What the hub remembers about renewals of certificates: that a nonce is its own, and who has renewed lately.
//!
//! A nonce is `u64 time_ms | u64 number | mac[16]`, the tag being HMAC-SHA256 under a key that is made at the start. So a greeting
//! costs nothing to remember, however many strangers ask for one; a restart makes nonces void that were not used within
//! the seconds that renewing takes, and the client greets again. What is remembered is one entry for each device that
//! renewed within the last ten minutes: a nonce that is not newer than its last one is refused, so that a request which
//! was overheard gets nothing but the certificate that it got.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use ring::hmac;
use ring::rand::SystemRandom;
use samverkan_proto::ids::DeviceId;
use samverkan_proto::limits::RENEWAL_MS;
use samverkan_proto::statement::renewal::NONCE_LEN;
use subtle::ConstantTimeEq as _;
use tokio::time::Instant;

use crate::limits::{RENEWALS, RENEWALS_PER_SECOND};
use crate::rate::Rates;

/// Bytes of time and number in a nonce.
const PLACE_LEN: usize = 16;

/// Gives nonces, knows them again, and counts renewals.
pub(crate) struct Renewals {
    key: hmac::Key,
    given: AtomicU64,
    lately: Mutex<Lately>,
}

struct Lately {
    rates: Rates<DeviceId>,
    done: HashMap<DeviceId, Done>,
}

/// A device's newest renewal.
struct Done {
    place: Place,
    statement: Bytes,
    certificate: Bytes,
}

/// When a nonce was given, and as which of this start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    time_ms: u64,
    number: u64,
}

/// What a renewal with a good nonce is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// New: a certificate may be issued, once [`Renewals::may_issue`] says so.
    New,
    /// The device's newest one, sent again: the answer that it got.
    Again(Bytes),
    /// Older than the device's newest.
    Stale,
}

impl Renewals {
    /// Nothing is remembered yet. `None` without randomness.
    pub(crate) fn new() -> Option<Self> {
        let key = hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new()).ok()?;
        let rates = Rates::new(RENEWALS_PER_SECOND, RENEWALS);
        Some(Self {
            key,
            given: AtomicU64::new(0),
            lately: Mutex::new(Lately { rates, done: HashMap::new() }),
        })
    }

    /// A nonce that nobody was given before.
    pub(crate) fn nonce(&self, now_ms: u64) -> [u8; NONCE_LEN] {
        let number = self.given.fetch_add(1, Ordering::Relaxed);
        self.nonce_of(&[now_ms.to_be_bytes(), number.to_be_bytes()].concat())
    }

    fn nonce_of(&self, place: &[u8]) -> [u8; NONCE_LEN] {
        let mut nonce = [0; NONCE_LEN];
        let (head, tag) = nonce.split_at_mut(PLACE_LEN);
        head.copy_from_slice(place);
        let full = hmac::sign(&self.key, place);
        tag.copy_from_slice(&full.as_ref()[..NONCE_LEN - PLACE_LEN]);
        nonce
    }

    /// Where a nonce stands, if this hub gave it within the last ten minutes.
    pub(crate) fn place(&self, nonce: &[u8; NONCE_LEN], now_ms: u64) -> Option<Place> {
        let good = self.nonce_of(&nonce[..PLACE_LEN]).ct_eq(nonce);
        bool::from(good).then_some(())?;
        let (time_ms, number) = nonce[..PLACE_LEN].split_at(8);
        let place = Place { time_ms: number_of(time_ms), number: number_of(number) };
        (place.time_ms <= now_ms && now_ms - place.time_ms < RENEWAL_MS).then_some(place)
    }

    /// What this statement of a device is, whose nonce stands at `place`.
    pub(crate) fn asked(&self, device: &DeviceId, place: Place, statement: &[u8]) -> Asked {
        match self.lately().done.get(device) {
            Some(done) if done.statement == statement => Asked::Again(done.certificate.clone()),
            Some(done) if place <= done.place => Asked::Stale,
            Some(_) | None => Asked::New,
        }
    }

    /// Whether a device may have another certificate now; counts it if so.
    pub(crate) fn may_issue(&self, device: DeviceId) -> bool {
        self.lately().rates.take(device, Instant::now())
    }

    /// A device has got its certificate. What ten minutes have made void is forgotten.
    pub(crate) fn done(
        &self,
        device: DeviceId,
        place: Place,
        statement: Bytes,
        certificate: Bytes,
        now_ms: u64,
    ) {
        let mut lately = self.lately();
        lately.done.retain(|_, done| now_ms.saturating_sub(done.place.time_ms) < RENEWAL_MS);
        // Two of them may have been under way at once, and the older one ended last.
        if lately.done.get(&device).is_none_or(|done| done.place < place) {
            lately.done.insert(device, Done { place, statement, certificate });
        }
    }

    fn lately(&self) -> std::sync::MutexGuard<'_, Lately> {
        self.lately.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn number_of(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_750_000_000_000;

    fn device(byte: u8) -> DeviceId {
        DeviceId::parse(&[byte; 16]).unwrap()
    }

    #[test]
    fn a_nonce_is_good_for_ten_minutes_at_the_hub_that_gave_it() {
        let (hub, other) = (Renewals::new().unwrap(), Renewals::new().unwrap());
        let nonce = hub.nonce(NOW);
        assert!(hub.place(&nonce, NOW).is_some() && hub.place(&nonce, NOW + RENEWAL_MS - 1).is_some());
        assert!(hub.place(&nonce, NOW + RENEWAL_MS).is_none(), "too old");
        assert!(hub.place(&nonce, NOW - 1).is_none(), "from the future");
        assert!(other.place(&nonce, NOW).is_none(), "another hub's, or another start's");
        assert_ne!(hub.nonce(NOW), nonce, "never twice");
        for at in 0..NONCE_LEN {
            let mut changed = nonce;
            changed[at] ^= 1;
            assert!(hub.place(&changed, NOW).is_none(), "byte {at}");
        }
    }

    #[test]
    fn the_newest_is_answered_again_and_what_is_older_is_stale() {
        let hub = Renewals::new().unwrap();
        let at = |now| hub.place(&hub.nonce(now), now).unwrap();
        let (first, second, third) = (at(NOW), at(NOW), at(NOW + 1));
        assert_eq!(hub.asked(&device(1), second, b"second"), Asked::New);
        hub.done(device(1), second, Bytes::from_static(b"second"), Bytes::from_static(b"der"), NOW);
        let again = Asked::Again(Bytes::from_static(b"der"));
        assert_eq!(hub.asked(&device(1), second, b"second"), again);
        assert_eq!(hub.asked(&device(1), first, b"first"), Asked::Stale);
        assert_eq!(hub.asked(&device(1), second, b"other"), Asked::Stale);
        assert_eq!(hub.asked(&device(1), third, b"third"), Asked::New);
        assert_eq!(hub.asked(&device(2), first, b"first"), Asked::New, "another device's");
    }

    #[test]
    fn what_is_void_is_forgotten() {
        let hub = Renewals::new().unwrap();
        for n in 0..100_u8 {
            let now = NOW + u64::from(n) * RENEWAL_MS;
            let place = hub.place(&hub.nonce(now), now).unwrap();
            hub.done(device(n + 1), place, Bytes::new(), Bytes::new(), now);
            assert_eq!(hub.lately().done.len(), 1);
        }
    }

    #[test]
    fn a_device_that_renews_in_a_loop_is_stopped_and_no_other() {
        let hub = Renewals::new().unwrap();
        assert_eq!((0..1000).filter(|_| hub.may_issue(device(1))).count(), RENEWALS as usize);
        assert!(hub.may_issue(device(2)));
    }
}
