//! The sealed bytes of a message that waits: a retry sends exactly these again.

use prost::Message as _;
use samverkan_envelope::seal::SealedMessage;
use samverkan_proto::v1::SubmitRequest;

/// A message as it is handed in.
pub(in crate::session) struct Outgoing(SubmitRequest);

impl Outgoing {
    pub(in crate::session) fn of(sealed: &SealedMessage) -> Self {
        Self(SubmitRequest {
            header: sealed.header().bytes().to_vec().into(),
            wraps: sealed.wraps().to_vec().into(),
            content: sealed.content().to_vec().into(),
        })
    }

    /// What is handed in, always the same.
    pub(in crate::session) fn request(&self) -> SubmitRequest {
        self.0.clone()
    }

    pub(in crate::session) fn encode(&self) -> Vec<u8> {
        self.0.encode_to_vec()
    }

    pub(in crate::session) fn decode(bytes: &[u8]) -> Option<Self> {
        SubmitRequest::decode(bytes).ok().map(Self)
    }
}
