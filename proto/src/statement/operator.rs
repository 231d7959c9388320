//! Actions of the hub's operators (SVKA): what one of them, or two, have signed (PROTOCOL.md section 13).
//!
//! A [`Statement`] says what is to be done; a [`SignedAction`] has it with one signature or two. Whether whoever signed was an operator, and
//! whether one was enough, only the log says: [`Operators`](super::log::Operators).

use crate::admission::Policy;
use crate::code::{ActionType, Classes, OrganisationKind};
use crate::codec::{Reader, Writer};
use crate::fault::{Fault, InvalidField};
use crate::ids::{
    Handle, Municipality, OperatorId, OrgId, OrganisationName, OrganisationNumber, ServiceCode, sha256,
    sha256_of,
};
use crate::limits::{MAX_PLACES, SECOND_SIGNATURE_MS};
use crate::sign::{Label, PublicKey, Signature, Signer};
use bytes::Bytes;

const MAGIC: &[u8; 4] = b"SVKA";
/// Signatures on one action.
const MAX_SIGNATURES: u8 = 2;
/// Bytes of one signature with its signer and time.
const SIGNATURE_BYTES: usize = 16 + 8 + 64;

/// What is to be done. `before` holds it to the state in which it was signed: it serves no second time, and not later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    /// An organisation is invited.
    Invite {
        /// The handle that it will have.
        handle: Handle,
        /// The hash of what the operator wrote down: [`InvitationText::hash`].
        invitation: [u8; 32],
    },
    /// An unused invite is taken back.
    Withdraw {
        /// The handle that it is for.
        handle: Handle,
    },
    /// An organisation moves to another state.
    Move {
        /// Where to.
        step: Step,
        /// Which one.
        org: OrgId,
        /// Its handle.
        handle: Handle,
        /// The hash of its newest entry in the log.
        before: [u8; 32],
    },
    /// A key is taken in.
    AddOperator {
        /// What its operator is called: a function, never a person.
        name: Handle,
        /// The key.
        key: PublicKey,
        /// The hash of the record that changed the operators last; zero for the first.
        before: [u8; 32],
    },
    /// A key is taken out.
    RemoveOperator {
        /// What its operator is called.
        name: Handle,
        /// Whose it is.
        operator: OperatorId,
        /// As in [`Deed::AddOperator`].
        before: [u8; 32],
    },
    /// Which classes are sent on an agreement alone.
    SetPolicy {
        /// The rule for the whole hub.
        policy: Policy,
        /// The hash of the record that set the policy last; zero for the first.
        before: [u8; 32],
    },
    /// Whether two must sign what cuts somebody off.
    Require {
        /// They must.
        two: bool,
        /// As in [`Deed::AddOperator`].
        before: [u8; 32],
    },
}

/// How an organisation moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// PENDING becomes ACTIVE.
    Confirm,
    /// PENDING or ACTIVE becomes SUSPENDED.
    Suspend,
    /// SUSPENDED becomes what it was before.
    Resume,
    /// Any state becomes REMOVED.
    Remove,
}

impl Deed {
    /// Its code point.
    #[must_use]
    pub const fn action_type(&self) -> ActionType {
        match self {
            Self::Invite { .. } => ActionType::Invite,
            Self::Withdraw { .. } => ActionType::Withdraw,
            Self::Move { step: Step::Confirm, .. } => ActionType::Confirm,
            Self::Move { step: Step::Suspend, .. } => ActionType::Suspend,
            Self::Move { step: Step::Resume, .. } => ActionType::Resume,
            Self::Move { step: Step::Remove, .. } => ActionType::Remove,
            Self::AddOperator { .. } => ActionType::AddOperator,
            Self::RemoveOperator { .. } => ActionType::RemoveOperator,
            Self::Require { two: true, .. } => ActionType::RequireTwo,
            Self::Require { two: false, .. } => ActionType::RequireOne,
            Self::SetPolicy { .. } => ActionType::SetPolicy,
        }
    }

    /// Whether two must sign it where the operators have agreed on that: whatever cuts somebody off or takes that back, and whatever
    /// changes who may act or send.
    #[must_use]
    pub const fn is_grave(&self) -> bool {
        match self {
            Self::Invite { .. } | Self::Withdraw { .. } => false,
            Self::Move { step, .. } => matches!(step, Step::Suspend | Step::Resume | Step::Remove),
            Self::AddOperator { .. }
            | Self::RemoveOperator { .. }
            | Self::Require { .. }
            | Self::SetPolicy { .. } => true,
        }
    }

