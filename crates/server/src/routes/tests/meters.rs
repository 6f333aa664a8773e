//! Meters and quantities.

use super::*;

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
