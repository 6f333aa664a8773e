//! The calendar against the time library's, and texts of times.
#![expect(
    clippy::arithmetic_side_effects,
    reason = "a panic of a test is a failed test"
)]

use proptest::prelude::*;

use super::civil::{Date, MICROS_PER_DAY};
use super::*;

fn at(text: &str) -> Timestamp {
    Timestamp::parse_rfc3339_fast(text).expect("a time in the common form")
}

fn any_time() -> impl Strategy<Value = Timestamp> {
    let micros = prop_oneof![
        Timestamp::MIN.micros()..=Timestamp::MAX.micros(),
        1_672_531_200_000_000_i64..2_000_000_000_000_000,
    ];
    (micros, prop::bool::ANY).prop_map(|(micros, whole)| {
        let micros = if whole {
            micros - micros.rem_euclid(MICROS_PER_SECOND)
        } else {
            micros
        };
        Timestamp::from_micros(micros).expect("in range")
    })
}

#[test]
fn the_range_is_the_years_1_to_9999() {
    assert_eq!(Timestamp::MIN.to_iso(), "0001-01-01T00:00:00Z");
    assert_eq!(Timestamp::MAX.to_iso(), "9999-12-31T23:59:59.999999Z");
    assert_eq!(Timestamp::EPOCH.to_iso(), "1970-01-01T00:00:00Z");
    assert_eq!(Timestamp::from_micros(Timestamp::MIN.micros() - 1), None);
    assert_eq!(Timestamp::from_micros(Timestamp::MAX.micros() + 1), None);
    assert_eq!(Timestamp::END.micros(), Timestamp::MAX.micros() + 1);
}

#[test]
fn seconds_are_rounded_half_up() {
    let check = |micros, seconds| {
        assert_eq!(
            Timestamp::from_micros(micros).map(Timestamp::unix_seconds_half_up),
            Some(seconds)
        );
    };
    check(0, 0);
    check(499_999, 0);
    check(500_000, 1);
    check(1_499_999, 1);
    check(1_500_000, 2);
    check(-500_000, 0);
    check(-500_001, -1);
    check(Timestamp::MAX.micros(), 253_402_300_800);
}

#[test]
fn common_texts_are_read() {
    let check = |text: &str, expected: &str| assert_eq!(at(text).to_iso(), expected, "{text}");
    check("2026-03-01T12:34:56Z", "2026-03-01T12:34:56Z");
    check("2026-03-01T12:34:56.5Z", "2026-03-01T12:34:56.500000Z");
    check("2026-03-01T12:34:56.000001Z", "2026-03-01T12:34:56.000001Z");
    check(
        "2026-03-01T12:34:56.1234569999Z",
        "2026-03-01T12:34:56.123456Z",
    );
    check("2026-03-01T00:30:00+02:00", "2026-02-28T22:30:00Z");
    check(
        "2026-03-01T00:30:00.25-05:45",
        "2026-03-01T06:15:00.250000Z",
    );
    check("2026-03-01T00:30:00-00:00", "2026-03-01T00:30:00Z");
    check("2024-02-29T00:00:00+00:00", "2024-02-29T00:00:00Z");
    check("1969-12-31T23:59:59.999999Z", "1969-12-31T23:59:59.999999Z");
    check("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z");
    check(
        "9999-12-31T23:59:59.9999999+00:00",
        "9999-12-31T23:59:59.999999Z",
    );
}

#[test]
fn unusual_texts_are_left_to_another_reading() {
    let unusual = [
        "",
        "2026",
        "2026-03-01",
        "2026-03-01T12:34:56",
        "2026-03-01 12:34:56Z",
        "2026-03-01T12:34Z",
        "2026-03-01T12:34:56z",
        "2026-03-01T12:34:56.Z",
        "2026-03-01T12:34:56.5",
        "2026-03-01T12:34:56+0200",
        "2026-03-01T12:34:56+02",
        "2026-03-01T12:34:56+24:00",
        "2026-03-01T12:34:56+02:60",
        "2026-03-01T12:34:56ZZ",
        "2026-03-01T24:00:00Z",
        "2026-03-01T12:60:00Z",
        "2026-03-01T12:34:60Z",
        "2026-02-29T00:00:00Z",
        "2026-04-31T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2026-01-00T00:00:00Z",
        "2026-01-32T00:00:00Z",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
        "+026-03-01T12:34:56Z",
        "2026-03-01T12:34:5éZ",
        "2026/03/01T12:34:56Z",
        "2026-03-01T12:34:56.1é",
        "2026-03-01T-1:34:56Z",
        "20260301T123456Z0000000",
    ];
    for text in unusual {
        assert_eq!(Timestamp::parse_rfc3339_fast(text), None, "{text}");
    }
}

