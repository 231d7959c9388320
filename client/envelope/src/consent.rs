//! Consent, as the receiver of a message sees it (PROTOCOL.md section 12): stub, salt and record.

use crate::body::{array, ascending, at_most, is_dashed, text, within};
use crate::wire::{self, decode_canonical};
use prost::Message as _;
use samverkan_proto::code::{ConsentHow, ConsentPurpose};
use samverkan_proto::ids::{MailboxId, OrgId};
use samverkan_proto::{Fault, InvalidField};

/// Bytes of a consent stub.
pub const STUB_LEN: usize = 158;
/// Most data categories.
pub const MAX_CATEGORIES: usize = 16;
/// Longest data category, in bytes.
pub const MAX_CATEGORY: usize = 64;
/// Longest version of the consent text, in bytes.
pub const MAX_TEXT_VERSION: usize = 64;
/// Longest note on the evidence, in bytes.
pub const MAX_EVIDENCE: usize = 2_000;
/// Most mailboxes that one consent covers.
pub const MAX_RECIPIENTS: usize = 16;

/// What opens one consent handle of the header: the registered stub, and what its commitment hides.
#[derive(Clone)]
pub struct ConsentOpening {
    /// The stub's bytes, as it was registered.
    pub stub: [u8; STUB_LEN],
    /// The salt of the commitment.
    pub salt: [u8; 32],
    /// The bytes of a [`ConsentRecord`].
    pub record: Vec<u8>,
}

impl ConsentOpening {
    /// The handle that the stub names; nothing of the stub is verified yet.
    #[must_use]
    pub fn claimed_handle(&self) -> [u8; 16] {
        *self.stub[6..].first_chunk().expect("the handle stands at byte 6 of 158")
    }

    pub(crate) fn to_wire(&self) -> wire::ConsentOpening {
        wire::ConsentOpening {
            stub: self.stub.to_vec(),
            salt: self.salt.to_vec(),
            record: self.record.clone(),
        }
    }

    pub(crate) fn from_wire(wire: wire::ConsentOpening) -> Result<Self, InvalidField> {
        Ok(Self {
            stub: array(&wire.stub, "body.consents.stub")?,
            salt: array(&wire.salt, "body.consents.salt")?,
            record: wire.record,
        })
    }
}

/// A mailbox that a consent covers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ConsentRecipient {
    /// Whose mailbox it is.
    pub org: OrgId,
    /// The mailbox.
    pub mailbox: MailboxId,
}

/// What the person agreed to. [`ConsentRecord::encode`] and [`ConsentRecord::decode`] see to the rules.
#[derive(Clone, PartialEq, Eq)]
pub struct ConsentRecord {
    /// What the passing-on is for.
    pub purpose: ConsentPurpose,
    /// Who may be written to, 1 to 16, ascending.
    pub recipients: Vec<ConsentRecipient>,
    /// What may be told, at most 16 of `[a-z0-9-]{1,64}`, ascending.
    pub categories: Vec<String>,
    /// Version of the text that the person was shown, at most 64 bytes.
    pub text_version: String,
    /// When it was given, in milliseconds since 1970.
    pub given_ms: u64,
    /// Until when it holds, in milliseconds since 1970.
    pub expires_ms: u64,
    /// How it was given.
    pub how: ConsentHow,
    /// Where the paper is or who heard it, at most 2,000 bytes.
    pub evidence: String,
}

/// Says nothing of the content.
impl std::fmt::Debug for ConsentRecord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ConsentRecord").finish_non_exhaustive()
    }
}

impl ConsentRecord {
    /// Checks every rule and encodes.
    ///
    /// # Errors
    /// The field that breaks its rule: `bad_text`, `bad_length`, `count_out_of_range` or `not_ascending`.
    pub fn encode(&self) -> Result<Vec<u8>, InvalidField> {
        self.check()?;
        let recipient = |to: &ConsentRecipient| wire::Recipient {
            org_id: to.org.as_bytes().to_vec(),
            mailbox_id: to.mailbox.as_bytes().to_vec(),
        };
        let wire = wire::ConsentRecord {
            version: 1,
            purpose: self.purpose.code().into(),
            recipients: self.recipients.iter().map(recipient).collect(),
            categories: self.categories.clone(),
            text_version: self.text_version.clone(),
            given_ms: self.given_ms,
            expires_ms: self.expires_ms,
            how: self.how.code().into(),
            evidence: self.evidence.clone(),
        };
        Ok(wire.encode_to_vec())
    }

    /// Decodes a record in canonical form that obeys every rule.
    ///
    /// # Errors
    /// `consent_mismatch` with the field.
    pub fn decode(bytes: &[u8]) -> Result<Self, InvalidField> {
        let mismatch = |invalid: InvalidField| Fault::ConsentMismatch.in_field(invalid.field);
        let wire = decode_canonical(bytes).ok_or(Fault::ConsentMismatch.in_field("consent.record"))?;
        let record = Self::from_wire(wire).map_err(mismatch)?;
        record.check().map_err(mismatch)?;
        Ok(record)
    }

    fn from_wire(wire: wire::ConsentRecord) -> Result<Self, InvalidField> {
        if wire.version != 1 {
            return Err(Fault::UnknownVersion.in_field("consent.version"));
        }
        let recipient = |to: &wire::Recipient| {
            Ok(ConsentRecipient {
                org: OrgId::parse(&to.org_id)?,
                mailbox: MailboxId::parse(&to.mailbox_id)?,
            })
        };
        Ok(Self {
            purpose: wire.purpose.try_into()?,
            recipients: wire.recipients.iter().map(recipient).collect::<Result<_, InvalidField>>()?,
            categories: wire.categories,
            text_version: wire.text_version,
            given_ms: wire.given_ms,
            expires_ms: wire.expires_ms,
            how: wire.how.try_into()?,
            evidence: wire.evidence,
        })
    }

    fn check(&self) -> Result<(), InvalidField> {
        if self.recipients.is_empty() {
            return Err(Fault::CountOutOfRange.in_field("consent.recipients"));
        }
        at_most(self.recipients.len(), MAX_RECIPIENTS, "consent.recipients")?;
        ascending(&self.recipients, |to| to, "consent.recipients")?;
        at_most(self.categories.len(), MAX_CATEGORIES, "consent.categories")?;
        for category in &self.categories {
            text(category, 1..=MAX_CATEGORY, is_dashed, "consent.categories")?;
        }
        ascending(&self.categories, |category| category, "consent.categories")?;
        within(self.text_version.len(), MAX_TEXT_VERSION, "consent.text_version")?;
        within(self.evidence.len(), MAX_EVIDENCE, "consent.evidence")
    }
}
