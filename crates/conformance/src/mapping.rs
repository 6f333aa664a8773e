//! What a recorded value is on this server: identifiers made anew, and times that lay in the future.

use std::collections::BTreeMap;

use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp, Unit};
use serde_json::{Map, Value};

use crate::recording::pieces;

/// Hyphens of a UUID's text.
const HYPHENS: [usize; 4] = [8, 13, 18, 23];
const HYPHENATED_BYTES: usize = 36;
const BARE_BYTES: usize = 32;

/// The identifiers of a recording and the ones that this server gave in their place.
///
/// An identifier is found in three spellings (lower case, upper case, without hyphens), anywhere in a text, and replaced in the same
/// spelling. A text that is a moment after the recording is moved by the time since then, so that the future stays future.
#[derive(Debug, Clone)]
pub struct Mapping {
    /// Recorded identifier to ours, both in lower case with hyphens.
    ids: BTreeMap<String, String>,
    recorded_at: Timestamp,
    clock: fn() -> Timestamp,
}

impl Mapping {
    /// No identifier is known yet.
    pub fn new(recorded_at: Timestamp, clock: fn() -> Timestamp) -> Self {
        Self {
            ids: BTreeMap::new(),
            recorded_at,
            clock,
        }
    }

    /// From now on `recorded` stands for `ours`.
    pub fn learn(&mut self, recorded: &str, ours: &str) {
        self.ids
            .insert(recorded.to_ascii_lowercase(), ours.to_ascii_lowercase());
    }

    /// Whether that identifier has been learnt.
    pub fn knows(&self, recorded: &str) -> bool {
        self.ids.contains_key(&recorded.to_ascii_lowercase())
    }

    /// A recorded text as this server should see it.
    pub fn text(&self, recorded: &str) -> String {
        self.moved(recorded)
            .unwrap_or_else(|| self.with_our_ids(recorded))
    }

    /// A recorded value with every text in it, keys too, as this server should see it.
    pub fn value(&self, recorded: &Value) -> Value {
        match recorded {
            Value::String(text) => Value::String(self.text(text)),
            Value::Array(items) => items.iter().map(|item| self.value(item)).collect(),
            Value::Object(map) => Value::Object(self.object(map)),
            other => other.clone(),
        }
    }

    /// As [`value`](Self::value), for an object.
    pub fn object(&self, recorded: &Map<String, Value>) -> Map<String, Value> {
        recorded
            .iter()
            .map(|(key, value)| (self.text(key), self.value(value)))
            .collect()
    }

    /// As [`value`](Self::value), on JSON text; numbers, order and spelling stay to the byte.
    pub fn json(&self, recorded: &str) -> String {
        let mut out = String::with_capacity(recorded.len());
        for (piece, in_string) in pieces(recorded) {
            let changed = in_string
                .then(|| serde_json::from_str::<String>(piece).ok())
                .flatten()
                .and_then(|text| Some(self.text(&text)).filter(|ours| *ours != text));
            match changed {
                Some(ours) => out.push_str(&Value::String(ours).to_string()),
                None => out.push_str(piece),
            }
        }
        out
    }

    /// A moment after the recording, as long after now; `None` for every other text.
    fn moved(&self, recorded: &str) -> Option<String> {
        let (when, offset) = moment(recorded)?;
        if when <= self.recorded_at || recorded.starts_with("9999") {
            return None;
        }
        let since = (self.clock)().duration_since(self.recorded_at);
        let since = SignedDuration::from_micros(i64::try_from(since.as_micros()).ok()?);
        let moved = when
            .checked_add(since)
            .ok()?
            .round(Unit::Microsecond)
            .ok()?;
        Some(moved.display_with_offset(offset).to_string())
    }

    /// A recorded text with this server's identifiers, and times as they are.
    pub fn with_our_ids(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut at = 0;
        while let Some(next) = text[at..].chars().next() {
            if let Some((length, ours)) = self.id_at(text, at) {
                out.push_str(&ours);
                at += length;
            } else {
                out.push(next);
                at += next.len_utf8();
            }
        }
        out
    }

    /// The recorded identifier that starts at byte `at`: how long it is, and ours in its spelling.
    fn id_at(&self, text: &str, at: usize) -> Option<(usize, String)> {
        let bytes = &text.as_bytes()[at..];
        let length = if bytes.get(..HYPHENATED_BYTES).is_some_and(is_hyphenated) {
            HYPHENATED_BYTES
        } else if bytes
            .get(..BARE_BYTES)
            .is_some_and(|id| id.iter().all(u8::is_ascii_hexdigit))
            && !text[..at].ends_with(is_word)
            && !text[at + BARE_BYTES..].starts_with(is_word)
        {
            BARE_BYTES
        } else {
            return None;
        };
        let found = &text[at..at + length];
        let mut ours = self.ids.get(&canonical(found))?.clone();
        if length == BARE_BYTES {
            ours.retain(|c| c != '-');
        }
        if !found.bytes().any(|b| b.is_ascii_lowercase()) {
            ours.make_ascii_uppercase();
        }
        Some((length, ours))
    }
}

/// Whether the text is a UUID with hyphens and nothing else.
pub(crate) fn is_id(text: &str) -> bool {
    text.len() == HYPHENATED_BYTES && is_hyphenated(text.as_bytes())
}

