//! The operations, over a service in this process.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::testing::{ADMIN, Answered, Bench};

const UNKNOWN: &str = "11111111-1111-4111-8111-111111111111";

/// A meter over all events named `call`.
fn meter(aggregation: &Value) -> Value {
    json!({
        "name": "Calls",
        "filter": {"conjunction": "and", "clauses": [{"property": "name", "operator": "eq", "value": "call"}]},
        "aggregation": aggregation,
    })
}

fn event(key: &str, amount: f64) -> Value {
    json!({
        "name": "call", "external_customer_id": "c", "external_id": key, "timestamp": "2026-03-01T10:00:00Z",
        "metadata": {"amount": amount},
    })
}

/// The places and types of the faults of an answer, and its name.
fn faults(answer: &Answered) -> (StatusCode, Value, Vec<(Value, Value)>) {
    let body = answer.json();
    let items = body["detail"].as_array().cloned().unwrap_or_default();
    let faults = items
        .into_iter()
        .map(|item| (item["loc"].clone(), item["type"].clone()));
    (answer.status, body["error"].clone(), faults.collect())
}

#[tokio::test]
async fn what_is_ingested_is_in_the_next_quantities() {
    let bench = Bench::new();
    let token = bench.organization("acme").await;
    let made = bench
        .send(
            Method::POST,
            "/v1/meters/",
            &token,
            Some(&meter(
                &json!({"func": "sum", "property": "metadata.amount"}),
            )),
        )
        .await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text());
    assert_eq!(
        made.json()["aggregation"],
        json!({"func": "sum", "property": "amount"})
    );
    assert_eq!(made.json()["modified_at"], made.json()["created_at"]);

    let events: Vec<Value> = (0..10)
        .map(|index| event(&format!("k{index}"), 0.1))
        .collect();
    let body = json!({"events": events});
    for expected in [
        json!({"inserted": 10, "duplicates": 0}),
        json!({"inserted": 0, "duplicates": 10}),
    ] {
        let ingested = bench
            .send(Method::POST, "/v1/events/ingest", &token, Some(&body))
            .await;
        assert_eq!(
            (ingested.status, ingested.json()),
            (StatusCode::OK, expected)
        );
    }

    let id = made.json()["id"].as_str().expect("an id").to_owned();
    let path = format!(
        "/v1/meters/{id}/quantities?start_timestamp=2026-03-01T00:00:00Z&end_timestamp=2026-03-02T00:00:00Z&interval=day"
    );
    let quantities = bench.send(Method::GET, &path, &token, None).await;
    assert_eq!(
        quantities.text(),
        r#"{"quantities":[{"timestamp":"2026-03-01T00:00:00Z","quantity":1.0},{"timestamp":"2026-03-02T00:00:00Z","quantity":0.0}],"total":1.0}"#
    );
}

#[tokio::test]
async fn the_meter_is_looked_up_before_the_range_is_checked() {
    let bench = Bench::new();
    let token = bench.organization("acme").await;
    let made = bench
        .send(
            Method::POST,
            "/v1/meters/",
            &token,
            Some(&meter(&json!({"func": "count"}))),
        )
        .await;
    let id = made.json()["id"].as_str().expect("an id").to_owned();
    let backwards = "start_timestamp=2026-03-02T00:00:00Z&end_timestamp=2026-03-01T00:00:00%2B02:00&interval=day";
    let unknown = bench
        .send(
            Method::GET,
            &format!("/v1/meters/{UNKNOWN}/quantities?{backwards}"),
            &token,
            None,
        )
        .await;
    assert_eq!(
        unknown.json(),
        json!({"error": "ResourceNotFound", "detail": "Not found"})
    );
    let known = bench
        .send(
            Method::GET,
            &format!("/v1/meters/{id}/quantities?{backwards}"),
            &token,
            None,
        )
        .await;
    assert_eq!(
        faults(&known),
        (
            StatusCode::UNPROCESSABLE_ENTITY,
            json!("PolarRequestValidationError"),
            vec![(json!(["query"]), json!("value_error"))]
        )
    );
    assert_eq!(
        known.json()["detail"][0]["input"],
        json!([
            "2026-03-02T00:00:00+00:00",
            "2026-03-01T00:00:00+02:00",
            "day"
        ])
    );
}

