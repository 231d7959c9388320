//! Invites: what the operator wrote down about an organisation that has not joined yet.

use samverkan_proto::code::OrganisationKind;
use samverkan_proto::ids::{Handle, Municipality, OrganisationName, OrganisationNumber, ServiceCode, sha256};
use samverkan_proto::statement::operator::InvitationText;
use samverkan_proto::{Fault, InvalidField};

/// SHA-256 of an invite's code. The code itself is never stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CodeHash([u8; 32]);

impl CodeHash {
    /// The hash of a code, which is 16 random bytes and so needs no slow hash.
    pub fn of(code: &[u8; 16]) -> Self {
        Self(sha256(code))
    }

    /// Takes the bytes of a hash.
    ///
    /// # Errors
    /// `bad_length` for another number of bytes.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, InvalidField> {
        bytes.try_into().map(Self::from_bytes).map_err(|_| Fault::BadLength.in_field("code_hash"))
    }

    /// A hash that was stored.
    pub(crate) const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    pub(crate) const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// What the operator says about an organisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// The handle it will have.
    pub handle: Handle,
    /// Its name as people know it.
    pub name: OrganisationName,
    /// Its organisation number.
    pub number: OrganisationNumber,
    /// What it is.
    pub kind: OrganisationKind,
    /// The municipalities it serves, at most 32.
    pub municipalities: Vec<Municipality>,
    /// What it offers, at most 32.
    pub services: Vec<ServiceCode>,
}

impl Invitation {
    /// What an operator signs of it.
    pub fn text(&self) -> InvitationText<'_> {
        InvitationText {
            kind: self.kind,
            handle: &self.handle,
            number: &self.number,
            name: &self.name,
            municipalities: &self.municipalities,
            services: &self.services,
        }
    }
}

/// An invite that nobody has used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invite {
    /// What was written down.
    pub invitation: Invitation,
    /// When it was made, milliseconds since 1970.
    pub since_ms: u64,
    /// When its code stops working, milliseconds since 1970.
    pub expires_ms: u64,
}

/// An invite that was used, kept so that a repeated `Enrol` gets the same answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UsedInvite {
    /// SHA-256 of the signed manifest that it was used with.
    pub manifest: [u8; 32],
    /// Index in the log of the certificate that was the answer.
    pub certificate: u64,
    /// When it was used, milliseconds since 1970.
    pub used_ms: u64,
}
