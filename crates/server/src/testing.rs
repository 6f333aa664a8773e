//! A router over a service on a data folder of its own, for tests in this process.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use serde_json::{Value, json};
use service::{Clock, OpenOptions, Random, RealDisk, Service, StoreOptions, Timestamp};
use tempfile::TempDir;

use crate::openapi::tests::answers;
use crate::{PublicUrl, Router, Settings};

/// The administrator's token.
pub(crate) const ADMIN: &str = "sextant_adm_test";

/// A router over a new data folder, which goes with it.
pub(crate) struct Bench {
    /// The router.
    pub(crate) router: Router,
    /// What it asks.
    pub(crate) service: Arc<Service>,
    _folder: TempDir,
}

/// An answer.
pub(crate) struct Answered {
    pub(crate) status: StatusCode,
    headers: http::HeaderMap,
    body: Bytes,
}

/// Goes on by a microsecond each time it is looked at, so that what happens later has a later time.
#[derive(Debug)]
struct Ticking(AtomicI64);

impl Default for Ticking {
    fn default() -> Self {
        Self(AtomicI64::new(1_775_000_000_000_000))
    }
}

impl Clock for Ticking {
    fn now(&self) -> Timestamp {
        let micros = self.0.fetch_add(1, Ordering::Relaxed);
        Timestamp::from_micros(micros).expect("a time in 2026")
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

/// Those of a server that is tried on one machine.
pub(crate) fn settings() -> Settings {
    Settings {
        public_url: PublicUrl::parse("https://usage.example.com").expect("an address"),
    }
}

impl Bench {
    /// On a new folder. Its clock begins at 2026-03-31T23:33:20Z, and goes on only when it is looked at.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let opened = Service::open(OpenOptions {
            store: StoreOptions::default(),
            webhook_payloads: Arc::new(crate::Payloads),
            webhooks_allow_private: true,
            folder: folder.path().to_owned(),
            admin_token: Some(ADMIN.to_owned()),
            disk: Arc::new(RealDisk),
            clock: Arc::new(Ticking::default()),
            random: Arc::new(Counting::default()),
        });
        let service = Arc::new(opened.expect("opens").service);
        Self {
            router: Router::new(Arc::clone(&service), settings()),
            service,
            _folder: folder,
        }
    }

    /// An organization and a token of it with all scopes.
    pub(crate) async fn organization(&self, slug: &str) -> String {
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

    /// A token of an organization that was made before.
    pub(crate) async fn token_of(&self, slug: &str, scopes: &[&str]) -> String {
        let path = format!("/v1/organizations/?slug={slug}");
        let listed = self.send(Method::GET, &path, ADMIN, None).await;
        self.token(&listed.json()["items"][0]["id"], scopes).await
    }

    async fn token(&self, organization: &Value, scopes: &[&str]) -> String {
        let new = json!({"organization_id": organization, "comment": "test", "scopes": scopes, "expires_in": null});
        let path = "/v1/organization-access-tokens/";
        let made = self.send(Method::POST, path, ADMIN, Some(&new)).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.text());
        made.json()["token"].as_str().expect("a token").to_owned()
    }

    /// The token of a session of a customer, who is made with this external id.
    pub(crate) async fn session(&self, token: &str, external_id: &str) -> String {
        let email = format!("{external_id}@example.com");
        let new = json!({"email": email, "external_id": external_id});
        let made = self
            .send(Method::POST, "/v1/customers/", token, Some(&new))
            .await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.text());
        self.session_of(token, external_id).await
    }

    /// The token of another session of a customer.
    pub(crate) async fn session_of(&self, token: &str, external_id: &str) -> String {
        let new = json!({"external_customer_id": external_id});
        let made = self
            .send(Method::POST, "/v1/customer-sessions/", token, Some(&new))
            .await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.text());
        made.json()["token"].as_str().expect("a token").to_owned()
    }

    /// Sends a request; an empty token is none.
    pub(crate) async fn send(
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

    /// Sends a request with just these headers.
    pub(crate) async fn send_raw(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, String)],
        body: Vec<u8>,
    ) -> Answered {
        let mut request = Request::builder().method(&method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let request = request
            .body(Full::new(Bytes::from(body)))
            .expect("a request");
        let (parts, body) = self.router.answer(request).await.into_parts();
        let body = body.collect().await.expect("a whole body").to_bytes();
        answers::check(&method, path, parts.status, &body);
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
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.body
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("UTF-8")
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .get(name)
            .map(|value| value.to_str().expect("ASCII"))
    }
}
