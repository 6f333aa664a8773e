//! Unix times.

use domain::{Number, Timestamp};

use crate::validate::literal::decimal_from_text;

/// Beyond this, in either direction, a number counts milliseconds.
const SECONDS_MAX: i64 = 20_000_000_000;

const AFTER: &str = "dates after 9999 are not supported as unix timestamps";
const BEFORE: &str = "dates before 0000 are not supported as unix timestamps";

/// The time that a text of digits, or of digits with a point, stands for; `None` for any other text.
pub(super) fn from_text(text: &str) -> Option<Result<Timestamp, &'static str>> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let is_plain = unsigned.bytes().all(|byte| byte.is_ascii_digit());
    let is_number = !unsigned.is_empty()
        && (is_plain
            || (unsigned.contains('.')
                && unsigned.bytes().all(|byte| {
                    byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-')
                })));
    if !is_number {
        return None;
    }
    let literal = decimal_from_text(text)?;
    Some(from_literal(literal.as_str()))
}

/// The time that a number literal stands for, or why it stands for none.
pub(super) fn from_literal(literal: &str) -> Result<Timestamp, &'static str> {
    let beyond = if literal.starts_with('-') {
        BEFORE
    } else {
        AFTER
    };
    if literal == "NaN" {
        return Err("NaN values not permitted");
    }
    let Ok(read) = Number::parse(literal) else {
        return Err(beyond);
    };
    let (mantissa, scale) = narrow_parts(&read.value).ok_or(beyond)?;
    let unit = 10_i128.pow(u32::from(scale));
    let is_milliseconds = mantissa.unsigned_abs() > (i128::from(SECONDS_MAX) * unit).unsigned_abs();
    let micros_per_unit = if is_milliseconds { 1_000 } else { 1_000_000 };
    let scaled = mantissa.checked_mul(micros_per_unit).ok_or(beyond)?;
    // To the nearest microsecond, halves up.
    let micros = (scaled + unit / 2).div_euclid(unit);
    i64::try_from(micros)
        .ok()
        .and_then(Timestamp::from_micros)
        .ok_or(beyond)
}

/// Mantissa and scale, further decimal places than a dozen cut off; `None` for a number far beyond any time.
fn narrow_parts(number: &Number) -> Option<(i128, u8)> {
    if let Some(parts) = number.as_parts() {
        return Some(parts);
    }
    let text = number.to_string();
    let (whole, fraction) = text.split_once('.')?;
    let cut = fraction.get(..usize::from(domain::number::NARROW_PLACES))?;
    Number::from_plain_text(&format!("{whole}.{cut}"))?.as_parts()
}
