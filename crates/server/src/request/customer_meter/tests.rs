//! What is read of lists of customer meters, of credits and of resets, and what is refused.

use super::*;

const ID: &str = "12345678-1234-4234-8234-1234567890ab";
const OTHER: &str = "abcdefab-cdef-4abc-9def-abcdefabcdef";

fn now() -> Timestamp {
    Timestamp::parse_rfc3339_fast("2026-03-01T10:00:00Z").expect("a time")
}

fn read<T>(read: fn(&Body<'_>, Timestamp) -> Result<T, Invalid>, text: &str) -> Result<T, Invalid> {
    let body = Body::parse(Some("application/json"), text.as_bytes()).expect("JSON");
    read(&body, now())
}

fn places<T>(result: Result<T, Invalid>) -> Vec<(String, &'static str)> {
    let faults = match result {
        Ok(_) => panic!("it is taken"),
        Err(Invalid::Form(faults)) => faults,
        Err(Invalid::Rules(_)) => panic!("a rule of the business"),
    };
    faults
        .into_iter()
        .map(|fault| (fault.loc.get().to_owned(), fault.kind))
        .collect()
}

/// The faults of a credit that is sound but for these fields.
fn faults_of(fields: &str) -> Vec<(String, &'static str)> {
    let text = format!(r#"{{"external_customer_id":"c","meter_id":"{ID}","units":1{fields}}}"#);
    places(read(credit, &text))
}

#[test]
fn a_credit_is_read() {
    let text = format!(
        r#"{{"customer_id":"{}","external_customer_id":null,"meter_id":"{OTHER}","units":"-5","rollover":"yes",
            "timestamp":"2026-03-01T12:00:00+02:00","external_id":"k","organization_id":null,"extra":1}}"#,
        ID.to_uppercase()
    );
    let id = |text: &str| Uuid::parse_str(text).expect("a UUID");
    let expected = NewCredit {
        customer: CustomerKey::Id(CustomerId::from_uuid(id(ID))),
        meter: MeterId::from_uuid(id(OTHER)),
        units: -5,
        rollover: true,
        timestamp: Some(now()),
        external_id: Some("k".to_owned()),
    };
    assert_eq!(read(credit, &text).expect("sound"), expected);
}

