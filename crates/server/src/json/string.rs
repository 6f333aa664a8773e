//! Strings: borrowed when they hold no escape, copied otherwise. Messages and offsets are those of Python's scanner.

use std::borrow::Cow;

use super::parse::Fault;

const UNTERMINATED: &str = "Unterminated string starting at";
const BAD_ESCAPE: &str = "Invalid \\escape";
const BAD_HEX: &str = "Invalid \\uXXXX escape";
/// Python takes such escapes; text here is UTF-8, which cannot hold them.
const LONE_SURROGATE: &str = "Unpaired surrogate";

/// Reads the string whose opening quote stands at `begin`. Returns it and where the text goes on.
pub(super) fn scan_string(text: &str, begin: usize) -> Result<(Cow<'_, str>, usize), Fault> {
    let first = begin + 1;
    let (mut end, mut byte) = plain_run(text, first, begin)?;
    if byte == b'"' {
        return Ok((Cow::Borrowed(&text[first..end]), end + 1));
    }
    let mut out = String::from(&text[first..end]);
    while byte != b'"' {
        let (character, after) = escape(text, end, begin)?;
        out.push(character);
        let run = after;
        (end, byte) = plain_run(text, run, begin)?;
        out.push_str(&text[run..end]);
    }
    Ok((Cow::Owned(out), end + 1))
}

/// From `from` to the next quote or backslash: where it stands and which of them it is.
fn plain_run(text: &str, from: usize, begin: usize) -> Result<(usize, u8), Fault> {
    for (index, byte) in text.as_bytes()[from..].iter().enumerate() {
        match byte {
            b'"' | b'\\' => return Ok((from + index, *byte)),
            0x00..=0x1f => return Err(Fault::new(from + index, "Invalid control character at")),
            _ => {}
        }
    }
    Err(Fault::new(begin, UNTERMINATED))
}

/// The character of the escape whose backslash stands at `at`, and where the text goes on.
fn escape(text: &str, at: usize, begin: usize) -> Result<(char, usize), Fault> {
    let character = match text.as_bytes().get(at + 1) {
        None => return Err(Fault::new(begin, UNTERMINATED)),
        Some(b'"') => '"',
        Some(b'\\') => '\\',
        Some(b'/') => '/',
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(b'n') => '\n',
        Some(b'r') => '\r',
        Some(b't') => '\t',
        Some(b'u') => return unicode_escape(text, at),
        Some(_) => return Err(Fault::new(at, BAD_ESCAPE)),
    };
    Ok((character, at + 2))
}

fn unicode_escape(text: &str, at: usize) -> Result<(char, usize), Fault> {
    // Python wants a character after the four digits, whatever it is.
    if text[at + 2..].chars().nth(4).is_none() {
        return Err(Fault::new(at + 1, BAD_HEX));
    }
    let unit = hex4(text, at + 2).ok_or(Fault::new(at + 1, BAD_HEX))?;
    let after = at + 6;
    if let Some(character) = char::from_u32(unit) {
        return Ok((character, after));
    }
    let pair_follows = (0xd800..0xdc00).contains(&unit)
        && text[after..].starts_with("\\u")
        && text[after..].chars().nth(6).is_some();
    if !pair_follows {
        return Err(Fault::new(at, LONE_SURROGATE));
    }
    let low = hex4(text, after + 2).ok_or(Fault::new(after + 1, BAD_HEX))?;
    if !(0xdc00..0xe000).contains(&low) {
        return Err(Fault::new(at, LONE_SURROGATE));
    }
    let joined = 0x1_0000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
    char::from_u32(joined)
        .map(|character| (character, after + 6))
        .ok_or(Fault::new(at, LONE_SURROGATE))
}

/// Four hexadecimal digits.
fn hex4(text: &str, from: usize) -> Option<u32> {
    let digits = text.as_bytes().get(from..from + 4)?;
    digits.iter().try_fold(0, |value, byte| {
        Some(value * 16 + char::from(*byte).to_digit(16)?)
    })
}
