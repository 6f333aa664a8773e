//! Packed metadata: what an event, a meter or a customer carries as keys and values.
//!
//! This is the form in memory, in the journal and in scans; JSON exists only at the edge. Invariants:
//! - the order of keys is the order in which they came; a key stands once;
//! - numbers are exact and keep whether they were written as an integer, so that their text comes back (see
//!   [`Spelling`]);
//! - bytes are checked when they are written and, by checksum, when they are read from disk, so reading here asserts.
//!
//! Layout: for each entry the key as text (length, bytes), a tag byte and the value. Integers are zigzag varints, a
//! decimal is its scale (a byte) and its mantissa; a number that does not fit these is a zigzag exponent of ten and the digits
//! before it as text, so that no number takes more room than its literal did.

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::number::{MAX_PLAIN_CHARS, Number, ShortLiteral, Spelling};
use crate::packed::{
    PackedError, Reader, write_len, write_signed, write_signed_narrow, write_text,
};

const NULL: u8 = 0;
const FALSE: u8 = 1;
const TRUE: u8 = 2;
const INTEGER: u8 = 3;
const DECIMAL: u8 = 4;
const WIDE_INTEGER: u8 = 5;
const WIDE_DECIMAL: u8 = 6;
const TEXT: u8 = 7;
const OBJECT: u8 = 8;

const CHECKED: &str = "packed metadata is checked when written and its checksum when read";

/// How deep objects in stored metadata may nest. Events have one level (`_cost`, `_llm`); the rest is room.
const OBJECT_DEPTH_MAX: u32 = 16;

/// One value of metadata.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value<'a> {
    /// JSON's null, which only optional parts of `_llm` can be.
    Null,
    /// A boolean.
    Bool(bool),
    /// An exact number and how it was written.
    Number(Number, Spelling),
    /// Text.
    Text(&'a str),
    /// Keys and values again.
    Object(MetadataRef<'a>),
}

impl Value<'_> {
    /// The value as text where filters and metadata queries compare text: strings as they are, booleans `true` and
    /// `false`, numbers in their notation, objects as JSON with keys ordered by length, then bytes (as PostgreSQL
    /// prints `jsonb`). `None` for null. SEMANTICS 4.5, 6.10, 19.7.
    pub fn text(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Value::Null => return None,
            Value::Bool(true) => Cow::Borrowed("true"),
            Value::Bool(false) => Cow::Borrowed("false"),
            Value::Number(number, spelling) => Cow::Owned(number.to_text(*spelling)),
            Value::Text(text) => Cow::Borrowed(text),
            Value::Object(_) => {
                let mut out = String::new();
                self.write_json(&mut out);
                Cow::Owned(out)
            }
        })
    }

    /// The number, when this is one.
    pub fn number(&self) -> Option<&Number> {
        match self {
            Value::Number(number, _) => Some(number),
            _ => None,
        }
    }

    /// Appends bytes that are equal for equal values and only for those: 1 and 1.0 are one value, 1 and "1" are two,
    /// objects compare by content. SEMANTICS 7.5.
    pub fn write_canonical(&self, out: &mut Vec<u8>) {
        match self {
            Value::Null => out.push(NULL),
            Value::Bool(false) => out.push(FALSE),
            Value::Bool(true) => out.push(TRUE),
            Value::Number(number, _) => write_number(number, Spelling::Decimal, out),
            Value::Text(text) => {
                out.push(TEXT);
                write_text(text, out);
            }
            Value::Object(object) => {
                let mut entries: Vec<_> = object.iter().collect();
                entries.sort_by_key(|(key, _)| *key);
                out.push(OBJECT);
                write_len(entries.len(), out);
                for (key, value) in entries {
                    write_text(key, out);
                    value.write_canonical(out);
                }
            }
        }
    }

    fn write_json(&self, out: &mut String) {
        match self {
            Value::Null => out.push_str("null"),
            Value::Bool(true) => out.push_str("true"),
            Value::Bool(false) => out.push_str("false"),
            Value::Number(number, spelling) => number.write_text(*spelling, out),
            Value::Text(text) => write_json_text(text, out),
            Value::Object(object) => {
                let mut entries: Vec<_> = object.iter().collect();
                entries.sort_by_key(|(key, _)| (key.len(), *key));
                out.push('{');
                for (index, (key, value)) in entries.iter().enumerate() {
                    if index > 0 {
                        out.push_str(", ");
                    }
                    write_json_text(key, out);
                    out.push_str(": ");
                    value.write_json(out);
                }
                out.push('}');
            }
        }
    }
}

