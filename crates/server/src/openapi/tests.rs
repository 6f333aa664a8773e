//! What the document says is so.

pub(crate) mod answers;
mod contract;
mod reads;
mod samples;
mod schemas;

use std::sync::LazyLock;

use http::{Method, StatusCode};
use serde_json::Value;

use self::schemas::Document;
use super::components::Components;
use super::document::{is_of, make, operations};
use crate::routes;
use crate::testing::Bench;

/// The reference page, that of the customer portal, and their parts are for people.
const PAGES: [&str; 2] = ["/docs", "/portal"];

/// Our own.
static DOCUMENT: LazyLock<Document> = LazyLock::new(|| Document(make(&routes::all())));

#[test]
fn every_route_is_described_and_nothing_else() {
    let routes = routes::all();
    let operations = operations(&mut Components::new());
    for route in &routes {
        let count = operations
            .iter()
            .filter(|operation| is_of(operation, route))
            .count();
        let is_page = PAGES.iter().any(|page| route.path.starts_with(page));
        let expected = usize::from(!is_page);
        assert_eq!(count, expected, "{route:?}");
    }
    for operation in &operations {
        assert!(
            routes.iter().any(|route| is_of(operation, route)),
            "nobody serves {operation:?}"
        );
    }
}

#[test]
fn references_lead_somewhere_and_nothing_is_left_over() {
    let mut referred = Vec::new();
    schemas::references(&DOCUMENT.0, &mut referred);
    for reference in &referred {
        assert!(DOCUMENT.at(reference).is_some(), "{reference}");
    }
    for place in ["schemas", "responses"] {
        for name in DOCUMENT.0["components"][place]
            .as_object()
            .into_iter()
            .flatten()
        {
            let reference = format!("#/components/{place}/{}", name.0);
            assert!(
                referred.contains(&reference),
                "nothing refers to {reference}"
            );
        }
    }
}

#[test]
fn operations_have_a_name_of_their_own() {
    let mut ids: Vec<&str> = DOCUMENT
        .operations()
        .map(|(_, _, operation)| operation["operationId"].as_str().expect("a name"))
        .collect();
    ids.sort_unstable();
    let count = ids.len();
    ids.dedup();
    assert_eq!(ids.len(), count);
}

#[test]
fn every_body_has_an_example_of_its_form() {
    for (method, path, operation) in DOCUMENT.operations() {
        let Some(schema) = schemas::body_of(operation) else {
            continue;
        };
        let example = schemas::example_of(operation);
        let example = example.unwrap_or_else(|| panic!("{method} {path} has no example"));
        if let Err(why) = answers::fits(&DOCUMENT, schema, example, "$") {
            panic!("the example of {method} {path}: {why}");
        }
    }
}

#[tokio::test]
async fn it_is_there_for_everyone_in_any_version() {
    let bench = Bench::new();
    for header in [("polar-version", "1999-01"), ("authorization", "Bearer x")] {
        let headers = [(header.0, header.1.to_owned())];
        let path = "/openapi.json";
        let answer = bench
            .send_raw(Method::GET, path, &headers, Vec::new())
            .await;
        assert_eq!(answer.status, StatusCode::OK);
        let document: Value = answer.json();
        assert_eq!(document["openapi"], "3.1.0");
    }
}
