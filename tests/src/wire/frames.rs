//! gRPC below gRPC: an HTTP/2 request with any path, headers and body, for frames that no library would send.

use super::connect::handshake;
use super::refused::Refused;
use crate::until::in_time;
use bytes::{BufMut as _, Bytes, BytesMut};
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::ClientConfig;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::task::JoinHandle;
use tonic::Status;

/// What came back.
#[derive(Debug)]
pub struct Answer {
    /// The HTTP status.
    pub http: StatusCode,
    /// The body without trailers.
    pub body: Bytes,
    /// Headers and trailers together.
    pub headers: HeaderMap,
}

impl Answer {
    /// The gRPC status as a refusal; `None` for success or when there is none.
    #[must_use]
    pub fn refused(&self) -> Option<Refused> {
        Status::from_header_map(&self.headers)
            .filter(|status| status.code() != tonic::Code::Ok)
            .map(Refused::from)
    }
}

/// One gRPC frame as it should be: no compression, the true length, the message.
///
/// # Panics
/// For a message of 4 GiB.
#[must_use]
pub fn frame(message: &[u8]) -> Bytes {
    announced(0, u32::try_from(message.len()).expect("a small message"), message)
}

/// One gRPC frame with any flag and any announced length.
#[must_use]
pub fn announced(flag: u8, length: u32, message: &[u8]) -> Bytes {
    let mut bytes = BytesMut::with_capacity(message.len() + 5);
    bytes.put_u8(flag);
    bytes.put_u32(length);
    bytes.put_slice(message);
    bytes.freeze()
}

/// A connection for any HTTP/2 requests.
#[derive(Debug)]
pub struct Caller {
    address: SocketAddr,
    sender: SendRequest<Full<Bytes>>,
    driver: JoinHandle<hyper::Result<()>>,
}

impl Caller {
    /// Connects.
    ///
    /// # Panics
    /// When the handshake fails.
    pub async fn connect(address: SocketAddr, tls: Arc<ClientConfig>) -> Self {
        let stream = handshake(address, tls).await.expect("the handshake succeeds");
        let (sender, connection) =
            http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.expect("HTTP/2 begins");
        Self { address, sender, driver: tokio::spawn(connection) }
    }

    /// Makes a request of any kind to a path, with these headers.
    ///
    /// # Errors
    /// What hyper says when the hub breaks the stream or the connection off.
    ///
    /// # Panics
    /// When the path or a header can not be one.
    pub async fn request(
        &mut self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Bytes,
    ) -> Result<Answer, hyper::Error> {
        let mut request = Request::builder().method(method).uri(format!("https://{}{path}", self.address));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.sender.ready().await?;
        let request = request.body(Full::new(body)).expect("a valid request");
        gather(self.sender.send_request(request).await?).await
    }

    /// Makes a gRPC call to a method such as `RelayService/Submit`, with these headers beside the usual ones.
    ///
    /// # Errors
    /// What hyper says when the hub breaks the stream or the connection off.
    ///
    /// # Panics
    /// When a header can not be one, or no answer comes.
    pub async fn call(
        &mut self,
        method: &str,
        headers: &[(&str, &str)],
        body: Bytes,
    ) -> Result<Answer, hyper::Error> {
        let headers = [&GRPC, headers].concat();
        let path = format!("/samverkan.v1.{method}");
        in_time(method, self.request(Method::POST, &path, &headers, body)).await
    }
}

impl Drop for Caller {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

/// The headers of every gRPC call.
pub const GRPC: [(&str, &str); 2] = [("content-type", "application/grpc"), ("te", "trailers")];

/// Posts `body` to `path` on a connection of its own.
///
/// # Errors
/// What hyper says when the hub breaks the stream or the connection off.
pub async fn post(
    address: SocketAddr,
    tls: Arc<ClientConfig>,
    path: &str,
    headers: &[(&str, &str)],
    body: Bytes,
) -> Result<Answer, hyper::Error> {
    let mut caller = Caller::connect(address, tls).await;
    caller.request(Method::POST, path, headers, body).await
}

async fn gather(response: http::Response<hyper::body::Incoming>) -> Result<Answer, hyper::Error> {
    let http = response.status();
    let mut headers = response.headers().clone();
    let collected = response.into_body().collect().await?;
    headers.extend(collected.trailers().cloned().unwrap_or_default());
    Ok(Answer { http, body: collected.to_bytes(), headers })
}
