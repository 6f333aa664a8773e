//! The file of all customers, over HTTP.

use super::*;

const HEADER: &str = "ID,External ID,Created At,Email,Name,Tax ID,Billing Address Line 1,Billing Address Line 2,\
                      Billing Address City,Billing Address State,Billing Address Zip,Billing Address Country,Metadata";
const PATH: &str = "/v1/customers/export";

/// The lines after the one that names the columns.
async fn lines(bench: &Bench, token: &str, query: &str) -> Vec<String> {
    let path = format!("{PATH}{query}");
    let answer = bench.send(Method::GET, &path, token, None).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    assert_eq!(
        answer.header("content-type"),
        Some("text/csv; charset=utf-8")
    );
    let disposition = Some("attachment; filename=\"polar-customers.csv\"");
    assert_eq!(answer.header("content-disposition"), disposition);
    let text = answer.text().strip_suffix("\r\n").expect("a last line");
    let mut lines = text.split("\r\n").map(str::to_owned);
    assert_eq!(lines.next().as_deref(), Some(HEADER));
    lines.collect()
}

#[tokio::test]
async fn an_export_has_a_line_for_each_customer_oldest_first() {
    let bench = Bench::new();
    let token = bench.organization("acme").await;
    let other = bench.organization("other").await;
    assert!(lines(&bench, &token, "").await.is_empty());
    let new = json!({
        "email": "ada@example.com", "external_id": "a", "name": "Lovelace, Ada", "metadata": {"plan": "pro"},
        "billing_address": {"country": "FR", "line1": "1 rue"}, "tax_id": "FR61954506077",
    });
    let ada = served(&bench, &token, Method::POST, "/v1/customers/", Some(&new)).await;
    let new = json!({"email": "bob@example.com"});
    let bob = served(&bench, &token, Method::POST, "/v1/customers/", Some(&new)).await;
    served(&bench, &other, Method::POST, "/v1/customers/", Some(&new)).await;

    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let expected = [
        format!(
            "{},a,{},ada@example.com,\"Lovelace, Ada\",FR61954506077,1 rue,,,,,FR,\"{{\"\"plan\"\":\"\"pro\"\"}}\"",
            text(&ada["id"]),
            text(&ada["created_at"])
        ),
        format!(
            "{},,{},bob@example.com,,,,,,,,,",
            text(&bob["id"]),
            text(&bob["created_at"])
        ),
    ];
    assert_eq!(lines(&bench, &token, "").await, expected);
    let own = text(&ada["organization_id"]);
    assert_eq!(
        lines(&bench, &token, &format!("?organization_id={own}")).await,
        expected
    );
    let of_another = format!("?organization_id={UNKNOWN}");
    assert!(lines(&bench, &token, &of_another).await.is_empty());
}

#[tokio::test]
async fn an_export_of_many_parts_is_whole() {
    let bench = Bench::new();
    let token = bench.organization("acme").await;
    let long = "x".repeat(490);
    let metadata: serde_json::Map<_, _> =
        (0..40).map(|n| (format!("key {n}"), json!(long))).collect();
    for n in 0..12 {
        let email = format!("{n}@example.com");
        let new = json!({"email": email, "metadata": metadata});
        served(&bench, &token, Method::POST, "/v1/customers/", Some(&new)).await;
    }
    let lines = lines(&bench, &token, "").await;
    let emails: Vec<_> = lines
        .iter()
        .filter_map(|line| line.split(',').nth(3))
        .collect();
    let expected: Vec<_> = (0..12).map(|n| format!("{n}@example.com")).collect();
    assert_eq!(emails, expected);
    assert!(lines.iter().all(|line| line.len() > 40 * 490));
}

#[tokio::test]
async fn an_export_is_for_those_who_may_read_customers() {
    let bench = Bench::new();
    bench.organization("acme").await;
    let other = bench.token_of("acme", &["meters:read"]).await;
    let refused = bench.send(Method::GET, PATH, &other, None).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let reader = bench.token_of("acme", &["customers:read"]).await;
    assert!(lines(&bench, &reader, "").await.is_empty());
    let malformed = format!("{PATH}?organization_id=x");
    let refused = bench.send(Method::GET, &malformed, &reader, None).await;
    assert_eq!(faults(&refused).0, StatusCode::UNPROCESSABLE_ENTITY);
}
