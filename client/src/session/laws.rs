//! The laws of kept and waiting messages; see [`crate::laws`].

use super::mail::{Kept, Outgoing};

/// A kept message that is read is written again, and read the same.
pub fn kept_message(bytes: &[u8]) {
    let Some(kept) = Kept::decode(bytes) else { return };
    let Ok(written) = kept.encode() else { unreachable!("what was read can be written") };
    let Some(again) = Kept::decode(&written) else { unreachable!("what was written can be read") };
    assert!(again.encode().is_ok_and(|twice| twice == written), "it is written in two ways");
    assert!(again.id() == kept.id() && again.state == kept.state && again.created_ms() == kept.created_ms());
}

/// A waiting message that is read is handed in with the bytes that were kept, every time.
pub fn outgoing_message(bytes: &[u8]) {
    let Some(outgoing) = Outgoing::decode(bytes) else { return };
    let again = Outgoing::decode(&outgoing.encode());
    assert!(again.is_some_and(|again| again.request() == outgoing.request()));
}
