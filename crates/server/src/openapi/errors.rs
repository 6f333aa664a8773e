//! Refusals: which of them a route can give, and what they look like. They are told once, under `components/responses`.

use serde_json::{Value, json};

use super::components::Components;
use crate::auth::Access;
use crate::route::Route;

/// The refusals that a route can give, beside those of its own.
pub(super) fn of(route: &Route) -> Vec<(u16, Value)> {
    let mut errors = Vec::new();
    let mut add = |status: u16, name: &str| {
        let reference = format!("#/components/responses/{name}");
        errors.push((status, json!({"$ref": reference})));
    };
    if route.access == Access::Open {
        return errors;
    }
    add(401, "Unauthorized");
    if route.access != Access::Admin {
        add(403, "InsufficientScope");
    }
    if route.path.contains('{') {
        add(404, "NotFound");
    }
    if route.takes_body() {
        add(400, "BadRequest");
        add(408, "RequestTimeout");
        add(413, "BodyTooLarge");
    }
    add(422, "Invalid");
    add(503, "Unavailable");
    errors
}

/// Each refusal under its name.
pub(super) fn responses(components: &mut Components) -> Value {
    let error = components.reference::<api::ErrorBody>();
    let token_error = components.reference::<api::TokenErrorBody>();
    let routing = components.reference::<api::RoutingBody>();
    let validation = components.reference::<api::ValidationBody>();
    let not_found = components.reference::<api::ResourceNotFound>();
    let json = |schema: Value| json!({"application/json": {"schema": schema}});
    let text = json!({"type": "string"});
    json!({
        "BadRequest": {
            "description": "The body is not UTF-8, or ended early.",
            "content": json(json!({"anyOf": [routing, error]})),
        },
        "Unauthorized": {
            "description": "There is no token, one of the wrong kind, or one that nobody has.",
            "headers": {"WWW-Authenticate": {"description": "How to authenticate.", "schema": text}},
            "content": json(json!({"anyOf": [error, token_error]})),
        },
        "InsufficientScope": {
            "description": "The token has none of the scopes.",
            "headers": {"WWW-Authenticate": {"description": "Which scopes are wanted.", "schema": text}},
            "content": json(token_error),
        },
        "NotFound": {
            "description": "There is no such row, or it is another organization's.",
            "content": json(not_found),
        },
        "RequestTimeout": {
            "description": "The body did not come in time.",
            "content": json(error.clone()),
        },
        "BodyTooLarge": {
            "description": "The body is larger than is taken.",
            "content": json(error.clone()),
        },
        "Invalid": {
            "description": "Something in the request is not as it must be.",
            "content": json(validation),
        },
        "Unavailable": {
            "description": "Not now: too much to do, or no space. Nothing was done.",
            "headers": {"Retry-After": {
                "description": "Seconds after which to try again, where that helps.",
                "schema": {"type": "integer"},
            }},
            "content": json(error),
        },
    })
}
