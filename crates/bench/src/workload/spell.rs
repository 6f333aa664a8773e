//! Events as JSON, spelled as the clients of the field spell them: with spaces or without, escapes or UTF-8, exponents, offsets.

use super::Sent;
use super::event::{Client, Event, NANOS, client, customer_id};
use super::vocabulary::{MODELS, NAMES, PLANS, REGIONS, Status};
use crate::numbers::{mixed, uuid};
use crate::time::civil;

/// Appends one event in the form that ingest takes.
pub(super) fn write(out: &mut Vec<u8>, sent: &Sent, seed: u64) {
    let event = &sent.event;
    let mut object = Object::new(out, client(event.customer));
    object.text("name", NAMES[usize::from(event.name)].0);
    object.text("external_customer_id", &customer_id(event.customer));
    let high = mixed(seed ^ mixed(sent.origin ^ 0x1D00_0000_0000_0000));
    let low = mixed(high ^ sent.origin);
    object.key("external_id");
    object.out.push(b'"');
    object.out.extend_from_slice(&uuid(high, low));
    object.out.push(b'"');
    if sent.has_timestamp {
        object.key("timestamp");
        object.out.push(b'"');
        time(object.out, event.at_micros, object.client);
        object.out.push(b'"');
    }
    object.key("metadata");
    let mut inner = Object::new(object.out, object.client);
    metadata(&mut inner, event);
    inner.end();
    object.end();
}

fn metadata(object: &mut Object<'_>, event: &Event) {
    object.text("region", REGIONS[usize::from(event.region)].0);
    object.text("plan", PLANS[usize::from(event.plan)].0);
    object.text("model", MODELS[usize::from(event.model)].0);
    if let Some(document) = event.document {
        object.key("document");
        object.out.extend_from_slice(b"\"doc-");
        padded(object.out, u64::from(document), 5);
        object.out.push(b'"');
    }
    object.number("user", event.user);
    object.key("input_tokens");
    if event.input_is_text {
        object.out.push(b'"');
    }
    number(object.out, u64::from(event.input_tokens));
    if event.input_is_text {
        object.out.push(b'"');
    }
    object.number("output_tokens", event.output_tokens);
    object.number("latency_ms", event.latency_ms);
    match event.status() {
        Status::Number(status) => object.number("status", u32::from(status)),
        Status::Text(status) => object.text("status", status),
        Status::Absent => {}
    }
    if let Some(nanos) = event.cost_nanos {
        object.key("cost");
        decimal(object.out, nanos, object.client);
    }
    object.bool("cached", event.cached);
    object.bool("stream", event.stream);
}

/// An object that is being written.
struct Object<'a> {
    out: &'a mut Vec<u8>,
    client: Client,
    is_empty: bool,
}

impl<'a> Object<'a> {
    fn new(out: &'a mut Vec<u8>, client: Client) -> Self {
        out.push(b'{');
        Self {
            out,
            client,
            is_empty: true,
        }
    }

    fn key(&mut self, key: &str) {
        let has_spaces = self.client == Client::Python;
        if !self.is_empty {
            self.out
                .extend_from_slice(if has_spaces { b", " } else { b"," });
        }
        self.is_empty = false;
        self.out.push(b'"');
        self.out.extend_from_slice(key.as_bytes());
        self.out
            .extend_from_slice(if has_spaces { b"\": " } else { b"\":" });
    }

