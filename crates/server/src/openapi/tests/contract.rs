//! Our document against the contract: all that is said otherwise stands in a file that is reviewed.

mod form;
mod operations;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;

use serde_json::{Map, Value};

use self::form::compare;
use super::DOCUMENT;
use super::schemas::{Document, body_of};

/// Set to write the file anew.
const UPDATE: &str = "UPDATE_DIFFERENCES";

fn file(name: &str) -> PathBuf {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.join("tests/contract").join(name)
}

#[test]
fn differences_from_the_contract_are_those_that_are_known() {
    let contract = std::fs::read(file("openapi.json")).expect("the contract is there");
    let contract = Document(serde_json::from_slice(&contract).expect("JSON"));
    let mut differences = Differences::default();
    operations::compare_all(&contract, &mut differences);
    compare_webhooks(&contract, &mut differences);
    compare_schemas(&contract, &mut differences);
    let found = differences.to_text();
    let path = file("differences.txt");
    if std::env::var_os(UPDATE).is_some() {
        std::fs::write(&path, &found).expect("writes");
    }
    let known = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == known,
        "the differences from the contract are others than in {}:\n{found}\n{UPDATE}=1 accepts them",
        path.display()
    );
}

/// A difference that nobody can give a reason for is a fault.
#[test]
fn each_group_of_differences_has_its_reason_in_the_documentation() {
    let known = std::fs::read_to_string(file("differences.txt")).expect("the file is there");
    let reasons = std::fs::read_to_string(file("../../docs/conformance.md"));
    let reasons = reasons.expect("the documentation is there");
    for group in known.lines().filter(|line| !line.starts_with(' ')) {
        assert!(reasons.contains(&format!("`{group}`")), "{group}");
    }
}

/// What is said otherwise, and where.
#[derive(Default)]
struct Differences(BTreeMap<String, BTreeSet<String>>);

impl Differences {
    fn add(&mut self, what: impl Into<String>, place: impl Into<String>) {
        self.0.entry(what.into()).or_default().insert(place.into());
    }

    fn add_all(&mut self, others: Self) {
        for (what, places) in others.0 {
            self.0.entry(what).or_default().extend(places);
        }
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn to_text(&self) -> String {
        let mut text = String::new();
        for (what, places) in &self.0 {
            writeln!(text, "{what}").expect("memory");
            for place in places {
                writeln!(text, "    {place}").expect("memory");
            }
        }
        text
    }
}

/// What stands at a place of the document by name.
fn named(document: &Document, place: &str) -> Map<String, Value> {
    let named = document.0.pointer(place).and_then(Value::as_object);
    named.cloned().unwrap_or_default()
}

fn compare_webhooks(contract: &Document, differences: &mut Differences) {
    let place = "/webhooks";
    let (theirs, ours) = (named(contract, place), named(&DOCUMENT, place));
    for (name, webhook) in &theirs {
        let body = body_of(&webhook["post"]);
        let other = ours.get(name).and_then(|other| body_of(&other["post"]));
        compare(body, other, &format!("webhook {name}"), differences);
    }
    for name in ours.keys().filter(|name| !theirs.contains_key(*name)) {
        differences.add("webhook: only here", name);
    }
}

fn compare_schemas(contract: &Document, differences: &mut Differences) {
    let place = "/components/schemas";
    let (theirs, ours) = (named(contract, place), named(&DOCUMENT, place));
    for (name, schema) in &theirs {
        match ours.get(name) {
            Some(other) => compare(Some(schema), Some(other), name, differences),
            None => differences.add("schema: only in the contract", name),
        }
    }
    for name in ours.keys().filter(|name| !theirs.contains_key(*name)) {
        differences.add("schema: only here", name);
    }
}
