//! The replayer against a server whose answers are made up here: what is wrong must be found, at its level.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread;

use super::*;

const ORGANIZATION: &str = r#"{"id":"aaaaaaaa-0000-4000-8000-000000000001"}"#;
const TOKEN: &str = r#"{"token":"secret"}"#;

/// A request as the made-up server saw it.
struct Seen {
    line: String,
    headers: Vec<String>,
    body: Vec<u8>,
}

/// Serves the two admin operations, and then `answers` in order, on one connection.
fn serve(answers: Vec<(u16, String)>) -> (String, mpsc::Receiver<Seen>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("bound");
    let (report, seen) = mpsc::channel();
    thread::spawn(move || {
        let (stream, _) = listener.accept().expect("a client");
        let mut stream = BufReader::new(stream);
        let mut answers = answers.into_iter();
        while let Some(request) = read_request(&mut stream) {
            let (status, body) = match request.line.split(' ').nth(1) {
                Some("/v1/organizations/") => (201, ORGANIZATION.to_owned()),
                Some("/v1/organization-access-tokens/") => (201, TOKEN.to_owned()),
                _ => {
                    report.send(request).expect("the test listens");
                    answers.next().expect("an answer for every step")
                }
            };
            let head = format!(
                "HTTP/1.1 {status} X\r\ncontent-length: {}\r\n\r\n",
                body.len()
            );
            stream
                .get_mut()
                .write_all((head + &body).as_bytes())
                .expect("the client reads");
        }
    });
    (format!("http://{address}"), seen)
}

fn read_request(stream: &mut BufReader<TcpStream>) -> Option<Seen> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).ok().filter(|n| *n > 0)?;
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let length = lines
        .iter()
        .find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.map_or(0, |n| n.parse().expect("a length"))];
    stream.read_exact(&mut body).ok()?;
    Some(Seen {
        line: lines.remove(0),
        headers: lines,
        body,
    })
}

/// A case of these steps (JSON objects, comma separated).
fn case(steps: &str) -> Case {
    Case::parse(&format!(
        r#"{{"case":"g/c","organization_id":"bbbbbbbb-0000-4000-8000-000000000001","recorded_at":"2026-11-21T00:00:00+00:00","steps":[{steps}]}}"#
    ))
    .expect("a case")
}

/// A recorded GET with that answer.
fn get(status: u16, response: &str) -> String {
    format!(
        r#"{{"method":"GET","path":"/x","auth":"all","status":{status},"response":{response}}}"#
    )
}

/// What becomes of one recorded answer when the server gives another.
fn outcome(recorded: (u16, &str), given: (u16, &str)) -> Outcome {
    let (url, _seen) = serve(vec![(given.0, given.1.to_owned())]);
    let mut client = Client::new(&url).expect("a URL");
    let case = case(&get(recorded.0, recorded.1));
    replay(&mut client, "admin", &case)
        .expect("the organization is made")
        .remove(0)
}

#[track_caller]
fn check(recorded: (u16, &str), given: (u16, &str), level: Option<Level>) {
    let outcome = outcome(recorded, given);
    let found = match &outcome {
        Outcome::Differs { at, .. } => Some(*at),
        _ => None,
    };
    assert_eq!(found, level, "{recorded:?} against {given:?}: {outcome:?}");
}

