//! What stands before every service: who may knock at all, how long one question may take, and the line in the log
//! that says how it went.
//!
//! On the public port a peer without a certificate reaches [`OPEN`] and nothing else, not even the knowledge of
//! which other calls exist; the operator's calls answer on the operator's socket alone.

use std::convert::Infallible;
use std::error::Error as _;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use http::{Request, Response};
use samverkan_proto::reason::Refusal;
use samverkan_proto::v1::ErrorReason;
use tonic::service::Routes;
use tonic::{Code, Status};
use tower::layer::layer_fn;
use tower::{Service, ServiceExt};
use tracing::Instrument as _;

use super::{form, trace};
use crate::metrics::Metrics;
use crate::server::Peer;

/// The service that answers peers without a certificate.
const OPEN: &str = "/samverkan.v1.EnrolmentService/";

/// The service that answers the operator alone.
const OPERATOR: &str = "/samverkan.v1.RegistryService/";

/// Calls that live as long as their stream; what bounds them is in their services.
const STREAMS: [&str; 5] = [
    "/samverkan.v1.RelayService/SubmitStream",
    "/samverkan.v1.RelayService/Receive",
    "/samverkan.v1.RelayService/UploadBlob",
    "/samverkan.v1.RelayService/DownloadBlob",
    "/samverkan.v1.DirectoryService/Sync",
];

/// A call of the health service that would hold a connection open for ever; `Check` says the same.
const HEALTH_WATCH: &str = "/grpc.health.v1.Health/Watch";

/// How long a unary call may take, its request's last byte included, unless its caller gives it less.
const UNARY_DEADLINE: Duration = Duration::from_secs(60);

/// Puts the gate before `routes`; what it refuses is counted in `metrics`.
pub(crate) fn guarded(routes: Routes, metrics: &Arc<Metrics>) -> Routes {
    let metrics = Arc::clone(metrics);
    let gate = move |inner| Gate { inner, metrics: Arc::clone(&metrics), deadline: UNARY_DEADLINE };
    routes.into_axum_router().layer(layer_fn(gate)).into()
}

#[derive(Clone)]
struct Gate<S> {
    inner: S,
    metrics: Arc<Metrics>,
    deadline: Duration,
}

impl<S, B, R> Service<Request<B>> for Gate<S>
where
    S: Service<Request<B>, Response = Response<R>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
    B: Send + 'static,
    R: Default,
{
    type Response = Response<R>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<R>, Infallible>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let gate = self.clone();
        let span = trace::span(request.uri().path());
        let answered = async move {
            let begun = Instant::now();
            let answer = gate.answer(request).await;
            answer.inspect(|answer| trace::answered(answer, begun.elapsed()))
        };
        Box::pin(answered.instrument(span))
    }
}

impl<S> Gate<S> {
    async fn answer<B, R>(self, request: Request<B>) -> Result<Response<R>, Infallible>
    where
        S: Service<Request<B>, Response = Response<R>, Error = Infallible>,
        R: Default,
    {
        let Self { inner, metrics, deadline } = self;
        let refuse = |refusal: Refusal| {
            metrics.call_refused(&refusal);
            Ok(Status::from(refusal).into_http())
        };
        if let Err(status) = form::is_call(&request) {
            let mut answer = Response::new(R::default());
            *answer.status_mut() = status;
            return Ok(answer);
        }
        let deadline = match admit(&request, deadline) {
            Ok(deadline) => deadline,
            Err(refusal) => return refuse(refusal),
        };
        let path = request.uri().path();
        if path == HEALTH_WATCH {
            return Ok(Status::unimplemented("use Check").into_http());
        }
        let answer = if STREAMS.contains(&path) {
            inner.oneshot(request).await?
        } else {
            match tokio::time::timeout(deadline, inner.oneshot(request)).await {
                Ok(answer) => answer?,
                Err(_elapsed) => return refuse(Refusal::new(ErrorReason::DeadlineExceeded)),
            }
        };
        match Status::from_header_map(answer.headers()).and_then(|status| in_our_words(&status)) {
            Some(refusal) => refuse(refusal),
            None => Ok(answer),
        }
    }
}

/// How long a call may take, `most` or less, or why it is refused before any service sees it.
fn admit<B>(request: &Request<B>, most: Duration) -> Result<Duration, Refusal> {
    may_knock(request.extensions().get(), request.uri().path()).map_err(Refusal::new)?;
    match form::timeout(request.headers())? {
        // It is over before it began, and a timer would round it up.
        Some(Duration::ZERO) => Err(Refusal::new(ErrorReason::DeadlineExceeded)),
        asked => Ok(asked.map_or(most, |asked| asked.min(most))),
    }
}

/// Whether a request from `peer` for `path` reaches a service.
fn may_knock(peer: Option<&Peer>, path: &str) -> Result<(), ErrorReason> {
    match peer {
        Some(Peer::Operator) => Ok(()),
        Some(Peer::Device(_)) if path.starts_with(OPERATOR) => Err(ErrorReason::OperatorOnly),
        Some(Peer::Device(_)) => Ok(()),
        Some(Peer::Stranger) if path.starts_with(OPEN) => Ok(()),
        Some(Peer::Stranger) | None => Err(ErrorReason::CertificateRequired),
    }
}

