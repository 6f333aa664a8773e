//! One kept HTTP/1.1 connection: requests that are bytes already, answers that are hardly looked at.
//!
//! Only what the server under test does: every answer has a `content-length`, and the connection is kept.

use std::fmt::Write;

use anyhow::{Context, bail, ensure};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// No head of an answer is longer.
const HEAD_BYTES_MAX: usize = 64 * 1024;

/// A connection.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
    authority: String,
    token: String,
}

/// An answer; the body is in the connection's buffer until the next request.
#[derive(Debug)]
pub(crate) struct Answer<'a> {
    pub(crate) status: u16,
    pub(crate) body: &'a [u8],
}

impl Connection {
    /// Connects to `url`, `http://HOST:PORT`.
    pub(crate) async fn open(url: &str, token: &str) -> anyhow::Result<Self> {
        let authority = url
            .strip_prefix("http://")
            .map(|rest| rest.trim_end_matches('/'))
            .with_context(|| format!("`{url}` is not of the form http://HOST:PORT"))?;
        let stream = TcpStream::connect(authority)
            .await
            .with_context(|| format!("connect to {authority}"))?;
        stream
            .set_nodelay(true)
            .context("send small requests at once")?;
        Ok(Self {
            stream,
            received: Vec::with_capacity(16 * 1024),
            authority: authority.to_owned(),
            token: token.to_owned(),
        })
    }

    /// The head of a request.
    pub(crate) fn head(&self, method: &str, target: &str, body_bytes: usize) -> Vec<u8> {
        format!(
            "{method} {target} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\n\
             content-type: application/json\r\ncontent-length: {body_bytes}\r\n\r\n",
            self.authority, self.token
        )
        .into_bytes()
    }

    /// Sends a whole request, head and body, and waits for its answer.
    pub(crate) async fn exchange(&mut self, request: &[u8]) -> anyhow::Result<Answer<'_>> {
        self.exchange_parts(request, &[]).await
    }

    /// The same for a head and a body that are not in one piece.
    pub(crate) async fn exchange_parts(
        &mut self,
        head: &[u8],
        body: &[u8],
    ) -> anyhow::Result<Answer<'_>> {
        for part in [head, body] {
            self.stream
                .write_all(part)
                .await
                .context("send a request")?;
        }
        self.received.clear();
        let head_bytes = loop {
            if let Some(end) = find(&self.received, b"\r\n\r\n") {
                break end + 4;
            }
            ensure!(
                self.received.len() < HEAD_BYTES_MAX,
                "the head of an answer is too long"
            );
            self.receive().await?;
        };
        let (status, length) = parse_head(&self.received[..head_bytes])?;
        while self.received.len() < head_bytes + length {
            self.receive().await?;
        }
        Ok(Answer {
            status,
            body: &self.received[head_bytes..head_bytes + length],
        })
    }

    async fn receive(&mut self) -> anyhow::Result<()> {
        let count = self
            .stream
            .read_buf(&mut self.received)
            .await
            .context("receive an answer")?;
        ensure!(count > 0, "the server closed the connection");
        Ok(())
    }

    /// Reads JSON.
    pub(crate) async fn get<T: DeserializeOwned>(&mut self, target: &str) -> anyhow::Result<T> {
        let request = self.head("GET", target, 0);
        self.json(target, &request).await
    }

    /// Sends JSON and reads JSON.
    pub(crate) async fn post<T: DeserializeOwned>(
        &mut self,
        target: &str,
        body: &impl Serialize,
    ) -> anyhow::Result<T> {
        let body = serde_json::to_vec(body).context("write JSON")?;
        let mut request = self.head("POST", target, body.len());
        request.extend(body);
        self.json(target, &request).await
    }

    async fn json<T: DeserializeOwned>(
        &mut self,
        target: &str,
        request: &[u8],
    ) -> anyhow::Result<T> {
        let answer = self.exchange(request).await?;
        if !(200..300).contains(&answer.status) {
            bail!(
                "{target}: {} {}",
                answer.status,
                String::from_utf8_lossy(answer.body)
            );
        }
        serde_json::from_slice(answer.body).with_context(|| format!("read the answer of {target}"))
    }
}

/// Status and length of the body.
fn parse_head(head: &[u8]) -> anyhow::Result<(u16, usize)> {
    let head = std::str::from_utf8(head).context("read the head of an answer")?;
    let mut lines = head.split("\r\n");
    let status = lines
        .next()
        .and_then(|line| line.split(' ').nth(1))
        .unwrap_or_default();
    let status = status
        .parse()
        .with_context(|| format!("read the status `{status}`"))?;
    let length = lines
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .map(|(_, value)| value.trim());
    match length {
        Some(length) => Ok((
            status,
            length
                .parse()
                .with_context(|| format!("read the length `{length}`"))?,
        )),
        None if status == 204 => Ok((status, 0)),
        None => bail!("an answer with status {status} has no content-length"),
    }
}

/// A value of a query, with every byte escaped that could mean something.
pub(crate) fn escaped(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            text.push(char::from(byte));
        } else {
            write!(text, "%{byte:02X}").expect("writing to a string cannot fail");
        }
    }
    text
}

/// Where `needle` begins.
pub(crate) fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack
        .windows(needle.len())
        .position(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_escaped() {
        assert_eq!(escaped("a b/ã~1"), "a%20b%2F%C3%A3~1");
    }

    #[test]
    fn a_head_gives_status_and_length() {
        let head = b"HTTP/1.1 200 OK\r\nDate: x\r\nContent-Length: 31\r\n\r\n";
        assert_eq!(parse_head(head).expect("a head"), (200, 31));
        assert_eq!(
            parse_head(b"HTTP/1.1 204 No Content\r\n\r\n").expect("a head"),
            (204, 0)
        );
        assert!(parse_head(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
        assert!(parse_head(b"nonsense\r\n\r\n").is_err());
    }
}
