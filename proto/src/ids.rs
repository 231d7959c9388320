//! Identifiers and names, each with its only parser.
//!
//! Byte identifiers print and parse as lowercase hex. None of them says anything about a person.

use crate::fault::{Fault, InvalidField};
use data_encoding::HEXLOWER;
use ring::digest::{SHA256, digest};
use std::fmt;
use std::str::FromStr;

/// SHA-256.
#[must_use]
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    sha256_of(&[bytes])
}

/// SHA-256 of the concatenation of `parts`.
#[must_use]
pub fn sha256_of(parts: &[&[u8]]) -> [u8; 32] {
    let mut context = ring::digest::Context::new(&SHA256);
    parts.iter().for_each(|part| context.update(part));
    context.finish().as_ref().try_into().expect("SHA-256 is 32 bytes")
}

/// `sha256_of` for the first 16 bytes: how organisations and devices are named.
fn short_hash(label: &[u8], key: &[u8; 32]) -> [u8; 16] {
    let hash = sha256_of(&[label, key]);
    *hash.first_chunk().expect("SHA-256 is longer than 16 bytes")
}

/// What every byte identifier is to the reader of a statement: so many bytes, and a rule.
pub(crate) trait ByteId: Sized {
    /// How many bytes it has.
    const LEN: usize;

    /// Takes the bytes if they obey the rule.
    fn from_slice(bytes: &[u8]) -> Result<Self, InvalidField>;
}

