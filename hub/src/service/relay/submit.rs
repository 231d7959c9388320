//! Handing in: one message for one answer, or many over a stream, each answered as soon as it is on disk.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use samverkan_proto::limits::MAX_IN_FLIGHT;
use samverkan_proto::reason::{self, Refusal};
use samverkan_proto::v1::submit_stream_response::Outcome;
use samverkan_proto::v1::{ErrorReason, SubmitRequest, SubmitStreamRequest, SubmitStreamResponse};
use samverkan_proto::{Fault, InvalidField};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming};

use super::Line;
use super::submission::{claimed_id, parse};
use crate::caller::Caller;
use crate::error;
use crate::hub::Hub;
use crate::metrics::StreamKind;
use crate::policy::{is_sender, may_submit};
use crate::registry::Registry;
use crate::server::PeerCertificate;
use crate::service::gate::in_our_words;
use crate::service::trace;
use crate::store::{Lookup, StoreError};

/// How often a decision is made again because the registry changed while the message was on its way to disk.
const DECISIONS: usize = 8;

/// The answers of a stream.
pub(super) type Answers = ReceiverStream<Result<SubmitStreamResponse, Status>>;

/// Takes one message from the owner of `certificate`, and gives the receipt once it is on disk.
pub(super) async fn submit(
    hub: &Hub,
    certificate: &PeerCertificate,
    request: SubmitRequest,
) -> Result<Bytes, Refusal> {
    // Who is not allowed to call at all need not have sent anything that can be read.
    let known = |registry: &Registry, now_ms| Caller::behind(certificate, registry, now_ms);
    known(&hub.store.registry(), hub.clock.now_ms())?;
    let sealed = parse(request)?;
    for _ in 0..DECISIONS {
        let (registry, now_ms) = (hub.store.registry(), hub.clock.now_ms());
        let caller = known(&registry, now_ms)?;
        is_sender(&caller, sealed.header().fields())?;
        match hub.store.lookup(&sealed).await.map_err(error::of_store)? {
            Lookup::Accepted(receipt) => return Ok(receipt.into()),
            Lookup::Conflict => return Err(Refusal::new(ErrorReason::IdempotencyConflict)),
            Lookup::Gone => return Err(Refusal::new(ErrorReason::MessageGone)),
            Lookup::Unknown => {}
        }
        let permit = may_submit(&registry, &caller, sealed.header(), now_ms)?;
        match hub.store.accept(permit, sealed.clone()).await {
            Ok(receipt) => {
                hub.metrics.message_accepted();
                return Ok(receipt.into());
            }
            Err(StoreError::Stale) => {}
            Err(error) => return Err(error::of_store(error)),
        }
    }
    Err(Refusal::new(ErrorReason::Busy))
}

/// Starts a stream over a line whose caller is known.
pub(super) fn start(hub: Arc<Hub>, line: Line, requests: Streaming<SubmitStreamRequest>) -> Answers {
    let (answers, stream) = mpsc::channel(MAX_IN_FLIGHT);
    let cut = line.hangup.token().clone();
    trace::serve_stream(cut, serve(hub, line, requests, answers));
    ReceiverStream::new(stream)
}

/// Reads and answers until the client is done, or must go.
async fn serve(
    hub: Arc<Hub>,
    line: Line,
    mut requests: Streaming<SubmitStreamRequest>,
    answers: mpsc::Sender<Result<SubmitStreamResponse, Status>>,
) {
    let _open = hub.metrics.stream_opened(StreamKind::Submit);
    let mut in_flight = FuturesUnordered::new();
    let mut leaving = std::pin::pin!(line.hangup.leaving());
    let why = loop {
        tokio::select! {
            biased;
            why = &mut leaving => break Some(Refusal::new(why)),
            Some(answer) = in_flight.next(), if !in_flight.is_empty() => {
                if answers.send(Ok(answer)).await.is_err() {
                    return;
                }
            }
            request = requests.message(), if in_flight.len() < MAX_IN_FLIGHT => match request {
                Ok(Some(request)) => in_flight.push(answer(&hub, &line.certificate, request)),
                // The client is done, or gone, or sends what can not be read: what was handed in is still answered.
                Ok(None) => break None,
                Err(status) => break in_our_words(&status),
            },
        }
    };
    while let Some(answer) = in_flight.next().await {
        if answers.send(Ok(answer)).await.is_err() {
            return;
        }
    }
    trace::ended(why.as_ref());
    if let Some(refusal) = why {
        // The reader may have left meanwhile.
        let _ = answers.send(Err(hub.refuse(refusal))).await;
    }
}

async fn answer(
    hub: &Hub,
    certificate: &PeerCertificate,
    request: SubmitStreamRequest,
) -> SubmitStreamResponse {
    const ABSENT: InvalidField = Fault::Truncated.in_field("message");
    let message_id = request.message.as_ref().and_then(claimed_id);
    let shown = message_id.map(tracing::field::display);
    let handed_in = match request.message {
        Some(message) => submit(hub, certificate, message).await,
        None => Err(ABSENT.into()),
    };
    let outcome = match handed_in {
        Ok(receipt) => {
            tracing::debug!(message_id = shown, "message accepted");
            Outcome::Receipt(receipt)
        }
        Err(refusal) => {
            tracing::info!(message_id = shown, reason = reason::name(refusal.reason), "message refused");
            hub.metrics.call_refused(&refusal);
            Outcome::Failure((&refusal).into())
        }
    };
    let message_id = message_id.map(|id| Bytes::copy_from_slice(id.as_bytes())).unwrap_or_default();
    SubmitStreamResponse { message_id, outcome: Some(outcome) }
}
