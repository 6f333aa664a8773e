use std::future::pending;
use std::net::Ipv4Addr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

use super::*;

const TIME_MAX: Duration = Duration::from_secs(10);
const SHORT: Duration = Duration::from_millis(300);

/// A receiver on a free port: takes one connection, reads what is sent, and answers as it is told.
async fn receiver<F, T>(answer: F) -> (String, JoinSet<String>)
where
    F: FnOnce(TcpStream) -> T + Send + 'static,
    T: Future<Output = ()> + Send,
{
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
    let listener = listener.expect("a free port");
    let address = listener.local_addr().expect("bound");
    let mut task = JoinSet::new();
    task.spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        let sent = read_request(&mut stream).await;
        answer(stream).await;
        sent
    });
    (format!("http://{address}/hook?a=b"), task)
}

/// To the end of the body `{}`.
async fn read_request(stream: &mut (impl tokio::io::AsyncRead + Unpin)) -> String {
    let mut sent = Vec::new();
    while !sent.ends_with(b"\r\n\r\n{}") {
        let mut bytes = [0; 1024];
        let read = stream.read(&mut bytes).await.expect("reads");
        assert!(read > 0, "it ended early");
        sent.extend_from_slice(&bytes[..read]);
    }
    String::from_utf8(sent).expect("text")
}

async fn say(stream: &mut (impl tokio::io::AsyncWrite + Unpin), text: &str) {
    // Whoever has read enough may be gone.
    let _gone = stream.write_all(text.as_bytes()).await;
    let _gone = stream.flush().await;
}

async fn post(client: &Client, url: &str) -> DeliveryOutcome {
    client
        .post(url, HeaderMap::new(), Bytes::from_static(b"{}"))
        .await
}

fn to_any() -> Client {
    Client::new(Hosts::Any, TIME_MAX)
}

fn text(outcome: &DeliveryOutcome) -> &str {
    outcome.response.as_deref().expect("there is a text")
}

#[tokio::test]
async fn what_is_sent_is_a_post_of_the_body_and_what_is_answered_is_kept() {
    let (url, mut received) = receiver(|mut stream| async move {
        say(
            &mut stream,
            "HTTP/1.1 201 Created\r\ncontent-length: 2\r\n\r\nok",
        )
        .await;
    })
    .await;
    let outcome = post(&to_any(), &url).await;
    assert_eq!((outcome.http_code, text(&outcome)), (Some(201), "ok"));
    let sent = received.join_next().await.expect("a task").expect("done");
    assert!(sent.starts_with("POST /hook?a=b HTTP/1.1\r\n"), "{sent}");
    let host = url.trim_start_matches("http://");
    let host = host.split('/').next().expect("a host");
    assert!(sent.contains(&format!("host: {host}\r\n")), "{sent}");
    assert!(sent.contains("content-length: 2\r\n"), "{sent}");
}

#[tokio::test]
async fn a_user_in_the_url_is_authorized() {
    let (url, mut received) = receiver(|mut stream| async move {
        say(&mut stream, "HTTP/1.1 204 No Content\r\n\r\n").await;
    })
    .await;
    let url = url.replace("http://", "http://ada:p%40ss@");
    assert_eq!(post(&to_any(), &url).await.http_code, Some(204));
    let sent = received.join_next().await.expect("a task").expect("done");
    assert!(
        sent.contains("authorization: Basic YWRhOnBAc3M=\r\n"),
        "{sent}"
    );
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let (elsewhere, mut not_asked) = receiver(|_| async {}).await;
    let (url, _received) = receiver(move |mut stream| async move {
        let answer =
            format!("HTTP/1.1 302 Found\r\nlocation: {elsewhere}\r\ncontent-length: 0\r\n\r\n");
        say(&mut stream, &answer).await;
    })
    .await;
    assert_eq!(post(&to_any(), &url).await.http_code, Some(302));
    assert!(not_asked.try_join_next().is_none());
}

#[tokio::test]
async fn of_gigabytes_a_little_is_read() {
    let (url, mut received) = receiver(|mut stream| async move {
        say(
            &mut stream,
            "HTTP/1.1 200 OK\r\ncontent-length: 9000000000\r\n\r\n",
        )
        .await;
        let block = vec![b'x'; 1 << 20];
        // Until nobody reads any more.
        while stream.write_all(&block).await.is_ok() {}
    })
    .await;
    let outcome = post(&to_any(), &url).await;
    assert_eq!(outcome.http_code, Some(200));
    assert_eq!(text(&outcome).len(), WEBHOOK_ANSWER_BYTES_MAX);
    received.join_next().await.expect("a task").expect("done");
}

#[tokio::test]
async fn interim_answers_without_end_are_no_answer() {
    let (url, mut received) = receiver(|mut stream| async move {
        let interim = b"HTTP/1.1 100 Continue\r\n\r\n".repeat(1_000);
        // Until nobody reads any more.
        while stream.write_all(&interim).await.is_ok() {}
    })
    .await;
    let outcome = post(&to_any(), &url).await;
    // Not that it took too long.
    let expected = (None, "no answer of HTTP (connection error)");
    assert_eq!((outcome.http_code, text(&outcome)), expected);
    received.join_next().await.expect("a task").expect("done");
}

#[tokio::test]
async fn a_receiver_that_hangs_is_waited_for_so_long_and_no_longer() {
    let client = Client::new(Hosts::Any, SHORT);
    let (url, _received) = receiver(|stream| async move {
        let _open = stream;
        pending::<()>().await;
    })
    .await;
    let outcome = post(&client, &url).await;
    assert_eq!(
        (outcome.http_code, text(&outcome)),
        (None, "no answer within 300ms")
    );
    // What had come of the answer counts.
    let (url, _received) = receiver(|mut stream| async move {
        say(
            &mut stream,
            "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nbegun",
        )
        .await;
        pending::<()>().await;
    })
    .await;
    let outcome = post(&client, &url).await;
    assert_eq!((outcome.http_code, text(&outcome)), (Some(200), "begun"));
}

