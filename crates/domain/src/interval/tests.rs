//! Series and buckets: the examples that the rules were learnt from, zones whose clocks are awkward, and properties over
//! all zones.
#![expect(
    clippy::arithmetic_side_effects,
    reason = "a panic of a test is a failed test"
)]

use proptest::prelude::*;

use super::*;
use crate::time::TimeRange;
use crate::zone::Zone;

const MINUTE: i64 = 60_000_000;

fn at(text: &str) -> Timestamp {
    Timestamp::parse_rfc3339_fast(text).expect("a time in the common form")
}

fn zone(name: &str) -> Zone {
    Zone::from_name(name).expect("a zone of the bundled data")
}

/// The time as the zone's clocks show it, without seconds: `03-29 03:30+02:00`.
fn local(time: Timestamp, zone: &Zone) -> String {
    let minutes = zone.offset_seconds(time) / 60;
    let text = Timestamp::clamped(zone.local(time)).to_iso();
    let sign = if minutes < 0 { '-' } else { '+' };
    format!(
        "{} {}{sign}{:02}:{:02}",
        &text[5..10],
        &text[11..16],
        minutes.abs() / 60,
        minutes.abs() % 60
    )
}

#[track_caller]
fn check_series(name: &str, interval: Interval, start: &str, end: &str, expected: &[&str]) {
    let zone = zone(name);
    let points = series(at(start), at(end), interval, &zone);
    let points: Vec<String> = points
        .into_iter()
        .map(|point| local(point, &zone))
        .collect();
    assert_eq!(points, expected);
}

#[track_caller]
fn check_bucket(name: &str, interval: Interval, time: &str, start: &str, end: &str) {
    let range = bucket(at(time), interval, &zone(name));
    assert_eq!(
        (range.start.to_iso(), range.end.to_iso()),
        (at(start).to_iso(), at(end).to_iso())
    );
}

#[test]
fn names_are_those_of_the_wire() {
    for interval in Interval::ALL {
        assert_eq!(Interval::from_name(interval.name()), Some(interval));
    }
    assert_eq!(Interval::from_name("Day"), None);
    assert_eq!(Interval::from_name(""), None);
}

#[test]
fn a_clipped_month_end_stays_clipped() {
    let (start, end) = ("2026-01-31T00:00:00Z", "2026-04-30T00:00:00Z");
    let points = [
        "01-31 00:00+00:00",
        "02-28 00:00+00:00",
        "03-28 00:00+00:00",
        "04-28 00:00+00:00",
    ];
    check_series("UTC", Interval::Month, start, end, &points);
    check_series(
        "UTC",
        Interval::Year,
        "2024-02-29T00:00:00Z",
        "2026-03-01T00:00:00Z",
        &[
            "02-29 00:00+00:00",
            "02-28 00:00+00:00",
            "02-28 00:00+00:00",
        ],
    );
}

#[test]
fn a_skipped_reading_moves_and_stays_moved() {
    check_series(
        "Europe/Paris",
        Interval::Day,
        "2026-03-28T02:30:00+01:00",
        "2026-03-30T03:30:00+02:00",
        &[
            "03-28 02:30+01:00",
            "03-29 03:30+02:00",
            "03-30 03:30+02:00",
        ],
    );
    // So it passes an end that the unmoved reading would have met.
    check_series(
        "Europe/Paris",
        Interval::Day,
        "2026-03-28T02:30:00+01:00",
        "2026-03-30T02:30:00+02:00",
        &["03-28 02:30+01:00", "03-29 03:30+02:00"],
    );
}

#[test]
fn of_a_repeated_reading_the_later_one_is_taken() {
    check_series(
        "Europe/Paris",
        Interval::Day,
        "2026-10-24T02:30:00+02:00",
        "2026-10-26T12:00:00+01:00",
        &[
            "10-24 02:30+02:00",
            "10-25 02:30+01:00",
            "10-26 02:30+01:00",
        ],
    );
    check_series(
        "America/New_York",
        Interval::Week,
        "2026-10-25T01:15:00-04:00",
        "2026-11-08T12:00:00-05:00",
        &[
            "10-25 01:15-04:00",
            "11-01 01:15-05:00",
            "11-08 01:15-05:00",
        ],
    );
}

