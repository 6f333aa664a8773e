//! Customer sessions: who gets one, what it opens, when it ends (SEMANTICS 2.3, 2.4, 11.11).

use super::*;

const PATH: &str = "/v1/customer-sessions/";
const PORTAL: &str = "/v1/customer-portal/meters/";

async fn customer(bench: &Bench, token: &str, new: &Value) -> Value {
    let made = bench
        .send(Method::POST, "/v1/customers/", token, Some(new))
        .await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text());
    made.json()
}

async fn ada(bench: &Bench, token: &str) -> Value {
    let new = json!({"email": "ada@example.com", "external_id": "ada"});
    customer(bench, token, &new).await
}

async fn session(bench: &Bench, token: &str, new: &Value) -> Answered {
    bench.send(Method::POST, PATH, token, Some(new)).await
}

#[tokio::test]
async fn a_session_is_shown_once_with_its_token_and_the_address_of_the_portal() {
    let bench = Bench::new();
    let token = bench.organization("acme").await;
    let ada = ada(&bench, &token).await;
    let by_id = json!({"customer_id": ada["id"], "return_url": "https://Example.com"});
    let made = session(&bench, &token, &by_id).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text());
    let made = made.json();
    let secret = made["token"].as_str().expect("a token");
    let is_letter_or_digit = |byte: u8| byte.is_ascii_alphanumeric();
    let rest = secret.strip_prefix("sextant_cst_").expect("the prefix");
    assert!(rest.len() == 43 && rest.bytes().all(is_letter_or_digit));
    assert_eq!(
        made["customer_portal_url"],
        json!(format!(
            "https://usage.example.com/portal?customer_session_token={secret}"
        ))
    );
    assert_eq!(made["customer"], ada);
    assert_eq!(made["customer_id"], ada["id"]);
    assert_eq!(made["return_url"], json!("https://example.com/"));
    assert_eq!(made["modified_at"], Value::Null);
    let lives = |key: &str| made[key].as_str().expect("a time").to_owned();
    assert_eq!(&lives("created_at")[..19], "2026-03-31T23:33:20");
    assert_eq!(&lives("expires_at")[..19], "2026-04-01T00:33:20");
    let keys = made.as_object().map(serde_json::Map::len);
    assert_eq!(keys, Some(9));

    for named in ["external_customer_id", "customer_external_id"] {
        let made = session(&bench, &token, &json!({named: "ada", "return_url": null})).await;
        assert_eq!(made.status, StatusCode::CREATED, "{named}");
        assert_eq!(made.json()["customer_id"], ada["id"]);
        assert_eq!(made.json()["return_url"], Value::Null);
    }
}

#[tokio::test]
async fn whoever_is_no_customer_gets_none() {
    let bench = Bench::new();
    let (acme, other) = (
        bench.organization("acme").await,
        bench.organization("other").await,
    );
    let ada = ada(&bench, &acme).await;
    let check = async |token: &str, new: Value, key: &str| {
        let refused = session(&bench, token, &new).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        let expected = json!({
            "error": "PolarRequestValidationError",
            "detail": [{
                "type": "value_error", "loc": ["body", key], "msg": "Customer does not exist.",
                "input": new[key],
            }],
        });
        assert_eq!(refused.json(), expected);
    };
    check(&acme, json!({"customer_id": UNKNOWN}), "customer_id").await;
    let external = json!({"external_customer_id": "nobody"});
    check(&acme, external, "external_customer_id").await;
    // Another organization's.
    check(&other, json!({"customer_id": ada["id"]}), "customer_id").await;
    let external = json!({"external_customer_id": "ada"});
    check(&other, external, "external_customer_id").await;
}

#[tokio::test]
async fn what_is_no_session_to_be_made_is_refused_in_both_forms() {
    let bench = Bench::new();
    let token = bench.organization("acme").await;
    let refused = session(&bench, &token, &json!({"return_url": "ftp://x"})).await;
    let (status, error, places) = faults(&refused);
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(error, json!("RequestValidationError"));
    let at = |form: &str, key: &str| json!(["body", form, key]);
    let by_id = "CustomerSessionCustomerIDCreate";
    let by_external_id = "CustomerSessionCustomerExternalIDCreate";
    assert_eq!(
        places,
        [
            (at(by_id, "return_url"), json!("url_scheme")),
            (at(by_id, "customer_id"), json!("missing")),
            (at(by_external_id, "return_url"), json!("url_scheme")),
            (at(by_external_id, "external_customer_id"), json!("missing")),
        ]
    );
}

#[tokio::test]
async fn a_teams_member_may_be_named_if_it_is_one() {
    let bench = Bench::new();
    let token = bench.organization("acme").await;
    let owner = json!({"email": "eve@example.com", "name": "Eve", "external_id": "eve"});
    let team = json!({"type": "team", "external_id": "crew", "owner": owner});
    customer(&bench, &token, &team).await;
    ada(&bench, &token).await;
    let named = json!({"external_customer_id": "crew", "external_member_id": "eve"});
    let made = session(&bench, &token, &named).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text());
    let wrong = json!({
        "external_customer_id": "ada", "external_member_id": "eve", "member_id": UNKNOWN,
    });
    let refused = session(&bench, &token, &wrong).await;
    let expected = |key: &str| {
        json!({
            "type": "value_error", "loc": ["body", key], "msg": "Member does not exist.",
            "input": wrong[key],
        })
    };
    assert_eq!(
        refused.json()["detail"],
        json!([expected("member_id"), expected("external_member_id")])
    );
}

#[tokio::test]
async fn each_kind_of_token_opens_its_own_operations_and_is_like_none_elsewhere() {
    let bench = Bench::new();
    let token = bench.organization("acme").await;
    let secret = bench.session(&token, "ada").await;
    let opened = bench.send(Method::GET, PORTAL, &secret, None).await;
    assert_eq!(opened.status, StatusCode::OK);
    let unauthorized = json!({"error": "Unauthorized", "detail": "Unauthorized"});
    for (path, token) in [
        (PORTAL, token.as_str()),
        (PORTAL, ADMIN),
        (PORTAL, ""),
        ("/v1/meters/", &secret),
        ("/v1/customers/", &secret),
        ("/v1/organizations/", &secret),
        ("/v1/organization-access-tokens/", &secret),
    ] {
        let refused = bench.send(Method::GET, path, token, None).await;
        assert_eq!(
            (refused.status, refused.json()),
            (StatusCode::UNAUTHORIZED, unauthorized.clone()),
            "{path}"
        );
        let realm = refused.header("www-authenticate");
        assert_eq!(realm, Some("Bearer realm=\"polar\""), "{path}");
    }
    let few = bench.token_of("acme", &["customers:write"]).await;
    let refused = session(&bench, &few, &json!({})).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_session_ends_with_its_customer() {
    let bench = Bench::new();
    let token = bench.organization("acme").await;
    let (first, other) = (
        bench.session(&token, "ada").await,
        bench.session(&token, "bob").await,
    );
    let second = bench.session_of(&token, "ada").await;
    let path = "/v1/customers/external/ada";
    let deleted = bench.send(Method::DELETE, path, &token, None).await;
    assert_eq!(deleted.status, StatusCode::NO_CONTENT);
    for secret in [&first, &second] {
        let refused = bench.send(Method::GET, PORTAL, secret, None).await;
        assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
        assert_eq!(refused.json()["error"], json!("invalid_token"));
    }
    let opened = bench.send(Method::GET, PORTAL, &other, None).await;
    assert_eq!(opened.status, StatusCode::OK);
}
