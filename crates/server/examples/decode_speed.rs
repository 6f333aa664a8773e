//! How long decoding a batch of events takes, in nanoseconds an event: `cargo run --release -p server --example decode_speed [CASE]`.
//!
//! Bodies of 1,000 events of 12 and of 3 metadata keys, as research measured other parsers with; once in the plain spelling,
//! once with an escape in each event, which the fast way leaves to the exact one.

#![expect(
    dead_code,
    unused_imports,
    reason = "only what ingest needs of the modules is used here"
)]
#![expect(clippy::float_arithmetic, reason = "nanoseconds for people")]
#![expect(clippy::print_stdout, reason = "a tool")]
#![expect(clippy::unwrap_used, reason = "a tool")]

// The modules are private to the server; this takes them in once more.
#[path = "../src"]
mod server {
    pub(crate) mod json;
    pub(crate) mod request;
    pub(crate) mod validate;
}

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::Instant;

use domain::Timestamp;

use server::{json, request, validate};

const EVENTS: u32 = 1_000;
const ROUNDS: u32 = 1_000;

fn main() {
    let now = Timestamp::parse_rfc3339_fast("2026-12-01T00:00:00Z").unwrap();
    let cases = [
        ("12 keys", 12, false),
        ("3 keys", 3, false),
        ("12 keys, escapes", 12, true),
        ("3 keys, escapes", 3, true),
    ];
    let wanted = std::env::args().nth(1);
    for (label, keys, escape) in cases {
        if wanted.as_ref().is_some_and(|wanted| wanted != label) {
            continue;
        }
        let body = body(keys, escape);
        let mut ours = f64::INFINITY;
        let mut tree = f64::INFINITY;
        for _ in 0..ROUNDS {
            ours = ours.min(nanoseconds_an_event(|| {
                let batch =
                    request::ingest(Some("application/json"), black_box(body.as_bytes()), now);
                assert_eq!(black_box(batch).unwrap().len(), EVENTS as usize);
            }));
            tree = tree.min(nanoseconds_an_event(|| {
                let value: serde_json::Value = serde_json::from_str(black_box(&body)).unwrap();
                assert!(black_box(value).is_object());
            }));
        }
        let bytes = body.len() / EVENTS as usize;
        println!("{label}: {ours:.0} ns/event ({bytes} bytes; a tree of serde_json: {tree:.0} ns)");
    }
}

/// The best of many rounds is the one that nothing else on the machine disturbed.
fn nanoseconds_an_event(work: impl FnOnce()) -> f64 {
    let start = Instant::now();
    work();
    start.elapsed().as_secs_f64() * 1e9 / f64::from(EVENTS)
}

/// The same numbers each time: a linear congruential generator.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

fn body(keys: u32, escape: bool) -> String {
    let mut numbers = Numbers(1);
    let mut out = String::from("{\"events\":[");
    for event in 0..EVENTS {
        let mut n = |bound: u64| numbers.below(bound);
        let separator = if event == 0 { "" } else { "," };
        let name = if escape {
            "chat\\u002ecompletion"
        } else {
            "chat.completion"
        };
        write!(
            out,
            "{separator}{{\"name\":\"{name}\",\"external_customer_id\":\"customer-{}\",\"external_id\":\"{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}\",\"timestamp\":\"2026-03-{:02}T{:02}:{:02}:{:02}.{:06}Z\",\"metadata\":{{\"model\":\"model-{}\",\"input_tokens\":{},\"cost\":{}.{:03}",
            n(100_000), n(1 << 32), n(1 << 16), n(1 << 12), n(1 << 12), n(1 << 31),
            1 + n(28), n(24), n(60), n(60), n(1_000_000), n(12), n(10_000), n(100), n(1_000),
        )
        .unwrap();
        if keys > 3 {
            write!(
                out,
                ",\"region\":\"eu-{}\",\"tier\":\"t{}\",\"session\":\"s{}\",\"output_tokens\":{},\"cached\":{},\"latency_ms\":{},\"retries\":{},\"stream\":{},\"beta\":{}",
                n(4), n(3), n(50_000), n(5_000), n(2_000), n(30_000), n(4), n(2) == 0, n(2) == 0,
            )
            .unwrap();
        }
        out.push_str("}}");
    }
    out.push_str("]}");
    out
}
