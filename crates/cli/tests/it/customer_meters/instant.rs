//! Times of the model: microseconds since 1970, UTC, and how they are written.

use std::time::{SystemTime, UNIX_EPOCH};

const DAY: i64 = 86_400_000_000;

/// What the clock shows that the server reads too.
pub(super) fn now() -> i64 {
    #[expect(
        clippy::disallowed_methods,
        reason = "the moments to which resets are dated back are real ones"
    )]
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("a time after 1970");
    i64::try_from(since.as_micros()).expect("a time of this era")
}

/// Reads `YYYY-MM-DDTHH:MM:SS[.ffffff]Z`.
#[track_caller]
pub(super) fn parse(text: &str) -> i64 {
    let bad = || -> ! { panic!("no time in UTC: {text}") };
    let Some(digits) = text.strip_suffix('Z') else {
        bad()
    };
    let (seconds, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let field = |from: usize, length: usize| -> i64 {
        let field = seconds.get(from..from + length);
        field
            .and_then(|field| field.parse().ok())
            .unwrap_or_else(|| bad())
    };
    let days = days_of(field(0, 4), field(5, 2), field(8, 2));
    let second = (field(11, 2) * 60 + field(14, 2)) * 60 + field(17, 2);
    let micros: i64 = match format!("{fraction:0<6}").parse() {
        Ok(micros) => micros,
        Err(_) => bad(),
    };
    days * DAY + second * 1_000_000 + micros
}

/// Writes a time with all six digits of its fraction.
pub(super) fn format(micros: i64) -> String {
    let (days, rest) = (micros.div_euclid(DAY), micros.rem_euclid(DAY));
    let (second, micros) = (rest / 1_000_000, rest % 1_000_000);
    let mut year = 1970 + days.div_euclid(366);
    while days_of(year + 1, 1, 1) <= days {
        year += 1;
    }
    let mut month = 1;
    while month < 12 && days_of(year, month + 1, 1) <= days {
        month += 1;
    }
    let day = days - days_of(year, month, 1) + 1;
    let (hour, minute) = (second / 3600, second / 60 % 60);
    format!(
        "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{:02}.{micros:06}Z",
        second % 60
    )
}

/// Days from 1970-01-01 to a date that is not before it.
fn days_of(year: i64, month: i64, day: i64) -> i64 {
    let is_leap = |year: i64| (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let leap_years = |year: i64| (year - 1) / 4 - (year - 1) / 100 + (year - 1) / 400;
    let years = (year - 1970) * 365 + leap_years(year) - leap_years(1970);
    let lengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30];
    let months: i64 = lengths
        .iter()
        .zip(1..month)
        .map(|(length, _)| *length)
        .sum();
    years + months + i64::from(month > 2 && is_leap(year)) + day - 1
}

#[test]
fn the_models_times_are_read_and_written() {
    for (text, micros) in [
        ("1970-01-01T00:00:00.000000Z", 0),
        ("2024-02-29T23:59:59.500000Z", 1_709_251_199_500_000),
        ("2026-12-31T00:00:00.000001Z", 1_798_675_200_000_001),
    ] {
        assert_eq!(parse(text), micros, "{text}");
        assert_eq!(format(micros), text);
    }
    assert_eq!(parse("2024-02-29T23:59:59.5Z"), 1_709_251_199_500_000);
    assert_eq!(parse("1970-01-01T00:00:01Z"), 1_000_000);
}
