//! What one organisation may send to another: the hub's policy and the agreements of the two, decided from the visible header alone
//! (PROTOCOL.md section 13).
//!
//! [`admit`] is asked by the hub before it takes a message and by every client before anything about a person is typed. Nothing here does
//! I/O or reads a clock.

use std::num::NonZeroU32;

use crate::code::{Class, Classes, LegalBasis};
use crate::ids::{MailboxId, OrgId};
use crate::statement::log::Standing;
use crate::v1::ErrorReason;

/// What may be sent without an agreement, for the whole hub: its operators set it, in the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// The classes that are sent on an agreement alone; every other class is open to all. None, before the operators have set it.
    pub agreement_required: Classes,
}

/// What the header says of a message to one of its recipients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sending {
    /// Who sends.
    pub sender: OrgId,
    /// Who receives.
    pub recipient: OrgId,
    /// Where.
    pub mailbox: MailboxId,
    /// What.
    pub class: Class,
    /// On which ground; absent for a FOLLOW_UP.
    pub basis: Option<LegalBasis>,
    /// The time of whoever decides, in milliseconds since 1970: the hub's own at acceptance, not one that the sender wrote.
    pub at_ms: u64,
}

/// Why a message may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ground {
    /// Between mailboxes of one organisation nobody else has a say.
    WithinOrganisation,
    /// A FOLLOW_UP belongs to what was begun before, and needs no agreement of its own: what began had one, and each party can answer
    /// after it is over. That there is such a thing only the devices know, and a receiver refuses a follow-up of no thread of its own
    /// (PROTOCOL.md section 7, check 14).
    FollowUp,
    /// An agreement in force covers it.
    Agreement {
        /// The shortest answer time of the clauses that cover it.
        answer_within_minutes: Option<NonZeroU32>,
    },
    /// None does, and the policy asks for none.
    Open,
}

/// Why a message may not be sent without (another) agreement. Ordered by how near the two are to one: the last that holds is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unagreed {
    /// There is none between the two in this direction.
    Missing,
    /// There are some, for other mailboxes, classes or bases.
    DoesNotCover,
    /// One covered it and was ended by a party.
    Ended,
    /// One covered it and has run out.
    Expired,
    /// One covers it, and begins later.
    NotYetValid,
}

impl Unagreed {
    /// As the reason of a refusal.
    #[must_use]
    pub const fn reason(self) -> ErrorReason {
        match self {
            Self::Missing => ErrorReason::AgreementMissing,
            Self::DoesNotCover => ErrorReason::AgreementDoesNotCover,
            Self::Ended => ErrorReason::AgreementEnded,
            Self::Expired => ErrorReason::AgreementExpired,
            Self::NotYetValid => ErrorReason::AgreementNotYetValid,
        }
    }
}

/// Whether a message may be sent to one of its recipients. `agreements` are those by which the sender sends to the recipient, each as it
/// stands.
///
/// # Errors
/// [`Unagreed`], where the policy asks for an agreement and none in force covers it.
pub fn admit<'a>(
    sending: &Sending,
    agreements: impl IntoIterator<Item = &'a Standing>,
    policy: Policy,
) -> Result<Ground, Unagreed> {
    if sending.sender == sending.recipient {
        return Ok(Ground::WithinOrganisation);
    }
    if sending.class == Class::FollowUp {
        return Ok(Ground::FollowUp);
    }
    let mut answer: Option<Option<NonZeroU32>> = None;
    let mut nearest = Unagreed::Missing;
    for agreement in agreements {
        match stands(sending, agreement) {
            Ok(minutes) => answer = Some(shortest(answer.flatten(), minutes)),
            Err(lack) => nearest = nearest.max(lack),
        }
    }
    match answer {
        Some(answer_within_minutes) => Ok(Ground::Agreement { answer_within_minutes }),
        None if policy.agreement_required.contains(sending.class) => Err(nearest),
        None => Ok(Ground::Open),
    }
}

/// What one agreement says: the shortest answer time of its clauses that cover the message, if it is in force.
fn stands(sending: &Sending, agreement: &Standing) -> Result<Option<NonZeroU32>, Unagreed> {
    let Sending { mailbox, class, basis, at_ms, .. } = sending;
    let terms = agreement.terms();
    let mut covering = terms.clauses.iter().filter(|clause| clause.covers(mailbox, *class, *basis));
    let first = covering.next().ok_or(Unagreed::DoesNotCover)?;
    if agreement.is_ended() {
        Err(Unagreed::Ended)
    } else if *at_ms >= terms.valid_until_ms {
        Err(Unagreed::Expired)
    } else if *at_ms < terms.valid_from_ms {
        Err(Unagreed::NotYetValid)
    } else {
        Ok(covering
            .fold(first.answer_within_minutes, |found, clause| shortest(found, clause.answer_within_minutes)))
    }
}

/// The shorter of two times, of which either may be missing.
fn shortest(one: Option<NonZeroU32>, other: Option<NonZeroU32>) -> Option<NonZeroU32> {
    [one, other].into_iter().flatten().min()
}

#[cfg(test)]
mod tests;
