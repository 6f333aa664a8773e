//! Which points a question has, and which events each of them shows.
//!
//! A point is `start` and then a step of the interval from the point before, on the local calendar; it shows the whole period that it
//! lies in. Worked out with `jiff`, for the periods of one question at a time.

use anyhow::{Context, ensure};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, ToSpan, Zoned};

use crate::workload::calendar::{HOUR_MICROS, zone};
use crate::workload::questions::{Interval, Question};

/// No question has more points.
const POINTS_MAX: usize = 10_000;

/// The points of a question and their periods, in microseconds since the Unix epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Buckets {
    pub(super) points: Vec<Timestamp>,
    /// Of each point: from when to before when. Rising, and none overlaps another.
    pub(super) periods: Vec<(i64, i64)>,
}

impl Buckets {
    pub(super) fn of(question: &Question) -> anyhow::Result<Self> {
        let zone = zone(question.zone)?;
        let mut point = question.start.to_zoned(zone.clone());
        let end = question.end.to_zoned(zone);
        let (mut points, mut periods) = (Vec::new(), Vec::<(i64, i64)>::new());
        while point <= end {
            ensure!(points.len() < POINTS_MAX, "a question has too many points");
            let period = period(&point, question.interval)?;
            ensure!(
                periods.last().is_none_or(|before| before.1 <= period.0),
                "two points of a question show the same events"
            );
            points.push(point.timestamp());
            periods.push(period);
            point = next(&point, question.interval)?;
        }
        Ok(Self { points, periods })
    }

    /// Which period a time lies in.
    pub(super) fn find(&self, at_micros: i64) -> Option<usize> {
        let index = self.periods.partition_point(|(_, end)| *end <= at_micros);
        self.periods
            .get(index)
            .filter(|(start, _)| *start <= at_micros)
            .map(|_| index)
    }

    /// From the first period to the last, with what lies between them.
    pub(super) fn whole(&self) -> (i64, i64) {
        let first = self.periods.first().map_or(0, |(start, _)| *start);
        (first, self.periods.last().map_or(0, |(_, end)| *end))
    }
}

/// One step on. Hours are absolute; the others keep the clock. A reading that does not exist moves on, of one that exists twice the
/// later counts.
fn next(point: &Zoned, interval: Interval) -> anyhow::Result<Zoned> {
    let step: Span = match interval {
        Interval::Hour => return point.checked_add(1.hour()).context("step an hour"),
        Interval::Day => 1.day(),
        Interval::Week => 1.week(),
        Interval::Month => 1.month(),
        Interval::Year => 1.year(),
    };
    let clock = point
        .datetime()
        .checked_add(step)
        .context("step on the calendar")?;
    let zone = point.time_zone().clone();
    zone.into_ambiguous_zoned(clock)
        .later()
        .context("find a local time")
}

/// The hour, day, week, month or year that a point lies in.
fn period(point: &Zoned, interval: Interval) -> anyhow::Result<(i64, i64)> {
    let date = point.date();
    let (first, after) = match interval {
        Interval::Hour => return Ok(hour(point)),
        Interval::Day => (date, date.checked_add(1.day())),
        Interval::Week => {
            let back = i64::from(date.weekday().to_monday_zero_offset());
            let monday = date.checked_sub(back.days()).context("find the Monday")?;
            (monday, monday.checked_add(1.week()))
        }
        Interval::Month => (
            date.first_of_month(),
            date.first_of_month().checked_add(1.month()),
        ),
        Interval::Year => (
            date.first_of_year(),
            date.first_of_year().checked_add(1.year()),
        ),
    };
    let zone = point.time_zone();
    Ok((
        start_of(first, zone)?,
        start_of(after.context("find the next period")?, zone)?,
    ))
}

/// When a date begins: at its midnight, the earlier of two, or where a missing one would be.
fn start_of(date: Date, zone: &TimeZone) -> anyhow::Result<i64> {
    let start = zone.to_ambiguous_zoned(date.at(0, 0, 0, 0)).compatible();
    Ok(start
        .context("find a midnight")?
        .timestamp()
        .as_microsecond())
}

