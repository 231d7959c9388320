//! Messages: taken in, handed over, spoken about, and purged (PROTOCOL.md section 11). What becomes of a message is
//! decided in [`crate::mail`]; here it is made durable.
//!
//! | file | owns |
//! |---|---|
//! | `sealed.rs`, `accept.rs` | a message on its way in |
//! | `deliver.rs` | what waits for a device |
//! | `receipts.rs` | handing over, and what devices say |
//! | `rewrap.rs` | a message that a colleague gives to a later device |
//! | `stop.rs` | messages that are taken back, and what a withdrawn consent does to them |
//! | `letter.rs` | carrying out what follows from an event |
//! | `share.rs` | how much of the disk one organisation's messages may take |
//! | `purge.rs` | the end of a message, and what stays |
//! | `status.rs` | everything that was said about a message |
//! | `value.rs` | how all this stands in the index |

mod accept;
mod sealed;

mod deliver;
mod receipts;
mod status;

pub(super) mod letter;
mod purge;
pub(super) mod rewrap;
pub(super) mod share;
pub(super) mod stop;
pub(super) mod value;

use crate::mail::Shape;

use super::record::mail::MessageHead;
use rewrap::Rewrapped;

pub use accept::Lookup;
pub use deliver::{Item, Waiting};
pub use receipts::ReceiptRefusal;
pub(super) use receipts::shape_of;
pub use rewrap::{Given, RewrapRefusal};
pub use sealed::Sealed;
pub use status::Status;

/// A message's head, and what its header says for good.
#[derive(Debug)]
pub(super) struct StoredMessage {
    pub(super) head: MessageHead,
    pub(super) shape: Shape,
}

impl StoredMessage {
    pub(super) fn new(head: MessageHead) -> Self {
        let shape = Shape::of(head.header.fields());
        Self { head, shape }
    }

    /// The same message with the wraps of later devices behind those of the header.
    fn with_rewraps(&self, rewraps: &[Rewrapped]) -> Self {
        let mut shape = self.shape.clone();
        shape.wraps.extend(rewraps.iter().filter_map(|rewrapped| rewrapped.shape(&self.shape)));
        Self { head: self.head.clone(), shape }
    }
}
