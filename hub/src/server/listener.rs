//! Where connections come from: the system's sockets, or whatever else carries bytes both ways.

use std::io;
use std::net::IpAddr;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};

/// What TLS is spoken over.
pub trait Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> Stream for S {}

/// Gives connections, one after another.
pub trait Listener: Send + Sync + 'static {
    /// A connection.
    type Stream: Stream;

    /// Waits for the next connection; gives it with the address that it comes from.
    ///
    /// # Errors
    /// When it could not be taken. The next one may be.
    fn next(&self) -> impl Future<Output = io::Result<(Self::Stream, IpAddr)>> + Send;
}

impl Listener for TcpListener {
    type Stream = TcpStream;

    async fn next(&self) -> io::Result<(TcpStream, IpAddr)> {
        let (socket, address) = self.accept().await?;
        // Small frames must not wait for more; on a socket that is already dead this fails, and so will the handshake.
        let _ = socket.set_nodelay(true);
        Ok((socket, address.ip()))
    }
}
