//! Query parameters and identifiers.

use serde_json::json;

use super::{Target, is_refused};

/// Two moments a day apart.
const START: &str = "2025-03-01T00:00:00Z";
const END: &str = "2025-03-02T00:00:00Z";

#[test]
fn parameters_of_a_list_that_are_wrong_are_refused_by_name() {
    let mut target = Target::start();
    for (query, name, kind) in [
        ("page=0", "page", "greater_than"),
        ("limit=-1", "limit", "greater_than"),
        ("page=x", "page", "int_parsing"),
        ("page=", "page", "int_parsing"),
        ("is_archived=maybe", "is_archived", "bool_parsing"),
        ("is_archived=", "is_archived", "bool_parsing"),
        ("sorting=name,created_at", "sorting", "enum"),
        ("organization_id=x", "organization_id", "*"),
    ] {
        let answer = target.get(&format!("/v1/meters/?{query}"));
        is_refused(query, &answer, &format!("query.{name}"), kind);
    }
    for query in [
        "limit=1000",
        "page=1.0",
        "page=99999999999999999999999999",
        "nothing=%ff",
        "sorting[]=name",
        "page=7&&=&",
        "%",
    ] {
        let answer = target.get(&format!("/v1/meters/?{query}"));
        assert_eq!(answer.status, 200, "{query}: {}", answer.excerpt());
    }
    target.is_sane();
}

#[test]
fn parameters_of_quantities_that_are_wrong_are_refused_by_name() {
    let mut target = Target::start();
    let quantities = format!("/v1/meters/{}/quantities", target.meter);
    is_refused(
        "nothing",
        &target.get(&quantities),
        "query.start_timestamp",
        "missing",
    );
    for (start, end, more, name, kind) in [
        (
            "2022-12-31T23:59:59Z",
            END,
            "",
            "start_timestamp",
            "greater_than_equal",
        ),
        ("2025-03-01", END, "", "start_timestamp", "timezone_aware"),
        ("yesterday", END, "", "start_timestamp", "*"),
        ("", END, "", "start_timestamp", "*"),
        (START, "2025-03-02T24:00:00Z", "", "end_timestamp", "*"),
        (START, "2025-03-02T00:00:00%2B02", "", "end_timestamp", "*"),
        (START, END, "&interval=fortnight", "interval", "enum"),
        (START, END, "&timezone=Europe/Atlantis", "timezone", "*"),
        (START, END, "&timezone=utc", "timezone", "*"),
        (START, END, "&timezone=posix/UTC", "timezone", "*"),
        (START, END, "&timezone=../../etc/passwd", "timezone", "*"),
        (START, END, "&customer_id=x", "customer_id", "*"),
        (
            START,
            END,
            "&customer_aggregation_function=median",
            "customer_aggregation_function",
            "enum",
        ),
    ] {
        let query = format!("start_timestamp={start}&end_timestamp={end}&interval=day{more}");
        let answer = target.get(&format!("{quantities}?{query}"));
        is_refused(&query, &answer, &format!("query.{name}"), kind);
    }
    // More points than the interval allows, and an end before the start.
    let many = ("2023-01-01T00:00:00Z", "2025-01-01T00:00:00Z");
    for (start, end) in [many, (END, START), (START, "9999-12-31T23:59:59Z")] {
        let query = format!("start_timestamp={start}&end_timestamp={end}&interval=day");
        let answer = target.get(&format!("{quantities}?{query}"));
        is_refused(&query, &answer, "query", "value_error");
    }
    target.is_sane();
}

#[test]
fn parameters_of_quantities_are_read_in_every_spelling_of_the_contract() {
    let mut target = Target::start();
    let quantities = format!("/v1/meters/{}/quantities", target.meter);
    let of_nobody = format!("&customer_id={}", target.meter);
    for (start, end, more) in [
        ("1740787200", "1740873600000", ""),
        (
            "2025-03-01%2000:00:00.1234567z",
            "2025-03-02T00:00%2B0200",
            "",
        ),
        (START, END, "&interval=hour&interval=day&timezone=EST"),
        (START, END, "&metadata[a&metadata]=x&metadata=y"),
        (START, END, of_nobody.as_str()),
    ] {
        let query = format!("start_timestamp={start}&end_timestamp={end}&interval=day{more}");
        let answer = target.get(&format!("{quantities}?{query}"));
        assert_eq!(answer.status, 200, "{query}: {}", answer.excerpt());
    }
    target.is_sane();
}

#[test]
fn identifiers_are_read_in_every_spelling_of_a_uuid_and_refused_otherwise() {
    let mut target = Target::start();
    let id = target.meter.clone();
    for spelling in [
        id.clone(),
        id.to_uppercase(),
        id.replace('-', ""),
        format!("urn:uuid:{id}"),
        format!("%7B{id}%7D"),
    ] {
        let answer = target.get(&format!("/v1/meters/{spelling}"));
        assert_eq!(
            (answer.status, &answer.json()["id"]),
            (200, &json!(id)),
            "{spelling}"
        );
    }
    for (spelling, kind) in [
        ("xyz", "uuid_parsing"),
        ("00000000-0000-0000-0000-000000000000", "uuid_version"),
        ("6ba7b810-9dad-11d1-80b4-00c04fd430c8", "uuid_version"),
        ("%00", "uuid_parsing"),
        ("%F0%9F%98%80", "uuid_parsing"),
    ] {
        let answer = target.get(&format!("/v1/meters/{spelling}"));
        is_refused(spelling, &answer, "path.id", kind);
    }
    let unknown = target.get("/v1/meters/8e0a5cc4-1a0d-4d8e-9d3b-3f0a5c6b7a01");
    assert_eq!(
        (unknown.status, &unknown.json()["error"]),
        (404, &json!("ResourceNotFound"))
    );
    target.is_sane();
}