fn write_json_text(text: &str, out: &mut String) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            control if control < ' ' => {
                write!(out, "\\u{:04x}", u32::from(control)).expect("writing to a string");
            }
            other => out.push(other),
        }
    }
    out.push('"');
}

/// Packed metadata, borrowed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct MetadataRef<'a> {
    bytes: &'a [u8],
}

impl<'a> MetadataRef<'a> {
    /// No keys.
    pub const EMPTY: MetadataRef<'static> = MetadataRef { bytes: &[] };

    /// Bytes that [`MetadataBuilder`] made and whose checksum the caller has checked. Reading them asserts.
    pub const fn from_packed(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    /// Like [`Self::from_packed`], for bytes that nobody has checked. Cost: one walk over them.
    pub fn check(bytes: &'a [u8]) -> Result<Self, PackedError> {
        check_entries(Reader::new(bytes), 0)?;
        Ok(Self { bytes })
    }

    /// The packed bytes.
    pub const fn bytes(self) -> &'a [u8] {
        self.bytes
    }

    /// Whether there are no keys.
    pub const fn is_empty(self) -> bool {
        self.bytes.is_empty()
    }

    /// The keys and values, in order.
    pub fn iter(self) -> impl Iterator<Item = (&'a str, Value<'a>)> {
        let mut reader = Reader::new(self.bytes);
        std::iter::from_fn(move || {
            if reader.is_empty() {
                return None;
            }
            let key = reader.text().expect(CHECKED);
            Some((key, read_value(&mut reader).expect(CHECKED)))
        })
    }

    /// The value under a key. Cost: one pass over the keys before it; other values are stepped over unread.
    pub fn get(self, key: &str) -> Option<Value<'a>> {
        let mut rest = self.bytes;
        while !rest.is_empty() {
            let (found, value) = split_text(rest);
            if found == key.as_bytes() {
                return Some(read_value(&mut Reader::new(value)).expect(CHECKED));
            }
            rest = behind_value(value);
        }
        None
    }

    /// The value at the end of a path of keys; `None` for a path without keys.
    pub fn get_path<'k>(self, path: impl IntoIterator<Item = &'k str>) -> Option<Value<'a>> {
        let mut path = path.into_iter();
        let mut value = self.get(path.next()?)?;
        for key in path {
            let Value::Object(object) = value else {
                return None;
            };
            value = object.get(key)?;
        }
        Some(value)
    }

    /// A copy that owns its bytes.
    pub fn to_owned(self) -> Metadata {
        Metadata {
            bytes: self.bytes.into(),
        }
    }
}

impl std::fmt::Debug for MetadataRef<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

/// Packed metadata that owns its bytes.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Metadata {
    bytes: Box<[u8]>,
}

impl Metadata {
    /// Bytes from a place without a checksum, checked whole.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, PackedError> {
        MetadataRef::check(&bytes)?;
        Ok(Self {
            bytes: bytes.into(),
        })
    }

    /// A view of it.
    pub fn as_ref(&self) -> MetadataRef<'_> {
        MetadataRef { bytes: &self.bytes }
    }
}

impl std::fmt::Debug for Metadata {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.as_ref().fmt(f)
    }
}

/// Packs keys and values one after the other. A key must not be given twice.
#[derive(Debug, Default, Clone)]
pub struct MetadataBuilder {
    bytes: Vec<u8>,
}

impl MetadataBuilder {
    /// With nothing in it.
    pub fn new() -> Self {
        Self::default()
    }

