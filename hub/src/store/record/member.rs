//! Invites of members.
//!
//! ```text
//! member invite = org[16] code_hash[32] u64 expires_ms u8 step …
//!   step 0      open
//!   step 1      request[118]
//!   step 2      request[118] u64 certificate u64 issued_ms
//! ```

use samverkan_proto::ids::OrgId;
use samverkan_proto::statement::member::{Membership, UnverifiedMembership};

use crate::registry::{CodeHash, MemberInvite, MemberStep};
use crate::store::codec::Take;

/// Whose invite it is, and by which code it is known.
pub(in crate::store) type Name = (OrgId, CodeHash);

/// The head of a member's invite.
pub(in crate::store) fn encode((org, code): &Name, invite: &MemberInvite) -> Vec<u8> {
    let mut head = org.as_bytes().to_vec();
    head.extend_from_slice(code.as_bytes());
    head.extend_from_slice(&invite.expires_ms.to_be_bytes());
    match &invite.step {
        MemberStep::Open => head.push(0),
        MemberStep::Requested(request) => {
            head.push(1);
            head.extend_from_slice(request.bytes());
        }
        MemberStep::Issued { request, certificate, issued_ms } => {
            head.push(2);
            head.extend_from_slice(request.bytes());
            head.extend_from_slice(&certificate.to_be_bytes());
            head.extend_from_slice(&issued_ms.to_be_bytes());
        }
    }
    head
}

/// Reads the head of a member's invite.
pub(in crate::store) fn parse(head: &[u8]) -> Option<(Name, MemberInvite)> {
    let mut take = Take::new(head);
    let name = parse_name(&mut take)?;
    let expires_ms = take.u64()?;
    let step = match take.u8()? {
        0 => MemberStep::Open,
        1 => MemberStep::Requested(request(&mut take)?),
        2 => MemberStep::Issued {
            request: request(&mut take)?,
            certificate: take.u64()?,
            issued_ms: take.u64()?,
        },
        _ => return None,
    };
    take.is_empty().then_some((name, MemberInvite { expires_ms, step }))
}

/// Reads what the clock's work is about.
pub(in crate::store) fn parse_due(id: &[u8]) -> Option<Name> {
    let mut take = Take::new(id);
    let name = parse_name(&mut take)?;
    take.is_empty().then_some(name)
}

fn parse_name(take: &mut Take<'_>) -> Option<Name> {
    Some((OrgId::parse(take.bytes(16)?).ok()?, CodeHash::from_bytes(take.array()?)))
}

fn request(take: &mut Take<'_>) -> Option<UnverifiedMembership> {
    UnverifiedMembership::parse(take.bytes(Membership::LEN)?).ok()
}
