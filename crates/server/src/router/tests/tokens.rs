//! Who may ask what, for every operation of the table (SEMANTICS 2.1, 2.2, 18.1.1, 18.4.1, 18.5.1, 18.6.1).

use http::{Method, StatusCode};
use serde_json::json;

use crate::auth::Access;
use crate::routes;
use crate::testing::{Answered, Bench};

/// An operation asked for a thing that is not there, and whom it is for.
struct Operation {
    method: Method,
    path: String,
    access: Access,
}

impl Operation {
    /// All of the table that not everyone may ask.
    fn all() -> Vec<Self> {
        let operations: Vec<Self> = (routes::all().into_iter())
            .filter(|route| !matches!(route.access, Access::Open))
            .map(|route| Self {
                path: route
                    .path
                    .replace("{id}", "11111111-1111-4111-8111-111111111111")
                    .replace("{external_id}", "nobody"),
                method: route.method,
                access: route.access,
            })
            .collect();
        for path in ["/v1/meters/", "/v1/events/ingest", "/v1/customer-meters/"] {
            assert!(operations.iter().any(|it| it.path == path), "{path}");
        }
        operations
    }

    fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    async fn ask(&self, bench: &Bench, token: &str, body: &str) -> Answered {
        let mut headers = vec![("content-type", "application/json".to_owned())];
        if !token.is_empty() {
            headers.push(("authorization", format!("Bearer {token}")));
        }
        let (method, body) = (self.method.clone(), body.as_bytes().to_vec());
        bench.send_raw(method, &self.path, &headers, body).await
    }
}

#[tokio::test]
async fn no_operation_is_for_those_without_a_token_whatever_they_send() {
    let bench = Bench::new();
    bench.organization("acme").await;
    for operation in Operation::all() {
        for body in ["{}", r#"{"events":[]}"#] {
            let answer = operation.ask(&bench, "", body).await;
            assert_eq!(
                (answer.status, answer.json()),
                (
                    StatusCode::UNAUTHORIZED,
                    json!({"error": "Unauthorized", "detail": "Unauthorized"})
                ),
                "{}",
                operation.name()
            );
        }
    }
}

#[tokio::test]
async fn an_operation_of_an_organization_needs_one_of_its_scopes() {
    let bench = Bench::new();
    bench.organization("acme").await;
    let mut asked = 0;
    for operation in Operation::all() {
        let (Access::Organization(scopes) | Access::AdminOrOrganization(scopes)) = operation.access
        else {
            continue;
        };
        let name = operation.name();
        let others: Vec<&str> = (domain::Scope::ALL.iter())
            .filter(|scope| !scopes.contains(scope))
            .map(|scope| scope.as_str())
            .collect();
        let token = bench.token_of("acme", &others).await;
        let answer = operation.ask(&bench, &token, "{}").await;
        assert_eq!(
            (answer.status, &answer.json()["error"]),
            (StatusCode::FORBIDDEN, &json!("insufficient_scope")),
            "{name}"
        );
        for scope in scopes {
            let token = bench.token_of("acme", &[scope.as_str()]).await;
            let answer = operation.ask(&bench, &token, "{}").await;
            let refused = [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN];
            assert!(!refused.contains(&answer.status), "{name} {scope:?}");
        }
        asked += 1;
    }
    assert!(asked > 20, "the table is whole");
}
