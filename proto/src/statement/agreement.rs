//! Agreements (SVKG): what one organisation may send to another, signed by admins of both (PROTOCOL.md section 13).
//!
//! An [`Agreement`] is one version: terms, or the end of them. A [`SignedAgreement`] has it with the signatures so far; whether they are
//! enough, the manifests of the two parties say ([`SignedAgreement::verify`]), and whether the version follows, the log:
//! [`Agreements`](super::log::Agreements). The parties are organisations; nobody is named.

use std::num::NonZeroU32;

use crate::code::{AgreementType, Bases, Class, Classes, LegalBasis};
use crate::codec::{Reader, Writer, ascending};
use crate::fault::{Fault, InvalidField};
use crate::ids::{AgreementId, DeviceId, MailboxId, OrgId, sha256};
use crate::limits::{MAX_AGREEMENT_SIGNATURES, MAX_ANSWER_MINUTES, MAX_CLAUSES};
use crate::sign::{Label, Signature, Signer};
use crate::statement::manifest::Manifest;
use bytes::Bytes;

const MAGIC: &[u8; 4] = b"SVKG";

/// What may be sent to one mailbox, or to all. Clauses order as their bytes do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Clause {
    /// Where to; every mailbox of the recipient, if absent.
    pub mailbox: Option<MailboxId>,
    /// Which visible classes.
    pub classes: Classes,
    /// On which legal bases.
    pub bases: Bases,
    /// Within how many minutes the recipient answers; nothing is agreed on, if absent.
    pub answer_within_minutes: Option<NonZeroU32>,
}

impl Clause {
    /// Whether a message of this class on this basis to this mailbox falls under it.
    #[must_use]
    pub fn covers(&self, mailbox: &MailboxId, class: Class, basis: Option<LegalBasis>) -> bool {
        self.mailbox.is_none_or(|named| named == *mailbox)
            && self.classes.contains(class)
            && basis.is_some_and(|basis| self.bases.contains(basis))
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, InvalidField> {
        let mailbox = r.array::<16>("agreement.mailbox_id")?;
        let (classes, bases) = (r.code("agreement.classes")?, r.code("agreement.bases")?);
        let minutes = r.u32("agreement.answer_within_minutes")?;
        if minutes > MAX_ANSWER_MINUTES {
            return Err(Fault::BadTime.in_field("agreement.answer_within_minutes"));
        }
        // Zero, which is no mailbox, stands for all of them.
        let mailbox = MailboxId::parse(&mailbox).ok();
        Ok(Self { mailbox, classes, bases, answer_within_minutes: NonZeroU32::new(minutes) })
    }

    fn write(&self, w: &mut Writer) {
        w.put(self.mailbox.as_ref().map_or(&[0; 16][..], |mailbox| mailbox.as_bytes()));
        w.u8(self.classes.bits());
        w.u8(self.bases.bits());
        w.u32(self.answer_within_minutes.map_or(0, NonZeroU32::get));
    }
}

/// What is agreed on, and for how long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// From when on, in milliseconds since 1970.
    pub valid_from_ms: u64,
    /// Until when: the first moment at which it is over, later than `valid_from_ms`.
    pub valid_until_ms: u64,
    /// 1 to 16, strictly ascending.
    pub clauses: Vec<Clause>,
}

/// What a version does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Provision {
    /// States what may be sent; both parties sign.
    Terms(Terms),
    /// Ends it at once; either party signs.
    End,
}

impl Provision {
    /// Its code point.
    #[must_use]
    pub const fn agreement_type(&self) -> AgreementType {
        match self {
            Self::Terms(_) => AgreementType::Terms,
            Self::End => AgreementType::End,
        }
    }

    fn read(kind: AgreementType, r: &mut Reader<'_>) -> Result<Self, InvalidField> {
        if kind == AgreementType::End {
            return Ok(Self::End);
        }
        let (valid_from_ms, valid_until_ms) =
            (r.u64("agreement.valid_from_ms")?, r.u64("agreement.valid_until_ms")?);
        let n = r.count8(1..=MAX_CLAUSES, "agreement.clauses")?;
        let clauses = (0..n).map(|_| Clause::read(r)).collect::<Result<Vec<_>, _>>()?;
        ascending(&clauses, |clause| *clause, "agreement.clauses")?;
        Ok(Self::Terms(Terms { valid_from_ms, valid_until_ms, clauses }))
    }
}

/// What a version of an agreement says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgreementFields {
    /// The agreement, through all its versions.
    pub id: AgreementId,
    /// Counted from 1.
    pub version: u32,
    /// `H(the version before)`, without its signatures; zero for version 1.
    pub prev: [u8; 32],
    /// Who sends.
    pub sender: OrgId,
    /// Who receives.
    pub recipient: OrgId,
    /// When this version was written, in milliseconds since 1970.
    pub issued_ms: u64,
    /// What it does.
    pub provision: Provision,
}

