//! JSON as a client wrote it: keys in order, number literals as text, nothing converted.
//!
//! Why not a library: quantities must be exact, so literals have to survive as text; errors carry the message and the
//! character offset that Python's `json` gives, because clients and recorded answers compare them; and nothing that a client
//! sends may overflow the stack or multiply in memory. Invariants:
//! - containers nest at most [`DEPTH_MAX`] deep and a document holds at most [`VALUES_MAX`] values;
//! - a key stands once in an object: a repeated one has its last value at its first place, as in a Python `dict`;
//! - text without escapes is borrowed from the document.

mod parse;
mod string;
#[cfg(test)]
mod tests;
mod write;

use std::borrow::Cow;

pub(crate) use parse::parse;
pub(crate) use write::write_string;

/// How many containers may stand inside each other. A filter of the deepest allowed nesting needs about 200.
pub(crate) const DEPTH_MAX: usize = 512;

/// How many values a document may hold. A body of the largest size with events of two keys holds less than half of it; the
/// bound keeps a body of `[0,0,0,…` from growing twentyfold in memory.
pub(crate) const VALUES_MAX: usize = 2_000_000;

/// A JSON value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value<'a> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// The literal as it was written. Also `NaN`, `Infinity` and `-Infinity`, which Python's parser takes.
    Number(&'a str),
    /// Text, escapes resolved.
    String(Cow<'a, str>),
    /// A list.
    Array(Vec<Value<'a>>),
    /// Keys and values.
    Object(Object<'a>),
}

/// Keys and values, in order; each key once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Object<'a> {
    entries: Vec<(Cow<'a, str>, Value<'a>)>,
}

impl<'a> Object<'a> {
    /// The value under a key. Looks at each key before it.
    pub(crate) fn get(&self, key: &str) -> Option<&Value<'a>> {
        self.entries
            .iter()
            .find_map(|(name, value)| (name == key).then_some(value))
    }

    /// How many keys.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The keys and values.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Value<'a>)> {
        self.entries.iter().map(|(key, value)| (&**key, value))
    }
}

/// Where and why a text is not JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{message} at character {offset}")]
pub(crate) struct ParseError {
    /// Characters before the fault, not counting a byte order mark.
    pub(crate) offset: usize,
    /// Python's message.
    pub(crate) message: &'static str,
}
