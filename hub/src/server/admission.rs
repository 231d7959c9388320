//! Whether a new socket gets a handshake: room for connections, room for handshakes, and a rate for each address.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use super::Bounds;
use crate::limits::HANDSHAKE_BURST_SECONDS;
use crate::metrics::Refused;
use crate::rate::{Rates, network_of};

/// Decides on each accepted socket.
pub(super) struct Admission {
    places: Arc<Semaphore>,
    handshakes: Arc<Semaphore>,
    rates: Mutex<Rates<IpAddr>>,
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
        let per_second = f64::from(bounds.handshakes_per_second_per_address);
        let burst = per_second * f64::from(HANDSHAKE_BURST_SECONDS);
        Self {
            places: Arc::new(Semaphore::new(bounds.max_connections.min(Semaphore::MAX_PERMITS))),
            handshakes: Arc::new(Semaphore::new(bounds.handshakes_in_flight.min(Semaphore::MAX_PERMITS))),
            rates: Mutex::new(Rates::new(per_second, burst)),
        }
    }

    /// Admits a socket from `address`, or says why not.
    pub(super) fn admit(&self, address: IpAddr) -> Result<Ticket, Refused> {
        let network = network_of(address);
        if !self.rates.lock().unwrap_or_else(PoisonError::into_inner).take(network, Instant::now()) {
            return Err(Refused::TooFast);
        }
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| Refused::Full)?;
        let handshake = Arc::clone(&self.handshakes).try_acquire_owned().map_err(|_| Refused::Full)?;
        Ok(Ticket { place, handshake })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn places_and_handshakes_are_given_back() {
        let bounds = Bounds { max_connections: 2, handshakes_in_flight: 1, ..Bounds::default() };
        let admission = Admission::new(&bounds);
        let address = IpAddr::from([192, 0, 2, 1]);
        let first = admission.admit(address).unwrap();
        assert!(matches!(admission.admit(address), Err(Refused::Full)), "one handshake at a time");
        drop(first.handshake);
        let second = admission.admit(address).unwrap();
        drop(second.handshake);
        assert!(matches!(admission.admit(address), Err(Refused::Full)), "two connections at a time");
        drop(first.place);
        assert!(admission.admit(address).is_ok());
    }

    #[tokio::test]
    async fn an_eager_address_is_refused() {
        let bounds = Bounds { handshakes_per_second_per_address: 1, ..Bounds::default() };
        let admission = Admission::new(&bounds);
        let admitted = (0..100).filter(|_| admission.admit(IpAddr::from([192, 0, 2, 1])).is_ok()).count();
        assert!((5..10).contains(&admitted), "{admitted}");
    }
}