#[tokio::test]
async fn a_meter_freezes_with_its_first_event() {
    let bench = Bench::new();
    let token = bench.organization("acme").await;
    let made = bench
        .send(
            Method::POST,
            "/v1/meters/",
            &token,
            Some(&meter(&json!({"func": "count"}))),
        )
        .await;
    let path = format!("/v1/meters/{}", made.json()["id"].as_str().expect("an id"));
    let change = json!({"aggregation": {"func": "count"}, "filter": null, "name": "Other"});
    let free = bench
        .send(Method::PATCH, &path, &token, Some(&change))
        .await;
    assert_eq!(
        (free.status, &free.json()["name"]),
        (StatusCode::OK, &json!("Other"))
    );

    let ingest = json!({"events": [event("k", 1.0)]});
    assert_eq!(
        bench
            .send(Method::POST, "/v1/events/ingest", &token, Some(&ingest))
            .await
            .status,
        StatusCode::OK
    );
    let frozen = bench
        .send(Method::PATCH, &path, &token, Some(&change))
        .await;
    let (status, error, mut items) = faults(&frozen);
    items.sort_by_key(|(place, _)| place.to_string());
    assert_eq!(
        (status, error),
        (
            StatusCode::UNPROCESSABLE_ENTITY,
            json!("PolarRequestValidationError")
        )
    );
    assert_eq!(
        items,
        [
            (json!(["body", "aggregation"]), json!("forbidden")),
            (json!(["body", "filter"]), json!("forbidden"))
        ]
    );
    let archive = bench
        .send(
            Method::PATCH,
            &path,
            &token,
            Some(&json!({"is_archived": true})),
        )
        .await;
    assert_eq!(archive.status, StatusCode::OK, "{}", archive.text());
    assert!(archive.json()["archived_at"].is_string());
}

#[tokio::test]
async fn a_list_is_paged_by_the_limit_that_was_used() {
    let bench = Bench::new();
    let token = bench.organization("acme").await;
    for _ in 0..3 {
        bench
            .send(
                Method::POST,
                "/v1/meters/",
                &token,
                Some(&meter(&json!({"func": "count"}))),
            )
            .await;
    }
    let page = |query: &'static str| {
        let (bench, token) = (&bench, &token);
        async move {
            bench
                .send(Method::GET, &format!("/v1/meters/{query}"), token, None)
                .await
                .json()
        }
    };
    let first = page("?limit=2").await;
    assert_eq!(
        first["pagination"],
        json!({"total_count": 3, "max_page": 2})
    );
    assert_eq!(first["items"].as_array().map(Vec::len), Some(2));
    assert_eq!(
        page("?limit=1000").await["pagination"],
        json!({"total_count": 3, "max_page": 1})
    );
    assert_eq!(page("?page=9").await["items"], json!([]));
    let others = page("?organization_id=11111111-1111-4111-8111-111111111111").await;
    assert_eq!(
        others,
        json!({"items": [], "pagination": {"total_count": 0, "max_page": 0}})
    );
}

#[tokio::test]
async fn one_event_in_a_thousand_that_names_nobody_refuses_them_all() {
    let bench = Bench::new();
    let token = bench.organization("acme").await;
    let mut events: Vec<Value> = (0..3)
        .map(|index| event(&format!("k{index}"), 1.0))
        .collect();
    events[1] = json!({"name": "call", "customer_id": UNKNOWN});
    let refused = bench
        .send(
            Method::POST,
            "/v1/events/ingest",
            &token,
            Some(&json!({"events": events})),
        )
        .await;
    assert_eq!(
        faults(&refused),
        (
            StatusCode::UNPROCESSABLE_ENTITY,
            json!("PolarRequestValidationError"),
            vec![(
                json!(["body", "events", 1, "customer_id"]),
                json!("customer_id")
            )]
        )
    );
    assert_eq!(refused.json()["detail"][0]["input"], json!(UNKNOWN));
    events.remove(1);
    let accepted = bench
        .send(
            Method::POST,
            "/v1/events/ingest",
            &token,
            Some(&json!({"events": events})),
        )
        .await;
    assert_eq!(accepted.json(), json!({"inserted": 2, "duplicates": 0}));
}

