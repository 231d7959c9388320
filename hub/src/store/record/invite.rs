//! Invites, open and used.
//!
//! ```text
//! invite      = code_hash[32] u64 since_ms u64 expires_ms u8 kind text8 handle text8 number text8 name
//!               u8 n × municipality[4] u8 n × text8 service
//! used invite = code_hash[32] manifest[32] u64 certificate u64 used_ms
//! ```

use samverkan_proto::code::OrganisationKind;

use crate::registry::{CodeHash, Invitation, Invite, UsedInvite};
use crate::store::codec::Take;

/// The head of an invite. The invitation's lists are within their bounds.
pub(in crate::store) fn encode(code: &CodeHash, invite: &Invite) -> Vec<u8> {
    let Invitation { handle, name, number, kind, municipalities, services } = &invite.invitation;
    let mut head = code.as_bytes().to_vec();
    head.extend_from_slice(&invite.since_ms.to_be_bytes());
    head.extend_from_slice(&invite.expires_ms.to_be_bytes());
    head.push(kind.code());
    for text in [handle.as_str(), number.as_str(), name.as_str()] {
        put_text(&mut head, text);
    }
    head.push(municipalities.len() as u8);
    municipalities.iter().for_each(|municipality| head.extend_from_slice(municipality.as_str().as_bytes()));
    head.push(services.len() as u8);
    services.iter().for_each(|service| put_text(&mut head, service.as_str()));
    head
}

/// Reads the head of an invite.
pub(in crate::store) fn parse(head: &[u8]) -> Option<(CodeHash, Invite)> {
    let mut take = Take::new(head);
    let code = CodeHash::from_bytes(take.array()?);
    let (since_ms, expires_ms) = (take.u64()?, take.u64()?);
    let kind = OrganisationKind::try_from(take.u8()?).ok()?;
    let handle = text(&mut take)?.parse().ok()?;
    let number = text(&mut take)?.parse().ok()?;
    let name = text(&mut take)?.parse().ok()?;
    let municipalities = (0..take.u8()?)
        .map(|_| std::str::from_utf8(take.bytes(4)?).ok()?.parse().ok())
        .collect::<Option<_>>()?;
    let services = (0..take.u8()?).map(|_| text(&mut take)?.parse().ok()).collect::<Option<_>>()?;
    let invitation = Invitation { handle, name, number, kind, municipalities, services };
    take.is_empty().then_some((code, Invite { invitation, since_ms, expires_ms }))
}

/// The head of a used invite.
pub(in crate::store) fn encode_used(code: &CodeHash, used: &UsedInvite) -> Vec<u8> {
    let mut head = code.as_bytes().to_vec();
    head.extend_from_slice(&used.manifest);
    head.extend_from_slice(&used.certificate.to_be_bytes());
    head.extend_from_slice(&used.used_ms.to_be_bytes());
    head
}

/// Reads the head of a used invite.
pub(in crate::store) fn parse_used(head: &[u8]) -> Option<(CodeHash, UsedInvite)> {
    let mut take = Take::new(head);
    let code = CodeHash::from_bytes(take.array()?);
    let used = UsedInvite { manifest: take.array()?, certificate: take.u64()?, used_ms: take.u64()? };
    take.is_empty().then_some((code, used))
}

fn put_text(head: &mut Vec<u8>, text: &str) {
    // Names of the registry have at most 200 bytes.
    head.push(text.len() as u8);
    head.extend_from_slice(text.as_bytes());
}

fn text<'a>(take: &mut Take<'a>) -> Option<&'a str> {
    let len = take.u8()?;
    std::str::from_utf8(take.bytes(usize::from(len))?).ok()
}
