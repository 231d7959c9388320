//! Consents: stubs that nobody has used, the handles of those that somebody has, and those that were withdrawn.
//!
//! ```text
//! used consent      = handle[16] issuer_org[16] u64 expires_ms digest[16] | message_id[16]
//! withdrawn consent = handle[16] issuer_org[16] u64 expires_ms digest[16] | message_id[16], zero for none | accepted (mail.rs) | SVKD
//! ```

use samverkan_proto::ids::{ConsentHandle, MessageId, OrgId, sha256};
use samverkan_proto::limits::CONSENT_KEPT_MS;
use samverkan_proto::statement::consent::UnverifiedStub;
use samverkan_proto::statement::receipt::WithdrawalReceipt;
use samverkan_proto::statement::withdrawal::UnverifiedWithdrawal;

use super::mail::Given;
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
    pub(in crate::store) state: ConsentState,
}

/// What became of a handle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum ConsentState {
    /// No message has named it.
    Unused,
    /// This message has.
    Used(MessageId),
    /// It was withdrawn, and perhaps used before; the receipt that says so is in this batch.
    Withdrawn { used_by: Option<MessageId>, batch: u64 },
}

impl ConsentState {
    /// The message that has named the handle.
    pub(in crate::store) const fn used_by(&self) -> Option<MessageId> {
        match self {
            Self::Unused => None,
            Self::Used(message) => Some(*message),
            Self::Withdrawn { used_by, .. } => *used_by,
        }
    }
}

impl Consent {
    /// Of a stub's bytes, whose signature was verified when they came in.
    pub(in crate::store) fn of_stub(bytes: &[u8]) -> Option<Self> {
        let stub = *UnverifiedStub::parse(bytes).ok()?.claimed();
        let digest = *sha256(bytes).first_chunk()?;
        let state = ConsentState::Unused;
        Some(Self {
            handle: stub.handle,
            issuer: stub.issuer_org,
            expires_ms: stub.expires_ms,
            digest,
            state,
        })
    }

    /// The index key under which the clock finds that the handle may be forgotten.
    pub(in crate::store) fn forgetting(&self) -> Vec<u8> {
        key::due(self.expires_ms.saturating_add(CONSENT_KEPT_MS), Due::Consent, self.handle.as_bytes())
    }

    /// The head of a used consent.
    pub(in crate::store) fn encode_used(&self) -> Vec<u8> {
        let mut head = Vec::new();
        self.put(&mut head);
        head
    }

    /// Reads the head of a used consent.
    pub(in crate::store) fn parse_used(head: &[u8]) -> Option<Self> {
        let mut take = Take::new(head);
        let consent = Self::take(&mut take, |used_by| used_by.map(ConsentState::Used))?;
        take.is_empty().then_some(consent)
    }

    /// What every record of a handle says, and the message that has named it.
    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.handle.as_bytes());
        out.extend_from_slice(self.issuer.as_bytes());
        out.extend_from_slice(&self.expires_ms.to_be_bytes());
        out.extend_from_slice(&self.digest);
        let used_by = self.state.used_by();
        out.extend_from_slice(used_by.map_or([0; 16], |id| *id.as_bytes()).as_slice());
    }

    fn take(
        take: &mut Take<'_>,
        state: impl FnOnce(Option<MessageId>) -> Option<ConsentState>,
    ) -> Option<Self> {
        let handle = ConsentHandle::parse(take.bytes(16)?).ok()?;
        let issuer = OrgId::parse(take.bytes(16)?).ok()?;
        let (expires_ms, digest) = (take.u64()?, take.array()?);
        let used_by = match take.bytes(16)? {
            [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0] => None,
            id => Some(MessageId::parse(id).ok()?),
        };
        Some(Self { handle, issuer, expires_ms, digest, state: state(used_by)? })
    }

    /// What the index says of it: location, `u8` 0 unused, 1 used, 2 withdrawn, the head of a used consent, and the batch of a withdrawal.
    pub(in crate::store) fn value(&self, location: Location) -> Vec<u8> {
        let mut value = location.to_bytes().to_vec();
        let (tag, batch) = match self.state {
            ConsentState::Unused => (0, 0),
            ConsentState::Used(_) => (1, 0),
            ConsentState::Withdrawn { batch, .. } => (2, batch),
        };
        value.push(tag);
        self.put(&mut value);
        value.extend_from_slice(&batch.to_be_bytes());
        value
    }

    /// Reads what the index says: the location, and the consent.
    pub(in crate::store) fn parse_value(value: &[u8]) -> Option<(Location, Self)> {
        let (location, rest) = value.split_first_chunk()?;
        let (tag, rest) = rest.split_first()?;
        let (rest, batch) = rest.split_last_chunk()?;
        let batch = u64::from_be_bytes(*batch);
        let mut take = Take::new(rest);
        let consent = Self::take(&mut take, |used_by| match (tag, used_by) {
            (0, None) => Some(ConsentState::Unused),
            (1, Some(message)) => Some(ConsentState::Used(message)),
            (2, used_by) => Some(ConsentState::Withdrawn { used_by, batch }),
            _ => None,
        })?;
        take.is_empty().then_some((Location::from_bytes(location), consent))
    }
}

/// The head of a withdrawn consent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::store) struct WithdrawnConsent {
    pub(in crate::store) consent: Consent,
    pub(in crate::store) given: Given,
    /// As it was signed; verified before it was written.
    statement: Box<[u8]>,
}

impl WithdrawnConsent {
    /// A handle that was withdrawn by this statement, for which the hub has given a receipt.
    pub(in crate::store) fn new(before: Consent, given: Given, statement: &[u8]) -> Self {
        let state = ConsentState::Withdrawn { used_by: before.state.used_by(), batch: given.batch };
        Self { consent: Consent { state, ..before }, given, statement: statement.into() }
    }

    pub(in crate::store) fn encode(&self) -> Vec<u8> {
        let mut head = Vec::new();
        self.consent.put(&mut head);
        self.given.put(&mut head);
        head.extend_from_slice(&self.statement);
        head
    }

    pub(in crate::store) fn parse(head: &[u8]) -> Option<Self> {
        let mut take = Take::new(head);
        let mut consent =
            Consent::take(&mut take, |used_by| Some(ConsentState::Withdrawn { used_by, batch: 0 }))?;
        let given = Given::take(&mut take)?;
        if let ConsentState::Withdrawn { batch, .. } = &mut consent.state {
            *batch = given.batch;
        }
        let statement = take.rest();
        UnverifiedWithdrawal::parse(statement).ok()?;
        Some(Self { consent, given, statement: statement.into() })
    }

    /// The receipt that was given.
    pub(in crate::store) fn receipt(&self) -> WithdrawalReceipt {
        self.given.withdrawal_receipt(self.consent.handle, &self.statement)
    }
}
