//! The points of a series, and how long a range may be.

use super::Interval;
use crate::time::Timestamp;
use crate::time::civil::{Date, MICROS_PER_DAY, SECONDS_PER_DAY};
use crate::zone::{Instants, Zone};

/// The most points a series has. A range that [`check_range`] lets pass has less than half as many.
pub const MAX_POINTS: usize = 1_000;

const MICROS_PER_HOUR: i64 = 3_600 * crate::time::MICROS_PER_SECOND;

/// The range starts after its end, or is too long for the interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the interval is too small for the range, or the range starts after its end")]
pub struct RangeTooLong;

/// Checks that a range is not longer than its interval allows: 7 days by hour, 366 by day, 371 by week, 1,460 by month,
/// 3,650 by year.
///
/// What counts is the difference of the two dates, each in the offset (seconds east of UTC) that it was written with.
///
/// # Errors
///
/// [`RangeTooLong`], also when the start is after the end.
pub fn check_range(
    start: Timestamp,
    start_offset: i32,
    end: Timestamp,
    end_offset: i32,
    interval: Interval,
) -> Result<(), RangeTooLong> {
    let most_days = match interval {
        Interval::Hour => 7,
        Interval::Day => 366,
        Interval::Week => 371,
        Interval::Month => 1_460,
        Interval::Year => 3_650,
    };
    let days = day_in_offset(end, end_offset).saturating_sub(day_in_offset(start, start_offset));
    if start > end || days > most_days {
        Err(RangeTooLong)
    } else {
        Ok(())
    }
}

/// The date in an offset, as days since 1970-01-01.
fn day_in_offset(at: Timestamp, offset: i32) -> i64 {
    at.micros()
        .div_euclid(crate::time::MICROS_PER_SECOND)
        .saturating_add(i64::from(offset))
        .div_euclid(SECONDS_PER_DAY)
}

/// The points shown for a range: its start, then always the previous point plus one interval, up to and with the end.
///
/// Hours are absolute. Longer steps are made on the calendar and clock of the zone: a day that a month does not have
/// becomes its last, and stays that; a reading that the clocks skip moves by what they skipped, and stays moved; of a
/// reading that occurs twice the later one is taken. A series ends before it would leave [`Timestamp`]'s range, and after
/// [`MAX_POINTS`] points.
pub fn series(start: Timestamp, end: Timestamp, interval: Interval, zone: &Zone) -> Vec<Timestamp> {
    let mut points = Vec::new();
    let mut next = Some(start);
    while let Some(point) = next.filter(|point| *point <= end && points.len() < MAX_POINTS) {
        points.push(point);
        next = step(point, interval, zone).filter(|next| *next > point);
    }
    points
}

/// The point plus one interval; `None` beyond the year 9999.
fn step(from: Timestamp, interval: Interval, zone: &Zone) -> Option<Timestamp> {
    if interval == Interval::Hour {
        return Timestamp::from_micros(from.micros().checked_add(MICROS_PER_HOUR)?);
    }
    let local = zone.local(from);
    let day = local.div_euclid(MICROS_PER_DAY);
    let of_day = local.rem_euclid(MICROS_PER_DAY);
    let day = match interval {
        Interval::Year => Date::from_epoch_days(day).plus_months(12).epoch_days(),
        Interval::Month => Date::from_epoch_days(day).plus_months(1).epoch_days(),
        Interval::Week => day.saturating_add(7),
        Interval::Day | Interval::Hour => day.saturating_add(1),
    };
    let instant = match zone.instants(day.checked_mul(MICROS_PER_DAY)?.checked_add(of_day)?) {
        Instants::One(instant) => instant,
        Instants::None { moved, .. } => moved,
        Instants::Two { later, .. } => later,
    };
    Timestamp::from_micros(instant)
}
