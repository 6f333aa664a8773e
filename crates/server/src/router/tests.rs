//! The router over a service on a folder of its own: what holds for all operations.

use std::sync::Mutex;

use http::{Method, StatusCode};
use http_body_util::{BodyExt, Full};
use serde_json::{Value, json};
use service::{Clock, OpenOptions, Random, RealDisk, Timestamp};
use tempfile::TempDir;

use super::*;

const ADMIN: &str = "sextant_adm_test";

/// A router over a new data folder, which goes with it.
struct Bench {
    router: Router,
    service: Arc<Service>,
    _folder: TempDir,
}

/// An answer.
struct Answered {
    status: StatusCode,
    headers: http::HeaderMap,
    body: Bytes,
}

#[derive(Debug)]
struct FixedClock;

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(1_775_000_000_000_000).expect("a time in 2026")
    }
}

/// Different bytes at each call, the same in each run.
#[derive(Debug, Default)]
struct Counting(Mutex<u64>);

impl Random for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        let mut count = self.0.lock().expect("no test panics here");
        for chunk in bytes.chunks_mut(8) {
            *count += 1;
            let word = count.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes();
            chunk.copy_from_slice(&word[..chunk.len()]);
        }
    }
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let opened = Service::open(OpenOptions {
            folder: folder.path().to_owned(),
            admin_token: Some(ADMIN.to_owned()),
            disk: Arc::new(RealDisk),
            clock: Arc::new(FixedClock),
            random: Arc::new(Counting::default()),
        });
        let service = Arc::new(opened.expect("opens").service);
        Self {
            router: Router::new(Arc::clone(&service)),
            service,
            _folder: folder,
        }
    }

    /// An organization and a token of it with all scopes.
    async fn organization(&self, slug: &str) -> String {
        let new = json!({"name": slug, "slug": slug});
        let made = self
            .send(Method::POST, "/v1/organizations/", ADMIN, Some(&new))
            .await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.text());
        let scopes: Vec<_> = domain::Scope::ALL
            .iter()
            .map(|scope| scope.as_str())
            .collect();
        self.token(&made.json()["id"], &scopes).await
    }

    async fn token(&self, organization: &Value, scopes: &[&str]) -> String {
        let new = json!({"organization_id": organization, "comment": "test", "scopes": scopes, "expires_in": null});
        let path = "/v1/organization-access-tokens/";
        let made = self.send(Method::POST, path, ADMIN, Some(&new)).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.text());
        made.json()["token"].as_str().expect("a token").to_owned()
    }

    /// Sends a request; an empty token is none.
    async fn send(
        &self,
        method: Method,
        path: &str,
        token: &str,
        body: Option<&Value>,
    ) -> Answered {
        let mut headers = vec![("authorization", format!("Bearer {token}"))];
        let mut bytes = String::new();
        if let Some(body) = body {
            headers.push(("content-type", "application/json".to_owned()));
            bytes = body.to_string();
        }
        self.send_raw(method, path, &headers, bytes.into_bytes())
            .await
    }

    async fn send_raw(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, String)],
        body: Vec<u8>,
    ) -> Answered {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let request = request
            .body(Full::new(Bytes::from(body)))
            .expect("a request");
        let (parts, body) = self.router.answer(request).await.into_parts();
        let body = body.collect().await.expect("a whole body").to_bytes();
        Answered {
            status: parts.status,
            headers: parts.headers,
            body,
        }
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        self.service.close();
    }
}

impl Answered {
    fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("UTF-8")
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .get(name)
            .map(|value| value.to_str().expect("ASCII"))
    }
}

#[tokio::test]
async fn checks_come_in_the_order_of_the_contract() {
    let bench = Bench::new();
    let version = ("polar-version", "1999-01".to_owned());
    let large = ("content-length", "10485761".to_owned());
    let wrong = ("authorization", "Bearer nobodys".to_owned());
    let json = ("content-type", "application/json".to_owned());
    let table: [(&[(&str, String)], &str, u16); 5] = [
        (&[version, large.clone(), wrong.clone()], "/v1/nothing", 404),
        (&[large, wrong.clone()], "/v1/nothing", 413),
        (&[wrong, json.clone()], "/v1/nothing", 401),
        (&[json.clone()], "/v1/nothing", 404),
        (&[json], "/v1/meters/x/quantities", 405),
    ];
    for (headers, path, status) in table {
        let answer = bench
            .send_raw(Method::POST, path, headers, b"{".to_vec())
            .await;
        assert_eq!(
            answer.status.as_u16(),
            status,
            "{path} {headers:?}: {}",
            answer.text()
        );
    }
}

#[tokio::test]
async fn the_version_is_repeated_unless_it_is_not_served() {
    let bench = Bench::new();
    let asked = |version: &str| vec![("polar-version", version.to_owned())];
    let served = bench
        .send_raw(Method::GET, "/v1/nothing", &asked("2026-10"), vec![])
        .await;
    assert_eq!(
        (served.status.as_u16(), served.header("polar-version")),
        (404, Some("2026-10"))
    );
    let other = bench
        .send_raw(Method::GET, "/v1/nothing", &asked("2026-11"), vec![])
        .await;
    assert_eq!(
        (other.status.as_u16(), other.header("polar-version")),
        (404, None)
    );
    assert_eq!(other.json(), json!({"detail": "Not Found"}));
}

#[tokio::test]
async fn head_is_not_offered_and_allow_says_what_is() {
    let bench = Bench::new();
    for method in [Method::HEAD, Method::PUT, Method::OPTIONS] {
        let answer = bench.send_raw(method, "/v1/meters/", &[], vec![]).await;
        assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(answer.header("allow"), Some("GET, POST"));
        assert_eq!(answer.json(), json!({"detail": "Method Not Allowed"}));
    }
}

#[tokio::test]
async fn a_browser_may_ask_from_anywhere() {
    let bench = Bench::new();
    let headers = [
        ("origin", "https://example.com".to_owned()),
        ("access-control-request-method", "PATCH".to_owned()),
    ];
    let answer = bench
        .send_raw(Method::OPTIONS, "/v1/meters/", &headers, vec![])
        .await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    assert!(
        answer
            .header("access-control-allow-headers")
            .is_some_and(|list| list.contains("Authorization"))
    );
    assert_eq!(answer.header("access-control-allow-credentials"), None);
    let answer = bench
        .send_raw(Method::GET, "/v1/meters/", &headers[..1], vec![])
        .await;
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    assert_eq!(
        answer.header("access-control-expose-headers"),
        Some("Polar-Version")
    );
}

#[tokio::test]
async fn health_is_told_to_everyone() {
    let bench = Bench::new();
    for token in ["", "nobodys", ADMIN] {
        let answer = bench.send(Method::GET, "/healthz", token, None).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.json(), json!({"status": "ok", "takes_writes": true}));
    }
    bench.service.close();
    let answer = bench.send(Method::GET, "/healthz", "", None).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(
        answer.json(),
        json!({"status": "writes_stopped", "takes_writes": false})
    );
}

#[tokio::test]
async fn a_panic_is_a_500_and_the_server_goes_on() {
    let failed = catch_panic(async { panic!("broken") }).await;
    let text = panic_text(failed.expect_err("it panics").as_ref());
    assert_eq!(text, "broken");
    assert_eq!(catch_panic(async { 1 }).await.ok(), Some(1));
}
