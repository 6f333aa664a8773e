//! A small blocking HTTP/1.1 client over one kept connection.
//!
//! Tests need what client libraries rightly refuse: any method with a body, targets and headers as they are written,
//! an answer that comes before the request has been sent whole. There is no TLS, no redirect, no proxy.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// No header line and no chunk-size line of an answer may be longer.
const LINE_BYTES_MAX: u64 = 64 * 1024;

/// What the server said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// Names in lower case, in the order received.
    pub headers: Vec<(String, String)>,
    /// The body, with chunks joined.
    pub body: Vec<u8>,
}

impl Answer {
    /// The first header of that name (lower case).
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// The body as JSON, or `Null` when it is none.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or(serde_json::Value::Null)
    }

    /// The body as text for a message, cut at 300 bytes.
    pub fn excerpt(&self) -> String {
        String::from_utf8_lossy(&self.body[..self.body.len().min(300)]).into_owned()
    }
}

/// One server, one connection, opened when first needed and again when it was closed.
#[derive(Debug)]
pub struct Client {
    /// `host:port`.
    authority: String,
    connection: Option<BufReader<TcpStream>>,
    timeout: Duration,
}

impl Client {
    /// A client of the server at `base_url`, `http://HOST:PORT`; an answer may take a minute. Does not connect yet.
    ///
    /// # Errors
    /// When the URL has another scheme or names no port.
    pub fn new(base_url: &str) -> io::Result<Self> {
        let authority = base_url
            .strip_prefix("http://")
            .map(|rest| rest.trim_end_matches('/'))
            .filter(|authority| authority.contains(':') && !authority.contains('/'))
            .ok_or_else(|| {
                let text = format!("not of the form http://HOST:PORT: {base_url}");
                io::Error::new(io::ErrorKind::InvalidInput, text)
            })?;
        let timeout = Duration::from_mins(1);
        Ok(Self {
            authority: authority.to_owned(),
            connection: None,
            timeout,
        })
    }

    /// Sends one request and waits for its answer.
    ///
    /// `target` and `headers` go out as they are; `host` and, with a body, `content-length` are added. A kept connection that turns
    /// out to be closed is opened again once.
    ///
    /// # Errors
    /// When there is no server, no answer within a minute, or no HTTP in the answer.
    pub fn request(
        &mut self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: Option<&[u8]>,
    ) -> io::Result<Answer> {
        let mut message = Vec::new();
        write!(
            message,
            "{method} {target} HTTP/1.1\r\nhost: {}\r\n",
            self.authority
        )?;
        for (name, value) in headers {
            write!(message, "{name}: {value}\r\n")?;
        }
        if let Some(body) = body {
            write!(message, "content-length: {}\r\n", body.len())?;
        }
        message.extend_from_slice(b"\r\n");
        message.extend_from_slice(body.unwrap_or_default());

        if let Some(kept) = self.connection.take()
            && let Ok(answer) = self.exchange(kept, method, &message)
        {
            return Ok(answer);
        }
        let stream = TcpStream::connect(&self.authority)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(self.timeout))?;
        stream.set_write_timeout(Some(self.timeout))?;
        self.exchange(BufReader::new(stream), method, &message)
    }

    /// Sends and receives on `connection`, and keeps it when the server does.
    fn exchange(
        &mut self,
        mut connection: BufReader<TcpStream>,
        method: &str,
        message: &[u8],
    ) -> io::Result<Answer> {
        // A server may refuse a body before it has read it: then sending fails, and the answer is there nevertheless.
        let sent = connection.get_mut().write_all(message);
        let answer = match (read_answer(&mut connection, method), &sent) {
            (Ok(answer), _) => answer,
            (Err(_), Err(_)) => return Err(sent.expect_err("the arm of a failed sending")),
            (Err(error), Ok(())) => return Err(error),
        };
        let close = answer
            .header("connection")
            .is_some_and(|v| v.eq_ignore_ascii_case("close"));
        if sent.is_ok() && !close {
            self.connection = Some(connection);
        }
        Ok(answer)
    }
}

/// Reads one answer to a request of that method, passing over interim answers (100).
///
/// # Errors
/// When the connection ends or fails first, or what comes is no HTTP/1.1.
pub fn read_answer(connection: &mut impl BufRead, method: &str) -> io::Result<Answer> {
    loop {
        let answer = read_one(connection, method)?;
        if answer.status >= 200 {
            return Ok(answer);
        }
    }
}