#[test]
fn local_midnight_stays_midnight_over_a_change_of_offset() {
    check_series(
        "Europe/Paris",
        Interval::Day,
        "2026-03-28T00:00:00+01:00",
        "2026-03-31T00:00:00+02:00",
        &[
            "03-28 00:00+01:00",
            "03-29 00:00+01:00",
            "03-30 00:00+02:00",
            "03-31 00:00+02:00",
        ],
    );
    check_series(
        "America/New_York",
        Interval::Month,
        "2026-02-01T00:00:00-05:00",
        "2026-04-01T00:00:00-04:00",
        &[
            "02-01 00:00-05:00",
            "03-01 00:00-05:00",
            "04-01 00:00-04:00",
        ],
    );
}

#[test]
fn hours_are_absolute() {
    check_series(
        "Europe/Paris",
        Interval::Hour,
        "2026-03-29T00:30:00+01:00",
        "2026-03-29T04:00:00+02:00",
        &[
            "03-29 00:30+01:00",
            "03-29 01:30+01:00",
            "03-29 03:30+02:00",
        ],
    );
    check_series(
        "Australia/Lord_Howe",
        Interval::Hour,
        "2026-04-05T01:00:00+11:00",
        "2026-04-05T02:30:00+10:30",
        &[
            "04-05 01:00+11:00",
            "04-05 01:30+10:30",
            "04-05 02:30+10:30",
        ],
    );
}

#[test]
fn a_daily_range_that_ends_a_minute_earlier_leaves_out_its_last_day() {
    check_series(
        "UTC",
        Interval::Day,
        "2026-03-01T15:30:00Z",
        "2026-03-04T15:29:00Z",
        &[
            "03-01 15:30+00:00",
            "03-02 15:30+00:00",
            "03-03 15:30+00:00",
        ],
    );
}

#[test]
fn the_end_is_a_point_when_it_is_met() {
    let (start, end) = ("2026-03-01T00:00:00.000001Z", "2026-03-02T00:00:00.000001Z");
    for interval in Interval::ALL {
        assert_eq!(
            series(at(start), at(start), interval, &Zone::utc()),
            [at(start)]
        );
        assert_eq!(series(at(end), at(start), interval, &Zone::utc()), []);
    }
    assert_eq!(
        series(at(start), at(end), Interval::Day, &Zone::utc()),
        [at(start), at(end)]
    );
}

#[test]
fn a_series_ends_with_the_year_9999_and_after_the_most_points() {
    for name in ["UTC", "Pacific/Kiritimati", "America/New_York"] {
        for interval in Interval::ALL {
            let start = Timestamp::MAX;
            assert_eq!(series(start, start, interval, &zone(name)), [start]);
            let all = series(Timestamp::MIN, Timestamp::MAX, interval, &zone(name));
            assert_eq!(all.len(), MAX_POINTS);
        }
        let late = series(
            at("9998-12-31T12:00:00Z"),
            Timestamp::MAX,
            Interval::Year,
            &zone(name),
        );
        assert_eq!(late.len(), 2);
    }
}

#[test]
fn no_day_is_missing_where_clocks_jump_over_the_date_line() {
    check_series(
        "Pacific/Apia",
        Interval::Day,
        "2011-12-28T10:00:00-10:00",
        "2012-01-02T00:00:00+14:00",
        &[
            "12-28 10:00-10:00",
            "12-29 10:00-10:00",
            "12-31 10:00+14:00",
            "01-01 10:00+14:00",
        ],
    );
    check_bucket(
        "Pacific/Apia",
        Interval::Day,
        "2011-12-30T09:59:59Z",
        "2011-12-29T10:00:00Z",
        "2011-12-30T10:00:00Z",
    );
    check_bucket(
        "Pacific/Apia",
        Interval::Day,
        "2011-12-30T10:00:00Z",
        "2011-12-30T10:00:00Z",
        "2011-12-31T10:00:00Z",
    );
    check_bucket(
        "Pacific/Apia",
        Interval::Month,
        "2026-06-15T00:00:00Z",
        "2026-06-01T00:00:00+13:00",
        "2026-07-01T00:00:00+13:00",
    );
}

