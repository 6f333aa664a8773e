//! Customers.

use super::*;

mod export;
mod tax_ids;

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
    // Its address and its external id are free again.
    let anew = served(&bench, &token, Method::POST, "/v1/customers/", Some(&new)).await;
    assert_ne!(anew["id"], made.json()["id"]);
}

/// Sends a request that must be served, and gives the body.
async fn served(
    bench: &Bench,
    token: &str,
    method: Method,
    path: &str,
    body: Option<&Value>,
) -> Value {
    let answer = bench.send(method, path, token, body).await;
    assert!(answer.status.is_success(), "{path}: {}", answer.text());
    answer.json()
}

#[tokio::test]
async fn a_customer_is_changed_under_either_identifier() {
    let bench = Bench::new();
    let token = bench.organization("acme").await;
    let new = json!({"email": "a@example.com", "name": "Ann", "metadata": {"a": 1}});
    let made = served(&bench, &token, Method::POST, "/v1/customers/", Some(&new)).await;
    assert_eq!(made["modified_at"], json!(null));
    let path = format!("/v1/customers/{}", made["id"].as_str().expect("an id"));
    let nothing = served(&bench, &token, Method::PATCH, &path, Some(&json!({}))).await;
    assert_eq!(nothing, made);

    let change = json!({"external_id": "x/y", "name": null, "metadata": {"b": 2}, "type": "team"});
    let changed = served(&bench, &token, Method::PATCH, &path, Some(&change)).await;
    let mut expected = made.clone();
    for (name, value) in [
        ("external_id", json!("x/y")),
        ("name", json!(null)),
        ("billing_name", json!(null)),
        ("metadata", json!({"b": 2})),
        ("type", json!("team")),
        ("modified_at", changed["modified_at"].clone()),
    ] {
        expected[name] = value;
    }
    assert!(changed["modified_at"].is_string());
    assert_eq!(changed, expected);

    let external = "/v1/customers/external/x%2Fy";
    let change = json!({"name": "Eve", "external_id": "other", "type": "individual"});
    let changed = served(&bench, &token, Method::PATCH, external, Some(&change)).await;
    assert_ne!(changed["modified_at"], expected["modified_at"]);
    expected["name"] = json!("Eve");
    expected["billing_name"] = json!("Eve");
    expected["modified_at"] = changed["modified_at"].clone();
    assert_eq!(changed, expected);
    let read = served(&bench, &token, Method::GET, &path, None).await;
    assert_eq!(read, expected);
}

#[tokio::test]
async fn a_refused_change_says_where_and_does_nothing() {
    let bench = Bench::new();
    let token = bench.organization("acme").await;
    let new = json!({
        "type": "team", "email": "a@example.com", "external_id": "a", "billing_address": {"country": "FR"},
    });
    let made = served(&bench, &token, Method::POST, "/v1/customers/", Some(&new)).await;
    let path = format!("/v1/customers/{}", made["id"].as_str().expect("an id"));
    let change =
        json!({"type": "individual", "external_id": "b", "billing_address": null, "name": "N"});
    let refused = bench
        .send(Method::PATCH, &path, &token, Some(&change))
        .await;
    let (status, error, items) = faults(&refused);
    assert_eq!(
        (status, error),
        (
            StatusCode::UNPROCESSABLE_ENTITY,
            json!("PolarRequestValidationError")
        )
    );
    let rule = json!("value_error");
    let places = ["external_id", "billing_address", "type"];
    assert_eq!(
        items,
        places.map(|name| (json!(["body", name]), rule.clone()))
    );
    assert_eq!(refused.json()["detail"][0]["input"], json!("b"));
    let read = served(&bench, &token, Method::GET, &path, None).await;
    assert_eq!(read, made);

    for path in [
        format!("/v1/customers/{UNKNOWN}"),
        "/v1/customers/external/nobody".to_owned(),
    ] {
        let body = json!({"name": "N"});
        let missed = bench.send(Method::PATCH, &path, &token, Some(&body)).await;
        assert_eq!(missed.status, StatusCode::NOT_FOUND, "{path}");
    }
    // Path and body are checked together.
    let body = json!({"name": 1});
    let twice = bench
        .send(Method::PATCH, "/v1/customers/x", &token, Some(&body))
        .await;
    assert_eq!(
        faults(&twice).2,
        [
            (json!(["path", "id"]), json!("uuid_parsing")),
            (json!(["body", "name"]), json!("string_type"))
        ]
    );
}