#[test]
fn ranges_are_half_open() {
    let range = TimeRange::new(at("2026-01-01T00:00:00Z"), at("2026-01-02T00:00:00Z"));
    assert!(range.contains(range.start));
    assert!(!range.contains(range.end));
    assert!(!range.is_empty());
    assert!(TimeRange::new(range.end, range.start).is_empty());
    assert!(!range.overlaps(TimeRange::new(range.end, Timestamp::END)));
    assert!(range.overlaps(TimeRange::ALL));
    assert!(!range.overlaps(TimeRange::new(range.start, range.start)));
    assert!(TimeRange::ALL.contains(Timestamp::MIN) && TimeRange::ALL.contains(Timestamp::MAX));
}

#[test]
fn months_are_clipped_at_their_end() {
    let plus = |year, month, day, months| {
        let date = Date { year, month, day }.plus_months(months);
        (date.year, date.month, date.day)
    };
    assert_eq!(plus(2026, 1, 31, 1), (2026, 2, 28));
    assert_eq!(plus(2024, 1, 31, 1), (2024, 2, 29));
    assert_eq!(plus(2024, 2, 29, 12), (2025, 2, 28));
    assert_eq!(plus(2026, 12, 31, 1), (2027, 1, 31));
    assert_eq!(plus(2026, 11, 30, 3), (2027, 2, 28));
    assert_eq!(plus(2099, 2, 28, 12), (2100, 2, 28));
}

/// The calendar repeats after 400 years, so one round tells all; the rest is looked at here and there.
#[test]
fn days_of_the_calendar_are_the_librarys() {
    let first = Timestamp::MIN.micros() / MICROS_PER_DAY;
    let last = Timestamp::MAX.micros() / MICROS_PER_DAY;
    let one_round = -10_957..146_097 - 10_957;
    let epoch = jiff::civil::date(1970, 1, 1);
    for days in one_round.chain((first..=last).step_by(97)) {
        let date = Date::from_epoch_days(days);
        let expected = epoch.saturating_add(jiff::Span::new().days(days));
        let found = (date.year, date.month, date.day);
        assert_eq!(
            found,
            (
                expected.year().into(),
                expected.month().into(),
                expected.day().into()
            )
        );
        assert_eq!(date.epoch_days(), days);
    }
}

proptest! {
    #[test]
    fn a_written_time_is_read_back(time in any_time()) {
        prop_assert_eq!(at(&time.to_iso()), time);
    }

    #[test]
    fn offsets_are_taken_off(time in any_time(), minutes in -1_439_i64..1_440) {
        let local = time.micros() + minutes * 60 * MICROS_PER_SECOND;
        if let Some(local) = Timestamp::from_micros(local) {
            let sign = if minutes < 0 { '-' } else { '+' };
            let offset = format!("{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60);
            prop_assert_eq!(at(&local.to_iso().replace('Z', &offset)), time);
        }
    }

    #[test]
    fn what_is_read_is_what_the_library_reads(text in "(19|20)[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:[0-5][0-9](\\.[0-9]{1,6})?(Z|[+-][0-2][0-9]:[0-6][0-9])") {
        let expected = text.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_microsecond);
        let found = Timestamp::parse_rfc3339_fast(&text).map(Timestamp::micros);
        // The library also reads 24 and more hours of offset.
        prop_assert!(found == expected || found.is_none() && !text.ends_with('Z'), "{:?}", expected);
    }
}