#[test]
fn what_is_left_out_of_a_reset_has_a_default() {
    let text = format!(r#"{{"external_customer_id":"c","meter_id":"{ID}"}}"#);
    let reset = read(reset, &text).expect("sound");
    assert_eq!(reset.customer, CustomerKey::External("c".to_owned()));
    assert_eq!(
        (reset.carry_over, reset.timestamp, reset.external_id),
        (false, None, None)
    );
}

#[test]
fn a_customer_has_exactly_one_name() {
    for customer in [
        String::new(),
        r#""customer_id":null,"#.to_owned(),
        format!(r#""customer_id":"{ID}","external_customer_id":"c","#),
    ] {
        let text = format!(r#"{{{customer}"meter_id":"{ID}","units":1}}"#);
        let expected = [(r#"["body"]"#.to_owned(), "value_error")];
        assert_eq!(places(read(credit, &text)), expected, "{text}");
        assert_eq!(places(read(reset, &text)), expected, "{text}");
    }
}

#[test]
fn units_are_a_whole_number_of_64_bits_and_not_0() {
    let kind = |units: &str| {
        let text = format!(r#"{{"external_customer_id":"c","meter_id":"{ID}","units":{units}}}"#);
        let result = read(credit, &text);
        result.map(|credit| credit.units).map_err(|invalid| {
            let faults = places::<()>(Err(invalid));
            assert_eq!(faults.len(), 1, "{units}");
            assert_eq!(faults[0].0, r#"["body","units"]"#);
            faults[0].1
        })
    };
    for (text, units) in [
        ("1", 1),
        ("2.0", 2),
        ("-9223372036854775808", i64::MIN),
        ("9223372036854775807", i64::MAX),
    ] {
        assert_eq!(kind(text), Ok(units), "{text}");
    }
    for (text, fault) in [
        ("0", "value_error"),
        ("-0.0", "value_error"),
        ("1.5", "int_from_float"),
        ("9223372036854775808", "less_than_equal"),
        ("-9223372036854775809", "greater_than_equal"),
        ("\"many\"", "int_parsing"),
        ("null", "int_type"),
    ] {
        assert_eq!(kind(text), Err(fault), "{text}");
    }
}

#[test]
fn a_time_has_an_offset_and_is_not_in_the_future() {
    let fault = |timestamp: &str| {
        let mut faults = faults_of(&format!(r#","timestamp":{timestamp}"#));
        assert_eq!(faults.len(), 1, "{timestamp}");
        let (place, kind) = faults.remove(0);
        assert_eq!(place, r#"["body","timestamp"]"#);
        kind
    };
    assert_eq!(fault(r#""2026-03-01T10:00:00.000001Z""#), "value_error");
    assert_eq!(fault(r#""2026-03-01T09:00:00""#), "timezone_aware");
    assert_eq!(fault("null"), "datetime_type");
}

#[test]
fn all_faults_of_a_body_are_told_at_once() {
    let text = r#"{"customer_id":"x","external_customer_id":1,"rollover":"maybe","external_id":2,"organization_id":"y"}"#;
    let expected = [
        ("customer_id", "uuid_parsing"),
        ("external_customer_id", "string_type"),
        ("meter_id", "missing"),
        ("external_id", "string_type"),
        ("organization_id", "uuid_parsing"),
        ("units", "missing"),
        ("rollover", "bool_parsing"),
    ]
    .map(|(name, kind)| (format!(r#"["body","{name}"]"#), kind));
    assert_eq!(places(read(credit, text)), expected);
    let expected = [(r#"["body","carry_over"]"#.to_owned(), "bool_type")];
    let text = format!(r#"{{"customer_id":"{ID}","meter_id":"{ID}","carry_over":null}}"#);
    assert_eq!(places(read(reset, &text)), expected);
    let expected = [(r#"["body"]"#.to_owned(), "model_attributes_type")];
    assert_eq!(places(read(reset, "[]")), expected);
}

#[test]
fn a_credit_does_not_name_its_organization() {
    let text = format!(
        r#"{{"customer_id":"{ID}","meter_id":"{ID}","units":1,"organization_id":"{OTHER}"}}"#
    );
    for result in [
        read(credit, &text).map(|_| ()),
        read(reset, &text).map(|_| ()),
    ] {
        let Err(Invalid::Rules(faults)) = result else {
            panic!("a rule")
        };
        assert_eq!(
            (faults[0].loc.get(), faults[0].kind),
            (r#"["body","organization_id"]"#, "organization_token")
        );
    }
}

#[test]
fn a_list_is_asked_for() {
    let query = format!(
        "customer_id={ID}&customer_id={OTHER}&external_customer_id=a&external_customer_id=&meter_id={ID}\
         &organization_id={ID}&sorting=-balance&sorting=customer_name&page=2&limit=101"
    );
    let list = customer_meter_list(&Query::parse(&query)).expect("sound");
    assert_eq!(
        (list.search.customers.len(), list.search.meters.len()),
        (2, 1)
    );
    assert_eq!(list.search.external_customers, ["a", ""]);
    assert_eq!(list.organizations.len(), 1);
    assert_eq!(
        list.search.sorting,
        [
            (CustomerMeterOrder::Balance, Direction::Descending),
            (CustomerMeterOrder::CustomerName, Direction::Ascending)
        ]
    );
    assert_eq!((list.page.page, list.page.limit), (2, 100));
    let all = customer_meter_list(&Query::default()).expect("sound");
    assert_eq!(all.search, CustomerMeterSearch::default());
}

#[test]
fn every_order_that_is_offered_is_known() {
    for name in ORDERS {
        assert!(order(name).is_some(), "{name}");
    }
    let unknown = customer_meter_list(&Query::parse("sorting=name&customer_id=x"));
    let faults = places(unknown.map_err(Invalid::from));
    assert_eq!(faults[0], (r#"["query","sorting",0]"#.to_owned(), "enum"));
    assert_eq!(faults.len(), 3, "one for each reading of the id");
}
