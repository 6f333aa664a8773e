//! What becomes of requests that are sound, and of some that are not.

use domain::aggregation::PropertyFunction;
use domain::{Aggregation, Clause, CustomerKind, Operand, Scope, Unit};
use service::{Change, Direction, MeterOrder};

use crate::request::*;
use crate::validate::FieldError;

const ID: &str = "12345678-1234-4234-8234-1234567890ab";

fn body(text: &str) -> Body<'_> {
    Body::parse(Some("application/json"), text.as_bytes()).expect("JSON")
}

fn kinds(faults: &[FieldError]) -> Vec<(&str, &str)> {
    faults
        .iter()
        .map(|fault| (fault.loc.get(), fault.kind))
        .collect()
}

fn meter(filter: &str) -> Result<service::NewMeter, Vec<FieldError>> {
    let text = format!(
        r#"{{"name":"abc","filter":{filter},"aggregation":{{"func":"count","property":"x"}}}}"#
    );
    meter_create(&body(&text)).map_err(|invalid| match invalid {
        Invalid::Form(faults) | Invalid::Rules(faults) => faults,
    })
}

fn nested_filter(depth: usize) -> String {
    let open = r#"{"conjunction":"and","clauses":["#;
    format!("{}{}", open.repeat(depth), "]}".repeat(depth))
}

