//! What carries the bytes to a hub: TCP, or whatever a test puts in its place.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;

use samverkan_proto::statement::invite::{Host, HubAddress};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

/// A connection below TLS.
pub type Carried = Box<dyn Bytes>;

/// What a connection below TLS can do.
pub trait Bytes: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Bytes for S {}

/// A connection that is being made.
pub type Connecting<'a> = Pin<Box<dyn Future<Output = io::Result<Carried>> + Send + 'a>>;

/// A network that is not the system's.
pub trait Carrier: Send + Sync {
    /// Connects to a hub.
    ///
    /// # Errors
    /// As a socket would fail.
    fn connect<'a>(&'a self, address: &'a HubAddress) -> Connecting<'a>;
}

/// The network that hubs are reached over. Clones are the same one.
#[derive(Clone, Default)]
pub struct Network(Option<Arc<dyn Carrier>>);

impl Network {
    /// The system's own: names are resolved by it, and bytes go over TCP. No proxy is used.
    #[must_use]
    pub const fn system() -> Self {
        Self(None)
    }

    /// Another one.
    #[must_use]
    pub fn of(carrier: Arc<dyn Carrier>) -> Self {
        Self(Some(carrier))
    }

    pub(super) async fn connect(&self, address: &HubAddress) -> io::Result<Carried> {
        match &self.0 {
            Some(carrier) => carrier.connect(address).await,
            None => {
                let socket = tcp(address).await?;
                socket.set_nodelay(true)?;
                Ok(Box::new(socket))
            }
        }
    }
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Network(other)" } else { "Network(system)" })
    }
}

async fn tcp(address: &HubAddress) -> io::Result<TcpStream> {
    let port = address.port.get();
    match &address.host {
        Host::Name(name) => TcpStream::connect((name.as_str(), port)).await,
        Host::V4(ip) => TcpStream::connect((*ip, port)).await,
        Host::V6(ip) => TcpStream::connect((*ip, port)).await,
    }
}
