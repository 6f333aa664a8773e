//! Whether an answer is of the form that the document tells. Every test of this crate that goes through the router asks it.

use http::{Method, StatusCode};
use serde_json::Value;

use super::DOCUMENT;
use super::schemas::Document;

/// # Panics
/// When the answer has a status or a body that the document does not have for the operation; with that, whenever it says that
/// something broke in the server.
pub(crate) fn check(method: &Method, uri: &str, status: StatusCode, body: &[u8]) {
    let Some(operation) = operation(method, uri) else {
        return;
    };
    // What answers before the operation does: the version that was asked for does not exist.
    if status == StatusCode::NOT_FOUND && body == br#"{"detail":"Not Found"}"# {
        return;
    }
    let described = &operation["responses"][status.as_str()];
    assert!(
        !described.is_null(),
        "{method} {uri}: {status} is not described: {}",
        String::from_utf8_lossy(body)
    );
    let described = DOCUMENT.resolve(described);
    match described.pointer("/content/application~1json/schema") {
        Some(schema) => {
            let value: Value = serde_json::from_slice(body).expect("the answer is JSON");
            if let Err(why) = fits(&DOCUMENT, schema, &value, "$") {
                panic!("{method} {uri}: {status} {value}\nis not as described: {why}");
            }
        }
        None if described.get("content").is_some() => {}
        None => assert!(body.is_empty(), "{method} {uri}: {status} has a body"),
    }
}

fn operation(method: &Method, uri: &str) -> Option<&'static Value> {
    let path = uri.split('?').next().unwrap_or_default();
    let path = path.strip_prefix("/api").unwrap_or(path);
    let steps: Vec<&str> = path.trim_end_matches('/').split('/').collect();
    let fitting = DOCUMENT.operations().filter(|(_, pattern, _)| {
        let pattern: Vec<&str> = pattern.trim_end_matches('/').split('/').collect();
        pattern.len() == steps.len()
            && pattern
                .iter()
                .zip(&steps)
                .all(|(wanted, step)| wanted.starts_with('{') || wanted == step)
    });
    // The one with the fewest parameters is meant.
    let path = fitting
        .map(|(_, path, _)| path)
        .min_by_key(|path| path.matches('{').count())?;
    DOCUMENT.0["paths"][path].get(method.as_str().to_ascii_lowercase())
}

/// Whether a value is of a form. Stricter than JSON Schema: a key that is not described is one too many.
pub(super) fn fits(
    document: &Document,
    schema: &Value,
    value: &Value,
    at: &str,
) -> Result<(), String> {
    let schema = document.resolve(schema);
    for union in ["anyOf", "oneOf"] {
        if let Some(members) = schema.get(union).and_then(Value::as_array) {
            let tried: Vec<_> = members
                .iter()
                .map(|member| fits(document, member, value, at))
                .collect();
            if tried.iter().any(Result::is_ok) {
                return Ok(());
            }
            let why: Vec<String> = tried.into_iter().filter_map(Result::err).collect();
            return Err(format!("none of [{}]", why.join("; ")));
        }
    }
    let is_allowed = |kind: &str| match schema.get("type") {
        None => true,
        Some(Value::String(only)) => only == kind || (only == "number" && kind == "integer"),
        Some(kinds) => kinds.as_array().is_some_and(|kinds| {
            kinds
                .iter()
                .any(|other| other == kind || (other == "number" && kind == "integer"))
        }),
    };
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.to_string().contains(['.', 'e', 'E']) => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    if !is_allowed(kind) {
        return Err(format!("{at} is {kind}, not {}", schema["type"]));
    }
    if schema.get("const").is_some_and(|wanted| wanted != value) {
        return Err(format!("{at} is {value}, not {}", schema["const"]));
    }
    if let Some(Value::Array(names)) = schema.get("enum")
        && !value.is_null()
        && !names.contains(value)
    {
        return Err(format!("{at} is {value}, none of the set"));
    }
    match value {
        Value::String(text) => fits_format(schema["format"].as_str(), text, at),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                let form = schema.get("prefixItems").and_then(|forms| forms.get(index));
                if let Some(form) = form.or(schema.get("items")) {
                    fits(document, form, item, &format!("{at}[{index}]"))?;
                }
            }
            Ok(())
        }
        Value::Object(object) => {
            for name in schema["required"].as_array().into_iter().flatten() {
                let name = name.as_str().unwrap_or_default();
                if !object.contains_key(name) {
                    return Err(format!("{at}.{name} is missing"));
                }
            }
            for (name, value) in object {
                let at = format!("{at}.{name}");
                let known = schema["properties"].get(name);
                match known.or(schema.get("additionalProperties")) {
                    Some(form) => fits(document, form, value, &at)?,
                    None if schema.get("properties").is_none() => {}
                    None => return Err(format!("{at} is not described")),
                }
            }
            Ok(())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
    }
}

fn fits_format(format: Option<&str>, text: &str, at: &str) -> Result<(), String> {
    let is_sound = match format {
        Some("uuid4") => uuid::Uuid::try_parse(text).is_ok_and(crate::validate::is_version_4),
        Some("date-time") => domain::Timestamp::parse_rfc3339_fast(text).is_some(),
        _ => true,
    };
    if is_sound {
        Ok(())
    } else {
        Err(format!(
            "{at} is {text:?}, no {}",
            format.unwrap_or_default()
        ))
    }
}
