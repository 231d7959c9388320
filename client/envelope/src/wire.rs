//! The generated messages of `body.proto`, and what canonical form means for them. They stop at [`crate::body`] and [`crate::consent`].

#![allow(
    missing_docs,
    unreachable_pub,
    unused_qualifications,
    clippy::all,
    reason = "generated code; its documentation is body.proto"
)]

include!(concat!(env!("OUT_DIR"), "/samverkan.body.v1.rs"));

/// Decodes bytes that are in proto3 canonical form: exactly what the decoded message encodes to.
pub(crate) fn decode_canonical<M: prost::Message + Default>(bytes: &[u8]) -> Option<M> {
    M::decode(bytes).ok().filter(|message| message.encode_to_vec() == bytes)
}