#[test]
fn the_same_answer_agrees() {
    check(
        (200, r#"{"total":4.0}"#),
        (200, r#"{"total":4,"more":1}"#),
        None,
    );
    check(
        (404, r#"{"detail":"Not Found"}"#),
        (404, r#"{"detail":"other words"}"#),
        None,
    );
}

#[test]
fn another_status_fails_at_level_1() {
    check((200, "{}"), (201, "{}"), Some(Level::Status));
    check((404, "{}"), (422, "{}"), Some(Level::Status));
    check((200, "{}"), (500, "{}"), Some(Level::Status));
}

#[test]
fn another_body_fails_at_level_2() {
    check(
        (200, r#"{"total":4}"#),
        (200, r#"{"total":5}"#),
        Some(Level::Body),
    );
    check((200, r#"{"total":4}"#), (200, "{}"), Some(Level::Body));
    check(
        (200, r#"{"total":4}"#),
        (200, "total: 4"),
        Some(Level::Body),
    );
    check((200, r#"{"total":4}"#), (200, ""), Some(Level::Body));
}

#[test]
fn another_name_of_an_error_fails_at_level_2() {
    let recorded = r#"{"error":"ResourceNotFound","detail":"Not found"}"#;
    check(
        (404, recorded),
        (404, r#"{"error":"NotFound"}"#),
        Some(Level::Body),
    );
    check(
        (404, recorded),
        (404, r#"{"detail":"Not found"}"#),
        Some(Level::Body),
    );
    check(
        (404, r#"{"detail":"Not Found"}"#),
        (404, recorded),
        Some(Level::Body),
    );
}

#[test]
fn another_complaint_fails_at_level_3() {
    let body = |loc: &str, kind: &str| {
        format!(
            r#"{{"error":"RequestValidationError","detail":[{{"loc":{loc},"type":"{kind}","msg":"m"}}]}}"#
        )
    };
    let recorded = body(r#"["body","name"]"#, "missing");
    check((422, &recorded), (422, &recorded), None);
    let wrong_type = body(r#"["body","name"]"#, "string_type");
    check(
        (422, &recorded),
        (422, &wrong_type),
        Some(Level::Complaints),
    );
    let wrong_loc = body(r#"["query","name"]"#, "missing");
    check((422, &recorded), (422, &wrong_loc), Some(Level::Complaints));
    let none = r#"{"error":"RequestValidationError","detail":[]}"#;
    check((422, &recorded), (422, none), Some(Level::Complaints));
}

#[test]
fn identifiers_flow_from_answers_into_later_requests() {
    let made = "cccccccc-0000-4000-8000-000000000001";
    let ours = "dddddddd-0000-4000-8000-000000000002";
    let steps = [
        format!(
            r#"{{"method":"POST","path":"/v1/meters/","auth":"all","body":{{"n":1.0}},"status":201,"response":{{"id":"{made}"}}}}"#
        ),
        format!(
            r#"{{"method":"GET","path":"/v1/meters/{made}","query":[["q","{made}"],["q","a b"],["end","2026-12-31T00:00:00Z"]],"auth":"none","status":204}}"#
        ),
    ];
    let (url, seen) = serve(vec![
        (201, format!(r#"{{"id":"{ours}"}}"#)),
        (204, String::new()),
    ]);
    let mut client = Client::new(&url).expect("a URL");
    let outcomes = replay(&mut client, "admin", &case(&steps.join(","))).expect("played");
    assert_eq!(outcomes, [Outcome::Agrees, Outcome::Agrees]);
    let post = seen.recv().expect("the first request");
    assert_eq!(
        post.body, br#"{"n":1.0}"#,
        "the body goes out as it was recorded"
    );
    assert!(
        post.headers
            .contains(&"authorization: Bearer secret".to_owned())
    );
    let get = seen.recv().expect("the second request");
    assert_eq!(
        get.line,
        format!("GET /v1/meters/{ours}?q={ours}&q=a+b&end=2026-12-31T00%3A00%3A00Z HTTP/1.1")
    );
    assert!(
        !get.headers
            .iter()
            .any(|line| line.starts_with("authorization")),
        "auth is none"
    );
}

#[test]
fn a_raw_body_is_sent_to_the_byte() {
    let steps = [
        r#"{"method":"POST","path":"/","auth":"all","body_raw":"{\"é\":ÿ}","status":400}"#,
        r#"{"method":"POST","path":"/","auth":"all","body_raw":"é","body_pad_with_spaces_to":4,"status":422}"#,
        r#"{"method":"POST","path":"/","auth":"all","status":422}"#,
    ];
    let answers = vec![
        (400, String::new()),
        (422, String::new()),
        (422, String::new()),
    ];
    let (url, seen) = serve(answers);
    let mut client = Client::new(&url).expect("a URL");
    replay(&mut client, "admin", &case(&steps.join(","))).expect("played");
    assert_eq!(seen.recv().expect("a request").body, b"{\"\xe9\":\xff}");
    assert_eq!(seen.recv().expect("a request").body, b"\xc3\xa9  ");
    let empty = seen.recv().expect("a request");
    assert!(
        empty.headers.contains(&"content-length: 0".to_owned()),
        "{:?}",
        empty.headers
    );
}

#[test]
fn faults_and_background_work_of_the_reference_are_not_replayed() {
    let steps = [
        get(500, "{}"),
        get(307, "{}"),
        get(411, "{}"),
        get(200, "{}").replace("\"all\"", "\"pat\""),
        r#"{"control":"run_tasks","args":{}}"#.to_owned(),
    ];
    let (url, _seen) = serve(Vec::new());
    let mut client = Client::new(&url).expect("a URL");
    let outcomes = replay(&mut client, "admin", &case(&steps.join(","))).expect("played");
    assert!(
        outcomes
            .iter()
            .all(|outcome| *outcome == Outcome::NotReplayed),
        "{outcomes:?}"
    );
}

#[test]
fn a_recorded_credit_is_made_with_our_own_operation() {
    let step = r#"{"control":"cycle","args":{"customer_id":"x","meter_id":"y","units":5,"rollover":null,"timestamp":"now"}}"#;
    let (url, seen) = serve(vec![(201, "{}".to_owned()), (404, "{}".to_owned())]);
    let mut client = Client::new(&url).expect("a URL");
    let outcomes = replay(&mut client, "admin", &case(step)).expect("played");
    assert!(
        matches!(
            &outcomes[0],
            Outcome::Differs {
                at: Level::Status,
                ..
            }
        ),
        "{outcomes:?}"
    );
    let reset = seen.recv().expect("a reset");
    assert!(
        reset.line.starts_with("POST /v1/customer-meters/resets "),
        "{}",
        reset.line
    );
    let sent: Value = serde_json::from_slice(&reset.body).expect("JSON");
    assert_eq!(
        sent,
        json!({"customer_id": "x", "meter_id": "y", "carry_over": true})
    );
    let credit = seen.recv().expect("a credit");
    let sent: Value = serde_json::from_slice(&credit.body).expect("JSON");
    assert_eq!(
        sent,
        json!({"customer_id": "x", "meter_id": "y", "units": 5})
    );
}
