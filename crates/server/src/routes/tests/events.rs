//! Events.

mod reading;
mod system;

use super::*;

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