    /// Forgets what is in it and keeps the memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
    }

    /// Adds a null.
    pub fn null(&mut self, key: &str) {
        write_text(key, &mut self.bytes);
        self.bytes.push(NULL);
    }

    /// Adds a boolean.
    #[inline]
    pub fn bool(&mut self, key: &str, value: bool) {
        write_text(key, &mut self.bytes);
        self.bytes.push(if value { TRUE } else { FALSE });
    }

    /// Adds a number. `spelling` must be [`Spelling::Decimal`] unless the number is whole.
    pub fn number(&mut self, key: &str, value: &Number, spelling: Spelling) {
        write_text(key, &mut self.bytes);
        write_number(value, spelling, &mut self.bytes);
    }

    /// The same for a number as it was read, if it is short.
    #[inline]
    pub fn short_number(&mut self, key: &str, literal: ShortLiteral) {
        let (mantissa, scale) = literal.parts();
        write_text(key, &mut self.bytes);
        match literal.spelling() {
            Spelling::Integer => self.bytes.push(INTEGER),
            Spelling::Decimal => self.bytes.extend_from_slice(&[DECIMAL, scale]),
        }
        write_signed_narrow(mantissa, &mut self.bytes);
    }

    /// Adds text.
    #[inline]
    pub fn text(&mut self, key: &str, value: &str) {
        write_text(key, &mut self.bytes);
        self.bytes.push(TEXT);
        write_text(value, &mut self.bytes);
    }

    /// Adds an object.
    pub fn object(&mut self, key: &str, value: MetadataRef<'_>) {
        write_text(key, &mut self.bytes);
        self.bytes.push(OBJECT);
        write_len(value.bytes.len(), &mut self.bytes);
        self.bytes.extend_from_slice(value.bytes);
    }

    /// Adds any value.
    pub fn value(&mut self, key: &str, value: &Value<'_>) {
        match value {
            Value::Null => self.null(key),
            Value::Bool(bool) => self.bool(key, *bool),
            Value::Number(number, spelling) => self.number(key, number, *spelling),
            Value::Text(text) => self.text(key, text),
            Value::Object(object) => self.object(key, *object),
        }
    }

    /// What was packed so far.
    pub fn as_ref(&self) -> MetadataRef<'_> {
        MetadataRef { bytes: &self.bytes }
    }

    /// What was packed.
    pub fn finish(self) -> Metadata {
        Metadata {
            bytes: self.bytes.into(),
        }
    }
}

pub(crate) fn write_number(value: &Number, spelling: Spelling, out: &mut Vec<u8>) {
    match (value.as_parts(), spelling) {
        (Some((mantissa, 0)), Spelling::Integer) => {
            out.push(INTEGER);
            write_signed(mantissa, out);
        }
        (Some((mantissa, scale)), _) => {
            out.push(DECIMAL);
            out.push(scale);
            write_signed(mantissa, out);
        }
        (None, _) => {
            out.push(match spelling {
                Spelling::Integer => WIDE_INTEGER,
                Spelling::Decimal => WIDE_DECIMAL,
            });
            write_wide(value, out);
        }
    }
}

pub(crate) fn read_value<'a>(reader: &mut Reader<'a>) -> Result<Value<'a>, PackedError> {
    Ok(match reader.byte()? {
        NULL => Value::Null,
        FALSE => Value::Bool(false),
        TRUE => Value::Bool(true),
        INTEGER => Value::Number(Number::from_parts(reader.signed()?, 0), Spelling::Integer),
        DECIMAL => {
            let scale = reader.byte()?;
            Value::Number(
                Number::from_parts(reader.signed()?, scale),
                Spelling::Decimal,
            )
        }
        WIDE_INTEGER => Value::Number(read_wide(reader)?, Spelling::Integer),
        WIDE_DECIMAL => Value::Number(read_wide(reader)?, Spelling::Decimal),
        TEXT => Value::Text(reader.text()?),
        OBJECT => {
            let len = reader.len()?;
            Value::Object(MetadataRef {
                bytes: reader.bytes(len)?,
            })
        }
        _ => {
            return Err(PackedError {
                what: "a value has an unknown kind",
            });
        }
    })
}

/// As digits and an exponent of ten, without zeros at the end: one form for each value.
fn write_wide(value: &Number, out: &mut Vec<u8>) {
    let plain = value.to_string();
    let (sign, magnitude) = plain
        .strip_prefix('-')
        .map_or(("", &*plain), |rest| ("-", rest));
    let (whole, fraction) = magnitude.split_once('.').unwrap_or((magnitude, ""));
    let digits = [whole, fraction].concat();
    let kept = digits.trim_end_matches('0');
    let zeros = digits.len().saturating_sub(kept.len());
    let exponent = (zeros as i128).saturating_sub(fraction.len() as i128);
    write_signed(exponent, out);
    write_text(&[sign, kept.trim_start_matches('0')].concat(), out);
}

