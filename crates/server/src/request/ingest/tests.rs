//! What becomes of events, by the exact way and by the fast one.

use proptest::prelude::*;

use super::*;
use crate::validate::FieldError;
use domain::{Number, OwnedIdentity, Spelling, Value as Stored};

const JSON: Option<&str> = Some("application/json");
const CUSTOMER: &str = "12345678-1234-4234-8234-1234567890ab";

fn now() -> Timestamp {
    Timestamp::parse_rfc3339_fast("2026-06-01T00:00:00Z").expect("a time")
}

fn taken(body: &str) -> EventBatch {
    ingest(JSON, body.as_bytes(), now()).unwrap_or_else(|error| panic!("{body}: {error:?}"))
}

fn refused(body: &str) -> Vec<FieldError> {
    match ingest(JSON, body.as_bytes(), now()) {
        Err(IngestError::Invalid(Invalid::Form(faults))) => faults,
        other => panic!("{body}: {other:?}"),
    }
}

fn event(fields: &str) -> String {
    format!("{{\"events\":[{{\"name\":\"n\",\"external_customer_id\":\"c\",{fields}}}]}}")
}

fn metadata_text(metadata: &str, path: &[&str]) -> Option<String> {
    let batch = taken(&event(&format!("\"metadata\":{metadata}")));
    let event = batch.event(0);
    event
        .metadata
        .get_path(path.iter().copied())
        .and_then(|value| value.text().map(Into::into))
}

#[test]
fn the_customer_id_counts_when_both_are_sound_and_else_the_other() {
    let identity = |fields: &str| {
        let batch = taken(&format!("{{\"events\":[{{\"name\":\"n\",{fields}}}]}}"));
        batch.event(0).identity.to_owned()
    };
    let id = || OwnedIdentity::Customer(CustomerId::from_uuid(CUSTOMER.parse().expect("a UUID")));
    let external = || OwnedIdentity::External("c".into());
    assert_eq!(
        identity(&format!(
            "\"customer_id\":\"{CUSTOMER}\",\"external_customer_id\":\"c\""
        )),
        id()
    );
    assert_eq!(
        identity(&format!(
            "\"external_customer_id\":\"c\",\"customer_id\":\"{CUSTOMER}\""
        )),
        id()
    );
    assert_eq!(
        identity(&format!(
            "\"customer_id\":\"{CUSTOMER}\",\"external_customer_id\":5"
        )),
        id()
    );
    assert_eq!(
        identity("\"customer_id\":null,\"external_customer_id\":\"c\""),
        external()
    );
    assert_eq!(
        identity("\"customer_id\":\"bad\",\"external_customer_id\":\"c\""),
        external()
    );
    let member = format!(
        "\"customer_id\":\"{CUSTOMER}\",\"member_id\":\"bad\",\"external_customer_id\":\"c\""
    );
    assert_eq!(identity(&member), external());
}

#[test]
fn members_are_kept_with_the_form_they_belong_to() {
    let member = |fields: &str| {
        let batch = taken(&format!("{{\"events\":[{{\"name\":\"n\",{fields}}}]}}"));
        format!("{:?}", batch.event(0).member)
    };
    let id = format!(
        "\"customer_id\":\"{CUSTOMER}\",\"member_id\":\"{}\"",
        CUSTOMER.to_uppercase()
    );
    assert_eq!(member(&id), format!("Some(Id(\"{CUSTOMER}\"))"));
    assert_eq!(
        member("\"external_customer_id\":\"c\",\"external_member_id\":\"m\""),
        "Some(External(\"m\"))"
    );
    assert_eq!(
        member("\"external_customer_id\":\"c\",\"member_id\":\"anything\""),
        "None"
    );
}

#[test]
fn numbers_keep_their_digits_and_their_spelling() {
    for (literal, text) in [
        ("5", "5"),
        ("5.0", "5.0"),
        ("1e2", "100.0"),
        ("1.50", "1.5"),
        ("-0.0", "0.0"),
        ("9007199254740993", "9007199254740993"),
        (
            "123456789012345678901234567890.5",
            "123456789012345678901234567890.5",
        ),
    ] {
        let found = metadata_text(&format!("{{\"x\":{literal}}}"), &["x"]);
        assert_eq!(found.as_deref(), Some(text), "{literal}");
    }
}

