//! Why a message was not opened: one text for everybody, the fault for the own log, and what the device answers.

use super::LocalDevice;
use crate::secret::MessageSecret;
use samverkan_proto::code::{CannotDecryptReason, DeviceReceiptType, RefusalReason};
use samverkan_proto::statement::receipt::Verdict;
use samverkan_proto::{Fault, InvalidField};

/// Why a message is not shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The hub accepted the message when its log had this many leaves, and the copy has fewer: synchronise, then open again. A
    /// log that can not be synchronised that far is reason to alarm; the message is held.
    #[error("the directory must be synchronised first")]
    LogBehind {
        /// How many leaves are needed.
        log_size: u64,
    },
    /// A check failed.
    #[error(transparent)]
    Refused(#[from] Refusal),
}

/// A check failed. To everybody outside it is one and the same text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the message can not be trusted")]
pub struct Refusal {
    found: InvalidField,
    verdict: Option<Verdict>,
}

impl Refusal {
    /// Before the message key was known.
    pub(crate) fn unopened(found: InvalidField) -> Self {
        let reason = match found.fault {
            Fault::KeyDestroyed => CannotDecryptReason::KeyDestroyed,
            _ => CannotDecryptReason::CannotOpen,
        };
        Self { found, verdict: Some(Verdict::CannotDecrypt(reason)) }
    }

    /// When the message key is known, so that a receipt can prove it.
    pub(crate) fn opened(found: InvalidField, secret: &MessageSecret, device: LocalDevice) -> Self {
        let refused = |reason| Verdict::Refused {
            reason,
            open_tag: secret.open_tag(&device.device, DeviceReceiptType::Refused),
        };
        let verdict = match found.fault {
            Fault::SchemaTooNew => Some(refused(RefusalReason::SchemaTooNew)),
            Fault::BodyMismatch | Fault::UnknownThread => Some(refused(RefusalReason::ContentMismatch)),
            Fault::ConsentMismatch => Some(refused(RefusalReason::ConsentMismatch)),
            Fault::Expired => Some(refused(RefusalReason::Expired)),
            Fault::SenderRevoked | Fault::ClockOutOfRange => Some(refused(RefusalReason::SenderNotValid)),
            Fault::Replayed => Some(Verdict::Delivered {
                open_tag: secret.open_tag(&device.device, DeviceReceiptType::Delivered),
            }),
            Fault::CheckpointAhead | Fault::CheckpointForked => None,
            _ => Some(Verdict::CannotDecrypt(CannotDecryptReason::CannotOpen)),
        };
        Self { found, verdict }
    }

    /// What was found, for the device's own log. It never holds the value.
    #[must_use]
    pub const fn found(&self) -> InvalidField {
        self.found
    }

    /// The fault, by its name in PROTOCOL.md section 17.
    #[must_use]
    pub const fn fault(&self) -> Fault {
        self.found.fault
    }

    /// What the device tells the sender. `None`: nothing; hold the message, keep both checkpoints, alarm.
    #[must_use]
    pub const fn verdict(&self) -> Option<Verdict> {
        self.verdict
    }
}
