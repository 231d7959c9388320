//! The network side: accepts connections, proves who is there, serves HTTP/2, and lets go on command.
//!
//! A connection's path: [`admission`] (is there room, is this address too eager) → TLS handshake and the [`preface`]
//! with a time limit → [`PeerCertificate`] → [`Connections`] (the kill switch) → HTTP/2 with bounded windows, streams and silence.
//! There are no business rules here: requests reach the services with the peer's identity in their extensions, and
//! what that identity may do is decided there, on every call.
//!
//! Every task is owned: [`Server::serve`] returns only when none is left. A library's graceful shutdown can wait
//! for ever for one stuck stream; ours has a deadline.

mod admission;
mod connection;
mod connections;
mod hangup;
mod listener;
mod operator;
mod peer;
mod preface;
mod stall;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tonic::service::Routes;

pub use connections::Connections;
pub use hangup::Hangup;
pub use listener::Listener;
pub use operator::{OperatorSocket, SocketError};
pub use peer::{Peer, PeerAddress, PeerCertificate};

use crate::clock::Clock;
use crate::limits;
use crate::metrics::{Closed, Metrics, Refused};
use crate::tls::ServerTls;
use admission::{Admission, Ticket};
use connection::{Served, TlsStream};
use listener::Stream;

/// Bounds that a configuration or a test may set; the others are constants in [`limits`].
#[derive(Clone, Debug)]
pub struct Bounds {
    /// Connections at once.
    pub max_connections: usize,
    /// Handshakes in flight at once.
    pub handshakes_in_flight: usize,
    /// Handshakes a second that one address may start, after a burst.
    pub handshakes_per_second_per_address: u32,
    /// How long a handshake may take.
    pub handshake_timeout: Duration,
    /// How long a connection without a client certificate may live.
    pub anonymous_lifetime: Duration,
    /// How long a peer may leave a response unread.
    pub stalled_reader: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            max_connections: limits::MAX_CONNECTIONS,
            handshakes_in_flight: limits::HANDSHAKES_IN_FLIGHT,
            handshakes_per_second_per_address: limits::HANDSHAKES_PER_SECOND_PER_ADDRESS,
            handshake_timeout: limits::HANDSHAKE_TIMEOUT,
            anonymous_lifetime: limits::ANONYMOUS_LIFETIME,
            stalled_reader: limits::STALLED_READER,
        }
    }
}

/// What every connection needs; one for the whole server.
pub struct Server {
    tls: Arc<ServerTls>,
    routes: Routes,
    clock: Clock,
    bounds: Bounds,
    connections: Arc<Connections>,
    metrics: Arc<Metrics>,
}

/// How a server ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drained {
    /// Every call finished in time.
    Clean,
    /// The deadline came first; what was left was cut.
    Cut,
}

impl Server {
    /// A server that answers with `routes`.
    pub fn new(
        tls: Arc<ServerTls>,
        routes: Routes,
        clock: Clock,
        bounds: Bounds,
        connections: Arc<Connections>,
        metrics: Arc<Metrics>,
    ) -> Self {
        Self { tls, routes: routes.prepare(), clock, bounds, connections, metrics }
    }

    /// Serves `listener` until `stop` is cancelled, then tells every connection to go away, waits at most `drain`
    /// for open calls, and cuts the rest. All its tasks have ended when it returns.
    pub async fn serve(self, listener: impl Listener, stop: CancellationToken, drain: Duration) -> Drained {
        let tasks = TaskTracker::new();
        let abort = CancellationToken::new();
        let server = Arc::new(self);
        server.accept_until(&listener, &stop, &abort, &tasks).await;
        drop(listener);
        drained(&tasks, &abort, drain).await
    }

    async fn accept_until(
        self: &Arc<Self>,
        listener: &impl Listener,
        stop: &CancellationToken,
        abort: &CancellationToken,
        tasks: &TaskTracker,
    ) {
        let admission = Admission::new(&self.bounds);
        while let Some(accepted) = stop.run_until_cancelled(listener.next()).await {
            let (socket, address) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Most often too many open files; the connection stays in the system's queue meanwhile.
                    tracing::warn!(%error, "could not accept a connection");
                    tokio::time::sleep(limits::ACCEPT_PAUSE).await;
                    continue;
                }
            };
            match admission.admit(address) {
                Ok(ticket) => {
                    self.spawn(socket, address, ticket, Hangup::new(stop, abort), tasks.clone());
                }
                Err(refused) => self.metrics.refused(refused),
            }
        }
    }

    fn spawn(
        self: &Arc<Self>,
        socket: impl Stream,
        address: IpAddr,
        ticket: Ticket,
        hangup: Hangup,
        tasks: TaskTracker,
    ) {
        let server = Arc::clone(self);
        tasks.clone().spawn(async move {
            let Ticket { place, handshake } = ticket;
            let Some((stream, peer)) = server.handshake(socket, &hangup).await else { return };
            drop(handshake);
            let open = server.metrics.connection_opened();
            let served =
                Served { routes: server.routes.clone(), peer, address: Some(address), hangup, tasks };
            open.closed(server.serve_connection(stream, served).await);
            drop(place);
        });
    }

    async fn handshake<S: Stream>(&self, socket: S, hangup: &Hangup) -> Option<(TlsStream<S>, Peer)> {
        let shaken = connection::handshake(socket, self.tls.current());
        let limited = tokio::time::timeout(self.bounds.handshake_timeout, shaken);
        let refused = match hangup.token().run_until_cancelled(limited).await? {
            Ok(Ok(accepted)) => return Some(accepted),
            Ok(Err(refused)) => refused,
            Err(_elapsed) => Refused::Slow,
        };
        self.metrics.refused(refused);
        None
    }

    async fn serve_connection(&self, stream: TlsStream<impl Stream>, served: Served) -> Closed {
        let certificate = match served.peer {
            Peer::Device(certificate) => Some(certificate),
            Peer::Stranger | Peer::Operator => None,
        };
        let registered =
            certificate.map(|certificate| self.connections.register(certificate, served.hangup.clone()));
        let retire = self.retirement(certificate);
        let closed = served.run(stream, retire, self.bounds.stalled_reader).await;
        drop(registered);
        closed
    }

    /// Ends when the connection has lived long enough: with its certificate, or after the time strangers get.
    fn retirement(&self, certificate: Option<PeerCertificate>) -> impl Future<Output = ()> + Send + use<> {
        let (clock, lifetime) = (self.clock.clone(), self.bounds.anonymous_lifetime);
        async move {
            match certificate {
                Some(certificate) => clock.sleep_until(certificate.not_after_ms()).await,
                None => tokio::time::sleep(lifetime).await,
            }
        }
    }
}

/// Waits at most `deadline` for all tasks, then aborts what is left and waits for that.
async fn drained(tasks: &TaskTracker, abort: &CancellationToken, deadline: Duration) -> Drained {
    tasks.close();
    if tokio::time::timeout(deadline, tasks.wait()).await.is_ok() {
        return Drained::Clean;
    }
    abort.cancel();
    if tokio::time::timeout(limits::ABORT_GRACE, tasks.wait()).await.is_err() {
        tracing::error!(left = tasks.len(), "tasks did not end when they were cut");
    }
    Drained::Cut
}

#[cfg(test)]
mod tests;
