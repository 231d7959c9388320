//! The contract between Samverkan's hub and its clients. The text of it is `PROTOCOL.md`.
//!
//! * [`v1`]: messages and stubs generated from `samverkan/v1/*.proto`; they stop at the edge.
//! * [`ids`]: identifiers and names, each with its only parser.
//! * [`code`]: the numbered code points.
//! * [`statement`]: the byte layouts both sides parse, hash and sign.
//! * [`sign`]: Ed25519 with labels, strict on what it accepts.
//! * [`xwing`]: what X-Wing public halves must obey.
//! * [`padding`]: the sizes that sealed bytes may have.
//! * [`admission`]: what one organisation may send to another, decided from the header alone.
//! * [`reason`]: why a call was refused, its gRPC code, class and fixed text.
//! * [`limits`]: every bound both ends obey.

pub mod admission;
pub mod code;
pub mod ids;
pub mod limits;
pub mod padding;
pub mod reason;
pub mod sign;
pub mod statement;
pub mod xwing;

mod codec;
mod fault;

pub use fault::{Fault, InvalidField};

/// Messages, clients and servers generated from `proto/samverkan/v1`.
pub mod v1 {
    #![allow(
        missing_docs,
        unreachable_pub,
        unused_qualifications,
        clippy::all,
        rustdoc::all,
        reason = "generated code; its documentation is the .proto files"
    )]
    tonic::include_proto!("samverkan.v1");

    /// The compiled descriptor set of every service, for tools that walk the calls.
    pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
}
