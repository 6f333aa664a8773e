//! Text. Lengths count code points.

use super::{Checked, Faults, Node, Rule};
use crate::json::Value;
#[cfg(test)]
use crate::openapi::asked::{self, Wanted};

/// Whoever sends a NUL character is told so (SEMANTICS 1.16): no database below takes it, and it is always a mistake.
const NUL: Rule<'static> = Rule::Value("This value contains invalid characters");

/// How many characters a text may have.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Length {
    min: usize,
    max: usize,
}

impl Length {
    /// Any number, none included.
    pub(crate) const ANY: Self = Self {
        min: 0,
        max: usize::MAX,
    };

    /// At least so many.
    pub(crate) const fn at_least(min: usize) -> Self {
        Self {
            min,
            max: usize::MAX,
        }
    }

    /// At most so many.
    pub(crate) const fn at_most(max: usize) -> Self {
        Self { min: 0, max }
    }

    /// Between the two, both included.
    pub(crate) const fn between(min: usize, max: usize) -> Self {
        Self { min, max }
    }

    /// The rule that a text breaks. Characters are counted only where bytes do not decide.
    pub(super) fn broken(self, text: &str) -> Option<Rule<'static>> {
        if text.len() >= self.min.saturating_mul(4) && text.len() <= self.max {
            return None;
        }
        let count = text.chars().count();
        if count < self.min {
            Some(Rule::TooShort(self.min))
        } else if count > self.max {
            Some(Rule::TooLong(self.max))
        } else {
            None
        }
    }
}

/// [`text`] of any length, kept.
pub(crate) fn any_text(node: Node<'_, '_>, faults: &mut Faults) -> Checked<String> {
    text(node, Length::ANY, faults).map(str::to_owned)
}

/// Text of a length, without NUL characters. Only text: no number becomes one.
pub(crate) fn text<'v>(
    node: Node<'_, 'v>,
    length: Length,
    faults: &mut Faults,
) -> Checked<&'v str> {
    let text = nested_text(node, length, faults)?;
    if text.contains('\0') {
        Err(node.refuse(NUL, faults))
    } else {
        Ok(text)
    }
}

/// Text of a length, within a field that is looked through for NUL characters as a whole, see [`refuse_nul`].
pub(crate) fn nested_text<'v>(
    node: Node<'_, 'v>,
    length: Length,
    faults: &mut Faults,
) -> Checked<&'v str> {
    #[cfg(test)]
    asked::tell(node.at, || Wanted::Text(length.min, length.max));
    let Value::String(text) = node.value else {
        return Err(node.refuse(Rule::NotText, faults));
    };
    match length.broken(text) {
        Some(rule) => Err(node.refuse(rule, faults)),
        None => Ok(text),
    }
}

/// Refuses a value that has a NUL character in a text or a key, however deep.
pub(crate) fn refuse_nul(node: Node<'_, '_>, faults: &mut Faults) -> Checked<()> {
    if holds_nul(node.value) {
        Err(node.refuse(NUL, faults))
    } else {
        Ok(())
    }
}

fn holds_nul(value: &Value<'_>) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(holds_nul),
        Value::Object(object) => object
            .iter()
            .any(|(key, value)| key.contains('\0') || holds_nul(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Text without the white space around it; `None` when nothing is left.
pub(crate) fn trimmed_or_none(text: &str) -> Option<String> {
    let trimmed = text.trim();
    (!trimmed.is_empty()).then(|| trimmed.to_owned())
}