/// One version of an agreement, without signatures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agreement {
    fields: AgreementFields,
    bytes: Bytes,
}

impl Agreement {
    /// Writes a version down; its clauses may be in any order.
    ///
    /// # Errors
    /// `count_out_of_range` for no clauses or more than 16, `not_ascending` for one that occurs twice, `bad_identifier` for one
    /// organisation with itself, `bad_time` for terms that end before they begin.
    pub fn build(mut fields: AgreementFields) -> Result<Self, InvalidField> {
        let mut w = Writer::statement(MAGIC);
        w.u8(fields.provision.agreement_type().code());
        w.put(fields.id.as_bytes());
        w.u32(fields.version);
        w.put(&fields.prev);
        w.put(fields.sender.as_bytes());
        w.put(fields.recipient.as_bytes());
        w.u64(fields.issued_ms);
        if let Provision::Terms(terms) = &mut fields.provision {
            terms.clauses.sort_unstable();
            if terms.clauses.len() > MAX_CLAUSES.into() {
                return Err(Fault::CountOutOfRange.in_field("agreement.clauses"));
            }
            w.u64(terms.valid_from_ms);
            w.u64(terms.valid_until_ms);
            w.count8(terms.clauses.len());
            terms.clauses.iter().for_each(|clause| clause.write(&mut w));
        }
        let bytes: Bytes = w.finish().into();
        let (read, rest) = Self::read(&bytes)?;
        rest.finish("agreement")?;
        read.check()?;
        Ok(Self { fields: read, bytes })
    }

    /// What it says.
    #[must_use]
    pub const fn fields(&self) -> &AgreementFields {
        &self.fields
    }

    /// `H(bytes)`: what the next version names as the one before it.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        sha256(&self.bytes)
    }

    /// Whether this organisation is one of the two.
    #[must_use]
    pub fn has_party(&self, org: &OrgId) -> bool {
        self.fields.parties().contains(org)
    }

    fn read(bytes: &[u8]) -> Result<(AgreementFields, Reader<'_>), InvalidField> {
        let mut r = Reader::new(bytes);
        r.preamble(MAGIC)?;
        let kind = r.code("agreement.type")?;
        let fields = AgreementFields {
            id: r.id("agreement.agreement_id")?,
            version: r.u32("agreement.version")?,
            prev: r.array("agreement.prev")?,
            sender: r.id("agreement.sender_org")?,
            recipient: r.id("agreement.recipient_org")?,
            issued_ms: r.u64("agreement.issued_ms")?,
            provision: Provision::read(kind, &mut r)?,
        };
        Ok((fields, r))
    }
}

impl AgreementFields {
    /// Who sends, and who receives.
    #[must_use]
    pub const fn parties(&self) -> [OrgId; 2] {
        [self.sender, self.recipient]
    }

    fn check(&self) -> Result<(), InvalidField> {
        if self.sender == self.recipient {
            return Err(Fault::BadIdentifier.in_field("agreement.recipient_org"));
        }
        match &self.provision {
            Provision::Terms(terms) if terms.valid_from_ms >= terms.valid_until_ms => {
                Err(Fault::BadTime.in_field("agreement.valid_until_ms"))
            }
            Provision::Terms(_) | Provision::End => Ok(()),
        }
    }
}

/// One admin's signature on a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AgreementSignature {
    /// For which party.
    pub org: OrgId,
    /// The admin's device.
    pub device: DeviceId,
    /// Over the version's bytes, under [`Label::Agreement`].
    pub signature: Signature,
}

impl AgreementSignature {
    fn read(r: &mut Reader<'_>) -> Result<Self, InvalidField> {
        Ok(Self {
            org: r.id("agreement.signer_org")?,
            device: r.id("agreement.signer_device")?,
            signature: r.array("agreement.signature")?,
        })
    }

    const fn place(&self) -> (OrgId, DeviceId) {
        (self.org, self.device)
    }
}

/// A version with one signature or more, as it travels and as the log records it. They are not verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedAgreement {
    agreement: Agreement,
    signatures: Vec<AgreementSignature>,
    bytes: Bytes,
}

impl SignedAgreement {
    /// Reads the record of a leaf of type 8 and keeps its bytes.
    ///
    /// # Errors
    /// The first fault; then the rules of one version: `bad_identifier` for one organisation with itself, `bad_time` for terms that end
    /// before they begin, `wrong_signers` for a signature of somebody else.
    pub fn parse(bytes: Bytes) -> Result<Self, InvalidField> {
        let (fields, mut r) = Agreement::read(&bytes)?;
        let before = r;
        let n = r.count8(1..=MAX_AGREEMENT_SIGNATURES, "agreement.signatures")?;
        let signatures = (0..n).map(|_| AgreementSignature::read(&mut r)).collect::<Result<Vec<_>, _>>()?;
        ascending(&signatures, AgreementSignature::place, "agreement.signatures")?;
        r.finish("agreement")?;
        fields.check()?;
        if signatures.iter().any(|one| !fields.parties().contains(&one.org)) {
            return Err(Fault::WrongSigners.in_field("agreement.signer_org"));
        }
        let agreement = Agreement { fields, bytes: bytes.slice(..bytes.len() - before.len()) };
        Ok(Self { agreement, signatures, bytes })
    }

