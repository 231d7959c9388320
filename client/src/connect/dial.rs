//! One TLS connection to a hub, with every way it can fail told apart.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use rustls::{CertificateError, ClientConfig};
use samverkan_proto::statement::invite::{Host, HubAddress};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::ConnectError;
use super::network::{Carried, Network};

/// How long names, the network and TLS may take together.
const DIAL_TIMEOUT: Duration = Duration::from_secs(15);

/// Connects and shakes hands. A client certificate that the hub refuses is noticed only by the first call
/// (RFC 8446, section 4.4.2.4: the client finishes first).
pub(super) async fn dial(
    network: &Network,
    address: &HubAddress,
    config: ClientConfig,
) -> Result<TlsStream<Carried>, ConnectError> {
    timeout(DIAL_TIMEOUT, connect(network, address, config)).await.map_err(|_| ConnectError::TimedOut)?
}

async fn connect(
    network: &Network,
    address: &HubAddress,
    config: ClientConfig,
) -> Result<TlsStream<Carried>, ConnectError> {
    let unreachable = |error: io::Error| ConnectError::Unreachable(error.kind());
    let name = server_name(&address.host)?;
    let carried = network.connect(address).await.map_err(unreachable)?;
    let stream = TlsConnector::from(Arc::new(config))
        .connect(name, carried)
        .await
        .map_err(|error| classify(&error))?;
    match stream.get_ref().1.alpn_protocol() {
        Some(b"h2") => Ok(stream),
        _ => Err(ConnectError::NotAHub),
    }
}

/// What the hub's certificate must be for.
fn server_name(host: &Host) -> Result<ServerName<'static>, ConnectError> {
    match host {
        Host::Name(name) => ServerName::try_from(name.clone())
            .map_err(|_| ConnectError::Unreachable(io::ErrorKind::InvalidInput)),
        Host::V4(ip) => Ok(ServerName::from(std::net::IpAddr::V4(*ip))),
        Host::V6(ip) => Ok(ServerName::from(std::net::IpAddr::V6(*ip))),
    }
}

/// What a failed handshake means for the person.
fn classify(error: &io::Error) -> ConnectError {
    let Some(tls) = error.get_ref().and_then(|cause| cause.downcast_ref::<rustls::Error>()) else {
        return ConnectError::Unreachable(error.kind());
    };
    match tls {
        rustls::Error::InvalidCertificate(certificate) => match certificate {
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. } => ConnectError::HubCertificateOutOfDate,
            _ => ConnectError::HubNotTrusted,
        },
        _ => ConnectError::NotAHub,
    }
}
