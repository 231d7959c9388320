//! What organisations may send each other, as the log says it, and which version of an agreement may follow (PROTOCOL.md section 13).
//!
//! The hub asks this before it logs a version, and every client by the same when it reads the log. Nothing here reads a clock.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Check;
use crate::fault::{Fault, InvalidField};
use crate::ids::{AgreementId, OrgId};
use crate::limits::MAX_AGREEMENTS;
use crate::statement::agreement::{Provision, SignedAgreement, Terms};
use crate::statement::manifest::Manifest;

/// Why a version of an agreement does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AgreementFault {
    /// A party has not joined, or was removed.
    #[error("an agreement is with an organisation that is not there")]
    Parties,
    /// Signatures are missing or wrong.
    #[error("an agreement is not well signed: {0}")]
    Signature(InvalidField),
    /// It does not follow the version before it, or is a first version and is there already.
    #[error("a version of an agreement is out of order")]
    OutOfOrder,
    /// It is between others than the version before it.
    #[error("an agreement has changed its parties")]
    PartiesChanged,
    /// It ends what has not begun, or has ended.
    #[error("an agreement ends twice")]
    NotInForce,
    /// The two have as many as they may.
    #[error("two organisations have too many agreements")]
    TooMany,
}

impl AgreementFault {
    /// The name of the fault, as a refusal carries it (PROTOCOL.md section 17).
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Parties => Fault::BadIdentifier.name(),
            Self::Signature(invalid) => invalid.fault.name(),
            Self::OutOfOrder | Self::NotInForce => Fault::WrongChain.name(),
            Self::PartiesChanged => Fault::ImmutableChanged.name(),
            Self::TooMany => Fault::CountOutOfRange.name(),
        }
    }
}

/// An agreement as it stands: its newest version, and the terms that were stated last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    newest: SignedAgreement,
    terms: Terms,
}

impl Standing {
    /// The newest version with its signatures.
    #[must_use]
    pub const fn newest(&self) -> &SignedAgreement {
        &self.newest
    }

    /// The terms that were stated last; they hold no more when it has ended.
    #[must_use]
    pub const fn terms(&self) -> &Terms {
        &self.terms
    }

    /// Whether a party has ended it since.
    #[must_use]
    pub const fn is_ended(&self) -> bool {
        matches!(self.newest.fields().provision, Provision::End)
    }
}

/// Who sends, and who receives.
type Pair = (OrgId, OrgId);

/// Every agreement, by who sends to whom. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Agreements {
    by_pair: Arc<BTreeMap<Pair, Vec<Arc<Standing>>>>,
    pairs: Arc<BTreeMap<AgreementId, Pair>>,
}

impl Agreements {
    /// Those by which one organisation sends to another, the oldest first, ended ones included.
    pub fn between(&self, sender: &OrgId, recipient: &OrgId) -> impl Iterator<Item = &Standing> {
        self.by_pair.get(&(*sender, *recipient)).into_iter().flatten().map(|standing| &**standing)
    }

    /// One of them.
    #[must_use]
    pub fn get(&self, id: &AgreementId) -> Option<&Standing> {
        let (sender, recipient) = self.pairs.get(id)?;
        self.between(sender, recipient).find(|standing| standing.newest.fields().id == *id)
    }

    /// All, by who sends to whom.
    pub fn iter(&self) -> impl Iterator<Item = &Standing> {
        self.by_pair.values().flatten().map(|standing| &**standing)
    }

    /// Whether a version may follow in the log, with the newest manifests of sender and recipient.
    ///
    /// # Errors
    /// [`AgreementFault`]; whether the parties are there the caller has looked.
    pub fn judge(
        &self,
        signed: &SignedAgreement,
        parties: [&Manifest; 2],
        check: Check,
    ) -> Result<(), AgreementFault> {
        self.follows(signed)?;
        match check {
            Check::Everything => signed.verify(parties).map_err(AgreementFault::Signature),
            Check::VerifiedBefore => Ok(()),
        }
    }

    /// Whether a version follows, whoever has signed it.
    ///
    /// # Errors
    /// [`AgreementFault`] but for `Parties` and `Signature`.
    pub fn follows(&self, signed: &SignedAgreement) -> Result<(), AgreementFault> {
        let fields = signed.fields();
        let ends = fields.provision == Provision::End;
        let Some(before) = self.get(&fields.id) else {
            return match (fields.version, fields.prev) {
                (1, prev) if prev != [0; 32] => Err(AgreementFault::OutOfOrder),
                (1, _) if ends => Err(AgreementFault::NotInForce),
                (1, _) if self.is_full(fields.sender, fields.recipient) => Err(AgreementFault::TooMany),
                (1, _) => Ok(()),
                _ => Err(AgreementFault::OutOfOrder),
            };
        };
        let newest = before.newest.fields();
        if Some(fields.version) != newest.version.checked_add(1)
            || fields.prev != before.newest.agreement().hash()
        {
            Err(AgreementFault::OutOfOrder)
        } else if fields.parties() != newest.parties() {
            Err(AgreementFault::PartiesChanged)
        } else if ends && before.is_ended() {
            Err(AgreementFault::NotInForce)
        } else {
            Ok(())
        }
    }

    fn is_full(&self, sender: OrgId, recipient: OrgId) -> bool {
        self.by_pair.get(&(sender, recipient)).is_some_and(|all| all.len() >= MAX_AGREEMENTS)
    }

    /// A version that was judged as following stands in the log.
    pub fn apply(&mut self, signed: &SignedAgreement) {
        let fields = signed.fields();
        let pair = (fields.sender, fields.recipient);
        let before = self.get(&fields.id).map(|before| before.terms.clone());
        let terms = match &fields.provision {
            Provision::Terms(terms) => Some(terms.clone()),
            Provision::End => before,
        };
        // Nothing that ends before it has begun is ever judged as following.
        let Some(terms) = terms else { return };
        let standing = Arc::new(Standing { newest: signed.clone(), terms });
        Arc::make_mut(&mut self.pairs).insert(fields.id, pair);
        let all = Arc::make_mut(&mut self.by_pair).entry(pair).or_default();
        match all.iter_mut().find(|known| known.newest.fields().id == fields.id) {
            Some(known) => *known = standing,
            None => all.push(standing),
        }
    }
}

#[cfg(test)]
mod tests;
