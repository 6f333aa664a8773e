//! Schemas in a form that can be compared, and where two of them part.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::Differences;

/// Reports where two schemas part, either of which may be missing.
pub(super) fn compare(
    theirs: Option<&Value>,
    ours: Option<&Value>,
    place: &str,
    differences: &mut Differences,
) {
    match (theirs, ours) {
        (None, None) => {}
        (Some(_), None) => differences.add("only in the contract", place),
        (None, Some(_)) => differences.add("only here", place),
        (Some(theirs), Some(ours)) => differ(&plain(theirs), &plain(ours), place, differences),
    }
}

/// A schema in one of the forms that say the same: no prose, unions flat and in order.
fn plain(schema: &Value) -> Value {
    let Value::Object(object) = schema else {
        return schema.clone();
    };
    if let Some(Value::String(reference)) = object.get("$ref") {
        let name = reference.rsplit('/').next().unwrap_or_default();
        return json!({"$ref": name});
    }
    let each = plain;
    let mut plain = Map::new();
    let mut members = Vec::new();
    for (key, value) in object {
        let value = match key.as_str() {
            "title" | "description" | "examples" | "example" | "discriminator" => continue,
            key if key.starts_with("x-") => continue,
            "anyOf" | "oneOf" => {
                for member in value.as_array().into_iter().flatten().map(each) {
                    match member.get("anyOf").and_then(Value::as_array) {
                        Some(inner) => members.extend(inner.iter().cloned()),
                        None => members.push(member),
                    }
                }
                continue;
            }
            "properties" => {
                let properties = value.as_object().into_iter().flatten();
                properties
                    .map(|(name, property)| (name.clone(), each(property)))
                    .collect()
            }
            "items" | "additionalProperties" => each(value),
            "prefixItems" => value.as_array().into_iter().flatten().map(each).collect(),
            "const" => {
                plain.insert("enum".to_owned(), json!([value]));
                continue;
            }
            "enum" | "required" => {
                let mut names = value.as_array().cloned().unwrap_or_default();
                names.retain(|name| !name.is_null());
                names.sort_by_key(Value::to_string);
                Value::Array(names)
            }
            "exclusiveMinimum" => {
                let above = whole(value).as_i64().expect("a whole number");
                plain.insert("minimum".to_owned(), json!(above + 1));
                continue;
            }
            // Told with `exclusiveMinimum`, which says more.
            "minimum" if object.contains_key("exclusiveMinimum") => continue,
            _ => whole(value),
        };
        plain.insert(key.clone(), value);
    }
    if let Some(Value::Array(kinds)) = plain.get("type").cloned() {
        let outside = ["default", "deprecated"];
        let outside = outside.map(|key| plain.remove(key).map(|value| (key.to_owned(), value)));
        for kind in kinds {
            let mut member = if kind == "null" {
                Map::new()
            } else {
                plain.clone()
            };
            member.insert("type".to_owned(), kind);
            members.push(Value::Object(member));
        }
        plain.clear();
        plain.extend(outside.into_iter().flatten());
    }
    members.sort_by_key(Value::to_string);
    members.dedup();
    match members.len() {
        0 => {}
        1 => return members.remove(0),
        _ => {
            plain.insert("anyOf".to_owned(), Value::Array(members));
        }
    }
    Value::Object(plain)
}

/// A number without the point that some writers put behind whole ones.
fn whole(value: &Value) -> Value {
    let digits = match value {
        Value::Number(number) => number.to_string(),
        _ => return value.clone(),
    };
    match digits.trim_end_matches(".0").parse::<i64>() {
        Ok(number) => json!(number),
        Err(_) => value.clone(),
    }
}

/// Reports where two plain schemas part.
fn differ(theirs: &Value, ours: &Value, place: &str, differences: &mut Differences) {
    let (Value::Object(theirs), Value::Object(ours)) = (theirs, ours) else {
        if theirs != ours {
            differences.add(
                format!("form: {} for {}", short(ours), short(theirs)),
                place,
            );
        }
        return;
    };
    let (kind, other_kind) = (kind(theirs), kind(ours));
    if kind != other_kind {
        differences.add(format!("form: {other_kind} for {kind}"), place);
        return;
    }
    let keys: BTreeSet<&String> = theirs.keys().chain(ours.keys()).collect();
    for key in keys {
        match (key.as_str(), theirs.get(key), ours.get(key)) {
            (_, one, other) if one == other => {}
            ("properties", Some(Value::Object(theirs)), Some(Value::Object(ours))) => {
                differ_in_fields(theirs, ours, place, differences);
            }
            ("required", theirs, ours) => differ_in_needs(theirs, ours, place, differences),
            ("items" | "additionalProperties", Some(theirs), Some(ours)) => {
                differ(theirs, ours, &format!("{place}[]"), differences);
            }
            ("anyOf" | "enum", Some(Value::Array(theirs)), Some(Value::Array(ours))) => {
                differ_in_members(theirs, ours, place, differences);
            }
            (key, theirs, ours) => {
                let told = |value: Option<&Value>| value.map_or("nothing".to_owned(), short);
                let what = format!("{key}: {} for {}", told(ours), told(theirs));
                differences.add(what, place);
            }
        }
    }
}

/// What a schema is, in short.
fn kind(schema: &Map<String, Value>) -> String {
    match (schema.get("$ref"), schema.get("type")) {
        (Some(name), _) | (None, Some(name)) => short(name),
        (None, None) if schema.contains_key("anyOf") => "a union".to_owned(),
        (None, None) => "anything".to_owned(),
    }
}

fn differ_in_fields(
    theirs: &Map<String, Value>,
    ours: &Map<String, Value>,
    place: &str,
    differences: &mut Differences,
) {
    for (name, schema) in theirs {
        let place = format!("{place}.{name}");
        match ours.get(name) {
            Some(other) => differ(schema, other, &place, differences),
            None => differences.add("field: only in the contract", place),
        }
    }
    for name in ours.keys().filter(|name| !theirs.contains_key(*name)) {
        differences.add("field: only here", format!("{place}.{name}"));
    }
}

fn differ_in_needs(
    theirs: Option<&Value>,
    ours: Option<&Value>,
    place: &str,
    differences: &mut Differences,
) {
    let names = |list: Option<&Value>| -> BTreeSet<String> {
        let names = list.and_then(Value::as_array).into_iter().flatten();
        names.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let (theirs, ours) = (names(theirs), names(ours));
    for name in ours.difference(&theirs) {
        differences.add("required: only here", format!("{place}.{name}"));
    }
    for name in theirs.difference(&ours) {
        differences.add("required: only in the contract", format!("{place}.{name}"));
    }
}

fn differ_in_members(theirs: &[Value], ours: &[Value], place: &str, differences: &mut Differences) {
    for member in theirs.iter().filter(|member| !ours.contains(member)) {
        // Which they are, stands in the list of schemas that are only in the contract.
        if member.get("$ref").is_some() {
            differences.add("union: not all members of the contract", place);
        } else {
            let what = format!("union: only in the contract: {}", short(member));
            differences.add(what, place);
        }
    }
    for member in ours.iter().filter(|member| !theirs.contains(member)) {
        differences.add(format!("union: only here: {}", short(member)), place);
    }
}

fn short(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    match text.char_indices().nth(100) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