    /// The organisation's handle or the operator's name; `None` for the rule and the policy.
    #[must_use]
    pub const fn name(&self) -> Option<&Handle> {
        match self {
            Self::Invite { handle, .. } | Self::Withdraw { handle } | Self::Move { handle, .. } => {
                Some(handle)
            }
            Self::AddOperator { name, .. } | Self::RemoveOperator { name, .. } => Some(name),
            Self::Require { .. } | Self::SetPolicy { .. } => None,
        }
    }

    fn read(kind: ActionType, r: &mut Reader<'_>) -> Result<Self, InvalidField> {
        let step = match kind {
            ActionType::Invite => {
                r.zero(16, "action.subject")?;
                r.zero(32, "action.before")?;
                return Ok(Self::Invite { handle: name(r)?, invitation: r.array("action.detail")? });
            }
            ActionType::Withdraw => {
                r.zero(16, "action.subject")?;
                r.zero(32, "action.before")?;
                let handle = name(r)?;
                r.zero(32, "action.detail")?;
                return Ok(Self::Withdraw { handle });
            }
            ActionType::AddOperator => return Self::read_addition(r),
            ActionType::RemoveOperator => {
                let operator = r.id("action.subject")?;
                let (before, name) = (r.array("action.before")?, name(r)?);
                r.zero(32, "action.detail")?;
                return Ok(Self::RemoveOperator { name, operator, before });
            }
            ActionType::RequireTwo | ActionType::RequireOne => {
                r.zero(16, "action.subject")?;
                let before = r.array("action.before")?;
                r.zero(1, "action.name")?;
                r.zero(32, "action.detail")?;
                return Ok(Self::Require { two: kind == ActionType::RequireTwo, before });
            }
            ActionType::SetPolicy => return Self::read_policy(r),
            ActionType::Confirm => Step::Confirm,
            ActionType::Suspend => Step::Suspend,
            ActionType::Resume => Step::Resume,
            ActionType::Remove => Step::Remove,
        };
        let (org, before, handle) = (r.id("action.subject")?, r.array("action.before")?, name(r)?);
        r.zero(32, "action.detail")?;
        Ok(Self::Move { step, org, handle, before })
    }

    /// The subject follows from the key; that it does is a rule between fields.
    fn read_addition(r: &mut Reader<'_>) -> Result<Self, InvalidField> {
        let _subject: OperatorId = r.id("action.subject")?;
        let (before, name) = (r.array("action.before")?, name(r)?);
        let key = PublicKey::parse(&r.array("action.detail")?, "action.detail")?;
        Ok(Self::AddOperator { name, key, before })
    }

    /// The first byte of `detail` has the classes that need an agreement.
    fn read_policy(r: &mut Reader<'_>) -> Result<Self, InvalidField> {
        r.zero(16, "action.subject")?;
        let before = r.array("action.before")?;
        r.zero(1, "action.name")?;
        let agreement_required = Classes::from_bits(r.u8("action.detail")?, "action.detail")?;
        r.zero(31, "action.detail")?;
        Ok(Self::SetPolicy { policy: Policy { agreement_required }, before })
    }

    fn write(&self, w: &mut Writer) {
        const ZERO: [u8; 32] = [0; 32];
        let mut classes = ZERO;
        let (subject, before, detail) = match self {
            Self::Invite { invitation, .. } => ([0; 16], &ZERO, invitation),
            Self::Withdraw { .. } => ([0; 16], &ZERO, &ZERO),
            Self::Move { org, before, .. } => (*org.as_bytes(), before, &ZERO),
            Self::AddOperator { key, before, .. } => {
                (*OperatorId::of_key(key.as_bytes()).as_bytes(), before, key.as_bytes())
            }
            Self::RemoveOperator { operator, before, .. } => (*operator.as_bytes(), before, &ZERO),
            Self::Require { before, .. } => ([0; 16], before, &ZERO),
            Self::SetPolicy { policy, before } => {
                classes[0] = policy.agreement_required.bits();
                ([0; 16], before, &classes)
            }
        };
        w.put(&subject);
        w.put(before);
        w.text8(self.name().map_or("", Handle::as_str));
        w.put(detail);
    }
}

