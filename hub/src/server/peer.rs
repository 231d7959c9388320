//! Who is at the other end, as the TLS handshake proved it.

use std::fmt;

use crate::ca;

/// SHA-256 of the SubjectPublicKeyInfo (DER, RFC 5280) of a device's TLS key, as manifests name it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SpkiHash([u8; 32]);

impl SpkiHash {
    /// The hash with these bytes.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// Says nothing: the hash names a device, and logs name nobody.
impl fmt::Debug for SpkiHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SpkiHash(..)")
    }
}

/// A verified client certificate, in the extensions of every request of its connection.
///
/// Its absence there means that the peer presented none. There is no other way to make one than a TLS handshake
/// that verified it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerCertificate {
    spki: SpkiHash,
    not_after_ms: u64,
}

impl PeerCertificate {
    /// From the end-entity certificate of a finished handshake; `None` if it can not be read.
    pub(super) fn from_verified(certificate: &[u8]) -> Option<Self> {
        let (spki, not_after_ms) = ca::identity_of(certificate)?;
        Some(Self { spki: SpkiHash(spki), not_after_ms })
    }

    /// Made up, for tests of what comes after the handshake.
    #[cfg(test)]
    pub(crate) fn for_test(spki: [u8; 32]) -> Self {
        Self { spki: SpkiHash(spki), not_after_ms: u64::MAX }
    }

    /// The hash of its public key.
    pub fn spki(&self) -> SpkiHash {
        self.spki
    }

    /// When it ends, milliseconds since the Unix epoch.
    pub fn not_after_ms(&self) -> u64 {
        self.not_after_ms
    }
}
