//! Buckets: local periods as ranges of instants, and the quarter hours that they are made of.

use super::*;

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
