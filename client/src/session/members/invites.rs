//! The invites that this device has made: the secret, and what the person who comes with it is to become. They are
//! kept in the keystore of the device that made them and nowhere else, so that device alone can approve.

use data_encoding::HEXLOWER;
use samverkan_proto::code::Roles;
use samverkan_proto::ids::{MailboxId, sha256};
use samverkan_proto::statement::member::MemberSecret;
use secrecy::zeroize::Zeroizing;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::{Code, Error, Result};
use crate::keystore::{Contents, EntryName};
use crate::secret::SecretBytes;

const PREFIX: &str = "member-invite.";

/// What a person who was invited is to become.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// What the device may do.
    pub roles: Roles,
    /// The mailboxes that it is to read.
    pub mailboxes: Vec<MailboxId>,
    /// What the admin calls the device on this computer; nobody else learns of it.
    pub label: Option<String>,
}

/// An invite that nobody was approved for yet.
pub(super) struct OpenInvite {
    pub(super) secret: MemberSecret,
    pub(super) terms: Terms,
    pub(super) expires_ms: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    secret: HexSecret,
    roles: u8,
    mailboxes: Vec<String>,
    label: Option<String>,
    expires_ms: u64,
}

/// A secret in hexadecimal, wiped when dropped.
struct HexSecret(Zeroizing<String>);

impl Serialize for HexSecret {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for HexSecret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(Zeroizing::new(text)))
    }
}

impl OpenInvite {
    /// The hash by which the hub knows its code.
    pub(super) fn code_hash(&self) -> [u8; 32] {
        sha256(self.secret.hub_code().expose())
    }

    pub(super) fn put(&self, contents: &mut Contents) -> Result<()> {
        let kept = Kept {
            secret: HexSecret(Zeroizing::new(HEXLOWER.encode(self.secret.expose()))),
            roles: self.terms.roles.bits(),
            mailboxes: self.terms.mailboxes.iter().map(ToString::to_string).collect(),
            label: self.terms.label.clone(),
            expires_ms: self.expires_ms,
        };
        let bytes = serde_json::to_vec(&kept).map_err(|_| Error::new(Code::ProgramDefect))?;
        let bytes = SecretBytes::taken_from(bytes);
        Ok(contents.put_setting(&self.name(), bytes.expose())?)
    }

    pub(super) fn remove(&self, contents: &mut Contents) {
        contents.remove_setting(&self.name());
    }

    fn name(&self) -> EntryName {
        let name = format!("{PREFIX}{}", HEXLOWER.encode(&self.code_hash()));
        name.parse().expect("a prefix and hexadecimal obey the rule")
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let kept: Kept = serde_json::from_slice(bytes).ok()?;
        let secret = SecretBytes::taken_from(HEXLOWER.decode(kept.secret.0.as_bytes()).ok()?);
        let mailboxes = kept.mailboxes.iter().map(|id| id.parse().ok()).collect::<Option<_>>()?;
        let terms = Terms { roles: kept.roles.try_into().ok()?, mailboxes, label: kept.label };
        let secret = MemberSecret::new(secret.expose().try_into().ok()?);
        Some(Self { secret, terms, expires_ms: kept.expires_ms })
    }
}

/// Every invite that is open, in no particular order.
pub(super) fn open(contents: &Contents) -> Result<Vec<OpenInvite>> {
    let names = contents.settings().filter(|name| name.starts_with(PREFIX));
    let invite = |name: &str| {
        let value = contents.setting(&name.parse().ok()?)?;
        OpenInvite::parse(value)
    };
    names.map(|name| invite(name).ok_or(Error::new(Code::KeystoreDamaged))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invite_survives_the_keystore_until_it_is_removed() {
        let mut contents = Contents::default();
        let mailbox = MailboxId::parse(&[5; 16]).expect("an id");
        let terms =
            Terms { roles: Roles::READER, mailboxes: vec![mailbox], label: Some("kontoret".to_owned()) };
        for (seed, terms) in
            [(1, terms.clone()), (2, Terms { label: None, mailboxes: vec![], ..terms.clone() })]
        {
            let invite = OpenInvite { secret: MemberSecret::new([seed; 16]), terms, expires_ms: 7 };
            invite.put(&mut contents).expect("fits");
        }
        let kept = open(&contents).expect("readable");
        assert_eq!(kept.len(), 2);
        let first = kept.iter().find(|invite| invite.secret == MemberSecret::new([1; 16])).expect("there");
        assert_eq!((&first.terms, first.expires_ms), (&terms, 7));
        first.remove(&mut contents);
        assert_eq!(open(&contents).expect("readable").len(), 1);
    }

    #[test]
    fn what_is_no_invite_is_damage() {
        let mut contents = Contents::default();
        let name = "member-invite.00".parse().expect("a name");
        contents.put_setting(&name, b"{}").expect("fits");
        assert_eq!(open(&contents).err().map(|error| error.code()), Some(Code::KeystoreDamaged));
    }
}
