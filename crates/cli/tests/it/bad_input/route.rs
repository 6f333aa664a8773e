//! Paths, methods and headers that every operation shares.

use serde_json::json;

use super::{INGEST, Raw, Target};

#[test]
fn paths_and_methods_that_do_not_exist_are_404_and_405() {
    let mut target = Target::start();
    let not_found = json!({"detail": "Not Found"});
    for path in [
        "/",
        "/v1",
        "/v1/nothing",
        "/v2/meters/",
        "/v1/meters/a/b/c",
        "/v1//meters/",
        "/%",
        "/v1/meters/../x",
    ] {
        let answer = target.get(path);
        assert_eq!(
            (answer.status, answer.json()),
            (404, not_found.clone()),
            "{path}"
        );
    }
    let meter = format!("/v1/meters/{}", target.meter);
    let not_allowed = json!({"detail": "Method Not Allowed"});
    for (method, path, allowed) in [
        ("DELETE", meter.as_str(), "PATCH"),
        ("GET", INGEST, "POST"),
        ("PUT", "/v1/meters/", "POST"),
        ("BREW", "/v1/meters/", "GET"),
    ] {
        let line = format!("{method} {path}");
        let headers = [target.authorization()];
        let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
        let answer = target
            .send(Raw {
                line: &line,
                headers: &headers,
                body: b"",
            })
            .expect("an answer");
        assert_eq!(
            (answer.status, answer.json()),
            (405, not_allowed.clone()),
            "{line}"
        );
        let allow = answer.header("allow").unwrap_or_default();
        assert!(
            allow.split(',').any(|method| method.trim() == allowed),
            "{line} allows {allow:?}"
        );
    }
    let authorization = target.authorization();
    let headers = [authorization.as_str()];
    for path in ["/v1/meters/", meter.as_str()] {
        let line = format!("HEAD {path}");
        let answer = target
            .send(Raw {
                line: &line,
                headers: &headers,
                body: b"",
            })
            .expect("an answer");
        assert_eq!(answer.status, 405, "{line}");
    }
    target.is_sane();
}

#[test]
fn both_spellings_of_a_path_and_the_old_prefix_are_served() {
    let mut target = Target::start();
    for path in ["/v1/meters", "/v1/meters/", "/api/v1/meters/"] {
        let answer = target.get(path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.excerpt());
        let notice = answer.header("x-polar-deprecation-notice").is_some();
        assert_eq!(notice, path.starts_with("/api"), "{path}");
    }
    target.is_sane();
}

#[test]
fn versions_that_are_not_there_are_404_before_the_token_is_looked_at() {
    let mut target = Target::start();
    let authorization = target.authorization();
    for (version, given) in [
        ("2026-04", "2026-04"),
        ("2026-10", "2026-10"),
        ("2027-01", "2027-01"),
        ("", "2026-04"),
    ] {
        let version = format!("polar-version: {version}");
        let headers = [authorization.as_str(), version.as_str()];
        let answer = target.send(Raw {
            line: "GET /v1/meters/",
            headers: &headers,
            body: b"",
        });
        let answer = answer.expect("an answer");
        assert_eq!(
            (answer.status, answer.header("polar-version")),
            (200, Some(given)),
            "{version}"
        );
    }
    assert_eq!(
        target.get("/v1/meters/").header("polar-version"),
        Some("2026-04")
    );
    for version in ["2025-01", "2026-4", "x", "2026-04-01"] {
        let version = format!("polar-version: {version}");
        for authorization in [authorization.as_str(), "authorization: Bearer wrong"] {
            let headers = [authorization, version.as_str()];
            let answer = target.send(Raw {
                line: "GET /v1/meters/",
                headers: &headers,
                body: b"",
            });
            let answer = answer.expect("an answer");
            assert_eq!(
                (answer.status, answer.json()),
                (404, json!({"detail": "Not Found"})),
                "{version}"
            );
            assert_eq!(answer.header("polar-version"), None, "{version}");
        }
    }
    target.is_sane();
}

#[test]
fn answers_are_private_and_open_to_pages_of_any_origin() {
    let mut target = Target::start();
    let authorization = target.authorization();
    let headers = [authorization.as_str(), "origin: https://example.com"];
    let answer = target
        .send(Raw {
            line: "GET /v1/meters/",
            headers: &headers,
            body: b"",
        })
        .expect("an answer");
    assert_eq!(answer.header("cache-control"), Some("private, no-store"));
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    assert!(answer.header("access-control-allow-credentials").is_none());
    let headers = [
        "origin: https://example.com",
        "access-control-request-method: PATCH",
        "access-control-request-headers: authorization",
    ];
    let answer = target
        .send(Raw {
            line: "OPTIONS /v1/meters/",
            headers: &headers,
            body: b"",
        })
        .expect("an answer");
    assert!((200..300).contains(&answer.status), "{}", answer.status);
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    target.is_sane();
}
