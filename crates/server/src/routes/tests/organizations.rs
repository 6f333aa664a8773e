//! Organizations and tokens.

use super::*;

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

#[tokio::test]
async fn an_organization_keeps_what_it_says_of_itself() {
    let bench = Bench::new();
    let token = bench.organization("acme").await;
    let listed = bench
        .send(Method::GET, "/v1/organizations/", &token, None)
        .await;
    let before = listed.json()["items"][0].clone();
    let path = format!(
        "/v1/organizations/{}",
        before["id"].as_str().expect("an id")
    );
    let change = async |body: Value| {
        let changed = bench.send(Method::PATCH, &path, &token, Some(&body)).await;
        assert_eq!(changed.status, StatusCode::OK, "{}", changed.text());
        changed.json()
    };
    assert_eq!(change(json!({"name": null, "socials": null})).await, before);
    assert_eq!(before["modified_at"], Value::Null);

    let subscriptions = json!({
        "allow_multiple_subscriptions": true, "proration_behavior": "next_period",
        "benefit_revocation_grace_period": 3, "prevent_trial_abuse": true, "allow_customer_updates": true,
    });
    let said = json!({
        "name": "Acme 2", "website": "https://acme.example/", "email": "hello@acme.example", "country": "FR",
        "socials": [{"platform": "github", "url": "https://github.com/acme"}],
        "embed_hosts": ["*.acme.example"], "default_presentment_currency": "eur",
        "default_tax_behavior": "inclusive", "subscription_settings": subscriptions,
        "dispute_settings": {"auto_accept_below_amount": 500},
    });
    let changed = change(said.clone()).await;
    for (key, value) in said.as_object().expect("an object") {
        assert_eq!(&changed[key], value, "{key}");
    }
    assert_eq!(changed["proration_behavior"], json!("next_period"));
    assert_eq!(changed["allow_customer_updates"], json!(true));
    assert_ne!(changed["modified_at"], Value::Null);
    let features = change(json!({"feature_settings": {"member_model_enabled": true}})).await;
    assert_eq!(
        features["feature_settings"]["member_model_enabled"],
        json!(true)
    );
    let emptied = change(json!({"website": null, "details": {"switching": true}})).await;
    assert_eq!(emptied["website"], Value::Null);
    assert_eq!(emptied["country"], json!("FR"));
    let found = bench.send(Method::GET, &path, &token, None).await;
    assert_eq!(found.json(), emptied);

    let wrong = json!({"name": "ok name", "country": "XX", "avatar_url": "/x"});
    let refused = bench.send(Method::PATCH, &path, &token, Some(&wrong)).await;
    let (status, _, places) = faults(&refused);
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(
        places,
        [
            (json!(["body", "avatar_url"]), json!("url_parsing")),
            (json!(["body", "country"]), json!("enum")),
        ]
    );
    let found = bench.send(Method::GET, &path, &token, None).await;
    assert_eq!(found.json(), emptied, "all or nothing");
}

#[tokio::test]
async fn organizations_are_listed_in_the_order_asked_for() {
    let bench = Bench::new();
    for slug in ["beta", "alpha", "gamma"] {
        bench.organization(slug).await;
    }
    let slugs = async |query: &str| {
        let path = format!("/v1/organizations/{query}");
        let listed = bench.send(Method::GET, &path, ADMIN, None).await;
        assert_eq!(listed.status, StatusCode::OK, "{}", listed.text());
        let listed = listed.json();
        let items = listed["items"].as_array().expect("items");
        let slug = |item: &Value| item["slug"].as_str().expect("a slug").to_owned();
        items.iter().map(slug).collect::<Vec<_>>()
    };
    assert_eq!(slugs("").await, ["beta", "alpha", "gamma"]);
    assert_eq!(
        slugs("?sorting=-created_at").await,
        ["gamma", "alpha", "beta"]
    );
    assert_eq!(slugs("?sorting=slug").await, ["alpha", "beta", "gamma"]);
    assert_eq!(slugs("?sorting=-name").await, ["gamma", "beta", "alpha"]);
    // Nothing is reviewed here, so that all are alike.
    assert_eq!(
        slugs("?sorting=days_in_status&sorting=slug").await,
        ["alpha", "beta", "gamma"]
    );
    assert_eq!(slugs("?slug=alpha").await, ["alpha"]);
    assert_eq!(slugs("?slug=nobody").await, [""; 0]);
    let path = "/v1/organizations/?sorting=email";
    let refused = bench.send(Method::GET, path, ADMIN, None).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
}
