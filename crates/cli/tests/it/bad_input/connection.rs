//! Connections: cut, slow, or no HTTP at all.

use std::io::{BufReader, Write};
use std::net::TcpStream;

use conformance::http::read_answer;
use serde_json::{Value, json};

use super::{INGEST, Target};
use crate::api::{Ingested, event};

#[test]
fn a_connection_that_is_cut_stores_nothing() {
    let mut target = Target::start();
    let events: Vec<Value> = (0..100).map(event).collect();
    let body = json!({ "events": events }).to_string();
    let message = format!(
        "POST {INGEST} HTTP/1.1\r\nhost: x\r\n{}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        target.authorization(),
        body.len(),
    );
    let mut waiting: Vec<TcpStream> = Vec::new();
    for part in [1, 10, 40, 80, 120, message.len() / 2, message.len() - 1] {
        let mut cut = target.server.connect();
        cut.write_all(&message.as_bytes()[..part])
            .expect("the server reads");
        drop(cut);
        // And some that just stay: they must not hold up anybody.
        let mut silent = target.server.connect();
        silent
            .write_all(&message.as_bytes()[..part])
            .expect("the server reads");
        waiting.push(silent);
    }
    for _ in 0..100 {
        waiting.push(target.server.connect());
    }
    target.is_sane();
    assert_eq!(
        target.organization.ingest(&events).inserted,
        100,
        "nothing of it was stored"
    );
    target.taken += 100;
    drop(waiting);
    target.is_sane();
}

#[test]
fn a_slow_request_is_answered_when_it_is_complete() {
    let mut target = Target::start();
    let body = json!({"events": [event(0)]}).to_string();
    let message = format!(
        "POST {INGEST} HTTP/1.1\r\nhost: x\r\n{}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        target.authorization(),
        body.len(),
    );
    let mut slow = BufReader::new(target.server.connect());
    for (index, piece) in message.as_bytes().chunks(7).enumerate() {
        slow.get_mut().write_all(piece).expect("the server reads");
        if index % 20 == 0 {
            assert_eq!(
                target.organization.get("/healthz").status,
                200,
                "others are served meanwhile"
            );
        }
    }
    let answer = read_answer(&mut slow, "POST").expect("an answer");
    assert_eq!(Ingested::of(&answer).inserted, 1);
    target.taken += 1;
    target.is_sane();
}

#[test]
fn what_is_no_http_is_cut_off() {
    let mut target = Target::start();
    let long_header = format!(
        "GET /healthz HTTP/1.1\r\nhost: x\r\nx: {}\r\n\r\n",
        "y".repeat(2_000_000)
    );
    let many_headers = format!(
        "GET /healthz HTTP/1.1\r\nhost: x\r\n{}\r\n",
        "x: y\r\n".repeat(50_000)
    );
    let long_line = format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", "y".repeat(2_000_000));
    for bytes in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..],
        b"\r\n\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET /healthz HTTP/9.9\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\nhost: x\r\n\r\n",
        b"POST /v1/events/ingest HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n",
        b"POST /v1/events/ingest HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
        b"POST /v1/events/ingest HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        long_header.as_bytes(),
        many_headers.as_bytes(),
        long_line.as_bytes(),
    ] {
        let mut connection = target.server.connect();
        // The server may close before it has read everything.
        let _sent = connection.write_all(bytes);
        let _closed = connection.shutdown(std::net::Shutdown::Write);
        if let Ok(answer) = read_answer(&mut BufReader::new(connection), "GET") {
            let what = String::from_utf8_lossy(&bytes[..bytes.len().min(60)]).into_owned();
            assert!((400..500).contains(&answer.status), "{what:?}: {}", answer.status);
        }
    }
    target.is_sane();
}
