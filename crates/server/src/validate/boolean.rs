//! Booleans: `true`, the numbers 0 and 1, and the usual words in any case (SEMANTICS 4.13).

use domain::Number;

use super::{Checked, Faults, Node, Rule};
use crate::json::Value;
#[cfg(test)]
use crate::openapi::asked::{self, Wanted};

/// A boolean, or what reads as one.
pub(crate) fn boolean(node: Node<'_, '_>, faults: &mut Faults) -> Checked<bool> {
    #[cfg(test)]
    asked::tell(node.at, || Wanted::Kind("boolean"));
    let rule = match node.value {
        Value::Bool(value) => return Ok(*value),
        Value::Number(literal) => match read_number(literal) {
            Ok(value) => return Ok(value),
            Err(rule) => rule,
        },
        Value::String(text) => match read_word(text) {
            Some(value) => return Ok(value),
            None => Rule::BooleanText,
        },
        Value::Null | Value::Array(_) | Value::Object(_) => Rule::NotABoolean,
    };
    Err(node.refuse(rule, faults))
}

fn read_number(literal: &str) -> Result<bool, Rule<'static>> {
    let whole = Number::parse(literal)
        .ok()
        .and_then(|literal| literal.value.to_i64());
    match whole {
        Some(0) => Ok(false),
        Some(1) => Ok(true),
        Some(_) => Err(Rule::BooleanText),
        None => Err(Rule::NotABoolean),
    }
}

fn read_word(text: &str) -> Option<bool> {
    let is_one_of = |words: &[&str]| words.iter().any(|word| word.eq_ignore_ascii_case(text));
    if is_one_of(&["true", "1", "yes", "on", "t", "y"]) {
        Some(true)
    } else if is_one_of(&["false", "0", "no", "off", "f", "n"]) {
        Some(false)
    } else {
        None
    }
}
