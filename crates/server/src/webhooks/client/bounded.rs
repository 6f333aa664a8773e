//! A connection from which no more than so many bytes are read.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Ends with an error once more is read than may be: what comes before an answer (its headers, interim answers without end) is not kept,
/// but costs time.
#[derive(Debug)]
pub(super) struct Bounded<S> {
    inner: S,
    bytes_left: usize,
}

impl<S> Bounded<S> {
    pub(super) const fn new(inner: S, bytes_max: usize) -> Self {
        Self {
            inner,
            bytes_left: bytes_max,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Bounded<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.inner).poll_read(context, buffer);
        if let Poll::Ready(Ok(())) = &polled {
            let read = buffer.filled().len() - before;
            match self.bytes_left.checked_sub(read) {
                Some(left) => self.bytes_left = left,
                None => return Poll::Ready(Err(io::Error::other("the answer is too long"))),
            }
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Bounded<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}
