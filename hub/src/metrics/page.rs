//! `GET /metrics` over plain HTTP/1.1, for a collector on the same machine.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::header::CONTENT_TYPE;
use http::{Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::Metrics;
use crate::limits;

const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Collectors at once.
const COLLECTORS: usize = 8;

/// How long one collector may take, from connecting to the last byte.
const VISIT: Duration = Duration::from_secs(10);

/// Binds the page.
///
/// # Errors
/// [`PageError::NotLoopback`] for an address that other machines can reach: the page has no access control.
pub async fn bind(address: SocketAddr) -> Result<TcpListener, PageError> {
    if !address.ip().to_canonical().is_loopback() {
        return Err(PageError::NotLoopback(address));
    }
    TcpListener::bind(address).await.map_err(|source| PageError::Bind { address, source })
}

/// Serves the page until `stop` is cancelled.
pub async fn serve(listener: TcpListener, metrics: Arc<Metrics>, stop: CancellationToken) {
    let visits = TaskTracker::new();
    let places = Arc::new(Semaphore::new(COLLECTORS));
    while let Some(accepted) = stop.run_until_cancelled(listener.accept()).await {
        let Ok((socket, _)) = accepted else {
            tokio::time::sleep(limits::ACCEPT_PAUSE).await;
            continue;
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else { continue };
        let (metrics, stop) = (Arc::clone(&metrics), stop.clone());
        visits.spawn(async move {
            // A collector that fails or dawdles has only itself to blame; there is nothing to do about it.
            let _ = stop.run_until_cancelled(tokio::time::timeout(VISIT, visit(socket, metrics))).await;
            drop(place);
        });
    }
    visits.close();
    visits.wait().await;
}

async fn visit(socket: TcpStream, metrics: Arc<Metrics>) -> Result<(), hyper::Error> {
    let service = service_fn(move |request| {
        let answer = answer(&request, &metrics);
        async move { Ok::<_, Infallible>(answer) }
    });
    http1::Builder::new()
        .timer(TokioTimer::new())
        .keep_alive(false)
        .serve_connection(TokioIo::new(socket), service)
        .await
}

fn answer(request: &Request<Incoming>, metrics: &Metrics) -> Response<String> {
    let (status, text) = match (request.method(), request.uri().path()) {
        (&Method::GET, "/metrics") => (StatusCode::OK, metrics.encode()),
        (_, "/metrics") => (StatusCode::METHOD_NOT_ALLOWED, String::new()),
        _ => (StatusCode::NOT_FOUND, String::new()),
    };
    let mut response = Response::new(text);
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, http::HeaderValue::from_static(MEDIA_TYPE));
    response
}

/// Why the page could not be bound.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    /// Other machines could reach the address.
    #[error("metrics_listen = {0} is reachable from other machines: use 127.0.0.1 or [::1]")]
    NotLoopback(SocketAddr),
    /// The system refused.
    #[error("could not listen on metrics_listen = {address}: {source}")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    async fn ask(address: SocketAddr, request: &str) -> String {
        let mut socket = TcpStream::connect(address).await.unwrap();
        socket.write_all(request.as_bytes()).await.unwrap();
        let mut reply = String::new();
        socket.read_to_string(&mut reply).await.unwrap();
        reply
    }

    #[tokio::test]
    async fn the_page_answers_one_question_only() {
        let listener = bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let served = tokio::spawn(serve(listener, Metrics::new(), stop.clone()));
        let page = ask(address, "GET /metrics HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
        assert!(page.starts_with("HTTP/1.1 200 OK\r\n") && page.contains(MEDIA_TYPE), "{page}");
        assert!(page.contains("samverkan_hub_connections 0\n") && page.ends_with("# EOF\n"), "{page}");
        let other = ask(address, "GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
        assert!(other.starts_with("HTTP/1.1 404 "), "{other}");
        let post =
            ask(address, "POST /metrics HTTP/1.1\r\nhost: localhost\r\ncontent-length: 0\r\n\r\n").await;
        assert!(post.starts_with("HTTP/1.1 405 "), "{post}");
        stop.cancel();
        served.await.unwrap();
    }

    #[tokio::test]
    async fn a_silent_collector_does_not_delay_the_end() {
        let listener = bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let mut socket = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let stop = CancellationToken::new();
        let served = tokio::spawn(serve(listener, Metrics::new(), stop.clone()));
        socket.write_all(b"GET /met").await.unwrap();
        stop.cancel();
        served.await.unwrap();
    }

    #[tokio::test]
    async fn addresses_that_others_can_reach_are_refused() {
        for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0", "[::ffff:192.0.2.1]:0"] {
            let refused = bind(address.parse().unwrap()).await.unwrap_err();
            assert!(matches!(refused, PageError::NotLoopback(_)), "{refused}");
        }
        assert!(
            bind("[::ffff:127.0.0.1]:0".parse().unwrap())
                .await
                .map_err(|e| matches!(e, PageError::Bind { .. }))
                .map_or_else(|bind| bind, |_| true)
        );
    }
}
