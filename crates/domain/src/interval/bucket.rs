//! The bucket of an instant, and the buckets of a series with a fast way to find the one of an event.

use super::{Interval, QUARTER_MICROS};
use crate::time::civil::{Date, MICROS_PER_DAY};
use crate::time::{TimeRange, Timestamp};
use crate::zone::{Instants, Zone};

const MICROS_PER_HOUR: i64 = 3_600 * crate::time::MICROS_PER_SECOND;

/// The bucket that an instant falls into, whole.
///
/// Days, weeks, months and years are periods of the local calendar, from their first instant to the first of the next,
/// whether or not midnight is skipped or occurs twice. An hour is an hour of the local clock with its offset: a repeated
/// hour is two buckets, and where clocks change by half an hour one of the hours is cut in two. The bounds of the range of
/// [`Timestamp`] cut the first and the last bucket.
///
/// Below a microsecond.
pub fn bucket(at: Timestamp, interval: Interval, zone: &Zone) -> TimeRange {
    match interval {
        Interval::Hour => hour(at, zone),
        _ => period(at, interval, zone),
    }
}

/// All instants around `at` that have the same local hour, when that is written with its offset.
fn hour(at: Timestamp, zone: &Zone) -> TimeRange {
    let start_of_hour = |at: i64| {
        let at = Timestamp::clamped(at);
        let into_hour = zone.local(at).rem_euclid(MICROS_PER_HOUR);
        at.micros().saturating_sub(into_hour)
    };
    let at = at.micros();
    let start = start_of_hour(at);
    let end = start.saturating_add(MICROS_PER_HOUR);
    let mut range = (start, end);
    if let Some(change) = zone.transition_up_to(at)
        && change > start
        && start_of_hour(change.saturating_sub(1)) != start
    {
        range.0 = change;
    }
    if let Some(change) = zone.transition_after(at)
        && change < end
        && start_of_hour(change) != start
    {
        range.1 = change;
    }
    TimeRange::new(Timestamp::clamped(range.0), Timestamp::clamped(range.1))
}

/// The local day, week, month or year around `at`.
fn period(at: Timestamp, interval: Interval, zone: &Zone) -> TimeRange {
    let day = zone.local(at).div_euclid(MICROS_PER_DAY);
    let mut first = first_day(day, interval);
    loop {
        let next = next_first_day(first, interval);
        let end = first_instant(next, zone);
        if at.micros() < end {
            let start = first_instant(first, zone);
            return TimeRange::new(Timestamp::clamped(start), Timestamp::clamped(end));
        }
        // Clocks were put back over midnight: the new period has begun, though they show the old one again.
        first = next;
    }
}

/// The first day of the period that a day belongs to; all days are counted from 1970-01-01, a Thursday.
fn first_day(day: i64, interval: Interval) -> i64 {
    let date = Date::from_epoch_days(day);
    match interval {
        Interval::Year => Date {
            month: 1,
            day: 1,
            ..date
        }
        .epoch_days(),
        Interval::Month => Date { day: 1, ..date }.epoch_days(),
        Interval::Week => day.saturating_sub(day.saturating_add(3).rem_euclid(7)),
        Interval::Day | Interval::Hour => day,
    }
}

/// The first day of the next period, of the first day of one.
fn next_first_day(first: i64, interval: Interval) -> i64 {
    match interval {
        Interval::Year => Date::from_epoch_days(first).plus_months(12).epoch_days(),
        Interval::Month => Date::from_epoch_days(first).plus_months(1).epoch_days(),
        Interval::Week => first.saturating_add(7),
        Interval::Day | Interval::Hour => first.saturating_add(1),
    }
}

/// The first instant at which the clocks show that day, or a later one where they skip it.
fn first_instant(day: i64, zone: &Zone) -> i64 {
    match zone.instants(day.saturating_mul(MICROS_PER_DAY)) {
        Instants::One(instant) => instant,
        Instants::None { transition, .. } => transition,
        Instants::Two { earlier, .. } => earlier,
    }
}

