//! The operations, over a service in this process.

mod benefit_grants;
mod benefits;
mod customer_meters;
mod customer_portal;
mod customer_sessions;
mod customers;
mod event_types;
mod events;
mod meters;
mod organizations;

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::testing::{ADMIN, Answered, Bench};

const UNKNOWN: &str = "11111111-1111-4111-8111-111111111111";

/// A meter over all events named `call`.
fn meter(aggregation: &Value) -> Value {
    json!({
        "name": "Calls",
        "filter": {"conjunction": "and", "clauses": [{"property": "name", "operator": "eq", "value": "call"}]},
        "aggregation": aggregation,
    })
}

fn event(key: &str, amount: f64) -> Value {
    json!({
        "name": "call", "external_customer_id": "c", "external_id": key, "timestamp": "2026-03-01T10:00:00Z",
        "metadata": {"amount": amount},
    })
}

/// The places and types of the faults of an answer, and its name.
fn faults(answer: &Answered) -> (StatusCode, Value, Vec<(Value, Value)>) {
    let body = answer.json();
    let items = body["detail"].as_array().cloned().unwrap_or_default();
    let faults = items
        .into_iter()
        .map(|item| (item["loc"].clone(), item["type"].clone()));
    (answer.status, body["error"].clone(), faults.collect())
}
