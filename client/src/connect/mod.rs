//! A connection to the hub: our own TLS under tonic, `Hello` first, every failure in words.
//!
//! * [`HubPins`]: what was pinned at `join`: the hub's authority, log key and receipt key.
//! * [`Link`]: one connection on which `Hello` agreed with the pins.
//! * [`Network`]: what it goes over.
//!
//! A link is one connection: when it breaks, calls fail as unreachable and the session opens another. Only the
//! pinned authority is trusted, and no proxy is used.

use std::io;

mod alert;
mod dial;
mod hello;
mod link;
mod network;
mod pins;
mod tls;

pub use hello::{ClockSkew, Hello};
pub use link::{CALL_TIMEOUT, Link};
pub use network::{Bytes, Carried, Carrier, Connecting, Network};
pub use pins::HubPins;
pub use tls::ClientIdentity;

/// Why there is no connection to the hub.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// No such host, nobody listens, or the network is down.
    #[error("{0}")]
    Unreachable(io::ErrorKind),
    /// Nobody answered in time.
    #[error("the hub did not answer in time")]
    TimedOut,
    /// Something answers, but not a hub of this kind.
    #[error("what answers is not a Samverkan hub")]
    NotAHub,
    /// The server's certificate is not issued by the pinned authority, or not for this host.
    #[error("the hub's certificate is not one that was agreed on at join")]
    HubNotTrusted,
    /// The server's certificate is expired or not valid yet, by this computer's clock.
    #[error("the hub's certificate is out of date")]
    HubCertificateOutOfDate,
    /// The keys that the hub shows are not those of the invitation, or not those pinned at join.
    #[error("the hub's keys are not those that were pinned")]
    PinMismatch,
    /// The hub refuses this device's certificate.
    #[error("the hub refuses this device's certificate")]
    CertificateRefused,
    /// The hub speaks no protocol version that this program speaks.
    #[error("the hub speaks protocol versions {min} to {max}")]
    ProtocolVersion {
        /// The oldest it speaks.
        min: u32,
        /// The newest it speaks.
        max: u32,
    },
    /// The pinned authority's certificate can not anchor trust.
    #[error("the pinned authority is not usable")]
    AuthorityUnusable,
    /// The device's certificate and key can not be used.
    #[error("the device's certificate or key is not usable")]
    IdentityUnusable,
    /// `Hello` was refused.
    #[error("the hub refused the first call")]
    Refused(#[source] Box<tonic::Status>),
}

#[cfg(test)]
mod tests;
