//! Whether a new socket gets a handshake: room for connections, room for handshakes, and a rate for each address.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use super::Bounds;
use crate::limits::{HANDSHAKE_BURST_SECONDS, LIMITED_ADDRESSES};
use crate::metrics::Refused;

/// Decides on each accepted socket.
pub(super) struct Admission {
    places: Arc<Semaphore>,
    handshakes: Arc<Semaphore>,
    rates: Mutex<Rates>,
}

/// A connection's right to exist, and to be in a handshake.
pub(super) struct Ticket {
    /// Held for as long as the connection lives.
    pub(super) place: OwnedSemaphorePermit,
    /// Held until the handshake has ended.
    pub(super) handshake: OwnedSemaphorePermit,
}

impl Admission {
    pub(super) fn new(bounds: &Bounds) -> Self {
        Self {
            places: Arc::new(Semaphore::new(bounds.max_connections.min(Semaphore::MAX_PERMITS))),
            handshakes: Arc::new(Semaphore::new(bounds.handshakes_in_flight.min(Semaphore::MAX_PERMITS))),
            rates: Mutex::new(Rates::new(bounds.handshakes_per_second_per_address)),
        }
    }

    /// Admits a socket from `address`, or says why not.
    pub(super) fn admit(&self, address: IpAddr) -> Result<Ticket, Refused> {
        if !self.rates.lock().unwrap_or_else(PoisonError::into_inner).take(address, Instant::now()) {
            return Err(Refused::TooFast);
        }
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| Refused::Full)?;
        let handshake = Arc::clone(&self.handshakes).try_acquire_owned().map_err(|_| Refused::Full)?;
        Ok(Ticket { place, handshake })
    }
}

/// Token buckets, one an address, in a table of bounded size.
struct Rates {
    per_second: f64,
    burst: f64,
    buckets: HashMap<IpAddr, Bucket>,
}

#[derive(Clone, Copy)]
struct Bucket {
    tokens: f64,
    filled: Instant,
}

impl Rates {
    fn new(per_second: u32) -> Self {
        let per_second = f64::from(per_second);
        Self { per_second, burst: per_second * f64::from(HANDSHAKE_BURST_SECONDS), buckets: HashMap::new() }
    }

    /// Takes one token of `address`; `false` if there is none.
    fn take(&mut self, address: IpAddr, now: Instant) -> bool {
        let key = network_of(address);
        if self.buckets.len() >= LIMITED_ADDRESSES && !self.buckets.contains_key(&key) {
            self.forget(now);
        }
        let (per_second, burst) = (self.per_second, self.burst);
        let bucket = self.buckets.entry(key).or_insert(Bucket { tokens: burst, filled: now });
        bucket.tokens = level(bucket, now, per_second, burst);
        bucket.filled = now;
        if bucket.tokens < 1.0 {
            return false;
        }
        bucket.tokens -= 1.0;
        true
    }

    /// Forgets the fuller half of the buckets: an address that has been quiet loses nothing by it.
    fn forget(&mut self, now: Instant) {
        let (per_second, burst) = (self.per_second, self.burst);
        let mut levels: Vec<f64> =
            self.buckets.values().map(|bucket| level(bucket, now, per_second, burst)).collect();
        let middle = levels.len() / 2;
        let (_, median, _) = levels.select_nth_unstable_by(middle, f64::total_cmp);
        let median = *median;
        self.buckets.retain(|_, bucket| level(bucket, now, per_second, burst) < median);
    }
}

fn level(bucket: &Bucket, now: Instant, per_second: f64, burst: f64) -> f64 {
    let elapsed = now.saturating_duration_since(bucket.filled).as_secs_f64();
    (bucket.tokens + elapsed * per_second).min(burst)
}

/// The address that is limited: an IPv6 site owns a whole /64, so its members count together.
fn network_of(address: IpAddr) -> IpAddr {
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
        let mut rates = Rates::new(2);
        let start = Instant::now();
        let taken = (0..100).filter(|_| rates.take(v4(1), start)).count();
        assert_eq!(taken, 2 * HANDSHAKE_BURST_SECONDS as usize);
        let later = start + Duration::from_secs(3);
        assert_eq!((0..100).filter(|_| rates.take(v4(1), later)).count(), 6);
        assert!(rates.take(v4(2), later), "another address is not affected");
    }

    #[test]
    fn a_quiet_address_gets_no_more_than_its_burst() {
        let mut rates = Rates::new(1);
        let start = Instant::now();
        assert!(rates.take(v4(1), start));
        let year = start + Duration::from_secs(365 * 86_400);
        assert_eq!((0..100).filter(|_| rates.take(v4(1), year)).count(), HANDSHAKE_BURST_SECONDS as usize);
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
        let mut rates = Rates::new(1);
        let now = Instant::now();
        let eager = v4(u32::MAX);
        while rates.take(eager, now) {}
        for n in 0..2 * LIMITED_ADDRESSES as u32 {
            assert!(rates.take(v4(n), now));
            assert!(rates.buckets.len() <= LIMITED_ADDRESSES);
        }
        assert!(!rates.take(eager, now));
    }

    #[tokio::test]
    async fn places_and_handshakes_are_given_back() {
        let bounds = Bounds { max_connections: 2, handshakes_in_flight: 1, ..Bounds::default() };
        let admission = Admission::new(&bounds);
        let first = admission.admit(v4(1)).unwrap();
        assert!(matches!(admission.admit(v4(1)), Err(Refused::Full)), "one handshake at a time");
        drop(first.handshake);
        let second = admission.admit(v4(1)).unwrap();
        drop(second.handshake);
        assert!(matches!(admission.admit(v4(1)), Err(Refused::Full)), "two connections at a time");
        drop(first.place);
        assert!(admission.admit(v4(1)).is_ok());
    }
}
