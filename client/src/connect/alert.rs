//! What the hub's TLS says of our certificate. It says so when we have long begun to speak HTTP/2, whose layers keep to themselves
//! why a connection ended: only here can a certificate that is refused be told apart from a network that broke.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use rustls::AlertDescription;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Whether the certificate was refused on a connection.
#[derive(Clone, Debug, Default)]
pub(super) struct CertificateAlert(Arc<AtomicBool>);

impl CertificateAlert {
    /// Whether the hub said so by now.
    pub(super) fn was_heard(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }

    /// A connection on which it is listened for.
    pub(super) fn listen<S>(&self, stream: S) -> Listened<S> {
        Listened { stream, alert: self.clone() }
    }

    fn hear(&self, error: &io::Error) {
        let tls = error.get_ref().and_then(|cause| cause.downcast_ref::<rustls::Error>());
        if matches!(tls, Some(rustls::Error::AlertReceived(alert)) if is_about_certificate(*alert)) {
            self.0.store(true, Ordering::Release);
        }
    }
}

/// The alerts with which a server refuses a client's certificate (RFC 8446, section 6.2).
fn is_about_certificate(alert: AlertDescription) -> bool {
    matches!(
        alert,
        AlertDescription::BadCertificate
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnknownCA
            | AlertDescription::AccessDenied
            | AlertDescription::DecryptError
            | AlertDescription::CertificateRequired
    )
}

/// A TLS connection on which the alert is listened for.
pub(super) struct Listened<S> {
    stream: S,
    alert: CertificateAlert,
}

impl<S: AsyncRead + Unpin> AsyncRead for Listened<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let read = Pin::new(&mut this.stream).poll_read(cx, buffer);
        if let Poll::Ready(Err(error)) = &read {
            this.alert.hear(error);
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Listened<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write_vectored(cx, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
