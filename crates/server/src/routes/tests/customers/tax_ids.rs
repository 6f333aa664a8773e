//! Tax ids of customers, over HTTP.

use super::*;

#[tokio::test]
async fn a_tax_id_is_told_beside_its_format() {
    let bench = Bench::new();
    let token = bench.organization("acme").await;
    let new = json!({
        "email": "a@example.com", "billing_address": {"country": "us"}, "tax_id": " 52-5222255 ",
    });
    let made = served(&bench, &token, Method::POST, "/v1/customers/", Some(&new)).await;
    assert_eq!(made["tax_id"], json!(["525222255", "us_ein"]));
    let path = format!("/v1/customers/{}", made["id"].as_str().expect("an id"));
    for (change, expected) in [
        (json!({"name": "N"}), json!(["525222255", "us_ein"])),
        (
            json!({"billing_address": {"country": "FR"}, "tax_id": "fr 61 954 506 077"}),
            json!(["FR61954506077", "eu_vat"]),
        ),
        (json!({"tax_id": " "}), json!(null)),
    ] {
        let changed = served(&bench, &token, Method::PATCH, &path, Some(&change)).await;
        assert_eq!(changed["tax_id"], expected, "{change}");
        let read = served(&bench, &token, Method::GET, &path, None).await;
        assert_eq!(read, changed);
    }
}

#[tokio::test]
async fn a_tax_id_that_cannot_be_is_refused() {
    let bench = Bench::new();
    let token = bench.organization("acme").await;
    let new = json!({"email": "a@example.com", "tax_id": "525222255"});
    let refused = bench
        .send(Method::POST, "/v1/customers/", &token, Some(&new))
        .await;
    let expected = [(json!(["body", "billing_address"]), json!("missing"))];
    assert_eq!(faults(&refused).2, expected);
    let new = json!({
        "email": "a@example.com", "tax_id": "525222255", "billing_address": {"country": "FR"},
    });
    let refused = bench
        .send(Method::POST, "/v1/customers/", &token, Some(&new))
        .await;
    assert_eq!(
        faults(&refused).2,
        [(json!(["body", "tax_id"]), json!("invalid"))]
    );
    let told = &refused.json()["detail"][0];
    assert_eq!(told["msg"], json!("Invalid tax ID."));
    assert_eq!(told["input"], json!("525222255"));
}