/// The distinct buckets that the points of a series fall into.
///
/// There may be time between two buckets that is in none, where no point falls into a bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Buckets {
    /// Ascending, not overlapping.
    ranges: Vec<TimeRange>,
    /// For each point the index of its bucket, ascending.
    of_points: Vec<usize>,
    /// Buckets for each microsecond, as a fraction of 2^64: makes the first guess of [`Self::find`].
    density: u64,
}

impl Buckets {
    /// The buckets of the points of a series. Below a microsecond for each point.
    ///
    /// # Panics
    ///
    /// When the points do not ascend.
    pub fn of_series(points: &[Timestamp], interval: Interval, zone: &Zone) -> Self {
        let mut ranges: Vec<TimeRange> = Vec::with_capacity(points.len());
        let mut of_points = Vec::with_capacity(points.len());
        for point in points {
            match ranges.last() {
                Some(last) if last.contains(*point) => {}
                last => {
                    let range = bucket(*point, interval, zone);
                    assert!(
                        last.is_none_or(|last| last.end <= range.start),
                        "the points of a series ascend"
                    );
                    ranges.push(range);
                }
            }
            of_points.push(ranges.len().saturating_sub(1));
        }
        let density = density(&ranges);
        Self {
            ranges,
            of_points,
            density,
        }
    }

    /// The buckets, ascending, not overlapping.
    #[inline]
    pub fn ranges(&self) -> &[TimeRange] {
        &self.ranges
    }

    /// For each point of the series the index of its bucket in [`Self::ranges`]. Two points may share one.
    pub fn of_points(&self) -> &[usize] {
        &self.of_points
    }

    /// How many buckets there are.
    pub fn len(&self) -> usize {
        self.ranges.len()
    }

    /// Whether there is no bucket, because there is no point.
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// From the start of the first bucket to the end of the last; empty when there is none.
    pub fn span(&self) -> TimeRange {
        match (self.ranges.first(), self.ranges.last()) {
            (Some(first), Some(last)) => TimeRange::new(first.start, last.end),
            _ => TimeRange::new(Timestamp::EPOCH, Timestamp::EPOCH),
        }
    }

    /// The index of the bucket that holds an instant; `None` when none does.
    ///
    /// A few nanoseconds: buckets of one interval are nearly of one length, so that a guess by proportion is right or off
    /// by one.
    #[inline]
    pub fn find(&self, at: Timestamp) -> Option<usize> {
        let span = self.span();
        if !span.contains(at) {
            return None;
        }
        let distance = at
            .micros()
            .wrapping_sub(span.start.micros())
            .cast_unsigned();
        let product = u128::from(distance).wrapping_mul(u128::from(self.density));
        let guess = usize::try_from(product >> 64).unwrap_or(usize::MAX);
        for index in [guess, guess.wrapping_sub(1), guess.wrapping_add(1)] {
            if self
                .ranges
                .get(index)
                .is_some_and(|range| range.contains(at))
            {
                return Some(index);
            }
        }
        let index = self.ranges.partition_point(|range| range.end <= at);
        self.ranges
            .get(index)
            .filter(|range| range.contains(at))
            .map(|_| index)
    }

    /// Whether each bucket is a run of whole [`Quarter`](super::Quarter)s. So it is for all times since the end of 2021;
    /// before that some offsets were odd.
    pub fn quarter_aligned(&self) -> bool {
        self.ranges
            .iter()
            .flat_map(|range| [range.start, range.end])
            .all(|edge| edge.micros().rem_euclid(QUARTER_MICROS) == 0)
    }
}

/// How many buckets there are for each microsecond, as a fraction of 2^64; zero when there are none.
fn density(ranges: &[TimeRange]) -> u64 {
    let (Some(first), Some(last)) = (ranges.first(), ranges.last()) else {
        return 0;
    };
    let micros = last.end.micros().abs_diff(first.start.micros());
    let count = u64::try_from(ranges.len()).unwrap_or(u64::MAX);
    // A bucket is longer than a microsecond, so the fraction stays below one.
    let fraction = (u128::from(count) << 64)
        .checked_div(u128::from(micros))
        .unwrap_or(0);
    u64::try_from(fraction).unwrap_or(u64::MAX)
}
