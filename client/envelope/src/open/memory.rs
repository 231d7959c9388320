//! What a receiver asks of the messages it has.

use samverkan_proto::ids::{OrgId, SendId, ThreadId};

/// The messages that a device has kept, each once it was on disk with all its attachments.
pub trait Memory {
    /// Whether this message was shown before, whatever id it had then.
    fn was_shown(&self, sender: &OrgId, send_id: &SendId) -> bool;

    /// Whether some message of the thread came from this organisation, or went to it.
    fn exchanged(&self, with: &OrgId, thread: &ThreadId) -> bool;
}