fn name(r: &mut Reader<'_>) -> Result<Handle, InvalidField> {
    let text = r.text8("action.name")?;
    text.parse().map_err(|invalid: InvalidField| invalid.fault.in_field("action.name"))
}

/// What operators sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The pin of the hub at which it is to be done, so that it serves at no other.
    pub hub: [u8; 32],
    /// Random, so that no two statements are the same.
    pub nonce: [u8; 16],
    /// What is to be done.
    pub deed: Deed,
}

impl Statement {
    fn write(&self) -> Vec<u8> {
        let mut w = Writer::statement(MAGIC);
        w.put(&self.hub);
        w.u8(self.deed.action_type().code());
        w.put(&self.nonce);
        self.deed.write(&mut w);
        w.finish()
    }

    /// Its hash, by which people and programs speak of it.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        sha256(&self.write())
    }
}

/// One operator's signature on a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ActionSignature {
    /// Who signed.
    pub operator: OperatorId,
    /// When, by the operator's clock, in milliseconds since 1970.
    pub signed_ms: u64,
    signature: Signature,
}

impl ActionSignature {
    fn make(statement: &Statement, signer: &Signer, signed_ms: u64) -> Self {
        let operator = OperatorId::of_key(signer.public_key().as_bytes());
        let signature = signer.sign(Label::Operator, &signed(statement, &operator, signed_ms));
        Self { operator, signed_ms, signature }
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, InvalidField> {
        Ok(Self {
            operator: r.id("action.operator")?,
            signed_ms: r.u64("action.signed_ms")?,
            signature: r.array("action.signature")?,
        })
    }
}

/// The bytes under a signature: who signed and when is signed too.
fn signed(statement: &Statement, operator: &OperatorId, signed_ms: u64) -> Vec<u8> {
    let mut bytes = statement.write();
    bytes.extend_from_slice(operator.as_bytes());
    bytes.extend_from_slice(&signed_ms.to_be_bytes());
    bytes
}

/// A statement with one signature or two, in the order in which they were made. They are not verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedAction {
    statement: Statement,
    signatures: Vec<ActionSignature>,
    bytes: Bytes,
}

impl SignedAction {
    /// Reads the record of a leaf of type 7 and keeps its bytes.
    ///
    /// # Errors
    /// The first fault; then `bad_identifier` for the name of a key that is another key's, `wrong_signers` for two signatures of one
    /// operator, and `bad_time` for a second one that was made before the first or more than 24 hours after it.
    pub fn parse(bytes: Bytes) -> Result<Self, InvalidField> {
        let r = &mut Reader::new(&bytes);
        r.preamble(MAGIC)?;
        let hub = r.array("action.hub")?;
        let kind = ActionType::try_from(r.u8("action.type")?)?;
        let nonce = r.array("action.nonce")?;
        let deed = Deed::read(kind, r)?;
        let n = r.count8(1..=MAX_SIGNATURES, "action.signatures")?;
        let signatures = (0..n).map(|_| ActionSignature::read(r)).collect::<Result<Vec<_>, _>>()?;
        r.finish("action")?;
        let statement = Statement { hub, nonce, deed };
        // Only the subject of an addition stands twice; whatever else was read is written the same.
        if !bytes.starts_with(&statement.write()) {
            return Err(Fault::BadIdentifier.in_field("action.subject"));
        }
        check_pair(&signatures)?;
        Ok(Self { statement, signatures, bytes })
    }

    /// Signs a statement as the first.
    #[must_use]
    pub fn sign(statement: &Statement, signer: &Signer, signed_ms: u64) -> Self {
        let signatures = vec![ActionSignature::make(statement, signer, signed_ms)];
        Self { bytes: encode(statement, &signatures), statement: statement.clone(), signatures }
    }

    /// Adds the second signature.
    ///
    /// # Errors
    /// `count_out_of_range` when there are two already; `wrong_signers` and `bad_time` as [`SignedAction::parse`] has them.
    pub fn countersign(&self, signer: &Signer, signed_ms: u64) -> Result<Self, InvalidField> {
        let mut signatures = self.signatures.clone();
        signatures.push(ActionSignature::make(&self.statement, signer, signed_ms));
        Self::parse(encode(&self.statement, &signatures))
    }

