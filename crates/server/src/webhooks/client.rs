//! One request to an endpoint, and what comes of it.
//!
//! Each has a connection of its own. Redirects are not followed, proxies are not asked, nothing is decompressed, and no more is read
//! than is kept. The name of the host is looked up once, and what is connected to is an address that was looked at.

mod bounded;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{AUTHORIZATION, HOST};
use http::{HeaderMap, HeaderValue, Method, Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::rt::{Read, Write};
use hyper_util::rt::TokioIo;
use percent_encoding::percent_decode_str;
use service::DeliveryOutcome;
use tokio::net::{TcpStream, lookup_host};
use tokio::sync::OnceCell;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::pki_types::ServerName;
use url::{Host, Position, Url};

use self::bounded::Bounded;
use super::tls;
use crate::limits::{
    WEBHOOK_ADDRESSES_TRIED_MAX, WEBHOOK_ANSWER_BYTES_MAX, WEBHOOK_CONNECT_DURATION_MAX,
    WEBHOOK_HEADERS_MAX, WEBHOOK_READ_BYTES_MAX, WEBHOOK_TEXT_DURATION_MAX,
};
use crate::validate::Hosts;

/// Sends requests.
#[derive(Debug)]
pub(super) struct Client {
    hosts: Hosts,
    /// How long a request may take, to the end of its answer.
    duration_max: Duration,
    /// Made when it is first needed.
    tls: OnceCell<Arc<ClientConfig>>,
}

/// Why a request came to no answer. The text is shown to the organization.
#[derive(Debug, thiserror::Error)]
enum NoAnswer {
    #[error("the URL cannot be used")]
    Url,
    #[error("only https is allowed")]
    NotHttps,
    #[error("the host was not found ({0})")]
    NotFound(#[source] io::Error),
    #[error("the host has no public address")]
    NotPublic,
    #[error("no connection ({0})")]
    NotConnected(#[source] io::Error),
    #[error("no connection within {0:?}")]
    ConnectedTooSlowly(Duration),
    #[error("no connection over TLS ({0})")]
    Tls(#[source] io::Error),
    #[error("no answer of HTTP ({0})")]
    Http(#[from] hyper::Error),
    #[error("no answer within {0:?}")]
    TooSlow(Duration),
}

/// The beginning of an answer. What the rest comes over ends with it.
struct Answer {
    response: Response<Incoming>,
    _connection: JoinSet<()>,
}

impl Client {
    /// To these hosts.
    pub(super) fn new(hosts: Hosts, duration_max: Duration) -> Self {
        Self {
            hosts,
            duration_max,
            tls: OnceCell::new(),
        }
    }

    /// Posts a body. Never fails: what goes wrong is an outcome.
    pub(super) async fn post(&self, url: &str, headers: HeaderMap, body: Bytes) -> DeliveryOutcome {
        let until = Instant::now() + self.duration_max;
        let answer = timeout_at(until, self.send(url, headers, body)).await;
        match answer {
            Ok(Ok(answer)) => {
                // It is decided by now. Who says more says it soon, or holds up its own.
                let until = until.min(Instant::now() + WEBHOOK_TEXT_DURATION_MAX);
                DeliveryOutcome {
                    http_code: Some(answer.response.status().as_u16()),
                    response: Some(read_text(answer, until).await),
                }
            }
            Ok(Err(error)) => no_answer(&error),
            Err(_) => no_answer(&NoAnswer::TooSlow(self.duration_max)),
        }
    }

    async fn send(&self, url: &str, headers: HeaderMap, body: Bytes) -> Result<Answer, NoAnswer> {
        let url = Url::parse(url).map_err(|_| NoAnswer::Url)?;
        // Before anybody is looked up or connected to.
        let tls_name = self.tls_name(&url)?;
        let request = request(&url, headers, body).ok_or(NoAnswer::Url)?;
        let stream = self.connect(&url).await?;
        match tls_name {
            None => exchange(TokioIo::new(stream), request).await,
            Some(name) => {
                let connector = self.connector().await;
                let stream = connector.connect(name, stream).await;
                exchange(TokioIo::new(stream.map_err(NoAnswer::Tls)?), request).await
            }
        }
    }

    /// Who must be at the other end of TLS; `None` where plain HTTP is meant and allowed.
    fn tls_name(&self, url: &Url) -> Result<Option<ServerName<'static>>, NoAnswer> {
        match url.scheme() {
            "https" => server_name(url).ok_or(NoAnswer::Url).map(Some),
            "http" if self.hosts == Hosts::Any => Ok(None),
            "http" => Err(NoAnswer::NotHttps),
            _ => Err(NoAnswer::Url),
        }
    }

    /// Connects to the host of a URL, if it is one of those that may be called.
    async fn connect(&self, url: &Url) -> Result<Bounded<TcpStream>, NoAnswer> {
        let port = url.port_or_known_default().ok_or(NoAnswer::Url)?;
        let addresses: Vec<SocketAddr> = match url.host().ok_or(NoAnswer::Url)? {
            Host::Domain(name) => {
                let found = lookup_host((name, port)).await;
                found.map_err(|error| self.not_found(error))?.collect()
            }
            Host::Ipv4(address) => vec![SocketAddr::new(address.into(), port)],
            Host::Ipv6(address) => vec![SocketAddr::new(address.into(), port)],
        };
        let mut failure = NoAnswer::NotPublic;
        let allowed = addresses
            .into_iter()
            .filter(|address| self.hosts.have(address.ip()));
        for address in allowed.take(WEBHOOK_ADDRESSES_TRIED_MAX) {
            match timeout(WEBHOOK_CONNECT_DURATION_MAX, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => return Ok(Bounded::new(stream, WEBHOOK_READ_BYTES_MAX)),
                Ok(Err(error)) => failure = NoAnswer::NotConnected(error),
                Err(_) => failure = NoAnswer::ConnectedTooSlowly(WEBHOOK_CONNECT_DURATION_MAX),
            }
        }
        Err(failure)
    }

    /// A name that is not found. Where private hosts are not called, nobody learns which of their names there are.
    fn not_found(&self, error: io::Error) -> NoAnswer {
        match self.hosts {
            Hosts::Public => NoAnswer::NotPublic,
            Hosts::Any => NoAnswer::NotFound(error),
        }
    }

    async fn connector(&self) -> TlsConnector {
        let make = || async {
            let roots = tokio::task::spawn_blocking(tls::trusted_roots).await;
            tls::config(roots.expect("reading certificates does not panic"))
        };
        TlsConnector::from(Arc::clone(self.tls.get_or_init(make).await))
    }
}

fn no_answer(error: &NoAnswer) -> DeliveryOutcome {
    DeliveryOutcome {
        http_code: None,
        response: Some(error.to_string()),
    }
}

/// The request, with the headers that follow from the URL.
fn request(url: &Url, headers: HeaderMap, body: Bytes) -> Option<Request<Full<Bytes>>> {
    let mut request = Request::new(Full::new(body));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = url[Position::BeforePath..Position::AfterQuery]
        .parse()
        .ok()?;
    *request.headers_mut() = headers;
    let host = &url[Position::BeforeHost..Position::AfterPort];
    let host = HeaderValue::from_str(host).ok()?;
    request.headers_mut().insert(HOST, host);
    if !url.username().is_empty() || url.password().is_some() {
        let decoded = |part: &str| percent_decode_str(part).collect::<Vec<u8>>();
        let mut user = decoded(url.username());
        user.push(b':');
        user.extend(decoded(url.password().unwrap_or_default()));
        let value = format!("Basic {}", STANDARD.encode(user));
        let mut value = HeaderValue::from_str(&value).ok()?;
        value.set_sensitive(true);
        request.headers_mut().insert(AUTHORIZATION, value);
    }
    Some(request)
}

/// Who must be at the other end.
fn server_name(url: &Url) -> Option<ServerName<'static>> {
    Some(match url.host()? {
        Host::Domain(name) => {
            let name = name.strip_suffix('.').unwrap_or(name);
            ServerName::try_from(name.to_owned()).ok()?
        }
        Host::Ipv4(address) => ServerName::from(IpAddr::from(address)),
        Host::Ipv6(address) => ServerName::from(IpAddr::from(address)),
    })
}

async fn exchange<S>(stream: S, request: Request<Full<Bytes>>) -> Result<Answer, NoAnswer>
where
    S: Read + Write + Unpin + Send + 'static,
{
    let (mut sender, connection) = http1::Builder::new()
        .max_headers(WEBHOOK_HEADERS_MAX)
        .max_buf_size(WEBHOOK_ANSWER_BYTES_MAX)
        .handshake(stream)
        .await?;
    let mut task = JoinSet::new();
    task.spawn(async move {
        // What ends it early is told by the request or the body.
        drop(connection.await);
    });
    let response = sender.send_request(request).await?;
    Ok(Answer {
        response,
        _connection: task,
    })
}

/// The beginning of an answer's text: as much as is kept, and as has come in time.
async fn read_text(answer: Answer, until: Instant) -> String {
    let mut body = answer.response.into_body();
    let mut bytes = Vec::new();
    while bytes.len() < WEBHOOK_ANSWER_BYTES_MAX {
        let Ok(Some(Ok(frame))) = timeout_at(until, body.frame()).await else {
            break;
        };
        bytes.extend_from_slice(frame.data_ref().map_or(&[], |data| data));
    }
    bytes.truncate(WEBHOOK_ANSWER_BYTES_MAX);
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests;
