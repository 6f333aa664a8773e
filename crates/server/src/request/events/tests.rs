//! What a list of events is asked for.

use domain::{Clause, Operand, Timestamp};
use serde_json::value::RawValue;

use super::*;

const ID: &str = "12345678-1234-4234-8234-1234567890ab";
const OTHER: &str = "12345678-1234-4234-9234-1234567890ab";

/// The query of these parameters.
fn encoded(pairs: &[(&str, &str)]) -> String {
    let mut text = form_urlencoded::Serializer::new(String::new());
    text.extend_pairs(pairs).finish()
}

fn list(pairs: &[(&str, &str)]) -> Result<EventList, Vec<FieldError>> {
    event_list(&Query::parse(&encoded(pairs)))
}

fn names(pairs: &[(&str, &str)]) -> Result<EventNameList, Vec<FieldError>> {
    event_name_list(&Query::parse(&encoded(pairs)))
}

/// Places and types.
fn told(faults: &[FieldError]) -> Vec<(&str, &str)> {
    faults
        .iter()
        .map(|fault| (fault.loc.get(), fault.kind))
        .collect()
}

#[track_caller]
fn refused(pairs: &[(&str, &str)], expected: &[(&str, &str)]) {
    let faults = list(pairs).expect_err("refused");
    assert_eq!(told(&faults), expected, "{pairs:?}");
}

fn time(text: &str) -> Timestamp {
    Timestamp::parse_rfc3339_fast(text).expect("a time")
}

#[test]
fn nothing_asked_is_all_of_them_newest_first() {
    let list = list(&[]).expect("sound");
    assert_eq!(list.search, EventSearch::default());
    assert_eq!(list.page, Page { page: 1, limit: 10 });
    assert!(!list.cursor && list.organizations.is_empty());
}

#[test]
fn every_parameter_is_read() {
    let filter =
        r#"{"conjunction":"or","clauses":[{"property":"metadata.p","operator":"eq","value":1}]}"#;
    let list = list(&[
        ("start_timestamp", "2026-03-01T10:00:00Z"),
        ("end_timestamp", "2026-03-02T10:00:00+02:00"),
        ("name", "a"),
        ("name", ""),
        ("source", "system"),
        ("source", "user"),
        ("customer_id", ID),
        ("customer_id", OTHER),
        ("external_customer_id", "x"),
        ("organization_id", ID),
        ("meter_id", OTHER),
        ("metadata[k]", "v"),
        ("filter", filter),
        ("query", "gpt"),
        ("parent_id", ID),
        ("depth", "5"),
        ("sorting", "timestamp"),
        ("sorting", "-timestamp"),
        ("page", "2"),
        ("limit", "1000"),
        ("cursor_pagination", "yes"),
        ("event_type_id", ID),
        ("aggregate_fields", "_cost.amount"),
        ("unheard_of", "x"),
    ])
    .expect("sound");
    let search = list.search;
    assert_eq!(search.after, Some(time("2026-03-01T10:00:00Z")));
    assert_eq!(search.before, Some(time("2026-03-02T08:00:00Z")));
    assert_eq!(search.names, ["a", ""]);
    assert_eq!(search.sources, [Source::System, Source::User]);
    assert_eq!(search.customers.len(), 2);
    assert_eq!(search.external_customers, ["x"]);
    assert_eq!(
        search.meter.map(|id| id.to_string()).as_deref(),
        Some(OTHER)
    );
    assert_ne!(search.metadata, domain::MetadataFilter::default());
    let clauses = search.filter.expect("a filter").clauses;
    let [Clause::Comparison(comparison)] = &clauses[..] else {
        panic!("one comparison")
    };
    assert_eq!(comparison.property.as_str(), "p");
    assert_eq!(comparison.operand, Operand::Integer(1));
    assert_eq!(search.query.as_deref(), Some("gpt"));
    assert_eq!(search.parent.map(|id| id.to_string()).as_deref(), Some(ID));
    assert_eq!(search.depth, Some(5));
    assert_eq!(search.direction, EventDirection::OldestFirst);
    assert_eq!(
        list.page,
        Page {
            page: 2,
            limit: 100
        }
    );
    assert_eq!(
        search.event_type.map(|id| id.to_string()).as_deref(),
        Some(ID)
    );
    assert!(list.cursor);
    assert_eq!(list.organizations.len(), 1);
}

