//! Times as text: writing ISO 8601, and reading its most common form fast.
#![expect(
    clippy::arithmetic_side_effects,
    reason = "fields of a date and indices of a text of known length"
)]

use super::civil::{Date, MICROS_PER_DAY, SECONDS_PER_DAY, days_in_month};
use super::{MICROS_PER_SECOND, Timestamp};

/// `YYYY-MM-DDTHH:MM:SS`
const SECONDS_FORM: usize = 19;

impl Timestamp {
    /// The time in ISO 8601; see [`Self::write_iso`].
    pub fn to_iso(self) -> String {
        let mut text = String::with_capacity(27);
        self.write_iso(&mut text);
        text
    }

    /// Appends the time in ISO 8601: `2026-03-01T12:00:00Z`, with six digits of microseconds when they are not zero.
    pub fn write_iso(self, out: &mut String) {
        let days = self.0.div_euclid(MICROS_PER_DAY);
        let of_day = self.0.rem_euclid(MICROS_PER_DAY);
        let date = Date::from_epoch_days(days);
        let seconds = of_day / MICROS_PER_SECOND;
        let micros = of_day % MICROS_PER_SECOND;

        let mut buffer = *b"0000-00-00T00:00:00.000000Z";
        // `END` is the one value whose year has five digits; a range's end is not written to clients.
        put(&mut buffer[0..4], date.year.min(9_999));
        put(&mut buffer[5..7], date.month);
        put(&mut buffer[8..10], date.day);
        put(&mut buffer[11..13], seconds / 3_600);
        put(&mut buffer[14..16], seconds / 60 % 60);
        put(&mut buffer[17..19], seconds % 60);
        let length = if micros == 0 {
            buffer[SECONDS_FORM] = b'Z';
            SECONDS_FORM + 1
        } else {
            put(&mut buffer[20..26], micros);
            buffer.len()
        };
        out.push_str(core::str::from_utf8(&buffer[..length]).expect("digits are ASCII"));
    }

    /// Reads `YYYY-MM-DDTHH:MM:SS`, with or without a fraction of any length, then `Z` or `±HH:MM`. A fraction beyond
    /// microseconds is cut.
    ///
    /// `None` for every other text, also for one that another, more lenient reading may take, and for a time out of
    /// range. About 20 ns.
    pub fn parse_rfc3339_fast(text: &str) -> Option<Self> {
        let text = text.as_bytes();
        let (clock, rest) = text.split_at_checked(SECONDS_FORM)?;
        let separators = [clock[4], clock[7], clock[10], clock[13], clock[16]];
        if separators != *b"--T::" {
            return None;
        }
        let year = two(clock, 0)? * 100 + two(clock, 2)?;
        let month = two(clock, 5)?;
        let day = two(clock, 8)?;
        let hour = two(clock, 11)?;
        let minute = two(clock, 14)?;
        let second = two(clock, 17)?;
        let in_calendar = year >= 1
            && (1..=12).contains(&month)
            && day >= 1
            && (day <= 28 || day <= days_in_month(year, month))
            && hour < 24
            && minute < 60
            && second < 60;
        if !in_calendar {
            return None;
        }
        let (micros, zone) = fraction(rest)?;
        let offset = offset_seconds(zone)?;
        let days = Date { year, month, day }.epoch_days();
        let seconds = days * SECONDS_PER_DAY + hour * 3_600 + minute * 60 + second - offset;
        Self::from_micros(seconds * MICROS_PER_SECOND + micros)
    }
}

/// Writes `value` in decimal over the whole of `field`, from its end.
fn put(field: &mut [u8], value: i64) {
    let mut value = u32::try_from(value).expect("a field of a date or a clock");
    for place in field.iter_mut().rev() {
        *place = b'0' + u8::try_from(value % 10).expect("a digit");
        value /= 10;
    }
}

/// The two digits at `index`.
#[inline]
fn two(text: &[u8], index: usize) -> Option<i64> {
    let tens = text[index].wrapping_sub(b'0');
    let ones = text[index + 1].wrapping_sub(b'0');
    (tens < 10 && ones < 10).then(|| i64::from(tens) * 10 + i64::from(ones))
}

/// The microseconds of a text that may begin with a point and digits, and what follows.
fn fraction(text: &[u8]) -> Option<(i64, &[u8])> {
    let [b'.', digits @ ..] = text else {
        return Some((0, text));
    };
    let length = digits.iter().position(|byte| !byte.is_ascii_digit())?;
    if length == 0 {
        return None;
    }
    let (digits, rest) = digits.split_at(length);
    let mut micros = 0;
    let mut unit = MICROS_PER_SECOND;
    for digit in digits.iter().take(6) {
        unit /= 10;
        micros += i64::from(digit - b'0') * unit;
    }
    Some((micros, rest))
}

/// Seconds east of UTC of `Z` or `±HH:MM`.
fn offset_seconds(text: &[u8]) -> Option<i64> {
    let (sign, hours, minutes) = match text {
        [b'Z'] => return Some(0),
        [b'+', _, _, b':', _, _] => (1, two(text, 1)?, two(text, 4)?),
        [b'-', _, _, b':', _, _] => (-1, two(text, 1)?, two(text, 4)?),
        _ => return None,
    };
    (hours < 24 && minutes < 60).then_some(sign * (hours * 3_600 + minutes * 60))
}
