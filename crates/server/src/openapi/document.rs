//! The document, put together once.

use std::sync::LazyLock;

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::components::Components;
use super::operation::Operation;
use super::{
    benefits, customer_meters, customers, errors, event_types, events, health, links, meters,
    organizations, portal, security, tokens, unions, webhooks,
};
use crate::asset::Asset;
use crate::route::Route;
use crate::routes;

const DESCRIPTION: &str = "\
Events go in, quantities that a business can bill on come out. The API is that of Polar for metering, so that Polar's clients work \
with it; what is our own is tagged `extensions`.

A request names the version of the API that it speaks in the header `Polar-Version`: 2026-04 (without the header), 2026-10 or \
2027-01. They are alike in what is served here; any other version is answered with 404.

Numbers in answers are exact and may have more digits than a double has.";

/// The document as it is sent. Made when it is first asked for, which takes some milliseconds.
pub(crate) fn document() -> &'static Asset {
    static DOCUMENT: LazyLock<Asset> = LazyLock::new(|| {
        let document = make(&routes::all());
        let bytes = serde_json::to_vec(&document).expect("JSON serialises");
        Asset::new("application/json", Bytes::from(bytes))
    });
    &DOCUMENT
}

/// The document of these routes. Those without an operation are left out.
pub(super) fn make(routes: &[Route]) -> Value {
    let mut components = Components::new();
    let operations = operations(&mut components);
    let paths = paths(routes, &operations);
    let responses = errors::responses(&mut components);
    let schemas = unions::split(components);
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Sextant",
            "summary": "Usage metering",
            "description": DESCRIPTION,
            "version": env!("CARGO_PKG_VERSION"),
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/", "description": "The server that this document comes from."}],
        "tags": tags(),
        "paths": paths,
        "webhooks": webhooks::sent(),
        "components": {
            "schemas": schemas,
            "responses": responses,
            "securitySchemes": security::schemes(),
        },
    })
}

/// All operations, in the order of the document.
pub(super) fn operations(components: &mut Components) -> Vec<Operation> {
    let mut operations = events::operations(components);
    operations.extend(meters::operations(components));
    operations.extend(customers::operations(components));
    operations.extend(customer_meters::operations(components));
    operations.extend(benefits::operations(components));
    operations.extend(event_types::operations(components));
    operations.extend(portal::operations(components));
    operations.extend(webhooks::operations(components));
    operations.extend(organizations::operations(components));
    operations.extend(tokens::operations(components));
    operations.extend(health::operations(components));
    operations
}

fn paths(routes: &[Route], operations: &[Operation]) -> Value {
    let mut paths = Map::new();
    for operation in operations {
        let Some(route) = routes.iter().find(|route| is_of(operation, route)) else {
            continue;
        };
        let path = paths
            .entry(operation.path)
            .or_insert_with(|| Value::Object(Map::new()));
        path[operation.method.as_str().to_ascii_lowercase()] = operation.describe(route);
    }
    links::add(&mut paths);
    Value::Object(paths)
}

/// Whether an operation is that of a route.
pub(super) fn is_of(operation: &Operation, route: &Route) -> bool {
    operation.method == route.method && operation.path == route.path
}

fn tags() -> Value {
    let tag = |name: &str, description: &str| json!({"name": name, "description": description});
    json!([
        tag("events", "What happened."),
        tag(
            "meters",
            "What is made of events: a filter, an aggregation, and quantities."
        ),
        tag("customers", "Whose events they are."),
        tag(
            "customer_meters",
            "What a customer used of a meter, and has left."
        ),
        tag(
            "benefits",
            "Units of a meter that customers can be granted."
        ),
        tag("benefit-grants", "Benefits in the hands of customers."),
        tag("event-types", "What events of a name are called."),
        tag("customer-sessions", "A customer's way to its own usage."),
        tag("customer_portal", "What a customer sees of itself."),
        tag("webhooks", "Being told of things as they happen."),
        tag("organizations", "Whose meters and customers they are."),
        tag("extensions", "What Polar's API does not have."),
    ])
}
