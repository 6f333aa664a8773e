//! What event types are asked for, and what they are to be called.

use super::*;

const ID: &str = "12345678-1234-4234-8234-1234567890ab";
const OF_VERSION_7: &str = "01890000-0000-7000-8000-000000000000";

fn list(pairs: &[(&str, &str)]) -> Result<EventTypeList, Vec<FieldError>> {
    let mut text = form_urlencoded::Serializer::new(String::new());
    let text = text.extend_pairs(pairs).finish();
    event_type_list(&Query::parse(&text))
}

fn update(body: &str) -> Result<NewLabel, Vec<FieldError>> {
    let body = Body::parse(Some("application/json"), body.as_bytes()).expect("JSON");
    event_type_update(&body)
}

/// Places and types.
fn told(faults: &[FieldError]) -> Vec<(&str, &str)> {
    faults
        .iter()
        .map(|fault| (fault.loc.get(), fault.kind))
        .collect()
}

#[track_caller]
fn refused(body: &str, expected: &[(&str, &str)]) {
    let faults = update(body).expect_err("refused");
    assert_eq!(told(&faults), expected, "{body}");
}

#[test]
fn nothing_asked_is_all_types() {
    let list = list(&[]).expect("sound");
    assert_eq!(list.search, EventTypeSearch::default());
    assert_eq!(list.page, Page { page: 1, limit: 10 });
    assert!(list.organizations.is_empty());
}

#[test]
fn every_parameter_is_read() {
    let list = list(&[
        ("organization_id", ID),
        ("customer_id", ID),
        ("customer_id", ID),
        ("external_customer_id", "x"),
        ("query", "call"),
        ("root_events", "yes"),
        ("parent_id", OF_VERSION_7),
        ("source", "user"),
        ("source", "system"),
        ("sorting", "-label"),
        ("sorting", "name"),
        ("sorting", "label"),
        ("sorting", "-occurrences"),
        ("page", "2"),
        ("limit", "1000"),
    ])
    .expect("sound");
    let search = list.search;
    assert_eq!(search.customers.len(), 2);
    assert_eq!(search.external_customers, ["x"]);
    assert_eq!(search.query.as_deref(), Some("call"));
    assert!(search.root_events);
    assert_eq!(
        search.parent.map(|id| id.to_string()).as_deref(),
        Some(OF_VERSION_7)
    );
    // Of several the last counts.
    assert_eq!(search.source, Some(Source::System));
    assert_eq!(
        search.sorting,
        [
            (EventNameOrder::Name, Direction::Ascending),
            (EventNameOrder::Occurrences, Direction::Descending),
        ]
    );
    assert_eq!(list.organizations.len(), 1);
    assert_eq!(
        list.page,
        Page {
            page: 2,
            limit: 100
        }
    );
}

#[test]
fn what_a_list_cannot_be_asked_for_is_told() {
    for (name, value, at, kind) in [
        ("sorting", "created_at", r#"["query","sorting",0]"#, "enum"),
        ("source", "person", r#"["query","source"]"#, "enum"),
        ("parent_id", "x", r#"["query","parent_id"]"#, "uuid_parsing"),
        (
            "root_events",
            "",
            r#"["query","root_events"]"#,
            "bool_parsing",
        ),
        ("page", "0", r#"["query","page"]"#, "greater_than"),
    ] {
        let faults = list(&[(name, value)]).expect_err("refused");
        assert_eq!(told(&faults), [(at, kind)], "{name}");
    }
}

#[test]
fn a_label_is_trimmed_and_a_blank_or_absent_selector_is_none() {
    let expected = |label: &str, selector: Option<&str>| NewLabel {
        label: label.to_owned(),
        property_selector: selector.map(str::to_owned),
    };
    for (body, label, selector) in [
        (r#"{"label":"  Call \n"}"#, "Call", None),
        (
            r#"{"label":"📞 Call","label_property_selector":" metadata.subject "}"#,
            "📞 Call",
            Some("metadata.subject"),
        ),
        (r#"{"label":"a","label_property_selector":"  "}"#, "a", None),
        (r#"{"label":"a","label_property_selector":null}"#, "a", None),
    ] {
        assert_eq!(
            update(body).expect("sound"),
            expected(label, selector),
            "{body}"
        );
    }
    let longest = "ä".repeat(128);
    let label = update(&format!("{{\"label\":\"{longest}\"}}")).expect("sound");
    assert_eq!(label.label, longest);
}

#[test]
fn a_label_that_is_none_and_one_that_is_too_long_are_told() {
    let label = r#"["body","label"]"#;
    let selector = r#"["body","label_property_selector"]"#;
    refused("{}", &[(label, "missing")]);
    refused(r#"{"label":null}"#, &[(label, "string_type")]);
    refused(r#"{"label":""}"#, &[(label, "string_too_short")]);
    refused(r#"{"label":" \t "}"#, &[(label, "value_error")]);
    let long = format!("{{\"label\":\"{}\"}}", "a".repeat(129));
    refused(&long, &[(label, "string_too_long")]);
    let long = format!(
        "{{\"label\":1,\"label_property_selector\":\"{}\"}}",
        "a".repeat(257)
    );
    refused(
        &long,
        &[(label, "string_type"), (selector, "string_too_long")],
    );
    refused(
        r#"{"label":"a","label_property_selector":""}"#,
        &[(selector, "string_too_short")],
    );
    let blank = update(r#"{"label":"  "}"#).expect_err("refused");
    assert_eq!(
        blank[0].msg,
        "Value error, Label cannot be empty or only whitespace"
    );
}
