//! A hub that lies: it has the real hub's keys and answers that a real hub gave, and changes a byte of them on their way to the client.
//!
//! * [`Capture`]: what the real hub answers a recipient, recorded over the recipient's own certificate.
//! * [`Flip`]: which byte of which part is changed, as a line of a file that is read again for each receive stream.
//! * [`serve`]: the services over the hub's own TLS; the program `evil_hub` is nothing more.
//! * [`EvilHub`]: that program, in the place of a hub that was stopped.
//! * [`Forger`]: other logs than the captured one, signed with the hub's own key.
//! * [`FloodingHub`]: says more than anybody can keep.
//!
//! The client trusts its authority, its log and its receipts, as it would those of a hub that was taken over.

mod capture;
mod flip;
mod flood;
mod forger;
mod process;
mod services;

pub use capture::{Capture, presented_by};
pub use flip::{Flip, Part};
pub use flood::{FLOOD, Flood, FloodingHub};
pub use forger::{Forger, manifest_entry};
pub use process::EvilHub;
pub use services::serve;

use tonic::Status;

/// The answer to every call that a hub of these has none for.
fn unimplemented<T>() -> Result<T, Status> {
    Err(Status::unimplemented("no client of these tests calls this"))
}
