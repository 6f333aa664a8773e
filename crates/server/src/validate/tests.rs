//! The rows of SEMANTICS 3.5, and what each kind of value may be written as.

use proptest::prelude::*;

use super::fault::{ECHO_BYTES_MAX, FAULTS_MAX};
use super::*;
use crate::json::{self, Value};

/// The fault of a value, as it is answered: type, message, context.
fn fault<T>(
    text: &str,
    read: impl for<'p, 'v> FnOnce(Node<'p, 'v>, &mut Faults) -> Checked<T>,
) -> Option<(String, String, String)> {
    let value = json::parse(text).expect("JSON");
    let mut faults = Faults::new();
    let checked = read(Node::new(&value, &Path::BODY), &mut faults);
    let faults = faults.finish(checked).err()?;
    let [fault] = &faults[..] else {
        panic!("one fault of {text}, not {faults:?}")
    };
    let context = fault.ctx.as_ref().map(|context| context.get().to_owned());
    Some((
        fault.kind.to_owned(),
        fault.msg.clone().into_owned(),
        context.unwrap_or_default(),
    ))
}

fn check<T>(
    text: &str,
    read: impl for<'p, 'v> FnOnce(Node<'p, 'v>, &mut Faults) -> Checked<T>,
    kind: &str,
    message: &str,
    context: &str,
) {
    let expected = (kind.to_owned(), message.to_owned(), context.to_owned());
    assert_eq!(fault(text, read), Some(expected), "{text}");
}

fn int32(node: Node<'_, '_>, faults: &mut Faults) -> Checked<i64> {
    integer_within(
        node,
        Bounds::between(i64::from(i32::MIN), i64::from(i32::MAX)),
        faults,
    )
}

fn positive(node: Node<'_, '_>, faults: &mut Faults) -> Checked<i64> {
    integer_within(node, Bounds::POSITIVE, faults)
}

