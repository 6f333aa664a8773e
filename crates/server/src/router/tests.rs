//! What holds for all operations.

use http::{Method, StatusCode};
use serde_json::json;

use super::*;
use crate::testing::{ADMIN, Bench};

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