fn is_hyphenated(text: &[u8]) -> bool {
    text.iter().enumerate().all(|(index, byte)| {
        if HYPHENS.contains(&index) {
            *byte == b'-'
        } else {
            byte.is_ascii_hexdigit()
        }
    })
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Lower case, with hyphens.
fn canonical(id: &str) -> String {
    let mut text: String = id.chars().filter(|c| *c != '-').collect();
    text.make_ascii_lowercase();
    for index in HYPHENS {
        text.insert(index, '-');
    }
    text
}

/// The moment that a date-time with `T`, seconds and an offset names, and the offset; `None` for any other text and for a moment
/// that does not exist.
pub(crate) fn moment(text: &str) -> Option<(Timestamp, Offset)> {
    const SHAPE: &[u8] = b"dddd-dd-ddTdd:dd:dd";
    let (head, tail) = (
        text.as_bytes().get(..SHAPE.len())?,
        &text.get(SHAPE.len()..)?,
    );
    let fits = |shape: &[u8], text: &[u8]| {
        shape.len() == text.len()
            && shape.iter().zip(text).all(|(s, t)| {
                if *s == b'd' {
                    t.is_ascii_digit()
                } else {
                    s == t
                }
            })
    };
    let digits = tail.strip_prefix('.').map_or(0, |fraction| {
        fraction.bytes().take_while(u8::is_ascii_digit).count()
    });
    let zone = if tail.starts_with('.') {
        &tail[1 + digits..]
    } else {
        tail
    };
    if !fits(SHAPE, head) || (tail.starts_with('.') && digits == 0) {
        return None;
    }
    let offset = if zone == "Z" {
        Offset::UTC
    } else if fits(b"+dd:dd", zone.as_bytes()) || fits(b"-dd:dd", zone.as_bytes()) {
        let hours: i32 = zone[1..3].parse().ok()?;
        let minutes: i32 = zone[4..].parse().ok()?;
        let seconds = (hours * 60 + minutes) * 60;
        Offset::from_seconds(if zone.starts_with('-') {
            -seconds
        } else {
            seconds
        })
        .ok()?
    } else {
        return None;
    };
    Some((text.parse().ok()?, offset))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORDED: &str = "0b9e1c2d-1111-4222-8333-444455556666";
    const OURS: &str = "ffffffff-aaaa-4bbb-8ccc-dddddddddddd";

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a moment")
    }

    /// A recording of midnight, replayed a day later.
    fn mapping() -> Mapping {
        let mut mapping = Mapping::new(at("2026-11-21T00:00:00Z"), || at("2026-11-22T00:00:00Z"));
        mapping.learn(RECORDED, OURS);
        mapping
    }

    #[test]
    fn an_identifier_is_replaced_in_the_spelling_it_has() {
        let mapping = mapping();
        assert_eq!(
            mapping.text(&format!("/v1/meters/{RECORDED}/x")),
            format!("/v1/meters/{OURS}/x")
        );
        assert_eq!(
            mapping.text(&format!("{{{}}}", RECORDED.to_uppercase())),
            format!("{{{}}}", OURS.to_uppercase())
        );
        assert_eq!(
            mapping.text(&RECORDED.replace('-', "")),
            OURS.replace('-', "")
        );
        assert_eq!(
            mapping.text(&RECORDED.replace('-', "").to_uppercase()),
            OURS.replace('-', "").to_uppercase()
        );
    }

    #[test]
    fn what_is_no_known_identifier_stays() {
        let mapping = mapping();
        let unknown = "1b9e1c2d-1111-4222-8333-444455556666".to_owned();
        let longer = format!("a{}", RECORDED.replace('-', ""));
        for text in [
            unknown,
            longer,
            "é 😀 -- 0b9e1c2d".to_owned(),
            String::new(),
        ] {
            assert_eq!(mapping.text(&text), text);
        }
    }

    #[test]
    fn the_future_stays_future_in_its_own_offset() {
        let mapping = mapping();
        assert_eq!(
            mapping.text("2026-11-21T12:30:00+02:00"),
            "2026-11-22T12:30:00+02:00"
        );
        assert_eq!(
            mapping.text("2026-11-21T00:00:00.5Z"),
            "2026-11-22T00:00:00.5+00:00"
        );
        for past in [
            "2026-11-21T00:00:00Z",
            "2026-11-21T01:00:00+02:00",
            "2026-11-20T00:00:00Z",
        ] {
            assert_eq!(mapping.text(past), past);
        }
        for other in [
            "2027-01-01",
            "2027-01-01T00:00:00",
            "9999-12-31T00:00:00Z",
            "2027-02-31T00:00:00Z",
            "2027-01-01T00:00:00.Z",
        ] {
            assert_eq!(mapping.text(other), other);
        }
    }

    #[test]
    fn json_text_is_changed_only_where_a_text_changes() {
        let recorded = format!(
            r#"{{"a": 1.0, "{RECORDED}": "\u00e9", "n": 12345678901234567890123, "s": "\ud800"}}"#
        );
        assert_eq!(mapping().json(&recorded), recorded.replace(RECORDED, OURS));
    }
}
