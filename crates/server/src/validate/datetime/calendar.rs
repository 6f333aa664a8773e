//! Dates and clock times in text.

use domain::Timestamp;

use super::Instant;
use crate::validate::Rule;

/// What the reference says of everything wrong behind the date: it then reads the text as a date alone.
const BEHIND_DATE: Rule<'static> =
    Rule::TimeText("unexpected extra characters at the end of the input");

/// Bytes of `YYYY-MM-DD`.
const DATE_LENGTH: usize = 10;

/// Reads `YYYY-MM-DD`, a separator, `HH:MM`, perhaps seconds and a fraction, and an offset.
pub(super) fn read(text: &str) -> Result<Instant, Rule<'static>> {
    let bytes = text.as_bytes();
    let date = check_date(bytes)?;
    let mut rest = Rest(&bytes[DATE_LENGTH..]);
    if rest.0.is_empty() {
        return Err(Rule::NaiveTime);
    }
    let clock = rest.clock().ok_or(BEHIND_DATE)?;
    let fraction = rest.fraction().ok_or(BEHIND_DATE)?;
    let offset_minutes = rest.offset_minutes().ok_or(BEHIND_DATE)?;
    if date == "0000" {
        return Err(Rule::Time("year 0 is out of range"));
    }
    let offset_minutes = offset_minutes.ok_or(Rule::NaiveTime)?;
    let day = std::str::from_utf8(&bytes[..DATE_LENGTH]).unwrap_or_default();
    let [hour, minute, second] = clock;
    let (hours_east, minutes_east) = (offset_minutes.abs() / 60, offset_minutes.abs() % 60);
    let sign = if offset_minutes < 0 { '-' } else { '+' };
    let canonical = format!(
        "{day}T{hour:02}:{minute:02}:{second:02}.{fraction}{sign}{hours_east:02}:{minutes_east:02}"
    );
    let at = Timestamp::parse_rfc3339_fast(&canonical)
        .ok_or(Rule::Time("outside of the years 1 to 9999"))?;
    Ok(Instant {
        at,
        offset_seconds: offset_minutes * 60,
    })
}

/// The year of the date that the text begins with, when the calendar has that date.
fn check_date(text: &[u8]) -> Result<&str, Rule<'static>> {
    if text.len() < DATE_LENGTH {
        return Err(Rule::TimeText("input is too short"));
    }
    let number = |from: usize, to: usize, why| {
        let digits = &text[from..to];
        if digits.iter().all(u8::is_ascii_digit) {
            Ok(digits
                .iter()
                .fold(0_u32, |value, digit| value * 10 + u32::from(digit - b'0')))
        } else {
            Err(Rule::TimeText(why))
        }
    };
    let separator = |at: usize| {
        if text[at] == b'-' {
            Ok(())
        } else {
            Err(Rule::TimeText("invalid date separator, expected `-`"))
        }
    };
    let year = number(0, 4, "invalid character in year")?;
    separator(4)?;
    let month = number(5, 7, "invalid character in month")?;
    separator(7)?;
    let day = number(8, 10, "invalid character in day")?;
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        4 | 6 | 9 | 11 => 30,
        2 if is_leap => 29,
        2 => 28,
        1..=12 => 31,
        _ => {
            return Err(Rule::TimeText(
                "month value is outside expected range of 1-12",
            ));
        }
    };
    if day == 0 || day > days {
        return Err(Rule::TimeText("day value is outside expected range"));
    }
    Ok(std::str::from_utf8(&text[..4]).unwrap_or_default())
}

/// What stands behind the date. Each step takes its part from the front; `None` when it is not well formed.
struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    /// The separator, hours, minutes, and seconds if there are any.
    fn clock(&mut self) -> Option<[u32; 3]> {
        self.take(|byte| matches!(byte, b'T' | b't' | b' ' | b'_'))?;
        let hour = self.two_digits().filter(|hour| *hour < 24)?;
        self.take(|byte| byte == b':')?;
        let minute = self.two_digits().filter(|minute| *minute < 60)?;
        let second = match self.take(|byte| byte == b':') {
            Some(_) => self.two_digits().filter(|second| *second < 60)?,
            None => 0,
        };
        Some([hour, minute, second])
    }

    /// The digits of the fraction, six of them, further ones cut off.
    fn fraction(&mut self) -> Option<String> {
        let mut micros = String::with_capacity(6);
        if self.take(|byte| matches!(byte, b'.' | b',')).is_some() {
            let mut digit = self.take(|byte| byte.is_ascii_digit());
            digit?;
            while let Some(found) = digit {
                if micros.len() < 6 {
                    micros.push(char::from(found));
                }
                digit = self.take(|byte| byte.is_ascii_digit());
            }
        }
        while micros.len() < 6 {
            micros.push('0');
        }
        Some(micros)
    }

    /// Minutes east of UTC to the end of the text. `Some(None)` when there is no offset.
    #[expect(
        clippy::option_option,
        reason = "malformed and absent are different faults"
    )]
    fn offset_minutes(&mut self) -> Option<Option<i32>> {
        const MINUS_SIGN: &[u8] = "\u{2212}".as_bytes();
        let sign = if self.0.is_empty() {
            return Some(None);
        } else if self.take(|byte| matches!(byte, b'Z' | b'z')).is_some() {
            return self.0.is_empty().then_some(Some(0));
        } else if self.take(|byte| byte == b'+').is_some() {
            1
        } else if self.take(|byte| byte == b'-').is_some() {
            -1
        } else {
            self.0 = self.0.strip_prefix(MINUS_SIGN)?;
            -1
        };
        let hours = self.two_digits().filter(|hours| *hours < 24)?;
        let _colon = self.take(|byte| byte == b':');
        let minutes = self.two_digits().filter(|minutes| *minutes < 60)?;
        let total = i32::try_from(hours * 60 + minutes).ok()?;
        self.0.is_empty().then_some(Some(sign * total))
    }

    fn two_digits(&mut self) -> Option<u32> {
        let tens = self.take(|byte| byte.is_ascii_digit())?;
        let ones = self.take(|byte| byte.is_ascii_digit())?;
        Some(u32::from(tens - b'0') * 10 + u32::from(ones - b'0'))
    }

    fn take(&mut self, is_wanted: impl Fn(u8) -> bool) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        if !is_wanted(*first) {
            return None;
        }
        self.0 = rest;
        Some(*first)
    }
}