fn read_one(connection: &mut impl BufRead, method: &str) -> io::Result<Answer> {
    let first = read_line(connection)?;
    let status = first
        .strip_prefix("HTTP/1.")
        .and_then(|rest| rest.get(2..5))
        .and_then(|digits| digits.parse().ok())
        .ok_or_else(|| malformed(&first))?;
    let mut answer = Answer {
        status,
        headers: Vec::new(),
        body: Vec::new(),
    };
    loop {
        let line = read_line(connection)?;
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(':').ok_or_else(|| malformed(&line))?;
        answer
            .headers
            .push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    if method == "HEAD" || status < 200 || status == 204 || status == 304 {
        return Ok(answer);
    }
    if answer
        .header("transfer-encoding")
        .is_some_and(|v| v.eq_ignore_ascii_case("chunked"))
    {
        read_chunks(connection, &mut answer.body)?;
    } else if let Some(length) = answer.header("content-length") {
        let length: usize = length.parse().map_err(|_| malformed(length))?;
        answer.body.resize(length, 0);
        connection.read_exact(&mut answer.body)?;
    } else {
        connection.read_to_end(&mut answer.body)?;
    }
    Ok(answer)
}

fn read_chunks(connection: &mut impl BufRead, body: &mut Vec<u8>) -> io::Result<()> {
    loop {
        let line = read_line(connection)?;
        let digits = line.split(';').next().unwrap_or_default().trim();
        let length = u64::from_str_radix(digits, 16).map_err(|_| malformed(&line))?;
        let had = body.len() as u64;
        connection.take(length).read_to_end(body)?;
        if body.len() as u64 - had < length {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        // After the data of a chunk its line end; after the last chunk the empty line that ends the trailers.
        while !read_line(connection)?.is_empty() {}
        if length == 0 {
            return Ok(());
        }
    }
}

fn read_line(connection: &mut impl BufRead) -> io::Result<String> {
    let mut line = Vec::new();
    connection
        .take(LINE_BYTES_MAX)
        .read_until(b'\n', &mut line)?;
    if line.pop() != Some(b'\n') {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    String::from_utf8(line).map_err(|_| malformed("a header that is not UTF-8"))
}

fn malformed(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("not HTTP: {what}"))
}

/// The target of a request: the path with every byte escaped that a path may not hold (escapes stay), and the query as a form.
pub fn target(path: &str, query: &[(String, String)]) -> String {
    let escaped = |byte: u8| {
        if byte.is_ascii_alphanumeric() || b"/%-_.~".contains(&byte) {
            char::from(byte).to_string()
        } else {
            format!("%{byte:02X}")
        }
    };
    let path: String = path.bytes().map(escaped).collect();
    if query.is_empty() {
        return path;
    }
    let form = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(query)
        .finish();
    format!("{path}?{form}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, method: &str) -> io::Result<Answer> {
        read_answer(&mut text.as_bytes(), method)
    }

    #[test]
    fn a_body_ends_where_its_length_or_its_last_chunk_says() {
        let plain = read("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabc", "GET").expect("HTTP");
        assert_eq!(
            (plain.status, plain.body.as_slice()),
            (200, b"ab".as_slice())
        );
        let chunked = "HTTP/1.1 422 X\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x\r\nde\r\n0\r\n\r\n";
        assert_eq!(read(chunked, "GET").expect("HTTP").body, b"abcde");
        let nothing = "HTTP/1.1 405 X\r\ncontent-length: 9\r\nallow: GET\r\n\r\n";
        let head = read(nothing, "HEAD").expect("HTTP");
        assert_eq!((head.header("allow"), head.body.len()), (Some("GET"), 0));
    }

    #[test]
    fn an_interim_answer_is_passed_over() {
        let text = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n";
        assert_eq!(read(text, "POST").expect("HTTP").status, 204);
    }

    #[test]
    fn an_answer_that_is_cut_short_is_an_error() {
        for text in [
            "",
            "HTTP/1.1 200",
            "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nabc",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nabc",
            "SSH-2.0-x\r\n\r\n",
        ] {
            assert!(read(text, "GET").is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_target_keeps_escapes_and_encodes_the_rest() {
        let query = [
            ("metadata[a b]".to_owned(), "+00:00".to_owned()),
            ("x".to_owned(), String::new()),
        ];
        assert_eq!(
            target("/a%2Fb/é c", &query),
            "/a%2Fb/%C3%A9%20c?metadata%5Ba+b%5D=%2B00%3A00&x="
        );
    }
}
