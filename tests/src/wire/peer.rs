//! A connection to a hub that sends what it is told.

use super::codec::Verbatim;
use super::connect::{Presented, authority, channel, narrow_channel, operator_channel, tls};
use super::frames::{self, Answer, Caller};
use super::refused::Refused;
use crate::site::Site;
use crate::until::in_time;
use bytes::Bytes;
use http::uri::PathAndQuery;
use prost::Message;
use rustls::ClientConfig;
use samverkan_proto::v1::consent_service_client::ConsentServiceClient;
use samverkan_proto::v1::directory_service_client::DirectoryServiceClient;
use samverkan_proto::v1::enrolment_service_client::EnrolmentServiceClient;
use samverkan_proto::v1::relay_service_client::RelayServiceClient;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio_stream::Stream;
use tonic::client::Grpc;
use tonic::transport::Channel;
use tonic::{Request, Status, Streaming};

/// A connection to a hub. It is made when it is first used.
#[derive(Clone, Debug)]
pub struct Peer {
    /// Where and how it connects; `None` for the operator's socket.
    tls: Option<(SocketAddr, Arc<ClientConfig>)>,
    channel: Channel,
}

impl Peer {
    /// Somebody without a certificate.
    #[must_use]
    pub fn stranger(hub: &Site) -> Self {
        Self::presenting(hub, None)
    }

    /// Somebody with this certificate.
    #[must_use]
    pub fn presenting(hub: &Site, presented: Option<Presented>) -> Self {
        Self::at(hub.address(), tls(authority(&hub.data_dir()), presented))
    }

    /// A connection to any address, such as a proxy's. The server must still have the certificate of that address.
    #[must_use]
    pub fn at(address: SocketAddr, tls: Arc<ClientConfig>) -> Self {
        Self { channel: channel(address, Arc::clone(&tls)), tls: Some((address, tls)) }
    }

    /// The operator, on the hub's local socket.
    #[must_use]
    pub fn operator(hub: &Site) -> Self {
        Self { channel: operator_channel(&hub.operator_socket()), tls: None }
    }

    /// The same peer through another port of the hub's host, such as a proxy's.
    ///
    /// # Panics
    /// For the operator.
    #[must_use]
    pub fn through(&self, address: SocketAddr) -> Self {
        let (_, tls) = self.tls.clone().expect("only the operator has no TLS");
        Self::at(address, tls)
    }

    /// How it connects.
    ///
    /// # Panics
    /// For the operator.
    #[must_use]
    pub fn tls(&self) -> Arc<ClientConfig> {
        let (_, tls) = self.tls.as_ref().expect("only the operator has no TLS");
        Arc::clone(tls)
    }

    /// A connection of its own, below gRPC.
    ///
    /// # Panics
    /// For the operator, and when the handshake fails.
    pub async fn caller(&self) -> Caller {
        let (address, tls) = self.tls.clone().expect("only the operator has no TLS");
        Caller::connect(address, tls).await
    }

    /// The same peer over a connection that takes no more than `window` bytes of a stream before it has read them.
    ///
    /// # Panics
    /// For the operator.
    #[must_use]
    pub fn narrow(&self, window: u32) -> Self {
        let (address, tls) = self.tls.clone().expect("only the operator has no TLS");
        Self { channel: narrow_channel(address, Arc::clone(&tls), Some(window)), tls: Some((address, tls)) }
    }

    /// Joining.
    #[must_use]
    pub fn enrolment(&self) -> EnrolmentServiceClient<Channel> {
        EnrolmentServiceClient::new(self.channel.clone())
    }

    /// The log.
    #[must_use]
    pub fn directory(&self) -> DirectoryServiceClient<Channel> {
        DirectoryServiceClient::new(self.channel.clone())
    }

    /// Consent handles.
    #[must_use]
    pub fn consent(&self) -> ConsentServiceClient<Channel> {
        ConsentServiceClient::new(self.channel.clone())
    }

    /// Messages and attachments.
    #[must_use]
    pub fn relay(&self) -> RelayServiceClient<Channel> {
        RelayServiceClient::new(self.channel.clone())
    }

    /// Calls a method such as `RelayService/Submit` with a message.
    ///
    /// # Errors
    /// The refusal.
    ///
    /// # Panics
    /// When the answer is not the message expected, or does not come.
    pub async fn call<Q: Message, A: Message + Default>(
        &self,
        method: &str,
        question: &Q,
    ) -> Result<A, Refused> {
        let answer = self.call_bytes(method, question.encode_to_vec()).await?;
        Ok(A::decode(answer).unwrap_or_else(|error| panic!("{method} answered nonsense: {error}")))
    }

    /// Calls a method with any bytes as its message, and returns the bytes of the answer.
    ///
    /// # Errors
    /// The refusal.
    ///
    /// # Panics
    /// When no answer comes.
    pub async fn call_bytes(&self, method: &str, message: impl Into<Bytes>) -> Result<Bytes, Refused> {
        let mut grpc = self.ready().await?;
        let call = grpc.unary(Request::new(message.into()), path(method), Verbatim);
        Ok(in_time(method, call).await?.into_inner())
    }

    /// Opens a method that answers with a stream; `messages` are sent as they are.
    ///
    /// # Errors
    /// The refusal, when it comes before the first answer.
    ///
    /// # Panics
    /// When no answer comes.
    pub async fn stream_bytes(
        &self,
        method: &str,
        messages: impl Stream<Item = Bytes> + Send + 'static,
    ) -> Result<Streaming<Bytes>, Refused> {
        let mut grpc = self.ready().await?;
        let call = grpc.streaming(Request::new(messages), path(method), Verbatim);
        Ok(in_time(method, call).await?.into_inner())
    }

    /// Calls a method with any bytes as its messages, whatever kind of method it is, and gathers what it answers until it ends.
    ///
    /// # Errors
    /// The refusal, whenever it comes.
    ///
    /// # Panics
    /// When no answer comes.
    pub async fn gather(&self, method: &str, messages: Vec<Bytes>) -> Result<Vec<Bytes>, Refused> {
        let mut stream = self.stream_bytes(method, tokio_stream::iter(messages)).await?;
        let mut answers = Vec::new();
        while let Some(answer) = in_time(method, stream.message()).await? {
            answers.push(answer);
        }
        Ok(answers)
    }

    /// Posts any HTTP/2 body to a method, as gRPC.
    ///
    /// # Errors
    /// When the hub breaks the stream or the connection off.
    ///
    /// # Panics
    /// When no answer comes, and for the operator.
    pub async fn post(&self, method: &str, body: Bytes) -> Result<Answer, hyper::Error> {
        let path = path(method);
        let (address, tls) = self.tls.clone().expect("only the operator has no TLS");
        let post = frames::post(address, tls, path.as_str(), &frames::GRPC, body);
        in_time(method, post).await
    }

    async fn ready(&self) -> Result<Grpc<Channel>, Refused> {
        let mut grpc = Grpc::new(self.channel.clone());
        let ready = in_time("a connection", grpc.ready()).await;
        ready.map_err(|error| Status::unavailable(format!("no connection: {error:?}")))?;
        Ok(grpc)
    }
}

/// The path of `Service/Method` in our own package, or of `package.Service/Method` in any.
fn path(method: &str) -> PathAndQuery {
    let service = method.split('/').next().unwrap_or_default();
    let path = if service.contains('.') { format!("/{method}") } else { format!("/samverkan.v1.{method}") };
    path.parse().expect("a method's name is a path")
}
