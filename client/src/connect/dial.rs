//! One TLS connection to a hub, with every way it can fail told apart.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::{CertificateError, ClientConfig};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::{ConnectError, HubAddress};

/// How long names, TCP and TLS may take together.
const DIAL_TIMEOUT: Duration = Duration::from_secs(15);

/// Connects and shakes hands. A client certificate that the hub refuses is noticed only by the first call
/// (RFC 8446, section 4.4.2.4: the client finishes first).
pub(super) async fn dial(
    address: &HubAddress,
    config: ClientConfig,
) -> Result<TlsStream<TcpStream>, ConnectError> {
    timeout(DIAL_TIMEOUT, connect(address, config)).await.map_err(|_| ConnectError::TimedOut)?
}

async fn connect(address: &HubAddress, config: ClientConfig) -> Result<TlsStream<TcpStream>, ConnectError> {
    let name = address.server_name().map_err(|_| ConnectError::Unreachable(io::ErrorKind::InvalidInput))?;
    let unreachable = |error: io::Error| ConnectError::Unreachable(error.kind());
    let tcp = TcpStream::connect((address.host(), address.port())).await.map_err(unreachable)?;
    tcp.set_nodelay(true).map_err(unreachable)?;
    let stream =
        TlsConnector::from(Arc::new(config)).connect(name, tcp).await.map_err(|error| classify(&error))?;
    match stream.get_ref().1.alpn_protocol() {
        Some(b"h2") => Ok(stream),
        _ => Err(ConnectError::NotAHub),
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
