//! How a connection is ended from outside: politely with a reason, and then for good.

use std::sync::{Arc, OnceLock};

use samverkan_proto::v1::ErrorReason;
use tokio_util::sync::CancellationToken;

/// The end of one connection, in the extensions of every request that comes over it. Clones are one.
///
/// Streams listen to [`leaving`](Self::leaving) and end with what it says; whatever is left when the connection is
/// cut ends without a word.
#[derive(Clone, Debug)]
pub struct Hangup {
    cut: CancellationToken,
    leave: CancellationToken,
    why: Arc<OnceLock<ErrorReason>>,
}

impl Hangup {
    /// Ends with the server: politely when `stop` is cancelled, for good when `abort` is.
    pub(crate) fn new(stop: &CancellationToken, abort: &CancellationToken) -> Self {
        Self { cut: abort.child_token(), leave: stop.child_token(), why: Arc::default() }
    }

    /// Returns when the streams of this connection must end, with the reason: DRAINING, or what was given to
    /// [`dismiss`](Self::dismiss).
    pub async fn leaving(&self) -> ErrorReason {
        self.leave.cancelled().await;
        self.why.get().copied().unwrap_or(ErrorReason::Draining)
    }

    /// Tells the streams to end for this reason. The first reason stands.
    pub(super) fn dismiss(&self, why: ErrorReason) {
        // Only a second dismissal finds a reason there.
        let _ = self.why.set(why);
        self.leave.cancel();
    }

    /// Ends the connection and all its calls at once.
    pub(super) fn cut(&self) {
        self.cut.cancel();
    }

    /// Cancelled when the connection is cut.
    pub fn token(&self) -> &CancellationToken {
        &self.cut
    }

    /// Cancelled when the connection should be told to go away.
    pub(super) fn leave_token(&self) -> &CancellationToken {
        &self.leave
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn streams_learn_why_they_end() {
        let (stop, abort) = (CancellationToken::new(), CancellationToken::new());
        let (dismissed, drained) = (Hangup::new(&stop, &abort), Hangup::new(&stop, &abort));
        dismissed.dismiss(ErrorReason::DeviceRevoked);
        dismissed.dismiss(ErrorReason::OrganisationSuspended);
        assert_eq!(dismissed.leaving().await, ErrorReason::DeviceRevoked);
        assert!(!drained.leave_token().is_cancelled() && !dismissed.token().is_cancelled());
        stop.cancel();
        assert_eq!(drained.leaving().await, ErrorReason::Draining);
        assert_eq!(dismissed.leaving().await, ErrorReason::DeviceRevoked);
        dismissed.cut();
        assert!(dismissed.token().is_cancelled() && !drained.token().is_cancelled());
        abort.cancel();
        assert!(drained.token().is_cancelled());
    }
}
