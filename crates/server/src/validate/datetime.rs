//! Points in time as clients write them (SEMANTICS 4.7, 19.9).
//!
//! Text is ISO 8601 with some room: a space for the `T`, no seconds, a comma before the fraction, an offset without its colon. A
//! number, also as text, is a Unix time in seconds, or in milliseconds when it is beyond ±2e10. All need an offset; numbers
//! count as UTC.

mod calendar;
mod unix;

use domain::Timestamp;

use super::{Checked, Faults, Node, Rule};
use crate::json::Value;
#[cfg(test)]
use crate::openapi::asked::{self, Wanted};

/// A point in time, and how far ahead of UTC it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Instant {
    /// When.
    pub(crate) at: Timestamp,
    /// Seconds east of UTC.
    pub(crate) offset_seconds: i32,
}

/// A point in time with an offset.
pub(crate) fn datetime(node: Node<'_, '_>, faults: &mut Faults) -> Checked<Instant> {
    #[cfg(test)]
    asked::tell(node.at, || Wanted::Kind("date-time"));
    read(node.value).map_err(|rule| node.refuse(rule, faults))
}

fn read(value: &Value<'_>) -> Result<Instant, Rule<'static>> {
    match value {
        Value::String(text) => match unix::from_text(text) {
            Some(found) => found.map(utc).map_err(Rule::TimeText),
            None => calendar::read(text),
        },
        Value::Number(literal) => unix::from_literal(literal).map(utc).map_err(Rule::Time),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => Err(Rule::NotATime),
    }
}

fn utc(at: Timestamp) -> Instant {
    Instant {
        at,
        offset_seconds: 0,
    }
}