#[tokio::test]
async fn rules_broken_by_all_events_are_told_together() {
    let bench = Bench::new();
    let token = bench.organization("acme").await;
    let events = json!({"events": [
        {"name": "call", "customer_id": UNKNOWN},
        {"name": "call", "external_customer_id": "c", "organization_id": UNKNOWN},
        {"name": "call", "customer_id": UNKNOWN, "organization_id": UNKNOWN},
        {"name": "call", "external_customer_id": "c"},
    ]});
    let refused = bench
        .send(Method::POST, "/v1/events/ingest", &token, Some(&events))
        .await;
    let (status, error, items) = faults(&refused);
    assert_eq!(
        (status, error),
        (
            StatusCode::UNPROCESSABLE_ENTITY,
            json!("PolarRequestValidationError")
        )
    );
    assert_eq!(
        items,
        [
            (
                json!(["body", "events", 1, "organization_id"]),
                json!("organization_token")
            ),
            (
                json!(["body", "events", 2, "organization_id"]),
                json!("organization_token")
            ),
            (
                json!(["body", "events", 0, "customer_id"]),
                json!("customer_id")
            ),
            (
                json!(["body", "events", 2, "customer_id"]),
                json!("customer_id")
            ),
        ]
    );
}

#[tokio::test]
async fn a_large_ingest_is_decoded_beside_the_connections() {
    let bench = Bench::new();
    let token = bench.organization("acme").await;
    let events: Vec<Value> = (0..5_000)
        .map(|index| event(&format!("k{index}"), 1.0))
        .collect();
    let body = json!({"events": events});
    assert!(body.to_string().len() > crate::limits::INLINE_DECODE_BYTES_MAX);
    let accepted = bench
        .send(Method::POST, "/v1/events/ingest", &token, Some(&body))
        .await;
    assert_eq!(accepted.json(), json!({"inserted": 5_000, "duplicates": 0}));
}

#[tokio::test]
async fn a_customer_is_found_by_its_external_id_whatever_stands_in_it() {
    let bench = Bench::new();
    let token = bench.organization("acme").await;
    let new = json!({"email": "A@Example.com", "external_id": "ext/a b", "name": "Ann"});
    let made = bench
        .send(Method::POST, "/v1/customers/", &token, Some(&new))
        .await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text());
    assert_eq!(made.json()["billing_name"], json!("Ann"));
    assert_eq!(
        made.json().as_object().map(serde_json::Map::len),
        Some(18),
        "every field is there"
    );

    let again = bench
        .send(Method::POST, "/v1/customers/", &token, Some(&new))
        .await;
    let (status, error, items) = faults(&again);
    assert_eq!(
        (status, error),
        (
            StatusCode::UNPROCESSABLE_ENTITY,
            json!("PolarRequestValidationError")
        )
    );
    assert_eq!(
        items,
        [
            (json!(["body", "email"]), json!("value_error")),
            (json!(["body", "external_id"]), json!("value_error"))
        ]
    );

    let path = "/v1/customers/external/ext%2Fa%20b";
    let found = bench.send(Method::GET, path, &token, None).await;
    assert_eq!((found.status, found.json()), (StatusCode::OK, made.json()));
    let gone = bench.send(Method::DELETE, path, &token, None).await;
    assert_eq!((gone.status, gone.text()), (StatusCode::NO_CONTENT, ""));
    for method in [Method::GET, Method::DELETE] {
        assert_eq!(
            bench.send(method, path, &token, None).await.status,
            StatusCode::NOT_FOUND
        );
    }
}

