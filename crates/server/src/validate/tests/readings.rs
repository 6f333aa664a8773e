//! What each kind of value may be written as.

use super::*;

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
