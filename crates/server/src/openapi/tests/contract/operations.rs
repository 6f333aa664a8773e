//! Operations: what they are called, who may ask, what they take and what they answer.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::super::DOCUMENT;
use super::super::schemas::{Document, body_of};
use super::Differences;
use super::form::compare;

/// An operation of the contract and ours of the same name.
struct Pair<'a> {
    contract: &'a Document,
    id: &'a str,
    theirs: &'a Value,
    ours: &'a Value,
}

/// Statuses that one side tells and the other does not, and of which operations.
type Statuses<'a> = BTreeMap<String, BTreeSet<&'a str>>;

pub(super) fn compare_all(contract: &Document, differences: &mut Differences) {
    let (theirs, ours) = (by_id(contract), by_id(&DOCUMENT));
    for id in ours.keys().filter(|id| !theirs.contains_key(*id)) {
        differences.add("operation: only here", *id);
    }
    let mut statuses = Statuses::new();
    let mut with_body = BTreeSet::new();
    for (id, (method, path, theirs)) in &theirs {
        let Some((our_method, our_path, ours)) = ours.get(id) else {
            differences.add("operation: only in the contract", *id);
            continue;
        };
        if (method, path) != (our_method, our_path) {
            differences.add(format!("operation: {our_method} {our_path}"), *id);
        }
        if ["post", "patch"].contains(method) {
            with_body.insert(*id);
        }
        let pair = Pair {
            contract,
            id,
            theirs,
            ours,
        };
        pair.compare_tags(differences);
        pair.compare_security(differences);
        pair.compare_parameters(differences);
        let (body, other) = (body_of(theirs), body_of(ours));
        compare(body, other, &format!("{id}: body"), differences);
        pair.compare_answers(&mut statuses, differences);
    }
    for (what, ids) in statuses {
        if ids == with_body {
            differences.add(what, "every POST and PATCH");
        } else if ids.len() == theirs.len() {
            differences.add(what, "every operation");
        } else if ids.len() > theirs.len() / 2 {
            for id in theirs.keys().filter(|id| !ids.contains(*id)) {
                differences.add(what.clone(), format!("every operation but {id}"));
            }
        } else {
            for id in ids {
                differences.add(what.clone(), id);
            }
        }
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

/// The texts of a list.
fn texts(list: &Value) -> BTreeSet<&str> {
    let texts = list.as_array().into_iter().flatten();
    texts.filter_map(Value::as_str).collect()
}

impl<'a> Pair<'a> {
    fn compare_tags(&self, differences: &mut Differences) {
        let mut theirs = texts(&self.theirs["tags"]);
        theirs.remove("public");
        let ours = texts(&self.ours["tags"]);
        if theirs != ours {
            differences.add(format!("tags: {ours:?} for {theirs:?}"), self.id);
        }
    }

    /// Kinds of tokens that are not here are told once; the scopes of those in both each time.
    fn compare_security(&self, differences: &mut Differences) {
        let schemes = |operation: &'a Value| -> BTreeMap<&str, BTreeSet<&str>> {
            let schemes = operation["security"].as_array().into_iter().flatten();
            let schemes = schemes.filter_map(|scheme| scheme.as_object()?.iter().next());
            schemes
                .map(|(name, scopes)| (name.as_str(), texts(scopes)))
                .collect()
        };
        let (theirs, ours) = (schemes(self.theirs), schemes(self.ours));
        for scheme in theirs.keys().filter(|scheme| !ours.contains_key(*scheme)) {
            differences.add("token: only in the contract", *scheme);
        }
        for (scheme, scopes) in &ours {
            match theirs.get(scheme) {
                None => differences.add("token: only here", format!("{}: {scheme}", self.id)),
                Some(other) if other != scopes => {
                    differences.add(format!("token: {scopes:?} for {other:?}"), self.id);
                }
                Some(_) => {}
            }
        }
    }

    fn compare_parameters(&self, differences: &mut Differences) {
        let named = |document: &'a Document, operation: &'a Value| -> BTreeMap<&str, &Value> {
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            let parameters = parameters.map(|parameter| document.resolve(parameter));
            parameters
                .map(|parameter| (parameter["name"].as_str().expect("a name"), parameter))
                .collect()
        };
        let theirs = named(self.contract, self.theirs);
        let ours = named(&DOCUMENT, self.ours);
        for name in ours.keys().filter(|name| !theirs.contains_key(*name)) {
            differences.add("parameter: only here", format!("{}: {name}", self.id));
        }
        for (name, parameter) in &theirs {
            let place = format!("{}: {name}", self.id);
            let Some(other) = ours.get(name) else {
                differences.add("parameter: only in the contract", place);
                continue;
            };
            for key in ["in", "required", "style"] {
                if parameter.get(key) != other.get(key) {
                    differences.add(format!("parameter: another `{key}`"), place.clone());
                }
            }
            compare(
                parameter.get("schema"),
                other.get("schema"),
                &place,
                differences,
            );
        }
    }

    fn compare_answers(&self, statuses: &mut Statuses<'a>, differences: &mut Differences) {
        let (theirs, ours) = (&self.theirs["responses"], &self.ours["responses"]);
        let known = |answers: &'a Value| answers.as_object().into_iter().flatten();
        let mut note = |what: String| statuses.entry(what).or_default().insert(self.id);
        for (status, _) in known(ours).filter(|(status, _)| theirs.get(status).is_none()) {
            note(format!("answer: only here {status}"));
        }
        for (status, answer) in known(theirs) {
            let Some(other) = ours.get(status) else {
                note(format!("answer: only in the contract {status}"));
                continue;
            };
            let (kind, schema) = content(answer).unzip();
            let (other_kind, other_schema) = content(DOCUMENT.resolve(other)).unzip();
            if kind != other_kind {
                differences.add(format!("answer: another content type of {status}"), self.id);
                continue;
            }
            let mut found = Differences::default();
            compare(schema, other_schema, self.id, &mut found);
            // What refusals look like is told in one line.
            if status.starts_with('2') {
                differences.add_all(found);
            } else if !found.is_empty() {
                differences.add(format!("answer: another body of {status}"), self.id);
            }
        }
    }
}

/// Type and schema of the body of an answer.
fn content(answer: &Value) -> Option<(&str, &Value)> {
    let (kind, content) = answer["content"].as_object()?.iter().next()?;
    Some((kind, &content["schema"]))
}