#[test]
fn buckets_are_local_periods() {
    let time = "2026-03-29T12:34:56.789Z";
    let paris = |interval, start, end| check_bucket("Europe/Paris", interval, time, start, end);
    paris(
        Interval::Hour,
        "2026-03-29T12:00:00Z",
        "2026-03-29T13:00:00Z",
    );
    paris(
        Interval::Day,
        "2026-03-29T00:00:00+01:00",
        "2026-03-30T00:00:00+02:00",
    );
    paris(
        Interval::Week,
        "2026-03-23T00:00:00+01:00",
        "2026-03-30T00:00:00+02:00",
    );
    paris(
        Interval::Month,
        "2026-03-01T00:00:00+01:00",
        "2026-04-01T00:00:00+02:00",
    );
    paris(
        Interval::Year,
        "2026-01-01T00:00:00+01:00",
        "2027-01-01T00:00:00+01:00",
    );
    check_bucket(
        "Asia/Kolkata",
        Interval::Hour,
        "2026-03-01T00:29:59Z",
        "2026-02-28T23:30:00Z",
        "2026-03-01T00:30:00Z",
    );
    check_bucket(
        "Asia/Kathmandu",
        Interval::Hour,
        "2026-03-01T00:14:59Z",
        "2026-02-28T23:15:00Z",
        "2026-03-01T00:15:00Z",
    );
    check_bucket(
        "Asia/Kathmandu",
        Interval::Day,
        "2026-03-01T00:00:00Z",
        "2026-03-01T00:00:00+05:45",
        "2026-03-02T00:00:00+05:45",
    );
}

#[test]
fn a_week_starts_on_monday() {
    check_bucket(
        "UTC",
        Interval::Week,
        "2026-03-01T23:59:59.999999Z",
        "2026-02-23T00:00:00Z",
        "2026-03-02T00:00:00Z",
    );
    check_bucket(
        "UTC",
        Interval::Week,
        "2026-03-02T00:00:00Z",
        "2026-03-02T00:00:00Z",
        "2026-03-09T00:00:00Z",
    );
    check_bucket(
        "UTC",
        Interval::Week,
        "1969-12-31T00:00:00Z",
        "1969-12-29T00:00:00Z",
        "1970-01-05T00:00:00Z",
    );
}

#[test]
fn a_repeated_hour_is_two_buckets() {
    let (first, second) = ("2026-11-01T05:30:00Z", "2026-11-01T06:30:00Z");
    check_bucket(
        "America/New_York",
        Interval::Hour,
        first,
        "2026-11-01T05:00:00Z",
        "2026-11-01T06:00:00Z",
    );
    check_bucket(
        "America/New_York",
        Interval::Hour,
        second,
        "2026-11-01T06:00:00Z",
        "2026-11-01T07:00:00Z",
    );
}

