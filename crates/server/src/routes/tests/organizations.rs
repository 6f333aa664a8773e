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
