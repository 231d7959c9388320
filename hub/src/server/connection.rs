//! One connection: its handshake, its HTTP/2, its end.

use std::convert::Infallible;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tonic::service::Routes;
use tower::ServiceExt;

use super::hangup::Hangup;
use super::listener::Stream;
use super::peer::{Peer, PeerAddress, PeerCertificate};
use super::preface::Prefaced;
use super::stall::{Stalls, Watched};
use crate::limits;
use crate::metrics::{Closed, Refused};
use crate::tls::ALPN;

pub(super) type TlsStream<S> = Prefaced<tokio_rustls::server::TlsStream<S>>;

/// Shakes hands, reads who is there, and waits until it begins to speak HTTP/2.
pub(super) async fn handshake<S: Stream>(
    socket: S,
    config: Arc<ServerConfig>,
) -> Result<(TlsStream<S>, Peer), Refused> {
    let stream = TlsAcceptor::from(config).accept(socket).await.map_err(|_| Refused::Handshake)?;
    let (_, session) = stream.get_ref();
    if session.alpn_protocol() != Some(ALPN) {
        return Err(Refused::Protocol);
    }
    let peer = match session.peer_certificates() {
        None | Some([]) => Peer::Stranger,
        Some([leaf, ..]) => Peer::Device(PeerCertificate::from_verified(leaf).ok_or(Refused::Handshake)?),
    };
    // Only a connection whose HTTP/2 has begun is pinged, so that one that never begins would be held for ever.
    let stream = Prefaced::read(stream).await.ok_or(Refused::Protocol)?;
    Ok((stream, peer))
}

/// What one connection is served with.
pub(super) struct Served {
    pub(super) routes: Routes,
    pub(super) peer: Peer,
    /// Where the peer calls from, if that means anything.
    pub(super) address: Option<IpAddr>,
    pub(super) hangup: Hangup,
    pub(super) tasks: TaskTracker,
}

impl Served {
    /// Serves until the peer leaves, `hangup` is cut, the peer stops reading, or, after a polite word and a grace,
    /// `hangup` said to leave or `retire` has come.
    pub(super) async fn run(
        self,
        stream: impl AsyncRead + AsyncWrite + Unpin,
        retire: impl Future<Output = ()>,
        stalled_reader: Duration,
    ) -> Closed {
        let stalls = Arc::new(Stalls::default());
        let (token, leave) = (self.hangup.token().clone(), self.hangup.leave_token().clone());
        // Whichever way this function ends, the calls of the connection end with it.
        let _cut = token.clone().drop_guard();
        let service = service_fn({
            let stalls = Arc::clone(&stalls);
            let from = From { peer: self.peer, address: self.address, hangup: self.hangup };
            let routes = self.routes;
            move |request| answer(routes.clone(), from.clone(), Arc::clone(&stalls), request)
        });
        let tasks = CallTasks { tasks: self.tasks, token: token.clone() };
        let mut connection = pin!(http2_settings(tasks).serve_connection(TokioIo::new(stream), service));
        let mut stalled = pin!(stalls.found(stalled_reader));
        // A stopping server and a dismissal cut what is left at their own deadlines; a retired connection has its own.
        let leave = async {
            tokio::select! {
                () = leave.cancelled() => None,
                () = retire => Some(limits::GO_AWAY_GRACE),
            }
        };
        let grace = tokio::select! {
            biased;
            () = token.cancelled() => return Closed::Killed,
            done = connection.as_mut() => return Closed::by_peer(&done),
            () = stalled.as_mut() => return Closed::Stalled,
            grace = leave => grace,
        };
        connection.as_mut().graceful_shutdown();
        let grace = async {
            match grace {
                Some(grace) => tokio::time::sleep(grace).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = token.cancelled() => Closed::Killed,
            done = connection => Closed::by_peer(&done),
            () = stalled => Closed::Stalled,
            () = grace => Closed::Retired,
        }
    }
}

fn http2_settings(tasks: CallTasks) -> http2::Builder<CallTasks> {
    let mut builder = http2::Builder::new(tasks);
    builder
        .timer(TokioTimer::new())
        .initial_stream_window_size(limits::STREAM_WINDOW)
        .initial_connection_window_size(limits::CONNECTION_WINDOW)
        .max_concurrent_streams(limits::STREAMS_PER_CONNECTION)
        .max_header_list_size(limits::HEADER_LIST)
        .max_send_buf_size(limits::SEND_BUFFER)
        .max_pending_accept_reset_streams(limits::PENDING_RESETS)
        .keep_alive_interval(limits::KEEP_ALIVE_INTERVAL)
        .keep_alive_timeout(limits::KEEP_ALIVE_TIMEOUT);
    builder
}

/// What every request of a connection carries in its extensions.
#[derive(Clone)]
struct From {
    peer: Peer,
    address: Option<IpAddr>,
    hangup: Hangup,
}

async fn answer(
    routes: Routes,
    from: From,
    stalls: Arc<Stalls>,
    mut request: Request<Incoming>,
) -> Result<http::Response<Watched<tonic::body::Body>>, Infallible> {
    request.extensions_mut().insert(from.hangup);
    request.extensions_mut().insert(from.peer);
    if let Some(address) = from.address {
        request.extensions_mut().insert(PeerAddress(address));
    }
    let response = routes.oneshot(request).await?;
    Ok(response.map(|body| Watched::new(body, stalls)))
}

/// Runs a connection's calls as tasks that the server tracks and that end when the connection is cut.
#[derive(Clone)]
struct CallTasks {
    tasks: TaskTracker,
    token: CancellationToken,
}

impl<F> hyper::rt::Executor<F> for CallTasks
where
    F: Future + Send + 'static,
    F::Output: Send,
{
    fn execute(&self, call: F) {
        let token = self.token.clone();
        self.tasks.spawn(async move { token.run_until_cancelled_owned(call).await.map(drop) });
    }
}
