//! Health, and the document itself.

use api::Health;
use http::StatusCode;
use serde_json::json;

use super::components::Components;
use super::operation::{Operation, under};

pub(super) fn operations(components: &mut Components) -> Vec<Operation> {
    let health = components.reference::<Health>();
    let live = Operation::get("/healthz", "health:get", "Whether the server is well")
        .ok(health.clone())
        .answers(
            StatusCode::SERVICE_UNAVAILABLE,
            "No events are taken in until a restart.",
            "application/json",
            Some(health),
        );
    let document = Operation::get("/openapi.json", "openapi:get", "This document")
        .ok(json!({"type": "object"}));
    under("extensions", vec![live, document])
}
