//! A peer that writes every byte itself: what a client in another language would do, and what a hostile one could.
//!
//! * [`Peer`]: a connection to a hub, with or without a certificate, for typed calls, for any bytes as a message, and for any frames.
//! * [`Member`] and [`Device`]: an organisation's keys; joins by an invite, publishes manifests and epoch keys; [`Joiner`]: a further device
//!   that asks to become a member.
//! * [`Parcel`]: a message as the hub sees it; ciphertext is random, since the hub can not tell.
//! * [`seal`]: messages that are really sealed, rightly or wrongly, and a [`seal::Reader`] with its [`log::Log`] that opens them.
//! * [`Inbox`]: a receive stream, item by item.
//! * [`Blob`]: an attachment as the hub sees it, uploaded whole or part by part.
//! * [`RawHeader`], [`RawManifest`], [`statement`]: layouts whose every field can be wrong, written from PROTOCOL.md without the codec of
//!   `samverkan-proto`, so that a mistake there is not repeated here.
//! * [`http2`], [`hello`]: frames and handshakes that no library would send.
//! * [`Refused`]: what a refusal says.

pub mod bytes;
pub mod codec;
pub mod connect;
pub mod frames;
pub mod header;
pub mod hello;
pub mod http2;
pub mod inbox;
pub mod invite;
pub mod joiner;
pub mod log;
pub mod manifest;
pub mod member;
pub mod parcel;
pub mod peer;
pub mod proof;
pub mod refused;
pub mod seal;
pub mod statement;
pub mod upload;

#[cfg(test)]
mod agreement;

pub use header::{RawBlob, RawHeader, RawRecipient, RawWrap};
pub use inbox::{Inbox, Item};
pub use joiner::Joiner;
pub use manifest::{RawDevice, RawMailbox, RawManifest, RawRevocation};
pub use member::{Device, Member};
pub use parcel::Parcel;
pub use peer::Peer;
pub use proof::Said;
pub use refused::{Refused, refused};
pub use upload::{Blob, Upload};

/// The time, in milliseconds since 1970; both ends of the tests run on one machine.
#[must_use]
pub fn now_ms() -> u64 {
    samverkan_hub::clock::Clock::system().now_ms()
}
