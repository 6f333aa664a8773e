//! Requests full of events, made once and sent many times with new keys.
//!
//! Making an event from scratch costs more than the server needs to take it in, so a request is a template: sending
//! it again only writes fresh external ids into their places.

use std::fmt::Write;

use clap::ValueEnum;

use crate::numbers::{Numbers, now_micros, uuid};
use crate::time::timestamp;

/// How many customers the events are of.
const CUSTOMERS: u64 = 100_000;

/// Microseconds in a day.
const DAY_MICROS: u64 = 86_400_000_000;

/// How the events look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Shape {
    /// Twelve metadata keys, 338 bytes
    #[value(name = "12")]
    Twelve,
    /// Three metadata keys, 208 bytes
    #[value(name = "3")]
    Three,
}

impl Shape {
    /// For a table.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Twelve => "12 keys (338 B)",
            Self::Three => "3 keys (208 B)",
        }
    }
}

/// What the events are made from.
#[derive(Debug)]
pub(crate) struct Source {
    shape: Shape,
    numbers: Numbers,
    /// The events spread over so many days up to now.
    days: u64,
    now_micros: u64,
}

impl Source {
    /// A source. `seed` tells the sources of one run apart.
    pub(crate) fn new(shape: Shape, days: u64, seed: u64) -> Self {
        Self {
            shape,
            numbers: Numbers::new(seed),
            days,
            now_micros: now_micros(),
        }
    }

    /// A request of `count` events behind `head`, which is given the length of the body.
    pub(crate) fn request(&mut self, count: usize, head: impl FnOnce(usize) -> Vec<u8>) -> Request {
        let mut body = String::with_capacity(count * 360);
        let mut ids = Vec::with_capacity(count);
        body.push_str("{\"events\":[");
        for index in 0..count {
            if index > 0 {
                body.push(',');
            }
            ids.push(self.write_event(&mut body));
        }
        body.push_str("]}");
        let mut bytes = head(body.len());
        for id in &mut ids {
            *id += bytes.len();
        }
        bytes.extend_from_slice(body.as_bytes());
        Request { bytes, ids }
    }

    /// Appends an event and returns where its external id stands.
    fn write_event(&mut self, out: &mut String) -> usize {
        let numbers = &mut self.numbers;
        let name = numbers.below(12);
        let customer = numbers.below(CUSTOMERS);
        let at_micros = self.now_micros - 1_000_000 - numbers.below(self.days * DAY_MICROS);
        write!(out, "{{\"name\":\"api.call.{name:02}\",\"external_id\":\"")
            .expect("writing to a string cannot fail");
        let id = out.len();
        write!(
            out,
            "{:036}\",\"external_customer_id\":\"cust-{customer:06}\",\"timestamp\":\"{}\",\"metadata\":{{",
            0,
            timestamp(at_micros),
        )
        .expect("writing to a string cannot fail");
        match self.shape {
            Shape::Twelve => write!(
                out,
                "\"region\":\"{}\",\"plan\":\"{}\",\"model\":\"{}\",\"doc\":\"d{:05}\",\"session\":{},\
                 \"input\":{},\"output\":{},\"latency\":{},\"code\":{},\"cost\":0.{:06},\"live\":{},\"cached\":{}}}}}",
                numbers.pick(&["eu-1", "eu-2", "us-1", "ap-1"]),
                numbers.pick(&["free", "team", "plus"]),
                numbers.pick(&["large", "small", "micro"]),
                numbers.below(50_000),
                numbers.below(1_000_000),
                numbers.below(8_000),
                numbers.below(2_000),
                numbers.below(5_000),
                200 + numbers.below(5),
                1 + numbers.below(999_999),
                numbers.below(2) == 0,
                numbers.below(4) == 0,
            ),
            Shape::Three => write!(
                out,
                "\"model\":\"{}\",\"tokens\":{},\"cost\":0.{:06}}}}}",
                numbers.pick(&["large", "small", "micro"]),
                numbers.below(8_000),
                1 + numbers.below(999_999),
            ),
        }
        .expect("writing to a string cannot fail");
        id
    }
}

/// A request, and where its keys stand.
#[derive(Debug)]
pub(crate) struct Request {
    bytes: Vec<u8>,
    ids: Vec<usize>,
}

impl Request {
    /// How many events it holds.
    pub(crate) fn events(&self) -> u64 {
        self.ids.len() as u64
    }

    /// The request with a new external id for each event, in the form of a UUID.
    pub(crate) fn with_new_ids(&mut self, numbers: &mut Numbers) -> &[u8] {
        for at in &self.ids {
            let id = uuid(numbers.next(), numbers.next());
            self.bytes[*at..*at + 36].copy_from_slice(&id);
        }
        &self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_have_the_sizes_that_are_said() {
        for (shape, bytes) in [(Shape::Twelve, 338), (Shape::Three, 208)] {
            let request = Source::new(shape, 30, 1).request(1_000, |_| Vec::new());
            let mean = request.bytes.len() / 1_000;
            assert!(
                mean.abs_diff(bytes) <= 2,
                "{shape:?}: {mean} bytes an event"
            );
        }
    }

    #[test]
    fn a_request_is_an_ingest_with_new_keys_each_time() {
        let mut source = Source::new(Shape::Twelve, 30, 1);
        let mut request = source.request(3, |length| format!("{length} ").into_bytes());
        let mut numbers = Numbers::new(7);
        let mut keys = Vec::new();
        for _ in 0..2 {
            let bytes = request.with_new_ids(&mut numbers);
            let text = std::str::from_utf8(bytes).expect("text");
            let (length, body) = text.split_once(' ').expect("a head");
            assert_eq!(length.parse(), Ok(body.len()));
            let body: api::EventsIngest = serde_json::from_str(body).expect("an ingest");
            assert!(body.events.iter().all(|event| event.metadata.is_some()));
            keys.extend(
                body.events
                    .into_iter()
                    .filter_map(|event| event.external_id),
            );
        }
        assert!(
            keys.iter()
                .all(|key| key.len() == 36 && &key[14..15] == "4"),
            "{keys:?}"
        );
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), 6);
    }
}
