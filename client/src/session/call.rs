//! One call with a deadline.

use std::time::Duration;

use tonic::{Response, Status};

use crate::connect::CALL_TIMEOUT;
use crate::error::{Code, Error, Result};
use crate::msg;
use crate::text::{Args, MessageId};

/// The hub, or whoever answers in its place, does not keep to the protocol.
pub(super) fn misbehaved(cause: MessageId) -> Error {
    Error::with(Code::HubMisbehaved, Args::none().because(&cause))
}

/// Waits for a call that has one answer, at most [`CALL_TIMEOUT`].
pub(super) async fn unary<T>(
    call: impl Future<Output = std::result::Result<Response<T>, Status>>,
) -> Result<T> {
    within(call).await?.map(Response::into_inner).map_err(|status| (&status).into())
}

/// Waits for anything the hub owes, at most [`CALL_TIMEOUT`].
pub(super) async fn within<T>(answer: impl Future<Output = T>) -> Result<T> {
    within_time(CALL_TIMEOUT, answer).await
}

/// Waits for something that the hub may take longer for.
pub(super) async fn within_time<T>(time: Duration, answer: impl Future<Output = T>) -> Result<T> {
    tokio::time::timeout(time, answer)
        .await
        .map_err(|_| Error::with(Code::HubUnreachable, Args::none().because(&msg!("cause-no-answer"))))
}
