//! Real connections: stopping, and clients that are too slow.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::*;
use crate::testing::{Bench, settings};

/// A server on a free port.
struct Running {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    served: JoinHandle<io::Result<()>>,
}

async fn start(bench: &Bench) -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    let (stop, stopped) = oneshot::channel();
    let service = Arc::clone(&bench.service);
    let served = tokio::spawn(async move {
        let shutdown = async { stopped.await.expect("the test stops the server") };
        serve(listener, service, settings(), shutdown).await
    });
    Running {
        address,
        stop,
        served,
    }
}

impl Running {
    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address)
            .await
            .expect("the server listens")
    }
}

async fn read_all(mut stream: TcpStream) -> String {
    let mut text = String::new();
    // A reset after the answer is an end like any other.
    let _end = stream.read_to_string(&mut text).await;
    text
}

#[tokio::test]
async fn at_shutdown_a_request_in_flight_is_answered_and_idle_connections_end() {
    let bench = Bench::new();
    let server = start(&bench).await;
    let mut idle = server.connect().await;
    idle.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .expect("sends");
    let mut answer = vec![0; 12];
    idle.read_exact(&mut answer).await.expect("an answer");
    assert_eq!(answer, b"HTTP/1.1 200");
    let mut busy = server.connect().await;
    busy.write_all(
        b"POST /v1/events/ingest HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n",
    )
    .await
    .expect("sends");
    // That the server asks for the body shows that it is serving the request.
    let mut go_on = vec![0; 25];
    busy.read_exact(&mut go_on)
        .await
        .expect("an interim answer");
    assert_eq!(go_on, b"HTTP/1.1 100 Continue\r\n\r\n");

    server.stop.send(()).expect("the server runs");
    read_all(idle).await;
    busy.write_all(b"{}").await.expect("sends");
    let answer = read_all(busy).await;
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    server.served.await.expect("joins").expect("serves");
    assert!(
        TcpStream::connect(server.address).await.is_err(),
        "nobody listens any more"
    );
}

#[tokio::test]
async fn a_client_that_never_finishes_does_not_hold_up_the_end() {
    let bench = Bench::new();
    let server = start(&bench).await;
    let mut stuck = server.connect().await;
    stuck
        .write_all(b"POST /v1/events/ingest HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n{")
        .await
        .expect("sends");
    let mut other = server.connect().await;
    other
        .write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        .await
        .expect("sends");
    assert!(read_all(other).await.starts_with("HTTP/1.1 200"));
    // From here on time runs as fast as nothing else happens.
    tokio::time::pause();
    server.stop.send(()).expect("the server runs");
    let started = tokio::time::Instant::now();
    server.served.await.expect("joins").expect("serves");
    assert!(started.elapsed() <= SHUTDOWN_DURATION_MAX + Duration::from_secs(1));
    drop(stuck);
}

#[tokio::test]
async fn headers_and_bodies_that_trickle_are_cut() {
    let bench = Bench::new();
    let server = start(&bench).await;
    let mut header = server.connect().await;
    header
        .write_all(b"GET /healthz HTTP/1.1\r\nho")
        .await
        .expect("sends");
    let mut body = server.connect().await;
    body.write_all(b"POST /v1/events/ingest HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n{")
        .await
        .expect("sends");
    tokio::time::pause();
    let answer = read_all(body).await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(answer.contains("connection: close"), "{answer}");
    assert!(read_all(header).await.is_empty());
    server.stop.send(()).expect("the server runs");
    server.served.await.expect("joins").expect("serves");
}