/// The contract's words for what tonic refused before a service saw it: a frame or a message that can not be read, or
/// is too long. Every refusal of ours has details, and these have none; neither is it what tonic says when the
/// connection broke, which has a cause.
pub(super) fn in_our_words(status: &Status) -> Option<Refusal> {
    match status.code() {
        _ if !status.details().is_empty() || status.source().is_some() => None,
        Code::Internal => Some(Refusal::in_field(ErrorReason::InvalidField, "message")),
        Code::OutOfRange => Some(Refusal::new(ErrorReason::MessageTooLarge)),
        _ => None,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use prost::Message as _;
    use samverkan_proto::ids::TlsKeyHash;
    use samverkan_proto::v1;

    use super::*;
    use crate::server::PeerCertificate;

    /// Every call of the contract, as `/package.Service/Method` and whether a side of it is a stream.
    pub(in crate::service) fn calls() -> Vec<(String, bool)> {
        let files = prost_types::FileDescriptorSet::decode(v1::DESCRIPTORS).unwrap();
        let services =
            files.file.iter().flat_map(|file| file.service.iter().map(move |service| (file, service)));
        let methods = services.flat_map(|(file, service)| {
            service.method.iter().map(move |method| {
                let path = format!("/{}.{}/{}", file.package(), service.name(), method.name());
                (path, method.client_streaming() || method.server_streaming())
            })
        });
        methods.collect()
    }

    #[test]
    fn strangers_reach_the_calls_of_joining_and_renewing_and_nothing_else() {
        let (open, closed): (Vec<_>, Vec<_>) =
            calls().into_iter().partition(|(path, _)| may_knock(Some(&Peer::Stranger), path).is_ok());
        let mut open: Vec<_> =
            open.into_iter().filter_map(|(path, _)| path.rsplit('/').next().map(str::to_owned)).collect();
        open.sort();
        assert_eq!(
            open,
            [
                "DescribeInvite",
                "DescribeRecovery",
                "Enrol",
                "Hello",
                "Recover",
                "RenewCertificate",
                "RequestMembership"
            ]
        );
        for (path, _) in &closed {
            assert_eq!(
                may_knock(Some(&Peer::Stranger), path),
                Err(ErrorReason::CertificateRequired),
                "{path}"
            );
        }
        for path in [
            "/",
            "",
            "/no.Such/Method",
            "/samverkan.v1.EnrolmentServic/Hello",
            "/grpc.health.v1.Health/Check",
        ] {
            assert_eq!(
                may_knock(Some(&Peer::Stranger), path),
                Err(ErrorReason::CertificateRequired),
                "{path}"
            );
        }
    }

    #[test]
    fn devices_reach_everything_but_the_operators_calls() {
        let device = Peer::Device(PeerCertificate::for_test(TlsKeyHash::of_spki(&[1])));
        for (path, _) in calls() {
            let expected =
                if path.contains("RegistryService") { Err(ErrorReason::OperatorOnly) } else { Ok(()) };
            assert_eq!(may_knock(Some(&device), &path), expected, "{path}");
        }
    }

    #[test]
    fn what_tonic_refuses_is_said_in_the_contracts_words() {
        let said = |status: Status| in_our_words(&status);
        let unreadable = Refusal::in_field(ErrorReason::InvalidField, "message");
        assert_eq!(said(Status::internal("varint")), Some(unreadable));
        let long = Refusal::new(ErrorReason::MessageTooLarge);
        assert_eq!(said(Status::out_of_range("5 MiB")), Some(long));
        assert_eq!(said(Status::unimplemented("no such call")), None);
        assert_eq!(said(Refusal::new(ErrorReason::Internal).into()), None);
        let broken = std::io::Error::from(std::io::ErrorKind::BrokenPipe);
        assert_eq!(said(Status::from_error(Box::new(broken))), None, "nobody is there to hear it");
    }

    #[tokio::test]
    async fn a_call_that_takes_too_long_is_refused_with_a_reason_and_a_stream_is_not() {
        let metrics = Metrics::new();
        let gate = |path: &'static str| {
            let inner = tower::service_fn(|_: Request<()>| std::future::pending::<Result<Response<()>, _>>());
            let gate = Gate { inner, metrics: Arc::clone(&metrics), deadline: Duration::ZERO };
            let mut request = Request::new(());
            *request.uri_mut() = http::Uri::from_static(path);
            *request.method_mut() = http::Method::POST;
            request.headers_mut().insert("content-type", http::HeaderValue::from_static("application/grpc"));
            request.extensions_mut().insert(Peer::Operator);
            gate.oneshot(request)
        };
        let answer = gate("/samverkan.v1.RelayService/Submit").await.unwrap_or_else(|never| match never {});
        let status = Status::from_header_map(answer.headers()).unwrap();
        assert_eq!(status.code(), Code::DeadlineExceeded);
        let refusal = Refusal::from_status(&status).unwrap();
        assert_eq!(refusal, Refusal::new(ErrorReason::DeadlineExceeded));
        assert!(metrics.encode().contains("calls_refused_total{reason=\"DEADLINE_EXCEEDED\"} 1\n"));
        let mut stream = std::pin::pin!(gate("/samverkan.v1.RelayService/Receive"));
        tokio::task::yield_now().await;
        assert!(futures_util::poll!(&mut stream).is_pending());
    }

    #[test]
    fn a_request_from_nobody_is_refused() {
        assert!(
            calls().iter().all(|(path, _)| may_knock(None, path) == Err(ErrorReason::CertificateRequired))
        );
    }

    #[test]
    fn the_calls_without_a_deadline_are_exactly_the_streams() {
        let mut streams: Vec<_> =
            calls().into_iter().filter(|(_, stream)| *stream).map(|(path, _)| path).collect();
        streams.sort();
        let mut listed = STREAMS.map(str::to_owned).to_vec();
        listed.sort();
        assert_eq!(listed, streams);
    }
}