#[test]
fn a_filter_has_a_thousand_clauses_at_most_wherever_they_stand() {
    let comparison = r#"{"property":"p","operator":"eq","value":1}"#;
    let filter = |clauses: &str| format!(r#"{{"conjunction":"or","clauses":[{clauses}]}}"#);
    let flat = |count: usize| filter(&vec![comparison; count].join(","));
    // Ten filters of 99 comparisons each, and some beside them.
    let nested = |beside: usize| {
        let mut clauses = vec![flat(99); 10];
        clauses.extend(vec![comparison.to_owned(); beside]);
        filter(&clauses.join(","))
    };
    assert!(meter(&flat(1_000)).is_ok());
    assert!(meter(&nested(0)).is_ok());
    for (too_many, count) in [(flat(1_001), 1_001), (nested(1), 1_001)] {
        let faults = meter(&too_many).expect_err("too many");
        assert_eq!(kinds(&faults), [(r#"["body","filter"]"#, "too_long")]);
        assert_eq!(
            faults[0].msg,
            format!("Filter should have at most 1000 clauses in all, not {count}")
        );
    }
}

#[test]
fn a_meter_is_read() {
    let text = r#"{"name":"abc","unit":"custom","custom_label":"r","custom_multiplier":"5","metadata":{"k":1.0},
        "filter":{"conjunction":"or","clauses":[{"property":"metadata.p","operator":"eq","value":1.0}]},
        "aggregation":{"func":"sum","property":"metadata.metadata.w"},"organization_id":null,"extra":[]}"#;
    let meter = meter_create(&body(text)).expect("sound");
    assert_eq!(
        (meter.unit, meter.custom_label.as_deref()),
        (Unit::Custom, Some("r"))
    );
    assert_eq!(meter.custom_multiplier, Some(5));
    let [Clause::Comparison(comparison)] = &meter.definition.filter.clauses[..] else {
        panic!("one comparison")
    };
    assert_eq!(
        (comparison.property.as_str(), &comparison.operand),
        ("p", &Operand::Integer(1))
    );
    let Aggregation::Over(PropertyFunction::Sum, property) = &meter.definition.aggregation else {
        panic!("a sum")
    };
    assert_eq!(property.as_str(), "metadata.w");
}

#[test]
fn a_meter_does_not_name_its_organization() {
    let text = |id: &str| {
        format!(
            r#"{{"name":"abc","filter":{{"conjunction":"and","clauses":[]}},"aggregation":{{"func":"count"}},"organization_id":{id}}}"#
        )
    };
    assert!(meter_create(&body(&text("null"))).is_ok());
    let named = text(&format!("\"{ID}\""));
    let Err(Invalid::Rules(faults)) = meter_create(&body(&named)) else {
        panic!("a rule")
    };
    assert_eq!(
        kinds(&faults),
        [(r#"["body","organization_id"]"#, "organization_token")]
    );
    let malformed = text("\"x\"");
    let Err(Invalid::Form(faults)) = meter_create(&body(&malformed)) else {
        panic!("a form")
    };
    assert_eq!(
        kinds(&faults),
        [(r#"["body","organization_id"]"#, "uuid_parsing")]
    );
}

#[test]
fn filters_nest_a_hundred_deep_and_no_deeper() {
    assert!(meter(&nested_filter(100)).is_ok());
    let faults = meter(&nested_filter(101)).expect_err("too deep");
    assert!(faults.iter().any(|fault| fault.kind == "value_error"));
    assert!(faults.len() < 1_000);
}

#[test]
fn an_object_that_is_both_kinds_of_clause_is_the_one_with_more_fields() {
    let both = |clauses: &str| {
        let clause = format!(
            r#"{{"property":"p","operator":"eq","value":"x","conjunction":"and","clauses":{clauses}}}"#
        );
        let meter =
            meter(&format!(r#"{{"conjunction":"and","clauses":[{clause}]}}"#)).expect("sound");
        matches!(meter.definition.filter.clauses[0], Clause::Filter(_))
    };
    assert!(!both("[]"));
    assert!(both(r#"[{"property":"p","operator":"eq","value":"x"}]"#));
}

#[test]
fn many_bad_clauses_are_refused_with_bounded_faults() {
    let clauses = vec![r#"{"property":"p","operator":"eq","value":null}"#; 200_000].join(",");
    let faults =
        meter(&format!(r#"{{"conjunction":"and","clauses":[{clauses}]}}"#)).expect_err("bad");
    assert_eq!(faults.len(), 1_000);
}

#[test]
fn an_update_tells_null_from_absence() {
    let changes = meter_update(&body("{}")).expect("sound");
    assert_eq!(
        (changes.filter, changes.custom_label),
        (Change::Keep, Change::Keep)
    );
    let changes = meter_update(&body(
        r#"{"name":null,"filter":null,"aggregation":null,"custom_label":null,"is_archived":"off"}"#,
    ));
    let changes = changes.expect("sound");
    assert_eq!((changes.name, changes.is_archived), (None, Some(false)));
    assert_eq!(
        (changes.filter, changes.aggregation),
        (Change::Set(None), Change::Set(None))
    );
    assert_eq!(changes.custom_label, Change::Set(None));
}

#[test]
fn faults_of_path_and_body_are_told_together() {
    let checked = both(path_id("id", "xyz"), meter_update(&body(r#"{"name":"x"}"#)));
    let Err(Invalid::Form(faults)) = checked else {
        panic!("a form")
    };
    assert_eq!(
        kinds(&faults),
        [
            (r#"["path","id"]"#, "uuid_parsing"),
            (r#"["body","name"]"#, "string_too_short")
        ]
    );
}

#[test]
fn a_missing_body_is_a_fault_of_its_own() {
    let empty = Body::parse(None, b"").expect("nothing to read");
    let faults = meter_update(&empty).expect_err("missing");
    assert_eq!(kinds(&faults), [(r#"["body"]"#, "missing")]);
}

#[test]
fn bytes_that_are_no_utf_8_are_told_apart() {
    assert!(matches!(
        Body::parse(Some("application/json"), b"{\"a\":\"\xff\"}"),
        Err(BodyError::NotUtf8)
    ));
    assert!(Body::parse(Some("text/plain"), b"\xff").is_ok());
}

#[test]
fn a_list_of_meters_is_asked_for() {
    let query = format!(
        "page=2&page=3&limit=1000&sorting=-created_at&sorting=name&is_archived=Yes&query=a%20b&organization_id={ID}\
         &metadata%5Bk%5D=1&metadata[k]=2&metadata[a.b]x=+&metadata[]=3&metadata=4&unknown=5"
    );
    let list = meter_list(&Query::parse(&query)).expect("sound");
    assert_eq!((list.page.page, list.page.limit), (3, 100));
    let newest_first = (MeterOrder::CreatedAt, Direction::Descending);
    assert_eq!(
        list.search.sorting,
        [newest_first, (MeterOrder::Name, Direction::Ascending)]
    );
    assert_eq!(
        (list.search.is_archived, list.search.query.as_deref()),
        (Some(true), Some("a b"))
    );
    assert_eq!(list.organizations.len(), 1);
    let keys = vec![
        ("k".to_owned(), vec!["1".to_owned(), "2".to_owned()]),
        ("a.b".to_owned(), vec![" ".to_owned()]),
    ];
    assert_eq!(list.search.metadata, domain::MetadataFilter::new(keys));
}

#[test]
fn a_page_beyond_all_pages_is_no_fault() {
    let list = meter_list(&Query::parse("page=99999999999999999999&limit=1.0")).expect("sound");
    assert_eq!((list.page.page, list.page.limit), (u32::MAX, 1));
    assert_eq!(
        list.search.sorting,
        [(MeterOrder::Name, Direction::Ascending)]
    );
}

#[test]
fn quantities_are_asked_for() {
    let query = format!(
        "start_timestamp=2026-03-01T00:00:00%2B02:00&end_timestamp=1772755200&interval=day&timezone=Europe/Paris\
         &customer_id={ID}&customer_id={}&external_customer_id=a&external_customer_id=b&customer_aggregation_function=max",
        ID.to_uppercase()
    );
    let asked = quantities(&Query::parse(&query)).expect("sound");
    assert_eq!(
        (asked.start_offset_seconds, asked.end_offset_seconds),
        (7_200, 0)
    );
    assert_eq!(asked.request.start.to_iso(), "2026-02-28T22:00:00Z");
    assert_eq!(asked.request.zone.name(), "Europe/Paris");
    assert_eq!(asked.request.customers[0], asked.request.customers[1]);
    assert_eq!(asked.request.external_customers, ["a", "b"]);
    assert!(asked.check_range().is_ok());
}

#[test]
fn a_range_that_is_too_long_repeats_what_was_asked_for() {
    let query = "start_timestamp=2026-03-01T00:00:00%2B02:00&end_timestamp=2026-02-01T00:00:00.5Z&interval=day";
    let asked = quantities(&Query::parse(query)).expect("sound");
    let fault = asked
        .check_range()
        .expect_err("the end is before the start");
    assert_eq!(
        (fault.kind, fault.loc.get()),
        ("value_error", r#"["query"]"#)
    );
    let input = fault.input.expect("an input");
    assert_eq!(
        input.get(),
        r#"["2026-03-01T00:00:00+02:00","2026-02-01T00:00:00.500000+00:00","day"]"#
    );
}

#[test]
fn a_customer_is_read() {
    let text = r#"{"email":"A@Example.COM","name":"  N ","external_id":" ","locale":"de","metadata":{"k":"v"},
        "billing_address":{"country":"us","state":"NY","line1":""}}"#;
    let customer = customer_create(&body(text)).expect("sound");
    assert_eq!(
        (customer.kind, customer.email.as_deref()),
        (CustomerKind::Individual, Some("A@example.com"))
    );
    assert_eq!(
        (customer.name.as_deref(), customer.external_id.as_deref()),
        (Some("N"), None)
    );
    let address = customer.billing_address.expect("an address");
    assert_eq!(
        (&*address.country, address.state.as_deref(), address.line1),
        ("US", Some("US-NY"), None)
    );
}

#[test]
fn faults_of_a_customer_are_told_under_its_kind() {
    for (text, place, kind) in [
        ("{}", r#"["body","individual","email"]"#, "missing"),
        (
            r#"{"email":"bad"}"#,
            r#"["body","individual","email"]"#,
            "value_error",
        ),
        (r#"{"type":"team"}"#, r#"["body","team"]"#, "value_error"),
        (
            r#"{"type":"team","owner":{}}"#,
            r#"["body","team","owner","email"]"#,
            "missing",
        ),
        (r#"{"type":"other"}"#, r#"["body"]"#, "union_tag_invalid"),
        (r#"{"type":null}"#, r#"["body"]"#, "union_tag_not_found"),
        ("[]", r#"["body","individual"]"#, "model_attributes_type"),
        (
            r#"{"email":"a@b.co","billing_address":{"country":"XX"}}"#,
            r#"["body","individual","billing_address","country"]"#,
            "enum",
        ),
        (
            r#"{"email":"a@b.co","billing_address":{"country":"US","state":"ZZ"}}"#,
            r#"["body","individual","billing_address"]"#,
            "value_error",
        ),
    ] {
        let Err(Invalid::Form(faults)) = customer_create(&body(text)) else {
            panic!("{text}")
        };
        assert_eq!(kinds(&faults), [(place, kind)], "{text}");
    }
    let team = r#"{"type":"team","owner":{"email":"o@example.com"}}"#;
    assert_eq!(
        customer_create(&body(team)).expect("sound").kind,
        CustomerKind::Team
    );
}

#[test]
fn tokens_and_organizations_are_read() {
    let text = format!(
        r#"{{"organization_id":"{ID}","comment":"c","scopes":["meters:read","openid"],"expires_in":"P1D"}}"#
    );
    let token = token_create(&body(&text)).expect("sound");
    assert_eq!(token.lifetime_micros, Some(86_400_000_000));
    assert!(token.scopes.contains(Scope::MetersRead) && token.scopes.contains(Scope::OpenId));
    let faults = token_create(&body(
        r#"{"organization_id":"x","scopes":["nope"],"expires_in":"soon"}"#,
    ))
    .expect_err("bad");
    assert_eq!(
        kinds(&faults),
        [
            (r#"["body","organization_id"]"#, "uuid_parsing"),
            (r#"["body","comment"]"#, "missing"),
            (r#"["body","scopes",0]"#, "enum"),
            (r#"["body","expires_in"]"#, "time_delta_parsing"),
        ]
    );
    assert_eq!(
        token_update(&body(r#"{"comment":null}"#))
            .expect("sound")
            .comment,
        None
    );
    let organization =
        organization_create(&body(r#"{"name":"Acme","slug":"acme-1"}"#)).expect("sound");
    assert_eq!(
        (&*organization.name, &*organization.slug),
        ("Acme", "acme-1")
    );
    let faults = organization_create(&body(r#"{"name":"ab","slug":"Acme"}"#)).expect_err("bad");
    assert_eq!(
        kinds(&faults),
        [
            (r#"["body","name"]"#, "string_too_short"),
            (r#"["body","slug"]"#, "string_pattern_mismatch")
        ]
    );
    let list = organization_list(&Query::parse("slug=acme&sorting=created_at")).expect("sound");
    assert_eq!(list.slug.as_deref(), Some("acme"));
    let list = token_list(&Query::parse(&format!("organization_id={ID}"))).expect("sound");
    assert_eq!(list.organizations.len(), 1);
}
