//! One connection on which the hub has said `Hello`.

use std::sync::Mutex;
use std::time::Duration;

use bytes::Bytes;
use http::Uri;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::CertificateDer;
use samverkan_proto::limits::MAX_GRPC_MESSAGE;
use samverkan_proto::statement::invite::HubAddress;
use samverkan_proto::v1;
use samverkan_proto::v1::consent_service_client::ConsentServiceClient;
use samverkan_proto::v1::directory_service_client::DirectoryServiceClient;
use samverkan_proto::v1::enrolment_service_client::EnrolmentServiceClient;
use samverkan_proto::v1::membership_service_client::MembershipServiceClient;
use samverkan_proto::v1::relay_service_client::RelayServiceClient;
use tonic::transport::{Channel, Endpoint};

use super::alert::CertificateAlert;
use super::{ClientIdentity, ConnectError, Hello, HubPins, Network, dial, tls};
use crate::clock::Clock;

/// The deadline of a call that has one answer, and of each single answer of a stream.
pub const CALL_TIMEOUT: Duration = Duration::from_secs(30);
/// A connection on which nothing is heard for this long is asked for a sign of life.
const KEEP_ALIVE: Duration = Duration::from_secs(20);
/// The largest answer headers that are taken, in bytes.
const MAX_HEADERS: u32 = 64 << 10;

/// An open connection to a hub whose keys are the pinned ones.
#[derive(Clone, Debug)]
pub struct Link {
    channel: Channel,
    hello: Hello,
}

impl Link {
    /// Connects to the hub that was joined, as this device.
    ///
    /// # Errors
    /// [`ConnectError`]. A connection that ends within the greeting is opened once more: the network may have broken, or the hub let go
    /// so soon that its word on our certificate was lost.
    pub async fn open(
        network: &Network,
        address: &HubAddress,
        pins: &HubPins,
        identity: &ClientIdentity<'_>,
        clock: &Clock,
    ) -> Result<Self, ConnectError> {
        Self::open_with(network, address, pins, Some(identity), clock).await
    }

    /// Connects to the hub that was joined without showing a certificate, for the calls that need none.
    ///
    /// # Errors
    /// As [`Link::open`].
    pub async fn open_nameless(
        network: &Network,
        address: &HubAddress,
        pins: &HubPins,
        clock: &Clock,
    ) -> Result<Self, ConnectError> {
        Self::open_with(network, address, pins, None, clock).await
    }

    async fn open_with(
        network: &Network,
        address: &HubAddress,
        pins: &HubPins,
        identity: Option<&ClientIdentity<'_>>,
        clock: &Clock,
    ) -> Result<Self, ConnectError> {
        let config = tls::pinned(pins.authority(), identity, clock)?;
        let believed = identity.map(|identity| identity.believed.clone()).unwrap_or_default();
        let link = match Self::greet(network, address, config.clone(), believed.clone(), clock).await {
            Err(ConnectError::Refused(_)) => Self::greet(network, address, config, believed, clock).await,
            greeted => greeted,
        };
        link?.with_pins(pins)
    }

    /// Connects to the hub of an invitation, without being anybody yet. Nothing but `Hello` is sent before the
    /// hub's keys are those that the invitation pins.
    ///
    /// # Errors
    /// [`ConnectError`], with [`ConnectError::PinMismatch`] when somebody else answers.
    pub async fn bootstrap(
        address: &HubAddress,
        pin: &[u8; 32],
        clock: &Clock,
    ) -> Result<Self, ConnectError> {
        let (config, capture) = tls::capturing(clock)?;
        let link = Self::greet(&Network::system(), address, config, Bytes::new(), clock).await?;
        let authority: CertificateDer<'_> = capture.authority().ok_or(ConnectError::PinMismatch)?;
        let pins = &link.hello.pins;
        if *pins.authority() != authority || pins.digest() != *pin {
            return Err(ConnectError::PinMismatch);
        }
        Ok(link)
    }

    /// The hub's greeting on this connection.
    #[must_use]
    pub const fn hello(&self) -> &Hello {
        &self.hello
    }

    /// The calls that need no certificate.
    #[must_use]
    pub fn enrolment(&self) -> EnrolmentServiceClient<Channel> {
        EnrolmentServiceClient::new(self.channel.clone())
    }

    /// The calls with which admins take members in.
    #[must_use]
    pub fn membership(&self) -> MembershipServiceClient<Channel> {
        MembershipServiceClient::new(self.channel.clone())
    }

    /// The directory's calls.
    #[must_use]
    pub fn directory(&self) -> DirectoryServiceClient<Channel> {
        DirectoryServiceClient::new(self.channel.clone())
            .max_decoding_message_size(MAX_GRPC_MESSAGE)
            .max_encoding_message_size(MAX_GRPC_MESSAGE)
    }

    /// The calls about consent.
    #[must_use]
    pub fn consent(&self) -> ConsentServiceClient<Channel> {
        ConsentServiceClient::new(self.channel.clone())
    }

    /// The calls about messages.
    #[must_use]
    pub fn relay(&self) -> RelayServiceClient<Channel> {
        RelayServiceClient::new(self.channel.clone())
            .max_decoding_message_size(MAX_GRPC_MESSAGE)
            .max_encoding_message_size(MAX_GRPC_MESSAGE)
    }

    async fn greet(
        network: &Network,
        address: &HubAddress,
        config: ClientConfig,
        believed: Bytes,
        clock: &Clock,
    ) -> Result<Self, ConnectError> {
        let stream = dial::dial(network, address, config).await?;
        let alert = CertificateAlert::default();
        let channel = channel_over(alert.listen(stream)).await?;
        let request = tonic::Request::new(v1::HelloRequest { checkpoint: believed });
        let mut client = EnrolmentServiceClient::new(channel.clone());
        let answer = tokio::time::timeout(CALL_TIMEOUT, client.hello(request))
            .await
            .map_err(|_| ConnectError::TimedOut)?
            .map_err(|status| {
                if alert.was_heard() {
                    ConnectError::CertificateRefused
                } else {
                    ConnectError::Refused(Box::new(status))
                }
            })?;
        let hello = Hello::parse(answer.into_inner(), clock.now_ms())?;
        Ok(Self { channel, hello })
    }

    fn with_pins(self, pins: &HubPins) -> Result<Self, ConnectError> {
        if self.hello.pins == *pins { Ok(self) } else { Err(ConnectError::PinMismatch) }
    }
}

/// A channel over exactly this stream; when it breaks, the channel does not connect again.
async fn channel_over<S>(stream: S) -> Result<Channel, ConnectError>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin + 'static,
{
    let once = Mutex::new(Some(TokioIo::new(stream)));
    let connector = tower::service_fn(move |_: Uri| {
        let stream = once.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        std::future::ready(stream.ok_or_else(|| std::io::Error::from(std::io::ErrorKind::NotConnected)))
    });
    // The scheme is only a label: the stream is under TLS already.
    Endpoint::from_static("http://hub.samverkan.invalid")
        .http2_keep_alive_interval(KEEP_ALIVE)
        .keep_alive_timeout(KEEP_ALIVE)
        .http2_max_header_list_size(MAX_HEADERS)
        .connect_with_connector(connector)
        .await
        // Only our own first words go out here, on a connection on which TLS was agreed: nothing but the network can fail.
        .map_err(|_| ConnectError::Unreachable(std::io::ErrorKind::ConnectionReset))
}
