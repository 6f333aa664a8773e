//! Whole numbers: literals, floats without a fraction, booleans, and text that reads as one.

use domain::Number;

use super::literal::integer_from_text;
use super::{Checked, Faults, Node, Rule};
use crate::json::Value;
#[cfg(test)]
use crate::openapi::asked::{self, Wanted};

/// What a whole number must lie between.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    above: Option<i64>,
    least: i64,
    most: i64,
}

impl Bounds {
    /// Above 0.
    pub(crate) const POSITIVE: Self = Self {
        above: Some(0),
        least: i64::MIN,
        most: i64::MAX,
    };

    /// Between the two, both included.
    pub(crate) const fn between(least: i64, most: i64) -> Self {
        Self {
            above: None,
            least,
            most,
        }
    }
}

/// A whole number of any size.
pub(crate) fn integer(node: Node<'_, '_>, faults: &mut Faults) -> Checked<Number> {
    #[cfg(test)]
    asked::tell(node.at, || Wanted::Kind("integer"));
    read(node.value).map_err(|rule| node.refuse(rule, faults))
}

/// A whole number within bounds.
pub(crate) fn integer_within(
    node: Node<'_, '_>,
    bounds: Bounds,
    faults: &mut Faults,
) -> Checked<i64> {
    #[cfg(test)]
    asked::tell(node.at, || {
        Wanted::Within(
            bounds.above.map_or(bounds.least, |above| above + 1),
            bounds.most,
        )
    });
    let number = integer(node, faults)?;
    let broken = if bounds
        .above
        .is_some_and(|above| number <= Number::from_i64(above))
    {
        Rule::GreaterThan(bounds.above.unwrap_or_default())
    } else if number < Number::from_i64(bounds.least) {
        Rule::AtLeast(bounds.least)
    } else if let Some(value) = number.to_i64().filter(|value| *value <= bounds.most) {
        return Ok(value);
    } else {
        Rule::AtMost(bounds.most)
    };
    Err(node.refuse(broken, faults))
}

fn read(value: &Value<'_>) -> Result<Number, Rule<'static>> {
    match value {
        Value::Bool(value) => Ok(Number::from_i64(i64::from(*value))),
        Value::Number("NaN" | "Infinity" | "-Infinity") => Err(Rule::NotFinite),
        Value::Number(literal) => from_literal(literal),
        Value::String(text) => {
            let literal = integer_from_text(text).ok_or(Rule::IntegerText)?;
            Number::parse(literal.as_str())
                .map(|read| read.value)
                .map_err(|_| Rule::IntegerSize)
        }
        Value::Null | Value::Array(_) | Value::Object(_) => Err(Rule::NotAnInteger),
    }
}

fn from_literal(literal: &str) -> Result<Number, Rule<'static>> {
    let is_float = literal.contains(['.', 'e', 'E']);
    let read = Number::parse(literal).map_err(|_| Rule::IntegerSize)?;
    if !read.value.is_integer() {
        Err(Rule::Fractional)
    } else if is_float && read.value.to_i64().is_none() {
        // The reference takes whole floats only where they fit its fast integers.
        Err(Rule::IntegerSize)
    } else {
        Ok(read.value)
    }
}
