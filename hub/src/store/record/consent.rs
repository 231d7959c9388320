//! Consents: stubs that nobody has used, and the handles of those that somebody has.
//!
//! ```text
//! used consent = handle[16] issuer_org[16] u64 expires_ms digest[16]
//! ```

use samverkan_proto::ids::{ConsentHandle, OrgId, sha256};
use samverkan_proto::limits::CONSENT_KEPT_MS;
use samverkan_proto::statement::consent::UnverifiedStub;

use crate::store::codec::Take;
use crate::store::journal::Location;
use crate::store::key::{self, Due};

/// What the hub remembers of a consent stub.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) struct Consent {
    pub(in crate::store) handle: ConsentHandle,
    pub(in crate::store) issuer: OrgId,
    pub(in crate::store) expires_ms: u64,
    /// The first half of the stub's SHA-256, to tell the same stub from another with its handle.
    pub(in crate::store) digest: [u8; 16],
}

impl Consent {
    /// Of a stub's bytes, whose signature was verified when they came in.
    pub(in crate::store) fn of_stub(bytes: &[u8]) -> Option<Self> {
        let stub = *UnverifiedStub::parse(bytes).ok()?.claimed();
        let digest = *sha256(bytes).first_chunk()?;
        Some(Self { handle: stub.handle, issuer: stub.issuer_org, expires_ms: stub.expires_ms, digest })
    }

    /// The index key under which the clock finds that the handle may be forgotten.
    pub(in crate::store) fn forgetting(&self) -> Vec<u8> {
        key::due(self.expires_ms.saturating_add(CONSENT_KEPT_MS), Due::Consent, self.handle.as_bytes())
    }

    /// The head of a used consent.
    pub(in crate::store) fn encode(&self) -> Vec<u8> {
        let mut head = self.handle.as_bytes().to_vec();
        head.extend_from_slice(self.issuer.as_bytes());
        head.extend_from_slice(&self.expires_ms.to_be_bytes());
        head.extend_from_slice(&self.digest);
        head
    }

    /// Reads the head of a used consent.
    pub(in crate::store) fn parse(head: &[u8]) -> Option<Self> {
        let mut take = Take::new(head);
        let consent = Self {
            handle: ConsentHandle::parse(take.bytes(16)?).ok()?,
            issuer: OrgId::parse(take.bytes(16)?).ok()?,
            expires_ms: take.u64()?,
            digest: take.array()?,
        };
        take.is_empty().then_some(consent)
    }

    /// What the index says of it: location, whether it is used, the head of a used consent.
    pub(in crate::store) fn value(&self, location: Location, used: bool) -> Vec<u8> {
        let mut value = location.to_bytes().to_vec();
        value.push(u8::from(used));
        value.extend_from_slice(&self.encode());
        value
    }

    /// Reads what the index says: the location, whether it is used, and the consent.
    pub(in crate::store) fn parse_value(value: &[u8]) -> Option<(Location, bool, Self)> {
        let (location, rest) = value.split_first_chunk()?;
        let (used, head) = rest.split_first()?;
        Some((Location::from_bytes(location), *used == 1, Self::parse(head)?))
    }
}