/// The local hour with its offset: a change of offset begins another.
fn hour(point: &Zoned) -> (i64, i64) {
    let at = point.timestamp();
    let offset = i64::from(point.offset().seconds()) * 1_000_000;
    let local = at.as_microsecond() + offset;
    let start = local - local.rem_euclid(HOUR_MICROS) - offset;
    let zone = point.time_zone();
    // A change at the very time of the point counts as before it.
    let before = zone
        .preceding(at.saturating_add(1.microsecond()).unwrap_or(at))
        .next();
    let after = zone.following(at).next();
    let before = before.map_or(i64::MIN, |change| change.timestamp().as_microsecond());
    let after = after.map_or(i64::MAX, |change| change.timestamp().as_microsecond());
    (start.max(before), (start + HOUR_MICROS).min(after))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::questions::Kind;

    fn check(
        zone: &'static str,
        range: (&str, &str),
        interval: Interval,
        expected: &[(&str, i64)],
    ) {
        let question = Question {
            kind: Kind::Plain,
            meter: 0,
            start: range.0.parse().expect("a time"),
            end: range.1.parse().expect("a time"),
            interval,
            zone,
            customer: None,
            metadata: None,
            function: None,
        };
        let buckets = Buckets::of(&question).expect("buckets");
        let found: Vec<(String, i64)> = buckets
            .points
            .iter()
            .zip(&buckets.periods)
            .map(|(point, (start, end))| (point.to_string(), (end - start) / 60_000_000))
            .collect();
        let found: Vec<(&str, i64)> = found
            .iter()
            .map(|(point, minutes)| (point.as_str(), *minutes))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_day_of_a_change_has_other_hours() {
        check(
            "Europe/Paris",
            ("2025-03-28T23:00:00Z", "2025-03-30T22:00:00Z"),
            Interval::Day,
            &[
                ("2025-03-28T23:00:00Z", 1_440),
                ("2025-03-29T23:00:00Z", 1_380),
                ("2025-03-30T22:00:00Z", 1_440),
            ],
        );
        // Midnight does not exist.
        check(
            "Africa/Cairo",
            ("2025-04-23T22:00:00Z", "2025-04-24T22:00:00Z"),
            Interval::Day,
            &[
                ("2025-04-23T22:00:00Z", 1_440),
                ("2025-04-24T22:00:00Z", 1_380),
            ],
        );
    }

    #[test]
    fn a_half_hour_change_cuts_an_hour() {
        // Back by half an hour at 02:00 summer time, 15:00Z.
        check(
            "Australia/Lord_Howe",
            ("2025-04-05T14:00:00Z", "2025-04-05T16:00:00Z"),
            Interval::Hour,
            &[
                ("2025-04-05T14:00:00Z", 60),
                ("2025-04-05T15:00:00Z", 30),
                ("2025-04-05T16:00:00Z", 60),
            ],
        );
    }

    #[test]
    fn a_clipped_month_stays_clipped() {
        check(
            "UTC",
            ("2025-01-31T12:00:00Z", "2025-04-01T00:00:00Z"),
            Interval::Month,
            &[
                ("2025-01-31T12:00:00Z", 31 * 1_440),
                ("2025-02-28T12:00:00Z", 28 * 1_440),
                ("2025-03-28T12:00:00Z", 31 * 1_440),
            ],
        );
    }

    #[test]
    fn times_between_and_beside_periods_are_in_none() {
        let buckets = Buckets {
            points: Vec::new(),
            periods: vec![(10, 20), (30, 40)],
        };
        let found: Vec<Option<usize>> = [9, 10, 19, 20, 29, 30, 40]
            .map(|at| buckets.find(at))
            .to_vec();
        assert_eq!(found, [None, Some(0), Some(0), None, None, Some(1), None]);
    }
}