fn read_wide(reader: &mut Reader<'_>) -> Result<Number, PackedError> {
    let damaged = PackedError {
        what: "a wide number is unreadable",
    };
    let exponent = reader.signed()?;
    let digits = reader.text()?;
    let (sign, digits) = digits
        .strip_prefix('-')
        .map_or(("", digits), |digits| ("-", digits));
    let places = usize::try_from(exponent.unsigned_abs()).map_err(|_| damaged)?;
    if places > MAX_PLAIN_CHARS {
        return Err(damaged);
    }
    let plain = if exponent >= 0 {
        format!("{sign}{digits}{}", "0".repeat(places))
    } else {
        let padded = format!("{digits:0>width$}", width = places.saturating_add(1));
        let (whole, fraction) = padded
            .split_at_checked(padded.len().saturating_sub(places))
            .ok_or(damaged)?;
        format!("{sign}{whole}.{fraction}")
    };
    Number::from_plain_text(&plain).ok_or(damaged)
}

/// A text and what is behind it. Whoever looks for a key passes here a dozen times for each event.
#[inline]
fn split_text(bytes: &[u8]) -> (&[u8], &[u8]) {
    if let Some((len, rest)) = bytes.split_first()
        && *len < 0x80
        && let Some(split) = rest.split_at_checked(usize::from(*len))
    {
        return split;
    }
    let mut reader = Reader::new(bytes);
    let len = reader.len().expect(CHECKED);
    (reader.bytes(len).expect(CHECKED), reader.rest())
}

/// What is behind a value.
#[inline]
fn behind_value(bytes: &[u8]) -> &[u8] {
    match bytes {
        [NULL | FALSE | TRUE, rest @ ..] => rest,
        [INTEGER, rest @ ..] | [DECIMAL, _, rest @ ..] => behind_varint(rest),
        [TEXT | OBJECT, rest @ ..] => split_text(rest).1,
        _ => {
            let mut reader = Reader::new(bytes);
            skip_value(&mut reader).expect(CHECKED);
            reader.rest()
        }
    }
}

#[inline]
fn behind_varint(mut bytes: &[u8]) -> &[u8] {
    loop {
        let (first, rest) = bytes.split_first().expect(CHECKED);
        if *first < 0x80 {
            return rest;
        }
        bytes = rest;
    }
}

fn skip_value(reader: &mut Reader<'_>) -> Result<(), PackedError> {
    match reader.byte()? {
        NULL | FALSE | TRUE => {}
        INTEGER => skip_varint(reader)?,
        DECIMAL => {
            reader.byte()?;
            skip_varint(reader)?;
        }
        WIDE_INTEGER | WIDE_DECIMAL => {
            skip_varint(reader)?;
            let len = reader.len()?;
            reader.bytes(len)?;
        }
        TEXT | OBJECT => {
            let len = reader.len()?;
            reader.bytes(len)?;
        }
        _ => {
            return Err(PackedError {
                what: "a value has an unknown kind",
            });
        }
    }
    Ok(())
}

fn skip_varint(reader: &mut Reader<'_>) -> Result<(), PackedError> {
    while reader.byte()? & 0x80 != 0 {}
    Ok(())
}

