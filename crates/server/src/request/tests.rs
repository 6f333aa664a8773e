//! Recorded requests that the reference refused or took, against the functions here, without HTTP.

mod definitions;
mod operations;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path as FilePath;

use domain::Timestamp;
use serde::Deserialize;
use serde_json::Value as Json;
use serde_json::value::RawValue;

use super::*;
use crate::validate::FieldError;

/// A (place, type) pair of a validation error, as the replay of recordings compares them: without the names that a union adds
/// to the place.
type Pair = (Vec<String>, String);

/// When the reference answered: what lay in its future lies in ours.
const RECORDED_AT: &str = "2026-11-21T23:00:00Z";

fn pair(kind: &str, loc: &Json) -> Pair {
    let is_key = |name: &str| {
        name == "[key]"
            || (!name.is_empty()
                && name
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_'))
    };
    let steps = loc.as_array().map(Vec::as_slice).unwrap_or_default();
    let steps = steps.iter().filter_map(|step| match step {
        Json::String(name) => is_key(name).then(|| name.clone()),
        other => Some(other.to_string()),
    });
    (steps.collect(), kind.to_owned())
}

fn recorded_pairs(answer: &Json) -> BTreeSet<Pair> {
    let detail = answer["detail"].as_array().expect("a list of faults");
    detail
        .iter()
        .map(|item| pair(item["type"].as_str().expect("a type"), &item["loc"]))
        .collect()
}

fn our_pairs(faults: &[FieldError]) -> BTreeSet<Pair> {
    let loc = |fault: &FieldError| serde_json::from_str(fault.loc.get()).expect("a list");
    faults
        .iter()
        .map(|fault| pair(fault.kind, &loc(fault)))
        .collect()
}

/// What a request comes to here: the name of the error and its faults, or nothing when it is taken.
type Outcome = Option<(&'static str, Vec<FieldError>)>;

fn outcome<T, E: Into<Invalid>>(result: Result<T, E>) -> Outcome {
    result.err().map(|error| match error.into() {
        Invalid::Form(faults) => ("RequestValidationError", faults),
        Invalid::Rules(faults) => ("PolarRequestValidationError", faults),
    })
}

/// `None` for an operation that these functions do not serve.
fn run(
    method: &str,
    path: &str,
    query: &str,
    content_type: Option<&str>,
    body: &[u8],
) -> Option<Outcome> {
    let query = Query::parse(query);
    let parse = || match Body::parse(content_type, body) {
        Ok(body) => Ok(body),
        Err(BodyError::Malformed(fault)) => Err(Invalid::Form(vec![fault])),
        Err(BodyError::NotUtf8) => panic!("recorded as 400"),
    };
    let steps: Vec<&str> = path.trim_matches('/').split('/').collect();
    Some(match (method, &steps[..]) {
        ("POST", ["v1", "meters"]) => outcome(parse().and_then(|body| meter_create(&body))),
        ("PATCH", ["v1", "meters", id]) => {
            outcome(parse().and_then(|body| both(path_id("id", id), meter_update(&body))))
        }
        ("GET", ["v1", "meters"]) => outcome(meter_list(&query)),
        ("GET", ["v1", "meters", id, "quantities"]) => {
            let asked = both(path_id("id", id), quantities(&query));
            match asked {
                Ok((_, asked)) => asked
                    .check_range()
                    .err()
                    .map(|fault| ("PolarRequestValidationError", vec![fault])),
                Err(invalid) => outcome::<(), _>(Err(invalid)),
            }
        }
        ("POST", ["v1", "customers"]) => outcome(parse().and_then(|body| customer_create(&body))),
        ("GET", ["v1", "customers"]) => outcome(customer_list(&query)),
        ("GET", ["v1", "customer-meters"]) => outcome(customer_meter_list(&query)),
        ("PATCH", ["v1", "customers", id]) => {
            outcome(parse().and_then(|body| both(path_id("id", id), customer_update(&body))))
        }
        ("PATCH", ["v1", "customers", "external", _]) => {
            outcome(parse().and_then(|body| customer_update_external(&body).map_err(Invalid::from)))
        }
        ("DELETE", ["v1", "customers", id]) => {
            outcome(both(path_id("id", id), customer_delete(&query)))
        }
        ("GET", ["v1", "events"]) => outcome(event_list(&query)),
        ("GET", ["v1", "events", "names"]) => outcome(event_name_list(&query)),
        ("GET", ["v1", "events", id]) => outcome(both(path_id("id", id), event(&query))),
        ("GET", ["v1", "customers" | "meters", id]) => outcome(path_id("id", id)),
        ("POST", ["v1", "events", "ingest"]) => {
            let now = Timestamp::parse_rfc3339_fast(RECORDED_AT).expect("a time");
            match ingest(content_type, body, now) {
                Ok(_) => None,
                Err(IngestError::Invalid(invalid)) => outcome::<(), _>(Err(invalid)),
                Err(IngestError::Body(BodyError::Malformed(fault))) => {
                    Some(("RequestValidationError", vec![fault]))
                }
                Err(IngestError::Body(BodyError::NotUtf8)) => panic!("recorded as 400"),
            }
        }
        _ => return None,
    })
}

#[derive(Deserialize)]
struct Case {
    case: String,
    steps: Vec<Step>,
}

#[derive(Deserialize)]
struct Step {
    #[serde(default)]
    method: String,
    #[serde(default)]
    path: String,
    #[serde(default)]
    query: Option<Vec<(String, String)>>,
    #[serde(default)]
    headers: Option<BTreeMap<String, String>>,
    #[serde(default)]
    auth: String,
    #[serde(default)]
    body: Option<Box<RawValue>>,
    #[serde(default)]
    body_raw: Option<String>,
    #[serde(default)]
    status: u64,
    #[serde(default)]
    response: Json,
}

impl Step {
    fn outcome(&self) -> Option<Outcome> {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(self.query.iter().flatten());
        let content_type = self
            .headers
            .as_ref()
            .and_then(|headers| headers.get("content-type"));
        let body = match (&self.body_raw, &self.body) {
            (Some(raw), _) => raw,
            (None, Some(body)) => body.get(),
            (None, None) => "",
        };
        run(
            &self.method,
            &self.path,
            &query.finish(),
            content_type.map(String::as_str),
            body.as_bytes(),
        )
    }
}

/// Calls `check` with each recorded step that was answered with such a status by an operation served here.
fn each_step(wanted: impl Fn(u64) -> bool, mut check: impl FnMut(&str, usize, &Step, Outcome)) {
    let folder =
        FilePath::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/conformance/recordings");
    for entry in fs::read_dir(&folder).expect("the recordings are in the repository") {
        let path = entry.expect("a file").path();
        if path
            .extension()
            .is_none_or(|extension| extension != "jsonl")
        {
            continue;
        }
        for line in fs::read_to_string(&path).expect("text").lines() {
            let Case { case, steps } = serde_json::from_str(line).expect("a case");
            for (number, step) in steps.iter().enumerate() {
                // A user's token is none of ours; a control step has no status.
                if step.status == 0 || !wanted(step.status) || step.auth == "pat" {
                    continue;
                }
                if let Some(outcome) = step.outcome() {
                    check(&case, number, step, outcome);
                }
            }
        }
    }
}

/// Rules that need more than the request to see that they are broken.
fn is_of_the_service(step: &Step) -> bool {
    const KINDS: [&str; 4] = ["customer_id", "member_id", "meter_id", "forbidden"];
    const WORDS: [&str; 2] = ["already exists", "Customer "];
    let detail = step.response["detail"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    detail.iter().any(|item| {
        let msg = item["msg"].as_str().unwrap_or_default();
        KINDS.iter().any(|kind| item["type"] == *kind)
            || WORDS.iter().any(|words| msg.contains(words))
    })
}

#[test]
fn what_the_reference_refused_is_refused_at_the_same_places() {
    let (mut compared, mut differing) = (0, Vec::new());
    each_step(
        |status| status == 422,
        |case, number, step, outcome| {
            if is_of_the_service(step) {
                return;
            }
            compared += 1;
            let recorded = recorded_pairs(&step.response);
            let (error, ours) = match &outcome {
                Some((error, faults)) => (*error, our_pairs(faults)),
                None => ("taken", BTreeSet::new()),
            };
            if step.response["error"] != *error || recorded != ours {
                differing.push(format!(
                    "{case} {number}: {error}\n  {recorded:?}\n  {ours:?}"
                ));
            }
        },
    );
    assert!(
        differing.is_empty(),
        "{} of {compared}:\n{}",
        differing.len(),
        differing.join("\n")
    );
    assert!(compared > 150, "only {compared} were compared");
}

#[test]
fn what_the_reference_took_is_taken() {
    let (mut compared, mut differing) = (0, Vec::new());
    each_step(
        |status| status < 300,
        |case, number, _, outcome| {
            compared += 1;
            if let Some((_, faults)) = outcome {
                differing.push(format!("{case} {number}: {:?}", our_pairs(&faults)));
            }
        },
    );
    assert!(
        differing.is_empty(),
        "{} of {compared}:\n{}",
        differing.len(),
        differing.join("\n")
    );
    assert!(compared > 1_000, "only {compared} were compared");
}
