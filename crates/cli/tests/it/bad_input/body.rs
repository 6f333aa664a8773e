//! Bodies: broken JSON, wrong kinds, limits of numbers, text and depth.

use serde_json::{Value, json};

use super::{BODY_BYTES_MAX, INGEST, Raw, Target, is_refused};
use crate::api::{Ingested, event};

#[test]
fn json_that_is_broken_is_refused() {
    let mut target = Target::start();
    for text in [
        "{",
        "}",
        "[",
        "{\"events\":",
        "{\"events\":[}",
        "{'events':[]}",
        "{\"events\":[],}",
        "nul",
        "{} {}",
        "{\"events\": [1, ]}",
        "{\"a\":\"\u{1}\"}",
        "{\"a\":\"\\x\"}",
        "{\"a\":01}",
        "{\"a\":+1}",
        "{\"a\":.5}",
        "{\"a\":1.}",
        "\"",
        "\u{feff}",
        "{\"a\":\"\\ud8\"}",
        "{\"a\":1e}",
        "-",
        "{\"a\" 1}",
        "{1:2}",
        "\u{0}",
    ] {
        let answer = target.post_json(INGEST, text);
        is_refused(text, &answer, "body", "json_invalid");
    }
    for text in ["", " "] {
        let answer = target.post_json(INGEST, text);
        assert_eq!(answer.status, 422, "{text:?}: {}", answer.excerpt());
    }
    target.is_sane();
}

