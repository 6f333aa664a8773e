//! Whatever comes over a socket is answered as the contract says or cut off, and the server goes on.
//!
//! Every test here ends with [`Target::is_sane`]: the server is healthy, has stored nothing that was refused, and counts right.

mod access;
mod body;
mod connection;
mod query;
mod route;

use std::io::{BufReader, Write};

use conformance::Answer;
use conformance::http::read_answer;
use serde_json::{Value, json};

use crate::api::{Ingested, Organization, event};
use crate::server::Server;

/// The largest body.
const BODY_BYTES_MAX: usize = 10 * 1024 * 1024;
const INGEST: &str = "/v1/events/ingest";

/// A server with an organization and a meter that counts all events.
struct Target {
    _folder: tempfile::TempDir,
    server: Server,
    organization: Organization,
    meter: String,
    /// Events that were taken, of the days that are counted.
    taken: u64,
    /// The next key that nothing else uses.
    fresh_key: u64,
}

/// A request as it is written, for what no client would send.
#[derive(Clone, Copy)]
struct Raw<'a> {
    line: &'a str,
    headers: &'a [&'a str],
    body: &'a [u8],
}

impl Target {
    fn start() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let server = Server::start(folder.path());
        let mut organization = Organization::create(&server, "bad-input");
        let meter = organization.create_meter(&json!({"func": "count"}));
        Self {
            _folder: folder,
            server,
            organization,
            meter,
            taken: 0,
            fresh_key: 1_000_000,
        }
    }

    /// Sends bytes on a connection of its own and reads what comes back.
    fn send(&self, raw: Raw<'_>) -> std::io::Result<Answer> {
        let mut connection = self.server.connect();
        let mut message = format!("{} HTTP/1.1\r\nhost: x\r\n", raw.line);
        for header in raw.headers {
            message.push_str(header);
            message.push_str("\r\n");
        }
        message.push_str("\r\n");
        let mut message = message.into_bytes();
        message.extend_from_slice(raw.body);
        // The server may answer and close before it has read everything.
        let _sent = connection.write_all(&message);
        read_answer(
            &mut BufReader::new(connection),
            raw.line.split(' ').next().unwrap_or(""),
        )
    }

    fn authorization(&self) -> String {
        format!("authorization: Bearer {}", self.organization.token())
    }

    /// A POST with the token of every scope.
    fn post(&self, path: &str, content_type: Option<&str>, body: &[u8]) -> Answer {
        let line = format!("POST {path}");
        let length = format!("content-length: {}", body.len());
        let authorization = self.authorization();
        let content_type = content_type.map(|kind| format!("content-type: {kind}"));
        let mut headers = vec![length.as_str(), authorization.as_str()];
        headers.extend(content_type.as_deref());
        self.send(Raw {
            line: &line,
            headers: &headers,
            body,
        })
        .expect("an answer")
    }

    /// A POST of JSON text.
    fn post_json(&self, path: &str, body: &str) -> Answer {
        self.post(path, Some("application/json"), body.as_bytes())
    }

    /// A GET with the token of every scope.
    fn get(&self, target: &str) -> Answer {
        let line = format!("GET {target}");
        self.send(Raw {
            line: &line,
            headers: &[&self.authorization()],
            body: b"",
        })
        .expect("an answer")
    }

    /// Ingests one event whose metadata is this JSON text.
    fn ingest_metadata(&mut self, metadata: &str) -> u16 {
        let body = format!(
            r#"{{"events":[{{"name":"n","external_customer_id":"c","timestamp":"2025-03-01T00:00:00Z","metadata":{metadata}}}]}}"#
        );
        let answer = self.post_json(INGEST, &body);
        self.taken += u64::from(answer.status == 200);
        answer.status
    }

    /// The server is healthy and counts what it took.
    #[track_caller]
    fn is_sane(&mut self) {
        assert_eq!(self.organization.get("/healthz").status, 200);
        assert_eq!(
            self.organization.total(&self.meter),
            format!("{}.0", self.taken)
        );
        let fresh: Vec<Value> = (self.fresh_key..self.fresh_key + 3).map(event).collect();
        self.fresh_key += 3;
        assert_eq!(
            self.organization.ingest(&fresh),
            Ingested {
                inserted: 3,
                duplicates: 0
            }
        );
        self.taken += 3;
        assert_eq!(
            self.organization.total(&self.meter),
            format!("{}.0", self.taken)
        );
    }
}

/// What a 422 complains of, each as `loc type` with the elements of `loc` joined by points: `body.events.0.name missing`.
fn complaints(answer: &Answer) -> Vec<String> {
    let body = answer.json();
    let items = body["detail"].as_array().cloned().unwrap_or_default();
    let element = |element: &Value| match element {
        Value::String(name) => name.clone(),
        other => other.to_string(),
    };
    let complaint = |item: &Value| {
        let loc = item["loc"].as_array().cloned().unwrap_or_default();
        let loc: Vec<String> = loc.iter().map(element).collect();
        format!(
            "{} {}",
            loc.join("."),
            item["type"].as_str().unwrap_or_default()
        )
    };
    items.iter().map(complaint).collect()
}

/// A 422 that complains, among others, of a place that starts with `loc`, with this type (`*` for any).
#[track_caller]
fn is_refused(what: &str, answer: &Answer, loc: &str, kind: &str) {
    assert_eq!(answer.status, 422, "{what}: {}", answer.excerpt());
    let error = answer.json()["error"].clone();
    let is_known = error == "RequestValidationError" || error == "PolarRequestValidationError";
    assert!(is_known, "{what}: {}", answer.excerpt());
    let found = complaints(answer);
    let is_it = |complaint: &String| {
        let (place, found) = complaint.rsplit_once(' ').unwrap_or_default();
        let rest = place.strip_prefix(loc);
        (kind == "*" || kind == found) && rest.is_some_and(|r| r.is_empty() || r.starts_with('.'))
    };
    assert!(
        found.iter().any(is_it),
        "{what}: no `{loc} {kind}` in {found:?}"
    );
}
