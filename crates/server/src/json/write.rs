//! Writing values back, for the `input` that an error repeats.

use super::Value;

impl Value<'_> {
    /// Appends the value as JSON, on one line. `None` when that would take more than `bytes_max` bytes; `out` then holds a
    /// part of it. The literals `NaN` and `Infinity`, which are no JSON, become null.
    pub(crate) fn write(&self, bytes_max: usize, out: &mut String) -> Option<()> {
        let end_max = out.len().saturating_add(bytes_max);
        self.write_until(end_max, out)
    }

    fn write_until(&self, end_max: usize, out: &mut String) -> Option<()> {
        match self {
            Value::Bool(true) => out.push_str("true"),
            Value::Bool(false) => out.push_str("false"),
            Value::Null | Value::Number("NaN" | "Infinity" | "-Infinity") => out.push_str("null"),
            Value::Number(literal) => push_within(literal, end_max, out)?,
            Value::String(text) => write_text(text, end_max, out)?,
            Value::Array(items) => {
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    item.write_until(end_max, out)?;
                }
                out.push(']');
            }
            Value::Object(object) => {
                out.push('{');
                for (index, (key, value)) in object.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    write_text(key, end_max, out)?;
                    out.push(':');
                    value.write_until(end_max, out)?;
                }
                out.push('}');
            }
        }
        (out.len() <= end_max).then_some(())
    }
}

fn push_within(text: &str, end_max: usize, out: &mut String) -> Option<()> {
    if text.len() > end_max.saturating_sub(out.len()) {
        return None;
    }
    out.push_str(text);
    Some(())
}

/// Appends text as a JSON string.
pub(crate) fn write_string(text: &str, out: &mut String) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\0'..='\u{1f}' => {
                const DIGITS: &[u8; 16] = b"0123456789abcdef";
                let code = character as usize;
                out.push_str("\\u00");
                out.push(char::from(DIGITS[code >> 4]));
                out.push(char::from(DIGITS[code & 0xf]));
            }
            other => out.push(other),
        }
    }
    out.push('"');
}

fn write_text(text: &str, end_max: usize, out: &mut String) -> Option<()> {
    if text.len() > end_max.saturating_sub(out.len()) {
        return None;
    }
    write_string(text, out);
    Some(())
}