#[test]
fn a_shift_of_half_an_hour_cuts_one_hour_in_two() {
    let lord_howe =
        |time, start, end| check_bucket("Australia/Lord_Howe", Interval::Hour, time, start, end);
    // 02:00+11:00 becomes 01:30+10:30.
    lord_howe(
        "2026-04-04T14:30:00Z",
        "2026-04-04T14:00:00Z",
        "2026-04-04T15:00:00Z",
    );
    lord_howe(
        "2026-04-04T15:00:00Z",
        "2026-04-04T15:00:00Z",
        "2026-04-04T15:30:00Z",
    );
    lord_howe(
        "2026-04-04T15:30:00Z",
        "2026-04-04T15:30:00Z",
        "2026-04-04T16:30:00Z",
    );
    // 02:00+10:30 becomes 02:30+11:00.
    lord_howe(
        "2026-10-03T15:00:00Z",
        "2026-10-03T14:30:00Z",
        "2026-10-03T15:30:00Z",
    );
    lord_howe(
        "2026-10-03T15:30:00Z",
        "2026-10-03T15:30:00Z",
        "2026-10-03T16:00:00Z",
    );
    lord_howe(
        "2026-10-03T16:00:00Z",
        "2026-10-03T16:00:00Z",
        "2026-10-03T17:00:00Z",
    );
    check_bucket(
        "Australia/Lord_Howe",
        Interval::Day,
        "2026-04-04T15:00:00Z",
        "2026-04-05T00:00:00+11:00",
        "2026-04-06T00:00:00+10:30",
    );
}

#[test]
fn a_day_without_midnight_starts_later() {
    let day = |name, time, start, end| check_bucket(name, Interval::Day, time, start, end);
    // Clocks go from 24:00 to 01:00.
    day(
        "America/Asuncion",
        "2023-10-01T12:00:00Z",
        "2023-10-01T01:00:00-03:00",
        "2023-10-02T00:00:00-03:00",
    );
    day(
        "Asia/Beirut",
        "2026-03-29T12:00:00Z",
        "2026-03-29T01:00:00+03:00",
        "2026-03-30T00:00:00+03:00",
    );
    day(
        "Africa/Cairo",
        "2026-04-24T12:00:00Z",
        "2026-04-24T01:00:00+03:00",
        "2026-04-25T00:00:00+03:00",
    );
    day(
        "America/Havana",
        "2026-03-08T12:00:00Z",
        "2026-03-08T01:00:00-04:00",
        "2026-03-09T00:00:00-04:00",
    );
    day(
        "America/Sao_Paulo",
        "2018-11-04T12:00:00Z",
        "2018-11-04T01:00:00-02:00",
        "2018-11-05T00:00:00-02:00",
    );
    // The hour before midnight is skipped here, midnight is not.
    day(
        "America/Nuuk",
        "2026-03-29T00:30:00Z",
        "2026-03-28T00:00:00-02:00",
        "2026-03-29T00:00:00-01:00",
    );
    check_series(
        "America/Havana",
        Interval::Day,
        "2026-03-07T00:00:00-05:00",
        "2026-03-10T00:00:00-04:00",
        &[
            "03-07 00:00-05:00",
            "03-08 01:00-04:00",
            "03-09 01:00-04:00",
        ],
    );
}

#[test]
fn a_day_with_two_midnights_starts_with_the_first() {
    let day = |name, time, start, end| check_bucket(name, Interval::Day, time, start, end);
    // 01:00 becomes 00:00 of the same day.
    day(
        "America/Havana",
        "2026-11-01T05:30:00Z",
        "2026-11-01T00:00:00-04:00",
        "2026-11-02T00:00:00-05:00",
    );
    day(
        "America/Havana",
        "2026-11-01T04:30:00Z",
        "2026-11-01T00:00:00-04:00",
        "2026-11-02T00:00:00-05:00",
    );
    // 24:00 becomes 23:00 of the day before.
    day(
        "Asia/Beirut",
        "2026-10-24T20:30:00Z",
        "2026-10-24T00:00:00+03:00",
        "2026-10-25T00:00:00+02:00",
    );
    day(
        "Asia/Beirut",
        "2026-10-24T21:30:00Z",
        "2026-10-24T00:00:00+03:00",
        "2026-10-25T00:00:00+02:00",
    );
    day(
        "Africa/Cairo",
        "2026-10-29T21:30:00Z",
        "2026-10-29T00:00:00+03:00",
        "2026-10-30T00:00:00+02:00",
    );
    day(
        "America/Asuncion",
        "2024-03-24T03:30:00Z",
        "2024-03-23T00:00:00-03:00",
        "2024-03-24T00:00:00-04:00",
    );
}