macro_rules! byte_id {
    ($(#[doc = $doc:literal])* $name:ident, $len:literal, $field:literal, |$bytes:ident| $valid:expr) => {
        $(#[doc = $doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; $len]);

        impl $name {
            /// How many bytes it has.
            pub const LEN: usize = $len;

            /// Takes the bytes if they obey the identifier's rule.
            ///
            /// # Errors
            /// `bad_identifier` for bytes that break the rule, `bad_length` for another number of bytes.
            pub fn parse(bytes: &[u8]) -> Result<Self, InvalidField> {
                let $bytes: [u8; $len] = bytes.try_into().map_err(|_| Fault::BadLength.in_field($field))?;
                if $valid { Ok(Self($bytes)) } else { Err(Fault::BadIdentifier.in_field($field)) }
            }

            /// The bytes, as they stand in statements.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; $len] {
                &self.0
            }
        }

        impl ByteId for $name {
            const LEN: usize = $len;

            fn from_slice(bytes: &[u8]) -> Result<Self, InvalidField> {
                Self::parse(bytes)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&HEXLOWER.encode(&self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl FromStr for $name {
            type Err = InvalidField;

            fn from_str(text: &str) -> Result<Self, InvalidField> {
                let bytes = HEXLOWER.decode(text.as_bytes()).map_err(|_| Fault::BadText.in_field($field))?;
                Self::parse(&bytes)
            }
        }
    };
}

/// RFC 9562: version nibble 4, variant bits `10`.
const fn is_uuid_v4(bytes: &[u8; 16]) -> bool {
    bytes[6] >> 4 == 4 && bytes[8] >> 6 == 2
}

fn not_zero(bytes: &[u8]) -> bool {
    bytes.iter().any(|byte| *byte != 0)
}

byte_id!(
    /// An organisation: the first 16 bytes of `H("svk1 org\0" || root_pk)`.
    OrgId, 16, "org_id", |bytes| not_zero(&bytes));
byte_id!(
    /// A device: the first 16 bytes of `H("svk1 device\0" || device_pk)`.
    DeviceId, 16, "device_id", |bytes| not_zero(&bytes));
byte_id!(
    /// A mailbox: random, never reused.
    MailboxId, 16, "mailbox_id", |bytes| not_zero(&bytes));
byte_id!(
    /// A message: a random UUID version 4.
    MessageId, 16, "message_id", |bytes| is_uuid_v4(&bytes));
byte_id!(
    /// A thread of messages: a random UUID version 4, sealed.
    ThreadId, 16, "thread_id", |bytes| is_uuid_v4(&bytes));
byte_id!(
    /// What stays the same when a message is sealed again: a random UUID version 4, sealed.
    SendId, 16, "send_id", |bytes| is_uuid_v4(&bytes));
byte_id!(
    /// An operator of the hub: the first 16 bytes of `H("svk1 operator\0" || operator_pk)`.
    OperatorId, 16, "operator_id", |bytes| not_zero(&bytes));
byte_id!(
    /// An epoch key: `H("svk1 epoch key\0" || pk)`.
    EpochKeyId, 32, "epoch_key_id", |bytes| not_zero(&bytes));
byte_id!(
    /// A sealed attachment: `H(blob)`.
    BlobId, 32, "blob_id", |bytes| not_zero(&bytes));
byte_id!(
    /// A consent handle: random.
    ConsentHandle, 16, "handle", |bytes| not_zero(&bytes));
byte_id!(
    /// An agreement between two organisations, through all its versions: random.
    AgreementId, 16, "agreement_id", |bytes| not_zero(&bytes));
byte_id!(
    /// A receipt signer: the first 8 bytes of `H(public key)`.
    KeyId, 8, "key_id", |_bytes| true);
byte_id!(
    /// A device's TLS key: SHA-256 of its SubjectPublicKeyInfo.
    TlsKeyHash, 32, "tls_spki_sha256", |_bytes| true);

impl OrgId {
    /// The organisation that `root_pk` commits to.
    #[must_use]
    pub fn of_root(root_pk: &[u8; 32]) -> Self {
        Self(short_hash(b"svk1 org\0", root_pk))
    }
}

impl DeviceId {
    /// The device with this signing key.
    #[must_use]
    pub fn of_key(device_pk: &[u8; 32]) -> Self {
        Self(short_hash(b"svk1 device\0", device_pk))
    }
}

impl OperatorId {
    /// The operator with this signing key.
    #[must_use]
    pub fn of_key(operator_pk: &[u8; 32]) -> Self {
        Self(short_hash(b"svk1 operator\0", operator_pk))
    }
}

impl EpochKeyId {
    /// The epoch key with this X-Wing public half.
    #[must_use]
    pub fn of_key(pk: &[u8]) -> Self {
        Self(sha256_of(&[b"svk1 epoch key\0", pk]))
    }
}

impl BlobId {
    /// Wraps a digest that was computed over a whole blob.
    #[must_use]
    pub const fn of_digest(digest: [u8; 32]) -> Self {
        Self(digest)
    }
}

impl KeyId {
    /// The signer with this Ed25519 key.
    #[must_use]
    pub fn of_key(public_key: &[u8; 32]) -> Self {
        let hash = digest(&SHA256, public_key);
        Self(*hash.as_ref().first_chunk().expect("SHA-256 is longer than 8 bytes"))
    }
}

impl TlsKeyHash {
    /// The key with this SubjectPublicKeyInfo, DER.
    #[must_use]
    pub fn of_spki(der: &[u8]) -> Self {
        Self(sha256(der))
    }
}

macro_rules! random_id {
    ($name:ident, uuid) => {
        impl $name {
            /// A new one from the operating system's generator.
            #[must_use]
            pub fn random() -> Self {
                Self(uuid::Uuid::new_v4().into_bytes())
            }
        }
    };
    ($name:ident, bytes) => {
        impl $name {
            /// A new one from 16 random bytes; `None` for zero, which chance does not produce.
            #[must_use]
            pub fn from_random(bytes: [u8; 16]) -> Option<Self> {
                Self::parse(&bytes).ok()
            }
        }
    };
}

random_id!(MessageId, uuid);
random_id!(ThreadId, uuid);
random_id!(SendId, uuid);
random_id!(MailboxId, bytes);
random_id!(ConsentHandle, bytes);
random_id!(AgreementId, bytes);

macro_rules! text_id {
    ($(#[doc = $doc:literal])* $name:ident, $field:literal, $fault:ident, |$text:ident| $valid:expr) => {
        $(#[doc = $doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = InvalidField;

            fn from_str($text: &str) -> Result<Self, InvalidField> {
                if $valid { Ok(Self($text.to_owned())) } else { Err(Fault::$fault.in_field($field)) }
            }
        }
    };
}

fn is_name(text: &str, length: std::ops::RangeInclusive<usize>) -> bool {
    length.contains(&text.len()) && text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'))
}

/// Ten digits, the third at least 2, with a Luhn check digit (Swedish organisationsnummer).
fn is_organisation_number(text: &str) -> bool {
    let digits = text.as_bytes();
    if digits.len() != 10 || !digits.iter().all(u8::is_ascii_digit) || digits[2] < b'2' {
        return false;
    }
    let sum: u32 = (0u32..)
        .zip(digits)
        .map(|(place, digit)| {
            let doubled = u32::from(digit - b'0') * (2 - place % 2);
            doubled / 10 + doubled % 10
        })
        .sum();
    sum.is_multiple_of(10)
}

text_id!(
    /// An organisation's handle: `[a-z0-9][a-z0-9-]{1,62}`.
    Handle, "handle", BadText, |text| is_name(text, 2..=63) && !text.starts_with('-'));
text_id!(
    /// A mailbox's name within its organisation: `[a-z0-9-]{1,63}`.
    MailboxName, "mailbox_name", BadText, |text| is_name(text, 1..=63));
text_id!(
    /// A service code: `[a-z0-9-]{1,64}`.
    ServiceCode, "services", BadText, |text| is_name(text, 1..=64));
text_id!(
    /// A Swedish municipality: four digits (Statistics Sweden).
    Municipality, "municipalities", BadText, |text| text.len() == 4 && text.bytes().all(|b| b.is_ascii_digit()));
text_id!(
    /// A Swedish organisation number, ten digits without a hyphen. A personal identity number is refused.
    OrganisationNumber, "organisation_number", BadOrganisationNumber, |text| is_organisation_number(text));
text_id!(
    /// An organisation's name: 1 to 200 bytes without control characters.
    OrganisationName, "organisation_name", BadText, |text| (1..=200).contains(&text.len()) && !text.chars().any(char::is_control));
text_id!(
    /// A hub's name, which its log is called by: `[a-z0-9-]{1,63}`.
    HubName, "hub_name", BadText, |text| is_name(text, 1..=63));

/// A mailbox as people write it: `handle/name`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MailboxAddress {
    /// The organisation.
    pub handle: Handle,
    /// The mailbox within it.
    pub name: MailboxName,
}

impl fmt::Display for MailboxAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.handle, self.name)
    }
}

impl FromStr for MailboxAddress {
    type Err = InvalidField;

    fn from_str(text: &str) -> Result<Self, InvalidField> {
        let (handle, name) = text.split_once('/').ok_or(Fault::BadText.in_field("mailbox"))?;
        Ok(Self { handle: handle.parse()?, name: name.parse()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_follow_their_rules() {
        for good in ["ab", "brottsofferjouren-exempel", "0-"] {
            assert!(good.parse::<Handle>().is_ok(), "{good}");
        }
        for bad in ["", "a", "-a", "Ab", "å-b", "a b", &"a".repeat(64)] {
            assert_eq!(bad.parse::<Handle>().expect_err(bad).fault, Fault::BadText);
        }
        assert_eq!("boj/stod".parse::<MailboxAddress>().expect("valid").to_string(), "boj/stod");
        assert!("boj".parse::<MailboxAddress>().is_err() && "boj/".parse::<MailboxAddress>().is_err());
    }

    #[test]
    fn organisation_numbers_need_their_check_digit_and_are_no_personal_number() {
        assert!("2021002817".parse::<OrganisationNumber>().is_ok());
        assert!("5560360793".parse::<OrganisationNumber>().is_ok());
        for bad in ["5560360794", "556036079", "55603607930", "556036-0793", "8112189876", ""] {
            assert_eq!(bad.parse::<OrganisationNumber>().expect_err(bad).fault, Fault::BadOrganisationNumber);
        }
    }

    #[test]
    fn message_ids_are_random_uuids() {
        assert!(MessageId::parse(MessageId::random().as_bytes()).is_ok());
        assert_eq!(MessageId::parse(&[0; 16]).expect_err("zero").fault, Fault::BadIdentifier);
        assert_eq!(MessageId::parse(&[0; 15]).expect_err("short").fault, Fault::BadLength);
        assert_eq!(MailboxId::parse(&[0; 16]).expect_err("zero").fault, Fault::BadIdentifier);
    }

    proptest! {
        #[test]
        fn hex_round_trips(bytes: [u8; 32]) {
            prop_assume!(not_zero(&bytes));
            let id = BlobId::parse(&bytes).expect("any digest will do");
            prop_assert_eq!(id.to_string().parse::<BlobId>(), Ok(id));
        }

        #[test]
        fn names_that_parse_print_as_they_were(text in "\\PC{0,70}") {
            if let Ok(handle) = text.parse::<Handle>() { prop_assert_eq!(handle.as_str(), &text); }
            if let Ok(address) = text.parse::<MailboxAddress>() { prop_assert_eq!(address.to_string(), text); }
        }
    }
}