#[test]
fn a_filter_that_is_not_json_is_told_without_a_place() {
    let faults = list(&[("filter", "nope")]).expect_err("refused");
    assert_eq!(told(&faults), [("[]", "json_invalid")]);
    assert!(faults[0].in_document);
    assert_eq!(
        faults[0].input.as_deref().map(RawValue::get),
        Some("\"nope\"")
    );
    assert_eq!(
        faults[0].ctx.as_deref().map(RawValue::get),
        Some(r#"{"error":"Expecting value at character 0"}"#)
    );
    refused(&[("filter", "")], &[("[]", "json_invalid")]);
}

#[test]
fn a_filter_of_another_form_is_told_by_its_own_places() {
    refused(
        &[("filter", "{}")],
        &[
            (r#"["conjunction"]"#, "missing"),
            (r#"["clauses"]"#, "missing"),
        ],
    );
    let bad =
        r#"{"conjunction":"and","clauses":[{"property":"name","operator":"bad","value":"b"}]}"#;
    refused(
        &[("filter", bad)],
        &[
            (r#"["clauses",0,"FilterClause","operator"]"#, "enum"),
            (r#"["clauses",0,"Filter","conjunction"]"#, "missing"),
            (r#"["clauses",0,"Filter","clauses"]"#, "missing"),
        ],
    );
    refused(&[("filter", "[]")], &[("[]", "model_attributes_type")]);
}

#[test]
fn parameters_are_told_before_what_the_filter_holds_and_that_before_the_query() {
    refused(
        &[("filter", "nope"), ("query", "x"), ("depth", "6")],
        &[(r#"["query","depth"]"#, "less_than_equal")],
    );
    refused(
        &[("filter", "nope"), ("query", "x")],
        &[("[]", "json_invalid")],
    );
}

#[test]
fn text_is_looked_for_in_named_organizations_and_not_for_less_than_three_characters() {
    let at = [(r#"["query","query"]"#, "query")];
    refused(&[("query", "long enough")], &at);
    refused(&[("query", "ab"), ("organization_id", ID)], &at);
    refused(&[("query", ""), ("organization_id", ID)], &at);
    assert!(list(&[("query", "üüü"), ("organization_id", ID)]).is_ok());
}

#[test]
fn depth_goes_from_none_to_five() {
    for depth in ["0", "5"] {
        assert!(list(&[("depth", depth)]).is_ok());
    }
    refused(
        &[("depth", "-1")],
        &[(r#"["query","depth"]"#, "greater_than_equal")],
    );
    refused(
        &[("depth", "6")],
        &[(r#"["query","depth"]"#, "less_than_equal")],
    );
    refused(
        &[("depth", "x")],
        &[(r#"["query","depth"]"#, "int_parsing")],
    );
}

#[test]
fn events_are_ordered_by_time_alone() {
    for (index, order) in ["name", "occurrences", "", "timestamp,-timestamp"]
        .iter()
        .enumerate()
    {
        let mut pairs = vec![("sorting", "timestamp"); index];
        pairs.push(("sorting", order));
        refused(
            &pairs,
            &[(&format!(r#"["query","sorting",{index}]"#), "enum")],
        );
    }
}

#[test]
fn a_source_is_one_of_two_and_told_in_both_readings() {
    refused(
        &[("source", "user"), ("source", "x")],
        &[
            (r#"["query","source","str-enum"]"#, "enum"),
            (r#"["query","source","list[str-enum]",1]"#, "enum"),
        ],
    );
}

#[test]
fn names_of_fields_that_are_more_than_names_are_refused() {
    let at = r#"["query","aggregate_fields",0]"#;
    for injected in ["a'; DROP TABLE events; --", "a b", "a\"", "ä", "a-b"] {
        refused(
            &[("aggregate_fields", injected)],
            &[(at, "string_pattern_mismatch")],
        );
    }
    refused(&[("aggregate_fields", "")], &[(at, "string_too_short")]);
    let long = "a".repeat(256);
    refused(&[("aggregate_fields", &long)], &[(at, "string_too_long")]);
    assert!(list(&[("aggregate_fields", &long[..255])]).is_ok());
    let query = encoded(&[("aggregate_fields", "a b")]);
    assert!(event(&Query::parse(&query)).is_err());
}

#[test]
fn names_are_searched_and_ordered() {
    let list = names(&[
        ("customer_id", ID),
        ("external_customer_id", "x"),
        ("source", "system"),
        ("query", "a"),
        ("sorting", "-occurrences"),
        ("sorting", "name"),
        ("limit", "5"),
    ])
    .expect("sound");
    assert_eq!(list.search.customers.len(), 1);
    assert_eq!(list.search.external_customers, ["x"]);
    assert_eq!(list.search.sources, [Source::System]);
    assert_eq!(list.search.query.as_deref(), Some("a"));
    assert_eq!(
        list.search.sorting,
        [
            (EventNameOrder::Occurrences, Direction::Descending),
            (EventNameOrder::Name, Direction::Ascending)
        ]
    );
    assert_eq!(list.page.limit, 5);
    let faults = names(&[("sorting", "timestamp")]).expect_err("refused");
    assert_eq!(told(&faults), [(r#"["query","sorting",0]"#, "enum")]);
}
