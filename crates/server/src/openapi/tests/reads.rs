//! What the document says may be sent is what is read, and the other way round: a sample of each operation is sent, and what the
//! validators were asked for is held against the document.

use std::collections::{BTreeMap, BTreeSet};

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::DOCUMENT;
use super::samples::{sample, samples};
use super::schemas::{body_of, example_of};
use crate::openapi::asked::{self, Asked, Wanted};
use crate::testing::{ADMIN, Bench};

/// Read in another way than by asking for a field: what tells a union's members apart, and keys of metadata.
const READ_OTHERWISE: [&str; 3] = [
    "body.type",
    "body.events.[].metadata._cost",
    "body.events.[].metadata._llm",
];

/// Bounded where it is read otherwise: what tells aggregations apart.
const BOUNDED_OTHERWISE: [&str; 1] = [".aggregation.func"];

/// A request of an operation, and what was asked for while it was read.
struct Read {
    operation: String,
    asked: Vec<Asked>,
    faults: Vec<Value>,
}

/// Sends samples of every operation.
async fn read_all() -> Vec<Read> {
    let bench = Bench::new();
    let token = bench.organization("acme").await;
    let session = bench.session(&token, "ada").await;
    let mut reads = Vec::new();
    for (method, path, operation) in DOCUMENT.operations() {
        let schemes: Vec<&str> = (operation["security"].as_array().into_iter().flatten())
            .filter_map(|scheme| Some(scheme.as_object()?.keys().next()?.as_str()))
            .collect();
        let token = match schemes[..] {
            [] => "",
            ["customer_session", ..] => &session,
            _ if schemes.contains(&"oat") => &token,
            _ => ADMIN,
        };
        let bodies = match body_of(operation) {
            Some(schema) => samples(&DOCUMENT, schema)
                .into_iter()
                .chain(example_of(operation).cloned())
                .map(Some)
                .collect(),
            None => vec![None],
        };
        for (turn, body) in bodies.iter().enumerate() {
            let uri = uri(path, operation, turn);
            let method =
                Method::from_bytes(method.to_ascii_uppercase().as_bytes()).expect("a method");
            let request = bench.send(method.clone(), &uri, token, body.as_ref());
            let (answer, asked) = asked::during(request).await;
            let faults = if answer.status == StatusCode::UNPROCESSABLE_ENTITY
                && answer.json()["error"] == "RequestValidationError"
            {
                let faults = answer.json()["detail"].as_array().cloned();
                faults.expect("a list of faults")
            } else {
                Vec::new()
            };
            let operation = operation["operationId"]
                .as_str()
                .expect("a name")
                .to_owned();
            reads.push(Read {
                operation,
                asked,
                faults,
            });
        }
    }
    reads
}

fn uri(path: &str, operation: &Value, turn: usize) -> String {
    let mut uri = path
        .replace("{id}", "11111111-1111-4111-8111-111111111111")
        .replace("{external_id}", "x");
    let mut separator = '?';
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        let parameter = DOCUMENT.resolve(parameter);
        if parameter["in"] != "query" {
            continue;
        }
        let name = parameter["name"].as_str().expect("a name");
        let value = sample(&DOCUMENT, &parameter["schema"], turn, 0);
        let pairs: Vec<(String, &Value)> = match &value {
            Value::Array(items) => items.iter().map(|item| (name.to_owned(), item)).collect(),
            Value::Object(object) => object
                .iter()
                .map(|(key, value)| (format!("{name}[{key}]"), value))
                .filter(|(_, value)| !value.is_array())
                .collect(),
            _ if name == "filter" => continue,
            _ => vec![(name.to_owned(), &value)],
        };
        for (name, value) in pairs {
            let text = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            let pair = form_urlencoded::Serializer::new(String::new())
                .append_pair(&name, &text)
                .finish();
            uri.push(separator);
            uri.push_str(&pair);
            separator = '&';
        }
    }
    uri
}

