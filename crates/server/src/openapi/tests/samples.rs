//! Values that a schema allows.

use serde_json::{Map, Number, Value, json};

use super::schemas::Document;

/// A filter may hold a filter; a sample ends somewhere.
const DEPTH_MAX: usize = 6;

/// So many samples, which together take each member of each union. Every field is there.
pub(super) fn samples(document: &Document, schema: &Value) -> Vec<Value> {
    let members = document.members(schema).len().max(4);
    (0..members)
        .map(|turn| sample(document, schema, turn, 0))
        .collect()
}

/// The sample of this turn.
pub(super) fn sample(document: &Document, schema: &Value, turn: usize, depth: usize) -> Value {
    let members = document.members(schema);
    let mut members: Vec<&&Value> = members.iter().collect();
    // Null is a value too, but one that leaves nothing to look at.
    if members.len() > 1 {
        members.retain(|member| member["type"] != "null");
    }
    let Some(schema) = members.get(turn % members.len().max(1)) else {
        return json!("x");
    };
    if let Some(value) = schema.get("const") {
        return value.clone();
    }
    if let Some(Value::Array(values)) = schema.get("enum") {
        return values[turn % values.len()].clone();
    }
    match schema["type"].as_str() {
        Some("object") => object(document, schema, turn, depth),
        Some("array") if depth > DEPTH_MAX => json!([]),
        Some("array") => {
            let items =
                (0..2).map(|index| sample(document, &schema["items"], turn + index, depth + 1));
            Value::Array(items.collect())
        }
        Some("string") => json!(text(schema)),
        Some("integer" | "number") => number(schema),
        Some("boolean") => json!(true),
        _ => match &schema["type"] {
            Value::Array(kinds) => {
                let mut narrowed = (**schema).clone();
                narrowed["type"] = kinds[0].clone();
                sample(document, &narrowed, turn, depth)
            }
            _ => Value::Null,
        },
    }
}

fn object(document: &Document, schema: &Value, turn: usize, depth: usize) -> Value {
    let mut object = Map::new();
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        object.insert(name.clone(), sample(document, property, turn, depth + 1));
    }
    if let Some(others @ Value::Object(_)) = schema.get("additionalProperties") {
        object.insert("key".to_owned(), sample(document, others, turn, depth + 1));
    }
    Value::Object(object)
}

fn text(schema: &Value) -> String {
    match schema["format"].as_str() {
        Some("uuid4" | "uuid") => return "11111111-1111-4111-8111-111111111111".to_owned(),
        Some("date-time") => return "2026-03-01T00:00:00Z".to_owned(),
        Some("duration") => return "P1D".to_owned(),
        Some("email") => return "someone@example.com".to_owned(),
        Some("uri") => return "https://example.com/".to_owned(),
        _ => {}
    }
    match schema["pattern"].as_str() {
        None | Some("^[a-zA-Z0-9_.]+$" | "^[a-z0-9-]+$") => {}
        Some("usd") => return "usd".to_owned(),
        Some(_) => return "1.5".to_owned(),
    }
    "x".repeat(usize::try_from(schema["minLength"].as_u64().unwrap_or(1)).expect("a short text"))
}

fn number(schema: &Value) -> Value {
    let least = schema["minimum"].as_i64().unwrap_or(1);
    let above = schema["exclusiveMinimum"].as_i64().unwrap_or(0);
    Value::Number(Number::from(least.max(above + 1)))
}
