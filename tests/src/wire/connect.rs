//! TLS to a hub, as a member, as a stranger, or with any certificate at all.

use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tonic::transport::{Channel, Endpoint};
use tower::service_fn;

/// A certificate chain and its key, as they are presented to a server.
#[derive(Debug)]
pub struct Presented {
    /// The chain, the end's certificate first.
    pub chain: Vec<CertificateDer<'static>>,
    /// Its key.
    pub key: PrivateKeyDer<'static>,
}

/// The certificate of a hub's authority, from its folder of keys: what an invite pins.
///
/// # Panics
/// When it is not there.
#[must_use]
pub fn authority(data_dir: &Path) -> CertificateDer<'static> {
    CertificateDer::from_pem_file(data_dir.join("keys/ca.pem")).expect("the hub has an authority")
}

/// TLS 1.3 with ALPN `h2`, trusting only `authority`.
///
/// # Panics
/// When `presented` is not a key with its certificate.
#[must_use]
pub fn tls(authority: CertificateDer<'static>, presented: Option<Presented>) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(authority).expect("the authority's certificate is one");
    let builder = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .expect("ring speaks TLS 1.3")
        .with_root_certificates(roots);
    let mut config = match presented {
        None => builder.with_no_client_auth(),
        Some(Presented { chain, key }) => {
            builder.with_client_auth_cert(chain, key).expect("the certificate is the key's")
        }
    };
    config.alpn_protocols = vec![b"h2".to_vec()];
    Arc::new(config)
}

/// One TLS connection.
///
/// # Errors
/// Those of the network and of the handshake.
pub async fn handshake(address: SocketAddr, tls: Arc<ClientConfig>) -> std::io::Result<TlsStream<TcpStream>> {
    let socket = TcpStream::connect(address).await?;
    socket.set_nodelay(true)?;
    TlsConnector::from(tls).connect(ServerName::IpAddress(address.ip().into()), socket).await
}

/// A channel that connects when it is first used, and again when the connection is lost.
///
/// # Panics
/// Never for a socket address.
#[must_use]
pub fn channel(address: SocketAddr, tls: Arc<ClientConfig>) -> Channel {
    narrow_channel(address, tls, None)
}

/// The same for a client that takes no more than `window` bytes of a stream before it has read them.
///
/// # Panics
/// Never for a socket address.
#[must_use]
pub fn narrow_channel(address: SocketAddr, tls: Arc<ClientConfig>, window: Option<u32>) -> Channel {
    // The scheme only keeps tonic from asking for TLS of its own.
    let endpoint = Endpoint::from_shared(format!("http://{address}")).expect("an address makes a URI");
    let endpoint = endpoint.initial_stream_window_size(window);
    let connector = service_fn(move |_| {
        let tls = Arc::clone(&tls);
        async move { handshake(address, tls).await.map(TokioIo::new) }
    });
    endpoint.connect_with_connector_lazy(connector)
}

/// A channel to a hub's operator socket.
#[must_use]
pub fn operator_channel(socket: &Path) -> Channel {
    let socket = socket.to_owned();
    let connector = service_fn(move |_| {
        let socket = socket.clone();
        async move { UnixStream::connect(socket).await.map(TokioIo::new) }
    });
    Endpoint::from_static("http://localhost").connect_with_connector_lazy(connector)
}
