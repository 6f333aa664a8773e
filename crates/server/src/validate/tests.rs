//! The rows of SEMANTICS 3.5, and the bounds on what is told.

mod readings;

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
