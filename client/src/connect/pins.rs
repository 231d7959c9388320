//! The hub's three keys, which a client pins once and never replaces by itself.

use rustls::pki_types::CertificateDer;
use samverkan_proto::ids::sha256_of;
use samverkan_proto::sign::PublicKey;

/// The hub's authority, log key and receipt key (PROTOCOL.md sections 13 and 14).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HubPins {
    authority: CertificateDer<'static>,
    log: PublicKey,
    receipt: PublicKey,
}

impl HubPins {
    /// Takes keys as `Hello` shows them; `None` if one is not a usable Ed25519 key.
    #[must_use]
    pub fn new(authority: &[u8], log: &[u8], receipt: &[u8]) -> Option<Self> {
        let key = |bytes: &[u8]| PublicKey::parse(bytes.try_into().ok()?, "hub_key").ok();
        Some(Self {
            authority: CertificateDer::from(authority.to_vec()),
            log: key(log)?,
            receipt: key(receipt)?,
        })
    }

    /// The authority's certificate.
    #[must_use]
    pub const fn authority(&self) -> &CertificateDer<'static> {
        &self.authority
    }

    /// The key that signs checkpoints.
    #[must_use]
    pub const fn log(&self) -> &PublicKey {
        &self.log
    }

    /// The key that signs hub receipts.
    #[must_use]
    pub const fn receipt(&self) -> &PublicKey {
        &self.receipt
    }

    /// `pin = H(authority DER || log_pk || receipt_pk)`, as an invitation carries it.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        sha256_of(&[&self.authority, self.log.as_bytes(), self.receipt.as_bytes()])
    }
}
