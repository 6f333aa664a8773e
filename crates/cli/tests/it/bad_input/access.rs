//! Who may do what, and in which order that is checked.

use serde_json::{Value, json};

use super::{INGEST, Raw, Target, is_refused};
use crate::api::{Organization, create_token, event};
use crate::server::ADMIN_TOKEN;

#[test]
fn tokens_are_checked_in_the_order_of_the_contract() {
    let mut target = Target::start();
    let unauthorized = json!({"error": "Unauthorized", "detail": "Unauthorized"});
    let json_type = "content-type: application/json";
    let send = |target: &Target, line: &str, authorization: Option<&str>, body: &str| {
        let length = format!("content-length: {}", body.len());
        let mut headers = vec![json_type, length.as_str()];
        headers.extend(authorization);
        target
            .send(Raw {
                line,
                headers: &headers,
                body: body.as_bytes(),
            })
            .expect("an answer")
    };

    // No token, in every way to have none.
    let basic = "authorization: Basic eHg6eXk=";
    for authorization in [
        None,
        Some(basic),
        Some("authorization: Bearer"),
        Some("authorization: Bearer "),
        Some("authorization:"),
    ] {
        let answer = send(&target, "GET /v1/meters/", authorization, "");
        assert_eq!(
            (answer.status, answer.json()),
            (401, unauthorized.clone()),
            "{authorization:?}"
        );
        assert_eq!(
            answer.header("www-authenticate"),
            Some(r#"Bearer realm="polar""#),
            "{authorization:?}"
        );
    }
    // The admin's token is of the wrong kind here, and ours there.
    let admin = format!("authorization: Bearer {ADMIN_TOKEN}");
    let answer = send(&target, "GET /v1/meters/", Some(&admin), "");
    assert_eq!((answer.status, answer.json()), (401, unauthorized.clone()));
    let ours = target.authorization();
    let answer = send(
        &target,
        "POST /v1/organizations/",
        Some(&ours),
        r#"{"name":"xxx","slug":"xxx"}"#,
    );
    assert_eq!((answer.status, answer.json()), (401, unauthorized.clone()));

    // A token that does not exist wins over 404, 405 and a broken body.
    let wrong = "authorization: Bearer polar_oat_wrong";
    for (line, body) in [
        ("GET /v1/meters/", ""),
        ("GET /v1/nothing", ""),
        ("DELETE /v1/meters/", ""),
        ("POST /v1/events/ingest", "{"),
        ("POST /v1/events/ingest", "{}"),
    ] {
        let answer = send(&target, line, Some(wrong), body);
        assert_eq!(
            (answer.status, &answer.json()["error"]),
            (401, &json!("invalid_token")),
            "{line} {body}"
        );
        assert!(
            answer.json()["error_description"].is_string() && answer.json()["detail"].is_null()
        );
        let challenge = answer.header("www-authenticate").unwrap_or_default();
        assert!(
            challenge.starts_with(r#"Bearer realm="polar", error="invalid_token""#),
            "{challenge}"
        );
    }
    // A missing one wins over a wrong body, not over a broken one.
    let answer = send(&target, "POST /v1/events/ingest", None, "{}");
    assert_eq!((answer.status, answer.json()), (401, unauthorized));
    let answer = send(&target, "POST /v1/events/ingest", None, "{");
    is_refused(
        "broken JSON without a token",
        &answer,
        "body",
        "json_invalid",
    );

    // The scheme's case does not matter.
    let lower = target.authorization().replace("Bearer", "bEARER");
    assert_eq!(
        send(&target, "GET /v1/meters/", Some(&lower), "").status,
        200
    );
    target.is_sane();
}

#[test]
fn a_token_without_the_scope_is_forbidden_and_told_which_it_lacks() {
    let mut target = Target::start();
    let mut client = target.server.client();
    let listed = client.request(
        "GET",
        "/v1/organizations/",
        &[("authorization", &format!("Bearer {ADMIN_TOKEN}"))],
        None,
    );
    let id = listed.expect("an answer").json()["items"][0]["id"].clone();
    let reader = create_token(&mut client, &id, &["meters:read"]);
    let authorization = format!("authorization: Bearer {reader}");
    let headers = [authorization.as_str()];
    let answer = target
        .send(Raw {
            line: "GET /v1/meters/",
            headers: &headers,
            body: b"",
        })
        .expect("an answer");
    assert_eq!(answer.status, 200, "{}", answer.excerpt());
    let headers = [
        authorization.as_str(),
        "content-type: application/json",
        "content-length: 2",
    ];
    for (path, scope) in [("/v1/meters/", "meters:write"), (INGEST, "events:write")] {
        let line = format!("POST {path}");
        let answer = target
            .send(Raw {
                line: &line,
                headers: &headers,
                body: b"{}",
            })
            .expect("an answer");
        assert_eq!(
            (answer.status, &answer.json()["error"]),
            (403, &json!("insufficient_scope")),
            "{path}"
        );
        let challenge = answer.header("www-authenticate").unwrap_or_default();
        assert!(challenge.contains(scope), "{challenge}");
    }
    target.is_sane();
}

#[test]
fn organizations_do_not_see_each_other() {
    let mut target = Target::start();
    let mut other = Organization::create(&target.server, "other");
    let meter = format!("/v1/meters/{}", target.meter);
    for path in [
        meter.clone(),
        format!(
            "{meter}/quantities?start_timestamp=2025-03-01T00:00:00Z&end_timestamp=2025-03-02T00:00:00Z&interval=day"
        ),
    ] {
        let answer = other.get(&path);
        let body = json!({"error": "ResourceNotFound", "detail": "Not found"});
        assert_eq!((answer.status, answer.json()), (404, body), "{path}");
    }
    assert_eq!(
        other.get("/v1/meters/").json()["pagination"]["total_count"],
        json!(0)
    );
    // The same keys are other events there.
    let events: Vec<Value> = (0..10).map(event).collect();
    assert_eq!(other.ingest(&events).inserted, 10);
    assert_eq!(target.organization.ingest(&events).inserted, 10);
    target.taken += 10;
    target.is_sane();
}