fn interval(node: Node<'_, '_>, faults: &mut Faults) -> Checked<()> {
    choice(
        node,
        &["year", "month", "week", "day", "hour"],
        |_| None,
        faults,
    )
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn faults_have_the_types_messages_and_contexts_of_the_reference() {
    let model = |node: Node<'_, '_>, faults: &mut Faults| node.model(faults).map(|_| ());
    let name = |node: Node<'_, '_>, faults: &mut Faults| {
        node.model(faults)?
            .required("name", faults, |node, faults| {
                text(node, Length::ANY, faults).map(|_| ())
            })
    };
    let short = |node: Node<'_, '_>, faults: &mut Faults| {
        text(node, Length::at_least(3), faults).map(|_| ())
    };
    let long = |node: Node<'_, '_>, faults: &mut Faults| {
        text(node, Length::at_most(128), faults).map(|_| ())
    };
    check("{}", name, "missing", "Field required", "");
    check(
        "[]",
        model,
        "model_attributes_type",
        "Input should be a valid dictionary or object to extract fields from",
        "",
    );
    check(
        "5",
        short,
        "string_type",
        "Input should be a valid string",
        "",
    );
    check(
        "\"ab\"",
        short,
        "string_too_short",
        "String should have at least 3 characters",
        r#"{"min_length":3}"#,
    );
    check(
        &format!("\"{}\"", "é".repeat(129)),
        long,
        "string_too_long",
        "String should have at most 128 characters",
        r#"{"max_length":128}"#,
    );
    check(
        "\"x\"",
        int32,
        "int_parsing",
        "Input should be a valid integer, unable to parse string as an integer",
        "",
    );
    check(
        "1.5",
        int32,
        "int_from_float",
        "Input should be a valid integer, got a number with a fractional part",
        "",
    );
    check(
        "0",
        positive,
        "greater_than",
        "Input should be greater than 0",
        r#"{"gt":0}"#,
    );
    check(
        "2147483648",
        int32,
        "less_than_equal",
        "Input should be less than or equal to 2147483647",
        r#"{"le":2147483647}"#,
    );
    check(
        "\"\"",
        boolean,
        "bool_parsing",
        "Input should be a valid boolean, unable to interpret input",
        "",
    );
    check(
        "\"DAY\"",
        interval,
        "enum",
        "Input should be 'year', 'month', 'week', 'day' or 'hour'",
        r#"{"expected":"'year', 'month', 'week', 'day' or 'hour'"}"#,
    );
    check(
        "\"not-a-uuid\"",
        uuid4,
        "uuid_parsing",
        "Input should be a valid UUID, invalid character: found `n` at 0",
        r#"{"error":"invalid character: found `n` at 0"}"#,
    );
    check(
        "\"00000000-0000-1000-8000-000000000000\"",
        uuid4,
        "uuid_version",
        "UUID version 4 expected",
        r#"{"expected_version":4}"#,
    );
    check(
        "\"2026-03-01T00:00:00\"",
        datetime,
        "timezone_aware",
        "Input should have timezone info",
        "",
    );
    check(
        "\"x\"",
        datetime,
        "datetime_from_date_parsing",
        "Input should be a valid datetime or date, input is too short",
        r#"{"error":"input is too short"}"#,
    );
    let keys: Vec<String> = (0..51).map(|key| format!("\"k{key}\":1")).collect();
    check(
        &format!("{{{}}}", keys.join(",")),
        metadata,
        "too_long",
        "Dictionary should have at most 50 items after validation, not 51",
        r#"{"field_type":"Dictionary","max_length":50,"actual_length":51}"#,
    );
    check(
        &format!("{{\"{}\":1}}", "k".repeat(41)),
        metadata,
        "string_too_long",
        "String should have at most 40 characters",
        r#"{"max_length":40}"#,
    );
    check(
        "\"a\\u0000b\"",
        short,
        "value_error",
        "Value error, This value contains invalid characters",
        r#"{"error":{}}"#,
    );
}

#[test]
fn a_body_that_is_not_json_is_told_with_its_place() {
    let fault = FieldError::malformed_json(7, "Extra data");
    assert_eq!(fault.kind, "json_invalid");
    assert_eq!(fault.loc.get(), r#"["body",7]"#);
    assert_eq!(fault.msg, "JSON decode error");
    assert_eq!(fault.input.expect("an input").get(), "{}");
    assert_eq!(
        fault.ctx.expect("a context").get(),
        r#"{"error":"Extra data"}"#
    );
}

/// What reads as the value, or the type of the fault.
fn reads<T: std::fmt::Debug + PartialEq>(
    cases: &[(&str, Result<T, &str>)],
    read: impl for<'p, 'v> Fn(Node<'p, 'v>, &mut Faults) -> Checked<T>,
) {
    for (text, expected) in cases {
        let value = json::parse(text).expect("JSON");
        let mut faults = Faults::new();
        let checked = read(Node::new(&value, &Path::BODY), &mut faults);
        let found = faults.finish(checked).map_err(|faults| faults[0].kind);
        match (found, expected) {
            (Ok(found), Ok(expected)) => assert_eq!(found, *expected, "{text}"),
            (Err(found), Err(expected)) => assert_eq!(found, *expected, "{text}"),
            (found, expected) => panic!("{text}: {found:?}, not {expected:?}"),
        }
    }
}

#[test]
fn whole_numbers_are_read_leniently() {
    reads(
        &[
            ("5", Ok(5)),
            ("-5", Ok(-5)),
            ("1.0", Ok(1)),
            ("1e3", Ok(1_000)),
            ("true", Ok(1)),
            ("false", Ok(0)),
            ("\" 7 \"", Ok(7)),
            ("\"+5\"", Ok(5)),
            ("\"1_000\"", Ok(1_000)),
            ("\"-007.00\"", Ok(-7)),
            ("\"1.\"", Err("int_parsing")),
            ("\".0\"", Err("int_parsing")),
            ("\"1__0\"", Err("int_parsing")),
            ("\"1e3\"", Err("int_parsing")),
            ("\"--1\"", Err("int_parsing")),
            ("\"٣\"", Err("int_parsing")),
            ("null", Err("int_type")),
            ("[]", Err("int_type")),
            ("NaN", Err("finite_number")),
            ("-Infinity", Err("finite_number")),
            ("1e20", Err("int_parsing_size")),
            ("100000000000000000000", Err("less_than_equal")),
            ("-2147483649", Err("greater_than_equal")),
        ],
        int32,
    );
}

#[test]
fn booleans_are_read_leniently() {
    reads(
        &[
            ("true", Ok(true)),
            ("0", Ok(false)),
            ("1.0", Ok(true)),
            ("\"oN\"", Ok(true)),
            ("\"f\"", Ok(false)),
            ("2", Err("bool_parsing")),
            ("2.0", Err("bool_parsing")),
            ("1.5", Err("bool_type")),
            ("100000000000000000000", Err("bool_type")),
            ("\" true\"", Err("bool_parsing")),
            ("null", Err("bool_type")),
            ("{}", Err("bool_type")),
        ],
        boolean,
    );
}

#[test]
fn identifiers_are_read_in_every_usual_spelling() {
    let id = "12345678-1234-4234-8234-1234567890ab";
    let uuid = id.parse().expect("a UUID");
    reads(
        &[
            (&format!("\"{id}\""), Ok(uuid)),
            (&format!("\"{}\"", id.to_uppercase()), Ok(uuid)),
            (&format!("\"{}\"", id.replace('-', "")), Ok(uuid)),
            (&format!("\"{{{id}}}\""), Ok(uuid)),
            (&format!("\"urn:uuid:{id}\""), Ok(uuid)),
            (&format!("\" {id}\""), Err("uuid_parsing")),
            (
                "\"12345678-1234-4234-c234-1234567890ab\"",
                Err("uuid_version"),
            ),
            ("\"\"", Err("uuid_parsing")),
            ("5", Err("uuid_type")),
            ("null", Err("uuid_type")),
        ],
        uuid4,
    );
}

#[test]
fn times_are_read_as_the_contract_says() {
    let at = |text: &str, offset_seconds: i32| {
        let at = domain::Timestamp::parse_rfc3339_fast(text).expect("a time");
        Ok(Instant { at, offset_seconds })
    };
    let midnight = || at("2026-03-01T00:00:00Z", 0);
    reads(
        &[
            ("\"2026-03-01T00:00:00Z\"", midnight()),
            ("\"2026-03-01t00:00z\"", midnight()),
            ("\"2026-03-01 00:00:00Z\"", midnight()),
            ("\"2026-03-01_00:00:00.000Z\"", midnight()),
            (
                "\"2026-03-01T00:00:00,5Z\"",
                at("2026-03-01T00:00:00.5Z", 0),
            ),
            (
                "\"2026-03-01T00:00:00.1234567Z\"",
                at("2026-03-01T00:00:00.123456Z", 0),
            ),
            (
                "\"2026-03-01T00:00:00+0200\"",
                at("2026-02-28T22:00:00Z", 7_200),
            ),
            (
                "\"2026-03-01T00:00:00-05:30\"",
                at("2026-03-01T05:30:00Z", -19_800),
            ),
            (
                "\"2026-03-01T00:00:00\u{2212}02:00\"",
                at("2026-03-01T02:00:00Z", -7_200),
            ),
            ("1772323200", midnight()),
            ("1772323200000", midnight()),
            ("1772323200.1234567", at("2026-03-01T00:00:00.123457Z", 0)),
            (
                "1772323200.12345678901234567",
                at("2026-03-01T00:00:00.123457Z", 0),
            ),
            ("-1.5", at("1969-12-31T23:59:58.5Z", 0)),
            ("\"1772323200\"", midnight()),
            ("\"1.7723232e9\"", midnight()),
            ("\"20000000000\"", at("2603-10-11T11:33:20Z", 0)),
            ("\"20000000001\"", at("1970-08-20T11:33:20.001Z", 0)),
            ("\".5\"", at("1970-01-01T00:00:00.5Z", 0)),
            ("\"1e9\"", Err("datetime_from_date_parsing")),
            ("\"2026-03-01\"", Err("timezone_aware")),
            ("\"2026-03-01T00:00:00\"", Err("timezone_aware")),
            (
                "\"2026-03-01T00:00:00+02\"",
                Err("datetime_from_date_parsing"),
            ),
            (
                "\"2026-03-01T00:00:00+24:00\"",
                Err("datetime_from_date_parsing"),
            ),
            (
                "\"2026-03-01T24:00:00Z\"",
                Err("datetime_from_date_parsing"),
            ),
            (
                "\"2026-03-01T00:00:60Z\"",
                Err("datetime_from_date_parsing"),
            ),
            (
                "\"2026-03-01T00:00:00.Z\"",
                Err("datetime_from_date_parsing"),
            ),
            (
                "\"2026-03-01T00:00:00 Z\"",
                Err("datetime_from_date_parsing"),
            ),
            (
                "\"2026-02-30T00:00:00Z\"",
                Err("datetime_from_date_parsing"),
            ),
            ("\"20260301T000000Z\"", Err("datetime_from_date_parsing")),
            ("\"\"", Err("datetime_from_date_parsing")),
            ("\"0000-01-01T00:00:00Z\"", Err("datetime_parsing")),
            ("\"0001-01-01T00:00:00+01:00\"", Err("datetime_parsing")),
            ("\"9999-12-31T23:59:59-01:00\"", Err("datetime_parsing")),
            ("100000000000000000000", Err("datetime_parsing")),
            ("1e300", Err("datetime_parsing")),
            ("NaN", Err("datetime_parsing")),
            ("true", Err("datetime_type")),
            ("null", Err("datetime_type")),
        ],
        datetime,
    );
}

#[test]
fn durations_are_iso_8601_or_seconds() {
    const SECOND: i64 = 1_000_000;
    reads(
        &[
            ("\"PT0S\"", Ok(0)),
            ("\"P1D\"", Ok(86_400 * SECOND)),
            ("\"P1W\"", Ok(7 * 86_400 * SECOND)),
            ("\"P1DT2H3M4.5S\"", Ok((86_400 + 7_384) * SECOND + 500_000)),
            ("3600", Ok(3_600 * SECOND)),
            ("\"P\"", Err("time_delta_parsing")),
            ("\"PT\"", Err("time_delta_parsing")),
            ("\"1D\"", Err("time_delta_parsing")),
            ("\"P1H\"", Err("time_delta_parsing")),
            ("\"P1D2W\"", Err("time_delta_parsing")),
            ("\"-P1D\"", Err("time_delta_parsing")),
            ("-1", Err("time_delta_parsing")),
            ("\"P99999999999Y\"", Err("time_delta_parsing")),
            ("null", Err("time_delta_type")),
        ],
        duration,
    );
}

#[test]
fn addresses_are_checked_as_the_reference_does() {
    for address in [
        "a@b.c",
        "A@Example.com",
        "a+b@example.com",
        "o'x@example.com",
        "a!#$%&*/=?^_`{|}~-@example.com",
        "é@example.com",
        "a@éxample.com",
        "a@example.c0m",
        " a@example.com ",
        "A B <a@example.com>",
        "a@x.internal",
    ] {
        let value = Value::String(address.into());
        let checked = email(Node::new(&value, &Path::BODY), &mut Faults::none_wanted());
        assert!(checked.is_ok(), "{address}");
    }
    let long_label = format!("a@{}.com", "b".repeat(64));
    let long_domain = format!("a@{}com", "bbbbbbbbb.".repeat(26));
    for address in [
        "",
        "a",
        "@example.com",
        "a@",
        "a@b",
        "a@localhost",
        "a@x.test",
        "a@x.local",
        "a@x.onion",
        "a@x.arpa",
        "a..b@example.com",
        ".a@example.com",
        "a.@example.com",
        "\"a b\"@example.com",
        "a@-example.com",
        "a@example-.com",
        "a@exa_mple.com",
        "a@[127.0.0.1]",
        "a@example.123",
        "a@1.2.3.4",
        "a@example.com.",
        "a@.example.com",
        "a@exam ple.com",
        "a b@example.com",
        "a@b@c.com",
        "a(b)@example.com",
        "a,b@example.com",
        "a@ex--ample.com",
        "a\0@example.com",
        &long_label,
        &long_domain,
    ] {
        let value = Value::String(address.into());
        let checked = email(Node::new(&value, &Path::BODY), &mut Faults::none_wanted());
        assert!(checked.is_err(), "{address}");
    }
    let value = Value::String("A.b@EXAMPLE.Com".into());
    let checked = email(Node::new(&value, &Path::BODY), &mut Faults::none_wanted());
    assert_eq!(checked.as_deref(), Ok("A.b@example.com"));
}

#[test]
fn faults_are_bounded_in_number_and_in_bytes() {
    let big = Value::String("x".repeat(1_000).into());
    let mut faults = Faults::new();
    for index in 0..FAULTS_MAX * 3 {
        faults.report(&Path::BODY.index(index), Rule::NotAnInteger, &big);
    }
    assert!(!faults.wants_more());
    let faults = faults.finish::<()>(Err(Refused)).expect_err("faults");
    assert_eq!(faults.len(), FAULTS_MAX);
    let echoed = faults.iter().filter_map(|fault| fault.input.as_ref());
    let bytes: usize = echoed.map(|input| input.get().len()).sum();
    assert!(
        bytes <= ECHO_BYTES_MAX && bytes > ECHO_BYTES_MAX / 2,
        "{bytes}"
    );
}

#[test]
fn a_key_of_any_length_is_told_shortened() {
    let key = "é".repeat(1_000_000);
    let mut faults = Faults::new();
    faults.report(&Path::BODY.name(&key), Rule::Missing, &Value::Null);
    let faults = faults.finish::<()>(Err(Refused)).expect_err("a fault");
    assert!(faults[0].loc.get().len() < 1_000);
}

proptest! {
    #[test]
    fn any_text_reads_as_something_or_nothing(text in "\\PC{0,40}") {
        let value = Value::String(text.into());
        let node = Node::new(&value, &Path::BODY);
        let faults = &mut Faults::none_wanted();
        let _checked = (datetime(node, faults), duration(node, faults), email(node, faults), uuid4(node, faults));
        let _checked = (integer(node, faults), boolean(node, faults));
    }

    #[test]
    fn any_digits_read_as_something_or_nothing(text in "[-+P]?[0-9T:._eE+-]{0,30}[ZSDHM]?") {
        let value = Value::String(text.into());
        let node = Node::new(&value, &Path::BODY);
        let faults = &mut Faults::none_wanted();
        let _checked = (datetime(node, faults), duration(node, faults), integer(node, faults));
    }
}