#[tokio::test]
async fn customers_are_listed_by_what_is_asked_for() {
    let bench = Bench::new();
    let token = bench.organization("acme").await;
    let other = bench.organization("other").await;
    for (token, email, name) in [
        (&token, "ann@example.com", "Ann"),
        (&token, "bob@example.com", "Bob"),
        (&token, "eve@example.com", "Ève"),
        (&other, "ann@example.com", "Ann"),
    ] {
        let metadata = json!({"first": name == "Ann"});
        let new = json!({"email": email, "name": name, "metadata": metadata});
        served(&bench, token, Method::POST, "/v1/customers/", Some(&new)).await;
    }
    let own = served(&bench, &token, Method::GET, "/v1/customers/", None).await;
    let own = own["items"][0]["organization_id"].as_str().expect("an id");
    let of_own = format!("organization_id={own}&sorting=-name");
    for (query, expected) in [
        ("sorting=name", vec!["Ann", "Bob", "Ève"]),
        ("sorting=-email&limit=2", vec!["Ève", "Bob"]),
        ("sorting=email&limit=2&page=2", vec!["Ève"]),
        ("email=ANN%40example.com", vec!["Ann"]),
        ("query=%C3%A8v", vec!["Ève"]),
        ("metadata[first]=true", vec!["Ann"]),
        ("active=true", vec![]),
        ("active=false&query=BOB", vec!["Bob"]),
        (&of_own, vec!["Ève", "Bob", "Ann"]),
        (
            "organization_id=11111111-1111-4111-8111-111111111111",
            vec![],
        ),
    ] {
        let path = format!("/v1/customers/?{query}");
        let listed = served(&bench, &token, Method::GET, &path, None).await;
        let items = listed["items"].as_array().expect("items");
        let names: Vec<&str> = items
            .iter()
            .filter_map(|item| item["name"].as_str())
            .collect();
        assert_eq!(names, expected, "{query}");
    }
    let refused = bench
        .send(Method::GET, "/v1/customers/?sorting=id", &token, None)
        .await;
    assert_eq!(
        faults(&refused).2,
        [(json!(["query", "sorting", 0]), json!("enum"))]
    );
}

#[tokio::test]
async fn reading_is_not_enough_to_change_and_a_deletion_with_a_malformed_wish_is_refused() {
    let bench = Bench::new();
    let token = bench.organization("acme").await;
    let reader = bench.token_of("acme", &["customers:read"]).await;
    let new = json!({"email": "a@example.com", "external_id": "a"});
    let made = served(&bench, &token, Method::POST, "/v1/customers/", Some(&new)).await;
    let path = format!("/v1/customers/{}", made["id"].as_str().expect("an id"));
    let external = "/v1/customers/external/a";
    served(&bench, &reader, Method::GET, "/v1/customers/", None).await;
    for path in [&*path, external] {
        let body = json!({"name": "N"});
        let refused = bench.send(Method::PATCH, path, &reader, Some(&body)).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{path}");
        let malformed = format!("{path}?anonymize=maybe");
        let refused = bench.send(Method::DELETE, &malformed, &token, None).await;
        assert_eq!(
            faults(&refused).2,
            [(json!(["query", "anonymize"]), json!("bool_parsing"))]
        );
    }
    let wish = format!("{path}?anonymize=true");
    let gone = bench.send(Method::DELETE, &wish, &token, None).await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT);
    let read = bench.send(Method::GET, &path, &token, None).await;
    assert_eq!(read.status, StatusCode::NOT_FOUND);
}