    /// Signs a version as the first.
    ///
    /// # Errors
    /// `wrong_signers` when `org` is no party.
    pub fn sign(agreement: &Agreement, org: OrgId, admin: &Signer) -> Result<Self, InvalidField> {
        Self::assemble(agreement, vec![signature(agreement, org, admin)])
    }

    /// Adds a signature.
    ///
    /// # Errors
    /// `not_ascending` when this device has signed already, `wrong_signers` when `org` is no party, `count_out_of_range` above 32.
    pub fn countersign(&self, org: OrgId, admin: &Signer) -> Result<Self, InvalidField> {
        let mut signatures = self.signatures.clone();
        signatures.push(signature(&self.agreement, org, admin));
        Self::assemble(&self.agreement, signatures)
    }

    fn assemble(
        agreement: &Agreement,
        mut signatures: Vec<AgreementSignature>,
    ) -> Result<Self, InvalidField> {
        signatures.sort_by_key(AgreementSignature::place);
        if signatures.len() > MAX_AGREEMENT_SIGNATURES.into() {
            return Err(Fault::CountOutOfRange.in_field("agreement.signatures"));
        }
        let mut w = Writer::default();
        w.put(&agreement.bytes);
        w.count8(signatures.len());
        for one in &signatures {
            w.put(one.org.as_bytes());
            w.put(one.device.as_bytes());
            w.put(&one.signature);
        }
        Self::parse(w.finish().into())
    }

    /// What was signed.
    #[must_use]
    pub const fn agreement(&self) -> &Agreement {
        &self.agreement
    }

    /// What it says.
    #[must_use]
    pub const fn fields(&self) -> &AgreementFields {
        &self.agreement.fields
    }

    /// Who has signed, ascending by organisation and device.
    #[must_use]
    pub fn signatures(&self) -> &[AgreementSignature] {
        &self.signatures
    }

    /// The record's bytes.
    #[must_use]
    pub const fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// How many signatures of a party are there, and how many it needs by its newest manifest.
    #[must_use]
    pub fn count(&self, party: &Manifest) -> Signatures {
        let given = self.signatures.iter().filter(|one| one.org == party.org_id()).count();
        Signatures { given, needed: party.fields().threshold.into() }
    }

    /// Verifies the signatures under the newest manifests of sender and recipient: terms have exactly the threshold of both, an end has it
    /// of one or of both.
    ///
    /// # Errors
    /// `wrong_signers` for a signature of no admin, for too few or too many; `bad_signature`.
    pub fn verify(&self, parties: [&Manifest; 2]) -> Result<(), InvalidField> {
        let counts = parties.map(|party| self.count(party));
        let is_enough = match self.fields().provision {
            Provision::Terms(_) => counts.iter().all(Signatures::is_complete),
            Provision::End => {
                let fits = |count: &Signatures| count.given == 0 || count.is_complete();
                counts.iter().all(fits) && counts.iter().any(Signatures::is_complete)
            }
        };
        if !is_enough {
            return Err(Fault::WrongSigners.in_field("agreement.signatures"));
        }
        self.verify_given(parties)
    }

    /// Verifies the signatures that are there, however many are missing.
    ///
    /// # Errors
    /// `wrong_signers` for a signature of no admin; `bad_signature`.
    pub fn verify_given(&self, parties: [&Manifest; 2]) -> Result<(), InvalidField> {
        let key_of = |one: &AgreementSignature| {
            let party = parties.into_iter().find(|party| party.org_id() == one.org)?;
            party.device(&one.device).filter(|device| device.is_admin()).map(|device| *device.sign_pk())
        };
        let keys: Option<Vec<_>> = self.signatures.iter().map(key_of).collect();
        let keys = keys.ok_or(Fault::WrongSigners.in_field("agreement.signer_device"))?;
        for (one, key) in self.signatures.iter().zip(keys) {
            key.verify(Label::Agreement, &self.agreement.bytes, &one.signature)
                .map_err(|invalid| invalid.fault.in_field("agreement.signature"))?;
        }
        Ok(())
    }
}

/// Signatures of one party.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signatures {
    /// Those that are there.
    pub given: usize,
    /// Those that it takes: its threshold.
    pub needed: usize,
}

impl Signatures {
    /// Whether they are as many as it takes; one more is as wrong as one less.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        self.given == self.needed
    }
}

fn signature(agreement: &Agreement, org: OrgId, admin: &Signer) -> AgreementSignature {
    let signature = admin.sign(Label::Agreement, &agreement.bytes);
    AgreementSignature { org, device: admin.device_id(), signature }
}

#[cfg(test)]
mod tests;
