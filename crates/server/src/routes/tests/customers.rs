//! Customers.

use super::*;

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