#[tokio::test]
async fn what_is_no_answer_of_http_is_told_as_such() {
    for answer in [
        "",
        "hello\r\n\r\n",
        "HTTP/1.1 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n",
    ] {
        let (url, _received) = receiver(move |mut stream| async move {
            say(&mut stream, answer).await;
        })
        .await;
        let outcome = post(&to_any(), &url).await;
        assert_eq!(outcome.http_code, None, "{answer:?}");
        assert!(
            text(&outcome).starts_with("no answer of HTTP ("),
            "{outcome:?}"
        );
    }
    let (url, _received) = receiver(|mut stream| async move {
        let header = "x: y\r\n".repeat(WEBHOOK_HEADERS_MAX + 1);
        say(&mut stream, &format!("HTTP/1.1 200 OK\r\n{header}\r\n")).await;
    })
    .await;
    assert_eq!(post(&to_any(), &url).await.http_code, None);
    let (url, _received) = receiver(|mut stream| async move {
        let header = "x".repeat(2 * WEBHOOK_ANSWER_BYTES_MAX);
        say(
            &mut stream,
            &format!("HTTP/1.1 200 OK\r\n{header}: y\r\n\r\n"),
        )
        .await;
    })
    .await;
    assert_eq!(post(&to_any(), &url).await.http_code, None);
}

#[tokio::test]
async fn nobody_who_listens_is_told_as_such() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
    let address = listener.expect("a free port").local_addr().expect("bound");
    let outcome = post(&to_any(), &format!("http://{address}/")).await;
    assert_eq!(outcome.http_code, None);
    assert!(text(&outcome).starts_with("no connection ("), "{outcome:?}");
}

#[tokio::test]
async fn a_host_that_is_not_public_is_not_connected_to() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
    let listener = listener.expect("a free port");
    let port = listener.local_addr().expect("bound").port();
    let client = Client::new(Hosts::Public, TIME_MAX);
    for host in ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]"] {
        let outcome = post(&client, &format!("https://{host}:{port}/")).await;
        assert_eq!(outcome.http_code, None);
        assert_eq!(text(&outcome), "the host has no public address");
    }
    assert!(timeout(SHORT, listener.accept()).await.is_err());
}

#[tokio::test]
async fn plain_http_is_for_those_who_allow_any_host() {
    let to_public = Client::new(Hosts::Public, TIME_MAX);
    // The host is fine: by https it may be called.
    for (url, is_refused) in [
        ("http://example.com/", true),
        ("http://[2606:4700::1111]:8080/", true),
        ("https://example.com/", false),
    ] {
        let url = Url::parse(url).expect("a URL");
        assert!(Hosts::Public.have_host_of(&url));
        let refused = to_public.tls_name(&url).map_err(|why| why.to_string());
        let expected = is_refused.then(|| "only https is allowed".to_owned());
        assert_eq!(refused.err(), expected, "{url}");
        assert!(to_any().tls_name(&url).is_ok());
    }
    // It is told before the address is looked at: nobody is connected to.
    let outcome = post(&to_public, "http://127.0.0.1:1/").await;
    assert_eq!(
        (outcome.http_code, text(&outcome)),
        (None, "only https is allowed")
    );
}

#[tokio::test]
async fn other_schemes_are_for_nobody() {
    for hosts in [Hosts::Public, Hosts::Any] {
        let client = Client::new(hosts, TIME_MAX);
        for url in ["ftp://127.0.0.1:1/", "mailto:ada@example.com", "nothing"] {
            let outcome = post(&client, url).await;
            assert_eq!(text(&outcome), "the URL cannot be used", "{url}");
        }
    }
}

/// A receiver over TLS, and those who vouch for it.
async fn tls_receiver(name: &str) -> (u16, RootCertStore, JoinSet<()>) {
    let made = rcgen::generate_simple_self_signed([name.to_owned()]).expect("a certificate");
    let certificate = made.cert.der().clone();
    let mut roots = RootCertStore::empty();
    roots.add(certificate.clone()).expect("a certificate");
    let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("the provider has ciphers for them")
        .with_no_client_auth()
        .with_single_cert(vec![certificate], PrivateKeyDer::from(key))
        .expect("they go together");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
    let listener = listener.expect("a free port");
    let port = listener.local_addr().expect("bound").port();
    let mut task = JoinSet::new();
    task.spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.expect("a connection");
            if let Ok(mut stream) = acceptor.accept(stream).await {
                read_request(&mut stream).await;
                say(
                    &mut stream,
                    "HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nsecret",
                )
                .await;
            }
        }
    });
    (port, roots, task)
}

#[tokio::test]
async fn over_tls_only_those_are_told_for_whom_somebody_vouches() {
    let (port, roots, _receiver) = tls_receiver("localhost").await;
    let url = format!("https://localhost:{port}/");
    let client = to_any();
    client.tls.set(tls::config(roots)).expect("not made yet");
    let outcome = post(&client, &url).await;
    assert_eq!((outcome.http_code, text(&outcome)), (Some(200), "secret"));
    // By another name it is somebody else.
    let outcome = post(&client, &format!("https://127.0.0.1:{port}/")).await;
    assert_eq!(outcome.http_code, None);
    assert!(
        text(&outcome).starts_with("no connection over TLS ("),
        "{outcome:?}"
    );
    let stranger = to_any();
    let outcome = post(&stranger, &url).await;
    assert!(
        text(&outcome).starts_with("no connection over TLS ("),
        "{outcome:?}"
    );
}