#[test]
fn values_of_the_wrong_kind_are_refused_where_they_stand() {
    let mut target = Target::start();
    for (body, loc, kind) in [
        ("[]", "body", "model_attributes_type"),
        ("1", "body", "model_attributes_type"),
        ("\"text\"", "body", "model_attributes_type"),
        ("{}", "body.events", "missing"),
        (r#"{"events":{}}"#, "body.events", "list_type"),
        (r#"{"events":null}"#, "body.events", "list_type"),
    ] {
        is_refused(body, &target.post_json(INGEST, body), loc, kind);
    }
    let valid = r#"{"events":[{"name":"n","external_customer_id":"c","metadata":{}}]}"#;
    for (right, wrong, kind) in [
        (r#","external_customer_id":"c""#, "", "missing"),
        (r#""n""#, "1", "string_type"),
        (r#""n""#, "null", "string_type"),
        (r#""c""#, "7", "string_type"),
        ("{}", r#"{},"timestamp":"2025-03-01""#, "timezone_aware"),
        (
            "{}",
            r#"{},"timestamp":"2025-03-01T00:00:00""#,
            "timezone_aware",
        ),
        (
            "{}",
            r#"{},"timestamp":"9998-03-01T00:00:00Z""#,
            "value_error",
        ),
        ("{}", r#"{},"timestamp":"2025-02-30T00:00:00Z""#, "*"),
        ("{}", r#"{},"timestamp":null"#, "*"),
        ("{}", r#"{},"timestamp":1e300"#, "*"),
        (
            "{}",
            r#"{},"organization_id":"8e0a5cc4-1a0d-4d8e-9d3b-3f0a5c6b7a01""#,
            "organization_token",
        ),
        ("{}", r#"{},"external_id":5"#, "string_type"),
        ("{}", r#"{"a":null}"#, "*"),
        ("{}", r#"{"a":[]}"#, "*"),
        ("{}", r#"{"a":{}}"#, "*"),
        ("{}", r#"{"a":""}"#, "string_too_short"),
        ("{}", "[]", "*"),
        ("{}", "1", "*"),
        ("{}", r#"{"_cost":1}"#, "*"),
        ("{}", r#"{"_llm":{}}"#, "missing"),
    ] {
        let body = valid.replace(right, wrong);
        is_refused(
            &body,
            &target.post_json(INGEST, &body),
            "body.events.0",
            kind,
        );
    }
    for with_nul in [
        r#"{"a":"\u0000"}"#,
        r#"{"\u0000":"a"}"#,
        r#"{"a":"b","_cost":{"amount":1,"currency":"usd","x":["\u0000"]}}"#,
    ] {
        let body = valid.replace("{}", with_nul);
        is_refused(
            &body,
            &target.post_json(INGEST, &body),
            "body",
            "value_error",
        );
    }
    target.is_sane();
}

#[test]
fn text_is_taken_up_to_its_limits_in_characters() {
    let mut target = Target::start();
    let value = |count: usize| format!(r#"{{"a":"{}"}}"#, "é".repeat(count));
    assert_eq!(
        target.ingest_metadata(&value(500)),
        200,
        "a value of 500 characters"
    );
    assert_eq!(
        target.ingest_metadata(&value(501)),
        422,
        "a value of 501 characters"
    );
    let named = |count: usize| {
        let name = "é".repeat(count);
        format!(r#"{{"events":[{{"name":"{name}","external_customer_id":"c"}}]}}"#)
    };
    is_refused(
        "a long name",
        &target.post_json(INGEST, &named(129)),
        "body.events.0",
        "string_too_long",
    );
    assert_eq!(
        target.post_json(INGEST, &named(128)).status,
        200,
        "a name of 128 characters"
    );
    // That one has the time of its receipt, outside the days that are counted.
    target.is_sane();
}

#[test]
fn one_bad_event_refuses_the_whole_request() {
    let mut target = Target::start();
    let mut events: Vec<Value> = (0..50).map(event).collect();
    events[49]["timestamp"] = json!("not a time");
    let answer = target.organization.try_ingest(&events).expect("an answer");
    assert_eq!(answer.status, 422, "{}", answer.excerpt());
    events.pop();
    assert_eq!(
        target.organization.ingest(&events).inserted,
        49,
        "nothing of the first was stored"
    );
    target.taken += 49;
    target.is_sane();
}

#[test]
fn numbers_are_taken_up_to_their_limits_and_refused_beyond() {
    let mut target = Target::start();
    let digits = |count: usize| format!(r#"{{"a":{}}}"#, "7".repeat(count));
    assert_eq!(
        target.ingest_metadata(&digits(1_100)),
        200,
        "1,100 characters"
    );
    assert_eq!(
        target.ingest_metadata(&digits(1_101)),
        422,
        "1,101 characters"
    );
    assert_eq!(
        target.ingest_metadata(&digits(100_000)),
        422,
        "100,000 characters"
    );
    let fraction = |count: usize| format!(r#"{{"a":0.{}}}"#, "3".repeat(count - 2));
    assert_eq!(
        target.ingest_metadata(&fraction(1_100)),
        200,
        "1,100 characters with a point"
    );
    assert_eq!(
        target.ingest_metadata(&fraction(1_101)),
        422,
        "1,101 characters with a point"
    );
    for (number, status) in [
        ("1e401", 422),
        ("1e-401", 422),
        ("-1E+401", 422),
        ("1e99999999999999999999", 422),
        ("1e-99999999999999999999", 422),
        ("0e99999999999999999999", 422),
        ("NaN", 422),
        ("Infinity", 422),
        ("-Infinity", 422),
        ("1e399", 200),
        ("1e-400", 200),
        ("-0", 200),
        ("-0.0", 200),
        ("18446744073709551616", 200),
    ] {
        assert_eq!(
            target.ingest_metadata(&format!(r#"{{"a":{number}}}"#)),
            status,
            "{number}"
        );
    }
    target.is_sane();
}

#[test]
fn text_that_is_no_text_is_refused() {
    let mut target = Target::start();
    for metadata in [
        r#"{"a":"\ud800"}"#,
        r#"{"a":"\udc00\ud800"}"#,
        r#"{"\ud800":"a"}"#,
    ] {
        assert_eq!(
            target.ingest_metadata(metadata),
            422,
            "a lone surrogate: {metadata}"
        );
    }
    for bytes in [
        &b"{\"events\":[],\"a\":\"\xff\"}"[..],
        b"\xff\xfe{\x00}\x00",
        b"\x80",
        b"{\"\xc0\xaf\":1}",
    ] {
        let answer = target.post(INGEST, Some("application/json"), bytes);
        assert_eq!(answer.status, 400, "{bytes:?}: {}", answer.excerpt());
        assert_eq!(
            answer.json(),
            json!({"detail": "There was an error parsing the body"})
        );
    }
    let with_mark = "\u{feff}{\"events\":[]}";
    assert_eq!(
        target.post_json(INGEST, with_mark).status,
        200,
        "a byte order mark is read"
    );
    target.is_sane();
}

#[test]
fn a_body_is_json_only_when_it_says_so() {
    let mut target = Target::start();
    let body = br#"{"events":[]}"#;
    for kind in [
        "application/json",
        "application/json; charset=utf-8",
        "Application/JSON",
        "application/vnd.x+json",
    ] {
        let answer = target.post(INGEST, Some(kind), body);
        assert_eq!(answer.status, 200, "{kind}: {}", answer.excerpt());
    }
    for kind in [
        Some("text/plain"),
        Some("application/x-www-form-urlencoded"),
        Some("application/jsonx"),
        Some("text/json"),
        Some(""),
        None,
    ] {
        let answer = target.post(INGEST, kind, body);
        is_refused(
            &format!("{kind:?}"),
            &answer,
            "body",
            "model_attributes_type",
        );
    }
    let line = "GET /v1/meters/";
    let authorization = target.authorization();
    let headers = [authorization.as_str(), "content-type: application/json"];
    let answer = target
        .send(Raw {
            line,
            headers: &headers,
            body: b"",
        })
        .expect("an answer");
    assert_eq!(
        answer.status,
        200,
        "a content type without a body: {}",
        answer.excerpt()
    );
    target.is_sane();
}

#[test]
fn filters_nest_to_100_levels_and_nothing_overflows_the_stack() {
    let mut target = Target::start();
    let meter = |levels: usize| {
        let (open, close) = (r#"{"conjunction":"or","clauses":["#, "]}");
        let filter = open.repeat(levels) + &close.repeat(levels);
        format!(r#"{{"name":"deep","filter":{filter},"aggregation":{{"func":"count"}}}}"#)
    };
    for levels in [60, 100] {
        let answer = target.post_json("/v1/meters/", &meter(levels));
        assert_eq!(answer.status, 201, "{levels} levels: {}", answer.excerpt());
    }
    // The last is just within the size of a body.
    for levels in [101, 150, 5_000, 31_000] {
        let answer = target.post_json("/v1/meters/", &meter(levels));
        assert_eq!(answer.status, 422, "{levels} levels: {}", answer.excerpt());
    }
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let deep = format!("{}1{}", open.repeat(1_000_000), close.repeat(1_000_000));
        assert_eq!(
            target.post_json(INGEST, &deep).status,
            422,
            "{open} a million times"
        );
        assert_eq!(
            target.post_json(INGEST, &open.repeat(1_000_000)).status,
            422,
            "never closed"
        );
        let inside = format!("{{\"a\":{}1{}}}", open.repeat(10_000), close.repeat(10_000));
        assert_eq!(target.ingest_metadata(&inside), 422, "in metadata");
    }
    target.is_sane();
}

#[test]
fn a_body_beyond_10_mib_is_refused_before_anything_else() {
    let mut target = Target::start();
    let too_large = json!({
        "error": "RequestBodyTooLarge",
        "detail": "Request body exceeded the maximum allowed size of 10485760 bytes.",
    });
    // Declared: refused before it is sent, without a token.
    let line = "POST /v1/events/ingest";
    let headers = ["content-length: 10485761", "content-type: application/json"];
    let answer = target
        .send(Raw {
            line,
            headers: &headers,
            body: b"",
        })
        .expect("an answer");
    assert_eq!((answer.status, answer.json()), (413, too_large.clone()));
    let headers = [
        "content-length: 99999999999999999999999",
        "content-type: application/json",
    ];
    if let Ok(answer) = target.send(Raw {
        line,
        headers: &headers,
        body: b"",
    }) {
        assert!(matches!(answer.status, 400 | 413), "{}", answer.excerpt());
    }
    // At the limit: read.
    let mut body = br#"{"events":[]}"#.to_vec();
    body.resize(BODY_BYTES_MAX, b' ');
    let answer = target.post(INGEST, Some("application/json"), &body);
    assert_eq!(answer.status, 200, "{}", answer.excerpt());
    // Chunked: read to the limit, refused beyond.
    let authorization = target.authorization();
    let headers = [
        authorization.as_str(),
        "content-type: application/json",
        "transfer-encoding: chunked",
    ];
    let chunked = |body: &[u8]| {
        let mut out = Vec::new();
        for chunk in body.chunks(65_536) {
            out.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
            out.extend_from_slice(chunk);
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(b"0\r\n\r\n");
        out
    };
    let answer = target.send(Raw {
        line,
        headers: &headers,
        body: &chunked(&body),
    });
    assert_eq!(
        answer.expect("an answer").status,
        200,
        "chunked, at the limit"
    );
    body.push(b' ');
    // The connection may be cut while the rest is still being sent; then there is no answer to see.
    if let Ok(answer) = target.send(Raw {
        line,
        headers: &headers,
        body: &chunked(&body),
    }) {
        assert_eq!((answer.status, answer.json()), (413, too_large));
    }
    let events = format!(r#"{{"events":[{}]}}"#, event(1));
    let answer = target.send(Raw {
        line,
        headers: &headers,
        body: &chunked(events.as_bytes()),
    });
    assert_eq!(
        Ingested::of(&answer.expect("an answer")).inserted,
        1,
        "chunked, small"
    );
    target.taken += 1;
    target.is_sane();
}