#[test]
fn clocks_that_go_back_in_ramadan_make_a_longer_day() {
    let day = |time, start, end| check_bucket("Africa/Casablanca", Interval::Day, time, start, end);
    day(
        "2026-02-15T12:00:00Z",
        "2026-02-15T00:00:00+01:00",
        "2026-02-16T00:00:00+00:00",
    );
    day(
        "2026-03-22T12:00:00Z",
        "2026-03-22T00:00:00+00:00",
        "2026-03-23T00:00:00+01:00",
    );
}

/// At 00:01 clocks went back to 23:01 of the day before: what follows counts as the day that had begun.
#[test]
fn a_day_that_has_begun_does_not_end_again() {
    let day = |time, start, end| check_bucket("America/St_Johns", Interval::Day, time, start, end);
    day(
        "2010-11-07T02:30:30Z",
        "2010-11-07T02:30:00Z",
        "2010-11-08T03:30:00Z",
    );
    day(
        "2010-11-07T02:45:00Z",
        "2010-11-07T02:30:00Z",
        "2010-11-08T03:30:00Z",
    );
    day(
        "2010-11-07T02:29:59Z",
        "2010-11-06T02:30:00Z",
        "2010-11-07T02:30:00Z",
    );
}

#[test]
fn the_bounds_of_time_cut_buckets() {
    for name in [
        "UTC",
        "Pacific/Kiritimati",
        "America/New_York",
        "Europe/Paris",
    ] {
        for interval in Interval::ALL {
            for time in [Timestamp::MIN, Timestamp::MAX] {
                let range = bucket(time, interval, &zone(name));
                assert!(range.contains(time), "{name} {interval:?} {range:?}");
                assert!(range.start >= Timestamp::MIN && range.end <= Timestamp::END);
            }
        }
    }
}

#[test]
fn a_range_has_a_bound_in_days_for_each_interval() {
    let start = at("2026-01-01T00:00:00Z");
    let plus = |days: i64| {
        Timestamp::from_micros(start.micros() + days * 24 * 60 * MINUTE).expect("in range")
    };
    let bounds = [
        (Interval::Hour, 7),
        (Interval::Day, 366),
        (Interval::Week, 371),
        (Interval::Month, 1_460),
        (Interval::Year, 3_650),
    ];
    for (interval, days) in bounds {
        assert_eq!(check_range(start, 0, start, 0, interval), Ok(()));
        assert_eq!(check_range(start, 0, plus(days), 0, interval), Ok(()));
        assert_eq!(
            check_range(start, 0, plus(days + 1), 0, interval),
            Err(RangeTooLong)
        );
        assert_eq!(
            check_range(plus(1), 0, start, 0, interval),
            Err(RangeTooLong)
        );
    }
}

#[test]
fn the_length_of_a_range_is_the_difference_of_its_dates_as_written() {
    let hour = |start: (&str, i32), end: (&str, i32)| {
        check_range(
            at(start.0),
            start.1 * 3_600,
            at(end.0),
            end.1 * 3_600,
            Interval::Hour,
        )
    };
    // Nearly eight days, but seven dates apart.
    assert_eq!(
        hour(("2026-03-01T00:00:00Z", 0), ("2026-03-08T23:59:59Z", 0)),
        Ok(())
    );
    // Two hours, and a second, over seven days: eight dates apart.
    assert_eq!(
        hour(("2026-03-01T23:59:59Z", 0), ("2026-03-09T00:00:00Z", 0)),
        Err(RangeTooLong)
    );
    // The same instants, written in other offsets.
    assert_eq!(
        hour(("2026-03-01T23:59:59Z", 1), ("2026-03-09T00:00:00Z", 0)),
        Ok(())
    );
    assert_eq!(
        hour(("2026-03-01T23:59:59Z", 0), ("2026-03-09T00:00:00Z", -1)),
        Ok(())
    );
    // The start is not after the end, though its date is.
    assert_eq!(
        hour(("2026-03-01T00:00:00Z", 14), ("2026-03-01T00:00:00Z", -12)),
        Ok(())
    );
    assert_eq!(
        hour(("2026-03-01T00:00:01Z", 0), ("2026-03-01T00:00:00Z", 0)),
        Err(RangeTooLong)
    );
}

