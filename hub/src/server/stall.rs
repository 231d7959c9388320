//! Readers that stopped reading: an open HTTP/2 connection that answers pings but leaves a response unread.
//!
//! A response body *waits for its reader* from the moment it could be polled until it is: HTTP/2 flow control polls
//! it only when the peer's window is open. Each [`Watched`] body counts itself into the bucket of the tick in which
//! its wait began; the connection's [`Stalls`] turns the ticks. A bucket that is not empty when its turn comes again
//! holds a reader that has done nothing for two ticks at least. A frame costs two atomic additions, no timer.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

const BUCKETS: usize = 4;

/// The waits of one connection.
#[derive(Default)]
pub(super) struct Stalls {
    tick: AtomicUsize,
    waiting: [AtomicUsize; BUCKETS],
}

impl Stalls {
    /// Ends when some body has waited for its reader for `limit` (and before one has for one and a half times that).
    pub(super) async fn found(&self, limit: Duration) {
        loop {
            tokio::time::sleep(limit / 2).await;
            if self.turn() {
                return;
            }
        }
    }

    /// Begins the next tick; says whether something has waited through the two before it.
    fn turn(&self) -> bool {
        let next = self.tick.load(Ordering::Relaxed).wrapping_add(1);
        // Waits begun in tick n are found at the start of tick n + 3, when two whole ticks have passed; their
        // bucket is reused in tick n + 4, by when the connection is gone.
        let stalled = self.waiting[next.wrapping_sub(3) % BUCKETS].load(Ordering::Relaxed) > 0;
        self.tick.store(next, Ordering::Relaxed);
        stalled
    }
}

/// A response body that notes how long it waits for its reader.
pub(super) struct Watched<B> {
    body: B,
    stalls: Arc<Stalls>,
    /// The bucket it is counted in, while it waits.
    bucket: Option<usize>,
}

impl<B> Watched<B> {
    pub(super) fn new(body: B, stalls: Arc<Stalls>) -> Self {
        let mut watched = Self { body, stalls, bucket: None };
        watched.wait();
        watched
    }

    fn wait(&mut self) {
        let bucket = self.stalls.tick.load(Ordering::Relaxed) % BUCKETS;
        self.stalls.waiting[bucket].fetch_add(1, Ordering::Relaxed);
        self.bucket = Some(bucket);
    }

    fn polled(&mut self) {
        if let Some(bucket) = self.bucket.take() {
            self.stalls.waiting[bucket].fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl<B> Drop for Watched<B> {
    fn drop(&mut self) {
        self.polled();
    }
}

impl<B: Body<Data = Bytes> + Unpin> Body for Watched<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let this = self.get_mut();
        this.polled();
        let polled = Pin::new(&mut this.body).poll_frame(cx);
        if let Poll::Ready(Some(Ok(_))) = &polled {
            this.wait();
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A body that always has another frame.
    struct Endless;

    impl Body for Endless {
        type Data = Bytes;
        type Error = std::convert::Infallible;

        fn poll_frame(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
            Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"x")))))
        }
    }

    fn poll<B: Body<Data = Bytes> + Unpin>(body: &mut Watched<B>) {
        let mut cx = Context::from_waker(std::task::Waker::noop());
        let _ = Pin::new(body).poll_frame(&mut cx);
    }

    #[test]
    fn a_body_never_polled_is_found_after_two_whole_ticks() {
        let stalls = Arc::new(Stalls::default());
        let _body = Watched::new(Endless, Arc::clone(&stalls));
        assert_eq!([stalls.turn(), stalls.turn(), stalls.turn()], [false, false, true]);
    }

    #[test]
    fn a_body_read_now_and_then_is_never_found() {
        let stalls = Arc::new(Stalls::default());
        let mut body = Watched::new(Endless, Arc::clone(&stalls));
        for _ in 0..20 {
            assert!(!stalls.turn());
            assert!(!stalls.turn());
            poll(&mut body);
        }
        drop(body);
        assert!((0..2 * BUCKETS).all(|_| !stalls.turn()));
    }

    #[test]
    fn a_body_that_has_nothing_to_say_does_not_wait() {
        struct Silent;
        impl Body for Silent {
            type Data = Bytes;
            type Error = std::convert::Infallible;
            fn poll_frame(
                self: Pin<&mut Self>,
                _: &mut Context<'_>,
            ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
                Poll::Pending
            }
        }
        let stalls = Arc::new(Stalls::default());
        let mut body = Watched::new(Silent, Arc::clone(&stalls));
        poll(&mut body);
        assert!((0..2 * BUCKETS).all(|_| !stalls.turn()));
    }
}
