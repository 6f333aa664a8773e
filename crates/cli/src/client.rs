//! A client of a running server: plain HTTP, one bearer token, errors that people can read.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use api::{ListResource, TokenErrorBody, ValidationBody, ValidationError};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Where a server is looked for when nobody says where it is.
pub(crate) const URL_DEFAULT: &str = "http://127.0.0.1:8080";

/// No answer that the commands ask for is longer.
const ANSWER_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// A connection to one server under one token. Cheap to clone; clones share their connections.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    agent: ureq::Agent,
    base_url: String,
    token: String,
}

impl Client {
    /// A client of the server at `base_url`, `http://HOST[:PORT]`. Does not connect yet.
    pub(crate) fn new(base_url: &str, token: &str) -> anyhow::Result<Self> {
        if base_url.starts_with("https://") {
            bail!("`{base_url}`: TLS is not spoken here; use the server's own http:// address");
        }
        if !base_url.starts_with("http://") {
            bail!("`{base_url}` is not of the form http://HOST:PORT");
        }
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_connect(Some(Duration::from_secs(10)))
            .timeout_recv_response(Some(Duration::from_mins(1)))
            .user_agent(concat!("sextant/", env!("CARGO_PKG_VERSION")))
            .max_redirects(0)
            // The server is a neighbour. A proxy of the environment is for the world.
            .proxy(None)
            .build();
        Ok(Self {
            agent: config.new_agent(),
            base_url: base_url.trim_end_matches('/').to_owned(),
            token: token.to_owned(),
        })
    }

    /// Reads. `target` is path and query, encoded.
    pub(crate) fn get<T: DeserializeOwned>(&self, target: &str) -> anyhow::Result<T> {
        let answer = self
            .agent
            .get(self.url(target))
            .header("Authorization", self.authorization())
            .call();
        self.json(target, answer)
    }

    /// Reads all pages of a list. `query` is encoded, may be empty.
    pub(crate) fn list<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &str,
    ) -> anyhow::Result<Vec<T>> {
        let mut items = Vec::new();
        let mut page = 1;
        loop {
            let mut target = format!("{path}?page={page}&limit=100");
            if !query.is_empty() {
                write!(target, "&{query}").expect("writing to a string cannot fail");
            }
            let answer: ListResource<T> = self.get(&target)?;
            items.extend(answer.items);
            if page >= answer.pagination.max_page {
                return Ok(items);
            }
            page += 1;
        }
    }

    /// Sends a body as JSON.
    pub(crate) fn post<T: DeserializeOwned>(
        &self,
        target: &str,
        body: &impl Serialize,
    ) -> anyhow::Result<T> {
        let body = serde_json::to_vec(body).context("write JSON")?;
        self.post_json(target, &body)
    }

    /// Sends a body that is JSON already.
    pub(crate) fn post_json<T: DeserializeOwned>(
        &self,
        target: &str,
        body: &[u8],
    ) -> anyhow::Result<T> {
        let answer = self
            .agent
            .post(self.url(target))
            .header("Authorization", self.authorization())
            .content_type("application/json")
            .send(body);
        self.json(target, answer)
    }

    /// Deletes.
    pub(crate) fn delete(&self, target: &str) -> anyhow::Result<()> {
        let answer = self
            .agent
            .delete(self.url(target))
            .header("Authorization", self.authorization())
            .call();
        self.body(target, answer).map(drop)
    }

    fn url(&self, target: &str) -> String {
        format!("{}{target}", self.base_url)
    }

    fn authorization(&self) -> String {
        format!("Bearer {}", self.token)
    }

    fn json<T: DeserializeOwned>(&self, target: &str, answer: Sent) -> anyhow::Result<T> {
        let body = self.body(target, answer)?;
        serde_json::from_slice(&body)
            .with_context(|| format!("read the answer of {}", self.url(target)))
    }

    fn body(&self, target: &str, answer: Sent) -> anyhow::Result<Vec<u8>> {
        let mut answer = answer.with_context(|| {
            format!(
                "cannot reach the server at {} (is `sextant serve` running there?)",
                self.base_url
            )
        })?;
        let body = answer
            .body_mut()
            .with_config()
            .limit(ANSWER_BYTES_MAX)
            .read_to_vec();
        let body = body.with_context(|| format!("read the answer of {}", self.url(target)))?;
        let status = answer.status().as_u16();
        if (200..300).contains(&status) {
            Ok(body)
        } else {
            let path = target.split('?').next().unwrap_or(target);
            Err(anyhow!("{}", explanation(status, path, &body)))
        }
    }
}

