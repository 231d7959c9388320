//! Who is at the other end, as the TLS handshake proved it.

use std::net::IpAddr;

use samverkan_proto::ids::TlsKeyHash;

use crate::ca;

/// Who a connection belongs to, in the extensions of every request that comes over it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// Presented no certificate.
    Stranger,
    /// Proved to own a certificate of the hub's authority.
    Device(PeerCertificate),
    /// Came over the operator's socket, as the hub's own user or root.
    Operator,
}

/// Where a request came from, in its extensions; for limits, never for logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerAddress(pub IpAddr);

/// A verified client certificate. There is no other way to make one than a TLS handshake that verified it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerCertificate {
    key: TlsKeyHash,
    not_after_ms: u64,
}

impl PeerCertificate {
    /// From the end-entity certificate of a finished handshake; `None` if it can not be read.
    pub(super) fn from_verified(certificate: &[u8]) -> Option<Self> {
        let (key, not_after_ms) = ca::identity_of(certificate)?;
        Some(Self { key, not_after_ms })
    }

    /// Made up, for tests of what comes after the handshake.
    #[cfg(test)]
    pub(crate) fn for_test(key: TlsKeyHash) -> Self {
        Self { key, not_after_ms: u64::MAX }
    }

    /// The same with another end.
    #[cfg(test)]
    pub(crate) fn ending(self, not_after_ms: u64) -> Self {
        Self { not_after_ms, ..self }
    }

    /// The hash of its public key.
    pub fn key(&self) -> TlsKeyHash {
        self.key
    }

    /// When it ends, milliseconds since the Unix epoch.
    pub fn not_after_ms(&self) -> u64 {
        self.not_after_ms
    }
}