#[test]
fn structured_keys_are_packed_as_the_contract_says() {
    let amount = |amount: &str| {
        metadata_text(
            &format!("{{\"_cost\":{{\"amount\":{amount},\"currency\":\"usd\",\"z\":1}}}}"),
            &["_cost", "amount"],
        )
    };
    assert_eq!(amount("12").as_deref(), Some("12.0"));
    assert_eq!(amount("\"1.25\"").as_deref(), Some("1.25"));
    let batch = taken(&event(
        r#""metadata":{"a":1,"_llm":{"vendor":"v","model":"m","input_tokens":"7","output_tokens":1.0,"total_tokens":true,"x":1}}"#,
    ));
    let event = batch.event(0);
    let llm = |key: &str| event.metadata.get_path(["_llm", key]);
    let whole = |value: i64| Some(Stored::Number(Number::from_i64(value), Spelling::Integer));
    assert_eq!(llm("input_tokens"), whole(7));
    assert_eq!(llm("output_tokens"), whole(1));
    assert_eq!(llm("total_tokens"), whole(1));
    assert_eq!(llm("prompt"), Some(Stored::Null));
    assert_eq!(llm("response"), Some(Stored::Null));
    assert_eq!(llm("cached_input_tokens"), None);
    assert_eq!(llm("x"), None);
}

#[test]
fn amounts_have_few_digits() {
    for (amount, kind) in [
        ("100000", "decimal_whole_digits"),
        ("\"1e5\"", "decimal_whole_digits"),
        ("1e-13", "decimal_max_places"),
        ("123456789012345678", "decimal_max_digits"),
        ("1e22", "decimal_max_digits"),
        ("\"abc\"", "decimal_parsing"),
        ("\"nan\"", "finite_number"),
        ("NaN", "finite_number"),
        ("true", "decimal_type"),
        ("null", "decimal_type"),
    ] {
        let faults = refused(&event(&format!(
            "\"metadata\":{{\"_cost\":{{\"amount\":{amount},\"currency\":\"usd\"}}}}"
        )));
        assert!(
            faults.iter().any(|fault| fault.kind == kind),
            "{amount}: {faults:?}"
        );
    }
    for amount in [
        "99999.123456789012",
        "-99999",
        "\" 1_0 \"",
        "\"1.0000000000000\"",
        "0e20",
        "1e4",
    ] {
        taken(&event(&format!(
            "\"metadata\":{{\"_cost\":{{\"amount\":{amount},\"currency\":\"xusdx\"}}}}"
        )));
    }
}

#[test]
fn numbers_that_cannot_be_kept_are_refused() {
    let long = format!("0.{}", "1".repeat(1_100));
    for literal in [
        "NaN",
        "Infinity",
        "-Infinity",
        "1e401",
        "-1e401",
        "1e-401",
        &long,
    ] {
        let faults = refused(&event(&format!("\"metadata\":{{\"x\":{literal}}}")));
        assert!(
            faults.iter().any(|fault| fault.kind == "finite_number"),
            "{literal}"
        );
    }
    taken(&event(&format!(
        "\"metadata\":{{\"x\":0.{}}}",
        "1".repeat(1_098)
    )));
}

#[test]
fn every_event_has_a_time_that_is_not_in_the_future() {
    assert_eq!(
        taken(&event("\"parent_id\":null")).event(0).timestamp,
        now()
    );
    taken(&event("\"timestamp\":\"2026-06-01T00:00:00Z\""));
    taken(&event("\"timestamp\":1"));
    for time in [
        "\"2026-06-01T00:00:00.000001Z\"",
        "null",
        "\"2026-05-01\"",
        "1e300",
        "\"9999-12-31T23:59:59-01:00\"",
    ] {
        refused(&event(&format!("\"timestamp\":{time}")));
    }
}

#[test]
fn nul_characters_are_refused_wherever_they_stand() {
    for fields in [
        r#""external_id":"a\u0000""#,
        r#""parent_id":"a\u0000""#,
        r#""metadata":{"x":"a\u0000"}"#,
        r#""metadata":{"a\u0000":1}"#,
        r#""metadata":{"_cost":{"amount":1,"currency":"usd\u0000"}}"#,
    ] {
        assert!(
            refused(&event(fields))
                .iter()
                .any(|fault| fault.kind == "value_error"),
            "{fields}"
        );
    }
}

