//! Token buckets, one a key, in a table of bounded size.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

use crate::limits::LIMITED_ADDRESSES;

/// What each key may do: a burst at once, then so much a second.
pub(crate) struct Rates<K> {
    per_second: f64,
    burst: f64,
    buckets: HashMap<K, Bucket>,
}

#[derive(Clone, Copy)]
struct Bucket {
    tokens: f64,
    filled: Instant,
}

impl<K: Copy + Eq + Hash> Rates<K> {
    /// Full buckets of `burst` tokens, each filled with `per_second`.
    pub(crate) fn new(per_second: f64, burst: f64) -> Self {
        Self { per_second, burst, buckets: HashMap::new() }
    }

    /// Takes one token of `key`; `false` if there is none.
    pub(crate) fn take(&mut self, key: K, now: Instant) -> bool {
        if self.buckets.len() >= LIMITED_ADDRESSES && !self.buckets.contains_key(&key) {
            self.forget(now);
        }
        let (per_second, burst) = (self.per_second, self.burst);
        let bucket = self.buckets.entry(key).or_insert(Bucket { tokens: burst, filled: now });
        bucket.tokens = bucket.level(now, per_second, burst);
        bucket.filled = now;
        if bucket.tokens < 1.0 {
            return false;
        }
        bucket.tokens -= 1.0;
        true
    }

    /// Whether `key` has a token; takes none.
    pub(crate) fn has(&self, key: K, now: Instant) -> bool {
        let bucket = self.buckets.get(&key);
        bucket.is_none_or(|bucket| bucket.level(now, self.per_second, self.burst) >= 1.0)
    }

    /// Forgets the fuller half of the buckets: who has been quiet loses nothing by it.
    fn forget(&mut self, now: Instant) {
        let (per_second, burst) = (self.per_second, self.burst);
        let mut levels: Vec<f64> =
            self.buckets.values().map(|bucket| bucket.level(now, per_second, burst)).collect();
        let middle = levels.len() / 2;
        let (_, median, _) = levels.select_nth_unstable_by(middle, f64::total_cmp);
        let median = *median;
        self.buckets.retain(|_, bucket| bucket.level(now, per_second, burst) < median);
    }
}

/// Rates that many ask at once.
pub(crate) struct Budget<K>(Mutex<Rates<K>>);

impl<K: Copy + Eq + Hash> Budget<K> {
    /// So many in a row, and so many a second from then on.
    pub(crate) fn new(per_second: f64, in_a_row: f64) -> Self {
        Self(Mutex::new(Rates::new(per_second, in_a_row)))
    }

    /// Takes one of what `key` has left; `false` if there is none.
    pub(crate) fn take(&self, key: K) -> bool {
        self.rates().take(key, Instant::now())
    }

    /// Whether `key` has one left; takes none.
    pub(crate) fn has(&self, key: K) -> bool {
        self.rates().has(key, Instant::now())
    }

    fn rates(&self) -> MutexGuard<'_, Rates<K>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Bucket {
    fn level(&self, now: Instant, per_second: f64, burst: f64) -> f64 {
        let elapsed = now.saturating_duration_since(self.filled).as_secs_f64();
        (self.tokens + elapsed * per_second).min(burst)
    }
}

/// The address that is limited: an IPv6 site owns a whole /64, so its members count together.
pub(crate) fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn v4(n: u32) -> IpAddr {
        std::net::Ipv4Addr::from(n).into()
    }

    #[test]
    fn an_address_gets_its_burst_and_then_its_rate() {
        let mut rates = Rates::new(2.0, 10.0);
        let start = Instant::now();
        assert_eq!((0..100).filter(|_| rates.take(v4(1), start)).count(), 10);
        assert!(!rates.has(v4(1), start));
        let later = start + Duration::from_secs(3);
        assert!(rates.has(v4(1), later));
        assert_eq!((0..100).filter(|_| rates.take(v4(1), later)).count(), 6);
        assert!(rates.has(v4(2), later) && rates.take(v4(2), later), "another address is not affected");
    }

    #[test]
    fn a_quiet_address_gets_no_more_than_its_burst() {
        let mut rates = Rates::new(1.0, 5.0);
        let start = Instant::now();
        assert!(rates.take(v4(1), start));
        let year = start + Duration::from_secs(365 * 86_400);
        assert_eq!((0..100).filter(|_| rates.take(v4(1), year)).count(), 5);
    }

    #[test]
    fn an_ipv6_site_and_a_mapped_ipv4_address_count_as_one() {
        let same = [("2001:db8:1:2::1", "2001:db8:1:2:ffff::9"), ("::ffff:192.0.2.1", "192.0.2.1")];
        for (a, b) in same {
            assert_eq!(network_of(a.parse().unwrap()), network_of(b.parse().unwrap()));
        }
        assert_ne!(
            network_of("2001:db8:1:2::1".parse().unwrap()),
            network_of("2001:db8:1:3::1".parse().unwrap())
        );
    }

    #[test]
    fn a_full_table_forgets_the_quiet_and_remembers_the_eager() {
        let mut rates = Rates::new(1.0, 5.0);
        let now = Instant::now();
        let eager = v4(u32::MAX);
        while rates.take(eager, now) {}
        for n in 0..2 * LIMITED_ADDRESSES as u32 {
            assert!(rates.take(v4(n), now));
            assert!(rates.buckets.len() <= LIMITED_ADDRESSES);
        }
        assert!(!rates.take(eager, now));
    }
}