/// Where the document has something to say: the place, with the names of a union's members left out, and what is said there.
/// `None` when it has no such place.
fn described<'a>(operation: &'a Value, place: &[String]) -> Option<(String, Vec<&'a Value>)> {
    let mut steps = place.iter();
    let mut path = vec![steps.next()?.clone()];
    let mut here = match place[0].as_str() {
        "body" => DOCUMENT.members(body_of(operation)?),
        root => {
            let name = steps.next()?;
            path.push(name.clone());
            let parameters = operation["parameters"].as_array()?.iter();
            let parameter = parameters
                .map(|parameter| DOCUMENT.resolve(parameter))
                .find(|parameter| parameter["name"] == **name && parameter["in"] == *root)?;
            DOCUMENT.members(&parameter["schema"])
        }
    };
    let steps: Vec<&String> = steps.collect();
    for (index, step) in steps.iter().enumerate() {
        let next: Vec<&Value> = here
            .iter()
            .filter_map(|schema| match step.as_str() {
                "[]" => schema.get("items"),
                name => schema["properties"]
                    .get(name)
                    .or(schema.get("additionalProperties")),
            })
            .flat_map(|schema| DOCUMENT.members(schema))
            .collect();
        if !next.is_empty() {
            path.push((*step).clone());
            here = next;
        } else if index + 1 == steps.len() && *step != "[]" && !is_member(step) {
            return None;
        }
    }
    Some((path.join("."), here))
}

/// Whether a step of a place is the name of a union's member.
fn is_member(step: &str) -> bool {
    let members = [
        "individual",
        "team",
        "count",
        "sum",
        "max",
        "min",
        "avg",
        "unique",
        "meter_credit",
        "bool",
        "uuid",
        "EventCreateCustomer",
        "EventCreateExternalCustomer",
        "Filter",
        "FilterClause",
        "CustomerSessionCustomerIDCreate",
        "CustomerSessionCustomerExternalIDCreate",
    ];
    members.contains(&step) || step.contains(['[', '-'])
}

fn operations() -> BTreeMap<&'static str, &'static Value> {
    let operations = DOCUMENT.operations();
    operations
        .map(|(_, _, operation)| {
            (
                operation["operationId"].as_str().expect("a name"),
                operation,
            )
        })
        .collect()
}

