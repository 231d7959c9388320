//! The first bytes that a peer says over HTTP/2, read as a part of its handshake.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};

/// What every client says first (RFC 9113 section 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// A stream whose preface has been read, and is given again to whoever reads it.
pub(super) struct Prefaced<S> {
    stream: S,
    /// What is still to be given of [`PREFACE`].
    left: &'static [u8],
}

impl<S: AsyncRead + Unpin> Prefaced<S> {
    /// Reads the preface; `None` if the peer says something else, or leaves.
    pub(super) async fn read(mut stream: S) -> Option<Self> {
        let mut said = [0; PREFACE.len()];
        stream.read_exact(&mut said).await.ok()?;
        (said == PREFACE).then_some(Self { stream, left: PREFACE })
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Prefaced<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.left.is_empty() {
            return Pin::new(&mut self.stream).poll_read(cx, buffer);
        }
        let (now, later) = self.left.split_at(self.left.len().min(buffer.remaining()));
        buffer.put_slice(now);
        self.left = later;
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Prefaced<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_preface_is_given_again_in_any_pieces_and_then_the_rest() {
        let said = [PREFACE, b"settings"].concat();
        for piece in 1..=said.len() {
            let mut stream = Prefaced::read(said.as_slice()).await.expect("a preface");
            let mut heard = Vec::new();
            let mut buffer = vec![0; piece];
            while let read @ 1.. = stream.read(&mut buffer).await.unwrap() {
                heard.extend_from_slice(&buffer[..read]);
            }
            assert_eq!(heard, said);
        }
    }

    #[tokio::test]
    async fn anything_else_is_no_preface() {
        let other = [b"".as_slice(), &PREFACE[..23], b"PRI * HTTP/1.1\r\n\r\nSM\r\n\r\n", &[0; 64]];
        for said in other {
            assert!(Prefaced::read(said).await.is_none());
        }
    }
}
