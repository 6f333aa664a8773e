//! The points of a series, on the calendar and clock of a zone, and how long a range may be.

use super::*;

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