#[tokio::test]
async fn what_is_read_is_described() {
    let operations = operations();
    let mut wrong = BTreeSet::new();
    for Read {
        operation: id,
        asked,
        ..
    } in read_all().await
    {
        let operation = operations[id.as_str()];
        for Asked { place, wanted } in asked {
            // A document within a parameter has places of its own.
            if !["body", "query", "path"].contains(&place[0].as_str()) || place.len() < 2 {
                continue;
            }
            match described(operation, &place) {
                None => {
                    wrong.insert(format!(
                        "{id}: {} is read and not described",
                        place.join(".")
                    ));
                }
                Some((path, schemas)) if !schemas.iter().any(|schema| allows(schema, &wanted)) => {
                    wrong.insert(format!(
                        "{id}: {path} is read as {wanted:?}, and described as {}",
                        json!(schemas)
                    ));
                }
                Some(_) => {}
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Whether a schema says what is wanted.
fn allows(schema: &Value, wanted: &Wanted) -> bool {
    let number = |key: &str| schema[key].as_i64();
    match wanted {
        Wanted::Something => true,
        // A set of names, an address and the like are read as text first.
        Wanted::Text(0, usize::MAX) => schema["type"] == "string" || schema["type"].is_array(),
        Wanted::Text(min, max) => {
            let bound = |value: usize| u64::try_from(value).ok();
            schema["minLength"].as_u64() == bound(*min).filter(|min| *min > 0)
                && schema["maxLength"].as_u64() == bound(*max).filter(|_| *max < usize::MAX)
        }
        Wanted::Names(names) => {
            let told: BTreeSet<&str> = (schema["enum"].as_array().into_iter().flatten())
                .chain(schema.get("const"))
                .filter_map(Value::as_str)
                .collect();
            told == names.iter().map(String::as_str).collect()
        }
        Wanted::Within(min, max) => {
            let least = number("minimum").or(number("exclusiveMinimum").map(|above| above + 1));
            (least == Some(*min) || *min == i64::MIN)
                && (number("maximum") == Some(*max) || *max == i64::MAX)
        }
        Wanted::Kind("integer") => is_of_type(schema, "integer"),
        Wanted::Kind("boolean") => is_of_type(schema, "boolean"),
        Wanted::Kind(format) => schema["format"] == **format,
    }
}

fn is_of_type(schema: &Value, kind: &str) -> bool {
    match &schema["type"] {
        Value::Array(kinds) => kinds.iter().any(|other| other == kind),
        only => only == kind,
    }
}

#[tokio::test]
async fn what_is_described_is_read() {
    let operations = operations();
    let mut read: BTreeMap<String, BTreeMap<String, Vec<Wanted>>> = BTreeMap::new();
    for Read {
        operation: id,
        asked,
        ..
    } in read_all().await
    {
        let places = read.entry(id.clone()).or_default();
        for Asked { place, wanted } in asked {
            if let Some((path, _)) = described(operations[id.as_str()], &place) {
                places.entry(path).or_default().push(wanted);
            }
        }
    }
    let mut wrong = BTreeSet::new();
    for (id, operation) in operations {
        for (place, schemas) in told(operation) {
            let wanted = read[id].get(&place).map_or(&[][..], Vec::as_slice);
            if wanted.is_empty() && !READ_OTHERWISE.contains(&place.as_str()) {
                wrong.insert(format!("{id}: {place} is described and not read"));
            }
            for schema in schemas {
                if is_bounded(schema)
                    && !wanted.iter().any(|wanted| bounds(schema, wanted))
                    && !BOUNDED_OTHERWISE.iter().any(|other| place.ends_with(other))
                {
                    wrong.insert(format!("{id}: {place} is not held to {schema}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Whether a schema does not take all of its type.
fn is_bounded(schema: &Value) -> bool {
    let keys = [
        "minLength",
        "maxLength",
        "enum",
        "minimum",
        "maximum",
        "exclusiveMinimum",
    ];
    keys.iter().any(|key| schema.get(key).is_some())
}

/// Whether what is wanted has the bounds of a schema, and not just its type.
fn bounds(schema: &Value, wanted: &Wanted) -> bool {
    match wanted {
        Wanted::Something | Wanted::Kind(_) | Wanted::Text(0, usize::MAX) => false,
        Wanted::Text(..) | Wanted::Names(_) | Wanted::Within(..) => allows(schema, wanted),
    }
}

/// All parameters and fields of an operation, and the schemas that each may have.
fn told(operation: &'static Value) -> BTreeMap<String, Vec<&'static Value>> {
    let mut told = BTreeMap::new();
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        let parameter = DOCUMENT.resolve(parameter);
        if parameter["in"] == "query" {
            let place = format!("query.{}", parameter["name"].as_str().expect("a name"));
            told.insert(place, DOCUMENT.members(&parameter["schema"]));
        }
    }
    if let Some(schema) = body_of(operation) {
        fields(schema, "body", 0, &mut told);
    }
    told
}

/// The fields of a schema. Deep in it, forms come again that were seen further up.
fn fields(
    schema: &'static Value,
    at: &str,
    depth: usize,
    found: &mut BTreeMap<String, Vec<&'static Value>>,
) {
    if depth > 4 {
        return;
    }
    for schema in DOCUMENT.members(schema) {
        if let Some(items) = schema.get("items") {
            fields(items, &format!("{at}.[]"), depth + 1, found);
        }
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            let at = format!("{at}.{name}");
            fields(property, &at, depth + 1, found);
            let members = DOCUMENT.members(property);
            found.entry(at).or_default().extend(members);
        }
    }
}

/// Rules of the business may be broken by a sample, as it knows of no meter or customer; the form is sound.
#[tokio::test]
async fn samples_are_of_the_form_that_is_taken() {
    let mut wrong = BTreeSet::new();
    for Read {
        operation, faults, ..
    } in read_all().await
    {
        for fault in faults {
            // Fields that do not go together are no matter of the form.
            if fault["type"] != "value_error" && fault["type"] != "query" {
                wrong.insert(format!("{operation}: {fault}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
