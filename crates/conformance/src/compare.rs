//! When two answers agree.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::mapping::{Mapping, is_id, moment};

/// Keys that the server's own clock or randomness sets: null against not null is compared, no more.
const VOLATILE: [&str; 14] = [
    "archived_at",
    "avatar_url",
    "created_at",
    "customer_portal_url",
    "deleted_at",
    "expires_at",
    "granted_at",
    "last_credited_at",
    "last_seen_at",
    "modified_at",
    "return_url",
    "revoked_at",
    "secret",
    "token",
];

/// Keys that the reference keeps for reasons outside metering, or fills some time later.
const IGNORED: [&str; 3] = [
    "default_payment_method_id",
    "email_verified",
    "first_user_event_at",
];

/// Numbers agree when they differ by less than this part of themselves: the reference adds floats in any order.
const TOLERANCE: f64 = 1e-9;

/// The first place at which `got` differs from the recorded `want`, or `None`.
///
/// An object may have more keys than recorded. An identifier seen for the first time is learnt.
pub fn difference(mapping: &mut Mapping, want: &Value, got: &Value) -> Option<String> {
    differ(mapping, want, got, &mut String::new())
}

/// Learns identifiers from two lists that differ, item by item: an item that is the same in everything but identifiers is the
/// recorded one. So a list that holds one item more does not make all that follows incomparable.
pub(crate) fn learn_from_items(mapping: &mut Mapping, want: &Value, got: &Value) {
    let items = |list: &Value| -> Vec<Value> {
        let items = list.get("items").and_then(Value::as_array);
        let mut items = items.cloned().unwrap_or_default();
        for item in items.iter_mut().filter_map(Value::as_object_mut) {
            item.remove(COUNTED_OTHERWISE);
        }
        items
    };
    let mut given = items(got);
    for recorded in items(want) {
        let same = given.iter().position(|given| {
            let mut learnt = mapping.clone();
            let is_same = difference(&mut learnt, &recorded, given).is_none();
            if is_same {
                *mapping = learnt;
            }
            is_same
        });
        if let Some(same) = same {
            given.remove(same);
        }
    }
}

/// Not the same on purpose, and so nothing by which items are told apart.
const COUNTED_OTHERWISE: &str = "child_count";

/// `at` is the path to these values; it comes back as it was.
fn differ(mapping: &mut Mapping, want: &Value, got: &Value, at: &mut String) -> Option<String> {
    let key = at.rsplit('/').next().unwrap_or_default();
    if IGNORED.contains(&key) || (VOLATILE.contains(&key) && want.is_null() == got.is_null()) {
        return None;
    }
    match (want, got) {
        (Value::Object(want), Value::Object(got)) => want.iter().find_map(|(name, value)| {
            let Some(given) = got.get(name) else {
                let needless = IGNORED.contains(&name.as_str())
                    || (VOLATILE.contains(&name.as_str()) && value.is_null());
                return (!needless).then(|| format!("{at}/{name}: missing"));
            };
            within(mapping, value, given, at, name)
        }),
        (Value::Array(want), Value::Array(got)) if want.len() != got.len() => Some(format!(
            "{at}: {} items recorded, {} given",
            want.len(),
            got.len()
        )),
        (Value::Array(want), Value::Array(got)) => (want.iter().zip(got).enumerate())
            .find_map(|(index, (want, got))| within(mapping, want, got, at, &index.to_string())),
        (Value::Number(a), Value::Number(b)) if near(a, b) => None,
        (Value::String(a), Value::String(b)) if same_text(mapping, a, b) => None,
        _ if want == got => None,
        _ => Some(format!("{at}: {want} recorded, {got} given")),
    }
}

fn within(
    mapping: &mut Mapping,
    want: &Value,
    got: &Value,
    at: &mut String,
    name: &str,
) -> Option<String> {
    let length = at.len();
    at.push('/');
    at.push_str(name);
    let place = differ(mapping, want, got, at);
    at.truncate(length);
    place
}

#[expect(
    clippy::float_arithmetic,
    reason = "the reference's numbers are floats, so agreement is within a tolerance"
)]
fn near(a: &serde_json::Number, b: &serde_json::Number) -> bool {
    match (a.as_f64(), b.as_f64()) {
        (Some(a), Some(b)) => (a - b).abs() <= TOLERANCE * a.abs().max(b.abs()).max(TOLERANCE),
        _ => a == b,
    }
}

fn same_text(mapping: &mut Mapping, want: &str, got: &str) -> bool {
    if want == got || mapping.text(want) == got {
        return true;
    }
    if let (Some((want, _)), Some((got, _))) = (moment(want), moment(got)) {
        return want == got;
    }
    if is_id(want) && is_id(got) && !mapping.knows(want) {
        mapping.learn(want, got);
        return true;
    }
    false
}

/// What a refused request was told: (loc, type) of every item of `detail`.
///
/// The names that a union of models puts into `loc` are left out; no client can know them.
pub fn complaints(body: &Value) -> BTreeSet<(Vec<String>, String)> {
    let part = |part: &Value| match part {
        Value::Number(index) => Some(index.to_string()),
        Value::String(name) if is_plain(name) => Some(format!("{name:?}")),
        _ => None,
    };
    let items = body
        .get("detail")
        .and_then(Value::as_array)
        .map_or(&[][..], Vec::as_slice);
    items
        .iter()
        .filter(|item| item.is_object())
        .map(|item| {
            let loc = item
                .get("loc")
                .and_then(Value::as_array)
                .map_or(&[][..], Vec::as_slice);
            let kind = item.get("type").and_then(Value::as_str).unwrap_or_default();
            (loc.iter().filter_map(part).collect(), kind.to_owned())
        })
        .collect()
}

/// Whether an element of `loc` is a key, and not the name of a model.
fn is_plain(name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    name == "[key]" || (!name.is_empty() && name.bytes().all(plain))
}

#[cfg(test)]
mod tests;
