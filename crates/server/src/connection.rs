//! One connection: HTTP/1.1 over a stream whose reader must keep up.

use std::convert::Infallible;
use std::error::Error;
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::limits::{HEADER_BYTES_MAX, HEADERS_MAX, WRITE_STALL_MAX};
use crate::router::Router;
use crate::serve::told_to_stop;
use crate::telemetry;

/// Serves the requests of a connection until the client ends it, is too slow (`header_duration_max` for the head of a request, from
/// the end of the one before), or `stopping` becomes true; then the
/// request that is being served is still answered.
pub(crate) async fn serve(
    stream: TcpStream,
    router: Router,
    mut stopping: watch::Receiver<bool>,
    header_duration_max: Duration,
) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(error = %error, "a connection could not be set to send at once");
    }
    let answer = service_fn(move |request| {
        let router = router.clone();
        async move { Ok::<_, Infallible>(router.answer(request).await) }
    });
    let stream = TokioIo::new(Impatient::new(stream, WRITE_STALL_MAX));
    let mut connection = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(header_duration_max)
            .max_header_size(HEADER_BYTES_MAX)
            .max_headers(HEADERS_MAX)
            .serve_connection(stream, answer)
    );
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = told_to_stop(&mut stopping) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        // A client that goes away or sends no HTTP is nothing to act on.
        let causes = telemetry::causes(&error as &(dyn Error + 'static));
        tracing::debug!(error = causes, "a connection ended early");
    }
}

/// A stream whose writes fail when the other side takes nothing for some time, so that an answer that nobody reads does
/// not keep its connection for ever.
#[derive(Debug)]
struct Impatient<S> {
    stream: S,
    patience: Duration,
    /// Since a write is waiting: when it fails. Kept afterwards, to be used again.
    timer: Option<Pin<Box<Sleep>>>,
    waiting: bool,
}

impl<S> Impatient<S> {
    fn new(stream: S, patience: Duration) -> Self {
        Self {
            stream,
            patience,
            timer: None,
            waiting: false,
        }
    }

    /// Passes on how a write went, unless it has waited too long.
    fn watched<T>(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.waiting = false;
            return written;
        }
        let until = || Instant::now() + self.patience;
        let timer = self
            .timer
            .get_or_insert_with(|| Box::pin(sleep_until(until())));
        if !self.waiting {
            timer.as_mut().reset(until());
            self.waiting = true;
        }
        match timer.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Impatient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Impatient<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.watched(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.watched(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use crate::limits::HEADER_DURATION_MAX;
    use domain::OrganizationId;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;
    use crate::auth::Caller;
    use crate::testing::Bench;

    async fn until(done: impl Fn() -> bool) {
        while !done() {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn what_a_client_waits_for_is_forgotten_when_it_goes() {
        let bench = Bench::new();
        let token = bench.organization("acme").await;
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let mut client = TcpStream::connect(address).await.expect("it listens");
        let (stream, _) = listener.accept().await.expect("a client");
        let (_stop, stopping) = watch::channel(false);
        let served = tokio::spawn(serve(
            stream,
            bench.router.clone(),
            stopping,
            HEADER_DURATION_MAX,
        ));

        let slots = bench.router.pools().catalog.slots();
        let other = |byte| Caller::Organization(OrganizationId::from_random([byte; 16]));
        let held: Vec<_> = (0..=u8::MAX)
            .filter_map(|byte| slots.take_now(other(byte), 1))
            .collect();
        let request =
            format!("GET /v1/meters/ HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\r\n");
        client.write_all(request.as_bytes()).await.expect("sends");
        until(|| slots.waiting() == 1).await;
        drop(client);
        until(|| slots.waiting() == 0).await;
        served.await.expect("the connection has ended");
        drop(held);
    }

    #[tokio::test(start_paused = true)]
    async fn a_write_that_nobody_reads_fails_in_the_end() {
        let (near, _far) = tokio::io::duplex(8);
        let mut near = Impatient::new(near, WRITE_STALL_MAX);
        let started = Instant::now();
        let written = near.write_all(&[0; 100]).await;
        assert_eq!(
            written.map_err(|error| error.kind()),
            Err(io::ErrorKind::TimedOut)
        );
        assert!(started.elapsed() >= WRITE_STALL_MAX);
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_reader_is_waited_for_while_it_reads() {
        let (near, mut far) = tokio::io::duplex(8);
        let mut near = Impatient::new(near, WRITE_STALL_MAX);
        let reader = tokio::spawn(async move {
            let mut buffer = [0; 8];
            for _ in 0..10 {
                tokio::time::sleep(WRITE_STALL_MAX / 2).await;
                far.read_exact(&mut buffer)
                    .await
                    .expect("the writer writes");
            }
        });
        near.write_all(&[0; 80])
            .await
            .expect("each piece is read in time");
        reader.await.expect("the reader ends");
    }
}