    fn text(&mut self, key: &str, text: &str) {
        self.key(key);
        self.out.push(b'"');
        for character in text.chars() {
            match character {
                '"' | '\\' => self.out.extend_from_slice(&[b'\\', character as u8]),
                ' '..='~' => self.out.push(character as u8),
                _ if self.client == Client::Python => {
                    // All words here are in the basic plane.
                    self.out
                        .extend_from_slice(format!("\\u{:04x}", u32::from(character)).as_bytes());
                }
                _ => self
                    .out
                    .extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        self.out.push(b'"');
    }

    fn number(&mut self, key: &str, value: u32) {
        self.key(key);
        number(self.out, u64::from(value));
    }

    fn bool(&mut self, key: &str, value: bool) {
        self.key(key);
        self.out
            .extend_from_slice(if value { b"true" } else { b"false" });
    }

    fn end(self) {
        self.out.push(b'}');
    }
}

/// Digits without leading zeros.
fn number(out: &mut Vec<u8>, value: u64) {
    let mut digits = [0; 20];
    let mut start = digits.len();
    let mut rest = value;
    loop {
        start -= 1;
        digits[start] = digit(rest);
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[start..]);
}

/// Exactly `width` digits.
fn padded(out: &mut Vec<u8>, value: u64, width: usize) {
    let start = out.len();
    out.resize(start + width, b'0');
    let mut rest = value;
    for place in out[start..].iter_mut().rev() {
        *place = digit(rest);
        rest /= 10;
    }
}

/// The last digit.
fn digit(value: u64) -> u8 {
    b'0' + u8::try_from(value % 10).expect("a digit")
}

/// Billionths as the shortest digits of a float, in the client's notation.
fn decimal(out: &mut Vec<u8>, nanos: i64, client: Client) {
    let is_python = matches!(client, Client::Python | Client::PythonCompact);
    if nanos < 0 {
        out.push(b'-');
    }
    let size = nanos.unsigned_abs();
    let unit = NANOS.unsigned_abs();
    // JavaScript and Go write exponents below a millionth, Python below a ten-thousandth.
    let exponent_below = if is_python {
        unit / 10_000
    } else {
        unit / 1_000_000
    };
    if size != 0 && size < exponent_below {
        return tiny(out, size, client);
    }
    number(out, size / unit);
    let fraction = size % unit;
    if fraction == 0 {
        if is_python {
            out.extend_from_slice(b".0");
        }
        return;
    }
    out.push(b'.');
    padded(out, fraction, 9);
    while out.last() == Some(&b'0') {
        out.pop();
    }
}

/// `1.23e-7`; Python and Go give the exponent two digits.
fn tiny(out: &mut Vec<u8>, nanos: u64, client: Client) {
    let digits = nanos.to_string();
    let exponent = 9 - (digits.len() - 1);
    let (first, rest) = digits.split_at(1);
    let rest = rest.trim_end_matches('0');
    let point = if rest.is_empty() { "" } else { "." };
    let width = if client == Client::JavaScript { 1 } else { 2 };
    out.extend_from_slice(format!("{first}{point}{rest}e-{exponent:0width$}").as_bytes());
}

/// A time in the client's notation.
fn time(out: &mut Vec<u8>, at_micros: i64, client: Client) {
    // Go programs tend to send the time of where they run.
    let offset_minutes = if client == Client::Go { -330 } else { 0 };
    let local = at_micros + offset_minutes * 60_000_000;
    let (year, month, day) = civil(local.div_euclid(86_400_000_000));
    let within = local.rem_euclid(86_400_000_000).unsigned_abs();
    padded(out, year, 4);
    out.push(b'-');
    padded(out, month, 2);
    out.push(b'-');
    padded(out, day, 2);
    out.push(b'T');
    padded(out, within / 3_600_000_000, 2);
    out.push(b':');
    padded(out, within / 60_000_000 % 60, 2);
    out.push(b':');
    padded(out, within / 1_000_000 % 60, 2);
    let fraction = within % 1_000_000;
    match client {
        Client::JavaScript => {
            out.push(b'.');
            padded(out, fraction / 1_000, 3);
            out.push(b'Z');
        }
        Client::Python | Client::PythonCompact => {
            if fraction != 0 {
                out.push(b'.');
                padded(out, fraction, 6);
            }
            out.extend_from_slice(b"+00:00");
        }
        Client::Go => {
            if fraction != 0 {
                out.push(b'.');
                padded(out, fraction, 6);
                while out.last() == Some(&b'0') {
                    out.pop();
                }
            }
            out.extend_from_slice(b"-05:30");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::Workload;

    fn spelled(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn decimals_are_spelled_as_floats_are() {
        for (nanos, javascript, python) in [
            (0, "0", "0.0"),
            (2 * NANOS, "2", "2.0"),
            (NANOS / 4, "0.25", "0.25"),
            (1_234_567, "0.001234567", "0.001234567"),
            (-12_300, "-0.0000123", "-1.23e-05"),
            (100, "1e-7", "1e-07"),
            (123, "1.23e-7", "1.23e-07"),
            (
                12_345 * NANOS + 678_901_234,
                "12345.678901234",
                "12345.678901234",
            ),
        ] {
            let text = |client| spelled(|out| decimal(out, nanos, client));
            assert_eq!(text(Client::JavaScript), javascript);
            assert_eq!(text(Client::Python), python);
        }
    }

    #[test]
    fn times_are_spelled_in_four_ways() {
        let at = 1_741_522_215_120_000;
        for (client, expected) in [
            (Client::JavaScript, "2025-03-09T12:10:15.120Z"),
            (Client::Python, "2025-03-09T12:10:15.120000+00:00"),
            (Client::PythonCompact, "2025-03-09T12:10:15.120000+00:00"),
            (Client::Go, "2025-03-09T06:40:15.12-05:30"),
        ] {
            assert_eq!(spelled(|out| time(out, at, client)), expected);
        }
    }

    #[test]
    fn every_line_is_an_event_whose_numbers_and_time_read_back() {
        let workload = Workload::new(3_000, 9).expect("a workload");
        for line in 0..3_000 {
            let mut out = Vec::new();
            workload.write(line..line + 1, b'\n', &mut out);
            let text = std::str::from_utf8(&out).expect("text");
            let read: api::EventCreate = serde_json::from_str(text).expect(text);
            let sent = workload.sent(line);
            let value: serde_json::Value = serde_json::from_str(text).expect(text);
            let metadata = &value["metadata"];
            assert_eq!(metadata["user"].as_u64(), Some(u64::from(sent.event.user)));
            assert_eq!(
                metadata["region"].as_str(),
                Some(REGIONS[usize::from(sent.event.region)].0)
            );
            assert_eq!(
                metadata.get("cost").is_some(),
                sent.event.cost_nanos.is_some()
            );
            assert_eq!(read.timestamp.is_some(), sent.has_timestamp);
            if let Some(at) = &read.timestamp {
                let at: jiff::Timestamp = at.parse().expect("a time");
                assert_eq!(at.as_microsecond(), sent.event.at_micros, "{text}");
            }
        }
    }
}