type Sent = Result<ureq::http::Response<ureq::Body>, ureq::Error>;

/// What a refusal means, in words. Validation errors are listed, one a line.
fn explanation(status: u16, path: &str, body: &[u8]) -> String {
    match status {
        401 => "the server does not accept this token".to_owned(),
        403 => match serde_json::from_slice::<TokenErrorBody>(body) {
            Ok(error) => format!("the token may not do this: {}", error.error_description),
            Err(_) => "the token may not do this".to_owned(),
        },
        404 => format!("not found: {path}"),
        422 => {
            let faults =
                serde_json::from_slice(body).map_or(vec![], |body: ValidationBody| body.detail);
            let mut message = "the server refuses this".to_owned();
            for fault in &faults {
                message.push_str("\n  ");
                message.push_str(&fault_line(fault));
            }
            message
        }
        _ => {
            let json: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
            let excerpt = || String::from_utf8_lossy(&body[..body.len().min(300)]).into_owned();
            let said = json
                .get("detail")
                .and_then(Value::as_str)
                .map_or_else(excerpt, str::to_owned);
            format!("the server answers {status}: {said}")
        }
    }
}

/// `slug: An organization with this slug already exists.`
fn fault_line(fault: &ValidationError) -> String {
    let place: Vec<Value> = serde_json::from_str(fault.loc.get()).unwrap_or_default();
    let place: Vec<String> = place
        .iter()
        .skip(1)
        .map(|step| {
            step.as_str()
                .map_or_else(|| step.to_string(), str::to_owned)
        })
        .collect();
    if place.is_empty() {
        fault.msg.clone()
    } else {
        format!("{}: {}", place.join("."), fault.msg)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_explained() {
        let check = |status, body: &str, expected: &str| {
            assert_eq!(
                explanation(status, "/v1/organizations/", body.as_bytes()),
                expected
            );
        };
        check(401, "", "the server does not accept this token");
        check(
            403,
            r#"{"error":"insufficient_scope","error_description":"Too low."}"#,
            "the token may not do this: Too low.",
        );
        check(
            404,
            r#"{"detail":"Not Found"}"#,
            "not found: /v1/organizations/",
        );
        check(
            422,
            r#"{"error":"RequestValidationError","detail":[
                {"loc":["body","slug"],"msg":"Taken.","type":"value_error"},
                {"loc":["body"],"msg":"Field required","type":"missing"},
                {"loc":["body","scopes",0],"msg":"Odd.","type":"enum"}]}"#,
            "the server refuses this\n  slug: Taken.\n  Field required\n  scopes.0: Odd.",
        );
        check(
            503,
            r#"{"detail":"No space."}"#,
            "the server answers 503: No space.",
        );
        check(
            500,
            "Internal Server Error",
            "the server answers 500: Internal Server Error",
        );
    }

    #[test]
    fn only_plain_http_addresses_are_taken() {
        assert!(Client::new("https://example.com", "t").is_err());
        assert!(Client::new("localhost:8080", "t").is_err());
        let client = Client::new("http://localhost:8080/", "t").expect("a good address");
        assert_eq!(client.url("/v1"), "http://localhost:8080/v1");
    }
}
