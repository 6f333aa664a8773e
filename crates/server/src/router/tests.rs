//! What holds for all operations.

mod every_route;
mod tokens;

use http::{Method, StatusCode};
use serde_json::json;

use super::*;
use crate::limits::ROW_BYTES_MAX;
use crate::testing::{ADMIN, Bench};

#[tokio::test]
async fn checks_come_in_the_order_of_the_contract() {
    let bench = Bench::new();
    let all = bench.organization("acme").await;
    let reader = bench.token_of("acme", &["events:read"]).await;
    let header = |name, value: &str| (name, value.to_owned());
    let bearer = |token: &str| header("authorization", &format!("Bearer {token}"));
    let json = header("content-type", "application/json");
    let unknown = "/v1/meters/11111111-1111-4111-8111-111111111111";

    // Everything is wrong at first. Each line puts right what the one before it was refused for.
    let mut headers = vec![
        json.clone(),
        header("polar-version", "1999-01"),
        header("content-length", "10485761"),
        bearer("nobodys"),
    ];
    let send =
        async |headers: &[(&'static str, String)], method: Method, path: &str, body: &str| {
            let answer = bench
                .send_raw(method, path, headers, body.as_bytes().to_vec())
                .await;
            (
                answer.status.as_u16(),
                answer.json()["error"]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned(),
            )
        };
    let told = |status: u16, error: &str| (status, error.to_owned());
    let post = Method::POST;
    assert_eq!(
        send(&headers, post.clone(), "/v1/nothing", "{").await,
        told(404, "")
    );
    headers.remove(1);
    assert_eq!(
        send(&headers, post.clone(), "/v1/nothing", "{").await,
        told(413, "RequestBodyTooLarge")
    );
    headers.remove(1);
    assert_eq!(
        send(&headers, post.clone(), "/v1/nothing", "{").await,
        told(401, "invalid_token")
    );
    headers.remove(1);
    assert_eq!(
        send(&headers, post.clone(), "/v1/nothing", "{").await,
        told(404, "")
    );
    assert_eq!(send(&headers, post, unknown, "{").await, told(405, ""));
    let patch = Method::PATCH;
    let broken = send(&headers, patch.clone(), "/v1/meters/x", "{").await;
    assert_eq!(broken, told(422, "RequestValidationError"));
    let no_token = send(&headers, patch.clone(), "/v1/meters/x", r#"{"name":1}"#).await;
    assert_eq!(no_token, told(401, "Unauthorized"));
    let scope = send(
        &[json.clone(), bearer(&reader)],
        patch.clone(),
        "/v1/meters/x",
        r#"{"name":1}"#,
    )
    .await;
    assert_eq!(scope, told(403, "insufficient_scope"));
    let headers = [json, bearer(&all)];
    let form = send(&headers, patch.clone(), "/v1/meters/x", r#"{"name":1}"#).await;
    assert_eq!(form, told(422, "RequestValidationError"));
    let missing = send(&headers, patch, unknown, "{}").await;
    assert_eq!(missing, told(404, "ResourceNotFound"));
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

#[tokio::test]
async fn only_events_may_be_many_in_one_body() {
    let bench = Bench::new();
    let token = bench.organization("acme").await;
    let send = async |path: &str, bytes: usize| {
        let mut body = b"{\"events\":[]}".to_vec();
        body.resize(bytes, b' ');
        let headers = [
            ("authorization", format!("Bearer {token}")),
            ("content-type", "application/json".to_owned()),
            ("content-length", bytes.to_string()),
        ];
        let answer = bench.send_raw(Method::POST, path, &headers, body).await;
        (answer.status.as_u16(), answer.json())
    };
    let too_large = |bytes_max: usize| {
        let detail =
            format!("Request body exceeded the maximum allowed size of {bytes_max} bytes.");
        let error = "RequestBodyTooLarge";
        (413, json!({"error": error, "detail": detail}))
    };
    let meters = "/v1/meters/";
    assert_eq!(send(meters, ROW_BYTES_MAX).await.0, 422);
    assert_eq!(send(meters, ROW_BYTES_MAX + 1).await, too_large(1_048_576));
    assert_eq!(send(meters, BODY_BYTES_MAX).await, too_large(1_048_576));
    assert_eq!(
        send(meters, BODY_BYTES_MAX + 1).await,
        too_large(10_485_760),
        "told before anything else of the request is looked at, as clients know it"
    );
    let ingest = "/v1/events/ingest";
    assert_eq!(send(ingest, BODY_BYTES_MAX).await.0, 200);
    assert_eq!(
        send(ingest, BODY_BYTES_MAX + 1).await,
        too_large(10_485_760)
    );
}
