//! Who may ask, as the document tells it.

use domain::Scope;
use serde_json::{Value, json};

use crate::auth::Access;

/// The security requirement of a route.
pub(super) fn of(access: Access) -> Value {
    match access {
        Access::Open => json!([]),
        Access::Customer => {
            json!([{"customer_session": ["customer_portal:read", "customer_portal:write"]}])
        }
        Access::Organization(scopes) => json!([{"oat": names(scopes)}]),
        Access::Admin => json!([{"admin": []}]),
        Access::AdminOrOrganization(scopes) => json!([{"oat": names(scopes)}, {"admin": []}]),
    }
}

/// One of them is enough.
fn names(scopes: &[Scope]) -> Vec<&'static str> {
    scopes.iter().map(|scope| scope.as_str()).collect()
}

/// The kinds of tokens.
pub(super) fn schemes() -> Value {
    let token =
        |description: &str| json!({"type": "http", "scheme": "bearer", "description": description});
    json!({
        "oat": token(
            "An organization access token: it stands for one organization. Of the scopes that an operation names, one is enough.",
        ),
        "admin": token(
            "The administrator's token, which the server is started with. It manages organizations and their tokens, and \
             nothing else.",
        ),
        "customer_session": token(
            "The token of a customer session: a customer's own view of what it used. Made by `customer-sessions:create`.",
        ),
    })
}
