//! The parser: one pass, recursive only as deep as [`DEPTH_MAX`].

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::string::scan_string;
use super::{DEPTH_MAX, Object, ParseError, VALUES_MAX, Value};

/// Objects up to this many keys are searched key by key for repeated ones.
const FEW_KEYS: usize = 16;

/// Reads a document. A byte order mark before it is passed over.
pub(crate) fn parse(text: &str) -> Result<Value<'_>, ParseError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut parser = Parser {
        text,
        at: 0,
        values_left: VALUES_MAX,
    };
    parser.document().map_err(|fault| ParseError {
        offset: text.get(..fault.at).unwrap_or(text).chars().count(),
        message: fault.message,
    })
}

/// A fault at a byte offset. Characters are counted only when there is one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fault {
    pub(super) at: usize,
    pub(super) message: &'static str,
}

impl Fault {
    pub(super) const fn new(at: usize, message: &'static str) -> Self {
        Self { at, message }
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    values_left: usize,
}

impl<'a> Parser<'a> {
    fn document(&mut self) -> Result<Value<'a>, Fault> {
        self.skip_whitespace();
        let value = self.value(0)?;
        self.skip_whitespace();
        if self.at < self.text.len() {
            Err(self.fault("Extra data"))
        } else {
            Ok(value)
        }
    }

    fn value(&mut self, depth: usize) -> Result<Value<'a>, Fault> {
        let Some(values_left) = self.values_left.checked_sub(1) else {
            return Err(self.fault("Too many values"));
        };
        self.values_left = values_left;
        match self.peek() {
            Some(b'"') => Ok(Value::String(self.string()?)),
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            _ => self.scalar(),
        }
    }

    /// A literal word or a number.
    fn scalar(&mut self) -> Result<Value<'a>, Fault> {
        let rest = &self.text[self.at..];
        for (word, value) in [
            ("null", Value::Null),
            ("true", Value::Bool(true)),
            ("false", Value::Bool(false)),
            ("NaN", Value::Number("NaN")),
            ("Infinity", Value::Number("Infinity")),
            ("-Infinity", Value::Number("-Infinity")),
        ] {
            if rest.starts_with(word) {
                self.at += word.len();
                return Ok(value);
            }
        }
        match number_length(rest.as_bytes()) {
            0 => Err(self.fault("Expecting value")),
            length => {
                self.at += length;
                Ok(Value::Number(&rest[..length]))
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<Value<'a>, Fault> {
        let depth = self.enter(depth)?;
        let mut items = Vec::new();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Value::Array(items));
        }
        loop {
            items.push(self.value(depth)?);
            if self.end_or_comma(b']', "Illegal trailing comma before end of array")? {
                return Ok(Value::Array(items));
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Value<'a>, Fault> {
        let depth = self.enter(depth)?;
        let mut entries = Vec::new();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Value::Object(Object { entries }));
        }
        loop {
            if self.peek() != Some(b'"') {
                return Err(self.fault("Expecting property name enclosed in double quotes"));
            }
            let key = self.string()?;
            self.skip_whitespace();
            if self.peek() != Some(b':') {
                return Err(self.fault("Expecting ':' delimiter"));
            }
            self.at += 1;
            self.skip_whitespace();
            entries.push((key, self.value(depth)?));
            if self.end_or_comma(b'}', "Illegal trailing comma before end of object")? {
                return Ok(Value::Object(Object {
                    entries: each_key_once(entries),
                }));
            }
        }
    }

    /// Steps into a container, up to its first item.
    fn enter(&mut self, depth: usize) -> Result<usize, Fault> {
        if depth == DEPTH_MAX {
            return Err(self.fault("Nested too deep"));
        }
        self.at += 1;
        self.skip_whitespace();
        Ok(depth + 1)
    }

    /// After an item: true when the container ends, false when another item follows.
    fn end_or_comma(&mut self, end: u8, trailing_comma: &'static str) -> Result<bool, Fault> {
        self.skip_whitespace();
        match self.peek() {
            Some(found) if found == end => {
                self.at += 1;
                Ok(true)
            }
            Some(b',') => {
                let comma = self.at;
                self.at += 1;
                self.skip_whitespace();
                if self.peek() == Some(end) {
                    Err(Fault::new(comma, trailing_comma))
                } else {
                    Ok(false)
                }
            }
            _ => Err(self.fault("Expecting ',' delimiter")),
        }
    }

    fn string(&mut self) -> Result<Cow<'a, str>, Fault> {
        let (text, end) = scan_string(self.text, self.at)?;
        self.at = end;
        Ok(text)
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_whitespace(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    fn fault(&self, message: &'static str) -> Fault {
        Fault::new(self.at, message)
    }
}

/// How many bytes of the text are a number literal: the longest one that it begins with, as Python reads it; 0 when it
/// begins with none.
pub(super) fn number_length(text: &[u8]) -> usize {
    let digits_from = |from: usize| {
        text[from..]
            .iter()
            .position(|byte| !byte.is_ascii_digit())
            .unwrap_or(text.len() - from)
    };
    let whole_at = usize::from(text.first() == Some(&b'-'));
    let mut end = match text.get(whole_at) {
        Some(b'0') => whole_at + 1,
        Some(b'1'..=b'9') => whole_at + digits_from(whole_at),
        _ => return 0,
    };
    if text.get(end) == Some(&b'.') {
        let digits = digits_from(end + 1);
        if digits > 0 {
            end += 1 + digits;
        }
    }
    if let Some(b'e' | b'E') = text.get(end) {
        let sign = usize::from(matches!(text.get(end + 1), Some(b'+' | b'-')));
        let digits = digits_from(end + 1 + sign);
        if digits > 0 {
            end += 1 + sign + digits;
        }
    }
    end
}

type Entry<'a> = (Cow<'a, str>, Value<'a>);

/// The entries with a repeated key's last value at its first place. Quadratic only for few keys.
fn each_key_once(mut entries: Vec<Entry<'_>>) -> Vec<Entry<'_>> {
    if !has_repeated_key(&entries) {
        entries.shrink_to_fit();
        return entries;
    }
    let mut places: BTreeMap<Cow<'_, str>, usize> = BTreeMap::new();
    let mut once: Vec<Entry<'_>> = Vec::new();
    for (key, value) in entries {
        if let Some(place) = places.get(&key) {
            once[*place].1 = value;
        } else {
            places.insert(key.clone(), once.len());
            once.push((key, value));
        }
    }
    once
}

fn has_repeated_key(entries: &[Entry<'_>]) -> bool {
    if entries.len() <= FEW_KEYS {
        let mut rest = entries;
        while let Some(((key, _), after)) = rest.split_first() {
            if after.iter().any(|(other, _)| other == key) {
                return true;
            }
            rest = after;
        }
        return false;
    }
    let mut keys: Vec<&str> = entries.iter().map(|(key, _)| &**key).collect();
    keys.sort_unstable();
    keys.windows(2).any(|pair| pair[0] == pair[1])
}
