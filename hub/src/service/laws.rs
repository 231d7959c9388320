//! The laws of what the services parse beyond protobuf; see [`crate::laws`].

use samverkan_proto::limits::WRAP_LEN;
use samverkan_proto::v1::{InviteOrganisationRequest, SubmitRequest};

use super::registry::parse_invitation;
use super::relay::submission::{claimed_id, parse};
use crate::store::laws::invitation_is_kept;

/// A message that is taken has parts that fit each other, and the id it claims.
pub fn submission(request: SubmitRequest) {
    let claimed = claimed_id(&request);
    let SubmitRequest { header, wraps, content } = request.clone();
    let Ok(sealed) = parse(request) else { return };
    assert_eq!(claimed, Some(sealed.id()));
    assert_eq!(sealed.header().bytes(), &header[..]);
    assert_eq!(wraps.len(), sealed.header().fields().wraps.len() * WRAP_LEN);
    assert_eq!(content.len() as u64, u64::from(sealed.header().fields().content_len));
}

/// An invitation that is taken can be written down and read again.
pub fn invitation(request: &InviteOrganisationRequest) {
    if let Ok(invitation) = parse_invitation(request) {
        assert!(invitation.municipalities.is_sorted_by(|a, b| a < b));
        assert!(invitation.services.is_sorted_by(|a, b| a < b));
        invitation_is_kept(invitation);
    }
}
