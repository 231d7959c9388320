//! What every service shares: one [`Hub`] a process.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use samverkan_proto::ids::{DeviceId, HubName, OperatorId, OrgId};
use samverkan_proto::reason::Refusal;
use samverkan_proto::statement::invite::HubAddress;
use samverkan_proto::statement::log::HubKeys;
use samverkan_proto::v1::ErrorReason;
use tokio::time::Instant;
use tonic::{Request, Status};

use crate::ca::Authority;
use crate::caller::Caller;
use crate::clock::Clock;
use crate::limits::{
    INVITES, INVITES_PER_SECOND, JOIN_FAILURES, JOIN_FAILURES_PER_SECOND, MANIFESTS, MANIFESTS_PER_SECOND,
    REMOVALS, REMOVALS_PER_SECOND,
};
use crate::metrics::Metrics;
use crate::rate::{Budget, Rates, network_of};
use crate::registry::Registry;
use crate::renewal::Renewals;
use crate::service::returning::Returning;
use crate::store::Store;
use crate::tls::ServerTls;

/// The running hub, as its services see it.
pub(crate) struct Hub {
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) authority: Arc<Authority>,
    pub(crate) tls: Arc<ServerTls>,
    /// What clients pin.
    pub(crate) keys: HubKeys,
    pub(crate) name: HubName,
    /// Where invites say that the hub is.
    pub(crate) address: HubAddress,
    pub(crate) test_hub: bool,
    pub(crate) started_ms: u64,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) join_failures: JoinFailures,
    /// Counts, in the same way, who asked for an organisation's newest manifest by its recovery kit.
    pub(crate) descriptions: JoinFailures,
    pub(crate) budgets: Budgets,
    pub(crate) renewals: Renewals,
    pub(crate) returning: Returning,
}

impl Hub {
    /// The registry of this moment, to judge by.
    ///
    /// # Errors
    /// LOG_BEHIND: who was revoked in what is missing would be let in, and who was taken in would be turned away.
    pub(crate) fn registry(&self) -> Result<Arc<Registry>, Refusal> {
        let registry = self.store.registry();
        if registry.log().is_behind() { Err(Refusal::new(ErrorReason::LogBehind)) } else { Ok(registry) }
    }

    /// Who is behind a request, by the registry of this moment.
    pub(crate) fn caller<T>(&self, request: &Request<T>) -> Result<Caller, Refusal> {
        Caller::of(request.extensions(), &*self.registry()?, self.clock.now_ms())
    }

    /// Counts a refusal and turns it into what the caller hears.
    pub(crate) fn refuse(&self, refusal: Refusal) -> Status {
        self.metrics.call_refused(&refusal);
        refusal.into()
    }
}

/// How often each may leave something in everybody's copy of the log. A restart forgets the counts; what an organisation's manifests take of
/// the log in all, the registry knows.
pub(crate) struct Budgets {
    /// Manifests: every new one makes those start again who are writing to the organisation.
    pub(crate) manifests: Budget<OrgId>,
    /// Manifests that the recovery kit has signed.
    pub(crate) recoveries: Budget<OrgId>,
    /// Manifests that only take devices out, by the device that publishes them.
    pub(crate) removals: Budget<DeviceId>,
    /// Agreements, by the organisation that hands them in.
    pub(crate) agreements: Budget<OrgId>,
    /// Invites and their withdrawals, by the operator who signs first.
    pub(crate) invites: Budget<OperatorId>,
}

impl Budgets {
    pub(crate) fn new() -> Self {
        Self {
            manifests: Budget::new(MANIFESTS_PER_SECOND, MANIFESTS),
            recoveries: Budget::new(MANIFESTS_PER_SECOND, MANIFESTS),
            removals: Budget::new(REMOVALS_PER_SECOND, REMOVALS),
            agreements: Budget::new(MANIFESTS_PER_SECOND, MANIFESTS),
            invites: Budget::new(INVITES_PER_SECOND, INVITES),
        }
    }
}

/// Counts failed attempts to join from each address, so that codes can not be guessed at leisure.
pub(crate) struct JoinFailures(Mutex<Rates<IpAddr>>);

impl JoinFailures {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(Rates::new(JOIN_FAILURES_PER_SECOND, JOIN_FAILURES)))
    }

    /// Whether this address may try.
    pub(crate) fn may_try(&self, address: IpAddr) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).has(network_of(address), Instant::now())
    }

    /// This address has failed.
    pub(crate) fn count(&self, address: IpAddr) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take(network_of(address), Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn guessing_codes_ends_soon_and_for_one_address_only() {
        let failures = JoinFailures::new();
        let (guesser, other) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]));
        let guesses = (0..1000).take_while(|_| {
            let may = failures.may_try(guesser);
            failures.count(guesser);
            may
        });
        assert_eq!(guesses.count(), JOIN_FAILURES as usize);
        assert!(failures.may_try(other));
    }

    #[test]
    fn an_organisation_that_publishes_in_a_loop_is_stopped_and_no_other() {
        let manifests = Budgets::new().manifests;
        let [eager, other] = [1, 2].map(|byte| OrgId::parse(&[byte; 16]).unwrap());
        let published = (0..1000).take_while(|_| manifests.take(eager)).count();
        assert_eq!(published, MANIFESTS as usize);
        assert!(manifests.take(other));
        let day = Duration::from_secs(86_400);
        let mut rates = Rates::new(MANIFESTS_PER_SECOND, MANIFESTS);
        let start = Instant::now();
        while rates.take(eager, start) {}
        let month: usize =
            (1..=30).map(|n| (0..100).filter(|_| rates.take(eager, start + n * day)).count()).sum();
        assert!(month <= 4 * 30, "{month} in a month");
    }
}
