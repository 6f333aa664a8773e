//! The messages and offsets are those of Python's `json`.

use proptest::prelude::*;

use super::{DEPTH_MAX, ParseError, VALUES_MAX, Value, parse};

fn check(text: &str, expected: Result<&str, (usize, &'static str)>) {
    let parsed = parse(text).map(|value| {
        let mut out = String::new();
        value
            .write(usize::MAX, &mut out)
            .expect("there is no bound");
        out
    });
    let expected = expected
        .map(str::to_owned)
        .map_err(|(offset, message)| ParseError { offset, message });
    assert_eq!(parsed, expected, "{text}");
}

#[test]
fn what_python_reads_is_read() {
    for (text, written) in [
        (" [ ] ", "[]"),
        ("{}", "{}"),
        ("\u{feff}{\"a\" : 1}", r#"{"a":1}"#),
        (r#"{"a":1,"b":2,"a":3}"#, r#"{"a":3,"b":2}"#),
        (
            r#"["\u00e9\n\/\"\\\ud83d\ude00\u0000"]"#,
            "[\"é\\n/\\\"\\\\😀\\u0000\"]",
        ),
        (
            "[-0, 1.50, 1E+5, 123456789012345678901234567890]",
            "[-0,1.50,1E+5,123456789012345678901234567890]",
        ),
        ("[true,false,null]", "[true,false,null]"),
        ("[NaN,Infinity,-Infinity]", "[null,null,null]"),
        ("\"\u{7f}\u{80}\"", "\"\u{7f}\u{80}\""),
    ] {
        check(text, Ok(written));
    }
}

#[test]
fn what_python_refuses_is_refused_in_its_words() {
    for (text, offset, message) in [
        ("", 0, "Expecting value"),
        ("  ", 2, "Expecting value"),
        ("[", 1, "Expecting value"),
        ("[1,", 3, "Expecting value"),
        ("[1,]", 2, "Illegal trailing comma before end of array"),
        ("[1 2]", 3, "Expecting ',' delimiter"),
        ("[01]", 2, "Expecting ',' delimiter"),
        ("[1.]", 2, "Expecting ',' delimiter"),
        ("[.5]", 1, "Expecting value"),
        ("[+1]", 1, "Expecting value"),
        ("[tru]", 1, "Expecting value"),
        ("{", 1, "Expecting property name enclosed in double quotes"),
        (
            "{'a':1}",
            1,
            "Expecting property name enclosed in double quotes",
        ),
        (
            r#"{"a":1,}"#,
            6,
            "Illegal trailing comma before end of object",
        ),
        (r#"{"a" 1}"#, 5, "Expecting ':' delimiter"),
        (r#"{"a":1}}"#, 7, "Extra data"),
        (r#"["é", "ab]"#, 6, "Unterminated string starting at"),
        ("[\"é\n\"]", 3, "Invalid control character at"),
        (r#"["é\x"]"#, 3, "Invalid \\escape"),
        (r#"["é\u12g4"]"#, 4, "Invalid \\uXXXX escape"),
        (r#"["\ud800"]"#, 2, "Unpaired surrogate"),
        (r#"["\udc00\ud800"]"#, 2, "Unpaired surrogate"),
    ] {
        check(text, Err((offset, message)));
    }
}

#[test]
fn nesting_is_bounded_whatever_is_sent() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(parse(&nested(DEPTH_MAX)).is_ok());
    let error = parse(&nested(DEPTH_MAX + 1)).expect_err("one too many");
    assert_eq!(
        error,
        ParseError {
            offset: DEPTH_MAX,
            message: "Nested too deep"
        }
    );
    let error = parse(&"[".repeat(10 << 20)).expect_err("far too many");
    assert_eq!(error.message, "Nested too deep");
    let error = parse(&"{\"a\":".repeat(2 << 20)).expect_err("far too many");
    assert_eq!(error.message, "Nested too deep");
}

#[test]
fn values_are_bounded() {
    let many = format!("[{}0]", "0,".repeat(VALUES_MAX));
    assert_eq!(
        parse(&many).expect_err("too many").message,
        "Too many values"
    );
}

#[test]
fn a_large_object_with_repeated_keys_is_read_in_order() {
    let pairs: Vec<String> = (0..200_000)
        .map(|n| format!("\"k{}\":{n}", n % 150_000))
        .collect();
    let text = format!("{{{}}}", pairs.join(","));
    let Ok(Value::Object(object)) = parse(&text) else {
        panic!("an object")
    };
    assert_eq!(object.len(), 150_000);
    assert_eq!(object.iter().next(), Some(("k0", &Value::Number("150000"))));
    assert_eq!(object.get("k149999"), Some(&Value::Number("149999")));
}

#[test]
fn writing_stops_at_its_bound() {
    let value = parse(r#"{"key":["0123456789",1]}"#).expect("JSON");
    let length = r#"{"key":["0123456789",1]}"#.len();
    for bytes_max in 0..length + 4 {
        let mut out = String::new();
        assert_eq!(
            value.write(bytes_max, &mut out).is_some(),
            bytes_max >= length,
            "{bytes_max}"
        );
    }
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "[\\[\\]{}\",:0-9eE+\\-.ntfu\\\\ab é\u{1}]{0,40}") {
        if let Err(error) = parse(&text) {
            prop_assert!(error.offset <= text.chars().count());
        }
    }

    #[test]
    fn what_is_written_is_read_again(text in "\\PC{0,20}\u{0}?", number in "-?[1-9][0-9]{0,30}(\\.[0-9]{1,9})?") {
        let value = Value::Array(vec![Value::String(text.into()), Value::Number(&number), Value::Null]);
        let mut out = String::new();
        value.write(usize::MAX, &mut out).expect("there is no bound");
        prop_assert_eq!(parse(&out), Ok(value));
    }
}
