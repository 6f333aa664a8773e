//! Our document against the contract: all that is said otherwise stands in a file that is reviewed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;

use serde_json::{Map, Value, json};

use super::DOCUMENT;
use super::schemas::Document;

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
    compare_operations(&contract, &mut differences);
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

/// What is said otherwise, and where.
#[derive(Default)]
struct Differences(BTreeMap<String, BTreeSet<String>>);

impl Differences {
    fn add(&mut self, what: impl Into<String>, place: impl Into<String>) {
        self.0.entry(what.into()).or_default().insert(place.into());
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

fn by_id(document: &Document) -> BTreeMap<&str, (&str, &str, &Value)> {
    let operations = document.operations();
    operations
        .map(|operation| {
            (
                operation.2["operationId"].as_str().expect("a name"),
                operation,
            )
        })
        .collect()
}

fn compare_operations(contract: &Document, differences: &mut Differences) {
    let (theirs, ours) = (by_id(contract), by_id(&DOCUMENT));
    let comparison = Comparison::new(contract);
    for id in ours.keys().filter(|id| !theirs.contains_key(*id)) {
        differences.add("operation: only here", *id);
    }
    let mut statuses: BTreeMap<(String, String), BTreeSet<&str>> = BTreeMap::new();
    for (id, (method, path, theirs)) in &theirs {
        let Some((our_method, our_path, ours)) = ours.get(id) else {
            differences.add("operation: only in the contract", *id);
            continue;
        };
        if (method, path) != (our_method, our_path) {
            differences.add(format!("operation: {our_method} {our_path}"), *id);
        }
        comparison.tags(theirs, ours, id, differences);
        comparison.security(theirs, ours, id, differences);
        comparison.parameters(theirs, ours, id, differences);
        let bodies = (contract.body(theirs), DOCUMENT.body(ours));
        comparison.schemas(bodies.0, bodies.1, &format!("{id}: body"), differences);
        comparison.responses(theirs, ours, id, &mut statuses, differences);
    }
    for (what, ids) in statuses {
        let what = format!("answer: {} {}", what.0, what.1);
        let with_body: BTreeSet<&str> = (ours.iter())
            .filter(|(id, (method, _, _))| {
                theirs.contains_key(*id) && ["post", "patch"].contains(method)
            })
            .map(|(id, _)| *id)
            .collect();
        if ids.len() == theirs.len() {
            differences.add(what, "every operation");
        } else if ids == with_body {
            differences.add(what, "every POST and PATCH");
        } else if ids.len() > theirs.len() / 2 {
            for id in theirs.keys().filter(|id| !ids.contains(*id)) {
                differences.add(what.clone(), format!("every operation but {id}"));
            }
        } else {
            ids.into_iter()
                .for_each(|id| differences.add(what.clone(), id));
        }
    }
}

fn compare_webhooks(contract: &Document, differences: &mut Differences) {
    let comparison = Comparison::new(contract);
    let sent = |document: &Document| {
        document.0["webhooks"]
            .as_object()
            .cloned()
            .unwrap_or_default()
    };
    let (theirs, ours) = (sent(contract), sent(&DOCUMENT));
    for name in ours.keys().filter(|name| !theirs.contains_key(*name)) {
        differences.add("webhook: only here", name);
    }
    for (name, webhook) in &theirs {
        let body = |document: &Document, webhook: &Value| document.body(&webhook["post"]).cloned();
        let other = ours.get(name).and_then(|other| body(&DOCUMENT, other));
        let place = format!("webhook {name}");
        let body = body(contract, webhook);
        comparison.schemas(body.as_ref(), other.as_ref(), &place, differences);
    }
}

fn compare_schemas(contract: &Document, differences: &mut Differences) {
    let comparison = Comparison::new(contract);
    for (name, schema) in &comparison.theirs {
        match comparison.ours.get(name) {
            Some(other) => comparison.schemas(Some(schema), Some(other), name, differences),
            None => differences.add("schema: only in the contract", name),
        }
    }
    for name in comparison
        .ours
        .keys()
        .filter(|name| !comparison.theirs.contains_key(*name))
    {
        differences.add("schema: only here", name);
    }
}

struct Comparison<'a> {
    contract: &'a Document,
    theirs: Map<String, Value>,
    ours: Map<String, Value>,
}

impl<'a> Comparison<'a> {
    fn new(contract: &'a Document) -> Self {
        let schemas = |document: &Document| {
            let schemas = document.0["components"]["schemas"].as_object();
            schemas.expect("schemas").clone()
        };
        Self {
            contract,
            theirs: schemas(contract),
            ours: schemas(&DOCUMENT),
        }
    }