#[test]
fn points_in_one_bucket_share_it() {
    let havana = zone("America/Havana");
    let hours = series(
        at("2026-10-31T00:10:00-04:00"),
        at("2026-11-01T12:00:00-05:00"),
        Interval::Hour,
        &havana,
    );
    let buckets = Buckets::of_series(&hours, Interval::Day, &havana);
    assert_eq!(buckets.len(), 2);
    assert_eq!(
        buckets
            .of_points()
            .iter()
            .filter(|index| **index == 0)
            .count(),
        24
    );
    assert_eq!(buckets.of_points().last(), Some(&1));
}

#[test]
fn time_between_buckets_is_in_none() {
    let utc = Zone::utc();
    let points = [at("2026-03-01T12:00:00Z"), at("2026-03-04T12:00:00Z")];
    let buckets = Buckets::of_series(&points, Interval::Day, &utc);
    assert_eq!(buckets.find(at("2026-03-01T00:00:00Z")), Some(0));
    assert_eq!(buckets.find(at("2026-03-01T23:59:59.999999Z")), Some(0));
    assert_eq!(buckets.find(at("2026-03-02T00:00:00Z")), None);
    assert_eq!(buckets.find(at("2026-03-03T23:59:59.999999Z")), None);
    assert_eq!(buckets.find(at("2026-03-04T00:00:00Z")), Some(1));
    assert_eq!(buckets.find(at("2026-03-05T00:00:00Z")), None);
    assert_eq!(buckets.find(at("2026-02-28T23:59:59.999999Z")), None);

    let none = Buckets::of_series(&[], Interval::Day, &utc);
    assert!(none.is_empty() && none.quarter_aligned());
    assert_eq!(none.find(at("2026-03-01T00:00:00Z")), None);
}

#[test]
fn quarters_of_an_hour_are_counted_from_the_epoch() {
    let quarter = Quarter::of(at("1970-01-01T00:29:59.999999Z"));
    assert_eq!(
        (quarter.index(), quarter.start()),
        (1, at("1970-01-01T00:15:00Z"))
    );
    assert_eq!(Quarter::of(at("1969-12-31T23:59:59.999999Z")).index(), -1);
    for time in [Timestamp::MIN, Timestamp::MAX] {
        let quarter = Quarter::of(time);
        assert_eq!(Quarter::from_index(quarter.index()), Some(quarter));
        assert!(i32::try_from(quarter.index()).is_ok());
    }
    assert_eq!(Quarter::of(Timestamp::MIN).start(), Timestamp::MIN);
    assert_eq!(
        Quarter::from_index(Quarter::of(Timestamp::MAX).index() + 1),
        None
    );
    assert_eq!(
        Quarter::from_index(Quarter::of(Timestamp::MIN).index() - 1),
        None
    );
}

#[test]
fn odd_offsets_of_old_are_not_made_of_quarter_hours() {
    let paris = zone("Europe/Paris");
    let buckets = Buckets::of_series(&[at("1900-01-01T12:00:00Z")], Interval::Day, &paris);
    assert!(!buckets.quarter_aligned());
}