#[test]
fn an_organization_is_not_named() {
    let body = event(&format!("\"organization_id\":\"{CUSTOMER}\""));
    let error = ingest(JSON, body.as_bytes(), now()).expect_err("a rule of the business");
    let IngestError::Invalid(Invalid::Rules(faults)) = error else {
        panic!("{error:?}")
    };
    assert_eq!(faults[0].kind, "organization_token");
    assert_eq!(
        faults[0].loc.get(),
        r#"["body","events",0,"organization_id"]"#
    );
    taken(&event("\"organization_id\":null"));
}

#[test]
fn both_forms_report_their_faults_in_order() {
    let faults = refused(r#"{"events":[{"name":5}]}"#);
    let places: Vec<&str> = faults.iter().map(|fault| fault.loc.get()).collect();
    assert_eq!(
        places,
        [
            r#"["body","events",0,"EventCreateCustomer","name"]"#,
            r#"["body","events",0,"EventCreateCustomer","customer_id"]"#,
            r#"["body","events",0,"EventCreateExternalCustomer","name"]"#,
            r#"["body","events",0,"EventCreateExternalCustomer","external_customer_id"]"#,
        ]
    );
}

#[test]
fn many_bad_events_do_not_make_a_huge_answer() {
    let long = "x".repeat(100_000);
    let bad = format!("{{\"name\":5,\"filler\":\"{long}\"}}");
    let mut body = String::from("{\"events\":[");
    for _ in 0..50 {
        body.push_str(&bad);
        body.push(',');
    }
    body.push_str(&"{},".repeat(100_000));
    body.push_str("{}]}");
    let faults = refused(&body);
    let bytes = faults.iter().map(|fault| {
        fault.loc.get().len()
            + fault.msg.len()
            + fault.input.as_ref().map_or(0, |input| input.get().len())
    });
    assert!(faults.len() <= 1_000 && bytes.sum::<usize>() < 1 << 20);
}

#[test]
fn an_empty_list_of_events_is_sound() {
    assert!(taken(r#"{"events":[]}"#).is_empty());
    assert!(taken(r#" { "events" : [ ] } "#).is_empty());
}

#[test]
fn with_another_content_type_a_body_is_text() {
    let body = event("\"parent_id\":null");
    for content_type in [
        None,
        Some("text/plain"),
        Some("application/json,text/plain"),
    ] {
        let error = ingest(content_type, body.as_bytes(), now()).expect_err("text");
        let IngestError::Invalid(Invalid::Form(faults)) = error else {
            panic!("{error:?}")
        };
        assert_eq!(faults[0].kind, "model_attributes_type");
    }
    for content_type in [
        "application/json; charset=utf-8",
        "Application/Cloudevents+JSON",
    ] {
        assert!(ingest(Some(content_type), body.as_bytes(), now()).is_ok());
    }
}

/// Texts that stand in events: plain ones often, others now and then.
fn some_text() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => "[a-z]{0,12}",
        2 => "[ -~é日😀]{0,20}",
        1 => Just("x".repeat(500)),
        1 => Just("é".repeat(501)),
        1 => Just("\"\\\n\t\0".to_owned()),
    ]
}

fn some_value() -> impl Strategy<Value = String> {
    let quoted = some_text().prop_map(|text| serde_json::to_string(&text).expect("text"));
    prop_oneof![
        4 => quoted,
        4 => "-?(0|[1-9][0-9]{0,20})",
        3 => "-?(0|[1-9][0-9]{0,6})\\.[0-9]{1,14}",
        2 => Just("true".to_owned()),
        1 => Just("false".to_owned()),
        1 => prop_oneof![
            Just("null"), Just("[]"), Just("{}"), Just("1e5"), Just("1E-401"), Just("01"), Just("NaN"), Just("\"\\u0041\""),
        ].prop_map(str::to_owned),
    ]
}

fn some_metadata() -> impl Strategy<Value = String> {
    let key = prop_oneof![8 => "[a-e]{1,2}", 1 => Just(String::new()), 1 => Just("_cost".to_owned()), 1 => "[a-zé.]{1,50}"];
    let pair = (key, some_value()).prop_map(|(key, value)| format!("\"{key}\":{value}"));
    prop::collection::vec(pair, 0..8).prop_map(|pairs| format!("{{{}}}", pairs.join(", ")))
}

fn some_event() -> impl Strategy<Value = String> {
    let time = prop_oneof![
        4 => "2026-0[1-5]-[0-2][1-9]T[01][0-9]:[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,8})?(Z|[+-]0[0-9]:30)",
        1 => Just("2999-01-01T00:00:00Z".to_owned()),
        1 => Just("2026-01-01 00:00Z".to_owned()),
    ];
    let quoted = |text: &str| format!("\"{text}\"");
    let field = prop_oneof![
        some_value().prop_map(|value| format!("\"name\":{value}")),
        some_value().prop_map(|value| format!("\"external_id\":{value}")),
        some_value().prop_map(|value| format!("\"parent_id\" : {value}")),
        some_value().prop_map(|value| format!("\"extra\":{value}")),
        some_value().prop_map(|value| format!("\"external_member_id\":{value}")),
        time.prop_map(move |time| format!("\"timestamp\":{}", quoted(&time))),
        Just("\"timestamp\":1772323200".to_owned()),
        Just("\"organization_id\":null".to_owned()),
        Just(format!("\"customer_id\":\"{CUSTOMER}\"")),
        Just("\"customer_id\":null".to_owned()),
        some_metadata().prop_map(|metadata| format!("\"metadata\":{metadata}")),
    ];
    prop::collection::vec(field, 0..5).prop_map(|fields| {
        let base = "\"name\":\"base\",\"external_customer_id\":\"c\"".to_owned();
        let all: Vec<String> = std::iter::once(base).chain(fields).collect();
        format!("{{{}}}", all.join(","))
    })
}

/// How many cases of each property are tried: more when `PROPTEST_CASES` says so.
fn cases() -> ProptestConfig {
    ProptestConfig::with_cases(ProptestConfig::default().cases.max(4_000))
}

/// Events whose keys repeat those of the event before, wholly, in part, in another order.
const REPEATING: &str = r#"{"events":[
{"name":"chat","external_customer_id":"c-1","external_id":"k1","timestamp":"2026-03-01T10:20:30.5Z","metadata":{"model":"gpt","tokens":120,"cost":0.25,"ok":true}},
{"name":"chat","external_customer_id":"c-2","external_id":"k2","timestamp":"2026-03-01T10:20:31Z","metadata":{"model":"g","tokens":7,"cost":-1.50,"ok":false}},
{"name":"chat","external_customer_id":"c-2","external_id":"k3","timestamp":"2026-03-01T10:20:31Z","metadata":{"model":"g","cost":1,"tokens":7}},
{"name": "chat", "external_customer_id": "c-2", "external_id": null, "metadata": {"model": "g", "tokens": 123456789012345678, "cost": 0.000000000001}},
{"name":"chat","external_customer_id":"c-2","other":[1],"metadata":{}},
{"name":"chat","metadata":{"model":"g","tokens":7,"cost":2,"ok":"yes","more":"x"},"external_customer_id":"c-3"}
]}"#;

/// A change of some bytes of a body.
#[derive(Debug, Clone)]
enum Change {
    Replace(usize, u8),
    Insert(usize, u8),
    Remove(usize, usize),
    /// Puts bytes from one place in another.
    Copy(usize, usize, usize),
}

impl Change {
    fn any() -> impl Strategy<Value = Self> {
        let byte =
            || prop::sample::select(b"\"\\{}[],:0 19.eE-+ntfulrames_\n\x01\xc3\xa9".to_vec());
        prop_oneof![
            (any::<usize>(), byte()).prop_map(|(at, byte)| Self::Replace(at, byte)),
            (any::<usize>(), byte()).prop_map(|(at, byte)| Self::Insert(at, byte)),
            (any::<usize>(), 1_usize..30).prop_map(|(at, count)| Self::Remove(at, count)),
            (any::<usize>(), 1_usize..40, any::<usize>())
                .prop_map(|(from, count, to)| Self::Copy(from, count, to)),
        ]
    }

    fn apply(&self, body: &mut Vec<u8>) {
        let length = body.len();
        let place = |at: usize| at.checked_rem(length).unwrap_or(0);
        let range = |at: usize, count: usize| place(at)..(place(at) + count).min(length);
        match *self {
            Self::Replace(at, byte) => body[place(at)] = byte,
            Self::Insert(at, byte) => body.insert(place(at), byte),
            Self::Remove(at, count) => drop(body.drain(range(at, count))),
            Self::Copy(from, count, to) => {
                let copied = body[range(from, count)].to_vec();
                body.splice(place(to)..place(to), copied);
            }
        }
    }
}

/// What the fast way takes, the exact way takes with the same outcome. Returns whether it was taken.
fn check_alike(body: &[u8]) -> Result<bool, TestCaseError> {
    let Some(fast) = fast::read(body, now()) else {
        return Ok(false);
    };
    let parsed = Body::parse(JSON, body).expect("JSON");
    let exact = read_exactly(&parsed, now()).expect("sound");
    prop_assert_eq!(fast, exact);
    Ok(true)
}

#[test]
fn repeated_keys_are_taken_by_the_fast_way() {
    let plain = REPEATING.replace("\"other\":[1],", "");
    assert!(check_alike(plain.as_bytes()).expect("alike"));
    // A key twice in one event, where the event before had it, is for the exact way.
    let twice = plain.replace("\"cost\":1,", "\"cost\":1,\"model\":\"h\",");
    assert!(!check_alike(twice.as_bytes()).expect("alike"));
    let twice = plain.replace("\"cost\":-1.50", "\"model\":\"h\"");
    assert!(!check_alike(twice.as_bytes()).expect("alike"));
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn changes_never_set_the_two_ways_apart(changes in prop::collection::vec(Change::any(), 1..4), plain: bool) {
        let mut body = if plain {
            REPEATING.replace("\"other\":[1],", "").into_bytes()
        } else {
            REPEATING.as_bytes().to_vec()
        };
        for change in changes {
            if !body.is_empty() {
                change.apply(&mut body);
            }
        }
        check_alike(&body)?;
    }

    #[test]
    fn what_the_fast_way_takes_the_exact_way_takes_alike(
        events in prop::collection::vec(some_event(), 0..4),
        cut in prop::option::weighted(0.1, 0_usize..400),
        space in prop::sample::select(vec!["", " ", "\n\t"]),
    ) {
        let mut body = format!("{{{space}\"events\":{space}[{}]{space}}}", events.join(","));
        if let Some(cut) = cut {
            let cut = (0..=cut.min(body.len())).rev().find(|cut| body.is_char_boundary(*cut)).unwrap_or(0);
            body.truncate(cut);
        }
        check_alike(body.as_bytes())?;
    }

    #[test]
    fn changed_bytes_never_set_the_two_ways_apart(
        at in 0_usize..400, byte in prop::sample::select(b"\"\\{}[],:0 19.eE-+ntf\n\x01\xc3".to_vec()), insert: bool,
    ) {
        let mut body = format!(
            "{{\"events\":[{{\"name\":\"chat\",\"customer_id\":\"{CUSTOMER}\",\"timestamp\":\"2026-03-01T10:20:30.5Z\",\
             \"external_id\":\"key-1\",\"metadata\":{{\"model\":\"gpt\",\"tokens\":120,\"cost\":0.25,\"ok\":true}}}},\
             {{\"name\":\"é\",\"external_customer_id\":\"x\",\"parent_id\":null,\"other\":-1.5e3}}]}}"
        ).into_bytes();
        let at = at % body.len();
        if insert { body.insert(at, byte) } else { body[at] = byte }
        check_alike(&body)?;
    }
}

#[test]
fn the_fast_way_takes_plain_events() {
    let body = format!(
        "{{\"events\":[{{\"name\":\"chat\",\"customer_id\":\"{CUSTOMER}\",\"timestamp\":\"2026-03-01T10:20:30.5Z\",\
         \"external_id\":\"key-1\",\"parent_id\":\"p\",\"organization_id\":null,\
         \"metadata\":{{\"model\":\"gpt é\",\"tokens\":120,\"cost\":0.25,\"ok\":true,\"\":false}}}}]}}"
    );
    assert_eq!(
        fast::read(body.as_bytes(), now()).map(|batch| batch.len()),
        Some(1)
    );
}

#[test]
fn faults_in_metadata_are_told_at_the_key_where_they_stand() {
    let model = r#"{"vendor":"v","model":"m","input_tokens":1,"output_tokens":2}"#;
    for (metadata, key, kind) in [
        (
            format!("{{\"text\":\"{}\"}}", "x".repeat(600)),
            "\"text\",",
            "string_too_long",
        ),
        (
            r#"{"_cost":{"amount":1,"currency":"eur"}}"#.to_owned(),
            "\"_cost\",\"currency\"",
            "string_pattern_mismatch",
        ),
        (
            format!("{{\"_llm\":{model}}}"),
            "\"_llm\",\"total_tokens\"",
            "missing",
        ),
    ] {
        let faults = refused(&event(&format!("\"metadata\":{metadata}")));
        let place = format!("\"metadata\",{key}");
        let is_it = |fault: &FieldError| fault.loc.get().contains(&place) && fault.kind == kind;
        assert!(faults.iter().any(is_it), "{key} {kind}: {faults:?}");
    }
}
