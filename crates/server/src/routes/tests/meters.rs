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

#[tokio::test]
async fn meters_of_another_organization_are_neither_listed_nor_found_nor_changed() {
    let bench = Bench::new();
    let token = bench.organization("acme").await;
    let new = meter(&json!({"func": "count"}));
    let made = bench
        .send(Method::POST, "/v1/meters/", &token, Some(&new))
        .await;
    let path = format!("/v1/meters/{}", made.json()["id"].as_str().expect("an id"));
    let quantities = format!(
        "{path}/quantities?start_timestamp=2026-03-01T00:00:00Z&end_timestamp=2026-03-02T00:00:00Z&interval=day"
    );
    let rename = json!({"name": "Theirs"});
    let other = bench.organization("other").await;
    let listed = bench.send(Method::GET, "/v1/meters/", &other, None).await;
    assert_eq!(
        listed.json(),
        json!({"items": [], "pagination": {"total_count": 0, "max_page": 0}})
    );
    for (method, path, body) in [
        (Method::GET, &path, None),
        (Method::GET, &quantities, None),
        (Method::PATCH, &path, Some(&rename)),
    ] {
        let missed = bench.send(method.clone(), path, &other, body).await;
        assert_eq!(missed.status, StatusCode::NOT_FOUND, "{method} {path}");
        assert_eq!(missed.json()["error"], "ResourceNotFound");
        let there = bench.send(method, path, &token, None).await;
        assert_ne!(there.status, StatusCode::NOT_FOUND, "{path}");
    }
    let kept = bench.send(Method::GET, &path, &token, None).await;
    assert_eq!(kept.json(), made.json());
}

#[tokio::test]
async fn hours_are_too_small_for_thirty_days() {
    let bench = Bench::new();
    let token = bench.organization("acme").await;
    let new = meter(&json!({"func": "count"}));
    let made = bench
        .send(Method::POST, "/v1/meters/", &token, Some(&new))
        .await;
    let id = made.json()["id"].as_str().expect("an id").to_owned();
    let asked = async |end: &str| {
        let path = format!(
            "/v1/meters/{id}/quantities?start_timestamp=2026-03-01T00:00:00Z&end_timestamp={end}&interval=hour"
        );
        bench.send(Method::GET, &path, &token, None).await
    };
    assert_eq!(asked("2026-03-08T00:00:00Z").await.status, StatusCode::OK);
    let refused = asked("2026-03-31T00:00:00Z").await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let told = refused.json()["detail"][0]["msg"].clone();
    assert_eq!(
        told,
        "The interval is too small for the given date range. Use a larger interval or reduce the date range."
    );
}