    fn tags(&self, theirs: &Value, ours: &Value, id: &str, differences: &mut Differences) {
        let own = |operation: &Value| -> BTreeSet<String> {
            let tags = operation["tags"].as_array().into_iter().flatten();
            tags.filter_map(Value::as_str).map(str::to_owned).collect()
        };
        let mut theirs = own(theirs);
        theirs.remove("public");
        if theirs != own(ours) {
            differences.add(format!("tags: {:?} for {theirs:?}", own(ours)), id);
        }
    }

    /// Kinds of tokens that are not here, and ours that are not there, are told once; the scopes of those in both each time.
    fn security(&self, theirs: &Value, ours: &Value, id: &str, differences: &mut Differences) {
        let schemes = |operation: &Value| -> BTreeMap<String, BTreeSet<String>> {
            let schemes = operation["security"].as_array().into_iter().flatten();
            let schemes = schemes.filter_map(|scheme| scheme.as_object()?.iter().next());
            let names = |scopes: &Value| -> BTreeSet<String> {
                let scopes = scopes.as_array().into_iter().flatten();
                scopes
                    .filter_map(Value::as_str)
                    .map(str::to_owned)
                    .collect()
            };
            schemes
                .map(|(name, scopes)| (name.clone(), names(scopes)))
                .collect()
        };
        let (theirs, ours) = (schemes(theirs), schemes(ours));
        for scheme in theirs.keys().filter(|scheme| !ours.contains_key(*scheme)) {
            differences.add("token: only in the contract", scheme);
        }
        for (scheme, scopes) in &ours {
            match theirs.get(scheme) {
                None => differences.add("token: only here", format!("{id}: {scheme}")),
                Some(other) if other != scopes => {
                    differences.add(format!("token: {scopes:?} for {other:?}"), id);
                }
                Some(_) => {}
            }
        }
    }

    fn parameters(&self, theirs: &Value, ours: &Value, id: &str, differences: &mut Differences) {
        let named = |document: &Document, operation: &Value| -> BTreeMap<String, Value> {
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            let parameters = parameters.map(|parameter| document.resolve(parameter).clone());
            parameters
                .map(|parameter| {
                    (
                        parameter["name"].as_str().expect("a name").to_owned(),
                        parameter,
                    )
                })
                .collect()
        };
        let (theirs, ours) = (named(self.contract, theirs), named(&DOCUMENT, ours));
        for name in ours.keys().filter(|name| !theirs.contains_key(*name)) {
            differences.add("parameter: only here", format!("{id}: {name}"));
        }
        for (name, parameter) in &theirs {
            let place = format!("{id}: {name}");
            let Some(other) = ours.get(name) else {
                differences.add("parameter: only in the contract", place);
                continue;
            };
            for key in ["in", "required", "style"] {
                if parameter.get(key) != other.get(key) {
                    differences.add(format!("parameter: another `{key}`"), place.clone());
                }
            }
            self.schemas(
                parameter.get("schema"),
                other.get("schema"),
                &place,
                differences,
            );
        }
    }

    fn responses<'id>(
        &self,
        theirs: &Value,
        ours: &Value,
        id: &'id str,
        statuses: &mut BTreeMap<(String, String), BTreeSet<&'id str>>,
        differences: &mut Differences,
    ) {
        let responses = |operation: &Value| {
            operation["responses"]
                .as_object()
                .cloned()
                .unwrap_or_default()
        };
        let (theirs, ours) = (responses(theirs), responses(ours));
        for status in ours.keys().filter(|status| !theirs.contains_key(*status)) {
            let what = ("only here".to_owned(), status.clone());
            statuses.entry(what).or_default().insert(id);
        }
        for (status, response) in &theirs {
            let Some(other) = ours.get(status) else {
                let what = ("only in the contract".to_owned(), status.clone());
                statuses.entry(what).or_default().insert(id);
                continue;
            };
            let schema = |response: &Value| {
                let content = response["content"].as_object()?;
                content
                    .iter()
                    .next()
                    .map(|(kind, content)| (kind.clone(), content["schema"].clone()))
            };
            let (response, other) = (schema(response), schema(DOCUMENT.resolve(other)));
            let kinds =
                [&response, &other].map(|found| found.as_ref().map(|(kind, _)| kind.clone()));
            if kinds[0] != kinds[1] {
                differences.add(format!("answer: another content type of {status}"), id);
                continue;
            }
            let [response, other] = [response, other].map(|found| found.map(|(_, schema)| schema));
            let mut found = Differences::default();
            self.schemas(response.as_ref(), other.as_ref(), id, &mut found);
            if status.starts_with('2') || found.0.is_empty() {
                found.0.into_iter().for_each(|(what, places)| {
                    differences.0.entry(what).or_default().extend(places);
                });
            } else {
                differences.add(format!("answer: another body of {status}"), id);
            }
        }
    }

