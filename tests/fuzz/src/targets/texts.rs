//! What people type and read: invites, identifiers, names, addresses, references.

use std::fmt::{Debug, Display};
use std::str::FromStr;

use samverkan_proto::ids::{
    BlobId, DeviceId, Handle, HubName, KeyId, MailboxAddress, MailboxName, MessageId, Municipality, OrgId,
    OrganisationName, OrganisationNumber, ServiceCode,
};
use samverkan_proto::statement::invite::{HubAddress, Invite};
use samverkan_proto::statement::member::MemberInvite;
use samverkan_proto::statement::safety::{CaseReference, SafetyNumber};

use crate::laws::one_encoding;

/// Input: an invite string, or the bytes inside of one without their check.
pub(super) fn invite(bytes: &[u8]) {
    let parse = |bytes: &[u8]| Invite::parse(str::from_utf8(bytes).unwrap_or_default());
    let encode = |invite: &Invite| invite.encode().as_bytes().to_vec();
    one_encoding(bytes, parse, encode);
    let check = samverkan_proto::ids::sha256(bytes);
    let whole = data_encoding::BASE64URL_NOPAD.encode(&[bytes, &check[..4]].concat());
    one_encoding(format!("svki1-{whole}").as_bytes(), parse, encode);
}

/// The same for the invite of a member.
pub(super) fn member_invite(bytes: &[u8]) {
    let parse = |bytes: &[u8]| MemberInvite::parse(str::from_utf8(bytes).unwrap_or_default());
    let encode = |invite: &MemberInvite| invite.encode().as_bytes().to_vec();
    one_encoding(bytes, parse, encode);
    let check = samverkan_proto::ids::sha256(bytes);
    let whole = data_encoding::BASE64URL_NOPAD.encode(&[bytes, &check[..4]].concat());
    one_encoding(format!("svkm1-{whole}").as_bytes(), parse, encode);
}

pub(super) fn names(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    one_spelling::<OrgId>(text);
    one_spelling::<DeviceId>(text);
    one_spelling::<MessageId>(text);
    one_spelling::<BlobId>(text);
    one_spelling::<KeyId>(text);
    one_spelling::<Handle>(text);
    one_spelling::<MailboxName>(text);
    one_spelling::<MailboxAddress>(text);
    one_spelling::<OrganisationName>(text);
    one_spelling::<OrganisationNumber>(text);
    one_spelling::<Municipality>(text);
    one_spelling::<ServiceCode>(text);
    one_spelling::<HubName>(text);
    one_spelling::<HubAddress>(text);
    read_as_printed::<SafetyNumber>(text);
    read_as_printed::<CaseReference>(text);
}

/// What is accepted is printed as it was written.
fn one_spelling<T: FromStr + Display>(text: &str) {
    if let Ok(value) = T::from_str(text) {
        assert_eq!(value.to_string(), text);
    }
}

/// People write it in several ways, and it is printed in one.
fn read_as_printed<T: FromStr + Display + Debug + PartialEq>(text: &str) {
    if let Ok(value) = T::from_str(text) {
        let printed = value.to_string();
        assert_eq!(T::from_str(&printed).ok(), Some(value));
    }
}