    /// What was signed.
    #[must_use]
    pub const fn statement(&self) -> &Statement {
        &self.statement
    }

    /// One signature or two.
    #[must_use]
    pub fn signatures(&self) -> &[ActionSignature] {
        &self.signatures
    }

    /// When it was signed first, in milliseconds since 1970.
    #[must_use]
    pub fn first_ms(&self) -> u64 {
        self.signatures[0].signed_ms
    }

    /// When it was signed last, in milliseconds since 1970.
    #[must_use]
    pub fn last_ms(&self) -> u64 {
        self.signatures[self.signatures.len() - 1].signed_ms
    }

    /// The record's bytes.
    #[must_use]
    pub const fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Verifies that it is for this hub, and every signature under the key that `key_of` has for its operator.
    ///
    /// # Errors
    /// `bad_identifier` for another hub, `wrong_signers` for an operator without a key, `bad_signature`.
    pub fn verify(
        &self,
        hub: &[u8; 32],
        key_of: impl Fn(&OperatorId) -> Option<PublicKey>,
    ) -> Result<(), InvalidField> {
        if self.statement.hub != *hub {
            return Err(Fault::BadIdentifier.in_field("action.hub"));
        }
        let keys = self.signatures.iter().map(|one| key_of(&one.operator));
        let keys: Option<Vec<PublicKey>> = keys.collect();
        let keys = keys.ok_or(Fault::WrongSigners.in_field("action.operator"))?;
        for (one, key) in self.signatures.iter().zip(keys) {
            let bytes = signed(&self.statement, &one.operator, one.signed_ms);
            key.verify(Label::Operator, &bytes, &one.signature)
                .map_err(|invalid| invalid.fault.in_field("action.signature"))?;
        }
        Ok(())
    }
}

fn check_pair(signatures: &[ActionSignature]) -> Result<(), InvalidField> {
    let [first, second] = signatures else { return Ok(()) };
    if first.operator == second.operator {
        return Err(Fault::WrongSigners.in_field("action.operator"));
    }
    let waited_ms = second.signed_ms.checked_sub(first.signed_ms);
    if waited_ms.is_none_or(|waited_ms| waited_ms > SECOND_SIGNATURE_MS) {
        return Err(Fault::BadTime.in_field("action.signed_ms"));
    }
    Ok(())
}

fn encode(statement: &Statement, signatures: &[ActionSignature]) -> Bytes {
    let mut bytes = statement.write();
    bytes.reserve(1 + signatures.len() * SIGNATURE_BYTES);
    let mut w = Writer::default();
    w.count8(signatures.len());
    for one in signatures {
        w.put(one.operator.as_bytes());
        w.u64(one.signed_ms);
        w.put(&one.signature);
    }
    bytes.extend_from_slice(&w.finish());
    bytes.into()
}

/// What an operator writes down about an organisation that is invited, in the words of its later entry in the log.
#[derive(Clone, Copy, Debug)]
pub struct InvitationText<'a> {
    /// What it is.
    pub kind: OrganisationKind,
    /// The handle it will have.
    pub handle: &'a Handle,
    /// Its organisation number.
    pub number: &'a OrganisationNumber,
    /// Its name as people know it.
    pub name: &'a OrganisationName,
    /// The municipalities it serves, ascending.
    pub municipalities: &'a [Municipality],
    /// What it offers, ascending.
    pub services: &'a [ServiceCode],
}

impl InvitationText<'_> {
    /// `H("svk1 invitation\0" | u8 kind | text8 handle | text8 number | text8 name | municipalities | services)`, the lists as in an entry.
    /// Lists that are longer than an entry takes are cut, since the hub acts on none such.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        let mut w = Writer::default();
        w.u8(self.kind.code());
        w.text8(self.handle.as_str());
        w.text8(self.number.as_str());
        w.text8(self.name.as_str());
        let municipalities = &self.municipalities[..self.municipalities.len().min(MAX_PLACES.into())];
        w.count8(municipalities.len());
        municipalities.iter().for_each(|one| w.put(one.as_str().as_bytes()));
        let services = &self.services[..self.services.len().min(MAX_PLACES.into())];
        w.count8(services.len());
        services.iter().for_each(|one| w.text8(one.as_str()));
        sha256_of(&[b"svk1 invitation\0", &w.finish()])
    }
}

#[cfg(test)]
mod tests;