    fn schemas(
        &self,
        theirs: Option<&Value>,
        ours: Option<&Value>,
        place: &str,
        differences: &mut Differences,
    ) {
        match (theirs, ours) {
            (None, None) => {}
            (Some(_), None) => differences.add("only in the contract", place),
            (None, Some(_)) => differences.add("only here", place),
            (Some(theirs), Some(ours)) => {
                let theirs = self.plain(theirs, &self.theirs, 0);
                let ours = self.plain(ours, &self.ours, 0);
                differ(&theirs, &ours, place, differences);
            }
        }
    }

    /// A schema in one of the forms that say the same: no prose, unions flat and in order, names that only one side has put in
    /// place.
    fn plain(&self, schema: &Value, schemas: &Map<String, Value>, depth: usize) -> Value {
        let Value::Object(object) = schema else {
            return schema.clone();
        };
        if let Some(Value::String(reference)) = object.get("$ref") {
            let name = reference.rsplit('/').next().unwrap_or_default();
            let is_known = self.theirs.contains_key(name) && self.ours.contains_key(name);
            return match schemas.get(name) {
                Some(schema) if !is_known && depth < 8 => self.plain(schema, schemas, depth + 1),
                _ => json!({"$ref": name}),
            };
        }
        let each = |value: &Value| self.plain(value, schemas, depth);
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
            differences.add(format!("{} for {}", short(ours), short(theirs)), place);
        }
        return;
    };
    let kind = |schema: &Map<String, Value>| {
        ["$ref", "type", "anyOf"].map(|key| {
            let value = schema.get(key).map(short);
            if key == "anyOf" {
                value.map(|_| "a union".to_owned())
            } else {
                value
            }
        })
    };
    if kind(theirs) != kind(ours) {
        let told = |schema| {
            kind(schema)
                .into_iter()
                .flatten()
                .next()
                .unwrap_or("anything".to_owned())
        };
        differences.add(format!("form: {} for {}", told(ours), told(theirs)), place);
        return;
    }
    let keys: BTreeSet<&String> = theirs.keys().chain(ours.keys()).collect();
    for key in keys {
        let place = place.to_owned();
        match (key.as_str(), theirs.get(key), ours.get(key)) {
            (_, one, other) if one == other => {}
            ("properties", Some(Value::Object(theirs)), Some(Value::Object(ours))) => {
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
            ("items" | "additionalProperties", Some(theirs), Some(ours)) => {
                differ(theirs, ours, &format!("{place}[]"), differences);
            }
            ("required", theirs, ours) => {
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
            ("anyOf" | "enum", Some(Value::Array(theirs)), Some(Value::Array(ours))) => {
                for member in theirs.iter().filter(|member| !ours.contains(member)) {
                    differences.add(
                        format!("{key}: only in the contract: {}", short(member)),
                        &place,
                    );
                }
                for member in ours.iter().filter(|member| !theirs.contains(member)) {
                    differences.add(format!("{key}: only here: {}", short(member)), &place);
                }
            }
            (key, Some(theirs), None) => {
                differences.add(
                    format!("`{key}`: only in the contract: {}", short(theirs)),
                    place,
                );
            }
            (key, None, Some(ours)) => {
                differences.add(format!("`{key}`: only here: {}", short(ours)), place);
            }
            (key, Some(theirs), Some(ours)) => {
                differences.add(
                    format!("`{key}`: {} for {}", short(ours), short(theirs)),
                    place,
                );
            }
            (_, None, None) => {}
        }
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