/// A zone and a time, often close to a change of the zone's clocks.
fn zone_and_time(from: &'static str, to: &'static str) -> impl Strategy<Value = (Zone, Timestamp)> {
    let names: Vec<&'static str> = Zone::names().collect();
    let range = at(from).micros()..at(to).micros();
    (prop::sample::select(names), range, -180_i64..180, 0..4).prop_map(
        |(name, micros, minutes, kind)| {
            let zone = zone(name);
            let change = zone
                .transition_after(micros)
                .filter(|_| kind > 0)
                .unwrap_or(micros);
            let near = match kind {
                1 => change + minutes,
                2 => change + minutes * MINUTE,
                3 => change + minutes * 15 * MINUTE + minutes,
                _ => change,
            };
            (zone, Timestamp::from_micros(near).expect("in range"))
        },
    )
}

fn interval() -> impl Strategy<Value = Interval> {
    prop::sample::select(Interval::ALL.to_vec())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn buckets_partition_time((zone, time) in zone_and_time("1850-01-01T00:00:00Z", "2200-01-01T00:00:00Z"), interval in interval()) {
        let range = bucket(time, interval, &zone);
        prop_assert!(range.contains(time));
        let last = Timestamp::clamped(range.end.micros() - 1);
        prop_assert_eq!(bucket(range.start, interval, &zone), range);
        prop_assert_eq!(bucket(last, interval, &zone), range);
        prop_assert_eq!(bucket(range.end, interval, &zone).start, range.end);
        let before = Timestamp::clamped(range.start.micros() - 1);
        prop_assert_eq!(bucket(before, interval, &zone).end, range.start);
    }

    #[test]
    fn longer_buckets_are_made_of_shorter_ones((zone, time) in zone_and_time("2022-01-01T00:00:00Z", "2100-01-01T00:00:00Z")) {
        let within = |inner: TimeRange, outer: TimeRange| outer.start <= inner.start && inner.end <= outer.end;
        let [year, month, week, day, hour] = Interval::ALL.map(|interval| bucket(time, interval, &zone));
        prop_assert!(within(month, year) && within(day, month) && within(day, week));
        prop_assert!(within(hour, day));
    }

    #[test]
    fn since_2022_buckets_are_runs_of_quarter_hours((zone, time) in zone_and_time("2022-01-01T00:00:00Z", "2100-01-01T00:00:00Z"), interval in interval()) {
        prop_assert!(Buckets::of_series(&[time], interval, &zone).quarter_aligned());
    }

    #[test]
    fn a_series_ascends_and_its_buckets_hold_its_points(
        (zone, start) in zone_and_time("2023-01-01T00:00:00Z", "2100-01-01T00:00:00Z"),
        length in prop_oneof![0_i64..10, 0_i64..400],
        interval in interval(),
        probes in prop::collection::vec(0_i64..1_200, 20),
    ) {
        let length = if interval == Interval::Hour { length / 24 } else { length };
        let end = Timestamp::from_micros(start.micros() + length * 24 * 60 * MINUTE).expect("in range");
        let points = series(start, end, interval, &zone);
        prop_assert_eq!(points[0], start);
        prop_assert!(points.is_sorted_by(|before, after| before < after));
        prop_assert!(points.last() <= Some(&end));

        let buckets = Buckets::of_series(&points, interval, &zone);
        prop_assert!(buckets.ranges().is_sorted_by(|before, after| before.end <= after.start));
        for (point, index) in points.iter().zip(buckets.of_points()) {
            prop_assert_eq!(buckets.ranges()[*index], bucket(*point, interval, &zone));
            prop_assert_eq!(buckets.find(*point), Some(*index));
        }
        let span = buckets.span();
        let edges = buckets.ranges().iter().flat_map(|range| [range.start, range.end]);
        let around = edges.flat_map(|edge| [edge.micros() - 1, edge.micros()]);
        let width = span.end.micros() - span.start.micros();
        let inside = probes.iter().map(|probe| span.start.micros() + width / 1_000 * probe);
        for micros in around.chain(inside) {
            let time = Timestamp::clamped(micros);
            let naive = buckets.ranges().iter().position(|range| range.contains(time));
            prop_assert_eq!(buckets.find(time), naive);
        }
    }
}
