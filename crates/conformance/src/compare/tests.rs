use serde_json::json;

use super::*;

const RECORDED: &str = "0b9e1c2d-1111-4222-8333-444455556666";
const OURS: &str = "ffffffff-aaaa-4bbb-8ccc-dddddddddddd";
const OTHER: &str = "eeeeeeee-aaaa-4bbb-8ccc-dddddddddddd";

fn mapping() -> Mapping {
    let recorded_at = "2026-11-21T00:00:00Z".parse().expect("a moment");
    Mapping::new(recorded_at, jiff::Timestamp::now)
}

#[track_caller]
fn check(want: &Value, got: &Value, place: Option<&str>) {
    let found = difference(&mut mapping(), want, got);
    assert_eq!(found.as_deref(), place, "{want} against {got}");
}

#[test]
fn equal_answers_agree_and_may_say_more() {
    check(
        &json!({"a": [1, "x", null, true]}),
        &json!({"a": [1, "x", null, true], "b": 2}),
        None,
    );
}

#[test]
fn every_kind_of_difference_is_found_with_its_place() {
    check(
        &json!({"a": {"b": 1}}),
        &json!({"a": {}}),
        Some("/a/b: missing"),
    );
    check(
        &json!({"a": [1]}),
        &json!({"a": [1, 2]}),
        Some("/a: 1 items recorded, 2 given"),
    );
    check(
        &json!([1, [2, 3]]),
        &json!([1, [2, 4]]),
        Some("/1/1: 3 recorded, 4 given"),
    );
    check(
        &json!({"a": "x"}),
        &json!({"a": "X"}),
        Some(r#"/a: "x" recorded, "X" given"#),
    );
    check(
        &json!({"a": null}),
        &json!({"a": 0}),
        Some("/a: null recorded, 0 given"),
    );
    check(
        &json!({"a": {}}),
        &json!({"a": []}),
        Some("/a: {} recorded, [] given"),
    );
}

#[test]
fn kinds_are_not_mixed_up() {
    check(&json!(true), &json!(1), Some(": true recorded, 1 given"));
    check(&json!(1), &json!(true), Some(": 1 recorded, true given"));
    check(&json!("1"), &json!(1), Some(": \"1\" recorded, 1 given"));
    check(
        &json!(true),
        &json!(false),
        Some(": true recorded, false given"),
    );
}

#[test]
fn numbers_agree_within_the_noise_of_floats_only() {
    check(&json!(1), &json!(1.0), None);
    check(&json!(0.300_000_000_000_000_04), &json!(0.3), None);
    check(&json!(1e300), &json!(1.000_000_000_1e300), None);
    check(&json!(0), &json!(1e-19), None);
    check(
        &json!(1.0),
        &json!(1.000_001),
        Some(": 1.0 recorded, 1.000001 given"),
    );
    check(
        &json!(0),
        &json!(0.000_1),
        Some(": 0 recorded, 0.0001 given"),
    );
    check(&json!(5), &json!(-5), Some(": 5 recorded, -5 given"));
}

#[test]
fn of_volatile_keys_only_null_counts() {
    check(
        &json!({"created_at": "x"}),
        &json!({"created_at": "y"}),
        None,
    );
    check(&json!({"modified_at": null}), &json!({}), None);
    check(
        &json!({"created_at": "x"}),
        &json!({}),
        Some("/created_at: missing"),
    );
    check(
        &json!({"archived_at": null}),
        &json!({"archived_at": "y"}),
        Some(r#"/archived_at: null recorded, "y" given"#),
    );
    check(
        &json!({"first_user_event_at": "x"}),
        &json!({"first_user_event_at": null}),
        None,
    );
    check(&json!({"first_user_event_at": "x"}), &json!({}), None);
}

#[test]
fn times_agree_as_moments() {
    check(
        &json!("2026-01-01T00:00:00Z"),
        &json!("2026-01-01T02:00:00.000+02:00"),
        None,
    );
    check(
        &json!("2026-01-01T00:00:00Z"),
        &json!("2026-01-01T00:00:00.000001Z"),
        Some(r#": "2026-01-01T00:00:00Z" recorded, "2026-01-01T00:00:00.000001Z" given"#),
    );
}

#[test]
fn a_new_identifier_is_learnt_and_then_held_to() {
    let mut mapping = mapping();
    let id = |id: &str| json!({ "id": id });
    assert_eq!(difference(&mut mapping, &id(RECORDED), &id(OURS)), None);
    assert_eq!(difference(&mut mapping, &id(RECORDED), &id(OURS)), None);
    let place =
        difference(&mut mapping, &id(RECORDED), &id(OTHER)).expect("another identifier differs");
    assert!(place.starts_with("/id: "), "{place}");
    assert!(difference(&mut mapping, &id(RECORDED), &json!({"id": "no-id"})).is_some());
}

#[test]
fn complaints_are_loc_and_type_without_names_of_models() {
    let recorded = json!({"error": "RequestValidationError", "detail": [
        {"loc": ["body", "events", 0, "EventCreateCustomer", "customer_id"], "type": "missing", "msg": "Field required"},
        {"loc": ["body", "metadata", "k", "[key]"], "type": "string_too_long"},
    ]});
    let ours = json!({"detail": [
        {"loc": ["body", "metadata", "k", "[key]"], "type": "string_too_long", "msg": "other words"},
        {"loc": ["body", "events", 0, "customer_id"], "type": "missing"},
    ]});
    assert_eq!(
        complaints(&recorded),
        complaints(&ours),
        "order and words do not count"
    );
    assert_eq!(complaints(&recorded).len(), 2);
}

#[test]
fn another_place_or_type_is_another_complaint() {
    let complaint =
        |loc: Value, kind: &str| complaints(&json!({"detail": [{"loc": loc, "type": kind}]}));
    let recorded = complaint(json!(["body", "events", 0, "name"]), "missing");
    assert_ne!(
        recorded,
        complaint(json!(["body", "events", 1, "name"]), "missing")
    );
    assert_ne!(
        recorded,
        complaint(json!(["body", "events", "0", "name"]), "missing")
    );
    assert_ne!(recorded, complaint(json!(["body", "name"]), "missing"));
    assert_ne!(
        recorded,
        complaint(json!(["body", "events", 0, "name"]), "string_type")
    );
    assert_ne!(recorded, complaints(&json!({"detail": []})));
    assert_ne!(recorded, complaints(&json!({"detail": "Not found"})));
}