#[tokio::test]
async fn organizations_do_not_see_each_other() {
    let bench = Bench::new();
    let (acme, other) = (
        bench.organization("acme").await,
        bench.organization("other").await,
    );
    let made = bench
        .send(
            Method::POST,
            "/v1/meters/",
            &acme,
            Some(&meter(&json!({"func": "count"}))),
        )
        .await;
    let path = format!("/v1/meters/{}", made.json()["id"].as_str().expect("an id"));
    assert_eq!(
        bench.send(Method::GET, &path, &acme, None).await.status,
        StatusCode::OK
    );
    assert_eq!(
        bench.send(Method::GET, &path, &other, None).await.status,
        StatusCode::NOT_FOUND
    );

    let mine = bench
        .send(Method::GET, "/v1/organizations/", &acme, None)
        .await
        .json();
    assert_eq!(mine["pagination"]["total_count"], json!(1));
    let all = bench
        .send(Method::GET, "/v1/organizations/", ADMIN, None)
        .await
        .json();
    assert_eq!(all["pagination"]["total_count"], json!(2));
    let path = format!(
        "/v1/organizations/{}",
        mine["items"][0]["id"].as_str().expect("an id")
    );
    assert_eq!(
        bench.send(Method::GET, &path, &acme, None).await.status,
        StatusCode::OK
    );
    assert_eq!(
        bench.send(Method::GET, &path, &other, None).await.status,
        StatusCode::NOT_FOUND
    );
    let renamed = bench
        .send(
            Method::PATCH,
            &path,
            &acme,
            Some(&json!({"name": "Acme 2"})),
        )
        .await;
    assert_eq!(renamed.json()["name"], json!("Acme 2"));
}

#[tokio::test]
async fn the_administrators_token_is_for_organizations_and_tokens_alone() {
    let bench = Bench::new();
    let token = bench.organization("acme").await;
    let unauthorized = json!({"error": "Unauthorized", "detail": "Unauthorized"});
    let refused = bench.send(Method::GET, "/v1/meters/", ADMIN, None).await;
    assert_eq!(
        (refused.status, refused.json()),
        (StatusCode::UNAUTHORIZED, unauthorized.clone())
    );
    for path in ["/v1/organizations/", "/v1/organization-access-tokens/"] {
        let refused = bench
            .send(Method::POST, path, &token, Some(&json!({})))
            .await;
        assert_eq!(
            (refused.status, refused.json()),
            (StatusCode::UNAUTHORIZED, unauthorized.clone())
        );
    }
    let same_slug = json!({"name": "Acme", "slug": "acme"});
    let refused = bench
        .send(Method::POST, "/v1/organizations/", ADMIN, Some(&same_slug))
        .await;
    assert_eq!(
        refused.json()["detail"],
        json!([{
            "type": "value_error", "loc": ["body", "slug"], "input": "acme",
            "msg": "An organization with this slug already exists.",
        }])
    );
}

#[tokio::test]
async fn a_deleted_or_expired_token_is_nobodys_from_the_next_request_on() {
    let bench = Bench::new();
    let token = bench.organization("acme").await;
    let path = "/v1/organization-access-tokens/";
    let listed = bench.send(Method::GET, path, ADMIN, None).await.json();
    let organization = listed["items"][0]["organization_id"].clone();
    let id = listed["items"][0]["id"].as_str().expect("an id").to_owned();
    assert_eq!(
        listed["items"][0].as_object().map(serde_json::Map::len),
        Some(8),
        "no secret is listed"
    );

    let expired = json!({"organization_id": organization, "comment": "old", "scopes": ["meters:read"], "expires_in": "PT0S"});
    let expired = bench.send(Method::POST, path, ADMIN, Some(&expired)).await;
    let secret = expired.json()["token"]
        .as_str()
        .expect("a token")
        .to_owned();
    assert_eq!(
        bench
            .send(Method::GET, "/v1/meters/", &secret, None)
            .await
            .status,
        StatusCode::UNAUTHORIZED
    );

    let fewer = json!({"scopes": ["events:write"]});
    let changed = bench
        .send(Method::PATCH, &format!("{path}{id}"), ADMIN, Some(&fewer))
        .await;
    assert_eq!(changed.json()["scopes"], json!(["events:write"]));
    assert_eq!(
        bench
            .send(Method::GET, "/v1/meters/", &token, None)
            .await
            .status,
        StatusCode::FORBIDDEN
    );

    let deleted = bench
        .send(Method::DELETE, &format!("{path}{id}"), ADMIN, None)
        .await;
    assert_eq!(deleted.status, StatusCode::NO_CONTENT);
    let refused = bench.send(Method::GET, "/v1/meters/", &token, None).await;
    assert_eq!(
        (refused.status, &refused.json()["error"]),
        (StatusCode::UNAUTHORIZED, &json!("invalid_token"))
    );
}
