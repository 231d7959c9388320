//! The hub under load: a real process, real organisations and certificates, valid messages of random bytes.
//!
//! * [`stage`]: the hub, its senders and its subscribers.
//! * [`letters`]: messages made ahead of the clock; what sealing costs is the client's, not the hub's.
//! * [`board`]: what was sent, answered and delivered, and whether it is what it should be.
//! * [`sender`]: hands letters in, by calls or over a stream; [`subscriber`]: takes, checks and acknowledges them.
//! * [`round`]: one round of all that.
//! * [`proof`]: the recorded disk says that every receipt came after its sync.
//! * [`volume`]: mailboxes that fill up and are emptied, and the hub opened again over them.
//! * [`crowd`]: many devices that only listen, and some that do not even read; [`files`]: a large attachment.

pub mod board;
pub mod crowd;
pub mod files;
pub mod letters;
pub mod proof;
pub mod round;
pub mod sender;
pub mod stage;
pub mod subscriber;
pub mod volume;