fn check_entries(mut reader: Reader<'_>, depth: u32) -> Result<(), PackedError> {
    if depth > OBJECT_DEPTH_MAX {
        return Err(PackedError {
            what: "objects nest too deep",
        });
    }
    while !reader.is_empty() {
        reader.text()?;
        if let Value::Object(object) = read_value(&mut reader)? {
            check_entries(Reader::new(object.bytes), depth.saturating_add(1))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> (Number, Spelling) {
        let literal = Number::parse(text).expect("a number");
        (literal.value, literal.spelling)
    }

    fn sample() -> Metadata {
        let mut inner = MetadataBuilder::new();
        inner.text("currency", "usd");
        let (amount, spelling) = number("12.0");
        inner.number("amount", &amount, spelling);
        let mut builder = MetadataBuilder::new();
        builder.text("model", "gpt-\"4\"");
        builder.null("prompt");
        builder.bool("cached", true);
        for (key, text) in [
            ("small", "5"),
            ("point", "1.50"),
            ("huge", "123456789012345678901234567890.25"),
        ] {
            let (value, spelling) = number(text);
            builder.number(key, &value, spelling);
        }
        builder.object("_cost", inner.as_ref());
        builder.finish()
    }

    #[test]
    fn every_kind_of_value_comes_back_with_its_text() {
        let metadata = sample();
        let metadata = MetadataRef::check(metadata.as_ref().bytes()).expect("sound");
        let text = |key: &str| {
            metadata
                .get(key)
                .and_then(|value| value.text().map(Cow::into_owned))
        };
        assert_eq!(text("model").as_deref(), Some("gpt-\"4\""));
        assert_eq!(text("prompt"), None);
        assert_eq!(text("cached").as_deref(), Some("true"));
        assert_eq!(text("small").as_deref(), Some("5"));
        assert_eq!(text("point").as_deref(), Some("1.5"));
        assert_eq!(
            text("huge").as_deref(),
            Some("123456789012345678901234567890.25")
        );
        assert_eq!(
            text("_cost").as_deref(),
            Some(r#"{"amount": 12.0, "currency": "usd"}"#)
        );
        assert_eq!(text("absent"), None);
        let keys: Vec<_> = metadata.iter().map(|(key, _)| key).collect();
        assert_eq!(
            keys,
            [
                "model", "prompt", "cached", "small", "point", "huge", "_cost"
            ]
        );
    }

    #[test]
    fn a_path_goes_through_objects() {
        let metadata = sample();
        let metadata = metadata.as_ref();
        assert_eq!(
            metadata.get_path(["_cost", "currency"]),
            Some(Value::Text("usd"))
        );
        assert_eq!(metadata.get_path(["model", "currency"]), None);
        assert_eq!(metadata.get_path(["_cost", "absent"]), None);
    }

    #[test]
    fn equal_numbers_are_one_distinct_value_and_other_kinds_are_not() {
        let canonical = |value: Value<'_>| {
            let mut out = Vec::new();
            value.write_canonical(&mut out);
            out
        };
        let of = |text: &str| {
            let (value, spelling) = number(text);
            canonical(Value::Number(value, spelling))
        };
        assert_eq!(of("1"), of("1.0"));
        assert_eq!(of("1e30"), of("1000000000000000000000000000000"));
        assert_ne!(of("1"), canonical(Value::Text("1")));
        assert_ne!(of("1"), canonical(Value::Bool(true)));
    }

    #[test]
    fn a_wide_number_takes_no_more_room_than_its_literal() {
        for text in [
            "1e399",
            "-1e399",
            "1e-400",
            "-12.5e-390",
            "123456789012345678901234567890",
            "1000000000000000000000000000000000000",
            "0.000000000000000000000000000001",
            "-123456789012345678901234567890.000000000000000000000000000001",
        ] {
            let (value, spelling) = number(text);
            let mut builder = MetadataBuilder::new();
            builder.number("k", &value, spelling);
            builder.text("after", "x");
            let metadata = builder.finish();
            let metadata = MetadataRef::check(metadata.as_ref().bytes()).expect("sound");
            assert!(metadata.bytes().len() <= text.len() + 16, "{text}");
            assert_eq!(
                metadata.get("k"),
                Some(Value::Number(value, spelling)),
                "{text}"
            );
            assert_eq!(metadata.get("after"), Some(Value::Text("x")));
        }
    }

    #[test]
    fn damaged_bytes_are_refused() {
        let metadata = sample();
        let bytes = metadata.as_ref().bytes();
        for len in 1..bytes.len() {
            // A cut may fall between two entries; then what is left is sound by itself.
            if let Ok(cut) = MetadataRef::check(&bytes[..len]) {
                assert!(cut.iter().count() < metadata.as_ref().iter().count());
            }
        }
        assert!(MetadataRef::check(&[1, b'a', 99]).is_err());
    }
}
